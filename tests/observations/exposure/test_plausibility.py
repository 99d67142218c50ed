"""Buildings, people and terrain against one another: what fits is silent, what does not is a finding."""

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from shapely import Point

from strandline.observations.exposure.plausibility import doubts_about_exposure
from strandline.observations.region import Region

REGION = Region("Koyra", "EPSG:32645", (0.0, 0.0, 4000.0, 4000.0), 200.0, "EGM2008", (50.0, 50.0), "asia")
LAND, SEA = slice(None), (slice(None), slice(0, 5))


def homes(columns: slice = slice(0, 20), floor_area: float = 600.0) -> gpd.GeoDataFrame:
    """Ten buildings in each cell of some columns."""
    row, column = (each[:, columns].ravel() for each in np.indices(REGION.shape))
    return gpd.GeoDataFrame(
        {"asset_id": [f"h{n}" for n in range(row.size)], "asset_class": "residential", "floor_area": floor_area,
         "count": 10.0},
        geometry=gpd.points_from_xy(REGION.x[column], REGION.y[row]), crs=REGION.crs,
    )  # fmt: skip


def people(each: float = 40.0) -> xr.DataArray:
    return xr.DataArray(np.full(REGION.shape, each), {"y": REGION.y, "x": REGION.x}, ("y", "x"))


def terrain(sea: bool = False) -> xr.Dataset:
    water = np.zeros(REGION.shape)
    water[SEA] = float(sea)
    return xr.Dataset({"permanent_water": (("y", "x"), water)})


def doubts(assets: gpd.GeoDataFrame | None, mapped: xr.DataArray | None, sea: bool = False) -> list[str]:
    return [finding.what for finding in doubts_about_exposure(assets, mapped, terrain(sea), REGION)]


def test_what_fits_together_is_no_finding() -> None:
    assert doubts(homes(), people()) == []
    assert doubts(None, people()) == doubts(homes(), None) == doubts(None, None) == []


def test_buildings_on_permanent_water_are_named_with_their_number() -> None:
    assert "1,000 of 4,000 buildings stand on permanent water" in doubts(homes(), people(), sea=True)[0]


def test_land_of_which_a_map_of_people_says_nothing_is_named() -> None:
    silent = people()
    silent.values[:8] = np.nan
    assert "says nothing of 40% of the land" in doubts(None, silent)[0]


def test_people_who_live_where_no_home_is_mapped_are_named() -> None:
    found = doubts(homes(slice(0, 10), 1200.0), people())
    assert found == ["50% of the people of the map live in square kilometres without a mapped home"]


@pytest.mark.parametrize(("each", "words"), [(2000.0, "0.3 m2 of floor"), (0.5, "1.2e+03 m2 of floor")])
def test_a_raster_in_another_unit_shows_in_the_floor_that_each_person_has(each: float, words: str) -> None:
    assert words in doubts(homes(), people(each))[0]


def test_a_survey_that_counts_a_part_of_the_people_is_doubted_and_stands() -> None:
    surveyed = homes().assign(people=1.0)
    (found,) = doubts(surveyed, people())
    assert found == "the survey counts 400 people, the map 16,000; the survey's stand"
    assert doubts(surveyed.assign(people=30.0), people()) == []


def test_a_point_outside_the_region_is_in_no_cell() -> None:
    far = homes().assign(geometry=[Point(-1e6, 0)] * 400)
    assert "without a mapped home" in doubts(far, people())[-1]
