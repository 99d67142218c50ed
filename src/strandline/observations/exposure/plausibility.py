"""Buildings, people and terrain compared: what one of them says against another."""

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats
from strandline.observations.checks.findings import Finding
from strandline.observations.exposure.assets import BUILDINGS
from strandline.observations.region import Region

WHERE = "[[assets]], [people]"
ON_WATER, WITHOUT_PEOPLE, UNMAPPED = 0.05, 0.1, 0.2
"""Shares [-] from which they are doubtful: buildings on permanent water, land of which a map of people says nothing,
people who live where no building is mapped. Assumptions: coarse cells and river banks explain less."""
FLOOR_EACH = (3.0, 100.0)
"""[m2] Floor area of homes for each person; an assumption: a room of a slum, and twice that of wealthy countries."""
APART = 2.0
"""Factor [-] between a survey's people and those of a map from which one of them is doubtful."""
SQUARE, INHABITED = 1000.0, 50.0
"""Side of a square [m] that has buildings where so many people [-] live; an assumption."""


def doubts_about_exposure(
    assets: gpd.GeoDataFrame | None, people: xr.DataArray | None, terrain: xr.Dataset | None, region: Region
) -> Iterator[Finding]:
    """What does not fit together.

    Args:
        assets: of all files.
        people: (y, x) of the map, before they are moved to homes.
    """
    water = None if terrain is None else terrain["permanent_water"].values > 0.5
    if assets is not None and water is not None:
        yield from _on_water(assets, water, region)
    if people is None:
        return
    if water is not None:
        silent = float(np.isnan(people.values[~water]).mean()) if (~water).any() else 0.0
        if silent > WITHOUT_PEOPLE:
            what = f"the map of people says nothing of {silent:.0%} of the land; nobody is counted there"
            yield Finding(WHERE, what, "if people live there, give a raster that covers it")
    if assets is not None:
        yield from _against_people(assets, np.nan_to_num(people.values), region)


def _on_water(assets: gpd.GeoDataFrame, water: np.ndarray, region: Region) -> Iterator[Finding]:
    chosen = assets[assets["asset_class"].isin(BUILDINGS).to_numpy()]
    counted = _by_cell(chosen, _number(chosen), region)
    all_of_them, wet = float(counted.sum()), float(counted[water].sum())
    if wet > ON_WATER * max(all_of_them, 1.0):
        what = f"{wet:,.0f} of {all_of_them:,.0f} buildings stand on permanent water, where no flood is mapped"
        yield Finding(WHERE, what, "check the raster of water, the cell size, and the CRS of the buildings")


def _against_people(assets: gpd.GeoDataFrame, people: Floats, region: Region) -> Iterator[Finding]:
    total = float(people.sum())
    counted = float(assets["people"].sum()) if "people" in assets else 0.0
    if counted > 0:
        if max(counted, total) > APART * max(min(counted, total), 1.0):
            what = f"the survey counts {counted:,.0f} people, the map {total:,.0f}; the survey's stand"
            yield Finding(WHERE, what, "does the survey hold every home? else leave its count of people out")
        return
    homes = assets[(assets["asset_class"] == "residential").to_numpy()]
    if homes.empty or total <= 0:
        return
    if "floor_area" in homes and homes["floor_area"].notna().all():
        each = float(homes["floor_area"].sum()) / total
        if not FLOOR_EACH[0] <= each <= FLOOR_EACH[1]:
            what = f"homes have {each:,.3g} m2 of floor for each of the {total:,.0f} people of the map"
            few = "are buildings missing, or is the raster in another unit than persons in each cell?"
            yield Finding(WHERE, what, few if each < FLOOR_EACH[0] else "is a large part of the homes something else?")
    side = max(1, round(SQUARE / region.cell_size))
    in_squares, built = (_in_squares(each, side) for each in (people, _by_cell(homes, _number(homes), region)))
    inhabited = in_squares >= INHABITED
    unmapped = float(in_squares[inhabited & (built == 0)].sum())
    if unmapped > UNMAPPED * total:
        what = f"{unmapped / total:.0%} of the people of the map live in square kilometres without a mapped home"
        yield Finding(WHERE, what, "the map of buildings is not whole: damage and counts of homes are too low there")


def _number(assets: gpd.GeoDataFrame) -> Floats:
    """(A,) buildings in each row."""
    return assets["count"].fillna(1.0).to_numpy(dtype=float) if "count" in assets else np.ones(len(assets))


def _by_cell(assets: gpd.GeoDataFrame, weight: Floats, region: Region) -> Floats:
    """(H, W) sum of weights of the assets in each cell."""
    result = np.zeros(region.shape)
    point = assets.geometry.representative_point()
    row, column = region.cells_of(point.x.to_numpy(), point.y.to_numpy())
    np.add.at(result, (row[row >= 0], column[row >= 0]), weight[row >= 0])
    return result


def _in_squares(values: Floats, side: int) -> Floats:
    """Sums over squares of so many cells."""
    height, width = (-each % side for each in values.shape)
    whole = np.pad(values, ((0, height), (0, width)))
    rows, columns = whole.shape[0] // side, whole.shape[1] // side
    return np.asarray(whole.reshape(rows, side, columns, side).sum(axis=(1, 3)))
