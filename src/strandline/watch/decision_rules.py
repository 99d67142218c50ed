"""The agent's decision at one hour: a pure function of its state and of the forecast ensemble."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.planning.actions import ActionParameters
from strandline.planning.early_action.action_value import (
    DEFERRAL_HOURS,
    PROBABILITY_FOR_LIVES,
    STOP_HOURS,
    ActionValue,
    select_actions,
    value_of_acting,
)
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.sea_state import NO_DATA_HOURS, REJECTED
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation
from strandline.watch.agent_state import ActionState, AgentState
from strandline.watch.decisions import Change, Decision
from strandline.watch.feeds.quality_control import Tide

STOP_RATIO = 0.5
"""Benefit over cost, or probability over the agreed one, below which an action is not worth keeping up [-]; an
assumption: half of what starts it."""
LEAST_SHIFT = 0.005
"""Smallest shift of the belief [m] for which a stream is named."""


@dataclass(frozen=True, eq=False)
class AgentConfig:
    """What the agent knows of its site.

    Attributes:
        tides: gauge → function of times (T,) → tide and mean sea level [m, region datum]; the own gauge first.
        actions: the emergency actions that it decides on.
        crews: available; ``None`` = enough for every action.
        deferral_hours: how much sooner than at the last moment an action may start [h].
        decided_by: who decides when there is no data.
    """

    model: SeaModel
    spread_inflation: SpreadInflation
    tides: Mapping[str, Tide]
    actions: tuple[ActionParameters, ...]
    crews: int | None = None
    deferral_hours: int = DEFERRAL_HOURS
    decided_by: str = "the duty officer"

    @property
    def tide(self) -> Tide:
        """Of the own gauge."""
        return self.tides[self.model.sensors[0].stream]


def levels_of(config: AgentConfig, ensemble: ResidualEnsemble) -> Floats:
    """(N, 49) forecast sea levels [m, region datum], from now to two days ahead."""
    return np.asarray(config.tide(hours_ahead(ensemble.hour)) + ensemble.residual)


def hours_ahead(hour: np.datetime64) -> Times:
    """(49,) from now to two days ahead, UTC."""
    return np.asarray(hour.astype("datetime64[h]") + np.arange(HORIZON_HOURS + 1).astype("timedelta64[h]"))


def decide(config: AgentConfig, state: AgentState, ensemble: ResidualEnsemble) -> tuple[AgentState, list[Decision]]:
    """Decide on every action.

    An action starts when its value exceeds its cost, and stops when it has been below ``STOP_RATIO`` of that for
    ``STOP_HOURS``. Without data nothing starts and nothing stops: a person decides.
    """
    levels = levels_of(config, ensemble)
    streams = [sensor.stream for sensor in config.model.sensors]
    values = [
        value_of_acting(action, levels, ensemble.broken, streams, config.deferral_hours) for action in config.actions
    ]
    selected = select_actions(config.actions, values, config.crews)
    states = dict(state.actions)
    decisions = []
    for action, value in zip(config.actions, values, strict=True):
        before = states.get(action.action, ActionState())
        after, change = _next_state(before, value, action.action in selected, state.has_no_data)
        states[action.action] = after
        decisions.append(_decision(config, state, ensemble, action, value, change))
    return replace(state, actions=states), decisions


def _next_state(
    before: ActionState, value: ActionValue, is_selected: bool, has_no_data: bool
) -> tuple[ActionState, Change]:
    if has_no_data:
        return before, "keep" if before.active else "stay_off"
    if not before.active:
        return (ActionState(True), "start") if is_selected else (ActionState(), "stay_off")
    calm_hours = before.calm_hours + 1 if value.ongoing_ratio < STOP_RATIO else 0
    if calm_hours >= STOP_HOURS:
        return replace(before, active=False, calm_hours=0), "stop"
    return replace(before, calm_hours=calm_hours), "keep"


def _decision(
    config: AgentConfig,
    state: AgentState,
    ensemble: ResidualEnsemble,
    action: ActionParameters,
    value: ActionValue,
    change: Change,
) -> Decision:
    hour = pd.Timestamp(state.belief.hour).to_pydatetime()
    shifts = sorted({**state.belief.moved, **ensemble.moved}.items(), key=lambda pair: -abs(pair[1]))
    onset = None
    if value.onset_hours is not None:
        onset = hour + pd.Timedelta(hours=round(value.onset_hours)).to_pytimedelta()
    return Decision(
        at=hour,
        action=action.action,
        change=change,
        where=(),
        probability=value.probability,
        expected_avoided_loss=value.avoided,
        cost=None if action.cost is None else action.cost[1],
        onset=onset,
        is_degraded=not state.has_own_readings,
        needs_person=state.has_no_data,
        why=_why(config, state, action, value, onset),
        moved_by=tuple(stream for stream, shift in shifts if abs(shift) >= LEAST_SHIFT),
        would_change=_would_change(config, state, action, value, change),
    )


def _why(
    config: AgentConfig, state: AgentState, action: ActionParameters, value: ActionValue, onset: datetime | None
) -> str:
    """The reason in one sentence without a capital and a full stop, for the duty officer."""
    chance = f"{value.probability:.0%} chance that the sea passes {action.level:.2f} m within two days"
    if state.has_no_data:
        no_data = f"no gauge and no forecast for {NO_DATA_HOURS} h"
        return f"{no_data}; from climate and tide alone: {chance}; {config.decided_by} decides"
    parts = [chance if onset is None else f"{chance}, most likely from {onset:%d %b %H:%M} UTC"]
    if action.cost is not None and value.avoided is not None:
        parts.append(f"acting now avoids EUR {value.avoided:,.0f} on average and costs EUR {action.cost[1]:,.0f}")
    else:
        share = value.ratio * PROBABILITY_FOR_LIVES
        parts.append(
            f"{share:.0%} chance that it first does so {_start_window(config, action)} from now, so that acting cannot"
            f" wait; the agreed limit is {PROBABILITY_FOR_LIVES:.0%}"
        )
    if value.ratio > 1:
        parts.append(
            "justified whichever gauge is wrong" if value.is_no_regret else "not justified if a gauge is wrong"
        )
    rejected = [stream for stream, probability in state.belief.broken().items() if probability >= REJECTED]
    if rejected:
        parts.append(f"{', '.join(rejected)} rejected: the other streams and the tide contradict it")
    if not state.has_own_readings:
        parts.append("no valid reading of the own gauge, the other streams are used")
    return "; ".join(parts)


def _would_change(
    config: AgentConfig, state: AgentState, action: ActionParameters, value: ActionValue, change: Change
) -> str:
    if state.has_no_data:
        return "any valid reading or forecast"
    benefit, limit = ("expected avoided loss", "cost") if action.cost is not None else ("chance", "agreed limit")
    if change in ("start", "keep"):
        return (
            f"{benefit} below {STOP_RATIO:g} times the {limit} for {STOP_HOURS} h (now {value.ongoing_ratio:.2f} times)"
        )
    window = _start_window(config, action)
    return f"{benefit} above the {limit} for a flood {window} from now (now {value.ratio:.2f} times)"


def _start_window(config: AgentConfig, action: ActionParameters) -> str:
    earliest = action.lead_window_hours[0]
    return f"{earliest:g} to {earliest + config.deferral_hours:g} h"
