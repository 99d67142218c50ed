"""Sluices of simulated polders: they let rain out at low water, and the sea not in."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from strandline.simulator.hydrodynamics.structures import Gate
from strandline.simulator.landscape.terrain import Terrain

AREA_PER_HECTARE = 0.01
"""Opening of a sluice for each hectare that it drains, times its coefficient of discharge [m2]; an assumption: with a
head of 0.2 m it drains about 40 mm of rain in six hours."""
CELLS_EACH = 120
"""Cells that one sluice drains, about 270 ha at 150 m; an assumption."""
FARTHEST = 4.0
"""Farthest water that a sluice leads to [cells]; a polder farther away has none."""


def draw_sluices(terrain: Terrain) -> tuple[Gate, ...]:
    """Flap gates of every polder, from low ground behind an embankment to the permanent water nearest to it."""
    identity, area = terrain.polders.identity, terrain.cell_size**2
    inside = (identity > 0) & ~terrain.polders.embankment
    away, nearest = distance_transform_edt(~(terrain.permanent_water & ~terrain.open_boundary), return_indices=True)
    sluices: list[Gate] = []
    for number in range(1, int(identity.max()) + 1):
        ground = inside & (identity == number)
        candidates = np.argwhere(ground & (away <= FARTHEST))
        if not len(candidates):
            continue
        wanted = max(1, round(int(ground.sum()) / CELLS_EACH))
        drains = int(ground.sum()) * area / 1e4 / wanted  # hectares
        order = np.argsort(terrain.bed[tuple(candidates.T)], kind="stable")
        chosen: list[np.ndarray] = []
        for cell in candidates[order]:
            if len(chosen) == wanted:
                break
            if all(np.abs(cell - other).max() > FARTHEST for other in chosen):
                chosen.append(cell)
        for row, column in chosen:
            outlet = (int(nearest[0][row, column]), int(nearest[1][row, column]))
            sluices.append(Gate((int(row), int(column)), outlet, AREA_PER_HECTARE * drains, one_way=True))
    return tuple(sluices)
