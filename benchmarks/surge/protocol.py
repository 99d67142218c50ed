"""The protocol: training and test hours, known weeks, the allowed tide, and what is known when a forecast is issued."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.surge.records.gauge import Gauge, Period
from benchmarks.surge.weather import Weather
from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.sea_level.harmonic_tide import SHORTEST_RECORD_DAYS, FittedTide, fit_tide, predict_tide

CONTEXT_HOURS, WEEK, PIECE = 72, 168, 6
"""Hours of context up to and including the issue; hours of a week; hours of a piece that an outage takes."""
FOLDS = 5
"""Parts of the known weeks for cross-validation."""
TRAIN_SHARE = 0.65
"""Share of a record of less than two years that is for training; the rest, less a buffer, is the test."""
TIDES = 20
"""Tides drawn from the error of a tide."""
CYCLE_WEEKS = 12
"""Weeks in which training, buffer, test and buffer follow each other in a record of a single year."""


def split(gauge: Gauge, period: Period) -> tuple[Mask, Mask]:
    """(T,) training and test hours: the days of a period, or blocks with a buffer of a week between them.

    Raises:
        InputError: no training or no test hour with a level.
    """
    if period.train:
        train, test = (
            np.logical_or.reduce([gauge.where_within(*days) for days in spans]) for spans in (period.train, period.test)
        )
    else:
        train, test = _blocks(gauge)
    for name, hours in (("training", train), ("test", test)):
        if not (np.isfinite(gauge.level) & hours).any():
            raise InputError(f"gauge '{gauge.name}'", f"has no level in the {name} period", "choose other days")
    return train, test


def _blocks(gauge: Gauge) -> tuple[Mask, Mask]:
    """Training before the test, or where the record holds half a year and more, several of both."""
    known = np.flatnonzero(np.isfinite(gauge.level))
    first, length = int(known[0]), int(known[-1]) - int(known[0]) + 1
    cycle = CYCLE_WEEKS * WEEK if length >= 2 * CYCLE_WEEKS * WEEK else length
    buffer = min(WEEK, length // 10)
    phase = (np.arange(gauge.time.size) - first) % cycle
    inside = (np.arange(gauge.time.size) >= first) & (np.arange(gauge.time.size) < first + length)
    end = round(TRAIN_SHARE * cycle)
    after = cycle - (buffer if cycle < length else 0)
    return inside & (phase < end), inside & (phase >= end + buffer) & (phase < after)


def draw_weeks(train: Mask, share: float, rng: np.random.Generator, level: Floats | None = None) -> Mask:
    """(T,) hours of random whole weeks that make up a share of the training hours, at least one week.

    The weeks are the first ones of a random order, so that larger shares contain smaller ones. With levels, weeks count
    of which at least half is observed, and so many are drawn as a tide can be fitted to.
    """
    hours = np.flatnonzero(train)
    weeks = (hours - hours[0]) // WEEK
    size = np.bincount(weeks)
    whole = np.flatnonzero(size == WEEK)
    if level is not None:
        seen = np.bincount(weeks, np.isfinite(level[hours]))
        whole = np.flatnonzero((size == WEEK) & (seen >= WEEK / 2))
    order = rng.permutation(whole)
    count = max(1, round(share * hours.size / WEEK))
    if level is not None:
        enough = np.cumsum(seen[order]) >= 24 * SHORTEST_RECORD_DAYS
        count = max(count, int(np.argmax(enough)) + 1 if enough.any() else len(order))
    allowed: Mask = np.zeros(train.size, dtype=bool)
    allowed[hours[np.isin(weeks, order[:count])]] = True
    return allowed


@dataclass(frozen=True, eq=False)
class AllowedTide:
    """The tide that every method is given.

    Attributes:
        level: (T,) with mean sea level [m on the gauge's datum], from all known weeks.
        others: (V, T) the same for training: by fold without its weeks or, where the other weeks are too few to fit a
            tide, drawn from its error, so that a method meets the error of the tide in training too.
        is_by_fold: which of the two.
        source: of the tide.
    """

    level: Floats
    others: Floats
    is_by_fold: bool
    source: str


def fit_allowed_tide(gauge: Gauge, known: Mask, fold: Indices, needed: Mask, seed: int) -> AllowedTide:
    """The tide of the known weeks, or a published one with the mean of these weeks.

    Args:
        known: (T,) hours; ``fold``: (T,) part of the cross-validation, −1 elsewhere.
        needed: (T,) hours at which it is wanted; NaN elsewhere. ``seed``: of drawn tides.
    """
    parts = range(int(fold.max()) + 1)
    if gauge.tide is not None:
        above = gauge.level - gauge.tide
        mean = float(np.nanmean(above[known]))
        without = [np.nanmean(above[_others(known, fold, part)]) if len(parts) > 1 else mean for part in parts]
        by_fold = gauge.tide + np.array(without)[:, None]
        return AllowedTide(gauge.tide + mean, by_fold, True, gauge.tide_source)
    source = f"fitted to {known.sum() // WEEK} known weeks"
    tide = _fit(gauge, known)
    level = _predict(tide, gauge.time, needed)
    try:
        found = [
            _predict(_fit(gauge, _others(known, fold, part)), gauge.time, _widened(fold == part)) for part in parts
        ]
    except RefusedByTheory:  # as if another draw of the same tide were known
        at = np.flatnonzero(_widened(known))
        modes = tide.error_modes(gauge.time[at]).astype(float)  # (T', R)
        normal = np.random.default_rng([seed, 3]).standard_normal((TIDES, modes.shape[1]))
        drawn = np.full((TIDES, level.size), np.nan)
        drawn[:, at] = predict_tide(tide.constants, gauge.time[at]) + tide.mean + normal @ modes.T
        return AllowedTide(level, drawn, False, source)
    return AllowedTide(level, np.stack(found), True, source)


def _others(known: Mask, fold: Indices, part: int) -> Mask:
    return known & (fold != part)


def _widened(hours: Mask) -> Mask:
    """Hours within a fortnight of some hours: their context and their leads."""
    reach = 2 * WEEK
    sums = np.cumsum(np.pad(hours, (reach + 1, reach)))
    wider: Mask = sums[2 * reach + 1 :] > sums[: hours.size]
    return wider


def _fit(gauge: Gauge, known: Mask) -> FittedTide:
    if gauge.latitude is None:
        raise InputError(f"gauge '{gauge.name}'", "has no latitude", "name it in the table of stations")
    level = np.where(known, gauge.level, np.nan)
    return fit_tide(gauge.time, level, gauge.latitude, name=gauge.name, source="known weeks")


def _predict(tide: FittedTide, time: Times, hours: Mask) -> Floats:
    """(T,) with mean sea level [m on the datum] at some hours; NaN elsewhere."""
    level = np.full(time.size, np.nan)
    level[hours] = predict_tide(tide.constants, time[hours]) + tide.mean
    return level


def fit_full_tide(gauge: Gauge, hours: Mask) -> Floats:
    """(T,) tide with mean sea level of every level in these hours [m on the datum], for scoring alone."""
    if gauge.tide is not None:
        return np.asarray(gauge.tide + np.nanmean((gauge.level - gauge.tide)[hours]))
    return _predict(_fit(gauge, hours), gauge.time, hours)


@dataclass(frozen=True, eq=False)
class Issues:
    """What is known at N issues: all that a method may see.

    Attributes:
        time: (N,) UTC of the issue.
        leads: (L,) [h] to forecast.
        own: (N, 72) readings up to the issue [m on the datum]; NaN = missing.
        tide: (N, 72 + H) allowed tide [m on the datum], from 71 h before to H h after.
        weather: (N, 72 + H, C) at the same hours, as known at the issue; NaN = not observed, or not issued.
        members: (N, M, H, C) of an ensemble, hours 1 … H, or ``None``.
        operational, low, high: (N, L) operational forecast at the leads, and 10 % and 90 % of its members [m on its own
            datum], or ``None``.
        age: (N,) of the newest forecast [h].
        outage: share of own readings that the case loses.
    """

    time: Times
    leads: tuple[int, ...]
    own: Floats
    tide: Floats
    weather: Floats
    members: Floats | None
    operational: Floats | None
    low: Floats | None
    high: Floats | None
    age: Floats
    outage: float

    def __len__(self) -> int:
        return len(self.own)

    def __getitem__(self, index: Mask | Indices | slice) -> Self:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays: dict[str, Any] = {name: part[index] for name, part in parts.items() if isinstance(part, np.ndarray)}
        return replace(self, **arrays)

    @property
    def at_lead(self) -> Indices:
        """(L,) index of each lead on the hours of ``tide`` and ``weather``."""
        return CONTEXT_HOURS - 1 + np.array(self.leads)

    @property
    def tide_at_leads(self) -> Floats:
        """(N, L) allowed tide [m on the datum]."""
        return self.tide[:, self.at_lead]

    @property
    def residual(self) -> Floats:
        """(N, 72) readings above the tide [m]; NaN = missing."""
        return self.own - self.tide[:, :CONTEXT_HOURS]


@dataclass(frozen=True, eq=False)
class Training:
    """Issues in known weeks with their levels.

    Attributes:
        issues: about tides of other weeks (`AllowedTide.others`).
        level: (N, L) [m on the datum] at the leads; NaN = not known.
        fold: (N,) part of the cross-validation.
        is_whole: (N,) whether half of the readings were there before the outage, as in a test.
    """

    issues: Issues
    level: Floats
    fold: Indices
    is_whole: Mask

    def __getitem__(self, index: Mask | Indices) -> Self:
        return replace(
            self, issues=self.issues[index], level=self.level[index], fold=self.fold[index],
            is_whole=self.is_whole[index],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Task:
    """A target gauge with its known weeks, under one mode of weather.

    Attributes:
        gauge: its levels outside of the known weeks are for scoring alone.
        others: gauges of the same set.
        train, test, known: (T,) hours; ``fold``: (T,) of the cross-validation, −1 outside of the known weeks.
        tide: allowed.
        weather: as issued.
        leads: [h].
        seed: of the draw.
    """

    gauge: Gauge
    others: tuple[Gauge, ...]
    train: Mask
    test: Mask
    known: Mask
    fold: Indices
    tide: AllowedTide
    weather: Weather
    leads: tuple[int, ...]
    seed: int
    _kept: dict[float, Training] = field(default_factory=dict)

    def training(self, outage: float) -> Training:
        """Every issue with a known level ahead; readings outside of the known weeks are missing."""
        if outage not in self._kept:
            self._kept[outage] = self._training(outage)
        return self._kept[outage]

    def _training(self, outage: float) -> Training:
        level = np.where(self.known, self.gauge.level, np.nan)
        hours = np.flatnonzero(np.isfinite(self._ahead(level)).any(axis=1) & self._inside & self.train)
        nearest = self._fold_near(hours)
        drawn = np.random.default_rng([self.seed, 4]).integers(len(self.tide.others), size=hours.size)
        which = nearest if self.tide.is_by_fold else drawn
        issues = self._issues(hours, level, self.tide.others, which, outage, [self.seed, 1])
        seen = np.isfinite(sliding_window_view(level, CONTEXT_HOURS)[hours - CONTEXT_HOURS + 1]).sum(axis=1)
        ahead = hours[:, None] + np.array(self.leads)
        is_whole = seen >= max(1, seen.max() / 2) if seen.any() else np.zeros(hours.size, dtype=bool)
        return Training(issues, level[ahead], nearest, is_whole)

    def tests(self, outage: float) -> tuple[Issues, Floats, Indices]:
        """Issues of the test with their levels (N, L) and hours (N,); the readings before an issue are known."""
        level = np.where(self.test & self.gauge.scored, self.gauge.level, np.nan)
        hours = np.flatnonzero(np.isfinite(self._ahead(level)).any(axis=1) & self._inside & self.test)
        issues = self._issues(
            hours, self.gauge.level, self.tide.level[None], np.zeros(hours.size, np.int64), outage, [self.seed, 2]
        )
        return issues, level[hours[:, None] + np.array(self.leads)], hours

    @property
    def _inside(self) -> Mask:
        """(T,) hours with a whole context before and every lead behind them."""
        inside: Mask = np.zeros(self.gauge.time.size, dtype=bool)
        inside[CONTEXT_HOURS - 1 : inside.size - max(self.leads)] = True
        return inside

    def _ahead(self, level: Floats) -> Floats:
        """(T, L) levels at the leads after each hour; NaN beyond the record."""
        padded = np.pad(level, (0, max(self.leads)), constant_values=np.nan)
        return np.stack([padded[lead : lead + level.size] for lead in self.leads], axis=1)

    def _fold_near(self, hours: Indices) -> Indices:
        """(N,) fold of the known week of each issue, or of the next one ahead."""
        coming = np.where(self.fold >= 0, np.arange(self.fold.size), self.fold.size - 1)
        following = np.minimum.accumulate(coming[::-1])[::-1]
        last = int(np.flatnonzero(self.fold >= 0)[-1])
        found: Indices = self.fold[np.minimum(following[hours], last)]
        return found

    def _issues(
        self, hours: Indices, level: Floats, tides: Floats, fold: Indices, outage: float, seed: Sequence[int]
    ) -> Issues:
        ahead = max(self.leads)
        window = hours[:, None] + np.arange(1 - CONTEXT_HOURS, ahead + 1)
        own = level[window[:, :CONTEXT_HOURS]]
        if self.gauge.reading_delay:
            own[:, CONTEXT_HOURS - self.gauge.reading_delay :] = np.nan
        pieces = np.random.default_rng(seed).random((hours.size, CONTEXT_HOURS // PIECE)) < outage
        own[np.repeat(pieces, PIECE, axis=1)] = np.nan
        weather, members, age = self.weather.at(hours, CONTEXT_HOURS, ahead)
        time = self.gauge.time[hours]
        value = low = high = None
        if self.gauge.operational is not None:
            value, low, high, age = self.gauge.operational.at(time, self.leads)
        tide = tides[fold[:, None], window]
        return Issues(time, self.leads, own, tide, weather, members, value, low, high, age, outage)


def draw_task(
    gauge: Gauge,
    others: tuple[Gauge, ...],
    period: Period,
    fraction: float,
    leads: tuple[int, ...],
    seed: int,
    mode: str,
) -> Task:
    """The task of one draw of known weeks."""
    train, test = split(gauge, period)
    everything = fraction >= 1
    known = train if everything else draw_weeks(train, fraction, np.random.default_rng([seed, 7]), gauge.level)
    fold = np.full(train.size, -1)
    hours = np.flatnonzero(known)
    week = (hours - np.flatnonzero(train)[0]) // WEEK
    order = np.unique(week, return_inverse=True)[1]
    fold[hours] = order % FOLDS
    tide = fit_allowed_tide(gauge, known, fold, _widened(test), seed)
    return Task(gauge, others, train, test, known, fold, tide, Weather(gauge, mode, seed), leads, seed)
