"""Simulated optical scenes: green, near and shortwave infrared reflectance on a coarse grid, with clouds."""

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.landscape.land_cover import COVERS, surface_shares
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.simulator.landscape.terrain import Terrain

BANDS = ("green", "near_infrared", "shortwave_infrared")

REFLECTANCE = {
    "bare": (0.12, 0.25, 0.32),
    "crop": (0.08, 0.35, 0.20),
    "woody": (0.05, 0.30, 0.12),
    "settlement": (0.13, 0.22, 0.25),
    "sea": (0.08, 0.04, 0.02),
    "flood": (0.12, 0.09, 0.03),
}
"""Reflectance in ``BANDS`` [-]; flood water is turbid and brighter in the near infrared than the sea.

Source: typical values of soil, vegetation, built-up and (turbid) water in the ECOSTRESS library, Meerdink et al.
(2019), Remote Sensing of Environment 230, 111196, rounded.
"""


def cloud_masks(
    scenes: int, shape: tuple[int, int], mean_cover: float, length: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Cloudy cells (scenes, H, W); the cover of a scene is beta-distributed with mean ``mean_cover``.

    Args:
        scenes, shape: number and grid of the masks.
        mean_cover: between 0 and 1 [-].
        length: size of the clouds [cells].
    """
    cover = rng.beta(4.0 * mean_cover, 4.0 * (1.0 - mean_cover), size=scenes)
    field = correlated_noise((scenes, *shape), length, rng)
    rank = field.reshape(scenes, -1).argsort(axis=1).argsort(axis=1).reshape(field.shape)
    masks: npt.NDArray[np.bool_] = rank < np.round(cover[:, None, None] * shape[0] * shape[1])
    return masks


def observe_optical(
    terrain: Terrain, depth: Floats, factor: int, mean_cover: float, rng: np.random.Generator
) -> Floats:
    """Reflectance (E, 3, H / factor, W / factor) in ``BANDS``; NaN under cloud.

    Args:
        depth: water depth at scene times [m] (E, H, W).
        factor: edge of an optical pixel [cells].
        mean_cover: of clouds [-].

    Raises:
        InputError: the grid is not a whole number of optical pixels.
    """
    scenes, rows, columns = depth.shape
    if rows % factor or columns % factor:
        raise InputError("optical", f"{rows}×{columns} cells do not divide into {factor}×{factor}", "change the shape")
    shares = surface_shares(terrain, depth)
    flooded = np.where(terrain.permanent_water, 0.0, shares.open_water)
    sea = shares.open_water - flooded
    bands = []
    for band in range(len(BANDS)):
        value = sea * REFLECTANCE["sea"][band] + flooded * REFLECTANCE["flood"][band]
        for name in COVERS:
            value = value + (shares.dry[name] + shares.emergent[name]) * REFLECTANCE[name][band]
        bands.append(value)
    fine = np.stack(bands, axis=1)  # (E, 3, H, W)
    fine = fine * np.exp(0.08 * correlated_noise((scenes, 1, rows, columns), 2.0, rng))
    coarse = fine.reshape(scenes, len(BANDS), rows // factor, factor, columns // factor, factor).mean(axis=(3, 5))
    coarse = coarse + 0.008 * rng.standard_normal(coarse.shape)
    cloud = cloud_masks(scenes, coarse.shape[-2:], mean_cover, 8.0 / factor, rng)
    return np.where(cloud[:, None], np.nan, coarse)
