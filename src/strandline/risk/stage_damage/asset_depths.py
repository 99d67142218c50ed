"""Flood depth at assets: the cells that each asset touches, read from the maps of one Monte-Carlo sample."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.exposure import ClassExposure, Exposure

Maps = npt.NDArray[np.float32]
"""(L, H, W) flood depth [m] at L sea levels; NaN = unknown."""


def cell_depths(depth: Maps, exposure: Exposure) -> Iterator[tuple[ClassExposure, Floats]]:
    """Each asset class with the depths (L, C) [m] of the cells that its assets touch; outside the region NaN."""
    flat = depth.reshape(len(depth), -1).astype(float)
    flat = np.concatenate([flat, np.full((len(depth), 1), np.nan)], axis=1)  # (L, H·W + 1)
    for group in exposure.classes:
        yield group, flat[:, group.cells]


def mean_depth(depth: Maps, exposure: Exposure) -> Floats:
    """(A, L) depth [m] at each asset, the mean over its cells by share; NaN where a touched cell is unknown."""
    result = np.full((exposure.value.size, len(depth)), np.nan)
    for group, water in cell_depths(depth, exposure):
        result[group.rows] = group.shares @ water.T
    return result


def greatest_depth(depth: Maps, exposure: Exposure) -> tuple[Floats, Mask]:
    """(A, L) greatest depth [m] over the known cells of each asset, and (A,) whether a cell of it is unknown.

    A road is as passable as its deepest stretch, so no mean is taken. NaN where no cell is known.
    """
    greatest = np.full((exposure.value.size, len(depth)), np.nan)
    has_unknown_cell = np.zeros(exposure.value.size, dtype=bool)
    for group, water in cell_depths(depth, exposure):
        first, stretch = group.shares.indptr[:-1], water[:, group.shares.indices]  # (L, touched)
        unknown = np.isnan(stretch)
        known_depth = np.maximum.reduceat(np.where(unknown, -1.0, stretch), first, axis=1).T  # (N, L)
        greatest[group.rows] = np.where(known_depth < 0, np.nan, known_depth)
        has_unknown_cell[group.rows] = np.logical_or.reduceat(unknown.any(axis=0), first)
    return greatest, has_unknown_cell


def exceeds_depth(greatest: Floats, has_unknown_cell: Mask, threshold: Floats) -> Floats:
    """(A, L) 1 = water reaches the threshold depth somewhere on the asset, 0 = nowhere, NaN = unknown.

    One known cell over the threshold is enough for 1. Otherwise one unknown cell makes the result unknown.

    Args:
        greatest: (A, L) and ``has_unknown_cell`` (A,) from `greatest_depth`.
        threshold: (A,) [m]; NaN = the asset has none, and its result is NaN.
    """
    exceeds = (greatest >= threshold[:, None]).astype(float)
    return np.where(np.isnan(threshold)[:, None] | (has_unknown_cell[:, None] & (exceeds == 0)), np.nan, exceeds)


def unknown_cells(hazards: Sequence[Hazard]) -> Mask:
    """(H, W) cells whose depth is unknown in any sample at any sea level."""
    return np.asarray(np.any([np.isnan(each.flood_depth).any(axis=(0, 1)) for each in hazards], axis=0))


def unknown_damage(exposure: Exposure, unknown_cell: Mask) -> Mask:
    """(A,) assets whose damage is unknown: they touch an unknown cell, or their value is unknown."""
    ground = np.where(unknown_cell, np.nan, 0.0).astype(np.float32)[None]
    return np.isnan(mean_depth(ground, exposure)[:, 0] + exposure.value)
