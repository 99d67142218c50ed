"""The files of a mosaic: Cloud-Optimised GeoTIFFs that are never whole in memory, and what must be known of them."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio import shutil as raster_files
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from strandline.distillation.training.loop import Progress
from strandline.errors import InputError
from strandline.files import write_atomically, write_text
from strandline.observations.region import Region
from strandline.pipeline.large_regions.store import MosaicStore
from strandline.pipeline.large_regions.tile_mapper import BANDS
from strandline.pipeline.large_regions.tiles import Tile, Window, intersection
from strandline.report.products import JsonValue

BLOCK, CACHE_MB = 512, 256
COG = {"compress": "DEFLATE", "predictor": "YES", "resampling": "NEAREST"}
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
    Product("flood_disagreement.tif", ("epistemic_sd",), "1", "standard deviation of the students' probabilities"),
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
    told: Progress = (lambda _: None) if progress is None else progress
    try:
        _write(store, region, tiles, return_periods, facts, tags, told)
    except (OSError, RasterioError) as error:
        remedy = "free space or choose another folder, then go on with --resume"
        raise InputError(store.out, f"cannot be written ({error})", remedy) from error


def _write(
    store: MosaicStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    facts: JsonValue,
    tags: Mapping[str, str],
    told: Progress,
) -> None:
    with TemporaryDirectory() as elsewhere, rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
        folder = Path(store.root) if store.is_local else Path(elsewhere)
        (folder / FACTS_FILE).unlink(missing_ok=True)  # of a former map: it must not speak of these rasters
        with TemporaryDirectory(dir=folder, prefix=".partial-") as work:
            plain = [Path(work) / product.file for product in PRODUCTS]
            _write_plain(plain, store, region, tiles, return_periods, tags, lambda done: told(done / 2))
            for product, path in zip(PRODUCTS, plain, strict=True):
                with write_atomically(folder / product.file) as whole:
                    raster_files.copy(path, whole, driver="COG", **COG)
        _read_back(folder, store, region, tiles, len(return_periods), lambda done: told((1 + done) / 2))
        write_text(folder / FACTS_FILE, json.dumps(facts, indent=2, allow_nan=False) + "\n")
        if not store.is_local:
            if store.system.exists(f"{store.root}/{FACTS_FILE}"):
                store.system.rm_file(f"{store.root}/{FACTS_FILE}")
            for name in (*(product.file for product in PRODUCTS), FACTS_FILE):
                store.system.put_file(str(folder / name), f"{store.root}/{name}")


def blend(store: MosaicStore, tiles: Sequence[Tile], block: Window) -> npt.NDArray[np.float32]:
    """(6 R, h, w) `BANDS` of a block of the region, in which each tile fades into its neighbours; NaN = unknown."""
    rows, columns = (part.stop - part.start for part in block)
    total, summed = np.zeros((rows, columns), np.float32), np.zeros((0, 0, 0), np.float32)
    for tile in tiles:
        shared = intersection(tile, block)
        if shared is None:
            continue
        within_tile, within_block = shared
        bands, weight = store.get(tile)[:, *within_tile], tile.weight[within_tile]
        if not summed.size:
            summed = np.zeros((len(bands), rows, columns), np.float32)
        summed[:, *within_block] += weight * bands
        total[within_block] += weight
    mean: npt.NDArray[np.float32] = np.divide(summed, total, dtype=np.float32)
    called = slice(*(len(mean) // len(BANDS) * (BANDS.index("called") + step) for step in (0, 1)))
    mean[called] = np.where(np.isnan(mean[called]), np.float32(np.nan), mean[called] >= 0.5)
    return mean


def _blocks_of(region: Region) -> list[Window]:
    starts = [range(0, cells, BLOCK) for cells in region.shape]
    rows, columns = region.shape
    return [
        (slice(row, min(row + BLOCK, rows)), slice(column, min(column + BLOCK, columns)))
        for row in starts[0]
        for column in starts[1]
    ]


def _bands_of(product: Product, bands: npt.NDArray[np.float32], periods: int) -> npt.NDArray[np.float32]:
    """Those of a product, by return period."""
    return bands[[periods * BANDS.index(band) + period for period in range(periods) for band in product.bands]]


def _write_plain(
    paths: Sequence[Path],
    store: MosaicStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    tags: Mapping[str, str],
    told: Progress,
) -> None:
    """Each product as a tiled GeoTIFF, block by block."""
    rows, columns = region.shape
    profile = {
        "driver": "GTiff", "dtype": "float32", "height": rows, "width": columns, "crs": region.crs,
        "transform": region.transform, "nodata": math.nan, "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK,
        "compress": "DEFLATE", "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with ExitStack() as stack:
        files = []
        for product, path in zip(PRODUCTS, paths, strict=True):
            names = [
                f"today, return period {period:g} years" + (f" {band}" if len(product.bands) > 1 else "")
                for period in return_periods
                for band in product.bands
            ]
            file = stack.enter_context(rasterio.open(path, "w", count=len(names), **profile))
            file.update_tags(**tags, UNIT=product.unit, QUANTITY=product.quantity)
            for index, name in enumerate(names, start=1):
                file.set_band_description(index, name)
                file.update_tags(index, UNIT=product.unit)
            files.append(file)
        for block, bands in _blended(store, region, tiles, told):
            for product, file in zip(PRODUCTS, files, strict=True):
                file.write(_bands_of(product, bands, len(return_periods)), window=RasterWindow.from_slices(*block))


def _read_back(
    folder: Path, store: MosaicStore, region: Region, tiles: Sequence[Tile], periods: int, told: Progress
) -> None:
    """Compare what lies on the disk with what was to be written: GDAL reports a full disk only in part.

    Raises:
        InputError: they differ.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(rasterio.open(folder / product.file)) for product in PRODUCTS]
        for block, bands in _blended(store, region, tiles, told):
            for product, file in zip(PRODUCTS, files, strict=True):
                written = file.read(window=RasterWindow.from_slices(*block))
                if not np.array_equal(written, _bands_of(product, bands, periods), equal_nan=True):
                    for each in PRODUCTS:
                        (folder / each.file).unlink()
                    remedy = "free space or choose another folder, then go on with --resume"
                    raise InputError(folder / product.file, "was not written whole", remedy)


def _blended(
    store: MosaicStore, region: Region, tiles: Sequence[Tile], told: Progress
) -> Iterator[tuple[Window, npt.NDArray[np.float32]]]:
    blocks = _blocks_of(region)
    for done, block in enumerate(blocks, start=1):
        yield block, blend(store, tiles, block)
        told(done / len(blocks))
