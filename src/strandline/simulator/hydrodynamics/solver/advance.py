"""The local-inertial equations as one fused loop per storm, for the CPU.

A step is a single sweep over the rows that computes, one row apart, the fluxes, the limiter that keeps depths
positive, and the new levels; walls, open edges, pumps and gates follow one by one. Of each row it visits the columns
that water can enter (`solver.reach`): land that no storm has reached yet takes no time.

Hot loops take arrays one by one: the compiler passes a group of arrays by value.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
from numba import get_num_threads, njit

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics import local_inertia, overtopping
from strandline.simulator.hydrodynamics.local_inertia import WALL, Problem, Solution, check_stability
from strandline.simulator.hydrodynamics.solver.cells import add_water, set_level, water_in
from strandline.simulator.hydrodynamics.solver.coarse_cells import levels_of, subgrid_fluxes
from strandline.simulator.hydrodynamics.solver.faces import limited, open_faces, structure_flow, wall_faces
from strandline.simulator.hydrodynamics.solver.reach import columns_of, find_reach, widen_row
from strandline.simulator.hydrodynamics.solver.rows import (
    ONE,
    Column,
    add_rain,
    compile_loop,
    fluxes_north,
    fluxes_west,
    infiltrate,
    new_levels,
    overdrawn,
    shares,
    update_deepest,
    update_greatest,
    update_times,
)
from strandline.simulator.hydrodynamics.solver.state import Given, Numbers, OneStorm, Space, State, Water

_SLICES = 50  # progress reports of a simulation


def _source() -> str:
    """Digest of the files that are compiled: the compiler's cache would see a change of the outermost one alone."""
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(overtopping.__file__), Path(local_inertia.__file__)]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _outermost(source: str) -> Callable[..., None]:
    @njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)
    def advance(e: int, until: float, given: Given, numbers: Numbers, state: State) -> None:
        if len(source) > 0:  # what an outer scope holds belongs to the key of the cache
            _advance_storm(e, until, given, numbers, state)

    return advance


def solve(problem: Problem, progress: Callable[[float], None] | None = None) -> Solution:
    """Simulate every storm of a problem, storms in parallel on the cores."""
    given = Given(*(getattr(problem, name) for name in Given._fields))
    scheme, storms, level = problem.scheme, len(problem.bed), problem.level.copy()
    numbers = Numbers(
        problem.cell_size,
        problem.wet_depth,
        scheme.courant,
        scheme.theta,
        scheme.dry_depth,
        scheme.froude_limit**2 * scheme.gravity,
        scheme.longest_step,
        scheme.gravity,
    )
    followed = level.shape if problem.wet_depth < np.inf else (storms, 0, 0)
    state = State(
        level=level,
        held=problem.held.copy(),
        greatest=level.copy(),
        flux_x=np.zeros((2, *level.shape)),
        flux_y=np.zeros((2, *level.shape)),
        levels=np.zeros((storms, len(problem.output_times), *level.shape[1:])),
        arrival=np.full(followed, np.inf),
        wet_time=np.zeros(followed),
        clock=np.full(storms, problem.time[0]),
        net_inflow=np.zeros(storms),
        steps=np.zeros(storms, dtype=np.int64),
        outputs_done=np.zeros(storms, dtype=np.int64),
        room=np.broadcast_to(problem.soil.room, (storms, *problem.soil.room.shape)).copy(),
        current=np.zeros((storms, len(problem.edges.face))),
        failed_at=np.full(problem.barriers.crest.shape, np.inf),
        runs=np.zeros((storms, len(problem.structures)), dtype=np.bool_),
    )
    if len(problem.output_times) > 0 and problem.output_times[0] == problem.time[0]:
        state.levels[:, 0] = level
        state.outputs_done[:] = 1
    start, end = problem.time[0], problem.time[-1]
    with ThreadPoolExecutor(min(get_num_threads(), storms)) as threads:
        for until in np.linspace(start, end, _SLICES + 1)[1:]:
            for done in [threads.submit(_advance, e, float(until), given, numbers, state) for e in range(storms)]:
                done.result()
            check_stability(state.clock >= until)
            if progress is not None:
                progress(float((until - start) / (end - start)))
    return Solution(
        state.greatest,
        state.levels,
        state.level,
        state.held,
        state.net_inflow,
        state.steps,
        state.arrival,
        state.wet_time,
        state.failed_at,
    )


@compile_loop
def _advance_storm(e: int, until: float, given: Given, numbers: Numbers, state: State) -> None:
    """Advance a storm past time ``until``; steps end on output times, not on ``until``."""
    water = Water(state.level[e], state.held[e], state.greatest[e], state.arrival[e], state.wet_time[e])
    walls, tables = given.barriers, given.tables
    storm = OneStorm(
        state.current[e], np.zeros(len(given.edges.face)), walls.crest[e], walls.fails_at[e], walls.breach_level[e],
        state.failed_at[e], np.zeros(len(walls.face)), state.room[e],
    )  # fmt: skip
    bed, area, columns = given.bed[e], numbers.cell_size * numbers.cell_size, state.level.shape[2]
    rows = bed.shape[0]
    space = Space(
        np.ones((3, columns)), np.zeros(columns), np.zeros(columns),
        np.zeros(bed.shape if tables.face_bottom.size > 0 else (0, 0)), np.zeros(given.boundary_level.shape[2]),
        np.zeros(given.boundary_row.size), np.zeros(given.rain.rate.shape[2]), np.zeros((2, rows), dtype=np.int64),
    )  # fmt: skip
    find_reach(space.reach, water.greatest, bed, given)
    for i in range(1, rows - 1):
        update_deepest(i, ONE, Column(columns - 1), space.deepest, water.level, bed)
    now = state.steps[e] % 2
    while state.clock[e] < until:
        done, clock = state.outputs_done[e], state.clock[e]
        stop = given.output_times[done] if done < given.output_times.size else given.time[given.time.size - 1]
        depth = 0.0
        for j in range(columns):
            depth = max(depth, space.deepest[j])
        if not depth < WALL:
            break  # unstable: the time step would go to zero
        step = numbers.longest_step
        if depth > 0.0:
            step = min(step, numbers.courant * numbers.cell_size / np.sqrt(numbers.gravity * depth))
        arrives = step >= stop - clock
        if arrives:
            step = stop - clock
        arrival = stop if arrives else clock + step

        _interpolate(given.time, given.boundary_level[e], arrival, space.point)
        for b in range(space.boundary.size):
            found = 0.0
            for g in range(space.point.size):
                found += given.boundary_weight[g, b] * space.point[g]
            space.boundary[b] = max(found, bed[given.boundary_row[b], given.boundary_column[b]])
        middle = clock + 0.5 * step
        _interpolate(given.time, given.rain.rate[e], middle, space.rain_rate)
        index, weight = _between(given.time, middle)
        old_x, old_y = state.flux_x[now, e], state.flux_y[now, e]
        open_faces(
            water.level, bed, old_x, old_y, given.west_friction, given.north_friction, tables.face_bottom,
            given.edges, storm, numbers, step,
        )  # fmt: skip
        if walls.face.size > 0:
            height = walls.waves[0, e, index] + weight * (walls.waves[0, e, index + 1] - walls.waves[0, e, index])
            period = walls.waves[1, e, index] + weight * (walls.waves[1, e, index + 1] - walls.waves[1, e, index])
            wall_faces(
                water.level, bed, old_x, old_y, given.west_friction, given.north_friction, tables.face_bottom, walls,
                storm, numbers, step, clock, height, period,
            )  # fmt: skip
        soaked = _sweep(
            water, bed, old_x, state.flux_x[1 - now, e], old_y, state.flux_y[1 - now, e],
            given.west_friction, given.north_friction, given.boundary_row, given.boundary_column,
            given.edges, walls, given.rain.weight, given.soil.rate, tables, storm, space, numbers, step, clock,
        )  # fmt: skip
        now = 1 - now
        entered = 0.0
        for b in range(given.boundary_row.size):
            i, j = given.boundary_row[b], given.boundary_column[b]
            entered += (state.flux_x[now, e, i, j + 1] - state.flux_x[now, e, i, j]) + (
                state.flux_y[now, e, i + 1, j] - state.flux_y[now, e, i, j]
            )
        entered *= step * numbers.cell_size
        for p in range(space.rain_rate.size):
            entered += step * space.rain_rate[p] * given.rain.total[e, p] * area
        entered -= soaked * area
        for r in range(given.inflow_row.size):
            first, second = given.discharge[e, index, r], given.discharge[e, index + 1, r]
            river = step * (first + weight * (second - first))
            i, j = given.inflow_row[r], given.inflow_column[r]
            add_water(i, j, river / area, water, bed, tables, space.deepest)
            entered += river
        for s in range(given.structures.shape[0]):
            entered += _pass_structure(
                given.structures[s], state.runs[e], s, step, area, given.counted[e], water, bed, tables,
                space.deepest, numbers.gravity,
            )  # fmt: skip
        state.net_inflow[e] += entered
        state.steps[e] += 1
        state.clock[e] = arrival
        if arrives and done < given.output_times.size:
            for i in range(bed.shape[0]):  # assigning all at once doubles the time of compilation
                for j in range(columns):
                    state.levels[e, done, i, j] = water.level[i, j]
            state.outputs_done[e] += 1


@compile_loop
def _between(time: Floats, clock: float) -> tuple[int, float]:
    """Index of the interval that contains a time, and the fraction of it that has passed."""
    index = min(int(np.searchsorted(time, clock, side="right")) - 1, time.size - 2)
    return index, (clock - time[index]) / (time[index + 1] - time[index])


@compile_loop
def _interpolate(time: Floats, series: Floats, clock: float, values: Floats) -> None:
    """Values (G,) of series (T, G) at a time, linear between its times."""
    index, weight = _between(time, clock)
    for g in range(values.size):
        values[g] = series[index, g] + weight * (series[index + 1, g] - series[index, g])


@compile_loop
def _pass_structure(  # type: ignore[no-untyped-def]
    structure, runs, number, step, area, counted, water, bed, tables, deepest, gravity
):
    """Pump or let pass what a step allows; returns what entered the counted cells [m3]."""
    i, j, k, m = int(structure[1]), int(structure[2]), int(structure[3]), int(structure[4])
    leaves = k < 0
    second = bed[i, j] if leaves else water.level[k, m]
    flow, runs[number] = structure_flow(structure, runs[number], water.level[i, j], second, gravity)
    if flow == 0.0:
        return 0.0
    apart = np.inf if structure[0] == 0.0 else water.level[i, j] - second
    held_second = 0.0 if leaves else water_in(k, m, water, bed)
    moved = step * limited(flow, step, water_in(i, j, water, bed), held_second, apart, area)
    entered = 0.0
    if counted[i, j]:
        add_water(i, j, -moved / area, water, bed, tables, deepest)
        entered -= moved
    if not leaves and counted[k, m]:
        add_water(k, m, moved / area, water, bed, tables, deepest)
        entered += moved
    return entered


@compile_loop
def _sweep(  # type: ignore[no-untyped-def]
    water, bed, old_x, new_x, old_y, new_y, west_friction, north_friction, boundary_row, boundary_column,
    edges, walls, rain_weight, soaks, tables, storm, space, numbers, step, clock,
):  # fmt: skip
    """One time step of one storm; writes the greatest depth of each column, returns what the soil took [m]."""
    level, share = water.level, space.share
    is_coarse = tables.face_bottom.size > 0
    held = water.held if is_coarse else level  # what a cell has is ``held`` − ``floor``
    floor = space.nothing if is_coarse else bed
    rows, columns = level.shape
    ratio, soaked = step / numbers.cell_size, 0.0
    slope_factor, limit = numbers.gravity * ratio, numbers.limit_squared_gravity
    rains = False
    for p in range(space.rain_rate.size):
        rains = rains or space.rain_rate[p] > 0.0
    space.deepest[:] = 0.0
    open_cell = 0
    overdrawn_above = False
    for i in range(rows):  # fluxes of row i + 1, levels of row i − 1
        if 0 < i + 1 < rows - 1:
            k = i + 1
            first, last = columns_of(space.reach, k)
            if is_coarse:
                subgrid_fluxes(
                    new_x[k, 1:], old_x[k, 1:], level[k, :-1], level[k, 1:], tables.face_bottom[0, k, 1:],
                    tables.face_top[0, k, 1:], tables.face_depth[0, k, 1:], tables.face_friction[0, k, 1:],
                    step, slope_factor, numbers.dry_depth, limit,
                )  # fmt: skip
            else:
                fluxes_west(
                    k, first, last, new_x, old_x, level, bed, west_friction,
                    step, slope_factor, numbers.theta, numbers.dry_depth, limit,
                )  # fmt: skip
            for face in range(edges.start[0, k], edges.start[0, k + 1]):
                new_x[k, edges.face[face, 2]] = storm.open_flux[face]
            for face in range(walls.start[0, k], walls.start[0, k + 1]):
                if storm.crest[face] > -np.inf:
                    new_x[k, walls.face[face, 2]] = storm.wall_flux[face]
        if i == 0:
            continue
        here, above = i % 2, (i - 1) % 2
        is_overdrawn = False
        first, last = columns_of(space.reach, i)
        if i < rows - 1:
            k = i + 1
            if is_coarse:
                subgrid_fluxes(
                    new_y[k], old_y[k], level[i], level[k], tables.face_bottom[1, k], tables.face_top[1, k],
                    tables.face_depth[1, k], tables.face_friction[1, k], step, slope_factor, numbers.dry_depth, limit,
                )  # fmt: skip
            else:
                fluxes_north(
                    k, first, last, new_y, old_y, level, bed, north_friction,
                    step, slope_factor, numbers.theta, numbers.dry_depth, limit,
                )  # fmt: skip
            for face in range(edges.start[1, k], edges.start[1, k + 1]):
                new_y[k, edges.face[face, 2]] = storm.open_flux[face]
            for face in range(walls.start[1, k], walls.start[1, k + 1]):
                if storm.crest[face] > -np.inf:
                    new_y[k, walls.face[face, 2]] = storm.wall_flux[face]
            is_overdrawn = overdrawn(i, first, last, new_x, new_y, held, floor, ratio)
            if is_overdrawn:
                shares(i, first, last, share, here, new_x, new_y, held, floor, ratio)
                for j in range(first, last):
                    new_x[i, j] *= share[here, j - ONE] if new_x[i, j] > 0.0 else share[here, j]
        if is_overdrawn or overdrawn_above:
            available, available_above = here if is_overdrawn else 2, above if overdrawn_above else 2
            for j in range(first, last):
                new_y[i, j] *= share[available_above, j] if new_y[i, j] > 0.0 else share[available, j]
        overdrawn_above = is_overdrawn
        if i > 1:
            k = i - 1
            first, last = columns_of(space.reach, k)
            new_levels(k, first, last, held, new_x, new_y, floor, ratio)
            if rains:
                space.rain[:] = 0.0
                for p in range(space.rain_rate.size):
                    amount = step * space.rain_rate[p]
                    for j in range(columns):
                        space.rain[j] += rain_weight[p, k, j] * amount
                add_rain(k, first, last, held, bed, space.rain)
            if soaks.size > 0:
                soaked += infiltrate(k, first, last, held, floor, soaks, storm.room, step)
            if is_coarse:
                levels_of(level[k], held[k], tables.cell_levels[k], tables.cell_full[k])
            while open_cell < space.boundary.size and boundary_row[open_cell] == k:
                set_level(k, boundary_column[open_cell], space.boundary[open_cell], water, tables)
                open_cell += 1
            if update_greatest(k, first, last, water.greatest, level, bed):
                widen_row(space.reach, k, first, last, level, bed)
            update_deepest(k, first, last, space.deepest, level, bed)
            if water.arrival.size > 0:
                update_times(
                    k, first, last, water.arrival, water.wet_time, level, bed, numbers.wet_depth, clock, step
                )  # fmt: skip
    return soaked


_advance = _outermost(_source())
