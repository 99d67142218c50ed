"""Water at places at any sea level, between, below and above the mapped ones, with bounds for what is unknown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import geopandas as gpd
import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.stage_damage.asset_depths import exceeds_depth

MOST_YEARS = 1.5
"""Return period up to which a sea comes in so many years that who lives in it lives with it [years]; an assumption."""
MARGIN = 0.01
"""How far below a depth the water of most years stays [m]."""


@dataclass(frozen=True, eq=False)
class Water:
    """Greatest depth [m] at each place (P,), with what is unknown taken as harmless and as harmful.

    Attributes:
        has_unknown_cell: whether a cell of it is unknown.
    """

    least: Floats
    most: Floats
    has_unknown_cell: Mask

    def reaches(self, threshold: Floats) -> Floats:
        """(P,) 1 = water reaches the threshold [m] somewhere on the place, 0 = nowhere, NaN = unknown."""
        least, most = (
            exceeds_depth(depth[:, None], self.has_unknown_cell, threshold)[:, 0] for depth in (self.least, self.most)
        )
        return np.where(least == most, least, np.nan)


@dataclass(frozen=True, eq=False)
class WaterAtPlaces:
    """Depth at places in one Monte-Carlo sample of the maps; a higher sea never floods less.

    Attributes:
        levels: (L,) mapped sea levels [m, region datum], ascending.
        depth: (P, L) greatest known depth [m], not falling with the level; NaN where no cell is known.
        has_unknown_cell: (P,).
        ground: (P,) [m, region datum]; −∞ = unknown.
        raised: (P,) how much higher a place stands than its map and the error of the ground say [m].
    """

    levels: Floats
    depth: Floats
    has_unknown_cell: Mask
    ground: Floats
    raised: Floats

    @classmethod
    def of(cls, levels: Floats, greatest: tuple[Floats, Mask], ground: Floats) -> Self:
        """From levels (L,) in any order and the depths on the places, see ``asset_depths.greatest_depth``."""
        order = np.argsort(levels, kind="stable")
        depth, has_unknown_cell = greatest
        rising = np.maximum.accumulate(depth[:, order], axis=1)
        return cls(levels[order], rising, has_unknown_cell, ground, np.zeros(len(depth)))

    def at(self, level: float) -> Water:
        """At a sea level [m, region datum] between, below or above the mapped ones.

        Below the lowest map the water falls with the sea. Above the highest one it rises with the sea where there is
        any, and elsewhere it may stand on ground below the sea.
        """
        levels, depth = self.levels, self.depth
        upper = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1)) if len(levels) > 1 else 0
        lower = max(upper - 1, 0)
        step = levels[upper] - levels[lower]
        share = float(np.clip((level - levels[lower]) / step, 0.0, 1.0)) if step > 0 else 1.0
        within = depth[:, lower] + share * (depth[:, upper] - depth[:, lower])
        beyond = max(level - levels[-1], 0.0) - max(levels[0] - level, 0.0)
        least = np.where(within > 0, np.maximum(within + beyond, 0.0), within)
        may_stand = np.maximum(np.minimum(level - self.ground, beyond), 0.0) if beyond > 0 else np.zeros(len(least))
        most = np.where(within > 0, least, within + may_stand)
        least, most = (np.maximum(depth - self.raised, 0.0) for depth in (least, most))
        return Water(least, most, self.has_unknown_cell)

    def lived_with(self, sea: float, error: float, most: float) -> Self:
        """The same places on ground that fits the sea of most years [m, region datum], which people know.

        An error [m] of ground against sea does not wet a place in that sea that its map keeps dry, and no place stands
        deeper in it than ``most`` [m], or nobody would live or sow there: its ground is higher than the error makes it.
        """
        mapped = np.nan_to_num(self.at(sea).most)
        allowed = np.clip(mapped, FLOODED_DEPTH - MARGIN, most - MARGIN)
        return replace(self, raised=np.maximum(np.nan_to_num(self.at(sea + error).most) - allowed, 0.0))


def sea_of_most_years(hazards: Sequence[Hazard]) -> Floats | None:
    """(S,) level [m, region datum] of the most frequent return period, where it is at most ``MOST_YEARS``."""
    first = min(hazards, key=lambda each: each.return_periods[0])
    return first.levels[:, 0] if first.return_periods[0] <= MOST_YEARS else None


def points_of(places: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """x and y [m] of a point in each place."""
    point = places.geometry.representative_point()
    return point.x.to_numpy(), point.y.to_numpy()


def ground_at(x: Floats, y: Floats, region: Region, ground: Floats | None) -> Floats:
    """(P,) ground [m, region datum] at points; −∞ where it is unknown or the point lies outside: it may flood."""
    row, column = region.cells_of(x, y)
    if ground is None:
        return np.full(len(x), -np.inf)
    height = np.where(row < 0, np.nan, ground[row, column])
    return np.where(np.isnan(height), -np.inf, height)
