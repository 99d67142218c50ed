"""What only a whole region can tell: which water is the sea, how far it is from a cell, and over which sill it comes.

This is the one step that holds the whole grid, one question after the other: 15 bytes a cell at most, 1.5 GB for
10 000 × 10 000.
"""

import numpy as np
import numpy.typing as npt

from strandline.distillation.training.loop import Progress
from strandline.models.terrain_features import distance_to, joined_to_sea, sill_of
from strandline.observations.arrays import SingleFloats
from strandline.observations.readers.formats.rasters import NoCoverage
from strandline.observations.readers.terrain import read_elevation, read_water
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import TerrainSection
from strandline.pipeline.large_regions.store import GROUND_CHUNK, MosaicStore

SHARES = (0.5, 0.6, 0.7)
"""Of the work that are done when the terrain is read, the distances and the sills are known; for progress alone."""


def survey(settings: TerrainSection, region: Region, store: MosaicStore, progress: Progress | None = None) -> None:
    """Read the terrain of a region row by row, and put its ground into the store.

    Raises:
        InputError: the terrain cannot be used, or knows nothing of the region.
    """
    told: Progress = (lambda _: None) if progress is None else progress
    sea = _find_sea(settings, region, store, told)
    told(SHARES[0])
    _write(store, "distance", distance_to(sea) * np.float32(region.cell_size / 1000.0))
    told(SHARES[1])
    sill = sill_of(np.asarray(store.array("elevation")[:]), sea)
    told(SHARES[2])
    _write(store, "sill", sill)
    store.finish_ground()
    told(1.0)


def _find_sea(settings: TerrainSection, region: Region, store: MosaicStore, told: Progress) -> npt.NDArray[np.bool_]:
    """(H, W) the sea; elevation and permanent water are in the store then."""
    elevation, wet = _read(settings, region, told)
    _write(store, "elevation", elevation)
    del elevation
    sea = joined_to_sea(wet, region)
    by_level = settings.permanent_water.below is not None  # then what lies low behind a dike is none
    _write(store, "water", sea if by_level else wet)
    return sea


def _read(settings: TerrainSection, region: Region, told: Progress) -> tuple[SingleFloats, npt.NDArray[np.bool_]]:
    """Elevation [m, region datum] and cells that are permanent water, or below its level."""
    elevation = np.full(region.shape, np.nan, dtype=np.float32)
    wet = np.zeros(region.shape, dtype=bool)
    refused: NoCoverage | None = None
    water = settings.permanent_water
    for rows in _strips(region.shape[0]):
        part = region.window(rows, slice(None))
        try:
            elevation[rows] = read_elevation(settings, part)
            if water.path is not None:
                wet[rows] = read_water(water.path, part) > 0.5
        except NoCoverage as nothing:  # elsewhere there may be something
            refused = nothing
        told(SHARES[0] * rows.stop / region.shape[0])
    if refused is not None and np.isnan(elevation).all():
        raise refused
    if water.below is not None:
        wet = elevation < water.below
    return elevation, wet & ~np.isnan(elevation)


def _strips(rows: int) -> list[slice]:
    return [slice(start, min(start + GROUND_CHUNK, rows)) for start in range(0, rows, GROUND_CHUNK)]


def _write(store: MosaicStore, name: str, values: npt.NDArray[np.generic]) -> None:
    for rows in _strips(len(values)):
        store.write(name, rows, values[rows])
