"""Numbers of people with bounds that hold what is not known: counts, ground, sea and depth, not the samples alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import numpy as np
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH

COUNT_FACTOR = 1.3
"""Factor by which a survey's count of people may be wrong either way [-], the same for all of its homes; an assumption:
homes fill at night and in a season, and people move after a survey. Population maps of one country differ by more
(Bernhofen et al. 2021, Natural Hazards and Earth System Sciences 21, 2829-2846, read in abstract)."""
GROUND_ERROR = 0.5
"""Standard deviation of the height of all ground against the sea [m]; an assumption, as large as the mean absolute
error of a free terrain model made for the world's low coasts, 0.45 m (DeltaDTM, Pronk et al. 2024, Scientific Data,
10.1038/s41597-024-03091-9, read in summary). It also covers the step between the datums of gauge and terrain."""
MOST_GROUND_ERROR = 1.645 * GROUND_ERROR
"""The error that ground exceeds in 1 of 20 places either way [m]."""
LARGE_HOME = 0.95
"""Quantile of the counted homes that bounds the people of an uncounted one [-]."""
OUTSIDE = 0.05
"""Chance that the truth lies below a range, and above it [-]."""
BASIS_OF_BOUNDS = (
    f"Numbers of people are bounds. They hold counts that err by a factor of {COUNT_FACTOR:g} either way, ground and"
    f" sea that lie up to {MOST_GROUND_ERROR:.1f} m closer or farther apart than mapped, homes that are wet from"
    f" {FLOODED_DEPTH:g} m or only from {DANGEROUS_DEPTH:g} m of water on, homes without a count as empty or as full,"
    " and unknown ground and roads as harmless or as harmful. Each range is meant to hold the truth in 9 of 10 cases."
)
"""What every number of people rests on, for readers."""


@dataclass(frozen=True)
class People:
    """A number of people that nobody knows exactly.

    Attributes:
        low, high: bounds, meant to hold the truth in 9 of 10 cases [-]; NaN = unknown.
        likely: for calculations that need one number; it is not shown [-].
    """

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if self.is_unknown:
            return
        if not 0 <= self.low <= self.likely <= self.high < math.inf:
            what = f"are {self.low:g}, {self.likely:g}, {self.high:g}"
            raise InputError("bounds of people", what, "give numbers of 0 or more that ascend, or NaN = unknown")

    @classmethod
    def bounded(cls, low: float, likely: float, high: float) -> Self:
        """Bounds widened to two significant digits, because nobody knows more."""
        low, high = _two_digits(low, math.floor), _two_digits(high, math.ceil)
        return cls(low, min(max(_two_digits(likely, round), low), high), high)

    def within(self, whole: Self) -> Self:
        """The same people as a part of the ``whole``: no bound of theirs is above its own."""
        low, high = min(self.low, whole.low), min(self.high, whole.high)
        return type(self)(low, min(self.likely, high), high)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows any bound."""
        return any(math.isnan(each) for each in (self.low, self.likely, self.high))


UNKNOWN = People(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class PeopleErrors:
    """What is drawn for each sample besides its sea, storm and map, (S,) each.

    Attributes:
        count_factor: true people per counted one [-].
        ground: how much closer ground and sea lie than mapped [m].
        wet_depth: from which a home counts as having water [m].
    """

    count_factor: Floats
    ground: Floats
    wet_depth: Floats

    @classmethod
    def draw(cls, n_samples: int, rng: np.random.Generator) -> Self:
        """Even draws of each, one from each of S equally likely parts, so that few samples reach both ends."""
        parts = np.stack([rng.permutation(n_samples) for _ in range(3)])
        count, ground, depth = (parts + rng.random(parts.shape)) / n_samples
        return cls(
            COUNT_FACTOR ** (2 * count - 1),
            GROUND_ERROR * ndtri(ground),
            FLOODED_DEPTH + depth * (DANGEROUS_DEPTH - FLOODED_DEPTH),
        )


@dataclass(frozen=True, eq=False)
class Homes:
    """People of each asset (A,): as counted; a home without a count is empty, of the mean size, or large [-].

    Attributes:
        is_uncounted: homes without a count.
    """

    low: Floats
    likely: Floats
    high: Floats
    is_uncounted: Mask

    @classmethod
    def of(cls, assets: gpd.GeoDataFrame) -> Self | None:
        """``None`` where the survey counts the people of no home."""
        if "people" not in assets:
            return None
        people = assets["people"].to_numpy(dtype=float)
        is_home = (assets["asset_class"] == "residential").to_numpy()
        counted = people[is_home & (people > 0)]
        if not counted.size:
            return None
        large = float(np.quantile(counted, LARGE_HOME))
        is_uncounted = is_home & np.isnan(people)
        low = np.nan_to_num(people)
        mean = min(float(counted.mean()), large)
        return cls(low, low + is_uncounted * mean, low + is_uncounted * large, is_uncounted)

    def in_one_without_a_count(self) -> People:
        """People who live in one home without a count; unknown where all are counted."""
        if not self.is_uncounted.any():
            return UNKNOWN
        one = int(self.is_uncounted.argmax())
        return People.bounded(0.0, float(self.likely[one]), float(self.high[one]) * COUNT_FACTOR)

    def residents(self, chosen: Mask) -> People:
        """People who live in the chosen assets (A,)."""
        return People.bounded(
            float(self.low[chosen].sum()) / COUNT_FACTOR,
            float(self.likely[chosen].sum()),
            float(self.high[chosen].sum()) * COUNT_FACTOR,
        )


def residents(assets: gpd.GeoDataFrame, chosen: Mask) -> People:
    """People who live in the chosen assets (A,); unknown where the survey counts nobody anywhere."""
    homes = Homes.of(assets)
    return UNKNOWN if homes is None else homes.residents(chosen)


def bound_of(samples: Floats) -> float:
    """Lower bound of one more draw like the samples (S,): the draw lies below it with a chance of ``OUTSIDE`` at most.

    The k-th smallest of S samples lies above one more draw with the chance k / (S + 1); below 19 samples it is the
    smallest of them, and the chance is greater.
    """
    smallest = max(int(OUTSIDE * (len(samples) + 1)), 1)
    return float(np.partition(samples, smallest - 1)[smallest - 1])


def _two_digits(value: float, rounded: Callable[[float], int]) -> float:
    """A number of people with two significant digits, rounded as given; whole numbers below 100."""
    step = 10.0 ** max(math.floor(math.log10(value)) - 1, 0) if value >= 1 else 1.0
    return rounded(round(value / step, 9)) * step
