"""Faces between cells that a drawn line parts: where a thin dam of a SFINCS model stands."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Indices
from strandline.simulator.hydrodynamics.walls import NORTH, WEST


def faces_crossed(
    line: Sequence[tuple[float, float]], shape: tuple[int, int]
) -> tuple[Indices, Indices, Indices, Indices]:
    """Face, row and column of every face whose two cell centres a line parts, and which of its segments does.

    Args:
        line: (row, column) of its points; a cell's centre is at its indices plus one half.
        shape: (H, W) of the grid.
    """
    found: dict[tuple[int, int, int], int] = {}
    points = np.asarray(line, dtype=np.float64)
    for number, (begin, end) in enumerate(pairwise(points)):
        low = np.floor(np.minimum(begin, end) - 0.5).astype(int)
        high = np.ceil(np.maximum(begin, end) - 0.5).astype(int) + 1
        rows = np.arange(max(low[0], 0), min(high[0], shape[0] - 1) + 1)
        columns = np.arange(max(low[1], 0), min(high[1], shape[1] - 1) + 1)
        if not rows.size or not columns.size:
            continue
        row, column = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
        centre = np.stack([row + 0.5, column + 0.5], axis=1)
        for face, step in ((WEST, (0, -1)), (NORTH, (-1, 0))):
            inside = column > 0 if face == WEST else row > 0
            for at in np.flatnonzero(inside & _crosses(centre, centre + step, begin, end)):
                found.setdefault((face, int(row[at]), int(column[at])), number)
    ordered = sorted(found)
    faces = np.array(ordered, dtype=np.int64).reshape(-1, 3)
    return faces[:, 0], faces[:, 1], faces[:, 2], np.array([found[one] for one in ordered], dtype=np.int64)


def _crosses(first: Floats, second: Floats, begin: Floats, end: Floats) -> npt.NDArray[np.bool_]:
    """Whether the segments from first to second (M, 2) cross the one from begin to end (2,)."""

    def side(a: Floats, b: Floats, c: Floats) -> npt.NDArray[np.bool_]:
        turn = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
        return np.asarray(turn > 0)

    parts = side(begin, end, first) != side(begin, end, second)
    return np.asarray(parts & (side(first, second, begin) != side(first, second, end)))
