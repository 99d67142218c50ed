"""Numbers of people with bounds that hold what is not known: counts, ground, sea and depth, not the samples alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

import geopandas as gpd
import numpy as np
import xarray as xr
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH

COUNT_FACTOR = 1.3
"""Factor by which a survey's count of people may be wrong either way [-], the same for all of its homes; an assumption:
homes fill at night and in a season, and people move after a survey. Population maps of one country differ by more
(Bernhofen et al. 2021, Natural Hazards and Earth System Sciences 21, 2829-2846, read in abstract)."""
MAP_FACTOR = 2.0
"""Factor by which the people of a map may be wrong either way [-], the same everywhere; an assumption, since no
publisher of such maps states their errors: estimates of exposed people differ by a factor of more than 2 with the map
of rivers, and the choice of the map of people is found to be equally important (Bernhofen et al. 2021, Natural Hazards
and Earth System Sciences 21, 2829-2846); WorldPop and GHS-POP place too many people in flooded land in Sweden
(Karagiorgos et al. 2024, Scientific Reports 14, 20410). Both read in abstract; none was found for a delta."""
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
    f"Numbers of people are bounds. They hold counts that err by a factor of {COUNT_FACTOR:g} either way (where a map"
    f" gives the people, by a factor of {MAP_FACTOR:g}), ground and sea that lie up to {MOST_GROUND_ERROR:.1f} m closer"
    f" or farther apart than mapped, homes that are wet from {FLOODED_DEPTH:g} m or only from {DANGEROUS_DEPTH:g} m of"
    " water on, homes without a count as empty or as full, and unknown ground and roads as harmless or as harmful. Each"
    " range is meant to hold the truth in 9 of 10 cases."
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

    @classmethod
    def per_year(cls, low: float, likely: float, high: float) -> Self:
        """Bounds of a number a year, widened to two significant digits; below 1 too, but to whole hundredths."""
        low, high = _two_significant_digits(low, math.floor), _two_significant_digits(high, math.ceil)
        return cls(low, min(max(likely, low), high), high)

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
    """Where people live, P places, and how many; a surveyed home without a count is empty, of the mean size, or large.

    Attributes:
        places: (P,) the assets of a survey that counts people, in their order; else the inhabited cells of a map, as
            points of the class *residential* without a value.
        low, likely, high: (P,) people [-], before the error of the count.
        is_uncounted: (P,) homes without a count.
        counted_by: who says how many there are.
    """

    places: gpd.GeoDataFrame
    low: Floats
    likely: Floats
    high: Floats
    is_uncounted: Mask
    counted_by: Literal["survey", "map"] = "survey"

    @classmethod
    def of(cls, assets: gpd.GeoDataFrame, people: xr.DataArray | None = None) -> Self | None:
        """By the survey, where it counts the people of any home; else by a map of people; ``None`` without both.

        Args:
            people: (y, x) in the CRS of the assets; NaN = the map says nothing there.
        """
        counts = assets["people"].to_numpy(dtype=float) if "people" in assets else np.full(len(assets), np.nan)
        is_home = (assets["asset_class"] == "residential").to_numpy()
        counted = counts[is_home & (counts > 0)]
        if counted.size:
            large = float(np.quantile(counted, LARGE_HOME))
            is_uncounted = is_home & np.isnan(counts)
            low = np.nan_to_num(counts)
            mean = min(float(counted.mean()), large)
            return cls(assets, low, low + is_uncounted * mean, low + is_uncounted * large, is_uncounted)
        return None if people is None else cls._of_map(people, str(assets.crs))

    @classmethod
    def _of_map(cls, people: xr.DataArray, crs: str) -> Self | None:
        row, column = np.nonzero(people.values > 0)
        if not row.size:
            return None
        number, wider = people.values[row, column], MAP_FACTOR / COUNT_FACTOR
        places = gpd.GeoDataFrame(
            {"asset_id": [f"cell {r}, {c}" for r, c in zip(row, column, strict=True)], "asset_class": "residential",
             "value": np.nan, "survey_year": 0},
            geometry=gpd.points_from_xy(people["x"].values[column], people["y"].values[row]), crs=crs,
        )  # fmt: skip
        nobody = np.zeros(row.size, dtype=bool)
        return cls(places, number / wider, number, number * wider, nobody, "map")

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


def _two_significant_digits(value: float, rounded: Callable[[float], int]) -> float:
    """A number with two significant digits, rounded as given; whole hundredths below 0.1."""
    digits = min(1 - math.floor(math.log10(value)), 2) if value > 0 else 0
    return round(rounded(round(value * 10.0**digits, 9)) / 10.0**digits, max(digits, 0))
