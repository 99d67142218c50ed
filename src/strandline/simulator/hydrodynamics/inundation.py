"""Coastal inundation with the local-inertial shallow-water equations, for many storms at once.

Inputs are the basin and what drives it: the water level at its open cells, rivers, rain and waves; outputs are the
greatest level and depth of every cell. ``local_inertia`` states the equations and their source.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing, weights
from strandline.simulator.hydrodynamics.local_inertia import (
    WALL,
    Barriers,
    Edges,
    Problem,
    Rain,
    Scheme,
    Soil,
    Solution,
    Tables,
    volume,
)
from strandline.simulator.hydrodynamics.solver.advance import solve as solve_fused
from strandline.simulator.hydrodynamics.structures import as_table
from strandline.simulator.hydrodynamics.subgrid import SubgridTables
from strandline.simulator.hydrodynamics.walls import NORTH, WEST

logger = logging.getLogger(__name__)
Progress = Callable[[float], None]
"""Takes the fraction done, 0…1."""
WHERE = "inundate"


@dataclass(frozen=True)
class Inundation:
    """Result of a simulation; NaN outside the domain.

    Attributes:
        max_level: (E, H, W) greatest level [m above the datum]; the bed where a cell stayed dry.
        max_depth: (E, H, W) greatest depth [m], of a coarse cell that at its lowest ground.
        levels: (E, S, H, W) level at the output times [m above the datum].
        mass_error: (E,) |volume change − net inflow| over the greatest volume [-].
        cell_steps: cells in the domain times time steps, summed over storms.
        arrival: (E, H, W) time from the start until a cell first held the wet depth [s], infinite = never; ``None`` =
            not followed.
        wet_time: (E, H, W) for how long it did [s]; likewise.
        failed_at: (E, N) time from the start at which walls failed [s]; infinite = never.
    """

    max_level: Floats
    max_depth: Floats
    levels: Floats
    mass_error: Floats
    cell_steps: int
    arrival: Floats | None
    wet_time: Floats | None
    failed_at: Floats


def inundate(
    basin: Basin,
    forcing: Forcing,
    *,
    initial_level: Floats,
    output_times: Floats | None = None,
    initially_dry: Mask | None = None,
    wet_depth: float | None = None,
    solve: Callable[[Problem, Progress | None], Solution] = solve_fused,
    scheme: Scheme | None = None,
    progress: Progress | None = None,
) -> Inundation:
    """Simulate the floods of a basin; every storm has its own forcing and, if given, bed.

    Args:
        initial_level: (E,) or (E, H, W) level to start from [m above the datum]; cells above it start dry.
        output_times: (S,) ascending, within the times of the forcing [s].
        initially_dry: (H, W) cells that start dry even below the initial level, such as polders.
        wet_depth: from which arrival and duration of a flood are followed [m]; ``None`` = they are not.
        solve: the solver.
        progress: called with the completed fraction.

    Raises:
        InputError: an argument has the wrong shape, order or range.
    """
    problem = _prepare(basin, forcing, initial_level, output_times, initially_dry, wet_depth, scheme or Scheme())
    solution = solve(problem, progress)

    first = volume(problem, problem.level, problem.held)
    last = volume(problem, solution.final_level, solution.final_held)
    greatest = np.maximum(first, last)
    if not problem.held.size:
        for index in range(len(problem.output_times)):
            greatest = np.maximum(greatest, volume(problem, solution.levels[:, index]))
    imbalance = np.abs(last - first - solution.net_inflow)
    outside = problem.bed[:, 1:-1, 1:-1] == WALL
    max_level = np.where(outside, np.nan, solution.greatest_level[:, 1:-1, 1:-1])

    def within(padded: Floats) -> Floats | None:
        return np.where(outside, np.nan, padded[:, 1:-1, 1:-1]) if padded.size else None

    arrival = within(solution.arrival)
    result = Inundation(
        max_level=max_level,
        max_depth=max_level - problem.bed[:, 1:-1, 1:-1],
        levels=np.where(outside[:, None], np.nan, solution.levels[:, :, 1:-1, 1:-1]),
        mass_error=np.divide(imbalance, greatest, out=imbalance.copy(), where=greatest > 0),
        cell_steps=int((solution.steps * (~outside).sum(axis=(1, 2))).sum()),
        arrival=None if arrival is None else arrival - problem.time[0],
        wet_time=within(solution.wet_time),
        failed_at=solution.failed_at - problem.time[0],
    )
    logger.info(
        "inundation: %d storms, %d cell-steps, mass error at most %.1e",
        len(max_level),
        result.cell_steps,
        result.mass_error.max(),
    )
    return result


def _prepare(
    basin: Basin,
    forcing: Forcing,
    initial_level: Floats,
    output_times: Floats | None,
    initially_dry: Mask | None,
    wet_depth: float | None,
    scheme: Scheme,
) -> Problem:
    """Check every argument and put it on grids with a ring of walls."""
    time, storms = np.asarray(forcing.time, dtype=np.float64), len(forcing)
    shape: tuple[int, int] = np.shape(basin.bed)[-2:]
    series = np.asarray(forcing.level, dtype=np.float64).reshape(storms, len(time), -1)  # (E, T, G)
    boundary_row, boundary_column = np.nonzero(basin.open_boundary)
    weight = weights(forcing.level_weight, series.shape[2], shape, "level")[:, boundary_row, boundary_column]
    if not np.allclose(weight.sum(axis=0), 1.0, atol=1e-6):
        raise InputError(WHERE, "level_weight does not add up to 1 at every open cell", "normalise it")
    bed = np.asarray(basin.bed, dtype=np.float64)
    if bed.ndim == 3 and len(bed) != storms:
        raise InputError(WHERE, f"{len(bed)} beds for {storms} storms", "give one bed, or one per storm")
    bed = np.broadcast_to(bed, (storms, *shape))
    inside = np.isfinite(bed)
    padded_bed = _add_walls(np.where(inside, bed, WALL))
    level = _initial(np.asarray(initial_level, dtype=np.float64), bed, padded_bed, initially_dry)
    level[:, boundary_row, boundary_column] = np.maximum(
        series[:, 0] @ weight, padded_bed[:, boundary_row + 1, boundary_column + 1]
    )
    rivers = len(basin.inflow_cells)
    flow = np.zeros((storms, len(time), 0)) if forcing.discharge is None else forcing.discharge
    if np.shape(flow) != (storms, len(time), rivers):
        raise InputError(WHERE, f"discharge has shape {np.shape(flow)}", f"give {(storms, len(time), rivers)}")
    inflow = np.asarray(basin.inflow_cells, dtype=np.int64).reshape(rivers, 2)
    outputs = np.zeros(0) if output_times is None else np.asarray(output_times, dtype=np.float64)
    if outputs.ndim != 1 or not ((np.diff(outputs) > 0).all() and ((outputs >= time[0]) & (outputs <= time[-1])).all()):
        raise InputError(
            WHERE, "output_times are not ascending within time", f"give times within {time[0]:g}–{time[-1]:g} s"
        )
    if wet_depth is not None and not wet_depth > 0:
        raise InputError(WHERE, f"wet_depth is {wet_depth:g}", "give metres, more than 0, or None")
    counted = np.ascontiguousarray(np.pad(inside & ~basin.open_boundary, ((0, 0), (1, 1), (1, 1))))
    roughness = np.pad(np.where(inside.any(axis=0), basin.roughness, 0.0), 1)
    squared = np.ascontiguousarray(scheme.gravity * roughness**2)
    padded_level, tables = _add_walls(level), _tables(basin.subgrid, scheme.gravity)
    return Problem(
        bed=padded_bed,
        level=padded_level,
        west_friction=(squared + np.roll(squared, 1, axis=1)) / 2,
        north_friction=(squared + np.roll(squared, 1, axis=0)) / 2,
        cell_size=float(basin.cell_size),
        time=np.ascontiguousarray(time),
        boundary_level=np.ascontiguousarray(series),
        boundary_weight=np.ascontiguousarray(weight),
        boundary_row=boundary_row + 1,
        boundary_column=boundary_column + 1,
        discharge=np.ascontiguousarray(flow, dtype=np.float64),
        inflow_row=inflow[:, 0] + 1,
        inflow_column=inflow[:, 1] + 1,
        output_times=np.ascontiguousarray(outputs),
        wet_depth=np.inf if wet_depth is None else float(wet_depth),
        counted=counted,
        scheme=scheme,
        structures=_structures(basin),
        held=_held(padded_level, tables),
        rain=_rain(forcing, counted),
        soil=_soil(basin),
        edges=_edges(basin.open_boundary, np.asarray(inside.any(axis=0))),
        barriers=_barriers(basin, forcing, padded_bed.shape[1]),
        tables=tables,
    )


def _initial(initial_level: Floats, bed: Floats, padded_bed: Floats, initially_dry: Mask | None) -> Floats:
    """(E, H, W) level at the start, not below the bed."""
    storms, *shape = bed.shape
    inside = np.isfinite(bed)
    if initial_level.ndim == 1 and len(initial_level) == storms:
        initial_level = np.broadcast_to(initial_level[:, None, None], bed.shape)
    if initial_level.shape != bed.shape:
        raise InputError(
            WHERE, f"initial_level has shape {initial_level.shape}", f"give {(storms,)} or {(storms, *shape)}"
        )
    if not np.isfinite(initial_level[inside]).all():
        raise InputError(WHERE, "initial_level has gaps inside the domain", "give a level for every cell")
    wet = inside
    if initially_dry is not None:
        if initially_dry.shape != tuple(shape) or initially_dry.dtype != np.bool_:
            what = f"initially_dry is {initially_dry.dtype} {initially_dry.shape}"
            raise InputError(WHERE, what, f"give booleans of shape {tuple(shape)}")
        wet = inside & ~initially_dry
    ground = padded_bed[:, 1:-1, 1:-1]
    return np.where(wet, np.maximum(np.where(inside, initial_level, WALL), ground), ground)


def _structures(basin: Basin) -> Floats:
    """The table of pumps and gates on the padded grid; an outlet outside of the domain stays −1."""
    table = as_table(basin.structures)
    cells = table[:, 1:5]
    table[:, 1:5] = np.where(cells < 0, cells, cells + 1)
    return table


def _rain(forcing: Forcing, counted: Mask) -> Rain:
    storms, rows, columns = counted.shape
    if forcing.rain is None:
        return Rain(np.zeros((storms, len(forcing.time), 0)), np.zeros((0, rows, columns)), np.zeros((storms, 0)))
    rate = np.asarray(forcing.rain, dtype=np.float64).reshape(storms, len(forcing.time), -1)
    inner = weights(forcing.rain_weight, rate.shape[2], (rows - 2, columns - 2), "rain")
    weight = np.pad(inner, ((0, 0), (1, 1), (1, 1)))
    total = np.einsum("pij,eij->ep", weight, counted.astype(np.float64))
    return Rain(np.ascontiguousarray(rate), np.ascontiguousarray(weight), total)


def _soil(basin: Basin) -> Soil:
    if basin.infiltration is None:
        return Soil(np.zeros((0, 0)), np.zeros((0, 0)))
    known = np.isfinite(basin.bed if basin.bed.ndim == 2 else basin.bed[0]) & ~basin.open_boundary
    return Soil(*(np.ascontiguousarray(np.pad(np.where(known, values, 0.0), 1)) for values in basin.infiltration))


def _edges(is_open: Mask, inside: Mask) -> Edges:
    """Faces between an open cell and one that is not."""
    found = []
    for face, first, second in ((WEST, np.s_[:, :-1], np.s_[:, 1:]), (NORTH, np.s_[:-1, :], np.s_[1:, :])):
        both = inside[first] & inside[second] & (is_open[first] != is_open[second])
        row, column = np.nonzero(both)
        sign = np.where(is_open[first][both], 1, -1)
        shift = (1, 2) if face == WEST else (2, 1)  # of the second cell on the padded grid
        found.append(np.column_stack([np.full(row.size, face), row + shift[0], column + shift[1], sign]))
    faces = np.ascontiguousarray(np.concatenate(found).astype(np.int64))
    return Edges(faces, _starts(faces, inside.shape[0] + 2))


def _barriers(basin: Basin, forcing: Forcing, rows: int) -> Barriers:
    walls, storms = basin.walls, len(forcing)
    order = np.lexsort([walls.column, walls.row, walls.face])
    faces = np.column_stack([walls.face, walls.row + 1, walls.column + 1]).astype(np.int64)[order]
    waves = np.zeros((2, storms, len(forcing.time)))
    if forcing.wave_height is not None and forcing.wave_period is not None:
        waves = np.stack([forcing.wave_height, forcing.wave_period]).astype(np.float64)

    def of(name: str, missing: float) -> Floats:
        return np.ascontiguousarray(walls.for_storms(name, storms, missing)[:, order])

    return Barriers(
        face=np.ascontiguousarray(faces),
        start=_starts(faces, rows),
        crest=of("crest", np.inf),
        fails_at=of("fails_at", np.inf),
        breach_level=of("breach_level", -np.inf),
        breach_duration=float(walls.breach_duration),
        waves_from=np.zeros(len(walls), dtype=np.int64) if walls.waves_from is None else walls.waves_from[order],
        slope=float(walls.slope),
        waves=waves,
    )


def _starts(faces: Indices, rows: int) -> Indices:
    """(2, rows + 1) first of the sorted faces (F, 3 or more) of each kind and row."""
    every = np.arange(rows + 1)
    at = [np.searchsorted(faces[faces[:, 0] == face, 1], every) for face in (WEST, NORTH)]
    return np.ascontiguousarray(np.stack([at[0], at[1] + int((faces[:, 0] == WEST).sum())]).astype(np.int64))


def _tables(tables: SubgridTables | None, gravity: float) -> Tables:
    """The tables of coarse cells on the padded grid; water neither stands in a cell outside nor passes its faces."""
    if tables is None:
        return Tables(*(np.zeros((0,) * axes) for axes in (3, 2, 3, 3, 4, 4)))
    both = (tables.west, tables.north)

    def padded(values: Floats, outside: float) -> Floats:
        found = np.where(np.isfinite(values), values, outside)
        return np.pad(found, [(1, 1), (1, 1), *[(0, 0)] * (values.ndim - 2)], constant_values=outside)

    def of_faces(name: str, outside: float) -> Floats:
        return np.ascontiguousarray(np.stack([padded(getattr(each, name), outside) for each in both]))

    return Tables(
        padded(tables.level, WALL),
        padded(tables.full, 0.0),
        of_faces("bottom", WALL),
        of_faces("top", 2 * WALL),
        of_faces("depth", 0.0),
        gravity * of_faces("roughness", 0.0) ** 2,
    )


def _held(level: Floats, tables: Tables) -> Floats:
    """(E, H + 2, W + 2) mean depth of coarse cells at a level; empty where cells are flat."""
    if not tables.cell_full.size:
        return np.zeros((len(level), 0, 0))
    found, share = np.zeros_like(level), np.linspace(0.0, 1.0, tables.cell_levels.shape[-1])
    for at in np.ndindex(level.shape):
        levels, full = tables.cell_levels[at[1:]], tables.cell_full[at[1:]]
        above = level[at] - levels[-1]
        found[at] = full + above if above >= 0 else np.interp(level[at], levels, full * share)
    return found


def _add_walls(field: Floats) -> Floats:
    """(E, H, W) → (E, H + 2, W + 2) with a ring of walls."""
    return np.ascontiguousarray(np.pad(field, ((0, 0), (1, 1), (1, 1)), constant_values=WALL))
