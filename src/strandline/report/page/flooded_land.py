"""Area of flooded land at the rarest return period."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.hazard.hazard import Hazard


@dataclass(frozen=True, eq=False)
class FloodedLand:
    """Land [m²] under 0.15 m of water or more: 10th, 50th and 90th percentile.

    Attributes:
        known_land: land cells with a known flood probability [m²].
        unknown_share: share of all cells without one [-].
    """

    low: float
    middle: float
    high: float
    known_land: float
    unknown_share: float


def flooded_land(hazard: Hazard, terrain: xr.Dataset) -> FloodedLand:
    """Return the flooded area among the known land cells; unknown cells never count as dry."""
    land = terrain["permanent_water"].to_numpy() != 1
    depth = hazard.flood_depth[:, -1]  # (S, H, W)
    unknown = np.isnan(hazard.flood_probability[-1])
    cell = hazard.region.cell_size**2
    flooded = ((depth >= DEPTH_EDGES[0]) & (land & ~unknown)).sum(axis=(1, 2)) * cell  # (S,)
    low, middle, high = np.quantile(flooded, (0.1, 0.5, 0.9))
    known_land = float((land & ~unknown).sum() * cell)
    return FloodedLand(float(low), float(middle), float(high), known_land, float(unknown.mean()))
