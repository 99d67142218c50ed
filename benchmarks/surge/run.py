"""Rows of the surge benchmark: every method at one gauge, by mode of weather, lead and share of lost readings."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks.record import Row, Value, finished_rows
from benchmarks.surge.methods.method import LEVELS
from benchmarks.surge.methods.registry import METHODS
from benchmarks.surge.protocol import WEEK, Issues, Task, draw_task, fit_full_tide, split
from benchmarks.surge.records.gauge import Gauge, GaugeSet
from benchmarks.surge.scoring import score
from benchmarks.workers import Messages
from strandline.observations.arrays import Floats, Indices

VERSION = 6
"""Part of the name of finished rows; increase it when a method changes."""
FORECASTER, FORECASTER_VERSION = ("process", "labels_only", "distilled", "shuffled_teacher"), 1
"""Methods that are the package's forecaster, and the same of their rows."""
RIVER_VERSION = 1
"""The same, of rows of gauges with a river."""
OUTAGES = (0.0, 1.0)
"""Shares of the own readings that a test case loses."""
FULL_TIDE = "zero_surge_full_tide"
"""The tide of every level, of the test too: the best that a tide can be."""
FULL_RECORD_OF, FULL_RECORD = "labels_only", "labels_only_full_record"
"""A method, and its name where it knows every week of the training: what a longer record would bring."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        seeds: draws of known weeks; ``modes`` of weather; ``methods`` by name.
        fraction: of the training weeks that is known; ``None`` = that of the set.
        leads: [h]; ``None`` = those of the set.
        work: folder for finished rows.
    """

    seeds: int
    modes: tuple[str, ...]
    methods: tuple[str, ...]
    fraction: float | None = None
    leads: tuple[int, ...] | None = None
    work: Path | None = None


def run_gauge(gauge_set: GaugeSet, target: str, plan: Plan, messages: Messages) -> list[Row]:
    """All rows of a gauge; ``messages`` gets ``None`` after each draw of weeks."""
    torch.set_num_threads(1)
    gauge = next(one for one in gauge_set.gauges if one.name == target)
    others = tuple(one for one in gauge_set.gauges if one.name != target)
    fraction = gauge_set.fraction if plan.fraction is None else plan.fraction
    leads = gauge_set.leads if plan.leads is None else plan.leads
    seeds = 1 if fraction >= 1 else plan.seeds  # every week is known: one draw
    train, test = split(gauge, gauge_set.period_of(target))
    full = fit_full_tide(gauge, train | test)
    rows: list[Row] = []
    for seed in range(plan.seeds):
        if seed < seeds:
            for mode in _modes_of(gauge, plan.modes):
                messages.put(f"{target}: {mode}, seed {seed}")
                task = draw_task(gauge, others, gauge_set.period_of(target), fraction, leads, seed, mode)
                head: Row = {"set": gauge_set.name, "target": target, "record_fraction": fraction, "seed": seed}
                for name in plan.methods:
                    if METHODS[name].runs(task):
                        path = _path(plan, gauge, f"{head}{mode}{leads}{name}", name)
                        rows += finished_rows(path, partial(rows_of, task, name, head, full))
                if mode == "none":
                    rows += rows_of(task, FULL_TIDE, head, full)
                elif seed == 0 and gauge_set.has_full_record and FULL_RECORD_OF in plan.methods:
                    task = draw_task(gauge, others, gauge_set.period_of(target), 1.0, leads, seed, mode)
                    path = _path(plan, gauge, f"{head}{mode}{leads}{FULL_RECORD}", FULL_RECORD_OF)
                    rows += finished_rows(
                        path, partial(rows_of, task, FULL_RECORD, {**head, "record_fraction": 1.0}, full)
                    )
        messages.put(None)
    return [{name: _short(value) for name, value in row.items()} for row in rows]


def _short(value: Value) -> Value:
    """With four significant digits: tens of thousands of rows stand in one record."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _modes_of(gauge: Gauge, modes: Sequence[str]) -> Iterator[str]:
    """Modes that differ for a gauge; an operational forecast is the weather of a gauge without any other."""
    for mode in modes:
        if mode == "none" or gauge.forcing is not None or (mode == "forecast" and gauge.operational is not None):
            yield mode


def _path(plan: Plan, gauge: Gauge, case: str, method: str) -> Path | None:
    if plan.work is None:
        return None
    parts = [gauge.level, gauge.forcing.values if gauge.forcing else gauge.level[:0]]
    digest = hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))
    digest.update(f"{case}{VERSION}".encode())
    if method in FORECASTER:
        digest.update(f"forecaster {FORECASTER_VERSION}".encode())
    if gauge.river:
        digest.update(f"{gauge.river}{RIVER_VERSION}".encode())
    return plan.work / f"{gauge.name}-{digest.hexdigest()[:12]}.json"


def rows_of(task: Task, name: str, head: Row, full: Floats) -> list[Row]:
    """Scores of one method by lead and share of lost readings; ``full``: (T,) tide of every level [m on the datum]."""
    gauge, rows = task.gauge, []
    span = task.train | task.test
    threshold = float(np.nanquantile(gauge.level[span & gauge.scored], 0.99))
    forecast = None if name == FULL_TIDE else METHODS[FULL_RECORD_OF if name == FULL_RECORD else name].method(task)
    for outage in (0.0,) if forecast is None else OUTAGES:
        issues, level, hours = task.tests(outage)
        if forecast is None:
            predicted = np.repeat(full[hours[:, None] + np.array(task.leads)][..., None], len(LEVELS), axis=2)
        else:
            predicted = np.sort(forecast(issues), axis=2)
        for at, lead in enumerate(task.leads):
            found = _score(task, predicted[:, at], level[:, at], hours + lead, full, threshold)
            if found:
                case: Row = {"weather": task.weather.mode, "method": name, "streams": "own", "outage": outage}
                case |= {"scored": "high waters" if gauge.has_only_high_waters else "hours", "lead_h": lead}
                case |= {
                    "issued_h": None if task.weather.mode == "none" else _age(issues),
                    "known_weeks": int(task.known.sum()) // WEEK,
                }
                rows.append({**head, **case, "tide": task.tide.source, **found})
    return rows


def _age(issues: Issues) -> float | None:
    age = issues.age[np.isfinite(issues.age)]
    return float(age.mean()) if age.size and age.any() else None


def _score(task: Task, predicted: Floats, level: Floats, hours: Indices, full: Floats, threshold: float) -> Row:
    """Scores on the hours of the test; an hour without any forecast counts for no method."""
    size = task.gauge.time.size
    quantiles, observed = np.full((size, len(LEVELS)), np.nan), np.full(size, np.nan)
    sound = np.isfinite(level) & np.isfinite(predicted).all(axis=1)
    if not sound.any():
        return {}
    quantiles[hours[sound]], observed[hours[sound]] = predicted[sound], level[sound]
    tide = np.where(np.isfinite(task.tide.level), task.tide.level, 0.0)
    span = slice(int(hours.min()), int(hours.max()) + 1)
    truth = observed - full
    return score((quantiles - tide[:, None])[span], LEVELS, tide[span], observed[span], truth[span], threshold)
