"""geoswe's Solver2D on numpy (HLLC, first order: its documented flood scheme) on the same storm."""

import os

os.environ["GEOSWE_BACKEND"] = "numpy"

import numpy as np
from geoswe import Config, Mesh2D, Solver2D, StageBoundary
from report import Storm, main


def flood(storm: Storm, seconds: float) -> tuple[int, int, np.ndarray, str]:
    bed = storm["bed"]
    size = float(storm["cell_size"])
    mesh = Mesh2D(nx=bed.shape[0], ny=bed.shape[1], dx=size, dy=size)
    sea = StageBoundary.from_mask(storm["sea"], mesh, bed, storm["time"], storm["level"])
    settings = Config(friction="manning", stage_boundary=sea, bc_x="wall", bc_y="wall")
    state = np.zeros((3, *bed.shape))
    state[0] = np.maximum(float(storm["initial_level"]) - bed, 0.0)
    solver = Solver2D(mesh, settings, state, bed)
    solver.set_manning(float(storm["manning"]))
    steps = solver.run(t_end=seconds)
    return bed.size, steps, solver.depth(), "full shallow water, HLLC, numpy backend"


main("geoswe", flood)
