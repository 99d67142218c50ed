"""Scenes of a flat as the benchmark reads them: wet, dry or unknown, and where the flat lies."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import Transformer
from scipy import ndimage

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.sea_level.scenes.water_scenes import WaterScenes

WET = 0.1
"""Water index above which a cell counts as wet (DEA Intertidal's threshold of NDWI)."""
FEWEST_CLEAR = 0.05
"""Share of a scene that must be clear for it to be learnt from."""


@dataclass(frozen=True, eq=False)
class Flat:
    """Scenes of one flat.

    Attributes:
        water: (N scenes, H·W cells), rows of the grid one after the other.
        shape: (H, W).
        longitude, latitude: of its middle [degrees].
        cell: edge of a cell [m].
        elevation: (H·W,) of a survey [m, any datum], NaN = not surveyed; ``None`` = there is none.
    """

    water: WaterScenes
    shape: tuple[int, int]
    longitude: float
    latitude: float
    cell: float
    elevation: Floats | None = None

    def take(self, scenes: Mask | slice) -> "Flat":
        """Some of its scenes."""
        return Flat(self.water.take(scenes), self.shape, self.longitude, self.latitude, self.cell, self.elevation)

    @property
    def left_half(self) -> Mask:
        """(H·W,) cells of the first half of the columns."""
        return np.broadcast_to(np.arange(self.shape[1]) < self.shape[1] // 2, self.shape).ravel()

    def distance_to(self, cells: Mask) -> Floats:
        """(H·W,) distance to the nearest of some cells [km]; to the grid's edge where there are none."""
        away = ~cells.reshape(self.shape)
        if away.all():
            away = np.pad(away, 1)
            return np.asarray(ndimage.distance_transform_edt(away))[1:-1, 1:-1].ravel() * self.cell / 1000.0
        return np.asarray(ndimage.distance_transform_edt(away)).ravel() * self.cell / 1000.0


def read_flat(path: Path) -> Flat:
    """A flat from ``ndwi (scene, y, x)``, ``time`` (UTC), ``x``, ``y``, ``crs`` and, where surveyed, ``elevation``.

    Raises:
        InputError: a part is missing, or no cell was ever seen.
    """
    with np.load(path) as file:
        missing = [name for name in ("ndwi", "time", "x", "y", "crs") if name not in file]
        if missing:
            raise InputError(
                path, f"has no array {missing}", "write ndwi, time, x, y and crs as in docs/how-to/tidal-flats"
            )
        index, time = file["ndwi"].astype(np.float64), file["time"].astype("datetime64[s]")
        x, y, crs = file["x"], file["y"], str(file["crs"])
        surveyed = file["elevation"].astype(float).ravel() if "elevation" in file else None
    wet = np.where(np.isfinite(index), (index > WET).astype(float), np.nan).reshape(len(index), -1)
    if not np.isfinite(wet).any():
        raise InputError(path, "has no clear cell", "check that unknown cells alone are NaN")
    middle = Transformer.from_crs(crs, 4326, always_xy=True).transform(float(np.mean(x)), float(np.mean(y)))
    order = np.argsort(time, kind="stable")
    rows, columns = index.shape[1:]
    water, cell = WaterScenes(time[order], wet[order]), float(np.abs(x[-1] - x[0]) / max(len(x) - 1, 1))
    return Flat(water, (rows, columns), float(middle[0]), float(middle[1]), cell, surveyed)


def split_by_time(flat: Flat, share: float) -> tuple[Flat, Flat]:
    """The first scenes, that share of all, and the later ones."""
    first = round(share * len(flat.water))
    return flat.take(slice(0, first)), flat.take(slice(first, None))


def to_learn_from(flat: Flat) -> Flat:
    """The scenes that are clear enough."""
    return flat.take(flat.water.seen.mean(axis=1) >= FEWEST_CLEAR)
