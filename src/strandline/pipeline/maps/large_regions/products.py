"""The files of a map: Cloud-Optimised GeoTIFFs, written block by block, and ``map.json``."""

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
from strandline.pipeline.maps.large_regions.consequences.assess import ASSETS_FILE, ZONES_FILE, Consequences
from strandline.pipeline.maps.large_regions.mosaic import BLOCK, blend, blocks_of
from strandline.pipeline.maps.large_regions.store import METADATA_FILE, MapStore
from strandline.pipeline.maps.large_regions.tile_mapper import BANDS
from strandline.pipeline.maps.tiles import Tile, Window
from strandline.report.products import (
    ANNUAL_BOUNDS,
    ANNUAL_FILE,
    ANNUAL_QUANTITY,
    GIVEN,
    JsonValue,
    annual_band_name,
    band_name,
)
from strandline.risk.stage_damage.annual_probability import ANNUAL_METHOD, annual_probability

CACHE_MB = 256
COG = {"compress": "DEFLATE", "predictor": "YES", "resampling": "NEAREST"}


@dataclass(frozen=True)
class Product:
    """A raster: its file, which of `BANDS` it holds, their unit and their quantity.

    Attributes:
        method: how an annual probability follows from the band; empty = a band for each return period.
    """

    file: str
    bands: tuple[str, ...]
    unit: str
    quantity: str
    method: str = ""

    def names(self, return_periods: Sequence[float]) -> list[str]:
        """Return the names of its bands."""
        if self.method:
            return [annual_band_name("today", bound) for bound in ANNUAL_BOUNDS]
        parts = self.bands if len(self.bands) > 1 else ("",)
        return [band_name("today", period, part) for period in return_periods for part in parts]

    def values(self, bands: npt.NDArray[np.float32], return_periods: Sequence[float]) -> npt.NDArray[np.float32]:
        """Return its bands (band, h, w) of `BANDS` (6 R, h, w)."""
        count = len(return_periods)
        rows = [count * BANDS.index(band) + number for number in range(count) for band in self.bands]
        if not self.method:
            return bands[rows]
        annual = annual_probability(bands[rows], return_periods)
        return np.stack([annual.at_least, annual.at_most]).astype(np.float32)


PRODUCTS = (
    Product("flood_probability.tif", ("probability",), "1", f"probability that the depth reaches 0.15 m, {GIVEN}"),
    Product(ANNUAL_FILE, ("probability",), "1/yr", ANNUAL_QUANTITY, ANNUAL_METHOD),
    Product("flooded.tif", ("flood_extent",), "1", f"1 = flood extent, {GIVEN}"),
    Product(
        "flood_disagreement.tif", ("epistemic_sd",), "1", f"standard deviation of the students' probabilities, {GIVEN}"
    ),
    Product("flood_depth.tif", ("p10", "p50", "p90"), "m", f"greatest water depth above ground, {GIVEN}"),
)
"""Named like those of a run."""


def write_products(
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    metadata: JsonValue,
    tags: Mapping[str, str],
    consequences: Consequences | None = None,
    progress: Progress | None = None,
) -> None:
    """Write every raster, assets and zones if there are any, then ``map.json``; each complete or not at all.

    Args:
        metadata: for ``map.json``; ``tags``: for each raster.

    Raises:
        InputError: naming the file that could not be written.
    """
    report: Progress = (lambda _: None) if progress is None else progress
    try:
        with TemporaryDirectory() as temporary, rasterio.Env(GDAL_CACHEMAX=CACHE_MB):
            folder = Path(store.root) if store.is_local else Path(temporary)
            former = (METADATA_FILE, ASSETS_FILE, ZONES_FILE)  # would describe other rasters, or lie beside them
            for name in former:
                (folder / name).unlink(missing_ok=True)
            with TemporaryDirectory(dir=folder, prefix=".partial-") as work:
                plain = [Path(work) / product.file for product in PRODUCTS]
                _write_plain(plain, store, region, tiles, return_periods, tags, lambda done: report(done / 2))
                for product, path in zip(PRODUCTS, plain, strict=True):
                    with write_atomically(folder / product.file) as complete:
                        raster_files.copy(path, complete, driver="COG", **COG)
            _read_back(folder, store, region, tiles, return_periods, lambda done: report((1 + done) / 2))
            vectors = [] if consequences is None else consequences.write(folder)
            write_text(folder / METADATA_FILE, json.dumps(metadata, indent=2, allow_nan=False) + "\n")
            if not store.is_local:
                for name in former:
                    if store.system.exists(f"{store.root}/{name}"):
                        store.system.rm_file(f"{store.root}/{name}")
                for name in (*(product.file for product in PRODUCTS), *vectors, METADATA_FILE):
                    store.system.put_file(str(folder / name), f"{store.root}/{name}")
    except (OSError, RasterioError) as error:
        remedy = "free space or choose another folder, then continue with --resume"
        raise InputError(store.out, f"cannot be written ({error})", remedy) from error


def _write_plain(
    paths: Sequence[Path],
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    tags: Mapping[str, str],
    report: Progress,
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
            names = product.names(return_periods)
            file = stack.enter_context(rasterio.open(path, "w", count=len(names), **profile))
            file.update_tags(**tags, UNIT=product.unit, QUANTITY=product.quantity)
            if product.method:
                file.update_tags(METHOD=product.method)
            for index, name in enumerate(names, start=1):
                file.set_band_description(index, name)
                file.update_tags(index, UNIT=product.unit)
            files.append(file)
        for block, bands in _blended(store, region, tiles, report):
            for product, file in zip(PRODUCTS, files, strict=True):
                file.write(product.values(bands, return_periods), window=RasterWindow.from_slices(*block))


def _read_back(
    folder: Path,
    store: MapStore,
    region: Region,
    tiles: Sequence[Tile],
    return_periods: Sequence[float],
    report: Progress,
) -> None:
    """Compare the files with what was written: GDAL reports a full disk only in part.

    Raises:
        InputError: they differ; the files are removed.
    """
    with ExitStack() as stack:
        files = [stack.enter_context(rasterio.open(folder / product.file)) for product in PRODUCTS]
        for block, bands in _blended(store, region, tiles, report):
            for product, file in zip(PRODUCTS, files, strict=True):
                written = file.read(window=RasterWindow.from_slices(*block))
                if not np.array_equal(written, product.values(bands, return_periods), equal_nan=True):
                    for each in PRODUCTS:
                        (folder / each.file).unlink()
                    remedy = "free space or choose another folder, then continue with --resume"
                    raise InputError(folder / product.file, "was not written completely", remedy)


def _blended(
    store: MapStore, region: Region, tiles: Sequence[Tile], report: Progress
) -> Iterator[tuple[Window, npt.NDArray[np.float32]]]:
    blocks = blocks_of(region)
    for done, block in enumerate(blocks, start=1):
        yield block, blend(store, tiles, block)
        report(done / len(blocks))
