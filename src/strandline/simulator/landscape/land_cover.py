"""Surface cover of a cell as observed by a sensor: dry, open water and emergent shares."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.simulator.landscape.terrain import Terrain

COVERS = ("bare", "crop", "woody", "settlement")
_CROP_HEIGHT = 0.5
"""Height of rice six weeks after transplanting [m]; deeper water covers it."""
_FULL_WATER = 0.2
"""Mean depth at which the microrelief of a cell is submerged [m]."""


@dataclass(frozen=True)
class SurfaceShares:
    """Shares of a cell that add up to 1; arrays end in (H, W).

    Attributes:
        dry: cover → share that is not flooded.
        open_water: share of visible water.
        emergent: cover → share where plants or buildings stand in water.
    """

    dry: dict[str, Floats]
    open_water: Floats
    emergent: dict[str, Floats]


def cover_shares(terrain: Terrain) -> dict[str, Floats]:
    """Share of each of ``COVERS`` on the ground (H, W); they add up to 1."""
    settlement = terrain.settlement
    woody = terrain.woody * (1.0 - settlement)
    crop = np.clip(terrain.vegetation - terrain.woody, 0.0, 1.0) * (1.0 - settlement)
    bare = np.clip(1.0 - settlement - woody - crop, 0.0, 1.0)
    return {"bare": bare, "crop": crop, "woody": woody, "settlement": settlement}


def surface_shares(terrain: Terrain, depth: Floats) -> SurfaceShares:
    """Visible surfaces of each cell at this water depth [m], (..., H, W).

    Water fills a cell from its lowest points. It covers bare ground and roads, and rice once it reaches the height of
    the plants; trees and buildings stay visible.
    """
    covers = cover_shares(terrain)
    wet = np.clip(depth / _FULL_WATER, 0.0, 1.0)
    visible = {
        "bare": np.zeros_like(wet),
        "crop": np.clip(1.0 - depth / _CROP_HEIGHT, 0.0, 1.0),
        "woody": np.full_like(wet, 0.85),
        "settlement": np.full_like(wet, 0.75),
    }
    dry = {name: share * (1.0 - wet) for name, share in covers.items()}
    emergent = {name: covers[name] * wet * visible[name] for name in COVERS}
    open_water = wet - sum(emergent.values())
    return SurfaceShares(dry, open_water, emergent)
