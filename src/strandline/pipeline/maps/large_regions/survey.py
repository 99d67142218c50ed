"""Terrain features that need the whole region: the sea, the distance to it, and the sill between it and each cell.

This is the one step that holds the whole grid, one feature after the other: 15 bytes a cell at most, 1.5 GB for
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
from strandline.pipeline.maps.large_regions.store import GROUND_CHUNK, MapStore

SHARES = (0.5, 0.6, 0.7)
"""Shares of the work done after the terrain, the distances and the sills; for the progress display alone."""


def survey(settings: TerrainSection, region: Region, store: MapStore, progress: Progress | None = None) -> None:
    """Read the terrain of a region strip by strip, and store its features.

    Raises:
        InputError: the terrain cannot be used, or covers nothing of the region.
    """
    report: Progress = (lambda _: None) if progress is None else progress
    sea = _find_sea(settings, region, store, report)
    report(SHARES[0])
    _write(store, "distance", distance_to(sea) * np.float32(region.cell_size / 1000.0))
    report(SHARES[1])
    sill = sill_of(np.asarray(store.array("elevation")[:]), sea)
    report(SHARES[2])
    _write(store, "sill", sill)
    store.finish_ground()
    report(1.0)


def _find_sea(settings: TerrainSection, region: Region, store: MapStore, report: Progress) -> npt.NDArray[np.bool_]:
    """(H, W) cells of the sea; also stores elevation and permanent water."""
    elevation, wet = _read(settings, region, report)
    _write(store, "elevation", elevation)
    del elevation
    sea = joined_to_sea(wet, region)
    by_level = settings.permanent_water.below is not None  # low land behind a dike is then no water
    _write(store, "water", sea if by_level else wet)
    return sea


def _read(settings: TerrainSection, region: Region, report: Progress) -> tuple[SingleFloats, npt.NDArray[np.bool_]]:
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
        except NoCoverage as uncovered:  # other strips may be covered
            refused = uncovered
        report(SHARES[0] * rows.stop / region.shape[0])
    if refused is not None and np.isnan(elevation).all():
        raise refused
    if water.below is not None:
        wet = elevation < water.below
    return elevation, wet & ~np.isnan(elevation)


def _strips(rows: int) -> list[slice]:
    return [slice(start, min(start + GROUND_CHUNK, rows)) for start in range(0, rows, GROUND_CHUNK)]


def _write(store: MapStore, name: str, values: npt.NDArray[np.generic]) -> None:
    for rows in _strips(len(values)):
        store.write(name, rows, values[rows])
