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

Source: Bates, Horritt and Fewtrell 2010, J. Hydrol. 387, eq. 11; de Almeida et al. 2012, Water Resour. Res. 48, eq. 9.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats

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


@dataclass(frozen=True)
class Problem:
    """Input of a solver, on grids with one ring of wall cells: (H + 2, W + 2).

    Attributes:
        bed: (E, H + 2, W + 2) [m], ``WALL`` outside the domain.
        level: (E, H + 2, W + 2) initial level [m], not below ``bed``.
        west_friction: (H + 2, W + 2) g n² of the face between a cell and its western neighbour.
        north_friction: (H + 2, W + 2) the same for the northern neighbour (the row above).
        cell_size: [m].
        time: (T,) [s], ascending; the simulation covers all of it.
        boundary_level: (E, T, G) [m].
        boundary_weight: (G, B) weight of each series in each of the B open cells [-].
        boundary_row, boundary_column: (B,) their indices.
        discharge: (E, T, R) [m3 s-1].
        inflow_row, inflow_column: (R,) cells in which rivers enter.
        output_times: (S,) [s], ascending.
        counted: (E, H + 2, W + 2) cells of the volume balance: in the domain and not open.
    """

    bed: Floats
    level: Floats
    west_friction: Floats
    north_friction: Floats
    cell_size: float
    time: Floats
    boundary_level: Floats
    boundary_weight: Floats
    boundary_row: npt.NDArray[np.int64]
    boundary_column: npt.NDArray[np.int64]
    discharge: Floats
    inflow_row: npt.NDArray[np.int64]
    inflow_column: npt.NDArray[np.int64]
    output_times: Floats
    counted: npt.NDArray[np.bool_]
    scheme: Scheme


@dataclass(frozen=True)
class Solution:
    """Output of a solver, on padded grids.

    Attributes:
        greatest_level: (E, H + 2, W + 2) [m].
        levels: (E, S, H + 2, W + 2) [m].
        final_level: (E, H + 2, W + 2) [m].
        net_inflow: (E,) through open cells and from rivers [m3].
        steps: (E,) time steps taken.
    """

    greatest_level: Floats
    levels: Floats
    final_level: Floats
    net_inflow: Floats
    steps: npt.NDArray[np.int64]


def volume(problem: Problem, level: Floats) -> Floats:
    """Water in the counted cells: (..., H + 2, W + 2) → (...) [m3]."""
    depth = np.where(problem.counted, level - problem.bed, 0.0)
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
