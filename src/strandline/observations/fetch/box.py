"""The box on the map that data is fetched for, in degrees."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pyproj import Transformer
from pyproj.exceptions import ProjError

from strandline.errors import InputError
from strandline.observations.region_file.toml_file import read_toml

EARTH_RADIUS = 6371.0088
"""[km] Mean radius of the Earth (IUGG, Moritz 2000)."""
LARGEST_AREA = 40_000.0
"""[km2] A square of 200 km: about 100 tiles of a run. A larger box is most often a slip of the pen."""
_FARTHEST_NORTH = 84.0
"""[degrees] UTM, in which the regions lie, ends there and at 80 degrees south."""
_FARTHEST_SOUTH = -80.0


@dataclass(frozen=True)
class Box:
    """A rectangle of longitudes and latitudes that does not cross the antimeridian.

    Attributes:
        west, east: longitude [degrees], -180 to 180; ``west`` < ``east``.
        south, north: latitude [degrees], -80 to 84, as UTM; ``south`` < ``north``.
    """

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        where = f"box {self}"
        if not all(map(math.isfinite, self.bounds)):
            raise InputError(where, "has a bound that is no number", "give west, south, east, north in degrees")
        if not (-180 <= self.west <= 180 and -180 <= self.east <= 180):
            raise InputError(where, "has a longitude beyond 180 degrees", "give longitudes from -180 to 180")
        if not (_FARTHEST_SOUTH <= self.south <= _FARTHEST_NORTH and _FARTHEST_SOUTH <= self.north <= _FARTHEST_NORTH):
            what = "has a latitude beyond 80 degrees south or 84 degrees north"
            raise InputError(where, what, "give west, south, east, north; is it longitude that stands there?")
        if self.south >= self.north:
            raise InputError(where, "has its south above its north", "order it west, south, east, north")
        if self.west >= self.east:
            what = "crosses the antimeridian, or has west and east swapped"
            remedy = (
                f"make two regions, {self.west:g} to 180 and -180 to {self.east:g}, or swap them"
                if self.west > self.east
                else "give it a width"
            )
            raise InputError(where, what, remedy)
        if self.area > LARGEST_AREA:
            what = f"covers {self.area:,.0f} km2; at most {LARGEST_AREA:,.0f} km2 are fetched at once"
            raise InputError(where, what, "choose a smaller box, or several")

    def __str__(self) -> str:
        return " ".join(f"{bound:g}" for bound in self.bounds)

    @property
    def file_stem(self) -> str:
        """The bounds to a thousandth of a degree, as they stand in names of files."""
        return "_".join(f"{bound:.3f}" for bound in self.bounds)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north [degrees]: the order of STAC, GeoJSON and osmnx 2."""
        return self.west, self.south, self.east, self.north

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude [degrees] of the middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    @property
    def area(self) -> float:
        """[km2] On the sphere: R² Δλ (sin φ_north − sin φ_south)."""
        heights = math.sin(math.radians(self.north)) - math.sin(math.radians(self.south))
        return EARTH_RADIUS**2 * math.radians(self.east - self.west) * heights

    def contains(self, longitude: float, latitude: float) -> bool:
        """Whether a point [degrees] lies within or on the edge."""
        return self.west <= longitude <= self.east and self.south <= latitude <= self.north

    def intersects(self, bounds: tuple[float, float, float, float]) -> bool:
        """Whether west, south, east, north [degrees] of something overlap it; a shared edge is no overlap."""
        west, south, east, north = bounds
        return west < self.east and east > self.west and south < self.north and north > self.south

    def distance(self, longitude: float, latitude: float) -> float:
        """[km] From the nearest point of the box to a point [degrees], along a great circle; 0 within."""
        nearest_latitude = min(max(latitude, self.south), self.north)
        east_of_west = (longitude - self.west) % 360
        width = self.east - self.west
        if east_of_west <= width:
            nearest_longitude = longitude
        else:
            nearest_longitude = self.east if east_of_west - width < 360 - east_of_west else self.west
        return great_circle(nearest_longitude, nearest_latitude, longitude, latitude)

    def grown(self, kilometres: float) -> Self:
        """The box with a margin on each side, cut at the antimeridian and the ends of UTM.

        Raises:
            InputError: it becomes too large.
        """
        degrees = math.degrees(kilometres / EARTH_RADIUS)
        wide = degrees / math.cos(math.radians(max(abs(self.south), abs(self.north))))
        return type(self)(
            max(self.west - wide, -180.0),
            max(self.south - degrees, _FARTHEST_SOUTH),
            min(self.east + wide, 180.0),
            min(self.north + degrees, _FARTHEST_NORTH),
        )


def box_of_region(path: Path) -> Box:
    """The box around the region of a region file, of which nothing but ``crs`` and ``bounds`` needs to be there.

    Raises:
        InputError: it states no bounds, or such as cannot be fetched for.
    """
    region = read_toml(path).get("region")
    where = f"{path} [region]"
    if not isinstance(region, dict) or not {"crs", "bounds"} <= region.keys():
        raise InputError(where, "does not state 'crs' and 'bounds'", "let `strandline new` write the file")
    try:
        left, bottom, right, top = map(float, region["bounds"])
        to_degrees = Transformer.from_crs(region["crs"], "EPSG:4326", always_xy=True)
        bounds = to_degrees.transform_bounds(left, bottom, right, top, densify_pts=21)
    except (ProjError, TypeError, ValueError) as error:
        raise InputError(where, f"has bounds that lie nowhere ({error})", "correct 'crs' and 'bounds'") from error
    return Box(*bounds)


def great_circle(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """[km] Between two points [degrees] on the sphere, by the haversine formula."""
    first, second = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    half = math.sin((second - first) / 2) ** 2 + math.cos(first) * math.cos(second) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(half, 1.0)))
