"""The local-inertial equations as one fused loop per storm, for the CPU.

A step is a single sweep over the rows that computes, one row apart, the fluxes, the limiter that keeps depths
positive, and the new levels. Inner loops have neither branches nor calls, so that the compiler vectorises them; sums
keep their order, so that mirrored basins have exactly mirrored results.
"""

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
from numba import njit, prange

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.local_inertia import WALL, Problem, Solution, check_stability

_SLICES = 50  # progress reports of a simulation
_INPUTS = (
    *("bed", "west_friction", "north_friction", "cell_size", "time", "boundary_level", "boundary_weight"),
    *("boundary_row", "boundary_column", "discharge", "inflow_row", "inflow_column", "output_times"),
)
"""Fields of a problem in the order of ``_advance``; those of its scheme follow."""


def solve(problem: Problem, progress: Callable[[float], None] | None = None) -> Solution:
    """Simulate every storm of a problem, storms in parallel on the cores."""
    storms, rows, columns = problem.bed.shape
    inputs = (getattr(problem, name) for name in _INPUTS)
    constants = (*inputs, *astuple(problem.scheme))
    level = problem.level.copy()
    greatest = level.copy()
    flux_x = np.zeros((2, storms, rows, columns))
    flux_y = np.zeros((2, storms, rows, columns))
    levels = np.zeros((storms, len(problem.output_times), rows, columns))
    clock = np.full(storms, problem.time[0])
    net_inflow = np.zeros(storms)
    steps = np.zeros(storms, dtype=np.int64)
    at_start = int(len(problem.output_times) > 0 and problem.output_times[0] == problem.time[0])
    levels[:, :at_start] = level[:, None]
    outputs_done = np.full(storms, at_start)
    start, end = problem.time[0], problem.time[-1]
    for until in np.linspace(start, end, _SLICES + 1)[1:]:
        state = (level, greatest, flux_x, flux_y, levels, clock, net_inflow, steps, outputs_done)
        _advance(*state, float(until), *constants)
        check_stability(clock >= until)
        if progress is not None:
            progress(float((until - start) / (end - start)))
    return Solution(greatest, levels, level, net_inflow, steps)


# The compiler may only fuse a·b + c, which keeps rest, signs and mirrored basins exact.
_compile = njit(cache=True, error_model="numpy", fastmath={"contract"})


@_compile
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


@_compile
def _face_flux(
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
    new = (own + slope_factor * pressed * (level_a - level_b)) / (1.0 + step * friction * abs(flux) * power)
    fastest = safe * np.sqrt(limit_squared_gravity * safe)
    new = min(max(new, -fastest), fastest)
    return new if depth > dry_depth else 0.0


@_compile
def _fluxes_west(
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
        new[j] = _face_flux(
            level[j - 1], level[j], bed[j - 1], bed[j], old[j], old[j - 1], old[j + 1], friction[j],
            step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@_compile
def _fluxes_north(
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
        new[j] = _face_flux(
            level_above[j], level[j], bed_above[j], bed[j], old[j], old_above[j], old_below[j], friction[j],
            step, slope_factor, theta, dry_depth, limit_squared_gravity,
        )  # fmt: skip


@_compile
def _leaving(west: float, east: float, north: float, south: float) -> float:
    """Flux out of a cell through all its faces [m2 s-1]."""
    return (max(-west, 0.0) + max(east, 0.0)) + (max(-north, 0.0) + max(south, 0.0))


@_compile
def _overdrawn(west: Floats, north: Floats, south: Floats, level: Floats, bed: Floats, ratio: float) -> bool:
    """Whether any cell of a row would lose more water than it has."""
    count = 0
    for j in range(1, level.size - 1):
        count += ratio * _leaving(west[j], west[j + 1], north[j], south[j]) > level[j] - bed[j]
    return count > 0


@_compile
def _shares(
    share: Floats, west: Floats, north: Floats, south: Floats, level: Floats, bed: Floats, ratio: float
) -> None:
    """Share of the outflow that each cell of a row can supply."""
    for j in range(1, level.size - 1):
        outflow = ratio * _leaving(west[j], west[j + 1], north[j], south[j])
        held = level[j] - bed[j]
        share[j] = held / outflow if outflow > held else 1.0


@_compile
def _levels(level: Floats, west: Floats, north: Floats, south: Floats, bed: Floats, ratio: float) -> None:
    """New levels of one row, not below the bed."""
    for j in range(1, level.size - 1):
        level[j] = max(level[j] + ratio * ((west[j] - west[j + 1]) + (north[j] - south[j])), bed[j])


@_compile
def _update_greatest(greatest: Floats, level: Floats) -> None:
    """Update the greatest level of each cell."""
    for j in range(1, level.size - 1):
        greatest[j] = level[j] if level[j] > greatest[j] else greatest[j]


@_compile
def _update_deepest(deepest: Floats, level: Floats, bed: Floats) -> None:
    """Update the greatest depth of each column."""
    for j in range(1, level.size - 1):
        depth = level[j] - bed[j]
        deepest[j] = depth if depth > deepest[j] else deepest[j]


@_compile
def _sweep(  # type: ignore[no-untyped-def]
    level, greatest, old_x, new_x, old_y, new_y, bed, west_friction, north_friction,
    boundary, boundary_row, boundary_column, share, deepest,
    step, cell_size, theta, dry_depth, limit_squared_gravity, gravity,
):  # fmt: skip
    """One time step of one storm; writes the greatest depth of each column to ``deepest``."""
    rows = level.shape[0]
    slope_factor = gravity * step / cell_size
    ratio = step / cell_size
    deepest[:] = 0.0
    open_cell = 0
    overdrawn_above = False
    _fluxes_west(
        new_x[1], old_x[1], level[1], bed[1], west_friction[1],
        step, slope_factor, theta, dry_depth, limit_squared_gravity,
    )  # fmt: skip
    for i in range(1, rows):
        here, above = i % 2, (i - 1) % 2
        overdrawn = False
        if i < rows - 1:
            _fluxes_north(
                new_y[i + 1], old_y[i + 1], old_y[i], old_y[min(i + 2, rows - 1)], level[i], level[i + 1],
                bed[i], bed[i + 1], north_friction[i + 1],
                step, slope_factor, theta, dry_depth, limit_squared_gravity,
            )  # fmt: skip
            if i + 1 < rows - 1:
                _fluxes_west(
                    new_x[i + 1], old_x[i + 1], level[i + 1], bed[i + 1], west_friction[i + 1],
                    step, slope_factor, theta, dry_depth, limit_squared_gravity,
                )  # fmt: skip
            overdrawn = _overdrawn(new_x[i], new_y[i], new_y[i + 1], level[i], bed[i], ratio)
        if overdrawn:
            _shares(share[here], new_x[i], new_y[i], new_y[i + 1], level[i], bed[i], ratio)
            for j in range(1, level.shape[1]):
                new_x[i, j] *= share[here, j - 1] if new_x[i, j] > 0.0 else share[here, j]
        if overdrawn or overdrawn_above:
            available = share[here] if overdrawn else share[2]
            available_above = share[above] if overdrawn_above else share[2]
            for j in range(1, level.shape[1] - 1):
                new_y[i, j] *= available_above[j] if new_y[i, j] > 0.0 else available[j]
        overdrawn_above = overdrawn
        if i > 1:
            _levels(level[i - 1], new_x[i - 1], new_y[i - 1], new_y[i], bed[i - 1], ratio)
            while open_cell < boundary.size and boundary_row[open_cell] == i - 1:
                level[i - 1, boundary_column[open_cell]] = boundary[open_cell]
                open_cell += 1
            _update_greatest(greatest[i - 1], level[i - 1])
            _update_deepest(deepest, level[i - 1], bed[i - 1])


@_compile
def _between(time, clock):  # type: ignore[no-untyped-def]
    """Index of the interval that contains a time, and the fraction of it that has passed."""
    index, end = 0, time.size - 1
    while end - index > 1:  # numpy's search takes a second to compile
        middle = (index + end) // 2
        if time[middle] <= clock:
            index = middle
        else:
            end = middle
    return index, (clock - time[index]) / (time[index + 1] - time[index])


@njit(cache=True, error_model="numpy", parallel=True)
def _advance(  # type: ignore[no-untyped-def]
    level, greatest, flux_x, flux_y, levels, clock, net_inflow, steps, outputs_done, until,
    bed, west_friction, north_friction, cell_size, time, boundary_level, boundary_weight, boundary_row,
    boundary_column, discharge, inflow_row, inflow_column, output_times,
    courant, theta, dry_depth, froude_limit, longest_step, gravity,
):  # fmt: skip
    """Advance every storm past time ``until``; steps end on output times, not on ``until``."""
    area = cell_size * cell_size
    limit_squared_gravity = froude_limit * froude_limit * gravity
    for e in prange(level.shape[0]):
        share = np.ones((3, level.shape[2]))  # of two rows in turn; the third is 1
        deepest = np.zeros(level.shape[2])
        point = np.zeros(boundary_level.shape[2])
        boundary = np.zeros(boundary_row.size)
        now = steps[e] % 2
        for i in range(1, level.shape[1] - 1):
            _update_deepest(deepest, level[e, i], bed[e, i])
        while clock[e] < until:
            stop = output_times[outputs_done[e]] if outputs_done[e] < output_times.size else time[time.size - 1]
            depth = 0.0
            for j in range(deepest.size):
                depth = max(depth, deepest[j])
            if not depth < WALL:
                break  # unstable: the time step would go to zero
            step = longest_step
            if depth > 0.0:
                step = min(step, courant * cell_size / np.sqrt(gravity * depth))
            arrives = step >= stop - clock[e]
            if arrives:
                step = stop - clock[e]
            arrival = stop if arrives else clock[e] + step

            index, weight = _between(time, arrival)
            for g in range(point.size):
                first, second = boundary_level[e, index, g], boundary_level[e, index + 1, g]
                point[g] = first + weight * (second - first)
            for b in range(boundary.size):
                boundary[b] = 0.0
                for g in range(point.size):
                    boundary[b] += boundary_weight[g, b] * point[g]
                boundary[b] = max(boundary[b], bed[e, boundary_row[b], boundary_column[b]])
            _sweep(
                level[e], greatest[e], flux_x[now, e], flux_x[1 - now, e], flux_y[now, e], flux_y[1 - now, e],
                bed[e], west_friction, north_friction, boundary, boundary_row, boundary_column, share, deepest,
                step, cell_size, theta, dry_depth, limit_squared_gravity, gravity,
            )  # fmt: skip
            now = 1 - now

            entered = 0.0
            for b in range(boundary_row.size):
                i, j = boundary_row[b], boundary_column[b]
                entered += (flux_x[now, e, i, j + 1] - flux_x[now, e, i, j]) + (
                    flux_y[now, e, i + 1, j] - flux_y[now, e, i, j]
                )
            entered *= step * cell_size
            index, weight = _between(time, clock[e] + 0.5 * step)
            for r in range(inflow_row.size):
                first, second = discharge[e, index, r], discharge[e, index + 1, r]
                river = step * (first + weight * (second - first))
                i, j = inflow_row[r], inflow_column[r]
                level[e, i, j] += river / area
                greatest[e, i, j] = max(greatest[e, i, j], level[e, i, j])
                deepest[j] = max(deepest[j], level[e, i, j] - bed[e, i, j])
                entered += river
            net_inflow[e] += entered
            steps[e] += 1
            clock[e] = arrival
            if arrives and outputs_done[e] < output_times.size:
                for i in range(level.shape[1]):
                    for j in range(level.shape[2]):  # assigned as an array, it takes seconds longer to compile
                        levels[e, outputs_done[e], i, j] = level[e, i, j]
                outputs_done[e] += 1
