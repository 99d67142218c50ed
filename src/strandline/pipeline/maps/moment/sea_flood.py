"""The flood that the sea makes at one level: by the students of a run, or else by the ground's sills."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.models.terrain_features import distance_to, joined_to_sea, sill_of, stack_terrain_features
from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.observations.region import Region
from strandline.pipeline.deployment import Deployment
from strandline.pipeline.maps.moment.combine import SeaFlood
from strandline.pipeline.maps.moment.sea import SeaAtMoment
from strandline.pipeline.maps.tiles import Tiling
from strandline.risk.hazard.flood_maps import draw_floods, map_floods
from strandline.risk.hazard.hazard import NO_EMBANKMENT_COUNTS
from strandline.simulator.design_storms import StormDesigner
from strandline.uncertainty.forecaster import Forecaster

SAMPLES = 8
SEED = 1
SOME_YEAR = np.datetime64("2000-01-01T00", "ns")
MOST_CELLS = 16_000_000
"""Of a region whose sills are found at once, 1 GB."""
LEAST_DEVIATION = 0.1
"""[m] Of the ground against the sea: the sills between cells are coarser than any elevation's error."""


STILL_WATER = "still water over the sills of the ground"
EMBANKMENTS_AS_GROUND = (
    "In the sea's flood an embankment holds where the ground shows it, until the sea is above it, and none breaches:"
    " land behind one may flood at a lower sea."
)


def embankments_in(sea_by: str) -> str:
    """What the sea's flood holds of embankments, by who mapped it."""
    return EMBANKMENTS_AS_GROUND if sea_by == STILL_WATER else NO_EMBANKMENT_COUNTS


@dataclass(frozen=True, eq=False)
class SeaFloodRun:
    """The students of a run, for the sea of a moment.

    Attributes:
        folder: of the run.
    """

    folder: Path
    deployment: Deployment
    forecaster: Forecaster

    def of_region(self, region: Region) -> Forecaster:
        """The forecaster for this region: with its archive at the run's own place alone."""
        own = self.deployment.region
        if own.bounds == region.bounds and own.shape == region.shape:
            return self.forecaster
        if own.vertical_datum != region.vertical_datum:
            what = f"has vertical datum '{region.vertical_datum}', the run '{own.vertical_datum}'"
            raise InputError(f"region '{region.name}'", what, "give elevations in the run's datum")
        if abs(region.cell_size / own.cell_size - 1) > 0.01:
            what = f"has cells of {region.cell_size:g} m, the run of {own.cell_size:g} m"
            raise InputError(f"region '{region.name}'", what, "use the run's cell size, or leave --run out")
        return self.forecaster.without_site_memory()


def check_size(region: Region) -> None:
    """Refuse a region whose sills cannot be found at once.

    Raises:
        InputError: it has too many cells.
    """
    rows, columns = region.shape
    if rows * columns > MOST_CELLS:
        what = f"has {rows * columns / 1e6:,.0f} million cells; the sea's flood is found for {MOST_CELLS / 1e6:.0f}"
        raise InputError(f"region '{region.name}'", what, "use larger cells, or leave --run and --sea-level out")


def flood_by_students(
    run: SeaFloodRun, region: Region, elevation: SingleFloats, water: Mask, sea: SeaAtMoment, progress: Progress
) -> SeaFlood:
    """Flood maps of the run's students for storms whose peak is the sea of the moment, within its error.

    Args:
        elevation: (H, W) [m, region datum]; ``water``: permanent water.

    Raises:
        InputError: another datum or cell size than the run's, or a sea point on land.
    """
    forecaster, deployment = run.of_region(region), run.deployment
    start = min((start for start, _ in deployment.withheld), default=SOME_YEAR)
    designer = StormDesigner(deployment.sea_level, deployment.mean_sea_level, start)
    levels = sea.level + sea.deviation * norm.ppf((np.arange(SAMPLES) + 0.5) / SAMPLES)
    draws = draw_floods(designer, levels[:, None], forecaster.members, np.random.default_rng(SEED))
    ground = elevation - np.float32(deployment.mean_sea_level)
    at_sea = joined_to_sea(water, region)
    distance, sill = distance_to(at_sea) * np.float32(region.cell_size / 1000.0), sill_of(ground, at_sea)
    summed = np.zeros((3, *region.shape), np.float32)
    total = np.zeros(region.shape, np.float32)
    tiles = Tiling(region.shape).tiles()
    for done, tile in enumerate(tiles, start=1):
        cut = tile.window
        features = stack_terrain_features(ground[cut], sill[cut], water[cut], distance[cut])
        if features.land.any():
            maps = map_floods(forecaster, features, draws, {})
            found = np.stack([maps.probability[0], maps.epistemic_sd[0], maps.flood_extent[0]])
        else:
            found = np.zeros((3, *features.land.shape), np.float32)
        summed[:, *cut] += tile.weight * np.nan_to_num(found)
        total[cut] += tile.weight
        progress(done / len(tiles))
    probability, spread, wet = summed / total
    return _on_land(probability, spread, (wet >= 0.5).astype(np.float32), elevation, water)


def flood_by_sills(
    region: Region, elevation: SingleFloats, water: Mask, sea: SeaAtMoment, elevation_error: float
) -> SeaFlood:
    """Where the sea stands above the lowest sill on the way to a cell, within the errors of ground and sea.

    Still water that has all the time it needs: an upper bound behind gates, and in a surge of few hours.

    Args:
        elevation_error: of the ground [m].

    Raises:
        InputError: the sea point lies on land.
    """
    sill = sill_of(elevation, joined_to_sea(water, region))
    deviation = max(float(np.hypot(elevation_error, sea.deviation)), LEAST_DEVIATION)
    above: Floats = (sea.level - sill.astype(np.float64)) / deviation
    probability = np.where(np.isnan(sill), 0.0, norm.cdf(above)).astype(np.float32)
    return _on_land(probability, np.zeros_like(probability), (probability >= 0.5).astype(np.float32), elevation, water)


def _on_land(
    probability: SingleFloats, spread: SingleFloats, wet: SingleFloats, elevation: SingleFloats, water: Mask
) -> SeaFlood:
    silent = water | np.isnan(elevation)
    unknown = np.float32(np.nan)
    return SeaFlood(*(np.where(silent, unknown, each) for each in (probability, spread, wet)))
