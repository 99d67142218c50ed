"""Radar scenes [dB] on the region's grid and optical scenes [-] on a coarser grid; NaN = not observed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr
from rasterio.enums import Resampling

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.rasters import NoCoverage, cell_size_in, open_raster, read_on_grid
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import OpticalSection, SarSection, SceneSection
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.variables import as_variable, check_variables

_log = logging.getLogger(__name__)

_TYPICAL_DECIBEL = (-45.0, 0.0)
"""Of the median of a scene in sigma nought. Calm water lies near -25 dB, cities near -5 dB; linear power read as
decibels lies above 0. An assumption."""
_NEGATIVE_POWER = 0.01
"""Share that the removal of noise may leave [-]."""


def read_sar(settings: SarSection, region: Region) -> xr.Dataset:
    """The ``sar`` modality: ``vv`` (and ``vh``) in dB, (scene, y, x). Cells are averaged in linear power.

    Raises:
        InputError: with file and remedy.
    """
    scenes = _in_order(settings.scenes)
    bands = settings.bands.model_dump(exclude_none=True)
    maps: dict[str, list[Floats]] = {name: [] for name in bands}
    for scene in scenes:
        for name, band in read_radar_image(scene.path, bands, settings.scale, settings.nodata, region).items():
            maps[name].append(band)
    sar = _scenes(maps, scenes, region)
    check_variables(sar, "sar")
    _log.info("sar: %d scenes, %.0f %% of cells seen", len(scenes), 100 * float(sar["vv"].notnull().mean()))
    return sar


def read_radar_image(
    path: Path, bands: Mapping[str, int], scale: str, nodata: float | None, region: Region
) -> dict[str, Floats]:
    """Band → (H, W) backscatter [dB] of one image; cells are averaged in linear power.

    Args:
        bands: name → number, from 1.
        scale: ``dB`` or ``linear``, of the file.

    Raises:
        NoCoverage: no cell of the region is seen.
        InputError: values that the scale cannot have.
    """
    layers = {}
    with open_raster(path) as dataset:
        for name, band in bands.items():
            layers[name] = _to_decibel(read_on_grid(dataset, band, region, nodata, _to_power(scale, path)))
            _check_layer(name, layers[name], path)
    if all(np.isnan(layer).all() for layer in layers.values()):
        what = f"covers no cell of region '{region.name}'"
        raise NoCoverage(path, what, "remove this scene, or check nodata and scale")
    return layers


def read_sar_reference(settings: SarSection, region: Region) -> xr.Dataset | None:
    """The ``sar_reference`` modality: mean power of the reference scenes that observed a cell, in dB."""
    if not settings.reference:
        return None
    variables = {}
    for name, band in settings.bands.model_dump(exclude_none=True).items():
        total, count = np.zeros(region.shape), np.zeros(region.shape)
        for path in settings.reference:
            with open_raster(path) as dataset:
                power = read_on_grid(dataset, band, region, settings.nodata, _to_power(settings.scale, path))
            seen = ~np.isnan(power)
            total[seen] += power[seen]
            count += seen
        mean = np.divide(total, count, out=np.full(region.shape, np.nan), where=count > 0)
        variables[name] = as_variable(name, ("y", "x"), _to_decibel(mean))
    reference = xr.Dataset(variables, {"y": region.y, "x": region.x})
    check_variables(reference, "sar reference")
    return reference


def read_optical(settings: OpticalSection, region: Region) -> xr.Dataset:
    """The ``optical`` modality: reflectance [-], (scene, y, x), NaN under cloud.

    The grid has the region's bounds. Where the images are coarser than the region's cells, its cell size is the largest
    multiple of theirs that is no coarser than the images. A cell with any cloudy pixel is cloudy.

    Raises:
        InputError: with file and remedy.
    """
    scenes = _in_order(settings.scenes)
    with open_raster(scenes[0].path) as dataset:
        grid = _coarse_grid(region, cell_size_in(dataset, region))
    bands = settings.bands.model_dump(exclude_none=True)
    maps: dict[str, list[Floats]] = {name: [] for name in bands}
    for scene in scenes:
        clear = clear_cells(scene, settings, grid)
        layers = read_optical_image(scene.path, bands, settings.reflectance_scale, settings.nodata, grid)
        for name, layer in layers.items():
            maps[name].append(np.where(clear, layer, np.nan))
    optical = _scenes(maps, scenes, grid)
    check_variables(optical, "optical (reflectance_scale?)")
    seen = 100 * float(optical["green"].notnull().mean())
    _log.info("optical: %d scenes, %.0f %% of cells clear", len(scenes), seen)
    return optical


def read_optical_image(
    path: Path,
    bands: Mapping[str, int],
    reflectance_scale: float,
    nodata: float | None,
    grid: Region,
    resampling: Resampling | None = None,
) -> dict[str, Floats]:
    """Band → (H, W) reflectance [-] of one image, clouds included.

    Args:
        bands: name → number, from 1.
        reflectance_scale: of the stored values.
        resampling: overrides the rule of ``read_on_grid``.

    Raises:
        NoCoverage: no cell of the grid is seen.
        InputError: values that are no reflectance.
    """
    layers = {}
    with open_raster(path) as dataset:
        for name, band in bands.items():
            layers[name] = reflectance_scale * read_on_grid(dataset, band, grid, nodata, resampling=resampling)
            _check_layer(name, layers[name], f"{path} (reflectance_scale?)")
    return layers


def _to_power(scale: str, path: Path) -> Callable[[Floats], Floats]:
    """Backscatter in linear power; refuses values that the stated scale cannot have."""

    def convert(values: Floats) -> Floats:
        if scale == "dB":
            power = np.asarray(10.0 ** (np.clip(values, -200.0, 200.0) / 10.0), dtype=np.float64)
        else:
            power = np.where(values > 0, values, np.nan)  # zero power = border of a scene, not a measurement
            if (values < 0).sum() > _NEGATIVE_POWER * (~np.isnan(values)).sum():
                what = f"{np.mean(values[~np.isnan(values)] < 0):.0%} of its values are negative, which no power is"
                raise InputError(path, what, "the values look like decibels: set scale = 'dB'")
        known = power[~np.isnan(power)]
        median = float(_to_decibel(np.median(known))) if known.size else _TYPICAL_DECIBEL[0]
        if not _TYPICAL_DECIBEL[0] <= median < _TYPICAL_DECIBEL[1]:
            what = f"half of its values lie above {median:.1f} dB, if its scale is '{scale}'"
            raise InputError(path, what, "give calibrated sigma nought, and set 'scale' to 'linear' or 'dB' as it is")
        return power

    return convert


def _check_layer(name: str, values: Floats, where: object) -> None:
    check_variables(xr.Dataset({name: as_variable(name, ("y", "x"), values)}), where)


def _to_decibel(power: npt.ArrayLike) -> Floats:
    return np.asarray(10.0 * np.log10(power), dtype=np.float64)


def clear_cells(scene: SceneSection, settings: OpticalSection, grid: Region) -> npt.NDArray[np.bool_]:
    """(H, W) True where no pixel of a cell is cloudy; all True without a cloud mask."""
    path = scene.cloud_mask or (scene.path if settings.cloud_band else None)
    if path is None:
        return np.ones(grid.shape, dtype=bool)

    def cloudy(values: Floats) -> Floats:
        known = np.isnan(values) | np.isin(values, [*settings.cloud_values, *settings.clear_values])
        if not known.all():
            what = f"its cloud mask holds {values[~known][0]:g}, which is neither cloud nor clear"
            raise InputError(path, what, "add it to 'cloud_values' or to 'clear_values'")
        return np.where(np.isnan(values), 1.0, np.isin(values, settings.cloud_values).astype(float))

    band = 1 if scene.cloud_mask else int(settings.cloud_band or 1)
    with open_raster(path) as dataset:
        rule = Resampling.max if cell_size_in(dataset, grid) < grid.cell_size else Resampling.nearest
        cloud = read_on_grid(dataset, band, grid, None, cloudy, rule)
    clear: npt.NDArray[np.bool_] = cloud == 0
    return clear


def _coarse_grid(region: Region, cell_size: float) -> Region:
    rows, columns = region.shape
    ratio = max(1, int(np.floor(cell_size / region.cell_size + 1e-6)))
    factor = max(f for f in range(1, ratio + 1) if rows % f == 0 and columns % f == 0)
    return replace(region, cell_size=region.cell_size * factor)


def _in_order(scenes: Sequence[SceneSection]) -> list[SceneSection]:
    """Scenes by time.

    Raises:
        InputError: two scenes at one time.
    """
    ordered = sorted(scenes, key=lambda scene: scene.time)
    for first, second in pairwise(ordered):
        if first.time == second.time:
            raise InputError(
                second.path,
                f"was taken at {second.time:%Y-%m-%dT%H:%MZ}, like {first.path}",
                "merge the two images first",
            )
    return ordered


def _scenes(maps: Mapping[str, list[Floats]], scenes: Sequence[SceneSection], grid: Region) -> xr.Dataset:
    time = np.array([as_datetime64(scene.time) for scene in scenes], dtype="datetime64[ns]")
    return xr.Dataset(
        {name: as_variable(name, ("scene", "y", "x"), np.stack(layers)) for name, layers in maps.items()},
        {"scene": np.arange(time.size), "time": ("scene", time), "y": grid.y, "x": grid.x},
    )
