"""Assets of several files: each thing is counted once, and nothing is lost."""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from strandline.observations.exposure.joining import AssetFile, Joined, count_by_cell, join_files
from strandline.observations.region import Region

pytestmark = pytest.mark.slow

REGION = Region("Koyra", "EPSG:32645", (0.0, 0.0, 1000.0, 1000.0), 100.0, "msl", (50.0, 50.0), "asia")


def rows(
    name: str,
    classes: Sequence[str],
    shapes: Sequence[BaseGeometry],
    value: float = np.nan,
    identity: Sequence[str] = (),
    *,
    is_map: bool = True,
    area: float = 100.0,
) -> AssetFile:
    frame = gpd.GeoDataFrame(
        {
            "asset_id": list(identity) or [f"{name}-{number}" for number in range(len(classes))],
            "asset_class": list(classes),
            "value": value,
            "survey_year": 2025,
            "floor_area": area,
        },
        geometry=list(shapes),
        crs=REGION.crs,
    )
    return AssetFile(name, frame, is_map)


def counted(*files: AssetFile) -> gpd.GeoDataFrame:
    return count_by_cell(join_files(files), REGION)


@pytest.mark.parametrize("lifelines_first", [True, False])
def test_a_hospital_that_is_also_a_building_counts_once_and_has_its_value(lifelines_first: bool) -> None:
    """A clinic as a node beside its building, a hospital as its ground with two buildings, and a house apart."""
    buildings = rows("overture", ["residential"] * 4, [Point(x, 500) for x in (103, 520, 560, 900)], value=7.0)
    lifelines = rows("osm", ["hospital", "hospital"], [Point(100, 500), box(500, 480, 580, 520)])
    lifelines.assets["floor_area"] = np.nan
    files = [lifelines, buildings] if lifelines_first else [buildings, lifelines]
    found = counted(*files).set_index("asset_class")
    assert sorted(found.index) == ["hospital", "hospital", "residential"]
    assert sorted(found.loc["hospital", "value"]) == [7.0, 14.0]
    assert sorted(found.loc["hospital", "floor_area"]) == [100.0, 200.0]
    assert found.loc["residential", "count"] == 1


def test_two_rows_of_one_identity_are_one_thing_and_equal_numbers_of_two_files_are_two() -> None:
    osm = rows("buildings", ["school", "residential"], [Point(100, 100), Point(300, 300)], identity=["way/1", "1"])
    other = rows("lifelines", ["school", "power"], [box(90, 90, 160, 160), Point(700, 700)], identity=["way/1", "1"])
    joined = join_files([osm, other])
    assert joined.merged == 1
    assert sorted(joined.assets["asset_id"]) == ["1 (buildings)", "1 (lifelines)", "way/1"]


def test_a_building_of_two_maps_and_a_survey_counts_once_with_the_surveyed_value() -> None:
    survey = rows("survey", ["residential"], [Point(250, 250)], value=9000.0, is_map=False)
    overture = rows("overture", ["residential", "residential"], [Point(252, 251), Point(400, 400)])
    osm = rows("osm", ["commercial"], [Point(401, 399)])
    found = counted(survey, overture, osm)
    assert len(found) == 2
    assert list(found["is_mapped"]) == [False, True]
    assert found.set_index("asset_id").loc["survey-0", "value"] == 9000.0
    assert np.isnan(found["value"].iloc[1])


def test_rows_of_one_survey_are_never_merged_and_lines_stay_lines() -> None:
    survey = rows("survey", ["hospital", "hospital", "road"], [Point(1, 1), Point(2, 2), LineString([(0, 0), (9, 9)])],
                  value=5.0, is_map=False)  # fmt: skip
    found = counted(survey)
    assert found.drop(columns="geometry").equals(survey.assets.drop(columns="geometry"))
    assert list(found.geometry) == list(survey.assets.geometry)
    assert "is_mapped" not in found


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_a_map_beside_a_copy_of_itself_is_no_more_than_itself(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    classes = rng.choice(["residential", "commercial", "school", "hospital"], count)
    shapes = [Point(*each) for each in rng.uniform(0, 1000, (count, 2))]
    once = rows("a", classes, shapes, value=3.0)
    alone, twice = join_files([once]), join_files([once, rows("b", classes, shapes, value=3.0)])
    assert len(twice.assets) <= count
    assert len(twice.assets) >= 0.8 * len(alone.assets) - 3  # neighbours within reach may go with a facility
    by_cell = counted(once)
    assert by_cell["value"].sum() == pytest.approx(alone.assets["value"].sum())
    assert by_cell["floor_area"].sum() == pytest.approx(alone.assets["floor_area"].sum())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80))
def test_counting_by_cell_keeps_every_building_in_its_cell(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    position = rng.uniform(0, 1000, (count, 2))
    classes = rng.choice(["residential", "industrial"], count)
    one = rows("a", classes, [Point(*each) for each in position], value=2.0)
    found = count_by_cell(Joined(one.assets, np.ones(count, dtype=bool), 0), REGION)
    assert found["count"].sum() == count
    assert found["value"].sum() == pytest.approx(2.0 * count)
    assert not found["asset_id"].duplicated().any()
    for name in ("residential", "industrial"):
        of_class = found[found["asset_class"] == name]
        own = position[classes == name]
        cells = {tuple(cell) for cell in np.transpose(REGION.cells_of(own[:, 0], own[:, 1]))}
        there = REGION.cells_of(of_class.geometry.x.to_numpy(), of_class.geometry.y.to_numpy())
        assert sorted(cells) == sorted(tuple(cell) for cell in np.transpose(there))
