"""Subgrid tables of fine ground, for cells that are coarser than the ground is known.

No command builds them: `benchmarks.physics.coarse_cells` measures what they would bring.
"""

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.subgrid import STEPS, FaceTables, SubgridTables

TALLEST = 1e-6
"""Least relief of a face [m]: flat ground has none."""


def build_subgrid(bed: Floats, roughness: Floats, factor: int) -> SubgridTables:
    """Tables of cells of ``factor`` × ``factor`` fine ones; those with any fine cell outside the domain are outside.

    Args:
        bed: (H · factor, W · factor) fine ground [m above the datum]; NaN = outside the domain.
        roughness: Manning's n of the fine cells [s m-1/3].

    Raises:
        InputError: shapes that the factor does not divide.
    """
    rows, columns = bed.shape
    if factor < 2 or rows % factor or columns % factor or roughness.shape != bed.shape:
        raise InputError("subgrid", f"a grid of {bed.shape} and a factor of {factor}", "give a factor that divides it")
    if not (roughness[np.isfinite(bed)] > 0).all():
        raise InputError("subgrid", "roughness is not above 0 within the domain", "give Manning's n")
    shape = (rows // factor, factor, columns // factor, factor)
    ground = np.sort(bed.reshape(shape).transpose(0, 2, 1, 3).reshape(shape[0], shape[2], -1), axis=-1)
    ground[np.isnan(ground).any(axis=-1)] = np.nan
    level, full = _storage(ground)
    return SubgridTables(level, full, _faces(bed, roughness, factor), _faces(bed.T, roughness.T, factor, turned=True))


def _storage(ground: Floats) -> tuple[Floats, Floats]:
    """Levels (H, W, 8) at equal steps of the volume, and the volume at the last over the area [m].

    Args:
        ground: (H, W, N) ascending.
    """
    count = ground.shape[-1]
    # volume over the area when the water stands at each height of the ground: linear between them
    held = np.concatenate(
        [np.zeros((*ground.shape[:-1], 1)), np.cumsum(np.diff(ground) * np.arange(1, count) / count, axis=-1)], axis=-1
    )
    full = held[..., -1]
    level = np.empty((*ground.shape[:-1], STEPS))
    for at in np.ndindex(ground.shape[:-1]):
        level[at] = np.interp(np.linspace(0.0, full[at], STEPS), held[at], ground[at])
        level[at][0] = ground[at][0]  # of flat ground, where every volume below ``full`` is none
    return level, np.asarray(full)


def _faces(bed: Floats, roughness: Floats, factor: int, turned: bool = False) -> FaceTables:
    """Faces to the west, by the fine ground within half a cell on either side; ``turned``: inputs are transposed."""
    rows, columns = bed.shape[0] // factor, bed.shape[1] // factor
    bottom, top = np.full((rows, columns), np.nan), np.full((rows, columns), np.nan)
    depth, manning = np.full((rows, columns, STEPS), np.nan), np.full((rows, columns, STEPS), np.nan)
    half = factor // 2 if factor > 2 else 1
    for i in range(rows):
        along = slice(i * factor, (i + 1) * factor)
        for j in range(1, columns):
            sides = [slice(j * factor - half, j * factor), slice(j * factor, j * factor + half)]
            ground = [bed[along, side] for side in sides]
            if any(np.isnan(one).any() for one in ground):
                continue
            # water passes only where it stands on both sides: the higher of the two lowest points
            low = max(float(one.min()) for one in ground)
            every, rough = (
                np.concatenate([field[along, side].ravel() for side in sides]) for field in (bed, roughness)
            )
            high = max(float(every.max()), low + TALLEST)
            bottom[i, j], top[i, j] = low, high
            levels = np.linspace(low, high, STEPS)
            water = np.maximum(levels[:, None] - np.maximum(every, low), 0.0)  # (8, N)
            mean = water.mean(axis=1)
            conveyance = (water ** (5 / 3) / rough).mean(axis=1)
            found = mean ** (5 / 3) / np.maximum(conveyance, 1e-300)
            found[0] = found[1]
            depth[i, j], manning[i, j] = mean, found
    if turned:
        return FaceTables(bottom.T, top.T, depth.transpose(1, 0, 2), manning.transpose(1, 0, 2))
    return FaceTables(bottom, top, depth, manning)
