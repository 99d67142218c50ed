"""Scenes of a flat as the benchmark reads them: wet, dry or unknown, and where the flat lies."""

from dataclasses import dataclass, replace
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
FEWEST_SCENES, FEWEST_CELLS = 20, 20
"""Clear scenes to learn from, and cells that change on them, as in a run."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells of one size.

    Attributes:
        crs: of x and y; x, y: (W,), (H,) of the middles of the cells [m].
    """

    crs: str
    x: Floats
    y: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y.size, self.x.size

    @property
    def cell(self) -> float:
        """Edge of a cell [m]."""
        return float(np.abs(self.x[-1] - self.x[0]) / max(self.x.size - 1, 1))

    def is_same(self, other: "Grid") -> bool:
        """Whether both have the same cells, in the same order."""
        return (self.crs, self.shape) == (other.crs, other.shape) and all(
            np.allclose(ours, theirs, rtol=0.0, atol=0.1 * self.cell)
            for ours, theirs in ((self.x, other.x), (self.y, other.y))
        )

    def __str__(self) -> str:
        rows, columns = self.shape
        return f"{self.crs}, {rows} × {columns} cells of {self.cell:g} m from x {self.x[0]:.10g}, y {self.y[0]:.10g}"


@dataclass(frozen=True, eq=False)
class Flat:
    """Scenes of one flat.

    Attributes:
        water: (N scenes, H·W cells), rows of the grid one after the other.
        grid: of the cells.
        longitude, latitude: of its middle [degrees].
        elevation: (H·W,) of a survey [m, any datum], NaN = not surveyed; ``None`` = there is none.
    """

    water: WaterScenes
    grid: Grid
    longitude: float
    latitude: float
    elevation: Floats | None = None

    def take(self, scenes: Mask | slice) -> "Flat":
        """Some of its scenes."""
        return replace(self, water=self.water.take(scenes))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.grid.shape

    @property
    def left_half(self) -> Mask:
        """(H·W,) cells of the first half of the columns."""
        return np.broadcast_to(np.arange(self.shape[1]) < self.shape[1] // 2, self.shape).ravel()

    def distance_to(self, cells: Mask) -> Floats:
        """(H·W,) distance to the nearest of some cells [km]; to the grid's edge where there are none."""
        away = ~cells.reshape(self.shape)
        if away.all():
            away = np.pad(away, 1)
            return np.asarray(ndimage.distance_transform_edt(away))[1:-1, 1:-1].ravel() * self.grid.cell / 1000.0
        return np.asarray(ndimage.distance_transform_edt(away)).ravel() * self.grid.cell / 1000.0


def read_flat(path: Path) -> Flat:
    """A flat from ``ndwi (scene, y, x)``, ``time`` (UTC), ``x``, ``y``, ``crs`` and, where surveyed, ``elevation``.

    Raises:
        InputError: a part is missing or does not fit the others, or no cell was ever seen.
    """
    held = _arrays(path)
    index, time, x, y = held["ndwi"], held["time"], held["x"].astype(float), held["y"].astype(float)
    expected = (time.size, y.size, x.size)
    if index.shape != expected:
        what = f"'ndwi' has the shape {index.shape}, times, y and x have {expected}"
        raise InputError(path, what, "store it as (scene, y, x), one time for each scene")
    if np.isnat(time).any():
        raise InputError(path, f"{int(np.isnat(time).sum())} scenes have no time", "give each its time in UTC")
    index = index.astype(np.float64)
    wet = np.where(np.isfinite(index), (index > WET).astype(float), np.nan).reshape(len(index), -1)
    if not np.isfinite(wet).any():
        raise InputError(path, "has no clear cell", "check that unknown cells alone are NaN")
    crs = str(held["crs"])
    middle = Transformer.from_crs(crs, 4326, always_xy=True).transform(float(np.mean(x)), float(np.mean(y)))
    order = np.argsort(time, kind="stable")
    surveyed = held["elevation"].astype(float).ravel() if "elevation" in held else None
    grid = Grid(crs, x, y)
    return Flat(WaterScenes(time[order], wet[order]), grid, float(middle[0]), float(middle[1]), surveyed)


def read_later(path: Path, earlier: Flat) -> Flat:
    """Scenes of the same flat that were taken after all of those that are learnt from.

    Raises:
        InputError: as `read_flat`; another grid; or a scene that is not later.
    """
    later = read_flat(path)
    if not later.grid.is_same(earlier.grid):
        what = f"has another grid: {later.grid}, not {earlier.grid}"
        raise InputError(path, what, "resample to the cells of --scenes, in the same order of x and y")
    last = earlier.water.time.max()
    early = int((later.water.time <= last).sum())
    if early:
        what = f"{early} of {len(later.water)} scenes are not later than the last of --scenes ({last})"
        raise InputError(path, what, "leave them out: what is predicted must not be learnt from")
    return later


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, times as such."""
    try:
        with np.load(path) as file:
            held = {name: file[name] for name in file.files}
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(path, f"cannot be read as NPZ ({error})", "write it by numpy.savez_compressed") from error
    missing = [name for name in ("ndwi", "time", "x", "y", "crs") if name not in held]
    if missing:
        raise InputError(
            path, f"has no array {missing}", "write ndwi, time, x, y and crs as in docs/how-to/tidal-flats"
        )
    try:
        if held["time"].dtype.kind not in "MUS":
            raise ValueError
        held["time"] = held["time"].astype("datetime64[s]")
    except ValueError as error:
        remedy = "write UTC as datetime64, or as text like 2019-01-02T00:59:08"
        raise InputError(path, f"'time' holds no times ({held['time'].dtype})", remedy) from error
    return held


def split_by_time(flat: Flat, share: float) -> tuple[Flat, Flat]:
    """The first scenes, that share of all, and the later ones."""
    first = round(share * len(flat.water))
    return flat.take(slice(0, first)), flat.take(slice(first, None))


def to_learn_from(flat: Flat) -> Flat:
    """The scenes that are clear enough."""
    return flat.take(flat.water.seen.mean(axis=1) >= FEWEST_CLEAR)


def require_enough(earlier: Flat, path: Path) -> None:
    """Refuse what no tide can be fitted to.

    Raises:
        InputError: too few clear scenes, or too few cells that change.
    """
    cells = int(earlier.water.changes.sum())
    if len(earlier.water) < FEWEST_SCENES:
        what = f"{len(earlier.water)} scenes to learn from are clear enough, fewer than {FEWEST_SCENES}"
        raise InputError(path, what, "add scenes, better over a year or more")
    if cells < FEWEST_CELLS:
        what = f"{cells} cells are now wet, now dry, fewer than {FEWEST_CELLS}"
        raise InputError(path, what, f"check the index (wet above {WET:g}), or take ground between the tides")
