"""Sentinel-1 images of a simulated landscape: VV and VH of the wide swath, ground-range detected, on 10 or 20 m."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats, SingleFloats
from strandline.simulator.flood_chips.landscape import Cover, Landscape, smooth_noise
from strandline.simulator.flood_chips.surface import Surface
from strandline.simulator.sensors.radar import DOUBLE_BOUNCE, LAND, REFERENCE_INCIDENCE, water_backscatter

_COVERS = {Cover.BARE: "bare", Cover.CROP: "crop", Cover.WOODY: "woody", Cover.SETTLEMENT: "settlement"}
_SMOOTH = (-18.0, -26.0, -0.35)
"""VV and VH [dB] at 35° and slope [dB per degree] of sand, tarmac and rolled soil: an assumption between bare ground
and water. Source that they look like water at C band: Martinis, Plank and Ćwik (2018), Remote Sensing 10, 583."""
_VISIBLE = {Cover.SMOOTH: 0.0, Cover.BARE: 0.0, Cover.WOODY: 0.85, Cover.SETTLEMENT: 0.75}
"""Share that stays above water; crops by their height."""
_FULL_WATER = 0.2
"""Mean depth at which the microrelief of a cell is submerged [m]."""
_LOOKS = {10: (4.4, 1.15), 20: (6.1, 0.7)}
"""Cell size [m] → equivalent looks, and the width of the point response [cells].

Source: 4.4 looks at 10 m, CLS (2016), Sentinel-1 product definition, as cited by SAR-ARD/S1_NRB. The width gives the
correlation of neighbours of 0.7 that the homogeneous chip Ghana_53713 of Sen1Floods11 has; means of 2 × 2 such cells
have 6.1 looks.
"""
_DARKEST, _RESIDUAL = -45.0, 0.15
"""[dB] Least of what is left after the removal of thermal noise, and the share of it that stays [-]: assumptions. The
darkest hundredth of water in Sen1Floods11 lies between −26 and −45 dB."""
_LEAST_WIND = 3.5
"""[m s-1] Below it water gets no darker: real chips hold no water whose median is below −22 dB. An assumption."""


@dataclass(frozen=True)
class Weather:
    """At the time of a radar image.

    Attributes:
        wind: at 10 m over open water [m s-1]; ``gusts``: standard deviation of its effect within the image [dB].
        moisture: increase over soil and crops [dB].
        noise: equivalent noise of the radar [dB]; −22 required, Sentinel-1 reaches less. ``_RESIDUAL`` of it is left
            where it is removed.
        bounce: how far double bounce reaches the values of ``DOUBLE_BOUNCE`` [-].
    """

    wind: float
    gusts: float
    moisture: float
    noise: float
    bounce: float


def draw_weather(wet: bool, rng: np.random.Generator) -> Weather:
    """Wind of a Weibull distribution with mean 5.5 m s-1 (assumption), soil brighter by up to 3 dB when wet.

    Source: 2 to 3 dB between dry and wet soil at C band, Ulaby and Dobson (1989).
    """
    return Weather(
        wind=float(max(6.2 * rng.weibull(2.0), _LEAST_WIND)),
        gusts=float(rng.uniform(0.2, 1.5)),
        moisture=float(rng.uniform(0.5, 3.0) if wet else rng.uniform(-0.5, 1.0)),
        noise=float(rng.uniform(-30.0, -24.0)),
        bounce=float(rng.uniform(0.0, 1.0)),
    )


def observe(
    landscape: Landscape, surface: Surface, depth: Floats, weather: Weather, incidence: float, look: float,
    rng: np.random.Generator,
) -> SingleFloats:  # fmt: skip
    """(2, H, W) VV, VH [dB].

    Args:
        depth: of the water [m].
        incidence: angle from the vertical [degrees]; ``look``: direction on the grid [rad].
    """
    means = mean_power(landscape, surface, depth, weather, incidence, look, rng)
    looks, width = _LOOKS[round(landscape.cell_size)]
    noise = 10 ** (weather.noise / 10.0)
    bands = []
    for mean in means:
        measured = mean * speckle(mean.shape, looks, width, rng) + noise * (
            speckle(mean.shape, looks, width, rng) - 1.0 + _RESIDUAL
        )
        bands.append(10.0 * np.log10(np.maximum(measured, 10 ** (_DARKEST / 10.0))))
    return np.stack(bands).astype(np.float32)


def mean_power(
    landscape: Landscape, surface: Surface, depth: Floats, weather: Weather, incidence: float, look: float,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """(2, H, W) linear power without noise and speckle."""
    shape = depth.shape
    wet = np.clip(depth / _FULL_WATER, 0.0, 1.0)
    visible = np.select([surface.cover == cover for cover in _VISIBLE], list(_VISIBLE.values()), 0.0)
    is_crop = surface.cover == Cover.CROP
    visible = np.where(is_crop, np.clip(1.0 - depth / np.maximum(surface.height, 0.02), 0.0, 1.0), visible)
    fetch = ndimage.gaussian_filter((wet > 0.5).astype(float), 100.0 / landscape.cell_size)
    wind = np.maximum(weather.wind * np.sqrt(0.5 + 0.5 * fetch), _LEAST_WIND)
    gusts = weather.gusts * smooth_noise(shape, 300.0 / landscape.cell_size, rng)
    damp = weather.moisture + 0.6 * smooth_noise(shape, 400.0 / landscape.cell_size, rng)
    local, shadow = _local_incidence(landscape, incidence, look)
    houses = np.where(surface.cover == Cover.SETTLEMENT, 3.0 * rng.standard_normal(shape), 0.0)
    bands = []
    for band in (0, 1):
        level, bounce = np.zeros(shape), np.zeros(shape)
        for cover in Cover:
            here = surface.cover == cover
            vv_vh_slope = _SMOOTH if cover == Cover.SMOOTH else LAND[_COVERS[cover]]
            level[here] = vv_vh_slope[band] + vv_vh_slope[2] * (local[here] - REFERENCE_INCIDENCE)
            bounce[here] = 0.0 if cover == Cover.SMOOTH else DOUBLE_BOUNCE[_COVERS[cover]][band]
        level = level + surface.brightness[band] + houses
        level = level + np.where(is_crop | (surface.cover == Cover.BARE), damp, 0.0)
        ground = np.where(shadow, 0.0, 10 ** (level / 10.0))
        water = 10 ** ((water_backscatter(band, wind, incidence) + gusts) / 10.0)
        flooded = visible * ground * 10 ** (weather.bounce * bounce / 10.0) + (1.0 - visible) * water
        bands.append((1.0 - wet) * ground + wet * flooded)
    return np.stack(bands)


def _local_incidence(landscape: Landscape, incidence: float, look: float) -> tuple[Floats, Floats]:
    """Angle between ray and ground [degrees], at least 5; and where no ray reaches."""
    ground = ndimage.gaussian_filter(np.where(landscape.water, 0.0, landscape.elevation), 1.5)
    down, across = np.gradient(ground, landscape.cell_size)
    rise = np.degrees(np.arctan(across * np.cos(look) + down * np.sin(look)))
    local = incidence - rise
    return np.clip(local, 5.0, 80.0), local > 88.0


def speckle(shape: tuple[int, int], looks: float, width: float, rng: np.random.Generator) -> Floats:
    """(H, W) factor of mean 1 and variance 1 / looks: mean power of correlated complex fields.

    Source: fully developed speckle, Oliver and Quegan (2004), Understanding Synthetic Aperture Radar Images, 4.3.
    """
    whole = int(looks)
    part = looks - whole
    # a weaker last look, so that (Σ w)² / Σ w² = looks
    last = (whole - np.sqrt(whole**2 - (looks - 1.0) * whole * part)) / (looks - 1.0)
    weights = np.r_[np.ones(whole), last] / (whole + last)
    fields = ndimage.gaussian_filter(rng.standard_normal((2, whole + 1, *shape)), (0, 0, width, width), mode="wrap")
    kernel = ndimage.gaussian_filter1d(np.eye(1, 41, 20)[0], width)
    power = 0.5 * (fields**2).sum(axis=0) / (kernel**2).sum() ** 2
    return np.asarray(np.tensordot(weights, power, axes=1))
