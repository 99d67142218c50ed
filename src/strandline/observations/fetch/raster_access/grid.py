"""The grid that rasters are brought on: square cells in the UTM zone of the box."""

import math
from dataclasses import dataclass
from typing import Self

from affine import Affine
from pyproj import Transformer

from strandline.observations.fetch.box import Box

_MARGIN = 500.0
"""[m] Around the box, for the interpolation of a reader and for the whole cells of a region."""


@dataclass(frozen=True)
class UtmGrid:
    """Square cells, row 0 in the north.

    Attributes:
        epsg: code of the UTM zone.
        bounds: left, bottom, right, top [m]; multiples of ``cell_size``.
        cell_size: [m]
    """

    epsg: int
    bounds: tuple[float, float, float, float]
    cell_size: float

    @classmethod
    def around(cls, box: Box, cell_size: float) -> Self:
        """The grid that holds a box and a margin, in the zone of its middle."""
        epsg = utm_zone(*box.centre)
        to_zone = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
        left, bottom, right, top = to_zone.transform_bounds(*box.bounds)

        def below(edge: float) -> float:
            return math.floor((edge - _MARGIN) / cell_size) * cell_size

        def above(edge: float) -> float:
            return math.ceil((edge + _MARGIN) / cell_size) * cell_size

        return cls(epsg, (below(left), below(bottom), above(right), above(top)), cell_size)

    @property
    def bounds_lonlat(self) -> tuple[float, float, float, float]:
        """West, south, east, north [degrees] of what holds it, cut at the antimeridian."""
        to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        west, south, east, north = to_degrees.transform_bounds(*self.bounds)
        if west > east:  # its margin lies beyond the antimeridian
            west, east = (west, 180.0) if self.epsg % 100 == 60 else (-180.0, east)
        return float(west), float(south), float(east), float(north)

    @property
    def crs(self) -> str:
        """As "EPSG:32645"."""
        return f"EPSG:{self.epsg}"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        left, bottom, right, top = self.bounds
        return round((top - bottom) / self.cell_size), round((right - left) / self.cell_size)

    @property
    def transform(self) -> Affine:
        """From (column, row) to (x, y) [m]."""
        return Affine(self.cell_size, 0.0, self.bounds[0], 0.0, -self.cell_size, self.bounds[3])


def utm_zone(longitude: float, latitude: float) -> int:
    """EPSG code of the UTM zone of a point [degrees]; without the exceptions of Norway and Svalbard."""
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return (32600 if latitude >= 0 else 32700) + zone
