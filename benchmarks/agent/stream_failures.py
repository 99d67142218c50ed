"""Storms with failing streams: each stream, each pair, and all of them silent; each gauge with every other fault."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import cast

import numpy as np

from benchmarks.agent.coasts import GAUGES, SERVICE, STREAMS, Coast
from benchmarks.agent.faults import FAULTS
from benchmarks.agent.methods import LEADS_SCORED, SILENT_AFTER, config_of, storm_peaks
from benchmarks.agent.scoring import ACTIONS
from benchmarks.record import Row
from strandline.distillation.training.loop import Progress
from strandline.uncertainty.assimilation.filter import Residual
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.uncertainty.assimilation.sea_state import REJECTED
from strandline.watch.agent import poll_feeds
from strandline.watch.agent_state import AgentState, initial_state, update_belief
from strandline.watch.assimilation.gauge_residuals import residuals_of
from strandline.watch.decision_rules import AgentConfig, decide, levels_of
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.recorded import GAUGE
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading

Case = tuple[str, tuple[str, ...]]
"""Fault, and the streams that have it."""
WARM_HOURS, FAULTY_HOURS = 96, 36
"""Hours before the peak from which a replay starts, and hours after it at which it ends."""
EVERY_H = 3
RECENT = timedelta(hours=96)
WINDOW_BEFORE = 12
"""Hours before the peak at which faults other than silence start, so that they can start false actions."""


def cases() -> Iterator[Case]:
    """No fault; each stream, each pair, and all streams silent; each gauge with every other fault."""
    yield "none", ()
    for count in (1, 2, len(STREAMS)):
        for streams in combinations(STREAMS, count):
            yield "dead", streams
    for fault in FAULTS:
        if fault != "dead":
            for gauge in GAUGES:
                yield fault, (gauge,)


def rows_of(coast: Coast, seed: int, storms: int, progress: Progress | None = None) -> list[Row]:
    """One row per case: coverage of the level from the start of the fault on, and the actions that the agent starts."""
    config = config_of(coast)
    peaks = storm_peaks(coast)[:: max(len(storm_peaks(coast)) // storms, 1)][:storms]
    sound = [_replay(coast, config, peak, ("none", ())) for peak in peaks]
    rows: list[Row] = []
    all_cases = list(cases())
    for number, case in enumerate(all_cases):
        fault, broken = case[0], ", ".join(case[1])
        storms_run = sound if fault == "none" else [_replay(coast, config, peak, case) for peak in peaks]
        inside = sum(each.covered for each in storms_run)
        scored = sum(each.scored for each in storms_run)
        spurious = sum(len(each.started - other.started) for each, other in zip(storms_run, sound, strict=True))
        rejected = sum(bool(each.rejected - set(case[1])) for each in storms_run)
        rows.append({
            "scenario": f"storms of {coast.name}", "condition": ": ".join(part for part in (fault, broken) if part),
            "policy": "strandline", "seed": seed, "fault": fault, "streams": broken, "storms": len(storms_run),
            "coverage_90": inside / scored, "extra_actions": spurious, "storms_with_a_sound_gauge_rejected": rejected,
            "hits": sum(len(each.started & other.started) for each, other in zip(storms_run, sound, strict=True)),
            "false_alarms": spurious, "width_m": float(np.mean([each.width for each in storms_run])),
        })  # fmt: skip
        if progress is not None:
            progress((number + 1) / len(all_cases))
    return rows


@dataclass(frozen=True)
class _StormRun:
    """Hours within the bounds and all scored hours, mean width [m], actions that ran, and gauges that were rejected."""

    covered: int
    scored: int
    width: float
    started: frozenset[str]
    rejected: frozenset[str]


def _replay(coast: Coast, config: AgentConfig, peak: int, case: Case) -> _StormRun:
    """Run the agent from four days before a storm's peak to a day and a half after it."""
    hours = coast.time.astype("datetime64[h]")
    first, last = peak - WARM_HOURS, peak + FAULTY_HOURS
    fault, streams = case
    onset = peak if fault == "dead" else peak - WINDOW_BEFORE
    window = tuple(cast(datetime, coast.time[at].astype("datetime64[s]").item()) for at in (onset, last + 1))
    feeds = []
    for number, name in enumerate(GAUGES):
        # the belief takes residuals, so every gauge is given the own tide here
        level = (coast.tide + coast.residuals[number])[first - 4 * 24 : last + 1]
        replay = Replay.of_gauge(name, coast.time[first - 4 * 24 : last + 1], level, timedelta(minutes=5))
        if name in streams:
            replay = FAULTS[fault](replay, (window[0], window[1]))
        feeds.append(FeedClient(replay, GAUGE, config.tides[name]))
    known: list[Reading] = []
    state: AgentState = initial_state(config.model, hours[first])
    covered = scored = 0
    width: list[float] = []
    started: set[str] = set()
    rejected: set[str] = set()
    for at in range(first + 1, last + 1):
        since, now = (cast(datetime, coast.time[each].astype("datetime64[s]").item()) for each in (at - 1, at))
        new, _ = poll_feeds(feeds, known, since + timedelta(minutes=10), now + timedelta(minutes=10))
        readings: Sequence[Residual] = residuals_of(new, known, now, config.tides)
        known = [reading for reading in [*known, *new] if reading.time > now - RECENT]
        silent = SERVICE in streams and at >= onset
        issue = None if silent else coast.service_forecast(at)
        state = update_belief(state, hours[at], readings, {} if issue is None else {SERVICE: issue})
        if at < peak - SILENT_AFTER or (at - peak) % EVERY_H:
            continue
        issued = forecast(state.sea, coast.forecast_sources, config.spread_inflation)
        state, _ = decide(config, state, issued.chances)
        started |= {name for name, _, _ in ACTIONS if state.phases[name].active}
        if at >= onset:
            low, high = np.quantile(levels_of(config, issued.bounds)[:, :LEADS_SCORED], (0.05, 0.95), axis=0)
            observed = coast.level[at : at + LEADS_SCORED]
            covered += int(((low <= observed) & (observed <= high)).sum())
            scored += LEADS_SCORED
            width.append(float((high - low).mean()))
            rejected |= {name for name, probability in state.belief.broken().items() if probability >= REJECTED}
    return _StormRun(covered, scored, float(np.mean(width)), frozenset(started), frozenset(rejected))
