"""Seasonal mean and spread of a driver's peaks, so that events of different months can be compared."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.joint.driver_events import DAYS

MEAN_HARMONICS, SPREAD_HARMONICS = 3, 2
"""Of the year; an assumption: floods of monsoons rise and fall within two months."""
LEAST_SPREAD = 0.2
"""Smallest spread of a season over that of the year [-]; an assumption."""
_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class SeasonalCycle:
    """Mean and spread as sums of harmonics of the year.

    Attributes:
        mean, spread: coefficients [unit of the driver].
        least: smallest spread [unit of the driver].
    """

    mean: Floats
    spread: Floats
    least: float

    def reduce(self, peaks: Floats, day: Floats) -> Floats:
        """(n,) peaks less the season's mean, over its spread [-], at times of the year (n,) [days]."""
        mean, spread = self.at(day)
        return np.asarray((peaks - mean) / spread)

    def restore(self, reduced: Floats, day: Floats) -> Floats:
        """(n,) peaks [unit of the driver]; the inverse of `reduce`."""
        mean, spread = self.at(day)
        return np.asarray(mean + spread * reduced)

    def at(self, day: Floats) -> tuple[Floats, Floats]:
        """(n,) mean and spread at times of the year [days]."""
        mean = _harmonics(day, MEAN_HARMONICS) @ self.mean
        return mean, np.maximum(_harmonics(day, SPREAD_HARMONICS) @ self.spread, self.least)


def fit_seasonal_cycle(peaks: Floats, day: Floats) -> SeasonalCycle:
    """Least squares of the peaks (N,), and of their distances from the mean; ``day``: (N,) [days]."""
    mean = _regress(_harmonics(day, MEAN_HARMONICS), peaks)
    distance = np.abs(peaks - _harmonics(day, MEAN_HARMONICS) @ mean)
    typical = max(float(distance.mean()), 1e-9)
    return SeasonalCycle(mean, _regress(_harmonics(day, SPREAD_HARMONICS), distance), LEAST_SPREAD * typical)


def _harmonics(day: Floats, count: int) -> Floats:
    turn = 2 * np.pi * day[:, None] / DAYS * np.arange(1, count + 1)
    return np.concatenate([np.ones((day.size, 1)), np.cos(turn), np.sin(turn)], axis=1)


def _regress(design: Floats, values: Floats) -> Floats:
    """Least squares with a slight pull of all but the mean towards 0, for months without events."""
    pull = _RIDGE * len(values) * np.eye(design.shape[1])
    pull[0, 0] = 0.0
    return np.asarray(np.linalg.solve(design.T @ design + pull, design.T @ values))
