"""Surveys of a flood as labels of a scene: what nobody looked at is unknown, never dry."""

import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import TypeAdapter
from shapely import box

from strandline.observations.flood_scenes.scene import DRY, UNKNOWN, WET
from strandline.observations.readers.flood_surveys import label_of_surveys, read_flood_surveys
from strandline.observations.region_file.data_sections import TerrainSection
from strandline.observations.region_file.surveys.flood_survey_section import AnyFloodSurvey
from tests.fixtures.batches import REGION, ground
from tests.fixtures.region_files import write_terrain

SURVEY: TypeAdapter[AnyFloodSurvey] = TypeAdapter(AnyFloodSurvey)
PEAK = np.datetime64("2020-01-10T06", "ns")
LEFT, BOTTOM, RIGHT, TOP = REGION.bounds


def surveyed(folder: Path, *surveys: dict[str, object]) -> xr.Dataset:
    write_terrain(folder / "dem.tif", ground(), REGION.crs, REGION)
    values = {
        "path": folder / "dem.tif", "vertical_datum": "region", "elevation_error": 0.5,
        "permanent_water": {"below": -1.0},
    }  # fmt: skip
    time = datetime.datetime(2020, 1, 10, 6, tzinfo=datetime.UTC)
    sections = [SURVEY.validate_python({"time": time, **survey}, context={"data": folder}) for survey in surveys]
    return read_flood_surveys(sections, REGION, TerrainSection.model_validate(values)).value


def maps(*floods: tuple[str, np.ndarray]) -> xr.Dataset:
    times = np.array([time for time, _ in floods], dtype="datetime64[ns]")
    depth = np.stack([depth for _, depth in floods])
    return xr.Dataset({"flood_depth": (("scene", "y", "x"), depth)}, {"time": ("scene", times)})


def write_box(path: Path, west: float, east: float) -> None:
    """A box over the whole height of the region, from and to so many cells from its western edge."""
    shape = box(LEFT + west * 100, BOTTOM, LEFT + east * 100, TOP)
    gpd.GeoDataFrame(geometry=[shape], crs=REGION.crs).to_file(path, engine="pyogrio")


def test_outside_the_surveyed_area_a_cell_is_unknown_and_never_dry(tmp_path: Path) -> None:
    write_box(tmp_path / "flood.gpkg", 6, 8)
    write_box(tmp_path / "seen.gpkg", 4, 12)
    survey = {"kind": "polygons", "path": "flood.gpkg", "depth": 0.5, "outside": "dry", "surveyed": "seen.gpkg"}
    label = label_of_surveys(surveyed(tmp_path, survey), PEAK)
    expected = np.repeat([UNKNOWN, DRY, WET, DRY, UNKNOWN], [4, 2, 2, 4, 4])
    np.testing.assert_array_equal(label, np.broadcast_to(expected, label.shape))
    assert label.dtype == np.int8
    unknown = {"kind": "polygons", "path": "flood.gpkg", "depth": 0.5, "outside": "unknown"}
    assert set(np.unique(label_of_surveys(surveyed(tmp_path, unknown), PEAK))) == {UNKNOWN, WET}


def test_marks_say_something_of_their_own_cells_alone(tmp_path: Path) -> None:
    places = gpd.GeoSeries.from_xy([501_250, 500_950], [5_000_850, 5_000_550], crs=REGION.crs).to_crs("EPSG:4326")
    rows = {"lon": places.x, "lat": places.y, "deep": [0.4, 0.0]}
    pd.DataFrame(rows).to_csv(tmp_path / "marks.csv", index=False)
    columns = {"longitude": "lon", "latitude": "lat", "depth": "deep"}
    label = label_of_surveys(
        surveyed(tmp_path, {"kind": "marks", "path": "marks.csv", "columns": columns, "unit": "m"}), PEAK
    )
    assert (label[7, 12], label[10, 9]) == (WET, DRY)
    assert (label == UNKNOWN).sum() == label.size - 2


@given(arrays(np.float64, (4, 5), elements=st.one_of(st.just(np.nan), st.floats(0.0, 5.0))))
def test_a_label_knows_no_more_than_its_survey(depth: np.ndarray) -> None:
    label = label_of_surveys(maps(("2020-01-10", depth)), PEAK)
    assert (label[np.isnan(depth)] == UNKNOWN).all()
    np.testing.assert_array_equal(label == WET, depth >= 0.15)
    np.testing.assert_array_equal(label == DRY, depth == 0.0)


def test_a_survey_of_another_flood_says_nothing_of_this_one() -> None:
    wet, dry = np.full((2, 2), 1.0), np.array([[0.0, 0.0], [0.0, np.nan]])
    both = maps(("2020-01-07", wet), ("2020-01-11", dry), ("2019-01-10", wet))
    np.testing.assert_array_equal(label_of_surveys(both, PEAK), [[DRY, DRY], [DRY, UNKNOWN]])
    np.testing.assert_array_equal(
        label_of_surveys(both, PEAK, within=np.timedelta64(5, "D")), [[DRY, DRY], [DRY, WET]]
    )  # the nearer flood is believed first
    assert (label_of_surveys(both, np.datetime64("2021-06-01", "ns")) == UNKNOWN).all()


@pytest.mark.parametrize(("depth", "expected"), [(0.0, UNKNOWN), (1.0, WET)])
def test_that_people_saw_no_flood_does_not_dry_a_river(depth: float, expected: int) -> None:
    label = label_of_surveys(maps(("2020-01-10", np.full((1, 2), depth))), PEAK, np.array([[True, False]]))
    assert label[0, 0] == expected
    assert label[0, 1] != UNKNOWN
