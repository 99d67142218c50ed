"""What people own of a flood: marks, questionnaires, tracks of a GPS, polygons, rasters and loggers."""

import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError
from shapely import Point, box

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked
from strandline.observations.readers.flood_surveys import read_flood_surveys
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import TerrainSection
from strandline.observations.region_file.surveys.flood_survey_section import AnyFloodSurvey
from tests.fixtures.batches import REGION, ground
from tests.fixtures.region_files import write_terrain

SURVEY: TypeAdapter[AnyFloodSurvey] = TypeAdapter(AnyFloodSurvey)
BY_DEPTH = {"longitude": "lon", "latitude": "lat", "depth": "deep"}


def lonlat(x: float, y: float) -> tuple[float, float]:
    point = gpd.GeoSeries([Point(x, y)], crs=REGION.crs).to_crs("EPSG:4326").iloc[0]
    return float(point.x), float(point.y)


DRY, WET = lonlat(500_950, 5_000_550), lonlat(501_250, 5_000_850)  # cells (10, 9) and (7, 12)


def terrain_in(folder: Path, elevation: np.ndarray | None = None, region: Region = REGION) -> TerrainSection:
    write_terrain(folder / "dem.tif", ground() if elevation is None else elevation, region.crs, region)
    section = {
        "path": folder / "dem.tif", "vertical_datum": "region", "elevation_error": 0.5,
        "permanent_water": {"below": -1.0},
    }  # fmt: skip
    return TerrainSection.model_validate(section)


def read(folder: Path, *surveys: dict[str, object], region: Region = REGION) -> Checked:
    time = datetime.datetime(2020, 1, 10, 6, tzinfo=datetime.UTC)
    sections = [SURVEY.validate_python({"time": time, **survey}, context={"data": folder}) for survey in surveys]
    return read_flood_surveys(sections, region, terrain_in(folder))


def depth_of(folder: Path, *surveys: dict[str, object]) -> np.ndarray:
    depth: np.ndarray = read(folder, *surveys).value["flood_depth"].values
    assert depth.shape[0] == 1
    return depth[0]


def is_marked(depth: np.ndarray) -> None:
    """0.4 m in one cell, dry in another, nothing known elsewhere."""
    assert depth[7, 12] == pytest.approx(0.4)
    assert depth[10, 9] == 0.0
    assert (~np.isnan(depth)).sum() == 2


def test_marks_of_a_table_become_cells_and_nothing_else_is_known(tmp_path: Path) -> None:
    rows = [(*WET, 0.4, 5), (*DRY, 0, 5)]
    pd.DataFrame(rows, columns=["lon", "lat", "deep", "gps"]).to_csv(tmp_path / "marks.csv", index=False)
    is_marked(depth_of(tmp_path, {"kind": "marks", "path": "marks.csv", "columns": BY_DEPTH, "unit": "m"}))


@pytest.mark.parametrize(
    ("header", "position", "order", "delimiter"),
    [
        ("SubmissionDate,place-Latitude,place-Longitude,place-Altitude,place-Accuracy,deep,KEY", "place", "odk", ","),
        ("start;_place_latitude;_place_longitude;_place_altitude;_place_precision;deep;_id", "place", "odk", ";"),
        (
            "start;g/_place_latitude;g/_place_longitude;g/_place_altitude;g/_place_precision;deep;_id",
            "g/place",
            "odk",
            ";",
        ),
        ("start,place,deep,KEY", "place", "one cell", ","),
    ],
)
def test_exports_of_kobo_and_odk_are_read_as_they_are(
    header: str, position: str, order: str, delimiter: str, tmp_path: Path
) -> None:
    lines = [header]
    for (longitude, latitude), deep in ((WET, "40"), (DRY, "0"), ((0.0, 0.0), "")):
        place = [str(latitude), str(longitude), "2.0", "4.1"]
        parts = place if order == "odk" else [" ".join(place)]
        lines.append(delimiter.join(["2020-01-12", *parts, deep, "k"]))
    lines.append(delimiter.join(["2020-01-12", *([""] * (4 if order == "odk" else 1)), "55", "k"]))
    (tmp_path / "answers.csv").write_text("\n".join(lines))
    found = read(
        tmp_path,
        {
            "kind": "marks", "path": "answers.csv", "columns": {"position": position, "depth": "deep"}, "unit": "cm",
            "delimiter": delimiter,
        },
    )  # fmt: skip
    is_marked(found.value["flood_depth"].values[0])
    assert any("2 rows have no place or no height" in each.what for each in found.findings)


@pytest.mark.parametrize("name", ["marks.geojson", "marks.shp", "marks.gpkg", "marks.gpx"])
def test_vector_files_and_waypoints_of_a_gps_are_marks(name: str, tmp_path: Path) -> None:
    column = "cmt" if name.endswith("gpx") else "deep"
    values = ["0.4", "0"] if column == "cmt" else [0.4, 0.0]
    frame = gpd.GeoDataFrame({column: values}, geometry=[Point(WET), Point(DRY)], crs="EPSG:4326")
    driver = {"driver": "GPX", "layer": "waypoints"} if column == "cmt" else {}
    frame.to_file(tmp_path / name, engine="pyogrio", **driver)
    is_marked(depth_of(tmp_path, {"kind": "marks", "path": name, "columns": {"depth": column}, "unit": "m"}))


def test_levels_above_a_datum_become_depths_above_the_terrain(tmp_path: Path) -> None:
    wet_ground = ground()[7, 12]
    rows = [(*WET, wet_ground + 0.7 - 0.3), (*DRY, ground()[10, 9] - 0.9), (*lonlat(501_350, 5_000_850), -30.0)]
    pd.DataFrame(rows[:2], columns=["lon", "lat", "level"]).to_csv(tmp_path / "marks.csv", index=False)
    survey = {
        "kind": "marks", "path": "marks.csv", "unit": "m",
        "columns": {"longitude": "lon", "latitude": "lat", "level": "level"},
        "vertical_datum": {"name": "NAVD88", "kind": "local"},
        "offset_to_region_datum": {"metres": 0.3, "uncertainty": 0.1, "source": "a benchmark"},
    }  # fmt: skip
    depth = depth_of(tmp_path, survey)
    assert depth[7, 12] == pytest.approx(0.7)
    assert depth[10, 9] == 0.15, "0.6 m below the terrain, within its error: water stood there"
    pd.DataFrame(rows[1:], columns=["lon", "lat", "level"]).to_csv(tmp_path / "marks.csv", index=False)
    with pytest.raises(InputError, match="no level of a flood"):
        read(tmp_path, survey)
    rows[2] = (*rows[2][:2], -5.0)
    pd.DataFrame(rows[:1] + rows[2:] * 3, columns=["lon", "lat", "level"]).to_csv(tmp_path / "marks.csv", index=False)
    (finding,) = (each for each in read(tmp_path, survey).findings if "below the terrain" in each.what)
    assert finding.refuses, "most marks under the ground mean another datum or unit"


def test_levels_without_a_datum_are_refused() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        SURVEY.validate_python(
            {"kind": "marks", "path": "x", "time": datetime.date(2020, 1, 1), "unit": "m",
             "columns": {"longitude": "a", "latitude": "b", "level": "c"}}
        )  # fmt: skip


def test_polygons_are_flooded_inside_and_dry_only_where_people_looked(tmp_path: Path) -> None:
    flooded = gpd.GeoDataFrame(geometry=[box(500_800, 5_000_400, 501_000, 5_000_600)], crs=REGION.crs)
    flooded.to_crs("EPSG:4326").to_file(tmp_path / "flood.geojson")
    looked = gpd.GeoDataFrame(geometry=[box(500_600, 5_000_400, 501_000, 5_000_600)], crs=REGION.crs)
    looked.to_file(tmp_path / "looked.shp")
    survey = {"kind": "polygons", "path": "flood.geojson", "depth": 0.4, "outside": "unknown"}
    depth = depth_of(tmp_path, survey)
    assert (depth[10:12, 8:10] == 0.4).all()
    assert (~np.isnan(depth)).sum() == 4
    depth = depth_of(tmp_path, {**survey, "outside": "dry", "surveyed": "looked.shp"})
    assert (depth == 0.0).sum() == (depth == 0.4).sum() == 4
    depth = depth_of(tmp_path, {**survey, "outside": "dry"})
    assert (depth == 0.0).sum() == depth.size - 4


def test_a_raster_holds_depths_or_flooded_and_dry(tmp_path: Path) -> None:
    values = np.full((16, 16), -9999.0)
    values[7, 12], values[10, 9] = 40.0, 0.0
    write_terrain(tmp_path / "depth.tif", values)
    is_marked(depth_of(tmp_path, {"kind": "raster", "path": "depth.tif", "unit": "cm", "nodata": -9999}))
    values[7, 12] = 1.0
    write_terrain(tmp_path / "extent.tif", values)
    is_marked(depth_of(tmp_path, {"kind": "raster", "path": "extent.tif", "depth": 0.4}))
    with pytest.raises(InputError, match="neither flooded nor dry"):
        read(tmp_path, {"kind": "raster", "path": "depth.tif", "depth": 0.4})


def logger(**change: object) -> dict[str, object]:
    return {
        "kind": "logger", "path": "logger.csv", "longitude": WET[0], "latitude": WET[1], "time_zone": "+06:00",
        "columns": {"time": "time", "depth": "deep"}, "unit": "m", **change,
    }  # fmt: skip


def test_the_greatest_depth_of_a_logger_within_the_flood_counts(tmp_path: Path) -> None:
    time = pd.date_range("2020-01-01", "2020-01-30", freq="h")
    deep = np.where(time == "2020-01-10 11:00", 0.4, -0.02)
    deep[-1] = 3.0  # another flood, weeks later
    pd.DataFrame({"time": time.strftime("%Y-%m-%dT%H:%M"), "deep": deep}).to_csv(tmp_path / "logger.csv", index=False)
    depth = depth_of(tmp_path, logger())
    assert depth[7, 12] == pytest.approx(0.4)
    assert (~np.isnan(depth)).sum() == 1
    with pytest.raises(InputError, match="no reading within 3 days"):
        read(tmp_path, logger(time=datetime.date(2021, 1, 1)))


def test_a_logger_is_believed_before_a_mark_and_a_mark_before_a_polygon(tmp_path: Path) -> None:
    time = pd.date_range("2020-01-10", "2020-01-11", freq="h")
    pd.DataFrame({"time": time.strftime("%Y-%m-%dT%H:%M"), "deep": 0.4}).to_csv(tmp_path / "logger.csv", index=False)
    pd.DataFrame([(*WET, 2.0), (*DRY, 0.0)], columns=["lon", "lat", "deep"]).to_csv(tmp_path / "marks.csv", index=False)
    everywhere = gpd.GeoDataFrame(geometry=[box(*REGION.bounds)], crs=REGION.crs)
    everywhere.to_file(tmp_path / "flood.gpkg")
    depth = depth_of(
        tmp_path,
        {"kind": "polygons", "path": "flood.gpkg", "depth": 1.0, "outside": "unknown"},
        {"kind": "marks", "path": "marks.csv", "columns": BY_DEPTH, "unit": "m"},
        logger(),
    )
    assert depth[7, 12] == pytest.approx(0.4)
    assert depth[10, 9] == 0.0
    assert (depth == 1.0).sum() == depth.size - 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([(WET[1], WET[0], 0.4)], "swapped"),
        ([(0.0, 0.0, 0.4)], "no mark lies in region"),
        ([(*WET, 55.0)], "is no depth of a flood"),
        ([(*WET, -0.4)], "is no depth of a flood"),
        ([(*WET, "knee")], "is not a number"),
        ([(WET[0], 145.0, 0.4)], "no place on earth"),
        ([(*WET, "")], "no row with both"),
    ],
)
def test_marks_that_cannot_be_are_refused_with_row_and_remedy(
    rows: list[tuple[object, ...]], words: str, tmp_path: Path
) -> None:
    pd.DataFrame(rows, columns=["lon", "lat", "deep"]).to_csv(tmp_path / "marks.csv", index=False)
    with pytest.raises(InputError, match=words):
        read(tmp_path, {"kind": "marks", "path": "marks.csv", "columns": BY_DEPTH, "unit": "m"})


def test_marks_outside_and_marks_placed_poorly_are_findings(tmp_path: Path) -> None:
    rows = [(*WET, 0.4, 300), (*DRY, 0.0, 3), (0.0, 0.0, 1.0, 3)]
    pd.DataFrame(rows, columns=["lon", "lat", "deep", "gps"]).to_csv(tmp_path / "marks.csv", index=False)
    columns = {**BY_DEPTH, "accuracy": "gps"}
    findings = read(tmp_path, {"kind": "marks", "path": "marks.csv", "columns": columns, "unit": "m"}).findings
    assert any("2 of 3 marks lie in the region" in each.what for each in findings)
    assert any("1 of 2 marks are placed no better than a cell" in each.what for each in findings)


def test_the_real_marks_of_sandy_stand_as_deep_as_they_lie_above_the_ground(shared_data: Path, tmp_path: Path) -> None:
    """USGS marks of 2012 about Jamaica Bay, over flat ground at 1 m; the ground is made up, the marks are not."""
    region = Region(
        "Rockaway",
        "EPSG:32618",
        (590_000.0, 4_488_000.0, 622_000.0, 4_504_000.0),
        1000.0,
        "NAVD88",
        (590_500.0, 4_488_500.0),
        "north america",
    )
    path = shared_data / "high_water_marks" / "sandy_2012.csv"
    table = pd.read_csv(path)
    places = gpd.GeoSeries(gpd.points_from_xy(table["longitude"], table["latitude"]), crs="EPSG:4326").to_crs(
        region.crs
    )
    row, column = region.cells_of(places.x.to_numpy(), places.y.to_numpy())
    inside = row >= 0
    assert inside.sum() > 30
    terrain = terrain_in(tmp_path, np.ones(region.shape), region)
    survey = SURVEY.validate_python(
        {
            "kind": "marks", "path": path, "unit": "m", "time": datetime.date(2012, 10, 30),
            "columns": {"longitude": "longitude", "latitude": "latitude", "level": "level_m_navd88"},
            "vertical_datum": "region",
        }
    )  # fmt: skip
    found = read_flood_surveys([survey], region, terrain)
    depth = found.value["flood_depth"].values[0]
    cells = set(zip(row[inside].tolist(), column[inside].tolist(), strict=True))
    assert (~np.isnan(depth)).sum() == len(cells)
    for cell in cells:
        here = inside & (row == cell[0]) & (column == cell[1])
        assert depth[cell] == pytest.approx(np.median(np.maximum(table["level_m_navd88"][here] - 1.0, 0.15)))
    assert 1.0 < np.nanmedian(depth) < 3.0
    assert any(f"{inside.sum()} of {len(table)} marks lie in the region" in each.what for each in found.findings)


def test_a_band_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_terrain(tmp_path / "depth.tif", np.full((16, 16), 0.5))
    with pytest.raises(InputError, match="bands"):
        read(tmp_path, {"kind": "raster", "path": "depth.tif", "unit": "m", "band": 3})
