"""Radar and optical images that are given as files alone: their bands and scale are found and stated."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.io import DatasetReader

from strandline.errors import InputError
from strandline.observations.arrays import Floats, SingleFloats
from strandline.observations.flood_scenes.images.image import Image, ImageLayer, time_in_name
from strandline.observations.flood_scenes.scene import OPTICAL_BANDS, RADAR_BANDS
from strandline.observations.readers.formats.rasters import cell_size_in, open_raster
from strandline.observations.readers.satellite import read_optical_image, read_radar_image
from strandline.observations.region import Region

_SAMPLE = 512
"""[pixels] Edge of the overview of a file by which its scale is found."""
_ZERO_SHARE = 0.001
NAMES = {
    "green": ("B3", "B03", "GREEN"),
    "near_infrared": ("B8", "B08", "B8A", "NIR"),
    "shortwave_infrared": ("B11", "SWIR", "SWIR1", "SWIR16"),
}
"""Descriptions of bands, in any case."""
BY_COUNT = {13: (3, 8, 12), 12: (3, 8, 11)}
"""Numbers of these bands in a file of all Sentinel-2 bands, with B10 (level 1C) and without (level 2A)."""
LARGEST_REFLECTANCE = 2.0
"""[-] A median above it is an integer that stands for reflectance × 10 000."""
CLOUD_GREEN, CLOUD_SHORTWAVE = 0.25, 0.18
"""[-] A cell brighter than both is taken for cloud where no mask is given: clouds are white, water and land are not in
both bands. An assumption; shadows of clouds remain."""
LARGEST_PARTS = 1.5
"""A pixel this many cells wide is repeated over its cells, not interpolated."""


def radar_image(path: Path, layer: ImageLayer) -> Image:
    """A radar image [dB or linear power], VV first or named.

    Raises:
        InputError: it cannot be read, or holds no backscatter.
    """
    with open_raster(path) as dataset:
        bands = _radar_bands(dataset, path)
        values = _overview(dataset, bands["vv"])
        declared = dataset.nodata
    if not values.size:
        raise InputError(path, "holds only nodata", "give another image, or check its nodata value")
    notes = [f"{path.name}: " + ", ".join(f"{name.upper()} is band {number}" for name, number in bands.items())]
    is_linear, nodata = bool((values >= 0).mean() > 0.5), None
    if is_linear:
        notes.append(f"{path.name}: its values are positive, taken for linear power and converted to dB")
    elif declared is None and (values == 0).mean() > _ZERO_SHARE:
        nodata = 0.0
        notes.append(f"{path.name}: values of exactly 0 dB are taken for nodata")
    read = partial(_read_radar, path, bands, "linear" if is_linear else "dB", nodata)
    return Image(layer, path, time_in_name(path), read, path.name, notes=tuple(notes))


def optical_image(path: Path, layer: ImageLayer, bands: Sequence[int] = ()) -> Image:
    """An optical image with green, near infrared and perhaps shortwave infrared.

    Args:
        bands: their numbers from 1, in that order; empty = as they are named, or those of a whole Sentinel-2 file.

    Raises:
        InputError: it cannot be read, or its bands are unknown.
    """
    with open_raster(path) as dataset:
        numbers = _stated_bands(bands, path) if bands else _optical_bands(dataset, path)
        values = _overview(dataset, numbers["green"])
    if not values.size:
        raise InputError(path, "holds only nodata", "give another image, or check its nodata value")
    notes = [f"{path.name}: " + ", ".join(f"{n.replace('_', ' ')} is band {b}" for n, b in numbers.items())]
    factor = 1.0
    if float(np.median(values)) > LARGEST_REFLECTANCE:
        factor = 1e-4
        notes.append(f"{path.name}: its values are taken for reflectance × 10 000")
    notes.append(f"{path.name}: no cloud mask; cells bright in green and shortwave infrared are taken for cloud")
    return Image(
        layer, path, time_in_name(path), partial(_read_optical, path, numbers, factor), path.name, notes=tuple(notes)
    )


def _read_radar(path: Path, bands: dict[str, int], scale: str, nodata: float | None, window: Region) -> SingleFloats:
    return stack_bands(read_radar_image(path, bands, scale, nodata, window), RADAR_BANDS, window)


def _read_optical(path: Path, bands: dict[str, int], factor: float, window: Region) -> SingleFloats:
    with open_raster(path) as dataset:
        is_coarse = cell_size_in(dataset, window) >= LARGEST_PARTS * window.cell_size
    rule = Resampling.nearest if is_coarse else None
    found = read_optical_image(path, bands, factor, None, window, rule)
    image = stack_bands(found, OPTICAL_BANDS, window)
    image[:, without_mask_cloudy(image)] = np.nan
    image[:, (image[:2] == 0).all(axis=0)] = np.nan  # the border of a scene
    return image


def without_mask_cloudy(image: SingleFloats) -> np.ndarray:
    """(H, W) cells of (3, H, W) reflectance that are taken for cloud."""
    green, near_infrared, shortwave_infrared = image
    second = np.where(np.isnan(shortwave_infrared), near_infrared, shortwave_infrared)
    return np.asarray((green > CLOUD_GREEN) & (second > CLOUD_SHORTWAVE))


def stack_bands(layers: dict[str, Floats], names: Sequence[str], window: Region) -> SingleFloats:
    """(C, H, W) of named layers; a band that is missing is all NaN."""
    unseen = np.full(window.shape, np.nan)
    return np.stack([layers.get(name, unseen) for name in names]).astype(np.float32)


def _radar_bands(dataset: DatasetReader, path: Path) -> dict[str, int]:
    named = {str(name).upper(): number for number, name in enumerate(dataset.descriptions, start=1) if name}
    found = {band: number for band in RADAR_BANDS for name, number in named.items() if band.upper() in name.split("_")}
    if "vv" in found:
        return {band: found[band] for band in RADAR_BANDS if band in found}
    if "vh" in found or dataset.count > 2:
        what = f"has {dataset.count} bands, of which none is called VV"
        raise InputError(path, what, "give VV alone, or VV and VH, in this order or with these names")
    return dict(zip(RADAR_BANDS[: dataset.count], range(1, dataset.count + 1), strict=True))


def _optical_bands(dataset: DatasetReader, path: Path) -> dict[str, int]:
    named = {str(name).upper(): number for number, name in enumerate(dataset.descriptions, start=1) if name}
    found = {
        band: next(named[name] for name in names if name in named)
        for band, names in NAMES.items()
        if any(name in named for name in names)
    }
    if {"green", "near_infrared"} <= set(found) or {"green", "shortwave_infrared"} <= set(found):
        return found
    if dataset.count in BY_COUNT:
        return dict(zip(OPTICAL_BANDS, BY_COUNT[dataset.count], strict=True))
    what = f"has {dataset.count} bands without names of Sentinel-2"
    raise InputError(path, what, "say which are green, near and shortwave infrared: --optical-bands 2,4,5")


def _stated_bands(bands: Sequence[int], path: Path) -> dict[str, int]:
    if not 2 <= len(bands) <= len(OPTICAL_BANDS) or min(bands) < 1:
        what = f"its bands are stated as {', '.join(map(str, bands))}"
        raise InputError(path, what, "give the numbers of green, near infrared and, if any, shortwave infrared")
    return dict(zip(OPTICAL_BANDS, bands, strict=False))


def _overview(dataset: DatasetReader, band: int) -> Floats:
    """Known values of a band, thinned."""
    if band > dataset.count:
        raise InputError(dataset.name, f"has {dataset.count} bands, not {band}", "correct the band number")
    shape = tuple(min(size, _SAMPLE) for size in dataset.shape)
    values = dataset.read(band, out_shape=shape, masked=True).astype(np.float64).filled(np.nan)
    return np.asarray(values[np.isfinite(values)])
