"""Rows of the surge benchmark: every method at one gauge, by lead and by share of lost readings."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from queue import Queue

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.record import Value
from benchmarks.surge.neighbours import methods
from benchmarks.surge.neighbours.baselines import fit_ridge, persistence, with_error_quantiles, zero_surge
from benchmarks.surge.neighbours.methods import (
    BOTH,
    OWN,
    Budget,
    DistillationVariant,
    GaugeTask,
    Names,
    OtherGauges,
    Student,
)
from benchmarks.surge.neighbours.networks.surge_network import LAST_LEAD, LEVELS, GaugeWindows
from benchmarks.surge.neighbours.records.gauges import fit_residual, read_gauges
from benchmarks.surge.neighbours.records.windows import Record, RecordSet, build_record_set
from benchmarks.surge.neighbours.training import all_windows, predict_quantiles
from benchmarks.surge.scoring import score
from strandline.observations.arrays import Floats, Mask

Row = dict[str, Value]
VERSION = 5
"""Part of the key of finished rows; increase it when a method changes."""
OUTAGES = (0.0, 0.5, 1.0)
"""Shares of the own readings that a test window loses."""
METHODS: dict[str, Callable[[GaugeTask, Names], Student]] = {
    "pretrained": methods.pretrained,
    "labels_only": methods.labels_only,
    "pretrained_finetuned": methods.fine_tuned,
    "distilled": partial(methods.distilled, variant=DistillationVariant()),
    "full_record": methods.full_record,
}
ABLATIONS: dict[str, Callable[[GaugeTask, Names], Student]] = {
    "distilled_no_attention": partial(methods.distilled, variant=DistillationVariant(has_attention=False)),
    "distilled_no_features": partial(methods.distilled, variant=DistillationVariant(trains_features=False)),
    "distilled_no_days": partial(methods.distilled, variant=DistillationVariant(trains_daily_means=False)),
    "distilled_daily_teacher": partial(methods.distilled, variant=DistillationVariant(daily=True)),
    "shuffled_teacher": partial(methods.distilled, variant=DistillationVariant(shuffled=True)),
}
"""Of the student with its own readings alone, at gauges with neighbours."""


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        fractions: labelled shares of the training period; ``leads`` [h]; ``seeds``: draws of the weeks.
    """

    fractions: tuple[float, ...]
    leads: tuple[int, ...]
    seeds: int
    budget: Budget


@dataclass(frozen=True)
class GaugeTarget:
    """One target gauge with its data and plan.

    Attributes:
        levels, stations, constants, storms: files (`gauges.read_gauges`).
        target: name of the gauge; train, test: first and last day.
        work: folder for finished rows, so that an interrupted run continues.
    """

    levels: Path
    stations: Path
    constants: Path | None
    storms: Path | None
    target: str
    train: tuple[str, str]
    test: tuple[str, str]
    plan: Plan
    work: Path | None


def run_target(gauge_target: GaugeTarget, threads: int, messages: Queue[str | None]) -> list[Row]:
    """All rows of a gauge; ``messages`` gets the name of each stage, and ``None`` after each draw of weeks."""
    torch.set_num_threads(threads)
    gauges = read_gauges(gauge_target.levels, gauge_target.stations, gauge_target.constants, gauge_target.storms)
    target = gauges.names.index(gauge_target.target)
    train, test = gauges.within(*gauge_target.train), gauges.within(*gauge_target.test)
    truth = fit_residual(gauges, target, train | test).level
    threshold = float(np.nanquantile(gauges.level[target][train | test], 0.99))
    plan, rows = gauge_target.plan, []
    for fraction in plan.fractions:
        kept = {seed: _path(gauge_target, fraction, seed) for seed in range(plan.seeds)}
        other_gauges: OtherGauges | None = None
        for seed, path in kept.items():
            if path is None or not path.exists():
                if other_gauges is None:
                    messages.put(f"{gauge_target.target}: training the teacher and the students of the other gauges")
                    other_gauges = methods.train_other_gauges(gauges, train, target, fraction, plan.budget)
                messages.put(f"{gauge_target.target}: {fraction:g} of the record, seed {seed}")
                task = methods.draw_task(other_gauges, fraction, seed, plan.budget)
                found = TargetRun(other_gauges, task, test, truth, threshold, fraction, plan).run()
                _keep(found, path)
            else:
                found = json.loads(path.read_text())
            rows += found
            messages.put(None)
    return rows


def _path(gauge_target: GaugeTarget, fraction: float, seed: int) -> Path | None:
    """File of the finished rows of one draw; its name depends on the data and the plan."""
    if gauge_target.work is None:
        return None
    plan = replace(gauge_target.plan, fractions=(fraction,), seeds=0)
    read = (gauge_target.levels, gauge_target.stations, gauge_target.constants, gauge_target.storms)
    files = [path.read_bytes() if path else b"" for path in read]
    test_windows = repr((gauge_target.target, gauge_target.train, gauge_target.test, plan, VERSION)).encode()
    key = hashlib.sha256(b"".join([test_windows, *files])).hexdigest()[:12]
    return gauge_target.work / f"{gauge_target.target}-{seed}-{key}.json"


def _keep(rows: list[Row], path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(rows))
        partial.replace(path)


class TargetRun:
    """Every method at one gauge, under one draw of labelled weeks."""

    def __init__(
        self,
        other_gauges: OtherGauges,
        task: GaugeTask,
        test: Mask,
        truth: Floats,
        threshold: float,
        fraction: float,
        plan: Plan,
    ) -> None:
        self._other_gauges, self._task, self._test, self._truth = other_gauges, task, test, truth
        self._threshold, self._plan = threshold, plan
        self._head: Row = {
            "target": other_gauges.gauges.names[other_gauges.target],
            "record_fraction": fraction,
            "seed": task.seed,
            "tide": task.record.residual.source,
        }
        self._rows: list[Row] = []
        self._windows: dict[bytes, dict[float, GaugeWindows]] = {}

    def run(self) -> list[Row]:
        """The rows."""
        task, seed = self._task, self._task.seed
        labelled = build_record_set(
            self._other_gauges.gauges, [task.record], self._other_gauges.train, self._other_gauges.neighbours
        )
        test_windows = self._test_windows(task.record)
        for share in OUTAGES:
            training_windows = all_windows(labelled, share, seed)
            simple: dict[str, Callable[[GaugeWindows], Floats]] = {
                "zero_surge": zero_surge,
                "persistence": persistence,
                "ridge": fit_ridge(labelled, *training_windows),
            }
            for method, centre in simple.items():
                self._add(method, "own", share, with_error_quantiles(centre, *training_windows)(test_windows[share]))
        whole = fit_residual(self._other_gauges.gauges, self._other_gauges.target, self._other_gauges.train)
        residual = task.record.residual
        better = (whole.mean + whole.tide - residual.mean - residual.tide)[
            self._issued[:, None] + np.arange(LAST_LEAD + 1)
        ]
        self._add("zero_surge_full_tide", "own", 0.0, better[..., None] + np.zeros(len(LEVELS)))
        teacher_input, _ = all_windows(self._test_set(methods.without_readings(task)), 1.0)
        self._add(
            "teacher", "neighbours", 1.0, predict_quantiles(self._other_gauges.teacher, teacher_input).double().numpy()
        )
        if self._other_gauges.has_neighbours:
            self._add_students(METHODS | ABLATIONS, OWN, "own")
            self._add_students(METHODS, BOTH, "any")
        else:
            self._add_students(METHODS, OWN, "own")
            self._rows += [{**row, "streams": "any"} for row in self._rows if row["method"] in METHODS]
        return self._rows

    def _add_students(
        self, methods_by_name: Mapping[str, Callable[[GaugeTask, Names], Student]], streams: Names, name: str
    ) -> None:
        for method, train_student in methods_by_name.items():
            student = train_student(self._task, streams)
            seen = self._test_windows(student.record)
            for share in OUTAGES:
                self._add(method, name, share, predict_quantiles(student.network, seen[share]).double().numpy())

    def _test_windows(self, record: Record) -> dict[float, GaugeWindows]:
        """Test windows by share of lost readings, computed once per covariance."""
        covariance = record.covariance.tobytes()
        if covariance not in self._windows:
            record_set = self._test_set(record)
            self._windows[covariance] = {share: all_windows(record_set, share, self._task.seed)[0] for share in OUTAGES}
        return self._windows[covariance]

    def _test_set(self, record: Record) -> RecordSet:
        gauges, neighbours = self._other_gauges.gauges, self._other_gauges.neighbours
        return build_record_set(gauges, [replace(record, readable=self._test)], self._test, neighbours)

    def _add(self, method: str, streams: str, share: float, predicted: Floats) -> None:
        target, residual = self._other_gauges.target, self._task.record.residual
        for lead in self._plan.leads:
            quantiles = np.full((residual.level.size, len(LEVELS)), np.nan)
            quantiles[self._issued + lead] = predicted[:, lead]
            hours = self._test & np.isfinite(quantiles).all(axis=1)
            observed = np.where(hours, self._other_gauges.gauges.level[target], np.nan)
            found = score(
                quantiles[self._test],
                LEVELS,
                (residual.mean + residual.tide)[self._test],
                observed[self._test],
                self._truth[self._test],
                self._threshold,
            )
            self._rows.append(
                {**self._head, "method": method, "streams": streams, "outage": share, "lead_h": lead, **found}
            )

    @cached_property
    def _issued(self) -> npt.NDArray[np.int64]:
        """(N,) hours of the test at which every method forecasts."""
        hours: npt.NDArray[np.int64] = self._test_set(self._task.record).issues[:, 1].numpy()
        return hours
