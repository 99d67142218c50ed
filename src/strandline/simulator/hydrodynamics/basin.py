"""The domain of a simulation: its ground, edges, walls and structures."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.simulator.hydrodynamics.local_inertia import WALL
from strandline.simulator.hydrodynamics.structures import Structure, cells_of
from strandline.simulator.hydrodynamics.subgrid import SubgridTables
from strandline.simulator.hydrodynamics.walls import Walls


@dataclass(frozen=True)
class Basin:
    """The domain of a simulation.

    Attributes:
        bed: (H, W), or (E, H, W) with one bed per storm for different breaches [m above the datum]; NaN is outside
            the domain, without flow.
        roughness: (H, W) Manning's n [s m-1/3].
        cell_size: edge of a square cell [m].
        open_boundary: (H, W) cells with prescribed water level.
        inflow_cells: (row, column) where rivers enter.
        walls: on faces between cells.
        structures: pumps and gates.
        infiltration: rate at which the ground takes water (H, W) [m s-1], and the room that it has (H, W) [m];
            ``None`` = it takes none.
        subgrid: tables of the fine ground in each cell, whose lowest point is then the bed; ``None`` = cells are flat.
    """

    bed: Floats
    roughness: Floats
    cell_size: float
    open_boundary: npt.NDArray[np.bool_]
    inflow_cells: tuple[tuple[int, int], ...] = ()
    walls: Walls = field(default_factory=Walls)
    structures: tuple[Structure, ...] = ()
    infiltration: tuple[Floats, Floats] | None = None
    subgrid: SubgridTables | None = None

    def __post_init__(self) -> None:
        bed = np.asarray(self.bed)
        if bed.ndim not in (2, 3) or 0 in bed.shape:
            raise InputError("basin", f"bed has shape {bed.shape}", "give (H, W) or (E, H, W)")
        shape = bed.shape[-2:]
        for name in ("roughness", "open_boundary"):
            if np.shape(getattr(self, name)) != shape:
                raise InputError("basin", f"{name} has shape {np.shape(getattr(self, name))}", f"give {shape}")
        if not np.isfinite(self.cell_size) or self.cell_size <= 0:
            raise InputError("basin", f"cell_size is {self.cell_size}", "give metres, more than 0")
        inside = np.isfinite(bed)
        if not inside.any():
            raise InputError("basin", "bed has no finite cell", "mark only cells outside the domain NaN")
        if np.isinf(bed).any() or np.abs(bed[inside]).max() >= WALL:
            raise InputError("basin", "bed holds values that are not elevations", "give metres; NaN outside the domain")
        everywhere: npt.NDArray[np.bool_] = inside if bed.ndim == 2 else np.all(inside, axis=0)
        roughness = np.asarray(self.roughness)[everywhere]
        if not (np.isfinite(roughness).all() and (roughness >= 0).all()):
            raise InputError("basin", "roughness has negative or missing values inside the domain", "give Manning's n")
        if np.asarray(self.open_boundary).dtype != np.bool_:
            raise InputError("basin", "open_boundary is not boolean", "give True where the level is prescribed")
        if (self.open_boundary & ~everywhere).any():
            raise InputError("basin", "an open cell lies outside the domain", "give the cell a bed or close it")
        for row, column in self.inflow_cells:
            if not (0 <= row < shape[0] and 0 <= column < shape[1]) or not everywhere[row, column]:
                raise InputError("basin", f"inflow cell {(row, column)} lies outside the domain", "move the river")
            if self.open_boundary[row, column]:
                raise InputError("basin", f"inflow cell {(row, column)} is an open cell", "move the river inland")
        for structure in self.structures:
            for row, column in cells_of(structure):
                if not (0 <= row < shape[0] and 0 <= column < shape[1]) or not everywhere[row, column]:
                    raise InputError("basin", f"{structure} lies outside the domain", "move it")
        for index, most in ((self.walls.row, shape[0]), (self.walls.column, shape[1])):
            if ((index < 0) | (index >= most)).any():
                raise InputError("basin", "a wall lies outside the grid", "give rows and columns of its cells")
        if self.infiltration is not None:
            for values in self.infiltration:
                if np.shape(values) != shape or not (np.asarray(values)[everywhere] >= 0).all():
                    raise InputError("basin", "infiltration is not a rate and a room of each cell", f"give {shape}")
        if self.subgrid is not None:
            bottom = self.subgrid.bottom
            if bed.ndim != 2 or not np.array_equal(bottom, bed, equal_nan=True):
                raise InputError("basin", "bed is not the lowest ground of its subgrid tables", "give their bottom")
