"""Recorded tracks as one table of fixes, and the steps of six hours between them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.weather.cyclone_fields import KNOT, offset_metres
from strandline.simulator.sea.cyclone_climate.grid import LandMask, month_of_day

STEP_HOURS = 6
GALE = 34.0 * KNOT
"""[m s-1] 1-minute wind from which a storm has a name."""
TREND_MEMORY = 0.93
"""[-] of the mean of past changes of the wind from one step to the next: about three days."""
SECONDS = STEP_HOURS * 3600.0
DAYS_PER_YEAR = 365.25


class StormState(NamedTuple):
    """What is known of storms (N,) at one time, beside their place.

    Attributes:
        wind: 1-minute [m s-1].
        change: of the wind in the last six hours [m s-1].
        trend: mean change of about the last three days [m s-1 in six hours].
        peak: greatest wind until then [m s-1].
        age: steps of six hours since the genesis.
    """

    wind: Floats
    change: Floats
    trend: Floats
    peak: Floats
    age: Floats

    def at(self, which: Indices | Mask) -> "StormState":
        """The state of some storms."""
        return StormState(*(each[which] for each in self))

    def after(self, wind: Floats) -> "StormState":
        """The state six hours on, with a new wind [m s-1]."""
        change = wind - self.wind
        return StormState(wind, change, next_trend(self.trend, change), np.maximum(self.peak, wind), self.age + 1.0)


def next_trend(trend: Floats, change: Floats) -> Floats:
    """Mean change of the wind after one more step."""
    return np.asarray(TREND_MEMORY * trend + (1.0 - TREND_MEMORY) * change)


@dataclass(frozen=True, eq=False)
class Fixes:
    """Six-hourly fixes (N,) of many storms; those of one storm are adjacent and in order of time.

    Attributes:
        storm: number of the storm.
        basin: of each fix, e.g. ``WP``.
        time: UTC.
        longitude, latitude: of the centre [degrees].
        wind: 1-minute maximum [m s-1].

    Raises:
        InputError: a fix without position or wind, or a storm whose fixes are not in order of time.
    """

    storm: Indices
    basin: npt.NDArray[np.str_]
    time: Times
    longitude: Floats
    latitude: Floats
    wind: Floats

    def __post_init__(self) -> None:
        if not all(np.isfinite(each).all() for each in (self.longitude, self.latitude, self.wind)):
            raise InputError("cyclone fixes", "a position or wind is not a number", "leave such fixes out")
        same = self.storm[1:] == self.storm[:-1]
        if np.any(np.diff(self.time)[same] <= np.timedelta64(0)) or np.unique(self.storm).size != 1 + (~same).sum():
            raise InputError("cyclone fixes", "storms are not in order of time", "sort them by storm and time")

    @cached_property
    def first(self) -> Mask:
        """(N,) whether a fix is the first of its storm."""
        return np.asarray(np.append(True, self.storm[1:] != self.storm[:-1]))

    @cached_property
    def last(self) -> Mask:
        """(N,) whether a fix is the last of its storm."""
        return np.asarray(np.append(self.first[1:], True))

    @cached_property
    def month(self) -> Indices:
        """(N,) month of each fix, 0 to 11, as the sampler counts them."""
        return month_of_day(self.day)

    @cached_property
    def day(self) -> Floats:
        """(N,) days since the first of January."""
        return np.asarray((self.time - self.time.astype("datetime64[Y]")) / np.timedelta64(1, "D"))

    @cached_property
    def age(self) -> Indices:
        """(N,) fixes of the same storm before each."""
        number = np.arange(self.storm.size)
        return np.asarray(number - np.maximum.accumulate(np.where(self.first, number, 0)))

    @cached_property
    def states(self) -> StormState:
        """(N,) state of the storm at each fix."""
        apart = 1000.0 * np.cumsum(self.first)  # so that no maximum reaches the next storm
        peak = np.maximum.accumulate(self.wind + apart) - apart
        change = np.where(self.first, 0.0, np.append(0.0, np.diff(self.wind)))
        trend = np.zeros(self.storm.size)
        for age in range(1, int(self.age.max(initial=0)) + 1):
            number = np.flatnonzero(self.age == age)
            trend[number] = next_trend(trend[number - 1], change[number])
        return StormState(self.wind, change, trend, peak, self.age.astype(np.float64))

    def chosen(self, which: Mask) -> "Fixes":
        """The fixes of some storms."""
        return Fixes(
            self.storm[which],
            self.basin[which],
            self.time[which],
            self.longitude[which],
            self.latitude[which],
            self.wind[which],
        )

    def gales(self) -> "Fixes":
        """The storms whose wind reaches gale force; agencies differ, and differed over the years, in the others."""
        start = np.flatnonzero(self.first)
        if start.size == 0:
            return self
        strongest = np.maximum.reduceat(self.wind, start)
        return self.chosen((strongest >= GALE)[np.cumsum(self.first) - 1])

    def born(self, first_year: int, last_year: int) -> "Fixes":
        """The storms whose first fix lies in some years, both included."""
        year = self.time.astype("datetime64[Y]").astype(np.int64) + 1970
        at_birth = year[self.first][np.cumsum(self.first) - 1]
        return self.chosen((at_birth >= first_year) & (at_birth <= last_year))


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of six hours, each with up to two earlier ones of the same storm.

    Attributes:
        at: (S,) number of the fix at which each begins.
        velocity: (S, 2) eastward and northward [m s-1].
        change: (S,) of the wind [m s-1].
        land: (S,) share of the step over land [-].
        before, before_that: (S,) number of the step before and of that before it; -1 = there is none.
    """

    at: Indices
    velocity: Floats
    change: Floats
    land: Floats
    before: Indices
    before_that: Indices


def steps_of(fixes: Fixes, land: LandMask) -> Steps:
    """The steps between fixes that lie six hours apart."""
    regular = ~fixes.last[:-1] & (np.diff(fixes.time) == np.timedelta64(STEP_HOURS, "h"))
    at = np.flatnonzero(regular)
    east, north = offset_metres(
        fixes.longitude[at] + _turned(fixes.longitude[at + 1] - fixes.longitude[at]),
        fixes.latitude[at + 1],
        fixes.longitude[at],
        fixes.latitude[at],
    )
    numbers = np.full(fixes.storm.size, -1)
    numbers[at] = np.arange(at.size)

    def earlier(number: Indices) -> Indices:
        fix = np.where(number >= 0, at[number], 0)
        same = (number >= 0) & ~fixes.first[fix]
        return np.asarray(np.where(same, numbers[np.maximum(fix - 1, 0)], -1))

    before = earlier(np.arange(at.size))
    return Steps(
        at,
        np.stack([east, north], axis=1) / SECONDS,
        fixes.wind[at + 1] - fixes.wind[at],
        land.share_of_step(fixes.longitude[at], fixes.latitude[at], fixes.longitude[at + 1], fixes.latitude[at + 1]),
        before,
        earlier(before),
    )


def _turned(difference: Floats) -> Floats:
    """A difference of longitudes, between -180 and 180 degrees."""
    return np.asarray((difference + 180.0) % 360.0 - 180.0)
