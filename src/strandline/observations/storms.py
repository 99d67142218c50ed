"""Storms in a record: declustered peaks, found the same way on simulated and real gauges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Times

Window = tuple[np.datetime64, np.datetime64]
BEFORE_PEAK = np.timedelta64(72, "h")
AFTER_PEAK = np.timedelta64(48, "h")
RECORD_MARGIN = np.timedelta64(4, "D")
"""Between the ends of a record and the peaks that are sought in it."""


@dataclass(frozen=True)
class Storm:
    """One event of high water: the window that belongs to it, never shared with another storm's peak.

    Attributes:
        start, peak, end: UTC.
        peak_level: highest observed level [m, region datum].
    """

    start: np.datetime64
    peak: np.datetime64
    end: np.datetime64
    peak_level: float

    def contains(self, time: Times) -> npt.NDArray[np.bool_]:
        """Which times lie in this storm's window."""
        return (time >= self.start) & (time <= self.end)


def find_storms(time: Times, level: npt.NDArray[np.float64], most: int, separation_hours: int = 121) -> list[Storm]:
    """The ``most`` highest peaks of a record that lie at least ``separation_hours`` apart, in order of time.

    Args:
        time: (T,) UTC, increasing.
        level: (T,) water level [m]; NaN = gap. A gap never makes a peak.
        most: how many to return at most; fewer when the record holds no more.
        separation_hours: storm windows (72 h before to 48 h after the peak) must share no hour: 121 h or more.

    Source: runs declustering, Coles (2001), section 5.3.2.
    """
    if separation_hours < 121:
        raise ValueError(f"separation_hours is {separation_hours}; windows overlap below 121")
    separation = np.timedelta64(separation_hours, "h")
    storms: list[Storm] = []
    order = np.argsort(np.where(np.isnan(level), -np.inf, level), kind="stable")[::-1]
    peaks: list[np.datetime64] = []
    for index in order:
        if len(storms) == most or np.isnan(level[index]):
            break
        peak = time[index]
        if all(abs(peak - other) >= separation for other in peaks):
            peaks.append(peak)
            storms.append(Storm(peak - BEFORE_PEAK, peak, peak + AFTER_PEAK, float(level[index])))
    return sorted(storms, key=lambda storm: storm.peak)


def find_whole_storms(time: Times, level: npt.NDArray[np.float64], most: int) -> list[Storm]:
    """Storms as `find_storms` has them, whose windows and the context before them lie within the record."""
    inner = (time >= time[0] + RECORD_MARGIN) & (time <= time[-1] - RECORD_MARGIN)
    return find_storms(time, np.where(inner, level, np.nan), most)


@dataclass(frozen=True)
class Split:
    """Whole storms for learning, for calibration and for the test; no hour of one serves another.

    Attributes:
        held_out: windows [start, end] that learning never sees, stormy or not.
    """

    training: tuple[Storm, ...]
    calibration: tuple[Storm, ...]
    test: tuple[Storm, ...]
    held_out: tuple[Window, ...] = ()

    @property
    def withheld(self) -> list[Window]:
        """Every window that learning never sees: those held out, and the storms that calibrate or are tested."""
        return [*self.held_out, *((storm.start, storm.end) for storm in (*self.calibration, *self.test))]


def split_by_storm(
    storms: list[Storm],
    n_calibration: int,
    n_test: int,
    held_out: Sequence[Window],
    rng: np.random.Generator,
) -> Split:
    """Part storms at random; storms that reach into a held-out window go to the test first.

    Args:
        storms: in order of time.
        n_calibration: how many calibrate.
        n_test: how many are tested at least, those of ``held_out`` counted in.
        held_out: windows [start, end] that learning never sees.
    """
    named = [s for s in storms if any(s.start <= end and start <= s.end for start, end in held_out)]
    others = [storms[i] for i in rng.permutation(len(storms)) if storms[i] not in named]
    drawn = max(n_test - len(named), 0)
    test, calibration, training = others[:drawn] + named, others[drawn : drawn + n_calibration], others[drawn:]

    def in_order(part: list[Storm]) -> tuple[Storm, ...]:
        return tuple(sorted(part, key=lambda storm: storm.peak))

    return Split(in_order(training[n_calibration:]), in_order(calibration), in_order(test), tuple(held_out))
