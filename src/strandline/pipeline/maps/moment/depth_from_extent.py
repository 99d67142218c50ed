"""Depth of a flood from its extent and the ground: the water's surface is where the shore meets the ground."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from strandline.observations.arrays import Floats, Indices, Mask, SingleFloats

NEIGHBOURS = 24
"""Places on the shore that tell the surface at a cell: the nearest ones of the same water. An assumption."""
BOUNDS = (0.1, 0.9)
"""Quantiles of these places that bound the surface."""
Z_80 = 1.2816
"""Half-width of a normal distribution's 80 % interval, in standard deviations."""
_OTHER_WATER = 1e7
"""[cells] Apart that shores of different waters are put, so that no cell finds another's."""


@dataclass(frozen=True, eq=False)
class FloodDepth:
    """Depth of the water above the ground.

    Attributes:
        low, middle, high: (H, W) [m]; 8 in 10 depths lie between the first and the last. 0 = dry, NaN = unknown.
        ground_error: standard deviation of the ground that the bounds hold [m]; ``None`` = it was not stated, and
            they hold the shore's scatter alone.
        shore_cells: places on the shore that were used.
    """

    low: SingleFloats
    middle: SingleFloats
    high: SingleFloats
    ground_error: float | None
    shore_cells: int


def depth_from_extent(
    flooded: Mask, known: Mask, permanent: Mask, elevation: SingleFloats, ground_error: float | None
) -> FloodDepth:
    """Depth in each flooded cell, from the elevation of the nearest shore of the same water.

    On the shore, between a wet cell and a dry one that was seen, the water's surface lies between the ground of the
    two. The middle of both, at the nearest places, gives the surface at a cell by its median; their scatter (wrong
    shores, rough ground, a surface that slopes) and the ground's error give the bounds. Where water ends at permanent
    water, at unknown cells or at the edge of the map there is no shore.

    Args:
        flooded: (H, W); ``known``: cells whose state is known; ``permanent``: water that is always there, which joins
            the flood to one water but has no depth here, since its bed is not in the ground.
        elevation: (H, W) [m]; NaN = unknown.
        ground_error: standard deviation of ``elevation`` [m]; ``None`` = not stated.

    Source: after the Floodwater Depth Estimation Tool, Cohen et al. (2018), J. Am. Water Resour. Assoc. 54(4), and
    Cohen et al. (2019), Nat. Hazards Earth Syst. Sci. 19, 2053–2065 (surface from the nearest boundary cell, coasts
    left out of the boundary); own code. Median over several places in the stead of its smoothing, and the bounds, are
    ours.
    """
    dry_or_unknown = np.where(known & ~permanent & ~flooded, np.float32(0), np.float32(np.nan))
    low, middle, high = dry_or_unknown, dry_or_unknown.copy(), dry_or_unknown.copy()
    shore = _shore(flooded, known & ~flooded & ~permanent, elevation)
    cells = flooded & np.isfinite(elevation)
    if shore.surface.size and cells.any():
        water, _ = ndimage.label(flooded | permanent, structure=np.ones((3, 3), dtype=np.int8))
        surface = _surface_at(np.argwhere(cells), water, shore)  # (3, N)
        error = Z_80 * (ground_error or 0.0)
        for each, level, sign in zip((low, middle, high), surface, (-1.0, 0.0, 1.0), strict=True):
            each[cells] = np.maximum(level - elevation[cells] + sign * error, 0.0)
    return FloodDepth(low, middle, high, ground_error, int(shore.surface.size))


@dataclass(frozen=True, eq=False)
class _Shore:
    """N places.

    Attributes:
        cell: (N, 2) row and column of the wet cell.
        low, surface, high: (N,) ground of the wet cell, middle, ground of the lowest dry neighbour [m].
    """

    cell: Indices
    low: Floats
    surface: Floats
    high: Floats


def _shore(water: Mask, dry: Mask, elevation: SingleFloats) -> _Shore:
    """Wet cells beside dry ones, both of known elevation."""
    neighbour = np.full(elevation.shape, np.inf)
    ground = np.where(dry & np.isfinite(elevation), elevation, np.inf)
    for axis in (0, 1):
        for step in (-1, 1):
            moved = np.full(ground.shape, np.inf)
            to, source = [slice(None)] * 2, [slice(None)] * 2
            to[axis] = slice(1, None) if step == 1 else slice(None, -1)
            source[axis] = slice(None, -1) if step == 1 else slice(1, None)
            moved[tuple(to)] = ground[tuple(source)]
            neighbour = np.minimum(neighbour, moved)
    cell = np.argwhere(water & np.isfinite(neighbour) & np.isfinite(elevation))
    at = tuple(cell.T)
    wet, beside = elevation[at].astype(np.float64), neighbour[at]
    return _Shore(cell, np.minimum(wet, beside), (wet + beside) / 2, np.maximum(wet, beside))


def _surface_at(cells: Indices, water: Indices, shore: _Shore) -> Floats:
    """(3, N) low, middle and high surface [m] at cells; NaN = their water has no shore here."""
    tree = cKDTree(_positions(shore.cell, water))
    count = min(NEIGHBOURS, len(shore.cell))
    result = np.full((3, len(cells)), np.nan)
    for start in range(0, len(cells), 200_000):
        part = slice(start, start + 200_000)
        distance, nearest = tree.query(_positions(cells[part], water), k=count)
        distance, nearest = distance.reshape(-1, count), nearest.reshape(-1, count)
        own = distance < _OTHER_WATER / 2
        for row, values, quantile in zip(
            result, (shore.low, shore.surface, shore.high), (BOUNDS[0], 0.5, BOUNDS[1]), strict=True
        ):
            row[part] = _quantile_of(np.where(own, values[nearest], np.nan), quantile)
    return result


def _quantile_of(values: Floats, quantile: float) -> Floats:
    """(N,) quantile over the known ones of (N, K)."""
    ordered = np.sort(values, axis=1)  # NaN last
    count = np.isfinite(values).sum(axis=1)
    place = quantile * np.maximum(count - 1, 0)
    lower = np.floor(place).astype(np.int64)
    row = np.arange(len(values))
    first, second = ordered[row, lower], ordered[row, np.minimum(lower + 1, np.maximum(count - 1, 0))]
    return np.asarray(first + (place - lower) * (second - first))


def _positions(cells: Indices, water: Indices) -> Floats:
    """(N, 3) row, column and, far apart, the number of the water."""
    number = water[tuple(cells.T)]
    return np.column_stack([cells, number * _OTHER_WATER]).astype(np.float64)
