"""Loops over one row of cells: fluxes, the limiter that keeps depths positive, and new levels.

They have neither branches nor calls, so that the compiler vectorises them; sums keep their order, so that mirrored
basins have exactly mirrored results.
"""

import numpy as np
from numba import njit

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.local_inertia import WALL

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
    """Fluxes over the western faces of one row."""
    for j in range(1, new.size - 1):
        new[j] = face_flux(
            level[j - 1], level[j], bed[j - 1], bed[j], old[j], old[j - 1], old[j + 1], friction[j],
            step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@compile_loop
def fluxes_north(
    new: Floats,
    old: Floats,
    old_above: Floats,
    old_below: Floats,
    level_above: Floats,
    level: Floats,
    bed_above: Floats,
    bed: Floats,
    friction: Floats,
    step: float,
    slope_factor: float,
    theta: float,
    dry_depth: float,
    limit_squared_gravity: float,
) -> None:
    """Fluxes over the northern faces of one row."""
    for j in range(1, new.size - 1):
        new[j] = face_flux(
            level_above[j], level[j], bed_above[j], bed[j], old[j], old_above[j], old_below[j], friction[j],
            step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@compile_loop
def _leaving(west: float, east: float, north: float, south: float) -> float:
    """Flux out of a cell through all its faces [m2 s-1]."""
    return (max(-west, 0.0) + max(east, 0.0)) + (max(-north, 0.0) + max(south, 0.0))


@compile_loop
def overdrawn(west: Floats, north: Floats, south: Floats, level: Floats, bed: Floats, ratio: float) -> bool:
    """Whether any cell of a row would lose more water than it has, ``level`` − ``bed``."""
    count = 0
    for j in range(1, level.size - 1):
        count += ratio * _leaving(west[j], west[j + 1], north[j], south[j]) > level[j] - bed[j]
    return count > 0


@compile_loop
def shares(share: Floats, west: Floats, north: Floats, south: Floats, level: Floats, bed: Floats, ratio: float) -> None:
    """Share of the outflow that each cell of a row can supply."""
    for j in range(1, level.size - 1):
        outflow = ratio * _leaving(west[j], west[j + 1], north[j], south[j])
        held = level[j] - bed[j]
        share[j] = held / outflow if outflow > held else 1.0


@compile_loop
def new_levels(level: Floats, west: Floats, north: Floats, south: Floats, bed: Floats, ratio: float) -> None:
    """New levels of one row, not below the bed."""
    for j in range(1, level.size - 1):
        level[j] = max(level[j] + ratio * ((west[j] - west[j + 1]) + (north[j] - south[j])), bed[j])


@compile_loop
def update_greatest(greatest: Floats, level: Floats) -> None:
    """Update the greatest level of each cell."""
    for j in range(1, level.size - 1):
        greatest[j] = level[j] if level[j] > greatest[j] else greatest[j]


@compile_loop
def update_deepest(deepest: Floats, level: Floats, bed: Floats) -> None:
    """Update the greatest depth of each column."""
    for j in range(1, level.size - 1):
        depth = level[j] - bed[j]
        deepest[j] = depth if depth > deepest[j] else deepest[j]


@compile_loop
def add_rain(level: Floats, bed: Floats, rain: Floats) -> None:
    """Add rain [m] to the cells of a row that are within the domain."""
    for j in range(1, level.size - 1):
        level[j] += rain[j] if bed[j] < WALL else 0.0


@compile_loop
def infiltrate(level: Floats, bed: Floats, rate: Floats, left: Floats, step: float) -> float:
    """Take water from a row at a rate [m s-1] while the soil has room ``left`` [m]; returns the sum [m]."""
    total = 0.0
    for j in range(1, level.size - 1):
        taken = min(min(rate[j] * step, left[j]), level[j] - bed[j])
        level[j] -= taken
        left[j] -= taken
        total += taken
    return total


@compile_loop
def update_times(
    arrival: Floats, wet_time: Floats, level: Floats, bed: Floats, wet_depth: float, clock: float, step: float
) -> None:
    """Update when each cell of a row first held ``wet_depth`` [s], and for how long it did [s]."""
    for j in range(1, level.size - 1):
        is_wet = level[j] - bed[j] >= wet_depth  # never outside the domain, where the level is that of the bed
        wet_time[j] += step if is_wet else 0.0
        arrival[j] = clock if is_wet & (arrival[j] > clock) else arrival[j]
