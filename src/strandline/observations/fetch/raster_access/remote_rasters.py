"""Reads the part of remote rasters that a box needs, by odc-stac over HTTP ranges, and writes it as one GeoTIFF."""

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import numpy.typing as npt
import rasterio
from pystac import Asset, Item
from rasterio.errors import RasterioError

from strandline.errors import FeedError, InputError
from strandline.observations.arrays import Floats
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.signatures import Access
from strandline.observations.fetch.raster_access.stac_catalogue import unsigned
from strandline.observations.fetch.transfer.http import NoAnswer, Service

Rule = Literal["nearest", "bilinear", "average", "sum"]
"""How cells are made of a raster's pixels."""
_REQUESTS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_TIMEOUT": "120",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
}
"""Of GDAL: 429 and 5xx are asked again, other errors are not."""
_LOGGERS = ("odc.loader._rio", "rasterio._env", "rasterio._err", "rasterio._io")
_QUERY = re.compile(r"\?[^\s'\"<>,)]+")
_MOST_CELLS = 60_000_000
"""Of one layer: 240 MB. A box of the largest area on cells of 30 m has 45 million."""


@dataclass(frozen=True)
class Layer:
    """One band to read.

    Attributes:
        asset: its key in the items.
        nodata: value of what was not seen, whether the file declares it or not.
        rule: from pixels to cells.
    """

    asset: str
    nodata: float
    rule: Rule = "bilinear"


def read_layers(
    items: Sequence[Item], layers: Sequence[Layer], grid: UtmGrid, access: Access, client: Downloader
) -> list[Floats]:
    """The bands of all items on a grid, each (H, W); NaN = not seen. Where items overlap, the first one counts.

    A signature that is refused is renewed once.

    Raises:
        FeedError: a file cannot be read, and why.
        InputError: a login or the extra is missing, or the grid is too large.
    """
    rows, columns = grid.shape
    if rows * columns > _MOST_CELLS:
        what = f"{rows} x {columns} cells of {grid.cell_size:g} m"
        raise InputError(f"source '{client.source}'", f"the box has {what}", "choose a smaller box, or several")
    if find_spec("odc") is None:
        what, remedy = "odc-stac, which reads its rasters, is missing", "pip install 'strandline[fetch]'"
        raise InputError(f"source '{client.source}'", what, remedy)
    options = {**_REQUESTS, **access.options(client)}
    with _no_signature_in_logs(), rasterio.Env(**options):
        try:
            return _load(items, layers, grid, access.signer(client))
        except RasterioError:
            sign = access.signer(client, renew=True)
        try:
            return _load(items, layers, grid, sign)
        except RasterioError as error:
            raise _reason(items, layers, sign, client, error) from None


def raster_item(
    name: str, href: str, bounds: tuple[float, float, float, float], asset: str = "data", time: datetime | None = None
) -> Item:
    """An item for a raster without a catalogue: west, south, east, north [degrees] of what it covers."""
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    item = Item(name, geometry, list(bounds), time or datetime(2000, 1, 1, tzinfo=UTC), {})
    item.add_asset(asset, Asset(href, media_type="image/tiff; application=geotiff", roles=["data"]))
    return item


def write_geotiff(
    to: Path,
    layers: Sequence[npt.NDArray[Any]],
    grid: UtmGrid,
    *,
    nodata: float,
    names: Sequence[str],
    tags: Mapping[str, str],
) -> None:
    """Write bands of one type; call it within ``write_atomically``.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    rows, columns = grid.shape
    kind = layers[0].dtype
    try:
        with rasterio.open(
            to, "w", driver="GTiff", width=columns, height=rows, count=len(layers), dtype=kind, crs=grid.crs,
            transform=grid.transform, nodata=nodata, compress="deflate", predictor=3 if kind.kind == "f" else 2,
            tiled=True, blockxsize=256, blockysize=256,
        ) as dataset:  # fmt: skip
            for number, (layer, name) in enumerate(zip(layers, names, strict=True), start=1):
                dataset.write(layer, number)
                dataset.set_band_description(number, name)
            dataset.update_tags(**tags)
    except RasterioError as error:
        what, remedy = f"cannot be written ({error})", "free space or choose another folder, then fetch again"
        raise InputError(to.parent, what, remedy) from None


def read_volume(grid: UtmGrid, layers: int, bytes_a_pixel: float, pixel: float) -> int:
    """Estimate of what is read over the net for a grid [bytes].

    Args:
        bytes_a_pixel: as stored, packed.
        pixel: of the raster or the overview that is read [m].
    """
    rows, columns = grid.shape
    return round(rows * columns * (grid.cell_size / pixel) ** 2 * layers * bytes_a_pixel)


def _load(items: Sequence[Item], layers: Sequence[Layer], grid: UtmGrid, sign: Callable[[str], str]) -> list[Floats]:
    """(H, W) a layer."""
    from odc.geo.geobox import GeoBox  # of the extra 'fetch'
    from odc.stac import load

    found: list[Floats] = []
    for layer in layers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of shapely, at what odc-geo does within
            scene = load(
                items,
                bands=[layer.asset],
                geobox=GeoBox(grid.shape, grid.transform, grid.crs),
                groupby=_one_plane,
                preserve_original_order=True,
                resampling=layer.rule,
                dtype="float32",
                nodata=layer.nodata,
                patch_url=sign,
                stac_cfg={
                    "*": {"assets": {"*": {"nodata": layer.nodata, "data_type": "float32"}}, "warnings": "ignore"}
                },
            )
        values = scene[layer.asset].values[0].astype(np.float64)  # (1, H, W) → (H, W)
        values[(values == layer.nodata) | ~np.isfinite(values)] = np.nan
        found.append(values)
    return found


def _one_plane(item: Item, parsed: object, index: int) -> int:
    """All items belong to one scene."""
    return 0


def _reason(
    items: Sequence[Item], layers: Sequence[Layer], sign: Callable[[str], str], client: Downloader, error: Exception
) -> Exception:
    """Why a file could not be read: asks for its first bytes, since GDAL does not say."""
    where = f"source '{client.source}'"
    service = Service(client.source, client.web, {"Range": "bytes=0-15"}, client.limits.answer, role="source")
    for href in dict.fromkeys(item.assets[layer.asset].href for item in items for layer in layers):
        name = unsigned(href).rpartition("/")[2]
        if not href.startswith(("http://", "https://")):
            if not (href.startswith("/vsi") or Path(href).is_file()):
                return InputError(where, f"'{name}' is not there", "name the file, or the folder that holds it")
            continue
        try:
            status = service.get(sign(href)).status_code
        except FeedError as reason:
            return reason
        host = httpx.URL(href).host
        if status in (401, 403):
            what = f"{host} refuses the signature of '{name}' ({status}), also a fresh one"
            return FeedError(f"{where}: {what}; check the key or login, and this machine's clock")
        if status in (404, 410):
            return FeedError(f"{where}: {host} has no '{name}' any more ({status}); plan again, it has moved")
        if status == 429 or status >= 500:
            return NoAnswer(f"{where}: {host} answers {status} for '{name}'; try again later")
    reason_given = _QUERY.sub("", str(error))
    return FeedError(
        f"{where}: a raster cannot be read ({reason_given}); it is damaged there: try again, or leave it out"
    )


@contextmanager
def _no_signature_in_logs() -> Iterator[None]:
    """Cut the query of addresses out of what odc-loader and rasterio log."""

    def cut(record: logging.LogRecord) -> bool:
        record.msg, record.args = _QUERY.sub("", record.getMessage()), ()
        return True

    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(cut)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(cut)
