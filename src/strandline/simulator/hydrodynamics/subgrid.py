"""What a coarse cell holds and lets pass, by the fine ground within it.

A coarse cell stores the volume that its fine ground holds at a level, and a face passes the mean depth of the ground
beside it with the roughness that gives the sum of the conveyances of its parts.

Source: van Ormondt et al. (2025), Geosci. Model Dev. 18, 843–861; Volp, van Prooijen and Stelling (2013), Water Resour.
Res. 49, 4124–4135.
"""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats

STEPS = 8
"""Entries of a table: the lowest and the highest ground, and equal steps between them."""


@dataclass(frozen=True, eq=False)
class FaceTables:
    """Faces of H × W cells, those to the west or to the north; the tables go from ``bottom`` to ``top``.

    Attributes:
        bottom, top: (H, W) lowest and highest ground beside the face [m above the datum]; the outermost are not used.
        depth: (H, W, 8) mean depth [m] at equal steps of the level.
        roughness: (H, W, 8) Manning's n that stands for all of the ground [s m-1/3]; the last also above ``top``.
    """

    bottom: Floats
    top: Floats
    depth: Floats
    roughness: Floats


@dataclass(frozen=True, eq=False)
class SubgridTables:
    """Tables of H × W coarse cells; NaN outside the domain.

    Attributes:
        level: (H, W, 8) level [m above the datum] at equal steps of the volume, from none at the lowest ground.
        full: (H, W) volume at the last of them over the area of the cell [m].
        west, north: of the faces.
    """

    level: Floats
    full: Floats
    west: FaceTables
    north: FaceTables

    @property
    def bottom(self) -> Floats:
        """(H, W) lowest ground [m above the datum]."""
        return np.asarray(self.level[..., 0])
