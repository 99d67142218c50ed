"""ANUGA (finite volumes on triangles) on the same storm: as many triangles as the others have cells."""

import tempfile

import anuga
import numpy as np
from report import Storm, main


def flood(storm: Storm, seconds: float) -> tuple[int, int, np.ndarray, str]:
    bed = storm["bed"]
    rows, columns = bed.shape
    size = float(storm["cell_size"])
    # a cross of four triangles over 2 × 2 cells: the same area and number of unknowns
    domain = anuga.rectangular_cross_domain(columns // 2, rows // 2, len1=columns * size, len2=rows * size)
    domain.set_datadir(tempfile.mkdtemp())
    domain.set_store(False)

    def elevation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        column = np.clip((np.asarray(x) / size).astype(int), 0, columns - 1)
        row = np.clip(rows - 1 - (np.asarray(y) / size).astype(int), 0, rows - 1)
        return bed[row, column]

    domain.set_quantity("elevation", elevation, location="centroids")
    domain.set_quantity("friction", float(storm["manning"]))
    ground = domain.quantities["elevation"].centroid_values
    level = np.maximum(float(storm["initial_level"]), ground)
    domain.set_quantity("stage", level, location="centroids")
    wall = anuga.Reflective_boundary(domain)
    sea = anuga.Transmissive_n_momentum_zero_t_momentum_set_stage_boundary(
        domain, lambda t: float(np.interp(t, storm["time"], storm["level"]))
    )
    domain.set_boundary({"left": sea, "right": wall, "top": wall, "bottom": wall})
    steps = 0
    for _ in domain.evolve(yieldstep=300.0, finaltime=seconds):
        steps += domain.number_of_steps
    stage = domain.quantities["stage"].centroid_values - domain.quantities["elevation"].centroid_values
    centre = domain.get_centroid_coordinates()
    total, count = np.zeros(bed.shape), np.zeros(bed.shape)
    cell = (
        np.clip(rows - 1 - (centre[:, 1] / size).astype(int), 0, rows - 1),
        np.clip((centre[:, 0] / size).astype(int), 0, columns - 1),
    )
    np.add.at(total, cell, stage)
    np.add.at(count, cell, 1)
    depth = np.divide(total, count, out=np.full(bed.shape, np.nan), where=count > 0)
    return len(ground), steps, depth, f"full shallow water, {len(ground)} triangles of one cell's area"


main("anuga", flood)
