"""How storms move: the mean motion of a place and month, and departures that last for days."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Bytes, Floats, Indices, Mask
from strandline.simulator.sea.cyclone_climate.fixes import Fixes, Steps
from strandline.simulator.sea.cyclone_climate.grid import cell_of, local_means

QUANTUM = 0.15
"""[m s-1] of the stored mean motion."""
NEIGHBOURHOOD, SEASON, PRIOR = 2.5, 0.8, 8.0
"""Degrees and months of the neighbourhood of a mean motion, and steps that the wider neighbourhood counts as."""
SLOW_MEMORY = 0.88
"""[-] of the mean of past departures from one step to the next: about two days."""
BAND, BANDS = 5.0, 10
"""[degrees] of a latitude band; the last one has everything beyond."""
BAND_PRIOR = 300.0
"""Steps that all basins together count as beside one basin's own in a band."""


FEATURES = 10


class Course(NamedTuple):
    """How storms (N,) have moved: departures (N, 2) from the mean motion of the place and month [m s-1].

    Attributes:
        last, before: in the last two steps.
        slow: mean of the past ones, of about two days.
        mean: the mean motion itself in the last step.
    """

    last: Floats
    before: Floats
    slow: Floats
    mean: Floats

    def at(self, which: Indices | Mask) -> "Course":
        """The course of some storms."""
        return Course(*(each[which] for each in self))

    def after(self, departure: Floats, mean: Floats) -> "Course":
        """The course one step on."""
        return Course(departure, self.last, next_slow(self.slow, departure), mean)


def next_slow(slow: Floats, departure: Floats) -> Floats:
    """Mean of past departures after one more."""
    return np.asarray(SLOW_MEMORY * slow + (1.0 - SLOW_MEMORY) * departure)


@dataclass(frozen=True, eq=False)
class Movement:
    """Motion of storms: the mean of a place and month, and a departure with a memory of days.

    Attributes:
        mean: (2, 12, H, W) eastward and northward [0.15 m s-1].
        region: (H, W) number of the basin to which a cell belongs.
        memory: (B, L, 2, F) coefficients of ``features_of``, for basin, latitude band and component.
        noise: (B, L, 2, 2) lower triangle of the covariance of what is new in six hours [m s-1].
    """

    mean: npt.NDArray[np.int8]
    region: Bytes
    memory: Floats
    noise: Floats

    def mean_at(self, month: Indices, cell: Indices) -> Floats:
        """(N, 2) mean motion [m s-1] in months and cells."""
        return np.asarray(QUANTUM * self.mean.reshape(2, 12, -1)[:, month, cell].T, dtype=np.float64)

    def next_departure(
        self, course: Course, mean: Floats, cell: Indices, latitude: Floats, wind: Floats, noise: Floats
    ) -> Floats:
        """(N, 2) departure from the mean motion in the next step [m s-1].

        Args:
            mean: (N, 2) mean motion where the storms are [m s-1].
            wind: (N,) 1-minute [m s-1].
            noise: (N, 2) standard normal.

        Source: autoregression as James and Mason (2005), Journal of Waterway, Port, Coastal and Ocean Engineering 131;
            by basin and latitude band as Bloemendaal et al. (2020), Scientific Data 7, 40.
        """
        basin, band = self.region.reshape(-1)[cell], band_of(latitude)
        memory, root = self.memory[basin, band], self.noise[basin, band]  # (N, 2, F), (N, 2, 2)
        fresh = np.einsum("nij,nj->ni", root, noise)
        poleward = np.einsum("nif,nf->ni", memory, features_of(course, mean, latitude, wind)) + fresh
        return np.asarray(poleward * _mirror(latitude))


def features_of(course: Course, mean: Floats, latitude: Floats, wind: Floats) -> Floats:
    """(N, F) what the next departure depends on, northward parts turned poleward: the past ones, the change of the mean
    motion along the track, and the wind (strong storms drift poleward)."""
    mirror = _mirror(latitude)
    parts = [mirror * each for each in (course.last, course.before, course.slow, mean - course.mean)]
    strong = np.minimum(wind, 60.0)[:, None] / 30.0
    return np.concatenate([*parts, np.ones_like(strong), strong], axis=1)


def _mirror(latitude: Floats) -> Floats:
    """(N, 2) signs that turn northward into poleward."""
    return np.stack([np.ones_like(latitude), np.where(latitude >= 0, 1.0, -1.0)], axis=1)


def band_of(latitude: Floats) -> Indices:
    """Latitude band of each place."""
    return np.minimum((np.abs(latitude) / BAND).astype(np.int64), BANDS - 1)


def fit_movement(fixes: Fixes, steps: Steps, region: Bytes, basins: int) -> tuple[Movement, Floats]:
    """The movement of recorded steps, and the departure (S, 2) of each from the mean motion [m s-1]."""
    month, cell = fixes.month[steps.at], cell_of(fixes.longitude[steps.at], fixes.latitude[steps.at])
    mean = np.stack([local_means(cell, month, each, NEIGHBOURHOOD, SEASON, PRIOR) for each in steps.velocity.T])
    stored = np.clip(np.rint(mean / QUANTUM), -127, 127).astype(np.int8)
    memory, noise = np.zeros((basins, BANDS, 2, FEATURES)), np.zeros((basins, BANDS, 2, 2))
    movement = Movement(stored, region, memory, noise)
    motion = movement.mean_at(month, cell)
    departure = steps.velocity - motion

    slow = departure.copy()
    for age in range(1, int(fixes.age.max()) + 1):
        now = np.flatnonzero((fixes.age[steps.at] == age) & (steps.before >= 0))
        slow[now] = next_slow(slow[steps.before[now]], departure[now])
    known = np.flatnonzero(steps.before_that >= 0)
    last = steps.before[known]
    course = Course(departure[last], departure[steps.before_that[known]], slow[last], motion[last])
    at = steps.at[known]
    features = features_of(course, motion[known], fixes.latitude[at], fixes.wind[at])
    table = np.concatenate([_mirror(fixes.latitude[at]) * departure[known], features], axis=1)  # (n, 2 + F)
    basin, band = region.reshape(-1)[cell[known]], band_of(fixes.latitude[at])
    everywhere = table.T @ table / known.size
    for each in range(BANDS):
        shared = _moments(table[band == each], everywhere)
        for one in range(basins):
            memory[one, each], noise[one, each] = _solve(_moments(table[(band == each) & (basin == one)], shared))
    return movement, departure


def _moments(table: Floats, prior: Floats) -> Floats:
    """Second moments of rows (n, K), drawn to those of a wider set."""
    return np.asarray((table.T @ table + BAND_PRIOR * prior) / (len(table) + BAND_PRIOR))


def _solve(moments: Floats) -> tuple[Floats, Floats]:
    """Coefficients (2, F) of least squares, and the root (2, 2) of the covariance of what they leave."""
    past = moments[2:, 2:] + 1e-6 * np.eye(FEATURES)
    memory = np.asarray(np.linalg.solve(past, moments[2:, :2]).T, dtype=np.float64)
    left = np.concatenate([np.eye(2), -memory], axis=1)
    return memory, np.asarray(np.linalg.cholesky(left @ moments @ left.T + 1e-9 * np.eye(2)), dtype=np.float64)
