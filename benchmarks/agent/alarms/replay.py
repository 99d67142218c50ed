"""The watch over the test of a gauge's record, hour by hour: its chances of events, and its alarms by any protocol."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.agent.alarms.gauges import Gauge
from strandline.observations.arrays import Mask, Times
from strandline.planning.early_action.indicators import Finding
from strandline.planning.early_action.protocol import Indicator, Protocol
from strandline.planning.early_action.trigger_constants import FORECAST, STOP_HOURS
from strandline.planning.early_action.triggers import replay_findings
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, MEMBERS
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.decision_rules import AgentConfig, levels_of

WARM_UP = 72
LEADS_SCORED = 25
STORM_EVERY, CALM_EVERY = 3, 25
"""Hours between scored ensembles [h]; 25 visits every hour of the day."""
REACH = 2.5
"""Standard deviations of the inflated climate between belief and event level beyond which no ensemble is drawn: there
the chance is below any that starts or keeps an alarm."""


@dataclass(frozen=True, eq=False)
class Watched:
    """A watch over the test of a record.

    Attributes:
        time: (T,) UTC.
        levels: (K,) event levels [m], rounded as in a protocol.
        by: (K, T, 49) members that pass each level by each lead; ``from_now_on``: (K, T, 49) that do from it on.
        is_heard: (T,) whether any gauge was heard shortly before.
        covered, scored, width: of the 90 % bounds at leads 0 to 24 h, calm and in storms; ``width``: sum [m].
        drawn: number of ensembles.
    """

    time: Times
    levels: tuple[float, ...]
    by: npt.NDArray[np.uint16]
    from_now_on: npt.NDArray[np.uint16]
    is_heard: Mask
    covered: tuple[int, int]
    scored: tuple[int, int]
    width: tuple[float, float]
    drawn: int


def config_of(gauge: Gauge, protocol: Protocol | None = None) -> AgentConfig:
    """The watch of a gauge."""
    begin = gauge.time[0].astype("datetime64[h]")
    names = [sensor.stream for sensor in gauge.model.sensors]
    return AgentConfig(
        gauge.model,
        gauge.spread_inflation,
        dict.fromkeys(names, lambda moments: gauge.tide[((moments - begin) / np.timedelta64(1, "h")).astype(int)]),
        protocol,
    )


def watch(gauge: Gauge) -> Watched:
    """Run the watch over the test of a record."""
    config, levels = config_of(gauge), tuple(round(level, 3) for level in gauge.event_levels.values())
    first, last = gauge.first, gauge.time.size
    in_storm, level = gauge.in_storm(), gauge.level
    by, from_now_on = np.zeros((2, len(levels), last - first, HORIZON_HOURS + 1), dtype=np.uint16)
    is_heard = np.zeros(last - first, dtype=bool)
    covered, scored, width, drawn = [0, 0], [0, 0], [0.0, 0.0], 0
    for at, state in hourly_beliefs(gauge, config):
        here = at - first
        is_heard[here] = state.sea.is_heard
        is_scored = here % CALM_EVERY == 0 or (in_storm[at] and here % STORM_EVERY == 0)
        is_scored = is_scored and at + LEADS_SCORED <= last
        if is_heard[here] and not is_scored and highest_in_reach(gauge, at, state) < min(levels):
            continue
        issued, drawn = forecast(state.sea, (), config.spread_inflation), drawn + 1
        members = levels_of(config, issued.chances)
        for number, event_level in enumerate(levels):
            over = members >= event_level  # (N, 49)
            by[number, here] = np.logical_or.accumulate(over, axis=1).sum(axis=0)
            from_now_on[number, here] = np.logical_or.accumulate(over[:, ::-1], axis=1).sum(axis=0)[::-1]
        if is_scored:
            observed = level[at : at + LEADS_SCORED]
            known = np.isfinite(observed)
            bounds = levels_of(config, issued.bounds)[:, :LEADS_SCORED][:, known]
            low, high = np.quantile(bounds, (0.05, 0.95), axis=0)
            weather = int(in_storm[at])
            covered[weather] += int(((low <= observed[known]) & (observed[known] <= high)).sum())
            scored[weather] += int(known.sum())
            width[weather] += float((high - low).sum())
    return Watched(
        gauge.time[first:], levels, by, from_now_on, is_heard,
        (covered[0], covered[1]), (scored[0], scored[1]), (width[0], width[1]), drawn,
    )  # fmt: skip


def hourly_beliefs(gauge: Gauge, config: AgentConfig) -> Iterator[tuple[int, AgentState]]:
    """Position and state at each hour of the test."""
    hours = gauge.time.astype("datetime64[h]")
    state = initial_state(config.model, hours[gauge.first - WARM_UP])
    for at in range(gauge.first - WARM_UP + 1, gauge.time.size):
        readings = [
            Residual(sensor.stream, hours[at], float(gauge.residuals[number, at]))
            for number, sensor in enumerate(gauge.model.sensors)
            if np.isfinite(gauge.residuals[number, at])
        ]
        state = update_belief(state, hours[at], readings)
        if at >= gauge.first:
            yield at, state


def highest_in_reach(gauge: Gauge, at: int, state: AgentState) -> float:
    """Highest level of the next two days that the watch may still hold possible [m]."""
    mean, spread = state.belief.residual()
    climate = float(np.sqrt(gauge.model.process.climate(1)[0, 0]))
    widest = float(gauge.spread_inflation.factors.max())
    tide = float(gauge.tide[at : at + HORIZON_HOURS + 1].max())
    return tide + max(mean, 0.0) + REACH * widest * (climate + spread)


def alarms(watched: Watched, protocol: Protocol) -> dict[str, Mask]:
    """Phase → (T,) hours in which it runs; where a person gives the all-clear, it is given at once.

    Long stretches in which no indicator can be true are left out of the replay: in these nothing runs.
    """
    found = {
        name: _finding(watched, indicator)
        for name, indicator in protocol.indicators.items()
        if indicator.variable == FORECAST
    }
    matters = np.any([(one.verdict == 1) | ~one.is_heard for one in found.values()], axis=0)
    kept = (
        np.convolve(matters, np.ones(2 * STOP_HOURS + 5), mode="same") > 0
    )  # until it has stopped, or before it starts
    part = {
        name: Finding(one.verdict[kept], one.is_new[kept], one.margin[kept], one.hours_until[kept], one.is_heard[kept])
        for name, one in found.items()
    }
    active: dict[str, Mask] = {}
    for name, history in replay_findings(protocol, part, watched.time[kept]).items():
        active[name] = np.zeros(watched.time.size, dtype=bool)
        active[name][kept] = history.active
    return active


def _finding(watched: Watched, indicator: Indicator) -> Finding:
    """An indicator over the test, from the counts of members."""
    number = watched.levels.index(indicator.value)
    first, last = (int(hours) for hours in indicator.lead_window_hours)
    if first > 0 and last != HORIZON_HOURS:
        raise ValueError(f"no counts of leads {first} to {last} h: give a window from now on, or to the horizon")
    counts = watched.from_now_on[number, :, first] if first else watched.by[number, :, last]
    if indicator.first_passage and first:
        counts = watched.by[number, :, last] - watched.by[number, :, first - 1]
    share = counts / MEMBERS
    margin = np.full(share.size, np.nan)
    likely = watched.by[number] / MEMBERS > (indicator.probability or 0.0)  # (T, 49)
    verdict = share > (indicator.probability or 0.0)
    if indicator.loss is not None:
        margin = share * indicator.loss.avoidable[0] - indicator.loss.cost
        verdict = margin > 0
    return Finding(
        verdict=verdict.astype(float),
        is_new=np.ones(share.size, dtype=bool),
        margin=margin,
        hours_until=np.where(likely.any(axis=1), likely.argmax(axis=1).astype(float), np.inf),
        is_heard=watched.is_heard,
    )
