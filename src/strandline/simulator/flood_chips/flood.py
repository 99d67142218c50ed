"""Which cells a flood reaches: filling by levels on the ground, from the water and over connected cells.

No flow is solved: a level slopes with the ground, rises from rivers and sea through every connected lower cell, and
rain fills hollows. That is right for water that had days to spread, and fast.
"""

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats
from strandline.simulator.flood_chips.landscape import Landscape, smooth_noise

_EIGHT = np.ones((3, 3), dtype=bool)


def permanent_depth(landscape: Landscape) -> Floats:
    """(H, W) depth of permanent water [m]."""
    return np.where(landscape.water, 1.5, 0.0)


def draw_flood(landscape: Landscape, rng: np.random.Generator) -> Floats:
    """(H, W) depth [m], permanent water included; one chip in ten has no flood, three in ten rain in hollows."""
    shape, ground = landscape.elevation.shape, landscape.elevation
    depth = permanent_depth(landscape)
    if rng.random() < 0.1:
        return depth
    smooth = ndimage.gaussian_filter(ground, 0.4 * shape[0] / 2, mode="nearest")
    above = ground - 0.8 * (smooth - smooth.min())  # the level slopes with the valley
    if landscape.water.any():
        dry = above[~landscape.water]
        level = float(np.quantile(dry, rng.beta(1.0, 2.0))) if dry.size else 0.0
        below = (above < level) | landscape.water
        parts, _ = ndimage.label(below, _EIGHT)
        reached = np.isin(parts, np.unique(parts[landscape.water])) & below
        depth = np.maximum(depth, np.where(reached, level - above, 0.0))
    if rng.random() < 0.3 or not landscape.water.any():
        hollows = ndimage.gaussian_filter(ground, 15.0) - ground + 0.1 * smooth_noise(shape, 2.0, rng)
        level = float(np.quantile(hollows, 1.0 - rng.beta(1.0, 6.0)))
        depth = np.maximum(depth, np.where(~landscape.seam, hollows - level, 0.0))
    return np.clip(depth, 0.0, 6.0)


def receded(depth: Floats, landscape: Landscape, fall: float) -> Floats:
    """The flood after its level fell [m]."""
    return np.maximum(depth - fall, permanent_depth(landscape))
