"""Terrain: elevation on the region's grid and datum, and permanent water."""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import ndimage

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.rasters import NoCoverage, open_raster, read_on_grid
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import PermanentWaterSection, TerrainSection
from strandline.observations.variables import as_variable, check_variables

_log = logging.getLogger(__name__)


def read_terrain(settings: TerrainSection, region: Region) -> xr.Dataset:
    """The ``terrain`` modality. NaN elevation = outside the survey; ``permanent_water`` is NaN there as well.

    Raises:
        InputError: with raster and remedy.
    """
    elevation = read_elevation(settings, region)
    known = ~np.isnan(elevation)
    terrain = xr.Dataset(
        {
            "elevation": as_variable("elevation", ("y", "x"), elevation),
            "elevation_error": as_variable(
                "elevation_error", ("y", "x"), np.where(known, settings.elevation_error, np.nan)
            ),
        },
        {"y": region.y, "x": region.x},
    )
    check_variables(terrain, settings.path)
    water = _permanent_water(settings.permanent_water, region, elevation)
    terrain["permanent_water"] = as_variable("permanent_water", ("y", "x"), water)
    _log.info("terrain: %.0f %% of cells known, %d permanent water", 100 * known.mean(), int((water == 1).sum()))
    return terrain


def read_elevation(settings: TerrainSection, region: Region) -> Floats:
    """(H, W) elevation [m, region datum]; NaN = outside the survey.

    Raises:
        NoCoverage: every cell is outside.
    """
    with open_raster(settings.path) as dataset:
        elevation = read_on_grid(dataset, 1, region, settings.nodata) + settings.datum_shift
    if np.isnan(elevation).all():
        raise NoCoverage(
            settings.path, f"covers no cell of region '{region.name}'", "check the region's bounds and CRS"
        )
    return elevation


def read_water(path: Path, region: Region) -> Floats:
    """(H, W) 1 = water, 0 = land, NaN = unknown, from a raster of shares or of zeros and ones.

    Raises:
        NoCoverage: every cell is unknown.
    """
    with open_raster(path) as dataset:
        share = read_on_grid(dataset, 1, region, None)
    return np.where(np.isnan(share), np.nan, (share >= 0.5).astype(float))


def water_connected_to_sea(elevation: Floats, level: float, sea_cell: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Known cells below ``level`` [m] that are connected to the sea cell, by edge or corner, through such cells.

    Low land behind a dike is not connected and stays land. Unknown cells connect nothing.

    Raises:
        ValueError: the sea cell is unknown or not below ``level``.
    """
    low = elevation < level  # (H, W); NaN is not
    if not low[sea_cell]:
        height = elevation[sea_cell]
        raise ValueError("its elevation is unknown" if np.isnan(height) else f"the cell lies at {height:.2f} m")
    labels, _ = ndimage.label(low, structure=np.ones((3, 3), dtype=int))
    connected: npt.NDArray[np.bool_] = labels == labels[sea_cell]
    return connected


def _permanent_water(settings: PermanentWaterSection, region: Region, elevation: Floats) -> Floats:
    """(H, W) 1 = water, 0 = land, NaN = unknown."""
    if settings.path is not None:
        return np.where(np.isnan(elevation), np.nan, read_water(settings.path, region))
    level = float(settings.below if settings.below is not None else np.nan)
    row, column = region.cells_of(np.array([region.sea_point[0]]), np.array([region.sea_point[1]]))
    sea_cell = (int(row[0]), int(column[0]))
    try:
        connected = water_connected_to_sea(elevation, level, sea_cell)
    except ValueError as error:
        raise InputError(
            f"region '{region.name}' sea_point {region.sea_point}",
            f"is not in the sea: {error}",
            f"name a point on open water below {level:g} m",
        ) from error
    return np.where(np.isnan(elevation), np.nan, connected.astype(float))
