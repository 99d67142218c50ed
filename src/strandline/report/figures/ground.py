"""The ground below every map of floods, in the report, the files and the dashboard: land and permanent water."""

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Reals, SingleFloats
from strandline.report.figures.style import LAND, SEA, as_rgb

WATER = -1.0
"""Value of permanent water where land has its light, 0 to 1."""
UNMAPPED_LIGHT = 0.83
"""Of land whose height is unknown and whose flood is not."""
SHADES = 6
"""Few, so that files are small."""
GROUND_QUANTITY = "light on the ground from the north-west, 0 dark to 1 bright; -1 = permanent water"


def ground_of(terrain: xr.Dataset, cell_size: float) -> SingleFloats:
    """Return the light on the ground (H, W), 0 to 1 in ``SHADES`` steps; ``WATER`` = permanent water, NaN = unknown."""
    elevation = terrain["elevation"].to_numpy().astype(float)
    light = np.round(hillshade(elevation, cell_size) * SHADES) / SHADES
    water = terrain["permanent_water"].to_numpy() == 1
    return np.where(water, WATER, np.where(np.isnan(elevation), np.nan, light)).astype(np.float32)


def ground_colours(ground: Reals) -> Floats:
    """Return red, green and blue [0-1] (…, 3) of ``ground_of`` (…); unknown ground is nearly as bright as flat land."""
    light = np.where(np.isnan(ground), UNMAPPED_LIGHT, ground)
    painted = as_rgb(LAND) * (0.90 + 0.12 * light[..., np.newaxis])  # (H, W, 3)
    painted[light == WATER] = as_rgb(SEA)
    return np.clip(painted, 0.0, 1.0)


def hillshade(elevation: Floats, cell_size: float) -> Floats:
    """Return the light from the north-west on the ground (H, W), 0 dark to 1 bright; exaggerated for flat deltas."""
    down, right = np.gradient(elevation, cell_size)
    slope = np.hypot(down, right)
    known = slope[np.isfinite(slope)]
    steep = float(np.quantile(known, 0.98)) if known.size else 0.0
    toward_light = (right + down) / np.sqrt(2.0)  # rises away from a light in the north-west
    return np.clip(0.5 + 0.5 * toward_light / steep, 0.0, 1.0) if steep > 0 else np.full(elevation.shape, 0.5)
