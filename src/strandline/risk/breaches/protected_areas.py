"""Protected areas: low land that the sea reaches only through an embankment line."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, label

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.risk.breaches.stretches import NO_STRETCH
from strandline.simulator.hydrodynamics.walls import NORTH, WEST

THICKNESS = 2
"""Cells of embankment between the water outside and the land behind at most: a line on a grid."""
_ALL_AROUND = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, eq=False)
class Faces:
    """N faces between an embankment cell with open water or land before it, and a cell of the area behind.

    Attributes:
        face, row, column: as of `Walls`.
        inside: (N, 2) row and column of the cell behind; ``outside``: of the embankment cell.
        stretch: (N,) number of the stretch.
    """

    face: Indices
    row: Indices
    column: Indices
    inside: Indices
    outside: Indices
    stretch: Indices


@dataclass(frozen=True, eq=False)
class ProtectedArea:
    """Connected land behind embankments.

    Attributes:
        cells: (H, W) that belong to it.
        faces: through which the sea may enter.
        stretches: (K,) numbers of the stretches before it.
    """

    cells: Mask
    faces: Faces

    @property
    def stretches(self) -> Indices:
        """(K,) numbers of the stretches before it, ascending."""
        return np.unique(self.faces.stretch)


def find_protected_areas(ground: Floats, sea: Mask, of_stretch: Indices, highest: float) -> list[ProtectedArea]:
    """The land that a sea of the ``highest`` level [m, region datum] reaches through embankment cells alone.

    Water passes from a cell to its four neighbours, where the ground is below the level. Land that the sea reaches
    around the end of a line is behind no embankment. A gap that is narrower than a cell counts as closed.

    Args:
        ground: (H, W) [m, region datum]; NaN = unknown, where no water passes.
        sea: (H, W) open sea.
        of_stretch: (H, W) as of `stretch_of_cells`.
    """
    line = of_stretch != NO_STRETCH
    low = (ground < highest) | sea
    outside = _reached(low & ~line, sea)
    behind = _reached(low | line, sea) & ~outside & ~line & ~np.isnan(ground)
    exposed = line & binary_dilation(outside, _ALL_AROUND, iterations=THICKNESS)
    parts, count = label(behind)
    areas = []
    for number in range(1, count + 1):
        cells = parts == number
        faces = _faces(cells, exposed, of_stretch)
        if len(faces.face):
            areas.append(ProtectedArea(cells, faces))
    return areas


def _reached(passable: Mask, sea: Mask) -> Mask:
    """Passable cells that are connected to the sea."""
    parts, _ = label(passable)
    wanted = np.unique(parts[sea & passable])
    reached: Mask = np.isin(parts, wanted[wanted > 0])
    return reached


def _faces(cells: Mask, exposed: Mask, of_stretch: Indices) -> Faces:
    found = []
    for face, here, before in ((WEST, np.s_[:, 1:], np.s_[:, :-1]), (NORTH, np.s_[1:, :], np.s_[:-1, :])):
        step = (0, 1) if face == WEST else (1, 0)
        for inner, outer, inner_is_here in ((here, before, True), (before, here, False)):
            row, column = np.nonzero(cells[inner] & exposed[outer])
            first = np.column_stack([row, column])  # west or north of the face
            second = first + step
            inside, outside = (second, first) if inner_is_here else (first, second)
            found.append(np.column_stack([np.full(row.size, face), second, inside, outside]))
    table = np.concatenate(found).astype(np.int64)
    stretch = of_stretch[table[:, 5], table[:, 6]]
    return Faces(table[:, 0], table[:, 1], table[:, 2], table[:, 3:5], table[:, 5:7], stretch)
