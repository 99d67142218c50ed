"""What the compiled loops take, in groups."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Indices
from strandline.simulator.hydrodynamics.local_inertia import Barriers, Edges, Rain, Soil, Tables


class OneStorm(NamedTuple):
    """Edges, walls and soil of one storm.

    Attributes:
        current: (F,) slow inflow over open faces [m s-1]; ``open_flux``: (F,) new fluxes [m2 s-1].
        crest, fails_at, breach_level: (N,) [m] of walls; ``failed_at``: (N,) [s]; ``wall_flux``: (N,) new fluxes.
        room: left in the soil [m].
    """

    current: Floats
    open_flux: Floats
    crest: Floats
    fails_at: Floats
    breach_level: Floats
    failed_at: Floats
    wall_flux: Floats
    room: Floats


class Water(NamedTuple):
    """Cells of one storm: level [m], mean depth of coarse ones [m], greatest level [m], first and all time wet [s]."""

    level: Floats
    held: Floats
    greatest: Floats
    arrival: Floats
    wet_time: Floats


class Space(NamedTuple):
    """Working space of one storm.

    ``share``: of the outflow that the cells of two rows in turn can supply, the third is 1; ``deepest``: greatest depth
    of each column; ``rain``: of a row [m]; ``nothing``: zeros, of coarse cells; ``point``, ``boundary``: levels of the
    open boundary; ``rain_rate``: at its points [m s-1]; ``reach``: the columns of each row that water can enter, from
    the first to before the last.
    """

    share: Floats
    deepest: Floats
    rain: Floats
    nothing: Floats
    point: Floats
    boundary: Floats
    rain_rate: Floats
    reach: Indices


class Numbers(NamedTuple):
    """The scheme and the grid, as numbers."""

    cell_size: float
    wet_depth: float
    courant: float
    theta: float
    dry_depth: float
    limit_squared_gravity: float
    longest_step: float
    gravity: float


class Given(NamedTuple):
    """The arrays of a problem; `Problem` says what they are."""

    bed: Floats
    west_friction: Floats
    north_friction: Floats
    time: Floats
    boundary_level: Floats
    boundary_weight: Floats
    boundary_row: Indices
    boundary_column: Indices
    discharge: Floats
    inflow_row: Indices
    inflow_column: Indices
    rain: Rain
    soil: Soil
    edges: Edges
    barriers: Barriers
    tables: Tables
    structures: Floats
    counted: npt.NDArray[np.bool_]
    output_times: Floats


class State(NamedTuple):
    """What changes, by storm: E first; ``runs``: whether a pump does; the others as above or of `Solution`."""

    level: Floats
    held: Floats
    greatest: Floats
    flux_x: Floats
    flux_y: Floats
    levels: Floats
    arrival: Floats
    wet_time: Floats
    clock: Floats
    net_inflow: Floats
    steps: Indices
    outputs_done: Indices
    room: Floats
    current: Floats
    failed_at: Floats
    runs: npt.NDArray[np.bool_]
