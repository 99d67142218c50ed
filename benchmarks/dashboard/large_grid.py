"""A finished run whose rasters are resampled to a larger grid: the files of a large place without its run."""

import shutil
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from strandline.pipeline.run_folder.generations import run_of, write_manifest
from strandline.report.figures.geotiff import encode_cog


def resampled(run: Path, size: int, to: Path) -> Path:
    """Copy a run to ``to`` with ``size`` x ``size`` cells by nearest neighbour; returns ``to``."""
    shutil.copytree(run, to, ignore=shutil.ignore_patterns("watch*", "alerts", "gis", "strategies"))
    for path in sorted(to.glob("*.tif")):
        with rasterio.open(path) as raster:
            rows, columns = (np.arange(size) * each // size for each in raster.shape)
            bands = raster.read()[:, rows[:, np.newaxis], columns].astype(np.float32)
            bands[bands == raster.nodata] = np.nan
            scale = Affine.scale(raster.width / size, raster.height / size)
            content = encode_cog(
                bands, raster.crs.to_string(), raster.transform * scale, list(raster.descriptions),
                raster.units[0] or "1", raster.tags(),
            )  # fmt: skip
        path.write_bytes(content)
    key = run_of(to)
    (to / "products.json").unlink()
    write_manifest(to, key)
    return to
