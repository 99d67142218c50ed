"""The grid of a raster itself, for a map where no region file states one."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import CRS, Transformer
from rasterio.io import DatasetReader

from strandline.errors import InputError
from strandline.observations.readers.formats.rasters import open_raster
from strandline.observations.region import Region

LEAST_EDGE = 8
"""[cells] Of an image; fewer show no shore."""
_UTM_LATITUDE = 80.0


@dataclass(frozen=True)
class RasterGrid:
    """A region made of a raster.

    Attributes:
        region: north-up, in metres. It has no datum and no sea point of its own: a map of images needs neither.
        note: how it differs from the raster's own grid; empty = it is the same.
    """

    region: Region
    note: str


def grid_of_raster(path: Path) -> RasterGrid:
    """The grid of a raster: its own where that is north-up in metres with square pixels, else one over it in UTM.

    Raises:
        InputError: no readable raster, without a CRS, too small, or beyond the zones of UTM.
    """
    with open_raster(path) as dataset:
        rows, columns = dataset.shape
        if min(rows, columns) < LEAST_EDGE:
            what = f"has {rows} × {columns} pixels, too few to show where water ends"
            raise InputError(path, what, f"give an image of {LEAST_EDGE} × {LEAST_EDGE} pixels or more")
        crs, transform = CRS.from_wkt(dataset.crs.to_wkt()), dataset.transform
        in_metres = crs.is_projected and crs.axis_info[0].unit_name == "metre"
        is_upright = transform.b == transform.d == 0 and transform.a > 0 > transform.e
        if in_metres and is_upright and math.isclose(transform.a, -transform.e, rel_tol=1e-6):
            left, top, size = transform.c, transform.f, float(transform.a)
            bounds = (left, top - rows * size, left + columns * size, top)
            return RasterGrid(_region(path, dataset.crs.to_string(), bounds, size), "")
        target = dataset.crs.to_string() if in_metres else _utm_of(dataset, path)
        bounds, size = _cover(dataset, target)
        why = "is in degrees" if crs.is_geographic else "is rotated" if in_metres and not is_upright else "differs"
        note = f"the grid of {path.name} {why}: resampled to north-up cells of {size:g} m in {target}"
        return RasterGrid(_region(path, target, bounds, size), note)


def _region(path: Path, crs: str, bounds: tuple[float, float, float, float], size: float) -> Region:
    left, bottom, right, top = bounds
    return Region(path.stem, crs, bounds, size, "not stated", ((left + right) / 2, (bottom + top) / 2), "not stated")


def _utm_of(dataset: DatasetReader, path: Path) -> str:
    """EPSG code of the zone of the raster's centre."""
    x, y = dataset.transform * (dataset.width / 2, dataset.height / 2)
    to_degrees = Transformer.from_crs(dataset.crs.to_wkt(), "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    if not (math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) <= _UTM_LATITUDE):
        what = f"its centre ({x:g}, {y:g}) in {dataset.crs.to_string()} lies nowhere between 80° S and 80° N"
        raise InputError(path, what, "check its CRS, or project it first, e.g. gdalwarp -t_srs EPSG:32633")
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def _cover(dataset: DatasetReader, crs: str) -> tuple[tuple[float, float, float, float], float]:
    """Bounds of whole cells over the raster, and their size [m]: that of its pixels, to a decimetre."""
    along, none = np.linspace(0, 1, 21), np.zeros(21)
    across, down = np.concatenate([along, along, none, none + 1]), np.concatenate([none, none + 1, along, along])
    to_target = Transformer.from_crs(dataset.crs.to_wkt(), crs, always_xy=True)
    x, y = to_target.transform(*(dataset.transform * (across * dataset.width, down * dataset.height)))
    left, right, bottom, top = x.min(), x.max(), y.min(), y.max()
    size = _pixel_size(dataset, to_target)
    first_column, first_row = math.floor(left / size), math.ceil(top / size)
    columns, rows = math.ceil(right / size) - first_column, first_row - math.floor(bottom / size)
    west, north = first_column * size, first_row * size
    return (west, north - rows * size, west + columns * size, north), size


def _pixel_size(dataset: DatasetReader, to_target: Transformer) -> float:
    """Square root of the area of the central pixel [m], to a decimetre."""
    column, row = dataset.width / 2, dataset.height / 2
    x, y = dataset.transform * (np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    x, y = to_target.transform(x, y)
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    return max(round(math.sqrt(abs(area)), 1), 0.5)
