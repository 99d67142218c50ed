"""Single cells: what they hold, and water that is added to them."""

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.local_inertia import Tables
from strandline.simulator.hydrodynamics.solver.coarse_cells import held_at, level_of
from strandline.simulator.hydrodynamics.solver.rows import compile_loop
from strandline.simulator.hydrodynamics.solver.state import Water


@compile_loop
def water_in(i: int, j: int, water: Water, bed: Floats) -> float:
    """Mean depth of water in a cell [m]."""
    return float(water.held[i, j] if water.held.size > 0 else water.level[i, j] - bed[i, j])


@compile_loop
def set_level(i: int, j: int, level: float, water: Water, tables: Tables) -> None:
    """Set the level of a cell [m]."""
    water.level[i, j] = level
    if water.held.size > 0:
        water.held[i, j] = held_at(level, tables.cell_levels[i, j], tables.cell_full[i, j])


@compile_loop
def add_water(i: int, j: int, depth: float, water: Water, bed: Floats, tables: Tables, deepest: Floats) -> None:
    """Add a mean depth of water [m], which may be negative, to a cell."""
    if water.held.size > 0:
        water.held[i, j] += depth
        water.level[i, j] = level_of(water.held[i, j], tables.cell_levels[i, j], tables.cell_full[i, j])
    else:
        water.level[i, j] += depth
    water.greatest[i, j] = max(water.greatest[i, j], water.level[i, j])
    deepest[j] = max(deepest[j], water.level[i, j] - bed[i, j])
