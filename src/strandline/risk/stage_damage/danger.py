"""Danger to people: from which water depth, and from which sea level in which zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.risk.stage_damage.asset_depths import Maps

DANGEROUS_DEPTH = 0.5
"""Depth of still water from which children and old people are not safe [m]: flood hazard class H3 begins above the
0.5 m of class H2. Source: Smith, Davey & Cox (2014), Water Research Laboratory TR 2014/07, tables 5-1 and 5-2; the same
in Australian Disaster Resilience Guideline 7-3 (2017), tables 1 and 2. Running water is dangerous from less; velocities
are not mapped."""
DANGEROUS_SHARE = 0.05
"""Share of a zone's known land under dangerous depth from which the zone counts as dangerous [-]; an assumption."""
ENDANGERED_SHARE = 0.01
"""Share of a zone's counted people, but one person at least, whose homes stand in dangerous depth from which the zone
counts as dangerous [-]; an assumption: with one home alone, an error of the map would move the whole zone."""
STEP = 1e-3
"""Least distance from the dry sea level to the lowest mapped one [m]; where they cross, flooding starts with a step."""


@dataclass(frozen=True, eq=False)
class LandAndHomes:
    """Flat indices of each zone's known cells, and rows and people of its counted homes, zone by zone."""

    cells: tuple[Indices, ...]
    homes: tuple[tuple[Indices, Floats], ...]

    @classmethod
    def of(cls, known_land: Indices, of_asset: Indices, people: Floats, count: int) -> Self:
        """Of cells (H·W,) and assets (A,) by the number of their zone; people (A,), NaN = unknown."""
        rows = [np.flatnonzero((of_asset == zone) & (people > 0)) for zone in range(count)]
        return cls(
            tuple(np.flatnonzero(known_land == zone) for zone in range(count)),
            tuple((row, people[row]) for row in rows),
        )

    def depth_of_danger(self, depth: Maps, at_assets: Floats) -> Floats:
        """(Z, L) depth [m] of the share of land, or of homes, that counts; 0 where no land is known."""
        result = np.zeros((len(self.cells), len(depth)))
        for zone, (cells, (rows, people)) in enumerate(zip(self.cells, self.homes, strict=True)):
            if cells.size:
                result[zone] = np.maximum(depth_on_land(depth, cells), depth_at_homes(at_assets[rows], people))
        return result


def depth_on_land(depth: Maps, cells: Indices, share: float = DANGEROUS_SHARE) -> Floats:
    """(L,) depth [m] that this share of the land, or more, has reached at each sea level.

    Args:
        depth: (L, H, W) of one sample.
        cells: flat indices of the zone's known cells, one at least.
    """
    count = max(1, int(np.ceil(share * cells.size - 1e-9)))
    water = depth.reshape(len(depth), -1)[:, cells]
    return np.asarray(np.partition(water, -count, axis=1)[:, -count], dtype=float)


def depth_at_homes(depth: Floats, people: Floats, share: float = ENDANGERED_SHARE) -> Floats:
    """(L,) depth [m] at the homes of this share of the people, or more; 0 without people.

    Args:
        depth: (A, L) greatest known depth at each home; NaN = unknown, and counts as 0: a lower bound.
        people: (A,) counted.
    """
    if not people.sum() > 0:
        return np.zeros(depth.shape[1])
    known = np.nan_to_num(depth)
    order = np.argsort(-known, axis=0, kind="stable")  # (A, L), deepest first
    reached = np.cumsum(people[order], axis=0) >= max(1.0, share * people.sum())
    return np.asarray(np.take_along_axis(known, order, axis=0)[np.argmax(reached, axis=0), np.arange(depth.shape[1])])


def yearly_levels(levels: Floats, return_periods: Sequence[float], dry_level: float) -> Floats:
    """(S,) sea level [m, region datum] that is reached once a year, or ``dry_level`` where one period is given.

    The first two return levels (S, R) are continued on the logarithm of the period, as in an exponential tail.
    """
    if len(return_periods) < 2:
        return np.full(len(levels), dry_level)
    first, second = np.log(return_periods[:2])
    yearly = levels[:, 0] - (levels[:, 1] - levels[:, 0]) * first / (second - first)
    return np.asarray(np.maximum(yearly, dry_level))


def dangerous_levels(levels: Floats, depth: Floats, calm: Floats) -> Floats:
    """(Z, S) lowest sea level [m, region datum] at which a depth reaches ``DANGEROUS_DEPTH``.

    Linear between mapped sea levels. Below the lowest one the water falls with the sea, metre by metre, and is no
    danger at ``calm``. ``inf`` where no mapped sea level is high enough, NaN where the depth is unknown.

    Args:
        levels: (S, L) mapped sea levels [m, region datum], ascending.
        depth: (Z, S, L) [m], not falling as the sea rises.
        calm: (S,) sea level [m, region datum] that endangers nobody: land that it floods every year is no home.
    """
    upper = np.argmax(depth >= DANGEROUS_DEPTH, axis=2)  # (Z, S) the first dangerous level; 0 where none is
    lower = np.maximum(upper - 1, 0)
    sample = np.arange(len(levels))
    level, below = levels[sample, upper], levels[sample, lower]
    deep, shallow = (np.take_along_axis(depth, at[..., None], axis=2)[..., 0] for at in (upper, lower))
    rise = np.where(deep > shallow, deep - shallow, 1.0)
    between = below + (level - below) * (DANGEROUS_DEPTH - shallow) / rise
    lowest = np.maximum(level - (deep - DANGEROUS_DEPTH), np.minimum(calm, level - STEP))
    found = np.where(upper > 0, between, lowest)
    never = ~(depth >= DANGEROUS_DEPTH).any(axis=2)
    return np.where(np.isnan(depth).any(axis=2), np.nan, np.where(never, np.inf, found))
