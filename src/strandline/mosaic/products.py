"""The files of a mosaic: Cloud-Optimised GeoTIFFs that are never whole in memory, and what must be known of them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from rasterio import shutil as raster_files
from rasterio.windows import Window

from strandline.atomic import write_atomically
from strandline.errors import InputError
from strandline.mosaic.mapper import BANDS
from strandline.mosaic.store import MosaicStore
from strandline.mosaic.tiles import Tile
from strandline.region import Region
from strandline.report.products import JsonValue
from strandline.training import Progress

CACHE_MB = 256
FACTS_FILE = "map.json"


@dataclass(frozen=True)
class Product:
    """A raster: its file, which of `BANDS` it holds, their unit and what they tell."""

    file: str
    bands: tuple[str, ...]
    unit: str
    quantity: str


PRODUCTS = (
    Product("flood_probability.tif", ("probability",), "1", "probability that the depth reaches 0.15 m"),
    Product("flooded.tif", ("called",), "1", "1 = called flooded"),
    Product("flood_disagreement.tif", ("disagreement",), "1", "standard deviation of the students' probabilities"),
    Product("flood_depth.tif", ("p10", "p50", "p90"), "m", "greatest water depth above ground"),
)
"""Named as those of a run."""


def write_products(
    store: MosaicStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    facts: JsonValue,
    tags: Mapping[str, str],
    progress: Progress | None = None,
) -> None:
    """Write every raster, then ``map.json``; each whole or not at all.

    Args:
        facts: for ``map.json``; ``tags``: for each raster.

    Raises:
        InputError: naming the file that could not be written.
    """
    with TemporaryDirectory() as work:
        folder = Path(store.root) if store.is_local else Path(work)
        (folder / FACTS_FILE).unlink(missing_ok=True)  # of a former map: it must not speak of these rasters
        for number, product in enumerate(PRODUCTS):
            _write_raster(folder / product.file, product, store, region, tiles, return_periods, tags)
            if progress is not None:
                progress((number + 1) / len(PRODUCTS))
        with write_atomically(folder / FACTS_FILE) as temporary:
            temporary.write_text(json.dumps(facts, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        if not store.is_local:
            for name in (*(product.file for product in PRODUCTS), FACTS_FILE):
                store.system.put_file(str(folder / name), f"{store.root}/{name}")


def _write_raster(
    path: Path,
    product: Product,
    store: MosaicStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    tags: Mapping[str, str],
) -> None:
    count, maps = len(return_periods), store.array("maps")
    chosen = [period + count * BANDS.index(band) for period in range(count) for band in product.bands]
    names = [
        f"today, return period {period:g} years" + (f" {band}" if len(product.bands) > 1 else "")
        for period in return_periods
        for band in product.bands
    ]
    rows, columns = region.shape
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": len(chosen), "height": rows, "width": columns,
        "crs": region.crs, "transform": region.transform, "nodata": math.nan, "tiled": True, "compress": "DEFLATE",
        "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    # GDAL reports a full disk only in part: what was written is read back
    with (
        write_atomically(path) as whole,
        rasterio.Env(GDAL_CACHEMAX=CACHE_MB),
        TemporaryDirectory(dir=path.parent) as d,
    ):
        plain = Path(d) / path.name
        with rasterio.open(plain, "w", **profile) as dataset:
            for tile in tiles:
                dataset.write(maps[:, tile.rows, tile.columns][chosen], window=_window(tile))
            dataset.update_tags(**tags, UNIT=product.unit, QUANTITY=product.quantity)
            for index, name in enumerate(names, start=1):
                dataset.set_band_description(index, name)
                dataset.update_tags(index, UNIT=product.unit)
        # GDAL reports a full disk only in part, so that what was written is read back
        raster_files.copy(plain, whole, driver="COG", compress="DEFLATE", predictor="YES", resampling="NEAREST")
        with rasterio.open(whole) as written:
            for tile in tiles:
                expected = maps[:, tile.rows, tile.columns][chosen]
                if not np.array_equal(written.read(window=_window(tile)), expected, equal_nan=True):
                    raise InputError(path, "was not written whole", "free space or choose another folder, then resume")


def _window(tile: Tile) -> Window:
    return Window.from_slices(tile.rows, tile.columns)
