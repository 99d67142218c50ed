"""Terrain against the sea at the gauge: land along the shoreline, low land, and the share of water.

Land beside tidal water is built up to the high spring tides: on 14 simulated deltas and on the coast of the example the
median of the land cells beside the sea lies 1.5 to 2.5 times mean high water above mean sea level. What is far above or
below is on another datum, or no low coast.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import ndimage

from strandline.observations.arrays import Floats, Mask
from strandline.observations.checks.datums.gauge_records import GaugeRecord
from strandline.observations.checks.findings import Finding
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import TerrainSection

SHORE_ABOVE = 0.5, 0.9
"""[m] Median of the land beside the sea above twice mean high water, that warns and that refuses. Good coasts measured:
-0.3 to 0.4 m (docs/concepts/datums.md)."""
LOWEST_ABOVE = 0.3, 0.8
"""[m] Lowest tenth of the land near the sea above mean high water, that warns and that refuses."""
LAND_BELOW_HIGH_WATER = 0.7
"""Share of the ground below mean high water that warns; polders reach it, hence no refusal."""
WATER = 0.6, 0.85
"""Share of water, where the terrain tells water from land, that warns and that refuses: a region is drawn around its
land."""
NEAR = 2000.0
"""[m] From the sea: where creeks drain the ground at low water."""
FEWEST_SHORE, FEWEST_LAND = 30, 100
"""Cells below which nothing is compared."""
_AROUND = np.ones((3, 3), dtype=bool)
_FLATTENED = 0.2
"""Share of water cells with one and the same height: an elevation product that has no bed."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Heights of a region [m above mean sea level]; all (H, W).

    Attributes:
        sea: permanent water that joins the sea point, or all of it where that point is on land.
        land: known cells that are no permanent water.
        high_water, low_water: mean high and low water above and below mean sea level [m, positive].
    """

    elevation: Floats
    sea: Mask
    land: Mask
    high_water: float
    low_water: float


def ground_of(terrain: xr.Dataset, region: Region, gauge: GaugeRecord) -> Ground:
    """The ground above the gauge's mean sea level."""
    elevation, water = terrain["elevation"].values, terrain["permanent_water"].values == 1
    row, column = region.cells_of(np.array([region.sea_point[0]]), np.array([region.sea_point[1]]))
    labels, _ = ndimage.label(water, structure=_AROUND)
    label = labels[row[0], column[0]] if row[0] >= 0 and column[0] >= 0 else 0
    return Ground(
        elevation - gauge.mean_sea_level,
        labels == label if label else water,
        ~np.isnan(elevation) & ~water,
        gauge.mean_high_water,
        gauge.mean_low_water,
    )


def compare_with_sea(ground: Ground, cell_size: float, section: TerrainSection) -> Iterator[Finding]:
    """What the heights of land and water say about the zero of the terrain."""
    shore = ground.land & ndimage.binary_dilation(ground.sea, _AROUND)
    if shore.sum() < FEWEST_SHORE or ground.land.sum() < FEWEST_LAND:
        return
    yield from _along_the_shoreline(ground, ground.elevation[shore])
    near = ground.land & (ndimage.distance_transform_edt(~ground.sea) * cell_size <= NEAR)
    lowest = float(np.quantile(ground.elevation[near], 0.1)) - ground.high_water
    warns, refuses = LOWEST_ABOVE
    if lowest > warns:
        what = (
            f"the lowest tenth of the land within {NEAR / 1000:g} km of the sea begins {lowest:.2f} m above mean high"
            " water; where creeks drain a low coast it begins near or below"
        )
        yield _finding(what, "too high", lowest > refuses, "lowest land")
    yield from _share_below_high_water(ground, section)


def _along_the_shoreline(ground: Ground, shore: Floats) -> Iterator[Finding]:
    """``shore`` holds the heights of the land cells beside the sea [m above mean sea level]."""
    middle, lowest, high_water = float(np.median(shore)), float(np.quantile(shore, 0.1)), ground.high_water
    warns, refuses = SHORE_ABOVE
    above = middle - 2.0 * high_water
    measured = (
        f"the land beside the sea lies {middle:.2f} m above mean sea level (median of {shore.size} cells), mean high"
        f" water {high_water:.2f} m"
    )
    if above > warns:
        what = f"{measured}; such land is built up to about twice that, and here it is {above:.2f} m higher"
        yield _finding(what, "too high", above > refuses and lowest > high_water, "land along the shoreline")
    elif middle < high_water:
        what = f"{measured}: most of it would stand under water at every high tide"
        yield _finding(what, "too low", middle < 0.0, "land along the shoreline")


def _share_below_high_water(ground: Ground, section: TerrainSection) -> Iterator[Finding]:
    """Land below mean high water; where heights tell water from land, with the ground that they call water."""
    heights = ground.elevation[ground.land]
    if section.permanent_water.below is not None:
        water = ground.elevation[ground.sea]
        values, counts = np.unique(water, return_counts=True)
        if counts.size and counts.max() > _FLATTENED * water.size:
            water = water[water != values[counts.argmax()]]
        heights = np.concatenate([heights, water[water > -ground.low_water]])
        share = float(ground.sea.sum() / (ground.sea.sum() + ground.land.sum()))
        if share > WATER[0]:
            what = (
                f"{share:.0%} of the known cells are taken for sea, being below permanent_water.below ="
                f" {section.permanent_water.below:g} m"
            )
            yield _finding(what, "too low", share > WATER[1], "share of water")
    below = float(np.mean(heights < ground.high_water))
    if below > LAND_BELOW_HIGH_WATER:
        what = f"{below:.0%} of the ground lies below mean high water ({ground.high_water:.2f} m above mean sea level)"
        yield _finding(what, "too low", False, "land below high water")


def _finding(what: str, direction: str, refuses: bool, check: str) -> Finding:
    where = "terrain"
    cause = f"the terrain is {direction} against the gauge, or this is no low coast"
    remedy = (
        "compare some heights with benchmarks or with the waterline at a known tide, and correct"
        " offset_to_region_datum; if they are right, say so in [[accepted]] with a reason"
    )
    return Finding(where, f"{what}: {cause}", remedy, refuses, check)
