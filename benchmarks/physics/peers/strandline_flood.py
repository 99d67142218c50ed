"""Strandline's fused solver on the same storm."""

import numpy as np
from report import Storm, main

from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate


def flood(storm: Storm, seconds: float) -> tuple[int, int, np.ndarray, str]:
    bed = storm["bed"]
    time = np.append(storm["time"][storm["time"] < seconds], seconds)
    level = np.interp(time, storm["time"], storm["level"])
    basin = Basin(bed, np.full(bed.shape, float(storm["manning"])), float(storm["cell_size"]), storm["sea"])
    start = np.array([float(storm["initial_level"])])
    result = inundate(basin, Forcing(time, level[None]), initial_level=start, output_times=time[-1:])
    return bed.size, result.cell_steps // bed.size, result.levels[0, 0] - bed, "fused loop, double precision"


main("strandline", flood)
