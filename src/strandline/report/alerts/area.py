"""The areas of a warning as polygons in longitude and latitude."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import shapely
from pyproj import Transformer
from rasterio import features
from shapely import MultiPolygon, Polygon, box
from shapely.geometry import shape

from strandline.observations.arrays import Mask
from strandline.observations.region import Region
from strandline.report.alerts.catalogue import code_of

MAX_POINTS = 100
"""Most points of one area's polygons together, so that a message with every zone stays below a megabyte."""
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6371 km."""
GRID = 1e-5
"""Resolution of a point [degrees], about 1 m."""
Ring = tuple[tuple[float, float], ...]
"""Latitude, longitude [degrees, WGS84] of a closed outline; first and last point are the same."""


@dataclass(frozen=True)
class WarnedArea:
    """An area, the union of its polygons.

    Attributes:
        name: by which recipients are chosen.
        called: language (ISO 639-1) → what readers call it; none = its name.
    """

    name: str
    polygons: tuple[Ring, ...]
    called: Mapping[str, str] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        """What readers of a language (RFC 3066) call it."""
        return self.called.get(code_of(language), self.name)


def area_around(name: str, outline: Polygon | MultiPolygon, resolution: float) -> WarnedArea:
    """Return an area of at most ``MAX_POINTS`` points that contains the outline.

    Where the outline has more points, its borders move outwards, by ``resolution`` [m] or as much as it takes, so that
    nobody inside is left out. CAP has no holes: what is left of them is cut open.

    Args:
        outline: longitude and latitude [degrees, WGS84]; it may cross the antimeridian.
    """
    east_of_greenwich = _unwrapped(outline)
    shrink = np.array([np.cos(np.radians(east_of_greenwich.centroid.y)), 1.0])  # degrees of equal length
    exact = shapely.make_valid(shapely.transform(east_of_greenwich, lambda points: points * shrink))
    cover, tolerance = _without_holes(exact) or [box(*exact.bounds)], resolution / METRES_PER_DEGREE
    while sum(len(part.exterior.coords) for part in cover) > MAX_POINTS:
        if tolerance > max(np.ptp(np.reshape(exact.bounds, (2, 2)), axis=0)):
            cover = [box(*exact.bounds)]
            break
        moved = exact.simplify(tolerance).buffer(tolerance, join_style="mitre")
        cover, tolerance = _without_holes(moved), 2 * tolerance
    degrees = [shapely.transform(part, lambda points: points / shrink) for part in cover]
    return WarnedArea(name, tuple(_ring(part) for whole in degrees for part in _either_side_of_180(whole)))


def area_of_cells(name: str, region: Region, mask: Mask) -> WarnedArea:
    """Return the area of the true cells (H, W), or of the whole region where there is none."""
    if not mask.any():
        return area_of_region(name, region)
    pieces = features.shapes(mask.astype(np.uint8), mask=mask, transform=region.transform)
    cells = shapely.union_all([shape(outline) for outline, _ in pieces])
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    return area_around(name, shapely.transform(cells, to_degrees.transform, interleaved=False), region.cell_size)


def area_of_region(name: str, region: Region) -> WarnedArea:
    """Return the smallest rectangle along meridians and parallels that holds the region."""
    west, south, east, north = region.bounds_lonlat
    return area_around(name, box(west, south, east if west < east else east + 360, north), region.cell_size)


def _unwrapped(outline: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    """The outline with longitudes above 180 where it crosses the antimeridian."""
    west, _, east, _ = outline.bounds
    if east - west <= 180:
        return outline
    return shapely.transform(outline, lambda points: points + np.where(points[:, :1] < 0, [[360.0, 0.0]], 0.0))


def _either_side_of_180(part: Polygon) -> list[Polygon]:
    west, south, east, north = part.bounds
    if east <= 180:
        return [part]
    beyond = part.intersection(box(180, south, east, north))
    return [
        *_polygons_in(part.intersection(box(west, south, 180, north))),
        *_polygons_in(shapely.transform(beyond, lambda points: points - np.array([360.0, 0.0]))),
    ]


def _polygons_in(geometry: shapely.Geometry) -> list[Polygon]:
    parts = shapely.get_parts(geometry)
    nested = [inner for part in parts for inner in shapely.get_parts(part)]
    return [part for part in nested if isinstance(part, Polygon) and part.area > 0]


def _without_holes(geometry: shapely.Geometry) -> list[Polygon]:
    """Polygons of the same area without holes: one with holes is cut in two through the middle one."""
    uncut: list[Polygon] = []
    for part in _polygons_in(geometry):
        if not part.interiors:
            uncut.append(part)
            continue
        middles = sorted(hole.centroid.x for hole in part.interiors)
        west, south, east, north = part.bounds
        at = middles[len(middles) // 2]
        for half in (box(west, south, at, north), box(at, south, east, north)):
            uncut += _without_holes(part.intersection(half))
    return uncut


def _ring(part: Polygon) -> Ring:
    """The outline on ``GRID``; of a sliver that rounding spoils, the rectangle around it."""
    rounded = Polygon(np.round(part.exterior.coords, 5))
    if not rounded.is_valid or rounded.area == 0:
        low, high = np.reshape(part.bounds, (2, 2))
        rounded = box(*np.round(low - GRID, 5), *np.round(high + GRID, 5))
    return tuple((round(float(y), 5), round(float(x), 5)) for x, y in rounded.exterior.coords)
