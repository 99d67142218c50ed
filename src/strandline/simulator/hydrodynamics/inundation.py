"""Coastal inundation with the local-inertial shallow-water equations, for many storms at once.

Inputs are the basin, the water level at its open cells and the discharge of its rivers; outputs are the greatest level
and depth of every cell. ``local_inertia`` states the equations and their source.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics import local_inertia_fused
from strandline.simulator.hydrodynamics.local_inertia import WALL, Problem, Scheme, Solution, volume

logger = logging.getLogger(__name__)
Progress = Callable[[float], None]
"""Takes the fraction done, 0…1."""


@dataclass(frozen=True)
class Basin:
    """The domain of a simulation.

    Attributes:
        bed: (H, W), or (E, H, W) with one bed per storm for different breaches [m above the datum]; NaN is outside
            the domain, without flow.
        roughness: (H, W) Manning's n [s m-1/3].
        cell_size: edge of a square cell [m].
        open_boundary: (H, W) cells with prescribed water level.
        inflow_cells: (row, column) where rivers enter.
    """

    bed: Floats
    roughness: Floats
    cell_size: float
    open_boundary: npt.NDArray[np.bool_]
    inflow_cells: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        bed = np.asarray(self.bed)
        if bed.ndim not in (2, 3) or 0 in bed.shape:
            raise InputError("basin", f"bed has shape {bed.shape}", "give (H, W) or (E, H, W)")
        shape = bed.shape[-2:]
        for name in ("roughness", "open_boundary"):
            if np.shape(getattr(self, name)) != shape:
                raise InputError("basin", f"{name} has shape {np.shape(getattr(self, name))}", f"give {shape}")
        if not np.isfinite(self.cell_size) or self.cell_size <= 0:
            raise InputError("basin", f"cell_size is {self.cell_size}", "give metres, more than 0")
        inside = np.isfinite(bed)
        if not inside.any():
            raise InputError("basin", "bed has no finite cell", "mark only cells outside the domain NaN")
        if np.isinf(bed).any() or np.abs(bed[inside]).max() >= WALL:
            raise InputError("basin", "bed holds values that are not elevations", "give metres; NaN outside the domain")
        everywhere: npt.NDArray[np.bool_] = inside if bed.ndim == 2 else np.all(inside, axis=0)
        roughness = np.asarray(self.roughness)[everywhere]
        if not (np.isfinite(roughness).all() and (roughness >= 0).all()):
            raise InputError("basin", "roughness has negative or missing values inside the domain", "give Manning's n")
        if np.asarray(self.open_boundary).dtype != np.bool_:
            raise InputError("basin", "open_boundary is not boolean", "give True where the level is prescribed")
        if (self.open_boundary & ~everywhere).any():
            raise InputError("basin", "an open cell lies outside the domain", "give the cell a bed or close it")
        for row, column in self.inflow_cells:
            if not (0 <= row < shape[0] and 0 <= column < shape[1]) or not everywhere[row, column]:
                raise InputError("basin", f"inflow cell {(row, column)} lies outside the domain", "move the river")
            if self.open_boundary[row, column]:
                raise InputError("basin", f"inflow cell {(row, column)} is an open cell", "move the river inland")


@dataclass(frozen=True)
class Inundation:
    """Result of a simulation; NaN outside the domain.

    Attributes:
        max_level: (E, H, W) greatest level [m above the datum]; the bed where a cell stayed dry.
        max_depth: (E, H, W) greatest depth [m].
        levels: (E, S, H, W) level at the output times [m above the datum].
        mass_error: (E,) |volume change − net inflow| over the greatest volume [-].
        cell_steps: cells in the domain times time steps, summed over storms.
    """

    max_level: Floats
    max_depth: Floats
    levels: Floats
    mass_error: Floats
    cell_steps: int


def inundate(
    basin: Basin,
    time: Floats,
    boundary_level: Floats,
    *,
    initial_level: Floats,
    boundary_weight: Floats | None = None,
    discharge: Floats | None = None,
    output_times: Floats | None = None,
    initially_dry: npt.NDArray[np.bool_] | None = None,
    solve: Callable[[Problem, Progress | None], Solution] = local_inertia_fused.solve,
    scheme: Scheme | None = None,
    progress: Progress | None = None,
) -> Inundation:
    """Simulate the floods of a basin; every storm has its own boundary level, discharge and, if given, bed.

    Args:
        time: (T,) [s], ascending; the run goes from the first to the last.
        boundary_level: (E, T) or (E, T, G) water level at G points [m above the datum], linear between times.
        initial_level: (E,) or (E, H, W) level to start from [m above the datum]; cells above it start dry.
        boundary_weight: (G, H, W) weight of each point in each open cell [-]; required if G > 1.
        discharge: (E, T, R) of each river [m3 s-1], not negative.
        output_times: (S,) ascending, within ``time`` [s].
        initially_dry: (H, W) cells that start dry even below the initial level, such as polders.
        solve: the solver.
        progress: called with the completed fraction.

    Raises:
        InputError: an argument has the wrong shape, order or range.
    """
    problem = _prepare(
        basin, time, boundary_level, initial_level, boundary_weight, discharge, output_times, initially_dry, scheme
    )
    solution = solve(problem, progress)

    first, last = volume(problem, problem.level), volume(problem, solution.final_level)
    greatest = np.maximum(first, last)
    for index in range(len(problem.output_times)):
        greatest = np.maximum(greatest, volume(problem, solution.levels[:, index]))
    imbalance = np.abs(last - first - solution.net_inflow)
    outside = problem.bed[:, 1:-1, 1:-1] == WALL
    max_level = np.where(outside, np.nan, solution.greatest_level[:, 1:-1, 1:-1])
    result = Inundation(
        max_level=max_level,
        max_depth=max_level - problem.bed[:, 1:-1, 1:-1],
        levels=np.where(outside[:, None], np.nan, solution.levels[:, :, 1:-1, 1:-1]),
        mass_error=np.divide(imbalance, greatest, out=imbalance.copy(), where=greatest > 0),
        cell_steps=int((solution.steps * (~outside).sum(axis=(1, 2))).sum()),
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
    time: Floats,
    boundary_level: Floats,
    initial_level: Floats,
    boundary_weight: Floats | None,
    discharge: Floats | None,
    output_times: Floats | None,
    initially_dry: npt.NDArray[np.bool_] | None,
    scheme: Scheme | None,
) -> Problem:
    """Check every argument and put it on grids with a ring of walls."""
    where, scheme = "inundate", scheme or Scheme()
    time, boundary_level, initial_level = (
        np.asarray(values, dtype=np.float64) for values in (time, boundary_level, initial_level)
    )
    rows, columns = np.shape(basin.bed)[-2:]
    if time.ndim != 1 or len(time) < 2 or not (np.diff(time) > 0).all() or not np.isfinite(time).all():
        raise InputError(where, "time is not an ascending series of two or more times", "give seconds, ascending")
    if boundary_level.ndim not in (2, 3) or boundary_level.shape[1] != len(time) or len(boundary_level) == 0:
        raise InputError(
            where, f"boundary_level has shape {boundary_level.shape}", f"give (E, {len(time)}) or (E, {len(time)}, G)"
        )
    series = boundary_level.reshape(*boundary_level.shape[:2], -1)  # (E, T, G)
    storms, _, points = series.shape
    boundary_row, boundary_column = np.nonzero(basin.open_boundary)
    weight: Floats
    if boundary_weight is None:
        if points != 1:
            raise InputError(where, f"{points} points without boundary_weight", "give (G, H, W)")
        weight = np.ones((1, len(boundary_row)))
    else:
        weight = np.asarray(boundary_weight, dtype=np.float64)
        if weight.shape != (points, rows, columns):
            raise InputError(where, f"boundary_weight has shape {weight.shape}", f"give {(points, rows, columns)}")
        weight = np.ascontiguousarray(weight[:, boundary_row, boundary_column])
        if not np.allclose(weight.sum(axis=0), 1.0, atol=1e-6):
            raise InputError(where, "boundary_weight does not add up to 1 at every open cell", "normalise it")
    if not np.isfinite(series).all():
        raise InputError(where, "boundary_level has gaps", "fill the gaps: a simulation needs the level at all times")

    bed = np.asarray(basin.bed, dtype=np.float64)
    if bed.ndim == 3 and len(bed) != storms:
        raise InputError(where, f"{len(bed)} beds for {storms} storms", "give one bed, or one per storm")
    bed = np.broadcast_to(bed, (storms, rows, columns))
    inside = np.isfinite(bed)
    padded_bed = _add_walls(np.where(inside, bed, WALL))
    if initial_level.ndim == 1 and len(initial_level) == storms:
        initial_level = np.broadcast_to(initial_level[:, None, None], bed.shape)
    if initial_level.shape != bed.shape:
        raise InputError(
            where, f"initial_level has shape {initial_level.shape}", f"give {(storms,)} or {(storms, rows, columns)}"
        )
    if not np.isfinite(initial_level[inside]).all():
        raise InputError(where, "initial_level has gaps inside the domain", "give a level for every cell")
    wet = inside
    if initially_dry is not None:
        if initially_dry.shape != (rows, columns) or initially_dry.dtype != np.bool_:
            what = f"initially_dry is {initially_dry.dtype} {initially_dry.shape}"
            raise InputError(where, what, f"give booleans of shape {(rows, columns)}")
        wet = inside & ~initially_dry
    level = np.where(wet, np.maximum(np.where(inside, initial_level, WALL), padded_bed[:, 1:-1, 1:-1]), np.nan)
    level = np.where(np.isfinite(level), level, padded_bed[:, 1:-1, 1:-1])
    level[:, boundary_row, boundary_column] = np.maximum(
        series[:, 0] @ weight, padded_bed[:, boundary_row + 1, boundary_column + 1]
    )

    rivers = len(basin.inflow_cells)
    flow = np.zeros((storms, len(time), 0)) if discharge is None else np.asarray(discharge, dtype=np.float64)
    if flow.shape != (storms, len(time), rivers):
        raise InputError(where, f"discharge has shape {flow.shape}", f"give {(storms, len(time), rivers)}")
    if not (np.isfinite(flow).all() and (flow >= 0).all()):
        raise InputError(where, "discharge has gaps or is negative", "give m3 s-1, 0 or more, at all times")
    inflow = np.asarray(basin.inflow_cells, dtype=np.int64).reshape(rivers, 2)

    outputs = np.zeros(0) if output_times is None else np.asarray(output_times, dtype=np.float64)
    if outputs.ndim != 1 or not ((np.diff(outputs) > 0).all() and ((outputs >= time[0]) & (outputs <= time[-1])).all()):
        raise InputError(
            where, "output_times are not ascending within time", f"give times within {time[0]:g}–{time[-1]:g} s"
        )
    counted = inside & ~basin.open_boundary
    roughness = np.pad(np.where(inside.any(axis=0), basin.roughness, 0.0), 1)
    squared = np.ascontiguousarray(scheme.gravity * roughness**2)
    return Problem(
        bed=padded_bed,
        level=_add_walls(level),
        west_friction=(squared + np.roll(squared, 1, axis=1)) / 2,
        north_friction=(squared + np.roll(squared, 1, axis=0)) / 2,
        cell_size=float(basin.cell_size),
        time=np.ascontiguousarray(time),
        boundary_level=np.ascontiguousarray(series),
        boundary_weight=weight,
        boundary_row=boundary_row + 1,
        boundary_column=boundary_column + 1,
        discharge=np.ascontiguousarray(flow),
        inflow_row=inflow[:, 0] + 1,
        inflow_column=inflow[:, 1] + 1,
        output_times=np.ascontiguousarray(outputs),
        counted=np.pad(counted, ((0, 0), (1, 1), (1, 1))),
        scheme=scheme,
    )


def _add_walls(field: Floats) -> Floats:
    """(E, H, W) → (E, H + 2, W + 2) with a ring of walls."""
    return np.ascontiguousarray(np.pad(field, ((0, 0), (1, 1), (1, 1)), constant_values=WALL))
