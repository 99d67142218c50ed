"""Single faces and cells that follow rules of their own: open edges, walls, pumps and gates."""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.overtopping import overtopping
from strandline.simulator.hydrodynamics.solver.rows import compile_loop, face_flux, inverse_cube_root

MEAN_SECONDS = 60.0
"""Time over which the slow current through an open edge follows what passes it [s], as the default of SFINCS."""
MOST_OF_CELL = 0.25
"""Share of the water of a cell that a pump or gate takes in a step at most."""


@compile_loop
def open_flux(
    level_open: float,
    level_inside: float,
    sill: float,
    flux: float,
    current: float,
    friction: float,
    step: float,
    ratio: float,
    dry_depth: float,
    limit_squared_gravity: float,
    gravity: float,
) -> tuple[float, float]:
    """New flux into the domain over an open edge that lets long waves out [m2 s-1], and the depth of the edge [m].

    A wave that leaves adds √(h/g) (u₀ − u) to the prescribed level, u₀ being the slow ``current`` [m s-1]; the flux is
    implicit in it. ``ratio`` is Δt / Δx.

    Source: Flather (1976), Mém. Soc. R. Sci. Liège 10, 141–164, solved for the level.
    """
    depth = max(level_open, level_inside) - sill
    if depth <= dry_depth:
        return 0.0, 0.0
    tail = max(min(level_open, level_inside) - sill, 0.0)
    pressed = depth - 0.5 * min(depth - tail, tail)
    passes = ratio * np.sqrt(gravity * depth)
    driven = flux + gravity * ratio * pressed * (level_open - level_inside) + passes * current * depth
    root = inverse_cube_root(depth)
    power = root * root * root * root * root * root * root  # h^(−7/3)
    linear = 1.0 + passes
    new = 2.0 * driven / (linear + np.sqrt(linear * linear + 4.0 * step * friction * power * abs(driven)))
    fastest = depth * np.sqrt(limit_squared_gravity * depth)
    return min(max(new, -fastest), fastest), depth


@compile_loop
def wall_flux(
    level_a: float,
    level_b: float,
    bed_a: float,
    bed_b: float,
    crest: float,
    flux: float,
    friction: float,
    step: float,
    slope_factor: float,
    dry_depth: float,
    limit_squared_gravity: float,
    gravity: float,
) -> float:
    """Flux over a wall from cell a to cell b [m2 s-1]: that of the ground, but not more than a weir passes.

    Source: broad-crested weir, and its submergence by Villemonte (1947), Engineering News-Record 139, 866–869.
    """
    new = face_flux(
        level_a, level_b, max(bed_a, crest), bed_b, flux, 0.0, 0.0, friction,
        step, slope_factor, 1.0, dry_depth, limit_squared_gravity,
    )  # fmt: skip
    sill = max(max(bed_a, bed_b), crest)
    head = max(level_a, level_b) - sill
    if head <= dry_depth:
        return 0.0
    drowned = min(max(min(level_a, level_b) - sill, 0.0) / head, 1.0)
    most = np.sqrt(gravity) * (2.0 / 3.0 * head) ** 1.5 * (1.0 - drowned**1.5) ** 0.385
    return float(min(max(new, -most), most))


@compile_loop
def crest_now(crest: float, breach_level: float, failed_at: float, duration: float, clock: float) -> float:
    """Crest of a wall at a time [m]; ``failed_at`` is infinite before its failure."""
    if not clock > failed_at:
        return crest
    return crest - max(crest - breach_level, 0.0) * min((clock - failed_at) / duration, 1.0)


@compile_loop
def thrown_over(
    waves_from: int,
    level_a: float,
    level_b: float,
    crest: float,
    height: float,
    period: float,
    slope: float,
    gravity: float,
) -> float:
    """What waves throw over a wall from cell a to cell b [m2 s-1]; nothing once the water behind is at the crest."""
    sea, behind = (level_a, level_b) if waves_from > 0 else (level_b, level_a)
    if waves_from == 0 or behind >= crest or not crest < np.inf:
        return 0.0
    return waves_from * overtopping(crest - sea, height, period, slope, gravity)


@compile_loop
def structure_flow(
    structure: Floats, runs: bool, level_first: float, level_second: float, gravity: float
) -> tuple[float, bool]:
    """Flow from the first to the second cell [m3 s-1], and whether a pump runs; ``structure``: row of `as_table`."""
    kind, size, low, high = structure[0], structure[5], structure[6], structure[7]
    if kind == 0.0:  # a pump: low = starts_at, high = stops_at
        runs = level_first > high if runs else level_first > low
        return (size if runs else 0.0), runs
    if level_second >= high:
        return 0.0, False
    head = max(level_first, low) - max(level_second, low)
    if head < 0.0 and kind == 2.0:
        return 0.0, False
    flow = size * np.sqrt(2.0 * gravity * abs(head))
    return (flow if head > 0.0 else -flow), False


@compile_loop
def limited(flow: float, step: float, held_first: float, held_second: float, difference: float, area: float) -> float:
    """The flow of a step, not more than its source can give, nor than evens the levels out for a gate.

    Args:
        held_first, held_second: mean depth of the cells [m]; ``difference`` of their levels [m], infinite for a pump.
    """
    source = held_first if flow > 0.0 else held_second
    most = MOST_OF_CELL * min(source, abs(difference)) * area / step
    return min(max(flow, -most), most)


@compile_loop
def _beside(axis, row, j, level, bed, face_bottom):  # type: ignore[no-untyped-def]
    """Levels and beds of the two cells beside a face: the first is west or north of it."""
    i, k = (row, j - 1) if axis == 0 else (row - 1, j)
    if face_bottom.size > 0:
        bottom = face_bottom[axis, row, j]
        return level[i, k], level[row, j], bottom, bottom
    return level[i, k], level[row, j], bed[i, k], bed[row, j]


@compile_loop
def open_faces(  # type: ignore[no-untyped-def]
    level, bed, old_x, old_y, west_friction, north_friction, face_bottom, edges, storm, numbers, step
):
    """New fluxes over all open edges of one storm."""
    for k in range(edges.face.shape[0]):
        axis, row, j, sign = edges.face[k]
        level_a, level_b, bed_a, bed_b = _beside(axis, row, j, level, bed, face_bottom)
        outer, inner = (level_a, level_b) if sign > 0 else (level_b, level_a)
        old, friction = (old_x[row, j], west_friction[row, j]) if axis == 0 else (old_y[row, j], north_friction[row, j])
        flux, depth = open_flux(
            outer, inner, max(bed_a, bed_b), sign * old, storm.current[k], friction,
            step, step / numbers.cell_size, numbers.dry_depth, numbers.limit_squared_gravity, numbers.gravity,
        )  # fmt: skip
        storm.open_flux[k] = sign * flux
        speed = flux / depth if depth > 0.0 else 0.0
        storm.current[k] += min(step / MEAN_SECONDS, 1.0) * (speed - storm.current[k])


@compile_loop
def wall_faces(  # type: ignore[no-untyped-def]
    level,
    bed,
    old_x,
    old_y,
    west_friction,
    north_friction,
    face_bottom,
    barriers,
    storm,
    numbers,
    step,
    clock,
    height,
    period,
):
    """New fluxes over all walls of one storm, which may fail; ``height``, ``period`` of the waves before them."""
    for k in range(barriers.face.shape[0]):
        axis, row, j = barriers.face[k]
        level_a, level_b, bed_a, bed_b = _beside(axis, row, j, level, bed, face_bottom)
        if max(level_a, level_b) >= storm.fails_at[k] and clock < storm.failed_at[k]:
            storm.failed_at[k] = clock
        crest = crest_now(storm.crest[k], storm.breach_level[k], storm.failed_at[k], barriers.breach_duration, clock)
        old, friction = (old_x[row, j], west_friction[row, j]) if axis == 0 else (old_y[row, j], north_friction[row, j])
        storm.wall_flux[k] = wall_flux(
            level_a, level_b, bed_a, bed_b, crest, old, friction, step, numbers.gravity * step / numbers.cell_size,
            numbers.dry_depth, numbers.limit_squared_gravity, numbers.gravity,
        ) + thrown_over(
            barriers.waves_from[k], level_a, level_b, crest, height, period, barriers.slope, numbers.gravity
        )  # fmt: skip
