"""GeoTIFFs in any CRS, resampled to the region's grid."""

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer
from pyproj.exceptions import ProjError
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.warp import reproject
from rasterio.windows import Window

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.file_limits import check_file
from strandline.observations.region import Region

_MARGIN = 3
"""[source pixels] Margin around the region, for interpolation."""
MOST_PIXELS, PIXELS_AT_ONCE = 4_000_000_000, 32_000_000
"""Of a raster over the region: more is not read; less is read in parts of this size, 256 MB each."""
MOST_CELLS = 25_000_000
"""Of a grid in memory, 200 MB a layer; wider regions are mapped tile by tile."""


class NoCoverage(InputError):
    """A raster has no value in the region."""


@contextmanager
def open_raster(path: Path) -> Iterator[DatasetReader]:
    """Open a georeferenced raster.

    Raises:
        InputError: missing, not a raster, truncated, or without a CRS.
    """
    check_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except RasterioError as error:
        raise InputError(path, f"is not a readable raster ({error})", "give a complete GeoTIFF") from error
    with dataset:
        if dataset.crs is None or dataset.transform.is_identity:
            raise InputError(
                path, "has no coordinate reference system", "write one into it, e.g. gdal_edit -a_srs EPSG:32633"
            )
        if dataset.transform.is_degenerate or not np.isfinite(tuple(dataset.transform)).all():
            raise InputError(path, "has cells without an area", "write its georeference into it again")
        try:
            yield dataset
        except (RasterioError, ProjError) as error:
            raise InputError(
                path, f"cannot be read to its end ({error})", "the file may be incomplete: download it again"
            ) from error


def cell_size_in(dataset: DatasetReader, region: Region) -> float:
    """Square root of the area of the raster's central cell [m, region CRS]."""
    column, row = dataset.width / 2, dataset.height / 2
    a, b, c, d, e, f = tuple(dataset.transform)[:6]
    columns, rows = np.array([column, column + 1, column]), np.array([row, row, row + 1])
    to_region = Transformer.from_crs(dataset.crs.to_wkt(), region.crs, always_xy=True)
    x, y = to_region.transform(a * columns + b * rows + c, d * columns + e * rows + f)
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    return float(np.sqrt(abs(area)))


def refuse_without_overlap(path: Path, region: Region) -> None:
    """Check that a raster covers some of a region.

    Raises:
        NoCoverage: it does not, with what it spans.
        InputError: it cannot be read.
    """
    with open_raster(path) as dataset:
        _window_over(dataset, region)


def read_on_grid(
    dataset: DatasetReader,
    band: int,
    grid: Region,
    nodata: float | None,
    convert: Callable[[Floats], Floats] = lambda values: values,
    resampling: Resampling | None = None,
) -> Floats:
    """One band on a region's grid: averaged where that is coarser than the raster, else interpolated bilinearly.

    Args:
        band: from 1.
        grid: the target cells: a region, or one with the same bounds and coarser cells.
        nodata: value that means "not observed", in addition to the one that the file declares.
        convert: applied to known values before resampling (dB → power, cloud classes → 0 or 1 …).
        resampling: overrides the rule above.

    Returns:
        (H, W); NaN = not observed.

    Raises:
        NoCoverage: the region lies outside, or holds only nodata.
        InputError: the band does not exist, holds infinite values, or has too many pixels or cells to be read.
    """
    path = Path(dataset.name)
    if band > dataset.count:
        raise InputError(path, f"has {dataset.count} bands, not {band}", "correct the band number")
    rows, columns = grid.shape
    if rows * columns > MOST_CELLS:
        what = f"has {rows * columns / 1e6:,.0f} million cells; {MOST_CELLS / 1e6:.0f} million at most are read at once"
        raise InputError(f"region '{grid.name}'", what, "use a larger cell_size, or map it with `strandline map`")
    over = _window_over(dataset, grid)
    pixels = int(over.width) * int(over.height)
    if pixels > MOST_PIXELS:
        what = f"covers the region with {pixels / 1e6:,.0f} million pixels; {MOST_PIXELS / 1e6:,.0f} at most are read"
        raise InputError(path, what, f"resample it first, e.g. gdalwarp -tr {grid.cell_size:g} {grid.cell_size:g}")
    if resampling is None:
        coarser = grid.cell_size >= 1.5 * cell_size_in(dataset, grid)
        resampling = Resampling.average if coarser else Resampling.bilinear
    result, is_known = np.full(grid.shape, np.nan), False
    for part in np.array_split(np.arange(rows), min(rows, math.ceil(pixels / PIXELS_AT_ONCE))):
        strip = grid.window(slice(int(part[0]), int(part[-1]) + 1), slice(None))
        try:
            window = _window_over(dataset, strip)
        except NoCoverage:
            continue
        values = _known_values(dataset, band, window, nodata)
        if np.isnan(values).all():
            continue
        is_known = True
        reproject(
            convert(values),
            result[part[0] : part[-1] + 1],
            src_transform=dataset.window_transform(window),
            src_crs=dataset.crs,
            src_nodata=np.nan,
            dst_transform=strip.transform,
            dst_crs=grid.crs,
            dst_nodata=np.nan,
            resampling=resampling,
        )
    if not is_known:
        raise NoCoverage(path, f"band {band} holds only nodata over the region", "check nodata and the region's bounds")
    return result


def _known_values(dataset: DatasetReader, band: int, window: Window, nodata: float | None) -> Floats:
    """(h, w) values of a window; NaN = nodata.

    Raises:
        InputError: some are infinite.
    """
    values: Floats = dataset.read(band, window=window, masked=True).astype(np.float64).filled(np.nan)
    if nodata is not None:
        values[values == nodata] = np.nan
    infinite = int(np.isinf(values).sum())
    if infinite:
        what = f"band {band} holds {infinite} infinite values"
        raise InputError(Path(dataset.name), what, "correct them, or name them as 'nodata'")
    return values


def _window_over(dataset: DatasetReader, region: Region) -> Window:
    """The pixels that cover the region, also in a rotated raster.

    Raises:
        NoCoverage: there are none.
    """
    left, bottom, right, top = region.bounds
    along = np.linspace(0.0, 1.0, 21)
    x = np.concatenate([left + along * (right - left)] * 2 + [np.full(21, left), np.full(21, right)])
    y = np.concatenate([np.full(21, bottom), np.full(21, top)] + [bottom + along * (top - bottom)] * 2)
    to_raster = Transformer.from_crs(region.crs, dataset.crs.to_wkt(), always_xy=True)
    raster_x, raster_y = (np.asarray(values) for values in to_raster.transform(x, y))
    inverse = ~dataset.transform
    with np.errstate(over="ignore", invalid="ignore"):  # a damaged transform; what is not finite covers nothing
        column = inverse.a * raster_x + inverse.b * raster_y + inverse.c
        row = inverse.d * raster_x + inverse.e * raster_y + inverse.f
    if np.isfinite(column).all() and np.isfinite(row).all():
        first_column = max(0, int(np.floor(column.min())) - _MARGIN)
        last_column = min(dataset.width, int(np.ceil(column.max())) + _MARGIN)
        first_row = max(0, int(np.floor(row.min())) - _MARGIN)
        last_row = min(dataset.height, int(np.ceil(row.max())) + _MARGIN)
        if first_column < last_column and first_row < last_row:
            return Window(first_column, first_row, last_column - first_column, last_row - first_row)
    extent = ", ".join(f"{value:g}" for value in dataset.bounds)
    swapped = _covers_when_swapped(dataset, raster_x, raster_y)
    raise NoCoverage(
        dataset.name,
        f"does not cover region '{region.name}' (the raster spans {extent} in {dataset.crs.to_string()})",
        "its longitude and latitude are swapped" if swapped else "check the region's bounds and CRS, or the raster",
    )


def _covers_when_swapped(dataset: DatasetReader, x: Floats, y: Floats) -> bool:
    """Whether the raster covers the region when its x and y are swapped."""
    bounds = dataset.bounds
    low_x, high_x = sorted((bounds.left, bounds.right))
    low_y, high_y = sorted((bounds.bottom, bounds.top))
    return bool(((y >= low_x) & (y <= high_x) & (x >= low_y) & (x <= high_y)).any())
