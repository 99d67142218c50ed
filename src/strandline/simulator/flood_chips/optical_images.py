"""Sentinel-2 images of a simulated landscape: green, near and shortwave infrared, fine or coarse, with cloud."""

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats, SingleFloats
from strandline.simulator.flood_chips.landscape import Cover, Landscape, smooth_noise
from strandline.simulator.flood_chips.surface import Surface
from strandline.simulator.sensors.optical import REFLECTANCE, cloud_masks

_SMOOTH = (0.18, 0.30, 0.38)
"""Reflectance of bright sand and tarmac together: an assumption between both."""
_CLEAR, _TURBID = (0.06, 0.02, 0.01), (0.15, 0.16, 0.04)
"""Of clear and of silty water: near infrared rises with suspended matter (Doxaran et al. 2002, Remote Sensing of
Environment 81, 149–161); numbers rounded."""
_CLOUD = (0.55, 0.60, 0.35)
"""Of thick cloud: an assumption; ice and droplets absorb in the shortwave infrared."""
COARSE = 4
"""Cells along the edge of a coarse pixel."""


def observe(
    landscape: Landscape, surface: Surface, depth: Floats, cloud_cover: float, coarse: bool, rng: np.random.Generator
) -> SingleFloats:
    """(3, H, W) reflectance; half of the cloudy images mark their clouds as NaN, in the others they stay, with shadows.

    Args:
        depth: of the water [m].
        cloud_cover: mean share under cloud [-].
    """
    shape = depth.shape
    covered = np.clip(depth / 0.1, 0.0, 1.0)
    hidden = np.where(surface.cover == Cover.CROP, np.clip(depth / np.maximum(surface.height, 0.02), 0.0, 1.0), 1.0)
    hidden = np.where(surface.cover == Cover.WOODY, 0.1, np.where(surface.cover == Cover.SETTLEMENT, 0.3, hidden))
    water = covered * hidden
    turbid = np.where(landscape.water, rng.uniform(0.0, 0.7), rng.uniform(0.2, 1.0))
    turbid = np.clip(turbid + 0.15 * smooth_noise(shape, 200.0 / landscape.cell_size, rng), 0.0, 1.2)
    soil = rng.uniform(0.7, 1.2)  # wet soil is darker
    texture = np.exp(0.08 * smooth_noise((shape), 1.5, rng) + 0.03 * rng.standard_normal(shape))
    haze = rng.uniform(0.0, 0.05) * np.array([1.0, 0.5, 0.2])
    bands = []
    for band in range(3):
        bare = soil * REFLECTANCE["bare"][band]
        ground = np.full(shape, bare)
        crops = bare + surface.green * (REFLECTANCE["crop"][band] + (0.08 if band == 1 else 0.0) - bare)
        for cover, value in (
            (Cover.SMOOTH, _SMOOTH[band]), (Cover.CROP, crops), (Cover.WOODY, REFLECTANCE["woody"][band]),
            (Cover.SETTLEMENT, REFLECTANCE["settlement"][band]),
        ):  # fmt: skip
            ground = np.where(surface.cover == cover, value, ground)
        ground = ground * (1.0 + 0.03 * surface.brightness[0])
        wet = _CLEAR[band] + turbid * (_TURBID[band] - _CLEAR[band])
        bands.append(((1.0 - water) * ground + water * wet) * texture + haze[band])
    image = np.clip(np.stack(bands) + 0.004 * rng.standard_normal((3, *shape)), 0.001, 1.2)
    image = _clouded(image, cloud_cover, landscape.cell_size, rng)
    if coarse:
        rows, columns = shape[0] // COARSE, shape[1] // COARSE
        pixels = image[:, : rows * COARSE, : columns * COARSE].reshape(3, rows, COARSE, columns, COARSE)
        image = np.full_like(image, np.nan)
        repeated = pixels.mean(axis=(2, 4)).repeat(COARSE, axis=1).repeat(COARSE, axis=2)
        image[:, : rows * COARSE, : columns * COARSE] = repeated
    return np.asarray(image, dtype=np.float32)


def _clouded(image: Floats, cover: float, cell_size: float, rng: np.random.Generator) -> Floats:
    if cover <= 0.0:
        return image
    shape = (image.shape[1], image.shape[2])
    cloud = cloud_masks(1, shape, cover, rng.uniform(100.0, 300.0) / cell_size, rng)[0]
    if rng.random() < 0.5:
        return np.where(cloud, np.nan, image)
    soft = np.clip(ndimage.gaussian_filter(cloud.astype(float), 2.0), 0.0, 1.0)
    offset = tuple(int(v) for v in rng.integers(-12, 13, 2))
    shadow = np.roll(soft, offset, axis=(0, 1))
    bright = np.array(_CLOUD)[:, None, None] * (0.8 + 0.2 * smooth_noise(shape, 3.0, rng))
    return np.asarray((1.0 - soft) * image * (1.0 - 0.6 * shadow) + soft * bright)
