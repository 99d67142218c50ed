"""The local-inertial shallow-water equations, made ready for a solver: padded grids, forcing and scheme.

Per unit width, with water level η [m], bed z [m], depth h = η − z, flux q [m2 s-1] and Manning's n:

    ∂η/∂t + ∂qx/∂x + ∂qy/∂y = sources
    ∂q/∂t + g h ∂η/∂x + g n² |q| q / h^(7/3) = 0

Levels live in cells, fluxes on the faces between them. The state is the *level*, not the depth: a dry cell has η = z,
so that water at rest stays at rest to the last bit on any bed. A cell outside the domain is a dry mountain; no face
needs a special case.

The flow depth of a face is Bates' max(η) − max(z) =: H, with one refinement. In the pressure term alone it becomes
H − min(H − D, D)/2, where D ≥ 0 is the lower of the two levels over the higher bed. Where the face is well under
water (D ≥ H/2) that is (H + D)/2, so that momentum is conserved on a flat bed and a bore travels at its true speed
(with H alone the error of a 2:1 dam-break stalls at 1 %); over a crest (D = 0) it is H again.

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
    """The numbers of the numerical scheme.

    Attributes:
        courant: share of the greatest stable time step that is taken, α in Bates et al. 2010, eq. 14 [-].
        theta: weight of a face's own flux against its two neighbours' [-]; 1 is Bates et al. 2010. Less damps the
            grid-scale ripples that 1 leaves behind steep fronts at low friction (de Almeida et al. 2012). In the
            frictionless dam-breaks of the tests 1.0 lets them grow as the grid is refined; 0.9 is the weakest
            damping that does not, and has the least error.
        dry_depth: a face with less water than this carries none [m].
        froude_limit: greatest speed over √(g h) on a face [-]. The equations lack advection, which is what chokes the
            flow over a crest at Froude number 1; without a limit a breached embankment passes several times too much.
        longest_step: the time step never exceeds this [s], so that forcing is followed on a dry coast as well.
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
    """Everything a solver needs, on grids with one ring of wall cells: (H + 2, W + 2).

    Attributes:
        bed: (E, H + 2, W + 2) [m], ``WALL`` outside the domain.
        level: (E, H + 2, W + 2) the level to start from [m], never below ``bed``.
        west_friction: (H + 2, W + 2) g n² of the face between a cell and its western neighbour.
        north_friction: (H + 2, W + 2) the same for the northern neighbour (the row above).
        cell_size: [m].
        time: (T,) [s], ascending; the run goes from the first to the last.
        boundary_level: (E, T, G) [m].
        boundary_weight: (G, B) weight of each series in each of the B open cells [-].
        boundary_row, boundary_column: (B,) where they are.
        discharge: (E, T, R) [m3 s-1].
        inflow_row, inflow_column: (R,) where the rivers enter.
        output_times: (S,) [s], ascending.
        counted: (E, H + 2, W + 2) cells whose volume is balanced: in the domain and not open.
        scheme: the numerical scheme.
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
    """What a solver hands back, still on padded grids.

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


def refuse_runaway(advanced: npt.NDArray[np.bool_]) -> None:
    """Stop when a storm's clock no longer advances, because its water grew beyond bounds: (E,) booleans.

    Raises:
        InputError: the scheme is unstable with these numbers.
    """
    if not advanced.all():
        raise InputError(
            f"storm {int(np.argmin(advanced))}",
            "the water level grew beyond bounds and the time step shrank to nothing",
            "lower the scheme's courant or theta, or look for absurd levels, discharges or roughness",
        )
