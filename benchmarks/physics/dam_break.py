"""Dam breaks on a frictionless flat bed, with their exact solutions."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import Progress, inundate
from strandline.simulator.hydrodynamics.local_inertia import Problem, Scheme, Solution
from strandline.simulator.hydrodynamics.solver.advance import solve as solve_fused

GRAVITY = 9.81


def local_inertial_dam_break(x: Floats, time: float, left: float, right: float) -> Floats:
    """Depth [m] of the local-inertial dam-break, the p-system h_t + q_x = 0, q_t + (g h²/2)_x = 0.

    A fan with q + (2/3)√g h^(3/2) constant runs left from the dam at x = 0; a shock with s² = g (h + right)/2
    (Rankine–Hugoniot) runs right.
    """

    def fan_flux(h: float) -> float:
        return float(2 / 3 * np.sqrt(GRAVITY) * (left**1.5 - h**1.5))

    def shock_speed(h: float) -> float:
        return float(np.sqrt(GRAVITY * (h + right) / 2))

    middle = brentq(lambda h: fan_flux(h) - (h - right) * shock_speed(h), right, left)
    depth = np.where(x < shock_speed(middle) * time, middle, right)
    depth = np.where(x < -np.sqrt(GRAVITY * middle) * time, (x / time) ** 2 / GRAVITY, depth)
    return np.where(x < -np.sqrt(GRAVITY * left) * time, left, depth)


def stoker_dam_break(x: Floats, time: float, left: float, right: float) -> Floats:
    """Depth [m] of the dam-break of the full shallow-water equations (Stoker 1957, section 10.8)."""

    def speed(h: float) -> float:
        return float(2 * (np.sqrt(GRAVITY * left) - np.sqrt(GRAVITY * h)))

    def mismatch(h: float) -> float:
        return float((h - right) * np.sqrt(GRAVITY * (h + right) / (2 * h * right)) - speed(h))

    middle = brentq(mismatch, right + 1e-9, left)
    shock = speed(middle) * middle / (middle - right)
    depth = np.where(x < shock * time, middle, right)
    fan = (2 * np.sqrt(GRAVITY * left) - x / time) ** 2 / (9 * GRAVITY)
    depth = np.where(x < (speed(middle) - np.sqrt(GRAVITY * middle)) * time, fan, depth)
    return np.where(x < -np.sqrt(GRAVITY * left) * time, left, depth)


def run_dam_break(
    cells: int,
    left: float,
    right: float,
    solve: Callable[[Problem, Progress | None], Solution] = solve_fused,
    theta: float = Scheme().theta,
    time: float = 25.0,
    length: float = 400.0,
) -> tuple[Floats, Floats, float]:
    """Cell centres, depths at ``time`` and mass error of a dam break by the solver."""
    size = length / cells
    x = (np.arange(cells) + 0.5) * size - length / 2
    basin = Basin(np.zeros((1, cells)), np.zeros((1, cells)), size, np.zeros((1, cells), dtype=bool))
    result = inundate(
        basin,
        Forcing(np.array([0.0, time]), np.zeros((1, 2))),
        initial_level=np.where(x < 0, left, right)[None, None],
        output_times=np.array([time]),
        solve=solve,
        scheme=Scheme(theta=theta),
    )
    depth: Floats = result.levels[0, 0, 0]
    return np.asarray(x, dtype=np.float64), depth, float(result.mass_error[0])
