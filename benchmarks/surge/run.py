"""One gauge at a time: every method, on every lead, with its own readings whole, half and gone."""

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
from benchmarks.surge import methods
from benchmarks.surge.baselines import dressed, fit_ridge, persistence, zero_surge
from benchmarks.surge.gauges import read_gauges, residual
from benchmarks.surge.learning import ask, shown
from benchmarks.surge.methods import BOTH, OWN, Budget, Elsewhere, Names, Student, Task, Way
from benchmarks.surge.scoring import score
from benchmarks.surge.surge_network import LAST_LEAD, LEVELS, GaugeWindows
from benchmarks.surge.windows import Past, Record, past_of
from strandline.observations.arrays import Floats, Mask

Row = dict[str, Value]
VERSION = 5
"""Counted up when a method changes, so that rows of the old one are not taken for its own."""
OUTAGES = (0.0, 0.5, 1.0)
"""Shares of its own readings that a test window loses."""
METHODS: dict[str, Callable[[Task, Names], Student]] = {
    "pretrained": methods.pretrained,
    "labels_only": methods.labels_only,
    "pretrained_finetuned": methods.finetuned,
    "distilled": partial(methods.distilled, way=Way()),
    "full_record": methods.full_record,
}
ABLATIONS: dict[str, Callable[[Task, Names], Student]] = {
    "distilled_no_attention": partial(methods.distilled, way=Way(attended=False)),
    "distilled_no_features": partial(methods.distilled, way=Way(guided=False)),
    "distilled_no_days": partial(methods.distilled, way=Way(consistent=False)),
    "distilled_daily_teacher": partial(methods.distilled, way=Way(daily=True)),
    "shuffled_teacher": partial(methods.distilled, way=Way(shuffled=True)),
}
"""Of the student that hears its own gauge alone, where there is a teacher: somebody must be heard."""


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes:
        fractions: of the training record that is labelled; ``leads`` [h]; ``seeds``: draws of the weeks.
    """

    fractions: tuple[float, ...]
    leads: tuple[int, ...]
    seeds: int
    budget: Budget


@dataclass(frozen=True)
class Question:
    """One gauge, and what is known and asked of it.

    Attributes:
        levels, stations, constants, storms: files (`gauges.read_gauges`).
        target: name of the gauge; train, test: first and last day.
        work: folder where finished rows wait, so that an interrupted run goes on.
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


def answer(question: Question, threads: int, told: Queue[str | None]) -> list[Row]:
    """All rows of a gauge; ``told`` hears what is done, and None after each draw of weeks."""
    torch.set_num_threads(threads)
    gauges = read_gauges(question.levels, question.stations, question.constants, question.storms)
    target = gauges.names.index(question.target)
    train, test = gauges.within(*question.train), gauges.within(*question.test)
    truth = residual(gauges, target, train | test).level
    threshold = float(np.nanquantile(gauges.level[target][train | test], 0.99))
    plan, rows = question.plan, []
    for fraction in plan.fractions:
        kept = {seed: _kept(question, fraction, seed) for seed in range(plan.seeds)}
        elsewhere: Elsewhere | None = None
        for seed, path in kept.items():
            if path is None or not path.exists():
                if elsewhere is None:
                    told.put(f"{question.target}: teacher and students of the other gauges")
                    elsewhere = methods.learn_elsewhere(gauges, train, target, fraction, plan.budget)
                told.put(f"{question.target}: {fraction:g} of the record, seed {seed}")
                task = methods.draw_task(elsewhere, fraction, seed, plan.budget)
                found = CoastPredictions(elsewhere, task, test, truth, threshold, fraction, plan).run()
                _keep(found, path)
            else:
                found = json.loads(path.read_text())
            rows += found
            told.put(None)
    return rows


def _kept(question: Question, fraction: float, seed: int) -> Path | None:
    """Where the rows of one draw wait; of other files or another plan they have another name."""
    if question.work is None:
        return None
    plan = replace(question.plan, fractions=(fraction,), seeds=0)
    read = (question.levels, question.stations, question.constants, question.storms)
    files = [path.read_bytes() if path else b"" for path in read]
    asked = repr((question.target, question.train, question.test, plan, VERSION)).encode()
    key = hashlib.sha256(b"".join([asked, *files])).hexdigest()[:12]
    return question.work / f"{question.target}-{seed}-{key}.json"


def _keep(rows: list[Row], path: Path | None) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(rows))
        partial.replace(path)


class CoastPredictions:
    """Every method at one gauge, under one draw of labelled weeks."""

    def __init__(
        self,
        elsewhere: Elsewhere,
        task: Task,
        test: Mask,
        truth: Floats,
        threshold: float,
        fraction: float,
        plan: Plan,
    ) -> None:
        self._elsewhere, self._task, self._test, self._truth = elsewhere, task, test, truth
        self._threshold, self._plan = threshold, plan
        self._given: Row = {
            "target": elsewhere.gauges.names[elsewhere.target],
            "record_fraction": fraction,
            "seed": task.seed,
            "tide": task.record.residual.source,
        }
        self._rows: list[Row] = []
        self._windows: dict[bytes, dict[float, GaugeWindows]] = {}

    def run(self) -> list[Row]:
        """The rows."""
        task, seed = self._task, self._task.seed
        labelled = past_of(self._elsewhere.gauges, [task.record], self._elsewhere.train, self._elsewhere.around)
        asked = self._asked(task.record)
        for share in OUTAGES:
            lesson = shown(labelled, share, seed)
            simple: dict[str, Callable[[GaugeWindows], Floats]] = {
                "zero_surge": zero_surge,
                "persistence": persistence,
                "ridge": fit_ridge(labelled, *lesson),
            }
            for method, centre in simple.items():
                self._add(method, "own", share, dressed(centre, *lesson)(asked[share]))
        whole = residual(self._elsewhere.gauges, self._elsewhere.target, self._elsewhere.train)
        about = task.record.residual
        better = (whole.mean + whole.tide - about.mean - about.tide)[self._issued[:, None] + np.arange(LAST_LEAD + 1)]
        self._add("zero_surge_full_tide", "own", 0.0, better[..., None] + np.zeros(len(LEVELS)))
        taught, _ = shown(self._tested(methods.unheard(task)), 1.0)
        self._add("teacher", "neighbours", 1.0, ask(self._elsewhere.teacher, taught).double().numpy())
        if self._elsewhere.hears:
            self._examine(METHODS | ABLATIONS, OWN, "own")
            self._examine(METHODS, BOTH, "any")
        else:
            self._examine(METHODS, OWN, "own")
            self._rows += [{**row, "streams": "any"} for row in self._rows if row["method"] in METHODS]
        return self._rows

    def _examine(self, raised: Mapping[str, Callable[[Task, Names], Student]], streams: Names, name: str) -> None:
        for method, pretrain_student in raised.items():
            student = pretrain_student(self._task, streams)
            seen = self._asked(student.record)
            for share in OUTAGES:
                self._add(method, name, share, ask(student.network, seen[share]).double().numpy())

    def _asked(self, record: Record) -> dict[float, GaugeWindows]:
        """Every window of the test, by the share of own readings lost; once for each idea of the weather."""
        weather = record.weather.tobytes()
        if weather not in self._windows:
            past = self._tested(record)
            self._windows[weather] = {share: shown(past, share, self._task.seed)[0] for share in OUTAGES}
        return self._windows[weather]

    def _tested(self, record: Record) -> Past:
        gauges, around = self._elsewhere.gauges, self._elsewhere.around
        return past_of(gauges, [replace(record, readable=self._test)], self._test, around)

    def _add(self, method: str, streams: str, share: float, said: Floats) -> None:
        target, about = self._elsewhere.target, self._task.record.residual
        for lead in self._plan.leads:
            quantiles = np.full((about.level.size, len(LEVELS)), np.nan)
            quantiles[self._issued + lead] = said[:, lead]
            hours = self._test & np.isfinite(quantiles).all(axis=1)
            observed = np.where(hours, self._elsewhere.gauges.level[target], np.nan)
            found = score(
                quantiles[self._test],
                LEVELS,
                (about.mean + about.tide)[self._test],
                observed[self._test],
                self._truth[self._test],
                self._threshold,
            )
            self._rows.append(
                {**self._given, "method": method, "streams": streams, "outage": share, "lead_h": lead, **found}
            )

    @cached_property
    def _issued(self) -> npt.NDArray[np.int64]:
        """(N,) hours of the test at which every method is asked."""
        hours: npt.NDArray[np.int64] = self._tested(self._task.record).issues[:, 1].numpy()
        return hours
