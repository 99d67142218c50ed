"""Assets of several files joined: what two of them hold is counted once; buildings of a map are counted by cell."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.spatial import KDTree

from strandline.observations.arrays import Floats, Indices, Mask
from strandline.observations.exposure.assets import BUILDINGS, FACILITIES
from strandline.observations.region import Region

REACH = 5.0
"""[m] ASSUMPTION: distance by which two maps may place one thing differently, beyond its own size."""
_OSM_IDENTITY = re.compile(r"(?:node|way|relation)/\d+")
"""Which no two things share, in whatever file it stands."""
_SUMMED = ("value", "value_low", "value_high", "floor_area", "people", "places")
"""What is added up where one asset takes the place of several."""


@dataclass(frozen=True, eq=False)
class AssetFile:
    """The assets of one file, in the region's CRS.

    Attributes:
        name: of the file, for the reader.
        is_map: whether a map shows them and nobody stated what they are worth.
    """

    name: str
    assets: gpd.GeoDataFrame
    is_map: bool


@dataclass(frozen=True, eq=False)
class Joined:
    """The assets of all files.

    Attributes:
        is_map: (A,) whether a map shows them.
        merged: rows that another one stands for.
    """

    assets: gpd.GeoDataFrame
    is_map: Mask
    merged: int


def join_files(files: Sequence[AssetFile]) -> Joined:
    """Put the assets of several files together, each thing once.

    One thing are: two rows of one OpenStreetMap identity; a building and the hospital, shelter or other facility that
    stands in it, or whose ground it stands on; two facilities of a class at one place; a building in two files. A
    facility stands for its building, else the earlier file. It keeps what is known of it and takes what is not from the
    others: the value and the floor area of its buildings.
    """
    whole = gpd.GeoDataFrame(pd.concat([each.assets for each in files], ignore_index=True))
    number = np.repeat(np.arange(len(files)), [len(each.assets) for each in files])
    is_map = np.array([each.is_map for each in files], dtype=bool)[number]
    own = np.arange(len(whole))
    stands_for = own.copy()  # (A,) the row that each is counted in
    for first, second in _pairs(whole, number, is_map):
        keep, drop = _counted_in(stands_for, first), _counted_in(stands_for, second)
        if keep != drop:
            stands_for[drop] = keep
    stands_for = np.array([_counted_in(stands_for, int(row)) for row in own], dtype=np.int64)
    kept = stands_for == own
    result = _filled(whole, stands_for)[kept].reset_index(drop=True)
    result["asset_id"] = _unique(result["asset_id"], [files[each].name for each in number[kept]])
    if is_map.any():
        result["is_mapped"] = is_map[kept]
    return Joined(result, is_map[kept], int((~kept).sum()))


def count_by_cell(joined: Joined, region: Region) -> gpd.GeoDataFrame:
    """The assets, in which all buildings of a map of one class in one cell are one asset, with their ``count``.

    Maps of floods know no more of a building than its cell, and a delta holds a million of them.
    """
    assets = joined.assets
    chosen = joined.is_map & assets["asset_class"].isin(BUILDINGS).to_numpy() & ~_is_line(assets)
    if not chosen.any():
        return assets
    point = assets.geometry[chosen].representative_point()
    row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    buildings = pd.DataFrame(assets[chosen].drop(columns=["geometry", "asset_id"]))
    keys = {"row": row, "column": column, "asset_class": buildings["asset_class"].to_numpy()}
    buildings = buildings.drop(columns="asset_class").assign(x=point.x, y=point.y, count=1.0)
    groups = buildings.groupby([pd.Series(key, index=buildings.index, name=name) for name, key in keys.items()])
    summed = [name for name in (*_SUMMED, "count") if name in buildings]
    found = groups[summed].sum(min_count=1)
    found[["x", "y"]] = groups[["x", "y"]].mean()
    found["survey_year"] = groups["survey_year"].min()
    found = found.reset_index()
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    # a name from the cell's middle: two groups of neighbouring cells may have middles that round to one place
    east_of, south_of = (found[name].to_numpy() + 0.5 for name in ("column", "row"))
    left, _, _, top = region.bounds
    longitude, latitude = to_degrees.transform(left + east_of * region.cell_size, top - south_of * region.cell_size)
    found["is_mapped"] = True
    found["asset_id"] = [
        f"{name} buildings at {north:.5f}, {east:.5f}"
        for name, north, east in zip(found["asset_class"], latitude, longitude, strict=True)
    ]
    grouped = gpd.GeoDataFrame(
        found.drop(columns=["row", "column", "x", "y"]),
        geometry=gpd.points_from_xy(found["x"], found["y"]),
        crs=assets.crs,
    )
    others = assets[~chosen]
    return gpd.GeoDataFrame(
        pd.concat([others, grouped], ignore_index=True) if len(others) else grouped.reset_index(drop=True),
        crs=assets.crs,
    )[_in_order(assets, grouped)]


def _in_order(assets: gpd.GeoDataFrame, grouped: gpd.GeoDataFrame) -> list[str]:
    columns = [*assets.columns, *(name for name in grouped.columns if name not in assets.columns)]
    return [*(name for name in columns if name != "geometry"), "geometry"]


def _counted_in(stands_for: Indices, row: int) -> int:
    while stands_for[row] != row:
        row = int(stands_for[row])
    return row


def _pairs(whole: gpd.GeoDataFrame, number: Indices, is_map: Mask) -> Iterator[tuple[int, int]]:
    """Row that is kept, and row that it stands for. Of one survey two rows are two things."""
    yield from _of_one_identity(whole["asset_id"].astype(str))
    names, place = whole["asset_class"].to_numpy(), np.flatnonzero(~_is_line(whole))
    rank = {name: order for order, name in enumerate((*FACILITIES, *BUILDINGS))}
    own_rank = np.array([rank.get(name, len(rank)) for name in names])
    is_facility = own_rank < len(FACILITIES)
    reach = _reach(whole)
    facility = place[is_facility[place]]
    facility = facility[np.argsort(own_rank[facility], kind="stable")]
    for keep, drop in _at_facilities(whole, number, own_rank, reach, facility):
        if number[keep] != number[drop] or is_map[keep]:
            yield keep, drop
    building = place[np.isin(names[place], BUILDINGS)]
    yield from _same_buildings(whole, number, reach, building)


def _of_one_identity(identity: pd.Series) -> Iterator[tuple[int, int]]:
    first: dict[str, int] = {}
    for row, text in enumerate(identity):
        if _OSM_IDENTITY.fullmatch(text):
            if text in first:
                yield first[text], row
            else:
                first[text] = row


def _at_facilities(
    whole: gpd.GeoDataFrame, number: Indices, rank: Indices, reach: Floats, facility: Indices
) -> Iterator[tuple[int, int]]:
    """What stands in a facility or on its ground: buildings of other files, and the same facility once more."""
    if not facility.size:
        return
    shapes = whole.geometry.to_numpy()
    areas = shapely.get_dimensions(shapes[facility]) == 2
    grounds = np.where(areas, shapes[facility], shapely.buffer(shapes[facility], REACH))
    candidate = np.flatnonzero(rank < len(FACILITIES) + len(BUILDINGS))
    points = shapely.point_on_surface(shapes[candidate])
    inside = shapely.STRtree(points).query(grounds, predicate="intersects")  # (2, pairs)
    centre = shapely.point_on_surface(shapes[facility])
    near = shapely.STRtree(points).query(centre, predicate="dwithin", distance=float(reach[candidate].max()))
    beside = near[:, shapely.distance(centre[near[0]], points[near[1]]) <= reach[candidate[near[1]]]]
    for kept, other in np.unique(np.concatenate([inside, beside], axis=1), axis=1).T:
        keep, drop = int(facility[kept]), int(candidate[other])
        if keep == drop:
            continue
        is_twin = rank[drop] == rank[keep]
        if is_twin and (number[keep], keep) > (number[drop], drop):
            continue
        if is_twin or (rank[drop] > rank[keep] and number[keep] != number[drop]):
            yield keep, drop


def _same_buildings(
    whole: gpd.GeoDataFrame, number: Indices, reach: Floats, building: Indices
) -> Iterator[tuple[int, int]]:
    """Buildings of a later file that an earlier one holds: the nearest one to it, within reach of either."""
    point = shapely.point_on_surface(whole.geometry.to_numpy()[building])
    position = np.column_stack([shapely.get_x(point), shapely.get_y(point)])
    for later in np.unique(number[building])[1:]:
        earlier, own = (np.flatnonzero(each) for each in (number[building] < later, number[building] == later))
        distance, nearest = KDTree(position[earlier]).query(position[own])
        found = np.flatnonzero(distance <= np.maximum(reach[building[own]], reach[building[earlier[nearest]]]))
        taken: set[int] = set()
        for each in found[np.argsort(distance[found], kind="stable")]:
            keep = int(building[earlier[nearest[each]]])
            if keep not in taken:
                taken.add(keep)
                yield keep, int(building[own[each]])


def _reach(whole: gpd.GeoDataFrame) -> Floats:
    """(A,) half the side [m] of a square as large as each thing, from its outline or floor area, ``REACH`` at least."""
    area = whole.geometry.area.to_numpy()
    if "floor_area" in whole:
        area = np.where(area > 0, area, np.nan_to_num(whole["floor_area"].to_numpy(dtype=float)))
    return np.asarray(np.maximum(np.sqrt(area) / 2, REACH))


def _filled(whole: gpd.GeoDataFrame, stands_for: Indices) -> gpd.GeoDataFrame:
    """All rows; one that stands for others has what they know and it does not."""
    result, others = whole.copy(), np.flatnonzero(stands_for != np.arange(len(whole)))
    if not others.size:
        return result
    owner = pd.Series(stands_for[others])
    for name in _SUMMED:
        if name in whole:
            added = whole[name].iloc[others].reset_index(drop=True).groupby(owner).sum(min_count=1)
            is_open = whole[name].iloc[added.index].isna().to_numpy()
            rows = added.index[is_open]
            result.loc[rows, name] = added.to_numpy()[is_open]
    return result


def _unique(identity: pd.Series, file: Sequence[str]) -> npt.NDArray[np.object_]:
    """Identities, with the file's name where several files use one."""
    text = identity.astype(str)
    repeated = text.duplicated(keep=False).to_numpy()
    return np.array(
        [f"{own} ({name})" if twice else own for own, name, twice in zip(text, file, repeated, strict=True)]
    )


def _is_line(assets: gpd.GeoDataFrame) -> Mask:
    return np.asarray(shapely.get_dimensions(assets.geometry.to_numpy()) == 1)
