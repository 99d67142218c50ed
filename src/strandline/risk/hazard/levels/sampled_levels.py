"""Sampled return levels, with what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from strandline.observations.arrays import Floats

MOST_FREQUENT = 1.1
"""Return period [years] down to which damage is counted, where a shorter one is not asked for: ten of eleven years have
a sea as high. ASSUMPTION; what is more frequent is bounded."""
QUANTILES = (0.1, 0.5, 0.9)
"""Of every range of levels that a reader sees: 8 in 10 chance."""
Fact = str | float | int | bool | tuple[float, ...] | None


@dataclass(frozen=True)
class LevelBasis:
    """What return levels rest on.

    Attributes:
        summary: for everybody: the rarest level with its range, and the highest reading beside it.
        method: for who checks it.
        facts: the same for programs, with units in the names.
    """

    summary: str
    method: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, eq=False)
class ReturnLevels:
    """Sampled return levels, with what they rest on.

    Attributes:
        samples: (N, R) [m, region datum], in the order of the rarest level, so that neighbours are alike.
        frequent: (N, 1) level of ``MOST_FREQUENT`` years [m, region datum] in the same samples; ``None`` = the shortest
            return period is not longer.
        record_years: length of the record behind them.
        basis: in words and numbers.
        maxima: observed storms or annual maxima at the sea of the same epoch [m, region datum], for the plot.
        maxima_per_year: [a-1].
    """

    samples: Floats
    frequent: Floats | None
    record_years: float
    basis: LevelBasis
    maxima: Floats
    maxima_per_year: float


def periods_with_frequent(return_periods: tuple[float, ...]) -> tuple[float, ...]:
    """The return periods [years], after ``MOST_FREQUENT`` where none is as short."""
    return return_periods if return_periods[0] <= MOST_FREQUENT else (MOST_FREQUENT, *return_periods)


def split_frequent(levels: Floats, return_periods: tuple[float, ...]) -> tuple[Floats, Floats | None]:
    """(N, R) levels of the return periods in the order of the rarest, and (N, 1) of the frequent one, if there is one.

    Args:
        levels: (N, R or R + 1) of `periods_with_frequent`.
    """
    ordered = levels[np.argsort(levels[:, -1], kind="stable")]
    count = len(return_periods)
    return ordered[:, -count:], ordered[:, :1] if ordered.shape[1] > count else None


def draw_zero(error: float, samples: int, rng: np.random.Generator) -> Floats:
    """(S, 1) errors of a record's zero [m] with this deviation [m]: middles of equal parts, in random order."""
    if error == 0:
        return np.zeros((samples, 1))
    middles = ndtri((np.arange(samples) + 0.5) / samples)
    return np.asarray(error * rng.permutation(middles)[:, None])


def zero_sentences(error: float) -> list[str]:
    """What the range of levels holds of a record's zero with this deviation [m]; none where it is exact."""
    if error == 0:
        return []
    return [
        f"Their zero is known against the terrain's to ± {error:.2g} m (standard deviation), which the range holds."
    ]


def level_with_range(samples: Floats) -> str:
    """The middle of samples of a level (S,) [m] with its range; a range of a metre or more knows no centimetres."""
    low, middle, high = np.quantile(samples, QUANTILES)
    decimals = 1 if high - low >= 1.0 else 2
    return f"{middle:.{decimals}f} m ({low:.{decimals}f} to {high:.{decimals}f} m, 8 in 10 chance)"
