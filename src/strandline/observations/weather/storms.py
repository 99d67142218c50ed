"""Storms in a water-level record, found by declustering the peaks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Mask, Times

Window = tuple[np.datetime64, np.datetime64]
BEFORE_PEAK = np.timedelta64(72, "h")
AFTER_PEAK = np.timedelta64(48, "h")
APART = np.timedelta64(121, "h")
"""Least distance of two events, whose windows then do not overlap."""
RECORD_MARGIN = np.timedelta64(4, "D")
"""Least distance of a storm's peak from both ends of the record."""


@dataclass(frozen=True)
class Storm:
    """One high-water event and its window; windows of different storms do not overlap.

    Attributes:
        start, peak, end: UTC.
        peak_level: highest observed level [m, region datum].
    """

    start: np.datetime64
    peak: np.datetime64
    end: np.datetime64
    peak_level: float

    def contains(self, time: Times) -> npt.NDArray[np.bool_]:
        """Mask of the times within the storm's window."""
        return (time >= self.start) & (time <= self.end)


def find_storms(time: Times, level: npt.NDArray[np.float64], most: int, separation_hours: int = 121) -> list[Storm]:
    """The ``most`` highest peaks of a record that lie at least ``separation_hours`` apart, in order of time.

    Args:
        time: (T,) UTC, increasing.
        level: (T,) water level [m]; NaN = gap. A gap never makes a peak.
        most: greatest number of storms; fewer when the record holds fewer.
        separation_hours: 121 h or more, so that windows (72 h before to 48 h after the peak) do not overlap.

    Source: runs declustering, Coles (2001), section 5.3.2.
    """
    if separation_hours < 121:
        raise ValueError(f"separation_hours is {separation_hours}; windows overlap below 121")
    separation = np.timedelta64(separation_hours, "h")
    storms: list[Storm] = []
    order = np.argsort(np.where(np.isnan(level), -np.inf, level), kind="stable")[::-1]
    for index in order:
        if len(storms) == most or np.isnan(level[index]):
            break
        peak = time[index]
        if all(abs(peak - storm.peak) >= separation for storm in storms):
            storms.append(Storm(peak - BEFORE_PEAK, peak, peak + AFTER_PEAK, float(level[index])))
    return sorted(storms, key=lambda storm: storm.peak)


def find_events(
    time: Times, level: npt.NDArray[np.float64], drivers: Sequence[npt.NDArray[np.float64]], inner: Mask, most: int
) -> list[Storm]:
    """The ``most`` events of several drivers, in order of time: by turns the highest peak of each that lies apart.

    Args:
        time: (T,) UTC, hourly; ``level``: (T,) [m], which gives the peak level of an event, the highest within a day.
        drivers: (T,) each, as the level itself, rain of a day and discharge; NaN = gap.
        inner: (T,) hours that may be a peak.
    """
    queues = [find_storms(time, np.where(inner, driver, np.nan), most) for driver in drivers]
    for queue, driver in zip(queues, drivers, strict=True):
        queue.sort(key=lambda storm: driver[np.searchsorted(time, storm.peak)])  # the last is the greatest
    chosen: list[Storm] = []
    while len(chosen) < most and any(queues):
        for queue in queues:
            while queue:
                event = queue.pop()
                if all(abs(event.peak - other.peak) >= APART for other in chosen):
                    at = int(np.searchsorted(time, event.peak))
                    highest = float(np.fmax.reduce(level[max(at - 24, 0) : at + 25]))
                    chosen.append(replace(event, peak_level=highest))
                    break
    return sorted(chosen[:most], key=lambda storm: storm.peak)


def find_whole_storms(time: Times, level: npt.NDArray[np.float64], most: int) -> list[Storm]:
    """`find_storms` restricted to storms whose window and preceding context lie within the record."""
    return find_storms(time, np.where(_is_inner(time), level, np.nan), most)


def find_whole_events(
    time: Times, level: npt.NDArray[np.float64], others: Sequence[npt.NDArray[np.float64]], most: int
) -> list[Storm]:
    """`find_events` whose window and preceding context lie within the record, and whose peak level was read.

    The sea takes every second turn, for most of what is asked of storms is asked of the sea.
    """
    turns = [driver for other in others for driver in (level, other)]
    events = find_events(time, level, turns, _is_inner(time), most)
    return [event for event in events if np.isfinite(event.peak_level)]


def _is_inner(time: Times) -> Mask:
    return np.asarray((time >= time[0] + RECORD_MARGIN) & (time <= time[-1] - RECORD_MARGIN))


@dataclass(frozen=True)
class Split:
    """Disjoint storms for training, calibration and test.

    Attributes:
        held_out: windows [start, end] excluded from training, with or without storms.
    """

    training: tuple[Storm, ...]
    calibration: tuple[Storm, ...]
    test: tuple[Storm, ...]
    held_out: tuple[Window, ...] = ()

    @property
    def withheld(self) -> list[Window]:
        """Every window excluded from training: held-out windows, calibration storms and test storms."""
        return [*self.held_out, *((storm.start, storm.end) for storm in (*self.calibration, *self.test))]


def overlaps_any(storm: Storm, windows: Sequence[Window]) -> bool:
    """Whether a storm's window overlaps one of these."""
    return any(storm.start <= end and start <= storm.end for start, end in windows)


def split_by_storm(
    storms: list[Storm],
    n_calibration: int,
    n_test: int,
    held_out: Sequence[Window],
    rng: np.random.Generator,
) -> Split:
    """Split storms at random; storms that overlap a held-out window go to the test set.

    Args:
        storms: in order of time.
        n_calibration: number of calibration storms.
        n_test: least number of test storms, including those of ``held_out``.
        held_out: windows [start, end] excluded from training.
    """
    in_held_out = [storm for storm in storms if overlaps_any(storm, held_out)]
    others = [storms[i] for i in rng.permutation(len(storms)) if storms[i] not in in_held_out]
    drawn = max(n_test - len(in_held_out), 0)
    test, calibration, training = others[:drawn] + in_held_out, others[drawn : drawn + n_calibration], others[drawn:]

    def in_order(part: list[Storm]) -> tuple[Storm, ...]:
        return tuple(sorted(part, key=lambda storm: storm.peak))

    return Split(in_order(training[n_calibration:]), in_order(calibration), in_order(test), tuple(held_out))
