"""High waters of a record: what the tide would have reached, and what the weather added."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.weather.storms import Window

LEAST_SHARE = 0.75
"""Share of the hours of a tidal cycle that must be observed for its high water to count [-]; an assumption."""
STORMY = 0.99
"""Quantile of the observed skew surges above which what a failing gauge still read counts as its cycle's [-]: some
seven high waters a year are as stormy. An assumption. Gauges fail in storms; without such readings the record would
lack its worst ones."""
TIDAL_DAY = 25
"""[h]; a lunar day of 24.84 h, rounded up."""
TIDE_IS_LARGE = 1.0
"""Spread of the predicted high waters over that of the skew surges [-] from which tide and surge are treated as two
chances; below it, the highest level of each tidal day is one. An assumption: where the tide moves high waters less than
the weather does, little is gained by knowing it."""


@dataclass(frozen=True, eq=False)
class HighWaters:
    """Observed high waters, one for each tidal cycle (or tidal day).

    Attributes:
        time: (N,) UTC of the predicted high water (or of the day's middle).
        tide: (N,) predicted high water [m above mean sea level]; 0 where tide and weather are not separated.
        surge: (N,) highest observed level of the cycle minus ``tide``: the skew surge [m]. At least that much where the
            gauge failed in a storm.
    """

    time: Times
    tide: Floats
    surge: Floats

    def __post_init__(self) -> None:
        if not (self.time.shape == self.tide.shape == self.surge.shape) or not np.isfinite(self.surge).all():
            raise InputError("high waters", "shapes differ or values are missing", "leave unobserved cycles out")

    @property
    def month(self) -> npt.NDArray[np.int64]:
        """(N,) 0 = January."""
        return month_of(self.time)

    def where(self, chosen: Mask) -> Self:
        """Some of them."""
        return type(self)(self.time[chosen], self.tide[chosen], self.surge[chosen])

    def within(self, windows: list[Window]) -> npt.NDArray[np.int64]:
        """(N,) index of the window that a high water falls into; −1 = none. The windows must not overlap."""
        found = np.full(self.time.shape, -1, dtype=np.int64)
        for index, (start, end) in enumerate(windows):
            found[(self.time >= start) & (self.time <= end)] = index
        return found


def find_high_waters(time: Times, level: Floats, tide: Floats) -> HighWaters:
    """High waters of an hourly record, from low water to low water of the predicted tide.

    Cycles with too few readings are left out, unless what was read of them is already ``STORMY``.

    Args:
        time: (T,) UTC, every hour.
        level: (T,) observed [m above mean sea level]; NaN = gap.
        tide: (T,) predicted [m above mean sea level].

    Source: skew surge, Batstone et al. (2013), Ocean Engineering 71, 28-39.
    """
    rising = np.diff(tide) > 0
    turns = rising[:-1] != rising[1:]
    high = np.flatnonzero(turns & rising[:-1]) + 1
    low = np.flatnonzero(turns & rising[1:]) + 1
    starts = low[:-1]
    if starts.size == 0:
        return HighWaters(time[:0], tide[:0], level[:0])
    peak = high[np.searchsorted(high, starts)]  # the high water after each low water
    highest, share = _highest_of(level, low)
    surge = highest - tide[peak]
    seen = _is_known(surge, share)
    return HighWaters(time[peak][seen], tide[peak][seen], surge[seen])


def find_daily_highest(time: Times, level: Floats) -> HighWaters:
    """The highest level of each tidal day of an hourly record, with a tide of 0; gaps as in `find_high_waters`.

    Args:
        time: (T,) UTC, every hour.
        level: (T,) observed [m above mean sea level]; NaN = gap.
    """
    starts = np.arange(0, time.size + 1, TIDAL_DAY)
    if starts.size < 2:
        return HighWaters(time[:0], np.empty(0), np.empty(0))
    highest, share = _highest_of(level, starts)
    seen = _is_known(highest, share)
    return HighWaters(time[starts[:-1] + TIDAL_DAY // 2][seen], np.zeros(int(seen.sum())), highest[seen])


def tide_is_large(waters: HighWaters) -> tuple[bool, float]:
    """Whether tide and surge are treated apart, and the ratio of their spreads [-]; see ``TIDE_IS_LARGE``."""
    spread = float(waters.surge.std()) if waters.surge.size else 0.0
    ratio = float(waters.tide.std()) / spread if spread > 0 else 0.0
    return ratio >= TIDE_IS_LARGE, ratio


def month_of(time: Times) -> npt.NDArray[np.int64]:
    """(T,) months, 0 = January."""
    return np.asarray(pd.DatetimeIndex(time).month, dtype=np.int64) - 1


def _is_known(height: Floats, share: Floats) -> Mask:
    """(N,) whether the height of a cycle counts: enough of it was observed, or what was observed is stormy."""
    whole = share >= LEAST_SHARE
    if whole.all() or not whole.any():
        return np.asarray(whole)
    return np.asarray(whole | (height > np.quantile(height[whole], STORMY)))


def _highest_of(level: Floats, edges: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Highest level [m] between each two edges, and the share of observed hours [-]."""
    end = int(edges[-1])
    seen = np.isfinite(level[:end])
    filled = np.where(seen, level[:end], -np.inf)
    highest = np.maximum.reduceat(filled, edges[:-1])
    return highest, np.add.reduceat(seen, edges[:-1]) / np.diff(edges)
