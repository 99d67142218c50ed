"""Chance of a water level from the chances of tide and surge, and return levels from several causes."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices

STEP = 0.05
"""Width of the classes of levels [m]."""
NEIGHBOURS = 4
"""High waters before and after a storm's greatest surge that may hold its highest level: two days of a twice-daily
tide."""


@dataclass(frozen=True, eq=False)
class TideClasses:
    """Distribution of the tide that a surge meets, in classes.

    Attributes:
        lowest: middle of the first class [m above mean sea level].
        share: (B,) of each class [-].
    """

    lowest: float
    share: Floats

    @classmethod
    def of(cls, tide: Floats, weight: Floats | None = None) -> "TideClasses":
        """Classes of tides (N,) [m] with weights (N,), equal by default."""
        index = np.rint(tide / STEP).astype(np.int64)
        lowest = int(index.min())
        count = np.bincount(index - lowest, weight)
        return cls(lowest * STEP, np.asarray(count / count.sum(), dtype=float))

    def surge_grid(self, level: Floats) -> Floats:
        """Surges (X,) [m] that, on some class of tide, reach one of the levels (Z,)."""
        return np.asarray(level[0] - self.lowest + STEP * np.arange(1 - self.share.size, level.size))

    def add(self, exceedance: Floats) -> Floats:
        """(…, Z) chance [-] that tide and surge together exceed the levels; ``exceedance`` (…, X) of ``surge_grid``."""
        classes = self.share.size
        count = exceedance.shape[-1] - classes + 1
        total = np.zeros((*exceedance.shape[:-1], count))
        for index in np.flatnonzero(self.share):
            first = classes - 1 - index
            total += self.share[index] * exceedance[..., first : first + count]
        return total


def tides_met(
    height: Floats, peaks: Indices, month: Indices, predicted: Floats, predicted_month: Indices
) -> TideClasses:
    """The tide that storms meet when each comes at any time of its month: what it adds to the storm's greatest surge.

    A storm lasts over several high waters. Its level is the highest sum of tide and surge among them, not the sum at
    its greatest surge.

    Args:
        height: (N,) skew surges of successive high waters [m]; −inf = not the storm's.
        peaks: (E,) index of each storm's greatest.
        month: (E,) of each storm.
        predicted: (P,) successive predicted high waters [m], with their months (P,).
    """
    offsets = np.arange(-NEIGHBOURS, NEIGHBOURS + 1)
    padded = np.pad(height, NEIGHBOURS, constant_values=-np.inf)
    around = sliding_window_view(np.pad(predicted, NEIGHBOURS, mode="edge"), offsets.size)  # (P, 2n + 1)
    found, weight = [], []
    for peak, of_storm in zip(peaks, month, strict=True):
        drop = padded[peak : peak + offsets.size] - height[peak]
        tides = (around[predicted_month == of_storm] + drop).max(axis=1)
        found.append(tides)
        weight.append(np.full(tides.shape, 1.0 / max(tides.size, 1)))
    return TideClasses.of(np.concatenate(found), np.concatenate(weight))


def level_grid(lowest: float, highest: float) -> Floats:
    """Levels [m] in steps of ``STEP``."""
    return np.asarray(np.round(lowest / STEP) * STEP + STEP * np.arange(int((highest - lowest) / STEP) + 2))


def invert_rates(rates: Floats, level: Floats, return_periods: tuple[float, ...]) -> Floats:
    """(S, R) levels [m] whose annual maximum is exceeded with chance 1/T.

    Args:
        rates: (S, Z) expected events above each level in a year [a-1], summed over causes. The chance of a year without
            any is the product of the causes' chances, ``exp(-rate)`` of each.
        level: (Z,) ascending [m].

    Raises:
        RefusedByTheory: the lowest level is rarer than the shortest period.

    Source: Coles (2001), section 7.6 (Poisson number of exceedances).
    """
    wanted = -np.log1p(-1.0 / np.asarray(return_periods, dtype=float))  # (R,)
    if rates[:, 0].min() < wanted.max():
        raise RefusedByTheory(f"the record has no level that is exceeded once in {min(return_periods):g} years")
    logarithm = np.log(np.maximum(np.minimum.accumulate(rates, axis=1), 1e-12))
    return np.stack([np.interp(-np.log(wanted), -row, level) for row in logarithm])
