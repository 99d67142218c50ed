"""Loops over some columns of one row of cells: fluxes, the limiter that keeps depths positive, and new levels.

They have neither branches nor calls, so that the compiler vectorises them; sums keep their order, so that mirrored
basins have exactly mirrored results. They take a row's number ``k`` and columns from ``first`` to before ``last``: a
row as an array of its own would be counted as a reference, which takes longer than the loop over a short one. Columns
are unsigned: the compiler would ask of a signed one whether it counts from the end, and not vectorise.
"""

import numpy as np
from numba import njit

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.local_inertia import WALL

Column = np.uint64
ONE = Column(1)
"""Between neighbouring columns."""
# The compiler may only fuse a·b + c, which keeps rest, signs and mirrored basins exact. Compiled code is kept with the
# outermost function (`advance`), not here: an inner function would not be compiled anew when one that it calls changes.
compile_loop = njit(error_model="numpy", fastmath={"contract"}, nogil=True)


@compile_loop
def inverse_cube_root(x: float) -> float:
    """x^(−1/3) for x > 0, to 1e-13, without a call: a first guess from the exponent bits, then two series steps."""
    bits = np.float64(x).view(np.uint64)
    third = (bits >> np.uint64(2)) + (bits >> np.uint64(4))  # bits / 3 by shifts: integer division does not vectorise
    third = third + (third >> np.uint64(4))
    third = third + (third >> np.uint64(8))
    root = np.uint64(np.uint64(0x553EF0FF289DD796) - third).view(np.float64)
    residual = 1.0 - x * (root * root * root)  # the root is root · (1 − residual)^(−1/3)
    root = root * (1.0 + residual * (1.0 / 3.0 + residual * (2.0 / 9.0 + residual * (14.0 / 81.0))))
    residual = 1.0 - x * (root * root * root)
    return root + root * (residual * (1.0 / 3.0 + residual * (2.0 / 9.0)))


@compile_loop
def face_flux(
    level_a: float,
    level_b: float,
    bed_a: float,
    bed_b: float,
    flux: float,
    flux_before: float,
    flux_after: float,
    friction: float,
    step: float,
    slope_factor: float,
    theta: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> float:
    """New flux over the face from cell a to cell b [m2 s-1]; ``slope_factor`` is g Δt / Δx."""
    sill = max(bed_a, bed_b)
    depth = max(level_a, level_b) - sill
    safe = max(depth, dry_depth)
    tail = max(min(level_a, level_b) - sill, 0.0)
    pressed = safe - 0.5 * min(safe - tail, tail)
    root = inverse_cube_root(safe)
    root_squared = root * root
    power = root_squared * root_squared * root_squared * root  # h^(−7/3)
    mixed = theta * flux + (0.5 * (1.0 - theta)) * (flux_before + flux_after)
    # a neighbour without flux is a wall or dry and is not averaged
    own = mixed if (flux_before != 0.0) & (flux_after != 0.0) else flux
    driven = own + slope_factor * pressed * (level_a - level_b)
    new = 2.0 * driven / (1.0 + np.sqrt(1.0 + 4.0 * step * friction * power * abs(driven)))
    fastest = safe * np.sqrt(limit_squared_gravity * safe)
    new = min(max(new, -fastest), fastest)
    return new if depth > dry_depth else 0.0


@compile_loop
def fluxes_west(
    k: int,
    first: Column,
    last: Column,
    new: Floats,
    old: Floats,
    level: Floats,
    bed: Floats,
    friction: Floats,
    step: float,
    slope_factor: float,
    theta: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> None:
    """Fluxes over the western faces of row ``k``."""
    for j in range(first, last):
        new[k, j] = face_flux(
            level[k, j - ONE], level[k, j], bed[k, j - ONE], bed[k, j], old[k, j], old[k, j - ONE], old[k, j + ONE],
            friction[k, j], step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@compile_loop
def fluxes_north(
    k: int,
    first: Column,
    last: Column,
    new: Floats,
    old: Floats,
    level: Floats,
    bed: Floats,
    friction: Floats,
    step: float,
    slope_factor: float,
    theta: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> None:
    """Fluxes over the northern faces of row ``k``."""
    above, below = k - 1, min(k + 1, level.shape[0] - 1)
    for j in range(first, last):
        new[k, j] = face_flux(
            level[above, j], level[k, j], bed[above, j], bed[k, j], old[k, j], old[above, j], old[below, j],
            friction[k, j], step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@compile_loop
def _leaving(west: float, east: float, north: float, south: float) -> float:
    """Flux out of a cell through all its faces [m2 s-1]."""
    return (max(-west, 0.0) + max(east, 0.0)) + (max(-north, 0.0) + max(south, 0.0))


@compile_loop
def overdrawn(
    k: int, first: Column, last: Column, flux_x: Floats, flux_y: Floats, level: Floats, bed: Floats, ratio: float
) -> bool:
    """Whether any cell of row ``k`` would lose more water than it has, ``level`` − ``bed``."""
    count = 0
    for j in range(first, last):
        leaving = _leaving(flux_x[k, j], flux_x[k, j + ONE], flux_y[k, j], flux_y[k + 1, j])
        count += ratio * leaving > level[k, j] - bed[k, j]
    return count > 0


@compile_loop
def shares(
    k: int,
    first: Column,
    last: Column,
    share: Floats,
    here: int,
    flux_x: Floats,
    flux_y: Floats,
    level: Floats,
    bed: Floats,
    ratio: float,
) -> None:
    """Share of the outflow that each cell of row ``k`` can supply, into row ``here`` of ``share``."""
    for j in range(first, last):
        outflow = ratio * _leaving(flux_x[k, j], flux_x[k, j + ONE], flux_y[k, j], flux_y[k + 1, j])
        held = level[k, j] - bed[k, j]
        share[here, j] = held / outflow if outflow > held else 1.0


@compile_loop
def new_levels(
    k: int, first: Column, last: Column, level: Floats, flux_x: Floats, flux_y: Floats, bed: Floats, ratio: float
) -> None:
    """New levels of row ``k``, not below the bed."""
    for j in range(first, last):
        inflow = (flux_x[k, j] - flux_x[k, j + ONE]) + (flux_y[k, j] - flux_y[k + 1, j])
        level[k, j] = max(level[k, j] + ratio * inflow, bed[k, j])


@compile_loop
def update_greatest(k: int, first: Column, last: Column, greatest: Floats, level: Floats, bed: Floats) -> bool:
    """Update the greatest level of each cell; returns whether water came to one for the first time."""
    count = 0
    for j in range(first, last):
        count += (level[k, j] > bed[k, j]) & (greatest[k, j] <= bed[k, j])
        greatest[k, j] = level[k, j] if level[k, j] > greatest[k, j] else greatest[k, j]
    return count > 0


@compile_loop
def update_deepest(k: int, first: Column, last: Column, deepest: Floats, level: Floats, bed: Floats) -> None:
    """Update the greatest depth of each column."""
    for j in range(first, last):
        depth = level[k, j] - bed[k, j]
        deepest[j] = depth if depth > deepest[j] else deepest[j]


@compile_loop
def add_rain(k: int, first: Column, last: Column, level: Floats, bed: Floats, rain: Floats) -> None:
    """Add rain [m] to the cells of row ``k`` that are within the domain."""
    for j in range(first, last):
        level[k, j] += rain[j] if bed[k, j] < WALL else 0.0


@compile_loop
def infiltrate(
    k: int, first: Column, last: Column, level: Floats, bed: Floats, rate: Floats, left: Floats, step: float
) -> float:
    """Take water from row ``k`` at a rate [m s-1] while the soil has room ``left`` [m]; returns the sum [m]."""
    total = 0.0
    for j in range(first, last):
        taken = min(min(rate[k, j] * step, left[k, j]), level[k, j] - bed[k, j])
        level[k, j] -= taken
        left[k, j] -= taken
        total += taken
    return total


@compile_loop
def update_times(
    k: int,
    first: Column,
    last: Column,
    arrival: Floats,
    wet_time: Floats,
    level: Floats,
    bed: Floats,
    wet_depth: float,
    clock: float,
    step: float,
) -> None:
    """Update when each cell of row ``k`` first held ``wet_depth`` [s], and for how long it did [s]."""
    for j in range(first, last):
        is_wet = level[k, j] - bed[k, j] >= wet_depth  # never outside the domain, where the level is that of the bed
        wet_time[k, j] += step if is_wet else 0.0
        arrival[k, j] = clock if is_wet & (arrival[k, j] > clock) else arrival[k, j]
