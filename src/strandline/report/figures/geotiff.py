"""Maps as Cloud-Optimised GeoTIFFs, with names, units and statistics of their bands."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from affine import Affine
from rasterio import shutil as raster_files
from rasterio.io import MemoryFile

from strandline.observations.arrays import Reals


def encode_cog(
    bands: Reals, crs: str, transform: Affine, descriptions: Sequence[str], unit: str, tags: Mapping[str, str]
) -> bytes:
    """Return a Cloud-Optimised GeoTIFF of ``bands`` (band, H, W) as float32 with NaN as nodata, and their statistics.

    It is built in memory, because GDAL does not report every full disk when it writes the file itself.
    """
    count, height, width = bands.shape
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": count, "height": height, "width": width,
        "crs": crs, "transform": transform, "nodata": math.nan,
    }  # fmt: skip
    with MemoryFile() as plain, MemoryFile() as optimised:
        with plain.open(**profile) as dataset:
            dataset.write(np.asarray(bands, dtype=np.float32))
            dataset.update_tags(**tags)
            for index, (description, band) in enumerate(zip(descriptions, bands, strict=True), start=1):
                dataset.set_band_description(index, description)
                dataset.set_band_unit(index, unit)
                dataset.update_tags(index, UNIT=unit, **_statistics(band))
        with plain.open() as dataset:
            raster_files.copy(
                dataset, optimised.name, driver="COG", compress="DEFLATE", predictor="YES", resampling="NEAREST"
            )
        return bytes(optimised.read())


def _statistics(band: Reals) -> dict[str, str]:
    """GDAL's statistics of the known cells; none where no cell is known."""
    known = np.asarray(band, dtype=np.float32)[np.isfinite(band)].astype(float)
    if not known.size:
        return {}
    numbers = {
        "MINIMUM": known.min(), "MAXIMUM": known.max(), "MEAN": known.mean(), "STDDEV": known.std(),
        "VALID_PERCENT": 100 * known.size / band.size,
    }  # fmt: skip
    return {f"STATISTICS_{name}": f"{number:.9g}" for name, number in numbers.items()}
