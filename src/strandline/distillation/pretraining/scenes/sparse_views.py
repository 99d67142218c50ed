"""A flood scene as a place with few sensors has it: a coarse, cloudy image after the flood, and a few known points."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.flood_scenes.scene import WET, LabelledScene

COARSE = 4
"""[cells] Edge of a pixel of the coarse image."""
POINTS = 8
CLOUD_LENGTH = 3.0
"""[pixels] Standard deviation of the smoothing that makes clouds."""


def draw_clear(shape: tuple[int, int], cloud: float, rng: np.random.Generator) -> Mask:
    """Pixels (rows, columns) without cloud; a spatially correlated cloud covers the share ``cloud``."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape), CLOUD_LENGTH, mode="wrap")
    return np.asarray(field >= np.quantile(field, cloud))


def draw_points(known: Mask, rng: np.random.Generator, count: int = POINTS) -> Mask:
    """Random cells (H, W) among those known."""
    points = np.zeros(known.shape, dtype=bool)
    cells = np.flatnonzero(known)
    points.flat[rng.choice(cells, min(count, cells.size), replace=False)] = True
    return points


def coarse(image: SingleFloats, clear: Mask) -> SingleFloats:
    """(3, H, W) means of 4 × 4 cells, repeated over them; NaN where a cell is unknown or the pixel is cloudy."""
    bands, rows, columns = image.shape
    means = image.reshape(bands, rows // COARSE, COARSE, columns // COARSE, COARSE).mean(axis=(2, 4))
    pixels = np.where(clear, means, np.nan).astype(np.float32)
    return pixels.repeat(COARSE, axis=1).repeat(COARSE, axis=2)


def sparse_view(scene: LabelledScene, clear: Mask | None, points: Mask | None) -> LabelledScene:
    """The scene with a coarse image after the flood and points of known state.

    Args:
        clear: (H/4, W/4) pixels without cloud; ``None`` = the image stays as it is.
        points: (H, W) cells whose label is given; ``None`` = none.
    """
    seen = scene.scene
    if seen.optical_after is not None and clear is not None:
        seen = replace(seen, optical_after=coarse(seen.optical_after, clear))
    state = None
    if points is not None:
        state = np.where(points & scene.known, scene.label == WET, np.nan).astype(np.float32)
    return replace(scene, scene=replace(seen, points=state))
