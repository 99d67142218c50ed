"""Area of flooded land at the rarest return period."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.observations.variables import DEPTH_EDGES
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard


@dataclass(frozen=True, eq=False)
class FloodedLand:
    """Land under 0.15 m of water or more.

    Attributes:
        flooded: area of it [m²].
        known_land: land cells with a known flood probability [m²].
        unknown_share: share of all cells without one [-].
    """

    flooded: Expectation
    known_land: float
    unknown_share: float


def flooded_land(hazard: Hazard, terrain: xr.Dataset) -> FloodedLand:
    """Return the flooded area among the known land cells; unknown cells never count as dry."""
    land = terrain["permanent_water"].to_numpy() != 1
    depth = hazard.flood_depth[:, -1]  # (S, H, W)
    unknown = np.isnan(hazard.flood_probability[-1])
    cell = hazard.region.cell_size**2
    flooded = ((depth >= DEPTH_EDGES[0]) & (land & ~unknown)).sum(axis=(1, 2)) * cell  # (S,)
    known_land = float((land & ~unknown).sum() * cell)
    return FloodedLand(Expectation.of(flooded, len(flooded)), known_land, float(unknown.mean()))
