"""Simulated C-band SAR scenes: VV and VH with speckle, wind and flooded vegetation."""

from typing import Any

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import as_variable
from strandline.simulator.landscape.land_cover import COVERS, surface_shares
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.simulator.landscape.terrain import Terrain
from strandline.simulator.sensors.gauges import SensorQuality

LAND = {
    "bare": (-12.5, -20.5, -0.20),
    "crop": (-10.5, -16.5, -0.13),
    "woody": (-7.5, -13.0, -0.10),
    "settlement": (-4.0, -11.5, -0.05),
}
"""VV and VH [dB] at 35° and their change with incidence [dB per degree], C band.

Source: medians of the class statistics in Ulaby and Dobson (1989), Handbook of Radar Scattering Statistics for
Terrain, appendices (soil, grasses and crops, trees, urban); rounded to half a decibel.
"""
DOUBLE_BOUNCE = {"bare": (0.0, 0.0), "crop": (1.5, 0.0), "woody": (3.5, 1.0), "settlement": (2.0, 0.5)}
"""Increase of VV and VH [dB] with water below the visible cover, by trunk–water and wall–water reflection.

Source: VV rises by 2–5 dB and VH by about 1 dB over flooded vegetation in Tsyganskaya et al. (2018), Remote Sensing 10,
1286.
"""
_WATER_AT_8 = (-16.5, -25.0, -0.45)
_WATER_GROWTH = 18.0
"""Water: VV and VH [dB] at 35° under 8 m s-1 of wind, slope with incidence, and growth per decade of wind speed.

Source: the shape of CMOD5.N, Hersbach (2010), J. Atmos. Oceanic Technol. 27, 721–736, at 35° averaged over azimuth.
"""
_NOISE_FLOOR = 10 ** (-24.0 / 10.0)
"""Noise-equivalent sigma nought of Sentinel-1 in the wide swath: −22 dB required, about −24 dB reached [-]."""
REFERENCE_INCIDENCE, _SHELTER = 35.0, 0.55


def water_backscatter(band: int, wind: Floats, incidence: float) -> Floats:
    """Of open water [dB], VV for ``band`` 0 and VH for 1, under a wind at 10 m [m s-1] at an incidence [degrees]."""
    tilt = incidence - REFERENCE_INCIDENCE
    return _WATER_AT_8[band] + _WATER_GROWTH * np.log10(np.maximum(wind, 1.0) / 8.0) + _WATER_AT_8[2] * tilt


def backscatter(
    terrain: Terrain,
    depth: Floats,
    wind_speed: float,
    incidence: float,
    texture: Floats,
    moisture: Floats,
) -> tuple[Floats, Floats]:
    """Mean VV and VH, linear power, without speckle (H, W).

    Args:
        depth: water depth at scene time [m].
        wind_speed: at 10 m over the sea [m s-1]; about half of it over sheltered flood water.
        incidence: angle from the vertical [degrees].
        texture: brightness of each cell relative to its class, constant over scenes [dB].
        moisture: increase over soil and crops after rain [dB].
    """
    shares = surface_shares(terrain, depth)
    wind = np.where(terrain.permanent_water, wind_speed, _SHELTER * wind_speed)
    tilt = incidence - REFERENCE_INCIDENCE
    result = []
    for band in (0, 1):
        water = water_backscatter(band, wind, incidence)
        power = shares.open_water * 10 ** (water / 10.0)
        for name in COVERS:
            level = LAND[name][band] + LAND[name][2] * tilt + texture
            soil = moisture if name in ("bare", "crop") else 0.0
            power = power + shares.dry[name] * 10 ** ((level + soil) / 10.0)
            power = power + shares.emergent[name] * 10 ** ((level + DOUBLE_BOUNCE[name][band]) / 10.0)
        result.append(power + _NOISE_FLOOR)
    return result[0], result[1]


def add_speckle(power: Floats, looks: float, rng: np.random.Generator) -> Floats:
    """Apply fully developed speckle of ``looks`` equivalent looks: a gamma factor with mean 1, variance 1 / looks.

    Source: Oliver and Quegan (2004), Understanding Synthetic Aperture Radar Images, section 4.3.
    """
    return power * rng.gamma(looks, 1.0 / looks, size=power.shape)


def draw_texture(terrain: Terrain, rng: np.random.Generator) -> Floats:
    """Deviation of cells from their class [dB] (H, W): 0.8 dB everywhere, and some dark ponds and fallow fields."""
    texture = 0.6 * correlated_noise(terrain.bed.shape, 1.2, rng) + 0.5 * rng.standard_normal(terrain.bed.shape)
    dark = correlated_noise(terrain.bed.shape, 1.5, rng) > 1.7
    return np.where(dark, texture - 4.0, texture)


def observe_radar(
    terrain: Terrain, depth: Floats, looks: float, texture: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """VV and VH [dB] of E scenes (E, H, W) from the depths [m] at scene times (E, H, W).

    Wind is drawn from a Weibull distribution of shape 2 and mean 7 m s-1, incidence uniformly from 31° to 43°.
    """
    scenes = []
    for scene_depth in depth:
        wind = 7.9 * rng.weibull(2.0)
        incidence = rng.uniform(31.0, 43.0)
        moisture = rng.uniform(0.3, 1.8) + 0.5 * correlated_noise(scene_depth.shape, 6.0, rng)
        means = backscatter(terrain, scene_depth, wind, incidence, texture, moisture)
        scenes.append([10.0 * np.log10(add_speckle(mean, looks, rng)) for mean in means])
    stacked = np.array(scenes)
    return stacked[:, 0], stacked[:, 1]


def observe_reference(
    terrain: Terrain, looks: float, scenes: int, texture: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Mean VV and VH [dB] of ``scenes`` dry-season scenes (H, W), at mean sea level and moderate wind."""
    depth = np.where(terrain.permanent_water, np.clip(terrain.levels.mean_sea_level - terrain.bed, 0.0, None), 0.0)
    means = backscatter(terrain, depth, 5.0, REFERENCE_INCIDENCE, texture, np.zeros(depth.shape))
    vv, vh = (10.0 * np.log10(add_speckle(mean, looks * scenes, rng)) for mean in means)
    return vv, vh


def radar_modalities(
    terrain: Terrain, depth: Floats, time: Times, grid: dict[str, Any], quality: SensorQuality, rng: np.random.Generator
) -> dict[str, xr.Dataset]:
    """Modalities ``sar`` and, if it has scenes, ``sar_reference``; cells outside the terrain are not observed.

    Args:
        depth: (E, H, W) water depth [m] at the times (E,) of the scenes.
        grid: coordinates ``y`` and ``x``.
    """
    outside, texture = np.isnan(terrain.bed), draw_texture(terrain, rng)

    def dataset(dims: tuple[str, ...], pair: tuple[Floats, Floats], coordinates: dict[str, Any]) -> xr.Dataset:
        named = {name: np.where(outside, np.nan, band) for name, band in zip(("vv", "vh"), pair, strict=True)}
        return xr.Dataset({name: as_variable(name, dims, band) for name, band in named.items()}, coordinates)

    scenes = observe_radar(terrain, depth, quality.radar_looks, texture, rng)
    coordinates = {"scene": np.arange(time.size), "time": ("scene", time), **grid}
    modalities = {"sar": dataset(("scene", "y", "x"), scenes, coordinates)}
    if quality.radar_reference_scenes > 0:
        dry = observe_reference(terrain, quality.radar_looks, quality.radar_reference_scenes, texture, rng)
        modalities["sar_reference"] = dataset(("y", "x"), dry, grid)
    return modalities
