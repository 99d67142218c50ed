"""The compared methods: students of one gauge with and without its labels, with and without a teacher."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.surge.neighbours.networks.surge_network import LAST_LEAD, LEVELS, SurgeNetwork
from benchmarks.surge.neighbours.records.gauges import Gauges, Residual, draw_weeks, fit_residual
from benchmarks.surge.neighbours.records.windows import (
    NeighbourFit,
    NeighbourPrediction,
    Record,
    build_record_set,
    fit_neighbours,
    predict_from_neighbours,
    shrink_fit,
)
from benchmarks.surge.neighbours.training import (
    FeatureTarget,
    Source,
    TrainingConfig,
    all_windows,
    draw_source,
    predict_quantiles,
    train_network,
)
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS
from strandline.observations.sea_level.surge.residual_process import autocovariance, fit_residual_covariance

NORMAL_90 = 3.29
"""Standard deviations between the 5th and 95th percentile of a normal distribution."""
Names = tuple[str, ...]
OWN: Names = ("own",)
NEIGHBOURS: Names = ("neighbours",)
BOTH: Names = ("own", "neighbours")


@dataclass(frozen=True)
class Budget:
    """Optimiser steps and windows, equal for methods with the same initial weights.

    Attributes:
        teacher_steps, student_steps: pre-training on the other gauges; ``adaptation_steps``: to the target;
            ``full_record_steps``: of the ceiling, which has every reading of the target.
        tides: short records drawn per other gauge, so that the student is trained on the errors of such tides.
        windows: of all other gauges; ``own_windows``: of the target.
    """

    teacher_steps: int = 300
    student_steps: int = 1000
    adaptation_steps: int = 150
    full_record_steps: int = 600
    tides: int = 6
    windows: int = 24_000
    own_windows: int = 6_000


@dataclass(frozen=True, eq=False)
class OtherGauges:
    """Networks and statistics of the other gauges; nothing of the target's record is used.

    Attributes:
        gauges, train: records, and (T,) training hours.
        target: index of the target gauge.
        neighbours: predictions from the neighbours of each gauge.
        covariance: (K, 168) autocovariances of the residuals [m2].
        neighbour_fit: fits of the neighbour predictions.
        tide_error: excess error of a tide fitted to few weeks, as a share of the standard deviation of the tide.
        records: training windows about tides of few weeks.
        teacher: from neighbours alone; ``students``: by set of streams.
    """

    gauges: Gauges
    train: Mask
    target: int
    neighbours: NeighbourPrediction
    covariance: Floats
    neighbour_fit: tuple[NeighbourFit, ...]
    tide_error: float
    records: Source
    teacher: SurgeNetwork
    students: dict[Names, SurgeNetwork]

    @property
    def has_neighbours(self) -> bool:
        """Whether the target ever has a neighbour prediction."""
        return bool(self.neighbours.seen[self.target].any())


def train_other_gauges(gauges: Gauges, train: Mask, target: int, fraction: float, budget: Budget) -> OtherGauges:
    """Train the teacher and the students on all gauges but the target."""
    others = [station for station in range(len(gauges.names)) if station != target]
    whole = {station: fit_residual(gauges, station, train) for station in others}
    no_level, no_tide = np.full(train.size, np.nan), np.zeros(train.size)
    blank = Residual(no_level, no_tide, 0.0, np.zeros((train.size, 0), np.float32), "not known", no_tide)
    neighbours = predict_from_neighbours(
        gauges, [whole.get(station, blank) for station in range(len(gauges.names))], train, target
    )
    covariance = {station: autocovariance(np.where(train, one.level, np.nan)) for station, one in whole.items()}
    neighbour_fit = {
        station: fit_neighbours(neighbours, station, np.where(train, one.level, np.nan))
        for station, one in whole.items()
    }
    full = [Record(station, whole[station], train, covariance[station], neighbour_fit[station]) for station in others]
    drawn_weeks = [
        (station, draw_weeks(train, fraction, np.random.default_rng([1000 + number, station])))
        for station in others
        for number in range(budget.tides)
    ]
    short_records = [(station, weeks, fit_residual(gauges, station, weeks)) for station, weeks in drawn_weeks]
    tide_error = tide_error_ratio([(whole[station], residual) for station, _, residual in short_records], train)
    short = []
    for station, weeks, residual in short_records:
        other_gauges = [other for other in others if other != station]
        known = np.array([covariance[other] for other in other_gauges]).reshape(-1, LAG_HOURS)
        available = [neighbour_fit[other] for other in other_gauges]
        residual = with_wider_tide_error(residual, tide_error)
        fit = shrink_fit(fit_neighbours(neighbours, station, np.where(weeks, residual.level, np.nan)), available)
        short.append(Record(station, residual, train, fit_covariance(residual, weeks, known), fit))
    records = draw_source(build_record_set(gauges, short, train, neighbours), budget.windows, 256, 0)
    full_records = draw_source(build_record_set(gauges, full, train, neighbours), budget.windows, 256, 0)
    teacher = train_network(
        new_network(NEIGHBOURS, 0), [full_records], TrainingConfig(budget.teacher_steps, 2e-3, neighbours_lost=0.1), 0
    )
    stream_sets = (OWN, BOTH) if bool(neighbours.seen[target].any()) else (OWN,)
    students: dict[Names, SurgeNetwork] = {
        streams: train_network(new_network(streams, 0), [records], TrainingConfig(budget.student_steps, 1e-3), 0)
        for streams in stream_sets
    }
    known = np.stack(list(covariance.values()))
    return OtherGauges(
        gauges, train, target, neighbours, known, tuple(neighbour_fit.values()), tide_error, records, teacher, students
    )


def tide_error_ratio(pairs: Sequence[tuple[Residual, Residual]], train: Mask) -> float:
    """Excess error of tides fitted to few weeks, as a share of the standard deviation of the tide.

    Large tides have larger constituents outside the model.

    Args:
        pairs: residuals from a tide of the whole record, and from one of few weeks.
    """
    above, size = [], []
    for whole, short_records in pairs:
        off = (whole.tide + whole.mean - short_records.tide - short_records.mean)[train]
        above.append(np.mean(off**2) - np.mean((short_records.modes[train] ** 2).sum(axis=1)))
        size.append(np.var(whole.tide[train]))
    return float(np.sqrt(max(np.dot(above, size) / max(np.dot(size, size), 1e-12), 0.0)))


def with_wider_tide_error(residual: Residual, tide_error: float) -> Residual:
    """The same residual with error modes that include the excess error of the tide."""
    known = float((residual.modes**2).sum(axis=1).mean())
    wider = np.sqrt(1 + tide_error**2 * float(residual.tide.var()) / max(known, 1e-12))
    return replace(residual, modes=(wider * residual.modes).astype(np.float32))


def fit_covariance(record: Residual, weeks: Mask, other_gauges: Floats) -> Floats:
    """(168,) autocovariance [m2] from labelled weeks, with the other gauges as prior."""
    prior_variance = float(np.exp(np.log(other_gauges[:, 0]).mean())) if len(other_gauges) else None
    return fit_residual_covariance(np.where(weeks, record.level, np.nan), record.modes, other_gauges, prior_variance)


def new_network(streams: Names, seed: int) -> SurgeNetwork:
    """A network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SurgeNetwork(192, streams)


@dataclass(frozen=True, eq=False)
class GaugeTask:
    """The target gauge with its labelled weeks.

    Attributes:
        record: with the tide of the labelled weeks and statistics of the other gauges.
        weeks: (T,) labelled hours.
        record_alone: the same record without any statistics of other gauges.
        labelled: windows with labelled readings only.
    """

    other_gauges: OtherGauges
    record: Record
    weeks: Mask
    record_alone: Record
    labelled: Source
    seed: int
    budget: Budget


@dataclass(frozen=True, eq=False)
class Student:
    """A network, and the record with the covariance that it uses."""

    network: SurgeNetwork
    record: Record


def draw_task(other_gauges: OtherGauges, fraction: float, seed: int, budget: Budget) -> GaugeTask:
    """The labelled weeks of a seed, and the tide fitted to them."""
    weeks = draw_weeks(other_gauges.train, fraction, np.random.default_rng([seed, other_gauges.target]))
    own_residual = fit_residual(other_gauges.gauges, other_gauges.target, weeks)
    fit = fit_neighbours(other_gauges.neighbours, other_gauges.target, np.where(weeks, own_residual.level, np.nan))
    residual = with_wider_tide_error(own_residual, other_gauges.tide_error)
    covariance = fit_covariance(residual, weeks, other_gauges.covariance)
    record = Record(other_gauges.target, residual, weeks, covariance, shrink_fit(fit, other_gauges.neighbour_fit))
    record_alone = Record(
        other_gauges.target, own_residual, weeks, fit_covariance(own_residual, weeks, other_gauges.covariance[:0]), fit
    )
    labelled = replace(_windows(other_gauges, record, budget, 64, seed), trains_spread=False)
    return GaugeTask(other_gauges, record, weeks, record_alone, labelled, seed, budget)


def without_readings(task: GaugeTask) -> Record:
    """The record of the target for a teacher without any of its readings."""
    return replace(task.record, neighbour_fit=shrink_fit(NeighbourFit(1.0, 1.0, 0), task.other_gauges.neighbour_fit))


def pretrained(task: GaugeTask, streams: Names) -> Student:
    """The student of other gauges, not adapted."""
    return Student(task.other_gauges.students[streams], task.record)


def labels_only(task: GaugeTask, streams: Names) -> Student:
    """A student with random weights, trained on the labelled weeks alone."""
    labelled = replace(_windows(task.other_gauges, task.record_alone, task.budget, 256, task.seed), trains_spread=False)
    network = train_network(
        new_network(streams, task.seed), [labelled], TrainingConfig(task.budget.adaptation_steps, 1e-4), task.seed
    )
    return Student(network, task.record_alone)


def fine_tuned(task: GaugeTask, streams: Names) -> Student:
    """The student of other gauges, fine-tuned on the labelled weeks with replay: the strong baseline."""
    return _adapt(task, streams, [task.labelled, replace(task.other_gauges.records, size=192)])


def full_record(task: GaugeTask, streams: Names) -> Student:
    """The ceiling: the student of other gauges, trained on every reading of the training period, with the same tide."""
    train, target = task.other_gauges.train, task.other_gauges.target
    covariance = autocovariance(np.where(train, fit_residual(task.other_gauges.gauges, target, train).level, np.nan))
    record = replace(task.record, readable=train, covariance=covariance)
    whole = _windows(task.other_gauges, record, task.budget, 192, task.seed)
    sources = [whole, replace(task.other_gauges.records, size=64)]
    network = deepcopy(task.other_gauges.students[streams])
    return Student(
        train_network(network, sources, TrainingConfig(task.budget.full_record_steps, 2e-4), task.seed), record
    )


@dataclass(frozen=True)
class DistillationVariant:
    """Variant of the distillation, for the ablations.

    Attributes:
        daily: the teacher gives daily means only; its features are daily in every variant.
        trains_daily_means: whether daily means of the student are trained to equal those of the teacher.
        has_attention: whether features are aligned by cross-attention; else with the newest of the teacher.
        trains_features: whether features are aligned at all.
        shuffled: whether teacher predictions belong to other hours.
    """

    daily: bool = False
    trains_daily_means: bool = True
    has_attention: bool = True
    trains_features: bool = True
    shuffled: bool = False


def distilled(task: GaugeTask, streams: Names, variant: DistillationVariant) -> Student:
    """The student of other gauges, distilled on every training hour.

    In hours without a label the teacher's nowcast replaces the reading. The student is trained to predict the
    distribution of later nowcasts and to align its features with the teacher's, beside labelled weeks and other gauges.
    """
    with_teacher, features = teacher_windows(task, variant.daily, variant.shuffled)
    with_teacher = replace(
        with_teacher, trains_hours=not variant.daily, trains_days=variant.daily or variant.trains_daily_means
    )
    if variant.trains_features:
        with_teacher = replace(
            with_teacher,
            feature_target=FeatureTarget(features, torch.arange(0, LAST_LEAD + 1, 24).float(), variant.has_attention),
        )
    return _adapt(task, streams, [task.labelled, replace(task.other_gauges.records, size=128), with_teacher])


@lru_cache(maxsize=3)  # several variants share these windows
def teacher_windows(task: GaugeTask, daily: bool, shuffled: bool) -> tuple[Source, Tensor]:
    """Windows of training hours with teacher predictions, and teacher features (N, K, D) every 24 hours."""
    other_gauges = task.other_gauges
    record = replace(task.record, residual=with_teacher_levels(task, daily, shuffled), readable=other_gauges.train)
    with_teacher = _windows(other_gauges, record, task.budget, 64, task.seed)
    with torch.no_grad():
        parts = torch.split(torch.arange(len(with_teacher.windows)), 2048)
        features = torch.cat([other_gauges.teacher(with_teacher.windows[part]).features for part in parts])
    if shuffled:
        features = features[torch.randperm(len(features), generator=torch.Generator().manual_seed(task.seed))]
    return with_teacher, features[:, ::24]


def with_teacher_levels(task: GaugeTask, daily: bool, shuffled: bool) -> Residual:
    """Readings where there are labels, else nowcasts of the teacher with their standard deviation."""
    train, other_gauges, residual = task.other_gauges.train, task.other_gauges, task.record.residual
    blank = replace(residual, level=np.zeros(train.size))
    hours = build_record_set(
        other_gauges.gauges, [replace(task.record, residual=blank, readable=train)], train, other_gauges.neighbours
    )
    now = predict_quantiles(other_gauges.teacher, all_windows(hours, 1.0)[0])[:, 0].double().numpy()  # (N, Q)
    available = other_gauges.neighbours.seen[other_gauges.target, hours.issues[:, 1]].numpy()
    at, now = hours.issues[available, 1].numpy(), now[available]
    if shuffled:
        now = np.roll(now, int(np.random.default_rng(task.seed).integers(len(now) // 4, 3 * len(now) // 4 + 1)), axis=0)
    level, uncertainty = np.full(train.size, np.nan), np.zeros(train.size)
    level[at] = now[:, LEVELS.index(0.5)]
    uncertainty[at] = (now[:, LEVELS.index(0.95)] - now[:, LEVELS.index(0.05)]) / NORMAL_90
    if daily:
        day = (other_gauges.gauges.time - other_gauges.gauges.time[0]) // np.timedelta64(24, "h")
        mean = pd.Series(level).groupby(day).transform("mean").to_numpy()
        level = np.where(np.isfinite(level), mean, np.nan)
    labels = np.where(task.weeks, residual.level, np.nan)
    read = np.isfinite(labels)
    return replace(residual, level=np.where(read, labels, level), uncertainty=np.where(read, 0.0, uncertainty))


def _windows(other_gauges: OtherGauges, record: Record, budget: Budget, size: int, seed: int) -> Source:
    """Training windows of one record of the target."""
    record_set = build_record_set(other_gauges.gauges, [record], other_gauges.train, other_gauges.neighbours)
    return draw_source(record_set, budget.own_windows, size, seed)


def _adapt(task: GaugeTask, streams: Names, sources: list[Source]) -> Student:
    network = deepcopy(task.other_gauges.students[streams])
    return Student(
        train_network(network, sources, TrainingConfig(task.budget.adaptation_steps, 1e-4), task.seed), task.record
    )
