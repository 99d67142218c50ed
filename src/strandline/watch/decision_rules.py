"""What the agent thinks at an hour: a pure function of what it thought before and what it has heard since."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.action_value import DEFERRAL_HOURS, ActionValue, select_actions, value_of_acting
from strandline.planning.early_action.derive_triggers import PROBABILITY_FOR_LIVES
from strandline.watch.assimilation.ensemble import HORIZON_HOURS, Guidance, ResidualEnsemble, sample_ensemble
from strandline.watch.assimilation.filter import Residual, SeaBelief, SeaModel, climatological_prior, filter_step
from strandline.watch.assimilation.spread_inflation import NO_READING_HOURS, SpreadInflation
from strandline.watch.decisions import Change, Decision

STOP_RATIO = 0.5
"""Of cost or chance, below which an action is no longer worth keeping up; an assumption: half of what starts it."""
STOP_HOURS = 13
"""So long in a row [h], a tide and a little, before it stops."""
REJECTED = 0.5
"""Chance [-] of being broken from which a gauge counts as denied by what else is known."""
NO_DATA_HOURS = 24
"""Without any gauge and any forecast for so long, nothing but climate and tide is left and a person decides [h]."""


@dataclass(frozen=True, eq=False)
class AgentConfig:
    """What the agent has been told about its place.

    Attributes:
        tides: gauge → times (T,) → level without weather, with mean sea level [m, region datum]; the own one first.
        stakes: one an action.
        crews: that are there; ``None`` = enough.
        decided_by: who decides where nothing can be known.
    """

    model: SeaModel
    spread_inflation: SpreadInflation
    tides: Mapping[str, Callable[[Times], Floats]]
    stakes: tuple[ActionParameters, ...]
    crews: int | None = None
    deferral_hours: int = DEFERRAL_HOURS
    decided_by: str = "the duty officer"

    @property
    def tide(self) -> Callable[[Times], Floats]:
        """Of the own gauge."""
        return self.tides[self.model.sensors[0].stream]


@dataclass(frozen=True)
class ActionState:
    """Where an action stands.

    Attributes:
        active: whether it runs.
        calm_hours: for how many hours in a row it has not been worth it.
        told: hour of the last message about it; ``None`` = none since it started.
        certainty: that this message stated.
    """

    active: bool = False
    calm_hours: int = 0
    last_alert: np.datetime64 | None = None
    certainty: str = ""


@dataclass(frozen=True, eq=False)
class AgentState:
    """What is carried from hour to hour.

    Attributes:
        own_heard: hour of the own gauge's last reading that was not denied; ``None`` = never.
        any_heard: the same of any gauge or forecast.
        own_denied: the last hour at which the own gauge was denied; ``None`` = never.
        actions: kind → state.
    """

    belief: SeaBelief
    last_own_reading: np.datetime64 | None = None
    last_reading: np.datetime64 | None = None
    last_own_rejection: np.datetime64 | None = None
    actions: Mapping[str, ActionState] = field(default_factory=dict)

    @property
    def has_own_readings(self) -> bool:
        """Whether the own gauge spoke within the last hours and nothing denies it."""
        return _within(self.belief.hour, self.last_own_reading, NO_READING_HOURS)

    @property
    def has_no_data(self) -> bool:
        """Whether climate and tide are all that is left."""
        return not _within(self.belief.hour, self.last_reading, NO_DATA_HOURS)


def initial_state(config: AgentConfig, hour: np.datetime64) -> AgentState:
    """A mind that has heard nothing."""
    return AgentState(climatological_prior(config.model, hour))


def update_belief(
    state: AgentState, hour: np.datetime64, readings: Sequence[Residual], *, has_forecast: bool = False
) -> AgentState:
    """Move the belief on to ``hour``.

    Args:
        advised: a forecast by someone else is at hand.
    """
    belief = filter_step(state.belief, hour, readings)
    broken = belief.broken()
    own = belief.model.sensors[0].stream
    sound = [reading for reading in readings if broken[reading.stream] < REJECTED and not reading.is_suspect]
    own_times = [reading.time for reading in sound if reading.stream == own]
    any_times = [reading.time for reading in sound] + ([belief.hour] if has_forecast else [])
    return replace(
        state,
        belief=belief,
        last_own_reading=max(
            [*own_times, *([] if state.last_own_reading is None else [state.last_own_reading])], default=None
        ),
        last_reading=max([*any_times, *([] if state.last_reading is None else [state.last_reading])], default=None),
        last_own_rejection=belief.hour if broken[own] >= REJECTED else state.last_own_rejection,
    )


def forecast(config: AgentConfig, state: AgentState, guidance: Sequence[Guidance] = ()) -> ResidualEnsemble:
    """The courses of the sea as they are to be believed; climate, which is all that silence leaves, is wide enough."""
    ensemble = sample_ensemble(state.belief, guidance)
    return (
        ensemble if state.has_no_data else config.spread_inflation.of(ensemble, has_own_readings=state.has_own_readings)
    )


def levels_of(config: AgentConfig, ensemble: ResidualEnsemble) -> Floats:
    """(N, 49) sea levels [m, region datum] of courses, from now to two days ahead."""
    return np.asarray(config.tide(hours_ahead(ensemble.hour)) + ensemble.residual)


def hours_ahead(hour: np.datetime64) -> Times:
    """(49,) from now to two days ahead, UTC."""
    return np.asarray(hour.astype("datetime64[h]") + np.arange(HORIZON_HOURS + 1).astype("timedelta64[h]"))


def decide(config: AgentConfig, state: AgentState, ensemble: ResidualEnsemble) -> tuple[AgentState, list[Decision]]:
    """What becomes of every action.

    An action starts when it is worth it, and stops when it has not been worth half of that for a tide. Where nothing
    was heard for a day nothing starts and nothing stops: a person decides.
    """
    levels = levels_of(config, ensemble)
    streams = [sensor.stream for sensor in config.model.sensors]
    values = [
        value_of_acting(stake, levels, ensemble.broken, streams, config.deferral_hours) for stake in config.stakes
    ]
    chosen = select_actions(config.stakes, values, config.crews)
    actions = dict(state.actions)
    decisions = []
    for stake, value in zip(config.stakes, values, strict=True):
        before = actions.get(stake.action, ActionState())
        after, change = _follow(before, value, stake.action in chosen, state.has_no_data)
        actions[stake.action] = after
        decisions.append(_as_decision(config, state, ensemble, stake, value, change))
    return replace(state, actions=actions), decisions


def _follow(state: ActionState, value: ActionValue, is_chosen: bool, has_no_data: bool) -> tuple[ActionState, Change]:
    if has_no_data:
        return state, "keep" if state.active else "stay_off"
    if not state.active:
        return (ActionState(True), "start") if is_chosen else (ActionState(), "stay_off")
    calm = state.calm_hours + 1 if value.still < STOP_RATIO else 0
    if calm >= STOP_HOURS:
        return replace(state, active=False, calm_hours=0), "stop"
    return replace(state, calm_hours=calm), "keep"


def _as_decision(
    config: AgentConfig,
    state: AgentState,
    ensemble: ResidualEnsemble,
    stake: ActionParameters,
    value: ActionValue,
    change: Change,
) -> Decision:
    hour = pd.Timestamp(state.belief.hour).to_pydatetime()
    moved = sorted({**state.belief.moved, **ensemble.moved}.items(), key=lambda pair: -abs(pair[1]))
    onset = None
    if value.onset_hours is not None:
        onset = hour + pd.Timedelta(hours=round(value.onset_hours)).to_pytimedelta()
    return Decision(
        at=hour,
        action=stake.action,
        change=change,
        where=(),
        probability=value.probability,
        expected_avoided_loss=value.avoided,
        cost=None if stake.cost is None else stake.cost[1],
        onset=onset,
        is_degraded=not state.has_own_readings,
        needs_person=state.has_no_data,
        why=_why(config, state, stake, value, onset),
        moved_by=tuple(stream for stream, by in moved if abs(by) >= MOVES),
        would_change=_would_change(config, state, stake, value, change),
    )


MOVES = 0.005
"""Least move of the belief [m] that is told."""


def _why(
    config: AgentConfig, state: AgentState, stake: ActionParameters, value: ActionValue, onset: datetime | None
) -> str:
    if state.has_no_data:
        return (
            f"nothing was heard for {NO_DATA_HOURS} h: climate and tide alone give {value.probability:.0%} that the sea"
            f" passes {stake.level:.2f} m within two days; {config.decided_by} decides"
        )
    chance = f"a chance of {value.probability:.0%} that the sea passes {stake.level:.2f} m within two days"
    when = "" if onset is None else f", likeliest from {onset:%d %b %H:%M} UTC"
    earliest = stake.lead_window_hours[0]
    if stake.cost is not None and value.avoided is not None:
        money = f"acting now avoids EUR {value.avoided:,.0f} on average and costs EUR {stake.cost[1]:,.0f}"
        judged = f"{chance}{when}; {money}"
    else:
        share = value.ratio * PROBABILITY_FOR_LIVES
        window = f"{earliest:g} to {earliest + config.deferral_hours:g} h ahead, when waiting ends"
        judged = f"{chance}{when}; {share:.0%} that it does so first {window}, agreed is {PROBABILITY_FOR_LIVES:.0%}"
    if value.ratio > 1:
        sure = "worth it whichever stream is wrong" if value.is_no_regret else "not worth it if a stream is wrong"
        judged = f"{judged}; {sure}"
    rejected = [stream for stream, chance_broken in state.belief.broken().items() if chance_broken >= REJECTED]
    if rejected:
        judged = f"{judged}; {', '.join(rejected)} not believed: the other streams and the tide speak against it"
    return judged if state.has_own_readings else f"{judged}; the own gauge is not heard, others stand in"


def _would_change(
    config: AgentConfig, state: AgentState, stake: ActionParameters, value: ActionValue, change: Change
) -> str:
    if state.has_no_data:
        return "any reading or forecast"
    unit = "expected avoided loss over cost" if stake.cost is not None else "chance over the agreed one"
    if change in ("start", "keep"):
        return f"{unit} below {STOP_RATIO:g} for {STOP_HOURS} h (now {value.still:.2f})"
    earliest = stake.lead_window_hours[0]
    window = f"{earliest:g} to {earliest + config.deferral_hours:g} h"
    return f"{unit} above 1 for a sea that comes within {window} (now {value.ratio:.2f})"


def _within(now: np.datetime64, then: np.datetime64 | None, hours: int) -> bool:
    return then is not None and bool(now - then <= np.timedelta64(hours, "h"))
