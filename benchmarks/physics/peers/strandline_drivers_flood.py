"""Strandline's fused solver on the same storm, with every driver that it knows."""

import numpy as np
from report import Storm, main

from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.structures import Gate, Pump
from strandline.simulator.hydrodynamics.walls import NORTH, WEST, Walls


def flood(storm: Storm, seconds: float) -> tuple[int, int, np.ndarray, str]:
    bed = storm["bed"]
    rows, columns = bed.shape
    time = np.append(storm["time"][storm["time"] < seconds], seconds)
    series = np.ones((1, time.size))
    low, high, left, right = rows // 4, 3 * rows // 4, columns // 2, columns - columns // 8
    sides, ends = np.arange(low, high), np.arange(left, right)  # of a ring dike about a rectangle
    face = np.repeat([WEST, NORTH], [2 * sides.size, 2 * ends.size])
    row = np.concatenate([sides, sides, np.full(ends.size, low), np.full(ends.size, high)])
    column = np.concatenate([np.full(sides.size, left), np.full(sides.size, right), ends, ends])
    walls = Walls(
        face, row, column, np.full(face.size, 2.0),
        fails_at=np.where(row == rows // 2, 1.5, np.inf), breach_level=np.zeros(face.size),
        waves_from=((face == WEST) & (column == left)).astype(np.int64),
    )  # fmt: skip
    inside = (rows // 2, left + 2)
    basin = Basin(
        bed, np.full(bed.shape, float(storm["manning"])), float(storm["cell_size"]), storm["sea"],
        inflow_cells=((rows // 8, columns - 2),), walls=walls,
        structures=(Pump(inside, None, 2.0, 0.5, 0.2), Gate(inside, (rows // 2, left - 2), 2.0, one_way=True)),
        infiltration=(np.full(bed.shape, 1e-6), np.full(bed.shape, 0.02)),
    )  # fmt: skip
    forcing = Forcing(
        time, np.interp(time, storm["time"], storm["level"])[None], discharge=50.0 * series[..., None],
        rain=2e-6 * series, wave_height=1.0 * series, wave_period=5.0 * series,
    )  # fmt: skip
    start = np.array([float(storm["initial_level"])])
    result = inundate(basin, forcing, initial_level=start, output_times=time[-1:], wet_depth=0.1)
    note = "fused loop, with rain, soil, a river, walls that fail, waves, a pump, a gate and times of arrival"
    return bed.size, result.cell_steps // bed.size, result.levels[0, 0] - bed, note


main("strandline", flood)
