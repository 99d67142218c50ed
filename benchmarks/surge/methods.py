"""The ways to a student of one gauge: with and without labels of its own, with and without a teacher."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.surge.gauges import Gauges, Residual, draw_weeks, residual
from benchmarks.surge.learning import Guide, Regime, Source, ask, drawn, learn, shown
from benchmarks.surge.surge_network import LAST_LEAD, LEVELS, SurgeNetwork
from benchmarks.surge.windows import Around, Hearing, Record, hearing_of, listen, past_of, understood
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.likelihood import LAG_HOURS
from strandline.observations.sea_level.residual_process import autocovariance, fit_residual_covariance

NORMAL_90 = 3.29
"""Standard deviations between the 5th and 95th percentile of a normal distribution."""
Names = tuple[str, ...]
OWN: Names = ("own",)
NEIGHBOURS: Names = ("neighbours",)
BOTH: Names = ("own", "neighbours")


@dataclass(frozen=True)
class Budget:
    """Optimiser steps and windows; equal for every method that starts at the same place.

    Attributes:
        teaching: steps of a teacher of many gauges; ``raising``: of a student of many gauges; ``adapting``: of one
            to one gauge; ``settling``: of the ceiling, which has every reading of it.
        tides: short records drawn of each other gauge, so that a student knows how wrong such tides are.
        windows: of all gauges together, and of one gauge's training years.
    """

    teaching: int = 300
    raising: int = 1000
    adapting: int = 150
    settling: int = 600
    tides: int = 6
    windows: int = 24_000
    own_windows: int = 6_000


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """What was learned from other gauges before the target's record was seen.

    Attributes:
        gauges, train: the records, and (T,) the hours to learn from.
        target: number of the gauge.
        around: what its neighbours, and those of the others, say.
        weather: (K, 168) autocovariances of the others [m2].
        hearing: how neighbours are to be understood at the others.
        slack: share of its spread by which a tide of few weeks is farther off than it says.
        records: windows of the others about tides of few weeks.
        teacher: on neighbours alone; ``students``: on each set of streams.
    """

    gauges: Gauges
    train: Mask
    target: int
    around: Around
    weather: Floats
    hearing: tuple[Hearing, ...]
    slack: float
    records: Source
    teacher: SurgeNetwork
    students: dict[Names, SurgeNetwork]

    @property
    def hears(self) -> bool:
        """Whether any neighbour of the target is ever heard; else a student of all streams is that of its own."""
        return bool(self.around.seen[self.target].any())


def learn_elsewhere(gauges: Gauges, train: Mask, target: int, fraction: float, budget: Budget) -> Elsewhere:
    """Teacher and students of all gauges but one."""
    others = [station for station in range(len(gauges.names)) if station != target]
    whole = {station: residual(gauges, station, train) for station in others}
    silent, still = np.full(train.size, np.nan), np.zeros(train.size)
    blank = Residual(silent, still, 0.0, np.zeros((train.size, 0), np.float32), "not known", still)
    around = listen(gauges, [whole.get(station, blank) for station in range(len(gauges.names))], train, target)
    weather = {station: autocovariance(np.where(train, one.level, np.nan)) for station, one in whole.items()}
    hearing = {
        station: hearing_of(around, station, np.where(train, one.level, np.nan)) for station, one in whole.items()
    }
    full = [Record(station, whole[station], train, weather[station], hearing[station]) for station in others]
    drawn_weeks = [
        (station, draw_weeks(train, fraction, np.random.default_rng([1000 + number, station])))
        for station in others
        for number in range(budget.tides)
    ]
    few = [(station, weeks, residual(gauges, station, weeks)) for station, weeks in drawn_weeks]
    slack = slack_of([(whole[station], about) for station, _, about in few], train)
    short = []
    for station, weeks, about in few:
        elsewhere = [other for other in others if other != station]
        known = np.array([weather[other] for other in elsewhere]).reshape(-1, LAG_HOURS)
        heard = [hearing[other] for other in elsewhere]
        about = slackened(about, slack)
        here = understood(hearing_of(around, station, np.where(weeks, about.level, np.nan)), heard)
        short.append(Record(station, about, train, weather_of(about, weeks, known), here))
    records = drawn(past_of(gauges, short, train, around), budget.windows, 256, 0)
    taught = drawn(past_of(gauges, full, train, around), budget.windows, 256, 0)
    teacher = learn(new(NEIGHBOURS, 0), [taught], Regime(budget.teaching, 2e-3, neighbours_lost=0.1), 0)
    wanted = (OWN, BOTH) if bool(around.seen[target].any()) else (OWN,)
    students: dict[Names, SurgeNetwork] = {
        streams: learn(new(streams, 0), [records], Regime(budget.raising, 1e-3), 0) for streams in wanted
    }
    known = np.stack(list(weather.values()))
    return Elsewhere(gauges, train, target, around, known, tuple(hearing.values()), slack, records, teacher, students)


def slack_of(pairs: Sequence[tuple[Residual, Residual]], train: Mask) -> float:
    """Share of a tide's spread by which tides of few weeks are farther off than they say, from (whole, few) pairs.

    A tide of 2 m has more small constituents that nobody expected than one of 0.2 m.
    """
    above, size = [], []
    for whole, few in pairs:
        off = (whole.tide + whole.mean - few.tide - few.mean)[train]
        above.append(np.mean(off**2) - np.mean((few.modes[train] ** 2).sum(axis=1)))
        size.append(np.var(whole.tide[train]))
    return float(np.sqrt(max(np.dot(above, size) / max(np.dot(size, size), 1e-12), 0.0)))


def slackened(about: Residual, slack: float) -> Residual:
    """The same residual, whose tide says that it may be so much farther off."""
    known = float((about.modes**2).sum(axis=1).mean())
    wider = np.sqrt(1 + slack**2 * float(about.tide.var()) / max(known, 1e-12))
    return replace(about, modes=(wider * about.modes).astype(np.float32))


def weather_of(record: Residual, weeks: Mask, elsewhere: Floats) -> Floats:
    """(168,) autocovariance [m2] from labelled weeks and what is known of other gauges."""
    usual = float(np.exp(np.log(elsewhere[:, 0]).mean())) if len(elsewhere) else None
    return fit_residual_covariance(np.where(weeks, record.level, np.nan), record.modes, elsewhere, usual)


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
        weeks: (T,) hours with a label.
        alone: the same record as one knows it who never heard of another gauge.
        labelled: windows that hold labelled readings, and see no others.
    """

    elsewhere: Elsewhere
    record: Record
    weeks: Mask
    alone: Record
    labelled: Source
    seed: int
    budget: Budget


@dataclass(frozen=True, eq=False)
class Student:
    """A network, and how it thinks that the weather of the gauge moves."""

    network: SurgeNetwork
    record: Record


def draw_task(elsewhere: Elsewhere, fraction: float, seed: int, budget: Budget) -> Task:
    """The weeks of a seed, and the tide that they give."""
    weeks = draw_weeks(elsewhere.train, fraction, np.random.default_rng([seed, elsewhere.target]))
    bare = residual(elsewhere.gauges, elsewhere.target, weeks)
    here = hearing_of(elsewhere.around, elsewhere.target, np.where(weeks, bare.level, np.nan))
    about = slackened(bare, elsewhere.slack)
    weather = weather_of(about, weeks, elsewhere.weather)
    record = Record(elsewhere.target, about, weeks, weather, understood(here, elsewhere.hearing))
    alone = Record(elsewhere.target, bare, weeks, weather_of(bare, weeks, elsewhere.weather[:0]), here)
    labelled = replace(_windows(elsewhere, record, budget, 64, seed), tells_spread=False)
    return Task(elsewhere, record, weeks, alone, labelled, seed, budget)


def unheard(task: Task) -> Record:
    """The target's record to a teacher that never saw a reading of it."""
    return replace(task.record, hearing=understood(Hearing(1.0, 1.0, 0), task.elsewhere.hearing))


def pretrained(task: Task, streams: Names) -> Student:
    """The student of other gauges as it is."""
    return Student(task.elsewhere.students[streams], task.record)


def labels_only(task: Task, streams: Names) -> Student:
    """A new student, the labelled weeks and nothing else: it starts as readings and tide alone foretell."""
    labelled = replace(_windows(task.elsewhere, task.alone, task.budget, 256, task.seed), tells_spread=False)
    network = learn(new(streams, task.seed), [labelled], Regime(task.budget.adapting, 1e-4), task.seed)
    return Student(network, task.alone)


def finetuned(task: Task, streams: Names) -> Student:
    """The student of other gauges, fine-tuned on the labelled weeks with replay of the others: the strong sceptic."""
    return _adapted(task, streams, [task.labelled, replace(task.elsewhere.records, size=192)])


def full_record(task: Task, streams: Names) -> Student:
    """The student of other gauges on every reading of the training years: the ceiling, about the same tide."""
    train, target = task.elsewhere.train, task.elsewhere.target
    weather = autocovariance(np.where(train, residual(task.elsewhere.gauges, target, train).level, np.nan))
    record = replace(task.record, readable=train, weather=weather)
    whole = _windows(task.elsewhere, record, task.budget, 192, task.seed)
    sources = [whole, replace(task.elsewhere.records, size=64)]
    network = deepcopy(task.elsewhere.students[streams])
    return Student(learn(network, sources, Regime(task.budget.settling, 2e-4), task.seed), record)


@dataclass(frozen=True)
class Way:
    """How a teacher teaches.

    Attributes:
        daily: it lends the means of days, and its word is of days alone; its features always are.
        consistent: the student's days are to agree with the teacher's.
        attended: the student's hours listen to the teacher's by cross-attention; else each takes the newest.
        guided: its features are taught at all.
        shuffled: every word belongs to some other hour.
    """

    daily: bool = False
    consistent: bool = True
    attended: bool = True
    guided: bool = True
    shuffled: bool = False


def distilled(task: Task, streams: Names, way: Way) -> Student:
    """The student of other gauges hears of every training hour what the teacher says of it.

    In hours without a label the teacher lends what it says for a reading, and the student learns to foretell, as a
    distribution, what the teacher will say later, and to see what the teacher sees; labelled weeks and other gauges go
    on beside it.
    """
    words, features = words_of(task, way.daily, way.shuffled)
    words = replace(words, tells_hours=not way.daily, tells_days=way.daily or way.consistent)
    if way.guided:
        words = replace(words, guide=Guide(features, torch.arange(0, LAST_LEAD + 1, 24).float(), way.attended))
    return _adapted(task, streams, [task.labelled, replace(task.elsewhere.records, size=128), words])


@lru_cache(maxsize=3)  # many ways differ in what is made of these words alone
def words_of(task: Task, daily: bool, shuffled: bool) -> tuple[Source, Tensor]:
    """Windows of training hours with what the teacher says of them, and its features (N, K, D) every 24 hours."""
    elsewhere = task.elsewhere
    record = replace(task.record, residual=lent(task, daily, shuffled), readable=elsewhere.train)
    words = _windows(elsewhere, record, task.budget, 64, task.seed)
    with torch.no_grad():
        parts = torch.split(torch.arange(len(words.windows)), 2048)
        features = torch.cat([elsewhere.teacher(words.windows[part]).features for part in parts])
    if shuffled:
        features = features[torch.randperm(len(features), generator=torch.Generator().manual_seed(task.seed))]
    return words, features[:, ::24]


def lent(task: Task, daily: bool, shuffled: bool) -> Residual:
    """Readings where there are labels, elsewhere what the teacher says of the hour in that hour, with its doubt."""
    train, elsewhere, about = task.elsewhere.train, task.elsewhere, task.record.residual
    blank = replace(about, level=np.zeros(train.size))
    hours = past_of(elsewhere.gauges, [replace(task.record, residual=blank, readable=train)], train, elsewhere.around)
    now = ask(elsewhere.teacher, shown(hours, 1.0)[0])[:, 0].double().numpy()  # (N, Q)
    heard = elsewhere.around.seen[elsewhere.target, hours.issues[:, 1]].numpy()
    at, now = hours.issues[heard, 1].numpy(), now[heard]
    if shuffled:
        now = np.roll(now, int(np.random.default_rng(task.seed).integers(len(now) // 4, 3 * len(now) // 4 + 1)), axis=0)
    level, doubt = np.full(train.size, np.nan), np.zeros(train.size)
    level[at] = now[:, LEVELS.index(0.5)]
    doubt[at] = (now[:, LEVELS.index(0.95)] - now[:, LEVELS.index(0.05)]) / NORMAL_90
    if daily:
        day = (elsewhere.gauges.time - elsewhere.gauges.time[0]) // np.timedelta64(24, "h")
        mean = pd.Series(level).groupby(day).transform("mean").to_numpy()
        level = np.where(np.isfinite(level), mean, np.nan)
    labels = np.where(task.weeks, about.level, np.nan)
    read = np.isfinite(labels)
    return replace(about, level=np.where(read, labels, level), doubt=np.where(read, 0.0, doubt))


def _windows(elsewhere: Elsewhere, record: Record, budget: Budget, size: int, seed: int) -> Source:
    """Of one record at the target."""
    past = past_of(elsewhere.gauges, [record], elsewhere.train, elsewhere.around)
    return drawn(past, budget.own_windows, size, seed)


def _adapted(task: Task, streams: Names, sources: list[Source]) -> Student:
    network = deepcopy(task.elsewhere.students[streams])
    return Student(learn(network, sources, Regime(task.budget.adapting, 1e-4), task.seed), task.record)
