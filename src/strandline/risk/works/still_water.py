"""Still water: where the sea reaches if it stands for ever, over ground and drawn crests.

Water passes from a cell to its four neighbours. It reaches a cell once the sea stands above the lowest sill on the way:
the least, over all ways from the open sea, of the highest ground or crest on the way. It knows no time, so that it
floods more than a storm does, and no momentum, so that it turns no water onto others.
"""

import heapq

import numpy as np
from numba import njit

from strandline.observations.arrays import Floats, Mask
from strandline.simulator.hydrodynamics.walls import WEST, Walls


def lowest_sills(bed: Floats, sea: Mask, walls: Walls, unknown: float) -> Floats:
    """(H, W) level [m, region datum] above which the sea reaches each cell; infinite = never.

    Args:
        bed: (H, W) [m, region datum]; NaN = unknown.
        sea: (H, W) cells of the open sea.
        unknown: what unknown ground counts as [m, region datum]: infinite = no water passes, minus infinite = all does.
    """
    crest = np.full((2, *bed.shape), -np.inf)
    np.maximum.at(crest, (walls.face, walls.row, walls.column), np.asarray(walls.crest, dtype=np.float64))
    ground = np.where(np.isnan(bed), unknown, bed)
    return np.asarray(_spread(np.ascontiguousarray(ground), np.ascontiguousarray(sea), crest[WEST], crest[1 - WEST]))


def still_depth(level: float, ground: Floats, known: Floats, unknown: Floats) -> Floats:
    """(H, W) depth [m] at a sea level; NaN where the ground is unknown, or water may come over unknown ground.

    Args:
        level: of the sea at the shore [m, region datum].
        ground: (H, W) [m, region datum]; NaN = unknown.
        known, unknown: (H, W) sills if no water passes unknown ground, and if all does.
    """
    depth = np.where(level > known, np.maximum(level - ground, 0.0), 0.0)
    is_unknown = np.isnan(ground) | ((level > unknown) & (level <= known))
    return np.where(is_unknown, np.nan, depth)


@njit(cache=True, nogil=True)
def _spread(ground: Floats, sea: Mask, west: Floats, north: Floats) -> Floats:  # pragma: no cover - compiled
    """From the sea inland, the lowest sill first."""
    rows, columns = ground.shape
    sill = np.full((rows, columns), np.inf)
    queue = [(0.0, 0, 0)]
    queue.clear()
    for row in range(rows):
        for column in range(columns):
            if sea[row, column]:
                sill[row, column] = -np.inf
                heapq.heappush(queue, (-np.inf, row, column))
    while len(queue) > 0:
        level, row, column = heapq.heappop(queue)
        if level > sill[row, column]:
            continue
        for side in range(4):
            if side == 0:
                r, c = row, column - 1
            elif side == 1:
                r, c = row, column + 1
            elif side == 2:
                r, c = row - 1, column
            else:
                r, c = row + 1, column
            if r < 0 or c < 0 or r >= rows or c >= columns:
                continue
            if side < 2:
                crest = west[row, max(column, c)]
            else:
                crest = north[max(row, r), column]
            reached = max(level, ground[r, c], crest)
            if reached < sill[r, c]:
                sill[r, c] = reached
                heapq.heappush(queue, (reached, r, c))
    return sill
