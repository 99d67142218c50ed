"""The ways to a student of one gauge: with and without labels of its own, with and without a teacher."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.surge.gauges import Floats, Gauges, Mask, Residual, draw_weeks, residual
from benchmarks.surge.learning import Regime, Source, ask, learn, shown
from benchmarks.surge.windows import Around, Past, listen, past_of
from strandline.models.surge_network import LEVELS, SurgeNetwork

NORMAL_90 = 3.29
"""Standard deviations between the 5th and 95th percentile of a normal distribution."""
Names = tuple[str, ...]
OWN: Names = ("own",)
NEIGHBOURS: Names = ("neighbours",)
BOTH: Names = ("own", "neighbours")


@dataclass(frozen=True)
class Budget:
    """Optimiser steps; equal for every method that starts at the same place.

    Attributes:
        teaching: a teacher of many gauges; ``raising``: a student of many gauges; ``adapting``: a student to one gauge;
            ``from_scratch``: a student that starts from nothing.
        tides: short records drawn of each other gauge, so that a student knows how wrong such tides are.
    """

    teaching: int = 300
    raising: int = 1500
    adapting: int = 150
    from_scratch: int = 600
    tides: int = 12


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """What was learned from other gauges before the target's record was seen.

    Attributes:
        gauges, train: the records, and (T,) the hours to learn from.
        target: number of the gauge.
        around: what its neighbours, and those of the others, say.
        records: of the others about tides of few weeks.
        teacher: on neighbours alone; ``students``: on each set of streams.
    """

    gauges: Gauges
    train: Mask
    target: int
    around: Around
    records: Past
    teacher: SurgeNetwork
    students: dict[Names, SurgeNetwork]


def learn_elsewhere(gauges: Gauges, train: Mask, target: int, fraction: float, budget: Budget) -> Elsewhere:
    """Teacher and students of all gauges but one."""
    others = [station for station in range(len(gauges.names)) if station != target]
    whole = [residual(gauges, station, train) for station in others]
    blank = Residual(np.full(train.size, np.nan), np.zeros(train.size), 0.0, np.zeros(train.size))
    around = listen(gauges, [*whole[:target], blank, *whole[target:]], train, target)
    full = past_of(gauges, list(zip(others, whole, strict=True)), [train] * len(others), train, around)
    short = [
        (
            station,
            residual(gauges, station, draw_weeks(train, fraction, np.random.default_rng([1000 + number, station]))),
        )
        for station in others
        for number in range(budget.tides)
    ]
    records = past_of(gauges, short, [train] * len(short), train, around)
    teacher = learn(new(NEIGHBOURS, 0), [Source(full)], Regime(budget.teaching, 2e-3, neighbours_lost=0.1), 0)
    students: dict[Names, SurgeNetwork] = {
        streams: learn(new(streams, 0), [Source(records)], Regime(budget.raising, 2e-3), 0) for streams in (OWN, BOTH)
    }
    return Elsewhere(gauges, train, target, around, records, teacher, students)


def new(streams: Names, seed: int) -> SurgeNetwork:
    """A network that was never taught."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SurgeNetwork(192, streams)


@dataclass(frozen=True, eq=False)
class Task:
    """A gauge with a broken record, before its student.

    Attributes:
        record: about the tide that the labelled weeks give.
        labels: (T,) its readings in these weeks [m]; NaN elsewhere.
        labelled: windows that hold labelled readings, and see no others.
        whole: windows of all training hours, for the ceiling only.
    """

    elsewhere: Elsewhere
    record: Residual
    labels: Floats
    labelled: Past
    whole: Past
    seed: int
    budget: Budget


def draw_task(elsewhere: Elsewhere, fraction: float, seed: int, budget: Budget) -> Task:
    """The weeks of a seed, and the tide that they give."""
    gauges, train, target = elsewhere.gauges, elsewhere.train, elsewhere.target
    weeks = draw_weeks(train, fraction, np.random.default_rng([seed, target]))
    record = residual(gauges, target, weeks)
    labelled = past_of(gauges, [(target, record)], [weeks], train, elsewhere.around)
    whole = past_of(gauges, [(target, record)], [train], train, elsewhere.around)
    labels = np.where(weeks, record.level, np.nan)
    return Task(elsewhere, record, labels, labelled, whole, seed, budget)


def labels_only(task: Task, streams: Names) -> SurgeNetwork:
    """A new student, the labelled weeks and nothing else."""
    return learn(new(streams, task.seed), [Source(task.labelled)], Regime(task.budget.from_scratch, 2e-3), task.seed)


def finetuned(task: Task, streams: Names) -> SurgeNetwork:
    """The student of other gauges, fine-tuned on the labelled weeks with replay of the others: the strong sceptic."""
    return _adapted(task, streams, [Source(task.labelled, 64), Source(task.elsewhere.records, 192)])


def full_record(task: Task, streams: Names) -> SurgeNetwork:
    """The student of other gauges on every reading of the training years: the ceiling, about the same tide."""
    return learn(
        deepcopy(task.elsewhere.students[streams]),
        [Source(task.whole, 192), Source(task.elsewhere.records, 64)],
        Regime(task.budget.from_scratch, 5e-4),
        task.seed,
    )


def distilled(task: Task, streams: Names, lender: SurgeNetwork | None = None) -> SurgeNetwork:
    """The student of other gauges hears of every training hour what the teacher says of it.

    In hours without a label the teacher lends what it says for a reading, and the student learns to foretell, as a
    distribution, what the teacher will say later; labelled weeks and other gauges go on beside it.

    Args:
        task: gauge and weeks.
        streams: of the student.
        lender: speaks instead of the teacher.
    """
    record = lent(task, task.elsewhere.teacher if lender is None else lender)
    train, target = task.elsewhere.train, task.elsewhere.target
    past = past_of(task.elsewhere.gauges, [(target, record)], [train], train, task.elsewhere.around)
    sources = [Source(task.labelled, 64), Source(task.elsewhere.records, 64), Source(past, 128)]
    return _adapted(task, streams, sources)


def lent(task: Task, lender: SurgeNetwork) -> Residual:
    """Readings where there are labels, elsewhere what a teacher says of the hour in that hour, with its doubt."""
    train, target = task.elsewhere.train, task.elsewhere.target
    size = train.size
    blank = Residual(np.zeros(size), task.record.tide, task.record.mean, np.zeros(size))
    hours = past_of(task.elsewhere.gauges, [(target, blank)], [train], train, task.elsewhere.around)
    now = ask(lender, shown(hours, 1.0)[0])[:, 0].double().numpy()  # (N, Q)
    heard = task.elsewhere.around.seen[target, hours.issues[:, 1]].numpy()
    level, doubt = np.full(size, np.nan), np.zeros(size)
    at = hours.issues[heard, 1].numpy()
    level[at] = now[heard, LEVELS.index(0.5)]
    doubt[at] = (now[heard, LEVELS.index(0.95)] - now[heard, LEVELS.index(0.05)]) / NORMAL_90
    read = np.isfinite(task.labels)
    return Residual(np.where(read, task.labels, level), task.record.tide, task.record.mean, np.where(read, 0.0, doubt))


def _adapted(task: Task, streams: Names, sources: list[Source]) -> SurgeNetwork:
    student = deepcopy(task.elsewhere.students[streams])
    return learn(student, sources, Regime(task.budget.adapting, 1e-4), task.seed)
