"""GeoTIFFs that share one grid, with missing values as NaN."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.flood_scenes.scene_files import cell_size_on_ground
from strandline.observations.readers.formats.rasters import open_raster


def read_bands(path: Path, bands: Sequence[int]) -> Floats:
    """(bands, H, W) the chosen bands, from 1; NaN where the file says nodata or holds no finite number.

    Raises:
        InputError: not a raster with a CRS, or without one of these bands.
    """
    with open_raster(path) as dataset:
        if dataset.count < max(bands):
            raise InputError(path, f"has {dataset.count} bands, not {max(bands)}", "give the file as it was published")
        values = dataset.read(list(bands), masked=True).astype(np.float64).filled(np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def cell_size_of(path: Path) -> float:
    """Edge of a cell on the ground [m]."""
    with open_raster(path) as dataset:
        return cell_size_on_ground(dataset)


def read_label(path: Path, values: Sequence[int]) -> Floats:
    """(H, W) one band of these whole numbers; NaN = nodata.

    Raises:
        InputError: it holds another number.
    """
    label: Floats = read_bands(path, [1])[0]
    other = ~np.isnan(label) & ~np.isin(label, values)
    if other.any():
        listed = ", ".join(map(str, values))
        raise InputError(path, f"holds {label[other][0]:g}", f"a label of this data set is one of {listed}")
    return label
