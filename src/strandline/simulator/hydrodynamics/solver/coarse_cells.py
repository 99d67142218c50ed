"""Loops over one row of coarse cells that hold water by the tables of their fine ground."""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.solver.rows import compile_loop, inverse_cube_root


@compile_loop
def level_of(held: float, levels: Floats, full: float) -> float:
    """Level of a cell that holds this volume over its area [m]."""
    last = levels.size - 1
    if held >= full:
        return float(levels[last] + (held - full))
    at = held / full * last
    below = min(int(at), last - 1)
    return float(levels[below] + (at - below) * (levels[below + 1] - levels[below]))


@compile_loop
def held_at(level: float, levels: Floats, full: float) -> float:
    """Volume over the area [m] of a cell at this level; the inverse of `level_of`."""
    last = levels.size - 1
    if level >= levels[last]:
        return float(full + (level - levels[last]))
    if level <= levels[0]:
        return 0.0
    below = np.searchsorted(levels, level, side="right") - 1
    return float(full / last * (below + (level - levels[below]) / (levels[below + 1] - levels[below])))


@compile_loop
def subgrid_flux(
    level_a: float,
    level_b: float,
    bottom: float,
    top: float,
    depths: Floats,
    frictions: Floats,
    flux: float,
    step: float,
    slope_factor: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> float:
    """New flux over a face by its tables [m2 s-1]; ``slope_factor`` is g Δt / Δx."""
    level = max(level_a, level_b)
    if not level > bottom:
        return 0.0
    last = depths.size - 1
    if level >= top:
        depth, friction = depths[last] + (level - top), frictions[last]
    else:
        at = (level - bottom) / (top - bottom) * last
        below = min(int(at), last - 1)
        share = at - below
        depth = depths[below] + share * (depths[below + 1] - depths[below])
        friction = frictions[below] + share * (frictions[below + 1] - frictions[below])
    if depth <= dry_depth:
        return 0.0
    root = inverse_cube_root(depth)
    power = root * root * root * root * root * root * root  # h^(−7/3)
    driven = flux + slope_factor * depth * (level_a - level_b)
    new = 2.0 * driven / (1.0 + np.sqrt(1.0 + 4.0 * step * friction * power * abs(driven)))
    fastest = depth * np.sqrt(limit_squared_gravity * depth)
    return float(min(max(new, -fastest), fastest))


@compile_loop
def subgrid_fluxes(
    new: Floats,
    old: Floats,
    level_before: Floats,
    level: Floats,
    bottom: Floats,
    top: Floats,
    depths: Floats,
    frictions: Floats,
    step: float,
    slope_factor: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> None:
    """Fluxes over one row of faces; ``level_before`` is that of the cells to the west or in the row above."""
    for j in range(1, new.size - 1):
        new[j] = subgrid_flux(
            level_before[j], level[j], bottom[j], top[j], depths[j], frictions[j], old[j],
            step, slope_factor, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@compile_loop
def levels_of(level: Floats, held: Floats, levels: Floats, full: Floats) -> None:
    """New levels of one row from what its cells hold."""
    for j in range(1, level.size - 1):
        level[j] = level_of(held[j], levels[j], full[j])
