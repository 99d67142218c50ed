"""A point on open water, found on a terrain: global elevation products draw the sea flat, others draw its bed."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region

_AROUND = np.ones((3, 3), dtype=np.int8)
HIGHEST_SEA = 2.0
"""[m] Zero of a flat sea above the terrain's datum: mean sea level lies within 2 m of every geoid model."""
_FLAT_SHARE = 0.01
"""Share of the known cells with one and the same height from which that is drawn water."""
_ABOVE_FLAT = 0.1
"""[m] Above a flat sea that still counts as water, since averaging mixes its cells with the shore."""
BED, _DEEP_SHARE = -2.0, 0.1
"""[m] Below which the deepest tenth of the water at the edge lies where a terrain has a bed: few lands lie so low. The
most frequent height is then no sea; it may be land that was raised to a least height."""
FEWEST_CELLS = 20
"""Of the sea within the box; fewer are ponds or river mouths. An assumption."""


@dataclass(frozen=True)
class FoundSea:
    """Where the sea is in a region.

    Attributes:
        x, y: of the point farthest from its shores [m, region CRS], the centre of a cell.
        below: level under which the cells that join it are water [m, datum of the terrain].
        share: of the known cells [-].
        is_flat: whether the terrain draws it at one height, and so has no bed.
    """

    x: float
    y: float
    below: float
    share: float
    is_flat: bool


def find_sea(elevation: Floats, region: Region) -> FoundSea | None:
    """The largest stretch of low or flat water that reaches the edge of the survey; ``None`` = there is none.

    Low land behind dikes does not reach the edge through cells below zero, or is smaller than the sea. That is no
    proof: deep polders at the edge of the box look like a bed, so that a person looks at the point.

    Args:
        elevation: (H, W) [m]; NaN = outside the survey.
    """
    known = elevation[~np.isnan(elevation)]
    if not known.size:
        return None
    values, counts = np.unique(known, return_counts=True)
    level, share = float(values[counts.argmax()]), float(counts.max() / known.size)
    below, unknown = 0.0, np.isnan(elevation)
    sea = _largest_at_edge(elevation < below, unknown)
    has_bed = sea is not None and float(np.quantile(elevation[sea], _DEEP_SHARE)) < BED
    is_flat = not has_bed and share >= _FLAT_SHARE and abs(level) <= HIGHEST_SEA
    if is_flat:
        below = round(level + _ABOVE_FLAT, 2)
        sea = _largest_at_edge(elevation < below, unknown)
    if sea is None or sea.sum() < FEWEST_CELLS:
        return None
    padded = np.pad(sea, 1, mode="edge")  # the sea goes on beyond the region
    depth = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), sea.shape)
    return FoundSea(float(region.x[column]), float(region.y[row]), below, float(sea.sum() / known.size), is_flat)


def _largest_at_edge(water: Mask, unknown: Mask) -> Mask | None:
    """(H, W) the largest connected part that touches the edge or unknown cells; ``None`` = none does."""
    labels, count = ndimage.label(water, structure=_AROUND)
    edge = ndimage.binary_dilation(np.pad(unknown, 1, constant_values=True), _AROUND)[1:-1, 1:-1]
    at_edge = np.setdiff1d(labels[edge], [0])
    if not at_edge.size:
        return None
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    largest: Mask = labels == at_edge[np.argmax(sizes[at_edge])]
    return largest
