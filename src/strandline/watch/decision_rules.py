"""The agent's decisions at one hour: the protocol's own rule, run on the forecast ensemble and explained in words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.planning.early_action.evacuation.all_drivers import in_words
from strandline.planning.early_action.evacuation.area_triggers import NEVER
from strandline.planning.early_action.indicators import (
    Finding,
    findings,
    has_uncertain_value,
    probability_of,
    stream_of,
)
from strandline.planning.early_action.protocol import Indicator, Loss, Phase, Protocol
from strandline.planning.early_action.streams import History, Stream, forecast_stream
from strandline.planning.early_action.trigger_constants import FORECAST, PROBABILITY_FOR_LIVES, STOP_HOURS
from strandline.planning.early_action.triggers import PhaseState, signals_of, step
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble
from strandline.uncertainty.assimilation.filter import SeaModel
from strandline.uncertainty.assimilation.sea_state import REJECTED
from strandline.uncertainty.assimilation.spread_inflation import SpreadInflation
from strandline.watch.agent_state import AgentState
from strandline.watch.assimilation.land_danger import NO_LAND, LandDanger
from strandline.watch.decisions import Change, Decision
from strandline.watch.feeds.quality_control import Tide

LEAST_SHIFT = 0.005
"""Smallest shift of the belief [m] for which a stream is named."""


@dataclass(frozen=True, eq=False)
class AgentConfig:
    """What the agent knows of its site.

    Attributes:
        tides: gauge → function of times (T,) → tide and mean sea level [m, region datum]; the own gauge first.
        protocol: that it runs; ``None`` = no action pays here.
        crews: available; ``None`` = enough for every action.

    Raises:
        InputError: the protocol looks farther ahead than the forecast, or needs a condition to persist.
    """

    model: SeaModel
    spread_inflation: SpreadInflation
    tides: Mapping[str, Tide]
    protocol: Protocol | None
    crews: int | None = None

    def __post_init__(self) -> None:
        if self.protocol is None:
            return
        if self.protocol.reach_hours > HORIZON_HOURS:
            what = f"looks {self.protocol.reach_hours:g} h ahead, and the forecast reaches {HORIZON_HOURS} h"
            raise InputError("protocol", what, "shorten its lead windows: beyond its reach the forecast is blind")
        lasting = [name for name, one in self.protocol.indicators.items() if one.persistence_hours]
        if lasting:
            what = f"'{lasting[0]}' has to persist, and the watch keeps no earlier forecasts"
            raise InputError("protocol", what, "use duration_hours within one forecast")

    @property
    def tide(self) -> Tide:
        """Of the own gauge."""
        return self.tides[self.model.sensors[0].stream]

    @property
    def agreed_chance(self) -> float:
        """Above which people are called [-]."""
        return PROBABILITY_FOR_LIVES if self.protocol is None else self.protocol.agreed_chance

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Of the protocol."""
        return () if self.protocol is None else self.protocol.phases


def levels_of(config: AgentConfig, ensemble: ResidualEnsemble) -> Floats:
    """(N, 49) forecast sea levels [m, region datum], from now to two days ahead."""
    return np.asarray(config.tide(hours_ahead(ensemble.hour)) + ensemble.residual)


def hours_ahead(hour: np.datetime64) -> Times:
    """(49,) from now to two days ahead, UTC."""
    return np.asarray(hour.astype("datetime64[h]") + np.arange(HORIZON_HOURS + 1).astype("timedelta64[h]"))


def decide(
    config: AgentConfig,
    state: AgentState,
    ensemble: ResidualEnsemble,
    readings: History | None = None,
    land: LandDanger = NO_LAND,
) -> tuple[AgentState, list[Decision]]:
    """Decide on every phase of the protocol.

    Where rain and rivers are not known any more, an action for lives that runs does not end by the sea alone.

    Args:
        readings: recent readings by variable of the protocol, besides the forecast.
        land: danger by all drivers.
    """
    if config.protocol is None:
        return state, []
    hour = state.belief.hour
    stream = forecast_stream(hour, levels_of(config, ensemble), state.sea.is_heard)
    history = {FORECAST: stream, **(readings or {}), **_heard(config, state, land)}
    clock = np.array([hour - np.timedelta64(1, "h"), hour], dtype="datetime64[ns]")
    timed = {phase.instead_of.indicator for phase in config.protocol.phases if phase.instead_of is not None}
    found = {
        name: findings(indicator, history, clock, config.protocol.night, with_hours=name in timed)
        for name, indicator in config.protocol.indicators.items()
    }
    signals = {phase.name: signals_of(phase, config.protocol, found, clock) for phase in config.phases}
    phases = step(config.protocol, state.phases, signals, 1, hour, config.crews)
    decisions = [
        _Reasons(config, state, ensemble, history, found, phase, phases[phase.name], land).decision()
        for phase in config.phases
    ]
    return replace(state, phases=phases), decisions


def _heard(config: AgentConfig, state: AgentState, land: LandDanger) -> dict[str, Stream]:
    """The danger by variable; what was lost lately proves no calm for the phases that run."""
    assert config.protocol is not None
    running: set[str] = set()
    for phase in config.phases:
        if phase.name in state.phases and state.phases[phase.name].active:
            named = config.protocol.indicators_of(phase.start).values()
            running |= {one.danger for one in named if one.danger is not None}
    is_lost = bool(land.unwatched) and land.was_known
    return {
        name: replace(one, heard=np.array([not (is_lost and name in running)])) for name, one in land.streams.items()
    }


@dataclass(frozen=True, eq=False)
class _Reasons:
    """Why one phase is in its state, in words."""

    config: AgentConfig
    state: AgentState
    ensemble: ResidualEnsemble
    history: History
    found: Mapping[str, Finding]
    phase: Phase
    after: PhaseState
    land: LandDanger

    @cached_property
    def stream(self) -> Stream:
        """The forecast that the phase rests on, with danger by all drivers where it counts."""
        found = stream_of(self.whole_event, self.history)
        assert found is not None
        return found

    def decision(self) -> Decision:
        state, ensemble, phase = self.state, self.ensemble, self.phase
        hour = pd.Timestamp(state.belief.hour).to_pydatetime()
        shifts = sorted({**state.belief.moved, **ensemble.moved}.items(), key=lambda pair: -abs(pair[1]))
        of_start, onset = self._loss_in(phase.start), self._onset(hour)
        decisive = self._loss_in(phase.stop.when) if self._change() == "keep" else of_start
        margin = float("nan") if decisive is None else float(self.found[decisive[0]].margin[1])
        avoided = None if decisive is None or np.isnan(margin) else margin + decisive[1].cost
        return Decision(
            at=hour,
            action=phase.name,
            change=self._change(),
            where=(),
            probability=self.probability,
            expected_avoided_loss=avoided,
            cost=None if of_start is None else of_start[1].cost,
            onset=onset,
            is_degraded=not state.has_own_readings,
            needs_person=self.after.needs_decision or state.has_no_data,
            why=self._why(avoided, None if decisive is None else decisive[1].cost, onset),
            moved_by=tuple(stream for stream, shift in shifts if abs(shift) >= LEAST_SHIFT),
            would_change=self._would_change(),
        )

    @cached_property
    def probability(self) -> float:
        """Of the event within the forecast [-]."""
        return float(probability_of(self.whole_event, self.stream)[0])

    def _loss_in(self, expression: str) -> tuple[str, Loss] | None:
        """Name and loss of the indicator of money in an expression; ``None`` = there is none."""
        assert self.config.protocol is not None
        named = self.config.protocol.indicators_of(expression)
        return next(((name, one.loss) for name, one in named.items() if one.loss is not None), None)

    @cached_property
    def whole_event(self) -> Indicator:
        """The event of the phase, at any lead of the forecast."""
        assert self.config.protocol is not None
        named = self.config.protocol.indicators_of(self.phase.start).values()
        first = next(one for one in named if one.variable == FORECAST)
        window = (0.0, float(HORIZON_HOURS))
        return first.model_copy(
            update={"loss": None, "probability": 0.0, "lead_window_hours": window, "at_night_hours": None}
        )

    def _change(self) -> Change:
        was_active = self.state.phases.get(self.phase.name, PhaseState()).active
        if self.after.active:
            return "keep" if was_active else "start"
        return "stop" if was_active else "stay_off"

    def _onset(self, hour: datetime) -> datetime | None:
        """Median time of passing the event's level among the members that pass it."""
        event = self.whole_event
        over = self.stream.values[0] >= event.value  # (L, N)
        if not over.any():
            return None
        lead = float(np.median(over.argmax(axis=0)[over.any(axis=0)]))
        return hour + pd.Timedelta(hours=round(lead)).to_pytimedelta()

    def _why(self, avoided: float | None, cost: float | None, onset: datetime | None) -> str:
        """The reason in one sentence without a capital and a full stop, for the duty officer.

        Args:
            avoided: expected loss that acting, or running on, avoids; ``cost``: what it must exceed for that.
        """
        state, phase = self.state, self.phase
        assert self.config.protocol is not None
        currency = self.config.protocol.money.split()[0]
        danger, alone = self._danger()
        chance = f"{self.probability:.0%} chance {danger} within {HORIZON_HOURS} h{alone}"
        parts = [chance if onset is None else f"{chance}, most likely from {onset:%d %b %H:%M} UTC"]
        if phase.life_safety:
            parts.append(f"the agreed limit is {self.config.agreed_chance:.0%}")
            if phase.instead_of is not None and self.after.active:
                parts.append("part of it comes sooner than the area can be cleared: do not start to move out now")
        elif avoided is not None and self._change() == "keep":
            parts.append(
                f"running on avoids {currency} {avoided:,.0f} on average; below {currency} {cost:,.0f} it stops"
            )
        elif avoided is not None:
            parts.append(f"acting in time avoids {currency} {avoided:,.0f} on average and costs {currency} {cost:,.0f}")
        if self.after.awaits_all_clear:
            parts.append(
                f"the sea has fallen, but it is not certain that the land has drained{_stood(phase)}: a person decides"
            )
        if not state.sea.is_heard:
            parts.insert(0, f"no gauge and no new forecast{_for_hours(state)}: this rests on what was last known")
        if self.after.needs_decision and not self.after.awaits_all_clear:
            rule = phase.degraded
            parts.append(f"data do not decide: {rule.decided_by} decides; until then {rule.prior}")
        if self.land.why and phase.life_safety:
            parts.append(self.land.why)
        rejected = [stream for stream, probability in state.belief.broken().items() if probability >= REJECTED]
        if rejected:
            parts.append(f"{', '.join(rejected)} rejected: the other streams and the tide contradict it")
        if state.sea.is_heard and not state.has_own_readings:
            parts.append("no valid reading of the own gauge, the other streams are used")
        return "; ".join(parts)

    def _danger(self) -> tuple[str, str]:
        """What the chance is of and what brings it, and the chance of the sea's level where it is another one.

        Where nobody knows exactly from which level on water is dangerous, the chance of danger is not that of a level.
        """
        event, sea = self.whole_event, self.history[FORECAST]
        passes = "" if event.value >= NEVER else f"that the sea passes {event.value:.2f} m"
        by_land = event.danger is not None and event.danger in self.land.streams
        if not by_land and not has_uncertain_value(event):
            return passes or "of danger by the sea, which no map shows", ""
        drivers = self.land.drivers[event.danger] if event.danger is not None and by_land else ()
        brought = f", brought by {in_words(drivers)}" if drivers and self.probability > 0 else ""
        by_level = float(probability_of(event.model_copy(update={"values": (), "danger": None}), sea)[0])
        from_there = ", about where it may begin" if has_uncertain_value(event) else ""
        level = f" ({by_level:.0%} {passes}{from_there})" if passes else ""
        return f"of water that is dangerous to people{brought}", level

    def _would_change(self) -> str:
        if not self.state.sea.is_heard:
            return "any valid reading or forecast"
        if self.after.awaits_all_clear:
            return "a person who has seen that the land is dry"
        if self.after.active:
            return f"its stop rule, met for {STOP_HOURS} h without a gap" + (
                "" if self.phase.stop.reached is None else ", and drained land if the water came"
            )
        return self.phase.when or "its start rule"


def _stood(phase: Phase) -> str:
    stood = phase.stop.standing_in_words
    return f", and in simulated floods water stood {stood} after the sea was last at its level" if stood else ""


def _for_hours(state: AgentState) -> str:
    last = state.sea.last_news
    return "" if last is None else f" for {int((state.belief.hour - last) / np.timedelta64(1, 'h'))} h"
