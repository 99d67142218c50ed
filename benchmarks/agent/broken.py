"""Storms while streams break: every one in turn, in pairs and all together, dead or wrong in each way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import cast

import numpy as np

from benchmarks.agent.coasts import GAUGES, SERVICE, STREAMS, Coast
from benchmarks.agent.decade import ACTIONS, DEAD_AFTER, config_of, storm_peaks
from benchmarks.agent.faults import FAULTS
from benchmarks.record import Value
from strandline.distillation.training.loop import Progress
from strandline.watch.agent import poll_feeds
from strandline.watch.assimilation.filter import Residual
from strandline.watch.assimilation.gauge_residuals import residuals_of
from strandline.watch.decision_rules import (
    REJECTED,
    AgentConfig,
    AgentState,
    decide,
    forecast,
    initial_state,
    levels_of,
    update_belief,
)
from strandline.watch.feeds.client import FeedClient
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Reading
from strandline.watch.service import GAUGE

Case = tuple[str, tuple[str, ...]]
"""Fault, and the streams that have it."""
WARM_HOURS, FAULTY_HOURS = 96, 36
"""Hours before the peak that all streams are sound, and hours from the peak on that some are not."""
LEADS_SCORED = 25
EVERY_H = 3
RECENT = timedelta(hours=96)
WINDOW_BEFORE = 12
"""Hours before the peak at which faults other than death set in, so that they can do harm."""


def cases() -> Iterator[Case]:
    """None; each stream dead, each pair, all of them; and each gauge wrong in every other way."""
    yield "none", ()
    for count in (1, 2, len(STREAMS)):
        for streams in combinations(STREAMS, count):
            yield "dead", streams
    for fault in FAULTS:
        if fault != "dead":
            for gauge in GAUGES:
                yield fault, (gauge,)


def rows_of(coast: Coast, seed: int, storms: int, progress: Progress | None = None) -> list[dict[str, Value]]:
    """A row a case: coverage of the sea from the fault on, and what was done for it."""
    config = config_of(coast)
    peaks = storm_peaks(coast)[:: max(len(storm_peaks(coast)) // storms, 1)][:storms]
    sound = [_live(coast, config, peak, ("none", ())) for peak in peaks]
    rows: list[dict[str, Value]] = []
    all_cases = list(cases())
    for number, case in enumerate(all_cases):
        lived = sound if case[0] == "none" else [_live(coast, config, peak, case) for peak in peaks]
        inside = sum(each.covered for each in lived)
        scored = sum(each.scored for each in lived)
        spurious = sum(len(each.started - other.started) for each, other in zip(lived, sound, strict=True))
        wrongly = sum(bool(each.rejected - set(case[1])) for each in lived)
        fault, broken = case[0], ", ".join(case[1])
        rows.append({
            "scenario": f"storms of {coast.name}", "condition": ": ".join(part for part in (fault, broken) if part),
            "policy": "strandline", "seed": seed, "fault": fault, "streams": broken, "storms": len(lived),
            "coverage_90": inside / scored, "extra_actions": spurious, "storms_with_a_sound_gauge_denied": wrongly,
            "hits": sum(len(each.started & other.started) for each, other in zip(lived, sound, strict=True)),
            "false_alarms": spurious, "width_m": float(np.mean([each.width for each in lived])),
        })  # fmt: skip
        if progress is not None:
            progress((number + 1) / len(all_cases))
    return rows


@dataclass(frozen=True)
class _Lived:
    covered: int
    scored: int
    width: float
    started: frozenset[str]
    rejected: frozenset[str]


def _live(coast: Coast, config: AgentConfig, peak: int, case: Case) -> _Lived:
    """One storm from four days before its peak to a day and a half after it."""
    hours = coast.time.astype("datetime64[h]")
    first, last = peak - WARM_HOURS, peak + FAULTY_HOURS
    fault, streams = case
    onset = peak if fault == "dead" else peak - WINDOW_BEFORE
    window = tuple(cast(datetime, coast.time[at].astype("datetime64[s]").item()) for at in (onset, last + 1))
    feeds = []
    for number, name in enumerate(GAUGES):
        # every gauge's residual rides on the own tide here, so that one tide serves: the belief hears residuals alone
        level = (coast.tide + coast.residuals[number])[first - 4 * 24 : last + 1]
        replay = Replay.of_gauge(name, coast.time[first - 4 * 24 : last + 1], level, timedelta(minutes=5))
        if name in streams:
            replay = FAULTS[fault](replay, (window[0], window[1]))
        feeds.append(FeedClient(replay, GAUGE, config.tides[name]))
    known: list[Reading] = []
    state: AgentState = initial_state(config, hours[first])
    covered = scored = 0
    width: list[float] = []
    started: set[str] = set()
    rejected: set[str] = set()
    source = coast.sources[0]
    for at in range(first + 1, last + 1):
        since, now = (cast(datetime, coast.time[each].astype("datetime64[s]").item()) for each in (at - 1, at))
        new, _ = poll_feeds(feeds, known, since + timedelta(minutes=10), now + timedelta(minutes=10))
        readings: Sequence[Residual] = residuals_of(new, known, now, config.tides)
        known = [reading for reading in [*known, *new] if reading.time > now - RECENT]
        silent = SERVICE in streams and at >= onset
        said = None if silent else coast.service_forecast(at)
        state = update_belief(state, hours[at], readings, has_forecast=said is not None)
        if at < peak - DEAD_AFTER or (at - peak) % EVERY_H:
            continue
        guidance = None if said is None else source.guidance_from(said)
        ensemble = forecast(config, state, [] if guidance is None else [guidance])
        state, _ = decide(config, state, ensemble)
        started |= {name for name, _, _ in ACTIONS if state.actions[name].active}
        if at >= onset:
            low, high = np.quantile(levels_of(config, ensemble)[:, :LEADS_SCORED], (0.05, 0.95), axis=0)
            came = coast.level[at : at + LEADS_SCORED]
            covered += int(((low <= came) & (came <= high)).sum())
            scored += LEADS_SCORED
            width.append(float((high - low).mean()))
            rejected |= {name for name, chance in state.belief.broken().items() if chance >= REJECTED}
    return _Lived(covered, scored, float(np.mean(width)), frozenset(started), frozenset(rejected))


def summarise(rows: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """The least coverage of any case, and actions that a broken gauge alone set off."""
    wrong = [row for row in rows if row["fault"] not in ("none", "dead")]
    return {
        "broken/least_coverage_90": min(float(str(row["coverage_90"])) for row in rows),
        "broken/cases_below_0.85": sum(float(str(row["coverage_90"])) < 0.85 for row in rows),
        "broken/cases": len(rows),
        "broken/extra_actions_by_a_wrong_gauge": sum(int(str(row["extra_actions"])) for row in wrong),
    }
