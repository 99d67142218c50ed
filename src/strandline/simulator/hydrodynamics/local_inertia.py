"""The local-inertial shallow-water equations, and the common input and output of the solvers.

Per unit width, with water level η [m], bed z [m], depth h = η − z, flux q [m2 s-1] and Manning's n:

    ∂η/∂t + ∂qx/∂x + ∂qy/∂y = sources
    ∂q/∂t + g h ∂η/∂x + g n² |q| q / h^(7/3) = 0

Levels are defined in cells, fluxes on the faces between them. The state is the *level*, not the depth: a dry cell has
η = z, so that water at rest stays at rest exactly on any bed. A cell outside the domain has a bed above any water; no
face needs a special case.

The flow depth of a face is Bates' max(η) − max(z) =: H, with one refinement. In the pressure term alone it becomes
H − min(H − D, D)/2, where D ≥ 0 is the lower of the two levels over the higher bed. Where the face is deeply
submerged (D ≥ H/2) this is (H + D)/2, so that momentum is conserved on a flat bed and a bore has the correct speed
(with H alone the error of a 2:1 dam-break does not fall below 1 %); over a crest (D = 0) it is H.

Friction is implicit: q + Δt g n² |q| q / h^(7/3) = r has the root 2 r / (1 + √(1 + 4 Δt g n² |r| / h^(7/3))). By the
flux of the step before, thin flow down a slope, as that of rain, would alternate and lose half of its depth.

Open cells have the prescribed level, and their edges let long waves out (`solver.faces.open_flux`).

Source: Bates, Horritt and Fewtrell 2010, J. Hydrol. 387, eq. 11; de Almeida et al. 2012, Water Resour. Res. 48, eq. 9.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices

WALL = 1.0e4  # bed of a cell outside the domain [m]: higher than any water


@dataclass(frozen=True)
class Scheme:
    """Parameters of the numerical scheme.

    Attributes:
        courant: time step over the greatest stable one, α in Bates et al. 2010, eq. 14 [-].
        theta: weight of a face's own flux against its two neighbours [-]; 1 is Bates et al. 2010. Lower values damp
            grid-scale oscillations behind steep fronts at low friction (de Almeida et al. 2012). In the frictionless
            dam-breaks of the tests they grow under grid refinement with 1.0; 0.9 is the weakest damping that prevents
            it, with the least error.
        dry_depth: least flow depth of a face [m].
        froude_limit: greatest speed over √(g h) on a face [-]. The equations lack advection, which limits flow over a
            crest to Froude number 1; without the limit the flow through a breach is several times too large.
        longest_step: greatest time step [s], so that a dry coast follows the forcing.
        gravity: [m s-2].
    """

    courant: float = 0.7
    theta: float = 0.9
    dry_depth: float = 1.0e-3
    froude_limit: float = 1.0
    longest_step: float = 60.0
    gravity: float = 9.81

    def __post_init__(self) -> None:
        bounds = {
            "courant": (0.0, 1.0),
            "theta": (0.0, 1.0),
            "dry_depth": (0.0, 1.0),
            "froude_limit": (0.0, np.inf),
            "longest_step": (0.0, 86400.0),
            "gravity": (0.0, 100.0),
        }
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not low < value <= high:
                raise InputError(
                    "inundation scheme", f"{name} is {value:g}", f"give more than {low:g}, at most {high:g}"
                )


class Rain(NamedTuple):
    """Rain of P series; P may be 0.

    Attributes:
        rate: (E, T, P) [m s-1].
        weight: (P, H + 2, W + 2) of each series in each cell [-].
        total: (E, P) sum of the weights over the counted cells [-].
    """

    rate: Floats
    weight: Floats
    total: Floats


class Soil(NamedTuple):
    """What soil takes: rate [m s-1] and room [m] (H + 2, W + 2), 0 in open cells; both empty = nothing."""

    rate: Floats
    room: Floats


class Edges(NamedTuple):
    """Faces between open cells and others.

    Attributes:
        face: (F, 4) kind of face, row, column, and 1 where the open cell is to the west or north, else −1; sorted.
        start: (2, H + 3) first entry of each kind of face and row.
    """

    face: Indices
    start: Indices


class Barriers(NamedTuple):
    """N walled faces.

    Attributes:
        face: (N, 3) kind of face, row and column; sorted. ``start`` as of `Edges`.
        crest, fails_at, breach_level: (E, N) [m]; ``breach_duration`` [s].
        waves_from: (N,) side of the waves; ``slope`` [-].
        waves: (2, E, T) height [m] and period [s].
    """

    face: Indices
    start: Indices
    crest: Floats
    fails_at: Floats
    breach_level: Floats
    breach_duration: float
    waves_from: Indices
    slope: float
    waves: Floats


class Tables(NamedTuple):
    """Tables of coarse cells; all empty = cells are flat.

    Attributes:
        cell_levels, cell_full: (H + 2, W + 2, K) level at equal steps of the volume [m], and (H + 2, W + 2) volume at
            the last over the area [m].
        face_bottom, face_top: (2, H + 2, W + 2) ground of the western and of the northern faces [m].
        face_depth, face_friction: (2, H + 2, W + 2, K) mean depth [m] and g n² at equal steps between them.
    """

    cell_levels: Floats
    cell_full: Floats
    face_bottom: Floats
    face_top: Floats
    face_depth: Floats
    face_friction: Floats


@dataclass(frozen=True)
class Problem:
    """Input of a solver, on grids with one ring of wall cells: (H + 2, W + 2).

    Attributes:
        bed: (E, H + 2, W + 2) [m], ``WALL`` outside the domain; of a coarse cell its lowest ground.
        level: (E, H + 2, W + 2) initial level [m], not below ``bed``.
        held: (E, H + 2, W + 2) initial mean depth of coarse cells [m]; empty where cells are flat.
        west_friction: (H + 2, W + 2) g n² of the face between a cell and its western neighbour.
        north_friction: (H + 2, W + 2) the same for the northern neighbour (the row above).
        cell_size: [m].
        time: (T,) [s], ascending; the simulation covers all of it.
        boundary_level: (E, T, G) [m].
        boundary_weight: (G, B) weight of each series in each of the B open cells [-].
        boundary_row, boundary_column: (B,) their indices.
        discharge: (E, T, R) [m3 s-1].
        inflow_row, inflow_column: (R,) cells in which rivers enter.
        rain, soil, edges, barriers, tables: see there.
        structures: (S, 8) pumps and gates, as of `as_table`.
        output_times: (S,) [s], ascending.
        wet_depth: from which arrival and duration count [m]; infinite = they do not.
        counted: (E, H + 2, W + 2) cells of the volume balance: in the domain and not open.
    """

    bed: Floats
    level: Floats
    held: Floats
    west_friction: Floats
    north_friction: Floats
    cell_size: float
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
    output_times: Floats
    wet_depth: float
    counted: npt.NDArray[np.bool_]
    scheme: Scheme


@dataclass(frozen=True)
class Solution:
    """Output of a solver, on padded grids.

    Attributes:
        greatest_level: (E, H + 2, W + 2) [m].
        levels: (E, S, H + 2, W + 2) [m].
        final_level: (E, H + 2, W + 2) [m].
        final_held: (E, H + 2, W + 2) mean depth of coarse cells [m]; empty where cells are flat.
        net_inflow: (E,) through open cells, from rivers, rain, pumps and gates, less what the soil took [m3].
        steps: (E,) time steps taken.
        arrival: (E, H + 2, W + 2) when a cell first held the wet depth [s], infinite = never; empty = not followed.
        wet_time: (E, H + 2, W + 2) for how long it did [s]; likewise.
        failed_at: (E, N) when walls failed [s]; infinite = never.
    """

    greatest_level: Floats
    levels: Floats
    final_level: Floats
    final_held: Floats
    net_inflow: Floats
    steps: Indices
    arrival: Floats
    wet_time: Floats
    failed_at: Floats


def volume(problem: Problem, level: Floats, held: Floats | None = None) -> Floats:
    """Water in the counted cells: (..., H + 2, W + 2) → (...) [m3]; ``held``: mean depth of coarse cells."""
    depth = np.where(problem.counted, level - problem.bed if held is None or not held.size else held, 0.0)
    return np.asarray(depth.sum(axis=(-2, -1)) * problem.cell_size**2)


def check_stability(advanced: npt.NDArray[np.bool_]) -> None:
    """Check (E,) whether the time of each storm advanced; it stops when the level grows without bound.

    Raises:
        InputError: the scheme is unstable with these parameters.
    """
    if not advanced.all():
        what = "the water level grew without bound and the time step went to zero"
        remedy = "lower the scheme's courant or theta, or check levels, discharges and roughness"
        raise InputError(f"storm {int(np.argmin(advanced))}", what, remedy)
