"""landlab's OverlandFlow (de Almeida et al. 2012) on the same storm; α = 0.3, its stable setting here."""

import numpy as np
from landlab import RasterModelGrid
from landlab.components import OverlandFlow
from report import Storm, main


def flood(storm: Storm, seconds: float) -> tuple[int, int, np.ndarray, str]:
    bed = storm["bed"]
    grid = RasterModelGrid(bed.shape, xy_spacing=float(storm["cell_size"]))
    z = grid.add_field("topographic__elevation", bed.ravel().copy(), at="node")
    h = grid.add_zeros("surface_water__depth", at="node")
    h[:] = np.maximum(float(storm["initial_level"]) - z, 1e-5)
    grid.set_closed_boundaries_at_grid_edges(True, True, False, True)  # right, top, left, bottom
    sea = np.flatnonzero(storm["sea"].ravel())
    flow = OverlandFlow(grid, alpha=0.3, mannings_n=float(storm["manning"]), steep_slopes=True)
    clock, steps = 0.0, 0
    while clock < seconds:
        h[sea] = np.maximum(np.interp(clock, storm["time"], storm["level"]) - z[sea], 1e-5)
        step = min(flow.calc_time_step(), seconds - clock)
        flow.run_one_step(dt=step)
        clock, steps = clock + step, steps + 1
    return bed.size, steps, h.reshape(bed.shape), "OverlandFlow, alpha 0.3, steep_slopes"


main("landlab", flood)
