"""The climate of cyclones of all basins: what it holds, and its file."""

from dataclasses import dataclass, fields
from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Mask
from strandline.observations.weather.cyclone_fields import offset_metres
from strandline.simulator.sea.cyclone_climate.grid import CELL, COLUMNS, ROWS, LandMask
from strandline.simulator.sea.cyclone_climate.processes.dissipation import Dissipation
from strandline.simulator.sea.cyclone_climate.processes.genesis import Genesis
from strandline.simulator.sea.cyclone_climate.processes.intensity import Intensity
from strandline.simulator.sea.cyclone_climate.processes.movement import Movement
from strandline.simulator.sea.cyclone_climate.stretch import Stretch

Part = TypeVar("Part")
_PARTS = {
    "genesis": Genesis, "movement": Movement, "intensity": Intensity, "dissipation": Dissipation, "stretch": Stretch,
    "land": LandMask,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class CycloneClimate:
    """Statistics of recorded cyclones from which new ones are drawn.

    Attributes:
        basins: names of IBTrACS, in the order of all numbers of basins.
        years: first and last year of the record.
        visits: (B, H, W) whether storms of a basin came into a cell or one beside it.
    """

    basins: tuple[str, ...]
    years: tuple[int, int]
    genesis: Genesis
    movement: Movement
    intensity: Intensity
    dissipation: Dissipation
    stretch: Stretch
    land: LandMask
    visits: Mask

    def basins_near(self, longitude: float, latitude: float, distance: float) -> tuple[str, ...]:
        """Basins of which a recorded storm came within about a distance [m] of a place [degrees]; most often none."""
        row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
        west = np.asarray((column + 0.5) * CELL)
        across = (west - longitude + 180.0) % 360.0 - 180.0
        east, north = offset_metres(
            longitude + across, (row + 0.5) * CELL - ROWS / 2 * CELL, np.asarray(longitude), np.asarray(latitude)
        )
        near = (np.hypot(east, north) <= distance).reshape(ROWS, COLUMNS)
        return tuple(name for name, visited in zip(self.basins, self.visits, strict=True) if np.any(visited & near))

    def number_of(self, basin: str) -> int:
        """Number of a basin.

        Raises:
            InputError: none of that name.
        """
        if basin not in self.basins:
            raise InputError("cyclone basin", f"'{basin}' is not known", f"give one of {', '.join(self.basins)}")
        return self.basins.index(basin)


def save_cyclone_climate(climate: CycloneClimate, path: Path) -> None:
    """Write the climate as a compressed file of plain arrays."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "basins": np.array(climate.basins),
        "years": np.array(climate.years),
        "visits": np.packbits(climate.visits),
    }
    for name, kind in _PARTS.items():
        part = getattr(climate, name)
        arrays |= {f"{name}.{field.name}": getattr(part, field.name) for field in fields(kind)}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_cyclone_climate(path: Path | None = None) -> CycloneClimate:
    """The climate that ships with the package, fitted to IBTrACS 1980-2024, or that of a file.

    The card beside the file (``climate.json``) says how it was made.
    """
    if path is None:
        with as_file(files(__package__) / "data" / "climate.npz") as shipped:
            return load_cyclone_climate(shipped)
    with np.load(path, allow_pickle=False) as arrays:
        basins = tuple(str(name) for name in arrays["basins"])
        first, last = (int(year) for year in arrays["years"])
        shape = (len(basins), ROWS, COLUMNS)
        visits = np.unpackbits(arrays["visits"])[: np.prod(shape)].reshape(shape).astype(bool)

        def read(name: str, kind: type[Part]) -> Part:
            return kind(**{field.name: arrays[f"{name}.{field.name}"] for field in fields(kind)})  # type: ignore[arg-type]

        return CycloneClimate(
            basins,
            (first, last),
            read("genesis", Genesis),
            read("movement", Movement),
            read("intensity", Intensity),
            read("dissipation", Dissipation),
            read("stretch", Stretch),
            read("land", LandMask),
            visits,
        )
