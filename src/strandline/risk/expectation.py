"""An expected value with the error of its Monte-Carlo mean, and the spread of the draws beside it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats


@dataclass(frozen=True)
class Expectation:
    """A quantity on average, which is the mean; how well the draws know it, and how far they spread.

    Attributes:
        mean: over the draws [unit of the quantity].
        standard_error: of the mean, from the number of draws and of flood maps [same unit]; NaN = a single draw.
        p10, p50, p90: of the draws [same unit]; the median ``p50`` is no average.
        draws: number of draws; 0 = a stated number with its range, not drawn.
    """

    mean: float
    standard_error: float
    p10: float
    p50: float
    p90: float
    draws: int

    @classmethod
    def of(cls, samples: Floats, maps: int) -> Self:
        """The expectation of draws (N,), of which each N / ``maps`` in a row share a flood map."""
        low, middle, high = np.quantile(samples, [0.1, 0.5, 0.9])
        error = standard_error(samples, maps)
        return cls(float(np.mean(samples)), error, float(low), float(middle), float(high), len(samples))

    @classmethod
    def ratio(cls, numerator: Floats, denominator: Floats, maps: int) -> Self:
        """The mean of ``numerator`` over the mean of ``denominator`` (N,), which is not the mean of the ratios.

        Source: linearised standard error of a ratio, Wolter (2007), Introduction to Variance Estimation, section 6.5.
        """
        below = float(np.mean(denominator))
        mean = float(np.mean(numerator)) / below
        with np.errstate(divide="ignore", invalid="ignore"):
            low, middle, high = np.quantile(numerator / denominator, [0.1, 0.5, 0.9])
        error = standard_error((numerator - mean * denominator) / below, maps)
        return cls(mean, error, float(low), float(middle), float(high), len(numerator))

    @classmethod
    def stated(cls, low: float, value: float, high: float) -> Self:
        """A number from a catalogue with its range."""
        return cls(value, 0.0, low, value, high, 0)

    @classmethod
    def unknown(cls) -> Self:
        """Where nothing is known: NaN."""
        return cls(np.nan, np.nan, np.nan, np.nan, np.nan, 0)


def standard_error(samples: Floats, maps: int) -> float:
    """Standard error of the mean of draws (N,), of which each N / ``maps`` in a row share a flood map.

    Maps are ordered by the sea levels of their draws. What neighbouring maps differ by is chance, and there are only so
    many maps; what is left of the variance between them is due to the levels, of which each draw has its own.

    Raises:
        InputError: a number of draws that is no multiple of that of the maps.

    Source: successive differences of an ordered sample, Wolter (2007), Introduction to Variance Estimation, section
        8.2, estimator v2.
    """
    if samples.size == 0 or samples.size % maps:
        raise InputError("expectation", f"{samples.size} draws over {maps} maps", "give each map the same number")
    if samples.size == 1:
        return float(np.nan)
    if maps == 1:
        return float(np.std(samples, ddof=1) / np.sqrt(samples.size))
    of_map = samples.reshape(maps, -1).mean(axis=1)
    by_chance = float(np.mean(np.diff(of_map) ** 2) / 2)
    by_level = max(float(of_map.var(ddof=1)) - by_chance, 0.0)
    return float(np.sqrt(by_chance / maps + by_level / samples.size))
