"""Zones: named parts of a study area for which results and warnings are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from rasterio import features
from rasterio.enums import MergeAlg
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree
from shapely import MultiPolygon, Polygon, box, orient_polygons
from shapely.geometry import shape

from strandline.errors import InputError
from strandline.observations.arrays import Indices, Mask
from strandline.observations.exposure.place_names import PlaceName, names_by_language
from strandline.observations.observations import Observations
from strandline.observations.region import Region
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.people import Homes

MOST_BLOCKS = 100
REACH = 1000.0
"""Distance from an asset to which its district extends [m]; an assumption: surveys locate assets, not district
boundaries."""
ELSEWHERE, NOT_STATED = "elsewhere", "district not stated"
NOWHERE = -1
_BLOCKS = "blocks of "
"""Beginning of the source of zones that have no name of their own."""


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones of a study area; no cell and no asset is in two, and every asset is in one.

    Attributes:
        names: (Z,) each once.
        outlines: (Z,) polygons, longitude and latitude [degrees, WGS84].
        of_cell: (H, W) number of the zone that holds a cell's centre; −1 = none, or permanent water.
        of_asset: (A,) number of the zone in which an asset counts, in the order of the assets.
        source: of the zones.
    """

    names: tuple[str, ...]
    outlines: tuple[Polygon | MultiPolygon, ...]
    of_cell: Indices
    of_asset: Indices
    source: str

    def __post_init__(self) -> None:
        count = len(self.names)
        if not count or len(set(self.names)) < count or len(self.outlines) != count:
            what = f"{count} names, {len(set(self.names))} of them different, and {len(self.outlines)} outlines"
            raise InputError("zones", f"have {what}", "give every zone its own name and an outline")
        if not np.array_equal(np.setdiff1d(self.of_cell, [NOWHERE]), np.arange(count)):
            raise InputError(
                "zones", "one has no cell, or a cell has no such zone", "number them in the order of their names"
            )
        if ((self.of_asset < 0) | (self.of_asset >= count)).any():
            raise InputError("zones", "an asset is in no zone", "count it in the nearest one")

    def __len__(self) -> int:
        return len(self.names)


def find_zones(
    observations: Observations, hazards: Sequence[Hazard], polygons: gpd.GeoDataFrame | None = None
) -> Zones:
    """The zones of a study area: the given polygons, or the districts of its assets, or square blocks.

    A cell belongs to the polygon that contains its centre, the district of the nearest asset within ``REACH``, or its
    block. Floodable land that no polygon and no district covers is a zone of its own. Blocks are named by a letter for
    the row, from the north, and a number for the column, from the west; they are as small as ``MOST_BLOCKS`` allows,
    and those without floodable land are left out. Permanent water is in no zone.

    Args:
        hazards: maps of today and under sea-level rise; land is floodable where any sample has water.
        polygons: ``name`` and ``geometry`` in the region's CRS.

    Raises:
        InputError: polygons that overlap, or contain no land.
    """
    water = observations.terrain["permanent_water"].values > 0.5
    floodable = np.any([(each.flood_depth > 0).any(axis=(0, 1)) for each in hazards], axis=0)
    return cut_into_zones(observations.region, observations.surveyed_assets, water, floodable, polygons)


def cut_into_zones(
    region: Region,
    assets: gpd.GeoDataFrame,
    water: Mask,
    floodable: Mask,
    polygons: gpd.GeoDataFrame | None = None,
) -> Zones:
    """The same of a grid (H, W) of permanent water, and of cells where any map shows water.

    Raises:
        InputError: polygons that overlap, or contain no land.
    """
    floodable = floodable & ~water
    if polygons is not None:
        return _of_polygons(region, assets, polygons, water, floodable)
    if "district" in assets and assets["district"].notna().any():
        return _of_districts(region, assets, water, floodable)
    return _of_blocks(region, assets, water, floodable)


def _of_polygons(
    region: Region, assets: gpd.GeoDataFrame, polygons: gpd.GeoDataFrame, water: Mask, floodable: Mask
) -> Zones:
    layers: dict[str, Any] = {"out_shape": region.shape, "transform": region.transform}
    drawn = features.rasterize(
        ((each, number) for number, each in enumerate(polygons.geometry)), fill=NOWHERE, dtype="int32", **layers
    )
    layered = features.rasterize(
        ((each, 1) for each in polygons.geometry), merge_alg=MergeAlg.add, dtype="int32", **layers
    )
    overlapping = int((layered > 1).sum())
    if overlapping > 0.01 * (layered > 0).sum():  # borders of neighbours, drawn separately, may overlap by a cell
        raise InputError("zones", f"overlap in {overlapping} cells", "draw zones that do not overlap")
    of_cell = np.where(water, NOWHERE, drawn)
    if (of_cell == NOWHERE).all():
        raise InputError("zones", "contain no land of the region", "draw them on land")
    labels = [*polygons["name"], ELSEWHERE]
    of_cell = np.where((of_cell == NOWHERE) & floodable, labels.index(ELSEWHERE), of_cell)
    names, of_cell = _renumber(labels, of_cell)
    outline_of = dict(zip(polygons["name"], polygons.geometry.to_crs("EPSG:4326"), strict=True))
    outlines = tuple(
        outline_of.get(name, outline) for name, outline in zip(names, _outlines(region, of_cell), strict=True)
    )
    return Zones(names, outlines, of_cell, _zone_of_assets(region, assets, of_cell), "polygons of the region file")


def _of_districts(region: Region, assets: gpd.GeoDataFrame, water: Mask, floodable: Mask) -> Zones:
    district = assets["district"].fillna(NOT_STATED).astype(str)
    known = sorted(set(district))
    of_asset = np.searchsorted(known, district)
    point = assets.geometry.representative_point()
    tree = KDTree(np.column_stack([point.x, point.y]))
    of_cell = np.full(region.shape, NOWHERE)
    for row, y in enumerate(region.y):  # a row at a time: coordinates of all cells would fill the memory
        column = np.flatnonzero(~water[row])
        distance, nearest = tree.query(np.column_stack([region.x[column], np.full(column.size, y)]))
        of_cell[row, column] = np.where(distance <= REACH, of_asset[nearest], NOWHERE)
    labels = [*known, ELSEWHERE]
    of_cell[(of_cell == NOWHERE) & floodable] = labels.index(ELSEWHERE)
    names, of_cell = _renumber(labels, of_cell)
    of_asset = np.array([names.index(name) if name in names else NOWHERE for name in district])
    without_cells = of_asset == NOWHERE  # all assets of the district share their cells with those of others
    of_asset[without_cells] = _nearest_zone(region, of_cell, point[without_cells])
    return Zones(names, _outlines(region, of_cell), of_cell, of_asset, "districts of the asset survey")


def _of_blocks(region: Region, assets: gpd.GeoDataFrame, water: Mask, floodable: Mask) -> Zones:
    wanted = floodable if floodable.any() else ~water
    row, column = np.nonzero(wanted)
    side = max(1, int(np.ceil(np.sqrt(row.size / MOST_BLOCKS))))  # cells along one side of a block
    while np.unique([row // side, column // side], axis=1).shape[1] > MOST_BLOCKS:
        side += 1
    kept = np.unique([row // side, column // side], axis=1).T  # (Z, 2), row by row
    of_cell = np.full(region.shape, NOWHERE)
    for number, (down, along) in enumerate(kept):
        of_cell[down * side : (down + 1) * side, along * side : (along + 1) * side] = number
    of_cell[water] = NOWHERE
    left, _, _, top = region.bounds
    edge = side * region.cell_size
    squares = gpd.GeoSeries(
        [box(left + along * edge, top - (down + 1) * edge, left + (along + 1) * edge, top - down * edge)
         for down, along in kept], crs=region.crs,
    )  # fmt: skip
    outlines = tuple(squares.clip_by_rect(*region.bounds).to_crs("EPSG:4326"))
    names = tuple(f"{_letters(down)}{along + 1}" for down, along in kept)
    source = f"{_BLOCKS}{edge:g} m, because no districts are known"
    return Zones(names, outlines, of_cell, _zone_of_assets(region, assets, of_cell), source)


def _letters(number: int) -> str:
    """A, B, … Z, AA, AB, …"""
    return ("" if number < 26 else _letters(number // 26 - 1)) + chr(ord("A") + number % 26)


def _renumber(names: Sequence[str], of_cell: Indices) -> tuple[tuple[str, ...], Indices]:
    """Only the zones that contain a cell, numbered without a gap."""
    kept = np.unique(of_cell[of_cell != NOWHERE])
    new = np.full(len(names) + 1, NOWHERE)
    new[kept] = np.arange(kept.size)
    return tuple(names[number] for number in kept), new[of_cell]


def _outlines(region: Region, of_cell: Indices) -> tuple[Polygon | MultiPolygon, ...]:
    """(Z,) outlines of each zone's cells."""
    pieces = list(features.shapes(of_cell.astype(np.int32), mask=of_cell != NOWHERE, transform=region.transform))
    frame = gpd.GeoDataFrame(
        {"zone": [number for _, number in pieces]}, geometry=[shape(outline) for outline, _ in pieces], crs=region.crs
    )
    return tuple(frame.dissolve("zone").sort_index().geometry.to_crs("EPSG:4326"))


def _zone_of_assets(region: Region, assets: gpd.GeoDataFrame, of_cell: Indices) -> Indices:
    if assets.empty:
        return np.empty(0, dtype=np.int64)
    return _nearest_zone(region, of_cell, assets.geometry.representative_point())


def _nearest_zone(region: Region, of_cell: Indices, points: gpd.GeoSeries) -> Indices:
    """(N,) the zone at each point, or the nearest one where there is none."""
    left, bottom, right, top = region.bounds
    half = region.cell_size / 2
    x, y = np.clip(points.x, left + half, right - half), np.clip(points.y, bottom + half, top - half)
    row, column = distance_transform_edt(of_cell == NOWHERE, return_distances=False, return_indices=True)
    own = region.cells_of(x.to_numpy(), y.to_numpy())
    return np.asarray(of_cell[row[own], column[own]], dtype=np.int64)


def places_in_blocks(zones: Zones, places: gpd.GeoDataFrame | None) -> dict[str, PlaceName]:
    """Name of each block in which a named place lies → names of the largest; nothing where zones have names.

    Args:
        places: the largest first; ``None`` = not known.
    """
    if places is None or places.empty or not zones.source.startswith(_BLOCKS):
        return {}
    outlines = gpd.GeoDataFrame({"zone": zones.names}, geometry=list(zones.outlines), crs="EPSG:4326")
    points = gpd.GeoDataFrame({"place": names_by_language(places)}, geometry=places.geometry.to_crs("EPSG:4326").array)
    found = points.sjoin(outlines, predicate="within").sort_index()
    return dict(zip(reversed(found["zone"].tolist()), reversed(found["place"].tolist()), strict=True))


def zone_of_homes(zones: Zones, homes: Homes, region: Region) -> Indices:
    """(P,) number of the zone in which the people of each place count; −1 = none: cells of a map outside all zones."""
    if homes.counted_by == "survey":
        return zones.of_asset
    point = homes.places.geometry
    return np.asarray(zones.of_cell[region.cells_of(point.x.to_numpy(), point.y.to_numpy())], dtype=np.int64)


def zones_to_geojson(zones: Zones, columns: pd.DataFrame) -> str:
    """The zones as GeoJSON (RFC 7946), each with its name and a row of ``columns``; ``null`` = unknown."""
    frame = gpd.GeoDataFrame(
        {"zone": zones.names, **{str(name): column.to_numpy() for name, column in columns.items()}},
        geometry=orient_polygons(gpd.GeoSeries(zones.outlines, crs="EPSG:4326").set_precision(1e-7).to_numpy()),
        crs="EPSG:4326",
    )
    return str(frame.to_json(na="null", drop_id=True, to_wgs84=True))
