"""Cloud-Optimised GeoTIFFs."""

from typing import Any

import numpy.typing as npt
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine

Array = npt.NDArray[Any]


def cog(values: Array, transform: Affine, crs: str, nodata: float | None) -> bytes:
    """A Cloud-Optimised GeoTIFF with overviews."""
    with MemoryFile() as plain, MemoryFile() as packed:
        rows, columns = values.shape
        with plain.open(
            driver="GTiff", height=rows, width=columns, count=1, dtype=values.dtype, crs=crs, transform=transform,
            nodata=nodata,
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
        with plain.open() as dataset:
            copy(dataset, packed.name, driver="COG", compress="deflate", blocksize=128, overview_resampling="average")
        content: bytes = packed.read()
    return content
