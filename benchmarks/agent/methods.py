"""The policies that are compared over a decade: the agent, two threshold rules, and always or never acting."""

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.agent.coasts import GAUGES, SERVICE, STORMS, STREAMS, Coast
from benchmarks.agent.scoring import ACTIONS, expense, verify_action
from strandline.distillation.training.loop import Progress
from strandline.observations.arrays import Floats, Mask
from strandline.observations.weather.storms import find_storms
from strandline.planning.early_action.derive_triggers import money_phase
from strandline.planning.early_action.protocol import Indicator, Phase, Protocol
from strandline.planning.early_action.trigger_constants import STOP_HOURS
from strandline.planning.measures import OperationalMeasure
from strandline.planning.quantity import Quantity
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.watch.agent_state import initial_state, update_belief
from strandline.watch.decision_rules import AgentConfig, decide, levels_of

SILENT_BEFORE, SILENT_AFTER = 36, 24
"""Hours before and after a storm's peak in which failing streams are silent."""
MARGINS = (-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
"""Candidate thresholds of the simple rules below the event's level [m]; the first decade chooses among them."""
OUT_OF_REACH = 6.0
"""Climatological standard deviations between belief and event level beyond which no ensemble is drawn."""
UNIT = 1e6
"""The loss of one event; costs are shares of it."""
WARM_UP = 72
LEADS_SCORED = 25


@dataclass(frozen=True, eq=False)
class AgentRun:
    """The agent over the second decade.

    Attributes:
        active: (A, T) which actions are on.
        covered, scored: hours in storms within the 90 % bounds, and all scored hours.
        seconds: wall time.
    """

    active: Mask
    covered: int
    scored: int
    seconds: float

    @property
    def coverage(self) -> float:
        """Share of the scored hours within the bounds; NaN where none was scored."""
        return self.covered / self.scored if self.scored else float("nan")


def silence_in_storms(coast: Coast, rng: np.random.Generator, share: float = 0.5) -> Mask:
    """(4, T) silent streams: in every storm of the second decade a random half of them."""
    silent = np.zeros((len(STREAMS), coast.time.size), dtype=bool)
    for peak in storm_peaks(coast):
        chosen = rng.permutation(len(STREAMS))[: round(share * len(STREAMS))]
        silent[chosen, peak - SILENT_BEFORE : peak + SILENT_AFTER] = True
    return silent


def storm_peaks(coast: Coast) -> list[int]:
    """Positions of the highest storms of the second decade."""
    part = slice(coast.first + 200, coast.time.size - 200)
    storms = find_storms(coast.time[part], coast.level[part], STORMS)
    return [int(np.searchsorted(coast.time, storm.peak)) for storm in storms]


def config_of(coast: Coast) -> AgentConfig:
    """Actions that cost a share of a loss of 1 and avoid all of it."""
    start = coast.time[0].astype("datetime64[h]")
    return AgentConfig(
        coast.model,
        coast.spread_inflation,
        dict.fromkeys(GAUGES, lambda moments: coast.tide[((moments - start) / np.timedelta64(1, "h")).astype(int)]),
        protocol_of(coast.event_level),
    )


def protocol_of(level: float) -> Protocol:
    """The phases that a plan derives for the actions of the benchmark, for an event level [m]."""
    curve = np.array([level - 1, level + 1]), np.array([UNIT, UNIT])
    phases: list[Phase] = []
    indicators: dict[str, Indicator] = {}
    for name, hours, ratio in ACTIONS:
        measure = OperationalMeasure(
            key=name, title=name, classes=(), lead_window_hours=(hours, float(HORIZON_HOURS)), response="Execute",
            life_safety=False, cost=Quantity(UNIT * ratio, UNIT * ratio, UNIT * ratio, "1", "benchmark"),
            avoided_share=None,
        )  # fmt: skip
        phase, of_phase = money_phase(measure, level, curve)
        phases.append(phase)
        indicators |= of_phase
    return Protocol(
        title="benchmark", source="benchmark", confirmed_by="nobody", indicators=indicators, phases=tuple(phases)
    )


def run_agent(coast: Coast, silent: Mask, progress: Progress | None = None) -> AgentRun:
    """Run the agent over the second decade, hour by hour.

    Args:
        silent: (4, T) streams without readings; a silent service issues nothing new, so its last issue ages.
    """
    config, began = config_of(coast), clock.perf_counter()
    first, last = coast.first, coast.time.size - HORIZON_HOURS - 1
    hours = coast.time.astype("datetime64[h]")
    climate = float(np.sqrt(coast.model.process.climate(1)[0, 0]))
    in_storm = np.zeros(coast.time.size, dtype=bool)
    for peak in storm_peaks(coast):
        in_storm[peak - SILENT_BEFORE : peak + SILENT_AFTER : 3] = True
    state = initial_state(config.model, hours[first - WARM_UP])
    active = np.zeros((len(ACTIONS), last - first), dtype=bool)
    covered = scored = 0
    for at in range(first - WARM_UP + 1, last):
        readings = [
            Residual(name, hours[at], float(coast.residuals[number, at]))
            for number, name in enumerate(GAUGES)
            if not silent[number, at]
        ]
        issue = None if silent[STREAMS.index(SERVICE), at] else coast.service_forecast(at)
        state = update_belief(state, hours[at], readings, {} if issue is None else {SERVICE: issue})
        if at < first:
            continue
        mean, spread = state.belief.residual()
        highest = coast.tide[at : at + HORIZON_HOURS + 1].max() + max(mean, 0.0) + OUT_OF_REACH * climate + 3 * spread
        service_peak = -np.inf
        last_issue = state.sea.forecasts.get(SERVICE)
        if last_issue is not None:
            valid = np.searchsorted(hours, last_issue.hour) + last_issue.leads
            peaks = coast.tide[valid] + last_issue.mean + 3 * last_issue.spread
            service_peak = float(peaks[valid >= at].max(initial=-np.inf))
        is_acting = any(phase.active for phase in state.phases.values())
        if not (in_storm[at] or is_acting or max(highest, service_peak) >= coast.event_level):
            continue
        issued = forecast(state.sea, coast.forecast_sources, config.spread_inflation)
        state, _ = decide(config, state, issued.chances)
        active[:, at - first] = [state.phases[name].active for name, _, _ in ACTIONS]
        if in_storm[at]:
            low, high = np.quantile(levels_of(config, issued.bounds)[:, :LEADS_SCORED], (0.05, 0.95), axis=0)
            observed = coast.level[at : at + LEADS_SCORED]
            covered += int(((low <= observed) & (observed <= high)).sum())
            scored += LEADS_SCORED
        if progress is not None and at % 100 == 0:
            progress((at - first) / (last - first))
    return AgentRun(active, covered, scored, clock.perf_counter() - began)


def by_threshold(coast: Coast, silent: Mask) -> Mask:
    """(A, T) act when the own gauge reads a level; the first decade chooses the level."""
    own = np.where(silent[0], np.nan, coast.tide + coast.residuals[0])
    return _best_rule(coast, own, own)


def by_last_value(coast: Coast, silent: Mask) -> Mask:
    """(A, T) act when tide plus last residual reaches a level in time; the first decade chooses the level."""
    residual = np.where(silent[0], np.nan, coast.residuals[0])
    known = np.maximum.accumulate(np.where(np.isnan(residual), -1, np.arange(residual.size)))
    last = np.where(known >= 0, residual[np.maximum(known, 0)], 0.0)
    tides = np.lib.stride_tricks.sliding_window_view(
        np.append(coast.tide, np.full(HORIZON_HOURS, -np.inf)), HORIZON_HOURS + 1
    )
    found = []
    for number, (_, hours, _) in enumerate(ACTIONS):
        first = int(hours)
        ahead = tides[:, first : first + 13].max(axis=1) + last
        found.append(_best_rule(coast, ahead, tides[:, : first + 13].max(axis=1) + last)[number])
    return np.stack(found)


def simple_policies(coast: Coast, silent: Mask) -> Mapping[str, Mask]:
    """(A, T) baselines over the second decade: two threshold rules, and the two that need no information."""
    hours = coast.time.size - HORIZON_HOURS - 1 - coast.first
    part = slice(coast.first, coast.first + hours)
    nothing = np.zeros((len(ACTIONS), hours), dtype=bool)
    return {
        "gauge_threshold": by_threshold(coast, silent)[:, part],
        "last_value": by_last_value(coast, silent)[:, part],
        "always": ~nothing,
        "never": nothing,
    }


def _best_rule(coast: Coast, starts: Floats, stays: Floats) -> Mask:
    """(A, T) on when ``starts`` reaches a level, off after ``STOP_HOURS`` of ``stays`` below it; NaN: no change."""
    first = slice(0, coast.first)
    found = []
    rules = [_switch(starts, stays, coast.event_level - margin) for margin in MARGINS]
    for number in range(len(ACTIONS)):
        expenses = [expense(verify_action(coast, rule[first], first, number)) for rule in rules]
        found.append(rules[int(np.argmin(expenses))])
    return np.stack(found)


def _switch(starts: Floats, stays: Floats, level: float) -> Mask:
    active = np.zeros(starts.size, dtype=bool)
    on, calm = False, 0
    for hour, (start, stay) in enumerate(zip((starts >= level).tolist(), (stays < level).tolist(), strict=True)):
        on = on or start
        calm = calm + 1 if on and stay else 0
        if calm >= STOP_HOURS:
            on, calm = False, 0
        active[hour] = on
    return active
