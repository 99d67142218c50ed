"""A region: a rectangle of square cells in a projected CRS, with a vertical datum."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from affine import Affine
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from strandline.errors import InputError


@dataclass(frozen=True)
class Region:
    """A region and its grid. Row 0 is the north edge.

    Attributes:
        name: of the region, for messages and products.
        crs: a projected coordinate reference system in metres, e.g. ``EPSG:32633``.
        bounds: left, bottom, right, top [m] in ``crs``; a whole number of cells.
        cell_size: edge of a cell [m].
        vertical_datum: reference of every elevation and level.
        sea_point: x, y [m] of a point in the open sea, from which floods enter. For a window of a region it may lie
            outside.
        continent: which of the JRC depth-damage curves apply (``asia``, ``europe``, …).
    """

    name: str
    crs: str
    bounds: tuple[float, float, float, float]
    cell_size: float
    vertical_datum: str
    sea_point: tuple[float, float]
    continent: str

    def __post_init__(self) -> None:
        where = f"region '{self.name}'"
        try:
            crs = CRS.from_user_input(self.crs)
        except CRSError as error:
            raise InputError(where, f"CRS {self.crs!r} is unknown", "use e.g. EPSG:32633") from error
        if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
            raise InputError(where, f"CRS {self.crs} is not projected in metres", "use e.g. UTM")
        left, bottom, right, top = self.bounds
        if not (left < right and bottom < top):
            raise InputError(where, f"bounds {self.bounds} are empty", "order them left, bottom, right, top")
        if not (self.cell_size > 0 and np.isfinite(self.bounds).all()):
            what = f"bounds {self.bounds} and cell size {self.cell_size:g} do not form a grid"
            raise InputError(where, what, "give finite bounds and a cell size above 0")
        for length in (right - left, top - bottom):
            if abs(length / self.cell_size - round(length / self.cell_size)) > 1e-6:
                what = f"{length:g} m is not a whole number of {self.cell_size:g} m cells"
                raise InputError(where, what, "move a bound or change the cell size")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        left, bottom, right, top = self.bounds
        return round((top - bottom) / self.cell_size), round((right - left) / self.cell_size)

    @property
    def transform(self) -> Affine:
        """From (column, row) to (x, y) [m]."""
        return Affine(self.cell_size, 0, self.bounds[0], 0, -self.cell_size, self.bounds[3])

    @property
    def x(self) -> npt.NDArray[np.float64]:
        """Cell centres, west to east [m]."""
        return np.asarray(self.bounds[0] + (np.arange(self.shape[1]) + 0.5) * self.cell_size)

    @property
    def y(self) -> npt.NDArray[np.float64]:
        """Cell centres, north to south [m]."""
        return np.asarray(self.bounds[3] - (np.arange(self.shape[0]) + 0.5) * self.cell_size)

    @property
    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """West, south, east and north [degrees] of the smallest rectangle that holds the region."""
        to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        west, south, east, north = to_degrees.transform_bounds(*self.bounds)
        return float(west), float(south), float(east), float(north)

    @property
    def centre_lonlat(self) -> tuple[float, float]:
        """Longitude and latitude of the centre [degrees]."""
        left, bottom, right, top = self.bounds
        to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        longitude, latitude = to_degrees.transform((left + right) / 2, (bottom + top) / 2)
        return float(longitude), float(latitude)

    @property
    def sea_point_lonlat(self) -> tuple[float, float]:
        """Longitude and latitude of the sea point [degrees]."""
        to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        longitude, latitude = to_degrees.transform(*self.sea_point)
        return float(longitude), float(latitude)

    def window(self, rows: slice, columns: slice) -> Self:
        """A sub-region of these rows and columns, with the same sea point."""
        left, top, size = self.bounds[0], self.bounds[3], self.cell_size
        across, down = range(self.shape[1])[columns], range(self.shape[0])[rows]
        west, north = left + across.start * size, top - down.start * size
        return replace(self, bounds=(west, north - len(down) * size, west + len(across) * size, north))

    def refined(self, parts: int) -> Self:
        """The same region in cells of which ``parts`` lie along the edge of one of these."""
        return replace(self, cell_size=self.cell_size / parts)

    def cells_of(
        self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Row and column of points [m]; −1 where a point lies outside."""
        column = np.floor((np.asarray(x) - self.bounds[0]) / self.cell_size).astype(np.int64)
        row = np.floor((self.bounds[3] - np.asarray(y)) / self.cell_size).astype(np.int64)
        inside = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        return np.where(inside, row, -1), np.where(inside, column, -1)
