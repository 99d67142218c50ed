"""People of a map, moved to where buildings stand."""

import geopandas as gpd
import numpy as np
from scipy.ndimage import distance_transform_edt

from strandline.observations.arrays import Floats, Mask
from strandline.observations.region import Region

PLACED_WELL = 500.0
"""[m] ASSUMPTION: within which a map of people may place them wrongly, whatever the size of its cells. WorldPop's cells
of 100 m have large errors each (Thomson et al. 2022, PLOS ONE, 10.1371/journal.pone.0271504, read in abstract)."""


def settle(
    people: Floats, homes: gpd.GeoDataFrame | None, water: Mask, region: Region, placed_within: float = PLACED_WELL
) -> Floats:
    """(H, W) people in each cell; their sum is that of the map, NaN = the map says nothing there.

    The people of a square of ``PLACED_WELL``, or of the map's own cell where that is larger, live in its homes, by
    floor area, on land. Where it has none they stay where the map puts them, but for those on permanent water, who live
    on the land of the square, or on the nearest.

    Args:
        people: (H, W) as mapped.
        homes: assets; those of the class *residential* count, by ``floor_area`` where it is known.
        water: (H, W) permanent water.
        placed_within: side of the map's own cells [m].
    """
    mapped = np.nan_to_num(people)
    side = side_of_square(region, placed_within)
    row, column = np.indices(region.shape) // side
    square = (row * (column.max() + 1) + column).ravel()
    count = int(square.max()) + 1

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(square, values.ravel(), count), dtype=float)

    def spread(weight: Floats, of: Floats) -> Floats:
        """People (squares,) over cells by weight; nobody where a square weighs nothing."""
        whole = total(weight)
        share = np.divide(of, whole, out=np.zeros(count), where=whole > 0)
        return np.asarray(weight * share[square].reshape(region.shape), dtype=float)

    land = np.where(water, 0.0, 1.0)
    floor = _floor_area(homes, region) * land  # a map shows no flood where water always stands
    left = total(mapped)
    result = np.zeros(region.shape)
    for weight in (floor, mapped * land, land):
        result += spread(weight, left)
        left = np.where(total(weight) > 0, 0.0, left)
    stranded = spread(np.ones(region.shape), left)
    if stranded.sum() > 0:
        if land.any():
            nearest = distance_transform_edt(land == 0, return_distances=False, return_indices=True)
            np.add.at(result, tuple(each[stranded > 0] for each in nearest), stranded[stranded > 0])
        else:
            result += stranded
    return np.where(np.isnan(people) & (result == 0), np.nan, result)


def side_of_square(region: Region, placed_within: float) -> int:
    """Cells along the square within which people move; squares are counted from the north-west."""
    return max(1, round(max(PLACED_WELL, placed_within) / region.cell_size))


def _floor_area(homes: gpd.GeoDataFrame | None, region: Region) -> Floats:
    """(H, W) floor area of homes [m2]; each of unknown size counts as the middle one."""
    result = np.zeros(region.shape)
    if homes is None:
        return result
    chosen = homes[(homes["asset_class"] == "residential").to_numpy()]
    if chosen.empty:
        return result
    area = chosen["floor_area"].to_numpy(dtype=float) if "floor_area" in chosen else np.full(len(chosen), np.nan)
    area = np.where(area > 0, area, 1.0 if np.isnan(area).all() else np.nanmedian(area))
    point = chosen.geometry.representative_point()
    row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    inside = row >= 0
    np.add.at(result, (row[inside], column[inside]), area[inside])
    return result
