"""Events of any driver in hourly records of several: by which they are found, and the peak of every driver in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.ndimage import maximum_filter1d

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import Window

WINDOW = 36
"""[h] Before and after the peak that makes an event; peaks of other drivers within it belong to the event. An
assumption: rain of a day and a few high waters of the sea meet in a polder that drains within two days."""
APART = 48
"""Least distance of two events [h]."""
LOCAL = 72
"""[h] On both sides of a peak that no hour exceeds: runs that end after three days, as for surges."""
PEAKS_PER_YEAR = 10.0
"""Highest peaks of each driver that make events [a-1]: enough that what floods in every second year by two drivers
together, none of them rare, is among them. An assumption."""
LEAST_SHARE = 0.75
"""Share of an event's hours in which each driver must be known [-]; an assumption."""
FEWEST_YEARS = 5.0
"""Record [years] below which no events are found: seasons and years could not be distinguished. A convention."""
PASSAGE_MARGIN = np.timedelta64(12, "h")
"""Before and after a passage, within which a peak belongs to the cyclone; an assumption."""
DAYS = 365.25
"""Of a year."""


@dataclass(frozen=True, eq=False)
class DriverEvents:
    """Independent events of several drivers.

    Attributes:
        drivers: D names.
        time: (N,) UTC hour of the peak that makes the event.
        peaks: (N, D) highest value of every driver within ``WINDOW`` of it, in each driver's unit.
        cyclonic: (N,) whether a cyclone passed.
        years: time [years] in which every driver was observed.
    """

    drivers: tuple[str, ...]
    time: Times
    peaks: Floats
    cyclonic: Mask
    years: float

    def __post_init__(self) -> None:
        if self.peaks.shape != (self.time.size, len(self.drivers)) or not np.isfinite(self.peaks).all():
            raise InputError("events", "shapes differ or peaks are missing", "leave unobserved events out")

    @property
    def day(self) -> Floats:
        """(N,) time of the year [days], 0 = start of January."""
        stamps = pd.DatetimeIndex(self.time)
        return np.asarray(stamps.day_of_year - 1 + stamps.hour / 24, dtype=np.float64)

    @property
    def year(self) -> Indices:
        """(N,) calendar year."""
        return np.asarray(pd.DatetimeIndex(self.time).year, dtype=np.int64)

    def take(self, index: Indices) -> Self:
        """Some of them, in this order, as of the same time."""
        return type(self)(self.drivers, self.time[index], self.peaks[index], self.cyclonic[index], self.years)


def find_driver_events(
    time: Times,
    records: Sequence[Floats],
    drivers: Sequence[str],
    passages: Sequence[Window] = (),
    peaks_per_year: float = PEAKS_PER_YEAR,
) -> DriverEvents:
    """Find the events of any driver: hours that are the highest within three days, the highest of these for each.

    Where peaks of two drivers lie less than ``APART`` hours from one another, the one of higher rank makes the event.

    Args:
        time: (T,) UTC, every hour.
        records: (T,) of each driver, as sea level [m], rain of a day [mm], discharge [m3 s-1]; NaN = gap.
        drivers: their names.
        passages: windows in which a cyclone was near.

    Raises:
        InputError: lengths differ, or the hours are not every hour.
        RefusedByTheory: the drivers were observed together for less than ``FEWEST_YEARS``.

    Source: runs declustering, Coles (2001), section 5.3.2, in the form of local maxima, which also parts a flood season
        that stays above any threshold.
    """
    values = np.stack([np.asarray(record, dtype=np.float64) for record in records])  # (D, T)
    if values.shape != (len(drivers), time.size):
        raise InputError("drivers", f"{values.shape} values for {time.size} hours", "give every driver every hour")
    if np.any(np.diff(time) != np.timedelta64(1, "h")):
        raise InputError("drivers", "times are not every hour", "resample them, with NaN in the gaps")
    known = np.isfinite(values)
    years = float(known.all(axis=0).sum()) / HOURS_PER_YEAR
    if years < FEWEST_YEARS:
        raise RefusedByTheory(f"drivers observed together for {years:.1f} years; {FEWEST_YEARS:g} or more are needed")
    filled = np.where(known, values, -np.inf)
    most = round(peaks_per_year * years)
    candidates = [_highest_peaks(row, most) for row in filled]  # of each driver, the highest first
    rank = np.concatenate([np.arange(found.size) for found in candidates])
    hour = np.concatenate(candidates)[np.argsort(rank, kind="stable")]
    taken = np.zeros(time.size, dtype=bool)
    for at in hour:
        if not taken[max(at - APART + 1, 0) : at + APART].any():
            taken[at] = True
    chosen = np.flatnonzero(taken)
    chosen = chosen[(chosen >= WINDOW) & (chosen < time.size - WINDOW)]
    size = 2 * WINDOW + 1
    highest = np.stack([maximum_filter1d(row, size, mode="nearest")[chosen] for row in filled], axis=1)  # (N, D)
    counts = np.concatenate([np.zeros((len(drivers), 1)), np.cumsum(known, axis=1)], axis=1)
    share = (counts[:, chosen + WINDOW + 1] - counts[:, chosen - WINDOW]) / size
    seen = (share >= LEAST_SHARE).all(axis=0)
    when = time[chosen[seen]]
    cyclonic = np.zeros(when.size, dtype=bool)
    for start, end in passages:
        cyclonic |= (when >= start - PASSAGE_MARGIN) & (when <= end + PASSAGE_MARGIN)
    return DriverEvents(tuple(drivers), when, highest[seen], cyclonic, years)


def _highest_peaks(values: Floats, most: int) -> Indices:
    """Hours of the ``most`` highest local maxima (the first hour of a level one), the highest first."""
    highest = maximum_filter1d(values, 2 * LOCAL + 1, mode="nearest")
    peaks = np.flatnonzero((values == highest) & np.isfinite(values))
    starts = np.diff(peaks, prepend=-LOCAL) >= LOCAL  # a level stretch counts once
    peaks = peaks[starts]
    return np.asarray(peaks[np.argsort(-values[peaks], kind="stable")][:most])
