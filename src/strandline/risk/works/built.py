"""What drawn works are to the water: walls, gates, pumps, and rough ground."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region
from strandline.risk.works import drawn
from strandline.risk.works.drawn import MangroveBelt, Work, cell_of, dammed_water, gate_faces, walls_of
from strandline.risk.works.still_water import lowest_sills
from strandline.risk.works.trial_ground import TrialGround
from strandline.simulator.hydrodynamics import structures
from strandline.simulator.hydrodynamics.structures import Structure
from strandline.simulator.hydrodynamics.walls import NORTH, Walls

DISCHARGE = 0.6
"""Coefficient of discharge of a gate's opening [-]: a sharp edge; Chow (1959), Open-channel hydraulics."""
MANGROVE_ROUGHNESS = 0.138
"""Manning's n of grown mangroves in Florida [s m-1/3]; Medeiros (2023), J. Mar. Sci. Eng. 11, 2053."""


@dataclass(frozen=True, eq=False)
class Built:
    """Works on the grid.

    Attributes:
        walls: what the drawn lines are.
        structures: gates and pumps.
        mangroves: (H, W) cells in which mangroves grow; ``None`` = none.
        shuts_late: (N,) walls with a gate that is still open when water stands on the ground before it.
    """

    walls: Walls
    structures: tuple[Structure, ...] = ()
    mangroves: Mask | None = None
    shuts_late: Mask | None = None

    @property
    def still_walls(self) -> Walls:
        """Of still water, which waits before a gate until it is let in, where the gate shuts late."""
        if self.shuts_late is None or not self.shuts_late.any():
            return self.walls
        kept = ~self.shuts_late
        one_by_one = {name: getattr(self.walls, name)[kept] for name in ("face", "row", "column", "crest")}
        return replace(self.walls, **one_by_one)

    def roughness(self, ground: TrialGround) -> Floats:
        """(H, W) Manning's n with the mangroves [s m-1/3]."""
        if self.mangroves is None:
            return ground.roughness
        return np.where(self.mangroves, np.maximum(ground.roughness, MANGROVE_ROUGHNESS), ground.roughness)


def build(works: Sequence[Work], ground: TrialGround) -> tuple[Built, tuple[str, ...]]:
    """The works on the grid, and what to know about them there, in sentences.

    Raises:
        InputError: a gap or a gate on no line, a gate or a pump on unknown ground.
    """
    region = ground.region
    walls, of_lines = walls_of(works, region)
    gates, shuts_late = _gates(works, walls, ground)
    pumps = [_pump(work, ground) for work in works if isinstance(work, drawn.Pump)]
    belts = [work.area for work in works if isinstance(work, MangroveBelt)]
    mangroves = _inside(belts, region) & ~np.isnan(ground.bed) if belts else None
    notes = [*dammed_water(walls, ground.land, region), *of_lines]
    if mangroves is not None and not mangroves.any():
        notes.append("A mangrove belt holds the middle of no cell: it does nothing here.")
    return Built(walls, (*gates, *pumps), mangroves, shuts_late), tuple(notes)


def _gates(works: Sequence[Work], walls: Walls, ground: TrialGround) -> tuple[list[structures.Gate], Mask]:
    """Gates between two cells, from the land to the side that the sea reaches first; and the walls that shut late."""
    shuts_late = np.zeros(len(walls), dtype=bool)
    sills = lowest_sills(ground.bed, ground.open_sea, walls, -np.inf)
    found = []
    for gate, number in gate_faces(works, walls, ground.region):
        row, column = int(walls.row[number]), int(walls.column[number])
        cells = [(row - 1, column) if walls.face[number] == NORTH else (row, column - 1), (row, column)]
        bed = [float(ground.bed[cell]) for cell in cells]
        if np.isnan(bed).any():
            raise InputError("gate", "stands beside unknown ground", "move it along the line")
        inner, outer = sorted(cells, key=lambda cell: -float(sills[cell]))
        found.append(structures.Gate(inner, outer, DISCHARGE * gate.area, closes_at=gate.closes_at))
        shuts_late[number] = gate.closes_at > max(bed)
    return found, shuts_late


def _pump(pump: drawn.Pump, ground: TrialGround) -> structures.Pump:
    cell = cell_of("pump", pump.point, ground.region)
    if np.isnan(ground.bed[cell]):
        raise InputError("pump", "stands on unknown ground", "move it")
    if not ground.land[cell]:
        raise InputError("pump", "stands in permanent water", "put it where water is to leave the land")
    return structures.Pump(cell, None, pump.capacity)


def _inside(areas: Sequence[shapely.Polygon], region: Region) -> Mask:
    """(H, W) whether the middle of a cell lies in an area."""
    x, y = np.meshgrid(region.x, region.y)
    return np.asarray(shapely.contains_xy(shapely.union_all(areas), x, y))
