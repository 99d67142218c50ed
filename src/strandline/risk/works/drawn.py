"""Works drawn on the map, and the walls that their lines are on a grid.

A line becomes walls on the faces between cells: those whose two centres it separates. A closed line thus leaves no way
from its inside to its outside, however it is turned. A gap is open over one whole face at least, because what is
narrower than a cell would else be lost, and with it the water that comes through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import shapely
from shapely import LineString, Point, Polygon

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.region import Region
from strandline.simulator.hydrodynamics.walls import NORTH, WEST, Walls

JOINED = 1.0
"""Distance up to which two ends of lines are one [m]; hands and rounding are no better."""
NEAR = 1.5
"""Distance from a wall within which an end that does not touch it leaves a gap that the grid may miss [cells]."""
_PIECE = 8
"""Length of the pieces whose faces are looked for together [cells]."""
MANGROVES = (-39.0, 33.0)
"""Latitudes [degrees] between which mangroves grow, from Corner Inlet in Australia (38.9° S) to Bermuda (32.3° N)."""
LineKind = Literal["embankment", "raised_road"]


@dataclass(frozen=True)
class Embankment:
    """A line that holds water back up to its crest, without failing before: an embankment, or a road raised as one.

    Attributes:
        line: in the region's CRS [m]; closed where it ends where it begins.
        crest: [m, region datum].
    """

    line: LineString
    crest: float
    kind: LineKind = "embankment"


@dataclass(frozen=True)
class Gap:
    """An opening in the drawn lines, down to the ground.

    Attributes:
        point: in the region's CRS [m].
        width: [m]; one face of the grid is open at least.
    """

    point: Point
    width: float


@dataclass(frozen=True)
class RetreatZone:
    """Land that people leave: nothing of value and nobody stays in it. Water may still come.

    Attributes:
        area: in the region's CRS [m].
    """

    area: Polygon


@dataclass(frozen=True)
class Gate:
    """An opening in a drawn line that is shut against a high sea.

    Attributes:
        point: in the region's CRS [m].
        area: of the opening [m2].
        closes_at: sea in front of it at which it is shut [m, region datum].
    """

    point: Point
    area: float
    closes_at: float


@dataclass(frozen=True)
class Pump:
    """A pump that throws the water about it into the sea, without a break.

    Attributes:
        point: in the region's CRS [m].
        capacity: [m3 s-1].
    """

    point: Point
    capacity: float


@dataclass(frozen=True)
class MangroveBelt:
    """A grown belt of mangroves, which slows water that flows through it.

    Attributes:
        area: in the region's CRS [m].
    """

    area: Polygon


@dataclass(frozen=True)
class Shelter:
    """A building that people reach before the water does; it changes no flood.

    Attributes:
        point: in the region's CRS [m].
        room: people.
    """

    point: Point
    room: int


Work = Embankment | Gap | RetreatZone | Gate | Pump | MangroveBelt | Shelter
Face = tuple[int, int, int]
"""Kind of face, row, column."""


def cell_of(what: str, point: Point, region: Region) -> tuple[int, int]:
    """Row and column of the cell of a work.

    Raises:
        InputError: it lies on the outer edge of the region.
    """
    row, column = (int(each[0]) for each in region.cells_of(np.array([point.x]), np.array([point.y])))
    if row < 0:
        raise InputError(what, "lies on the edge of the region", "move it into the map")
    return row, column


def walls_of(works: Sequence[Work], region: Region) -> tuple[Walls, tuple[str, ...]]:
    """The drawn lines as walls, and what the grid cannot show of them, in sentences.

    Raises:
        InputError: a gap that lies on no drawn line.
    """
    lines = [work for work in works if isinstance(work, Embankment)]
    crests: dict[Face, float] = {}
    notes: list[str] = []
    for work in lines:
        faces = _faces_across(work.line, region)
        if not faces:
            notes.append("A line is shorter than a cell, or lies outside the region: it holds nothing back.")
        for face in faces:
            crests[face] = max(crests.get(face, -np.inf), work.crest)
    opened: set[Face] = set()
    for gap in (work for work in works if isinstance(work, Gap)):
        near = _on_line("gap", crests, gap.point, region)
        opened |= {near[0][1]} | {face for distance, face in near if distance <= gap.width / 2}
        if gap.width < region.cell_size:
            notes.append(f"A gap of {gap.width:g} m counts as one cell wide ({region.cell_size:g} m).")
    for end, distance in _loose_ends(lines, NEAR * region.cell_size):
        near = _near(crests, end, region)
        if near:
            opened.add(near[0][1])
            notes.append(f"A line ends {distance:.0f} m before another: a gap of one cell ({region.cell_size:g} m).")
    kept = [(*face, crest) for face, crest in crests.items() if face not in opened]
    table = np.array(kept, dtype=np.float64).reshape(-1, 4)
    face, row, column = table[:, :3].astype(np.int64).T
    return Walls(face, row, column, table[:, 3]), tuple(dict.fromkeys(notes))


def gate_faces(works: Sequence[Work], walls: Walls, region: Region) -> list[tuple[Gate, int]]:
    """Each gate with the number of the wall that it opens.

    Raises:
        InputError: a gate that lies on no drawn line.
    """
    faces = list(zip(walls.face.tolist(), walls.row.tolist(), walls.column.tolist(), strict=True))
    crests = dict(zip(faces, walls.crest.tolist(), strict=True))
    gates = [work for work in works if isinstance(work, Gate)]
    return [(gate, faces.index(_on_line("gate", crests, gate.point, region)[0][1])) for gate in gates]


def dammed_water(walls: Walls, land: Mask, region: Region) -> tuple[str, ...]:
    """A sentence where walls stand in permanent water: a line across a river closes it, which its author may not mean.

    Args:
        land: (H, W) no permanent water.
    """
    row, column, is_north = walls.row, walls.column, walls.face == NORTH
    in_water = ~land[row, column] & ~land[row - is_north, column - ~is_north]
    if not in_water.any():
        return ()
    length = region.cell_size * int(in_water.sum())
    return (
        f"A line stands in permanent water over about {length:g} m, and dams it: what a river brings, drainage and"
        " boats are in no number here. End the line at the banks, or draw a gap or a gate where water has to pass.",
    )


def _faces_across(line: LineString, region: Region) -> set[Face]:
    """(face, row, column) of the faces whose two centres a line separates."""
    found: set[Face] = set()
    points = shapely.get_coordinates(shapely.segmentize(line, _PIECE * region.cell_size))
    for start, end in pairwise(points):
        piece = LineString([start, end])
        rows, columns = _cells_about(piece, region)
        for face, (down, along) in ((WEST, (0, 1)), (NORTH, (1, 0))):
            row, column = (each.ravel() for each in np.meshgrid(rows, columns, indexing="ij"))
            inside = (row >= down) & (column >= along)
            row, column = row[inside], column[inside]
            crossed = shapely.intersects(piece, _links(row, column, down, along, region))
            found |= {(face, int(r), int(c)) for r, c in zip(row[crossed], column[crossed], strict=True)}
    return found


def _cells_about(piece: LineString, region: Region) -> tuple[Indices, Indices]:
    """Rows and columns of the cells about a piece of a line."""
    west, south, east, north = piece.bounds
    left, _, _, top = region.bounds
    height, width = region.shape
    size = region.cell_size
    first, last = int((top - north) // size) - 1, int((top - south) // size) + 1
    start, stop = int((west - left) // size) - 1, int((east - left) // size) + 1
    return np.arange(max(first, 0), min(last + 1, height - 1) + 1), np.arange(
        max(start, 0), min(stop + 1, width - 1) + 1
    )


def _links(row: Indices, column: Indices, down: int, along: int, region: Region) -> Floats:
    """Lines between the centres of cells and of their northern or western neighbours."""
    here = np.column_stack([region.x[column], region.y[row]])
    there = np.column_stack([region.x[column - along], region.y[row - down]])
    return np.asarray(shapely.linestrings(np.stack([here, there], axis=1)))


def _on_line(what: str, crests: dict[Face, float], point: Point, region: Region) -> list[tuple[float, Face]]:
    """As `_near`, of a work that has to stand on a line."""
    near = _near(crests, point, region)
    if not near or near[0][0] > NEAR * region.cell_size:
        raise InputError(what, "lies on no drawn line", "put it on an embankment or a raised road")
    return near


def _near(crests: dict[Face, float], point: Point, region: Region) -> list[tuple[float, Face]]:
    """Distance [m] of a point from the link across each walled face, and the face; the nearest first."""
    if not crests:
        return []
    faces = list(crests)
    table = np.array(faces)
    links = np.empty(len(faces), dtype=object)
    for face, (down, along) in ((WEST, (0, 1)), (NORTH, (1, 0))):
        own = table[:, 0] == face
        links[own] = _links(table[own, 1], table[own, 2], down, along, region)
    distance = shapely.distance(point, links)
    return sorted(zip(distance.tolist(), faces, strict=True))


def _loose_ends(lines: Sequence[Embankment], reach: float) -> list[tuple[Point, float]]:
    """Ends of lines that stop short of another line, or of their own beginning, by less than ``reach`` [m]."""
    found = []
    for number, work in enumerate(lines):
        if work.line.is_closed:
            continue
        start, end = Point(work.line.coords[0]), Point(work.line.coords[-1])
        others = [each.line for place, each in enumerate(lines) if place != number]
        for here, opposite in ((start, end), (end, start)):
            distance = min([here.distance(opposite), *(here.distance(each) for each in others)])
            if JOINED < distance < reach and len(work.line.coords) > 1:
                found.append((here, distance))
    return found
