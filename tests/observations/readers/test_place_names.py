"""Names of places are read as stated, or refused with the row."""

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point, box

from strandline.errors import InputError
from strandline.observations.checks.inventory.inventory import take_inventory
from strandline.observations.exposure.place_names import KINDS
from strandline.observations.readers.exposure.place_names import read_place_names
from strandline.observations.region_file import load_region_file
from strandline.pipeline.study_area import open_study_area
from tests.fixtures.region_files import write_region_folder

COLUMNS = '{ name = "local", kind = "place", population = "people", name_in = { en = "english" } }'


def write_places(folder: Path, places: gpd.GeoDataFrame, columns: str = COLUMNS) -> Path:
    """Write a region with these places; return its region file."""
    path = write_region_folder(folder)
    places.to_crs("EPSG:4326").to_file(folder / "places.geojson", driver="GeoJSON", engine="pyogrio")
    text = path.read_text(encoding="utf-8") + f'\n[place_names]\npath = "places.geojson"\ncolumns = {columns}\n'
    path.write_text(text, encoding="utf-8")
    return path


def settlements() -> gpd.GeoDataFrame:
    """A hamlet, a village drawn as an area, two towns, one without a name and one far away."""
    left, bottom = 500_000.0, 5_000_000.0
    shapes = [Point(left + 100, bottom + 100), box(left + 600, bottom + 600, left + 700, bottom + 700),
              Point(left + 300, bottom + 300), Point(left + 900, bottom + 900), Point(left + 400, bottom + 400),
              Point(left + 90_000, bottom)]  # fmt: skip
    return gpd.GeoDataFrame(
        {
            "local": ["Ca' Sola", "Borgo", "Città  Vecchia", "Molo", None, "Lontano"],
            "english": [None, None, "Old Town", "", "Nowhere", "Far"],
            "place": ["hamlet", "village", "town", "town", "town", "city"],
            "people": [None, 900, 2000, 8000, None, 1e6],
        },
        geometry=shapes,
        crs="EPSG:32633",
    )


def test_places_of_the_region_are_read_the_largest_first(tmp_path: Path) -> None:
    region_file = load_region_file(write_places(tmp_path, settlements()))
    names = open_study_area(region_file).place_names
    assert names is not None
    assert list(names["name"]) == ["Molo", "Città Vecchia", "Borgo", "Ca' Sola"]
    assert list(names["name_en"].fillna("-")) == ["-", "Old Town", "-", "-"]
    assert names.geometry[2].within(settlements().geometry[1].buffer(0.1)), "of an area, a point in it"
    found = {stream.name: stream for stream in take_inventory(region_file).streams}["place_names"]
    assert (found.state, found.detail, found.count) == ("present", "Molo, Città Vecchia, Borgo, Ca' Sola", 4)


def test_without_kinds_the_place_with_more_people_is_larger_and_no_name_in_the_region_is_no_error(
    tmp_path: Path,
) -> None:
    path = write_places(tmp_path, settlements(), '{ name = "local", population = "people" }')
    region_file = load_region_file(path)
    assert region_file.place_names is not None
    names = read_place_names(region_file.place_names, region_file.region)
    assert list(names["name"]) == ["Molo", "Città Vecchia", "Borgo", "Ca' Sola"]
    settlements().iloc[[5]].to_crs("EPSG:4326").to_file(tmp_path / "places.geojson", driver="GeoJSON")
    assert read_place_names(region_file.place_names, region_file.region).empty


def swapped(places: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points = places.geometry.representative_point().to_crs("EPSG:4326")
    return places.set_geometry(gpd.GeoSeries(gpd.points_from_xy(points.y, points.x), crs="EPSG:4326"))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda p: p.rename(columns={"local": "name"}), ["no column 'local'"]),
        (lambda p: p.assign(place=["hamlet", "big", *p["place"][2:]]), ["row 2", "'big'", KINDS[0]]),
        (lambda p: p.assign(people=["many", *p["people"][1:]]), ["row 1", "'many'", "no number of people"]),
        (lambda p: p.assign(people=[1, -5, *p["people"][2:]]), ["row 2", "no number of people"]),
        (lambda p: p.assign(people=[1, 5, 1e9, *p["people"][3:]]), ["row 3", "no number of people"]),
        (swapped, ["x and y are swapped", "longitude first"]),
    ],
)
def test_places_that_cannot_be_used_are_refused(tmp_path: Path, change: object, parts: list[str]) -> None:
    region_file = load_region_file(write_places(tmp_path, change(settlements())))  # type: ignore[operator]
    assert region_file.place_names is not None
    with pytest.raises(InputError) as refusal:
        read_place_names(region_file.place_names, region_file.region)
    for part in parts:
        assert part in str(refusal.value)
    (found,) = (stream for stream in take_inventory(region_file).streams if stream.name == "place_names")
    assert found.state == "unreadable"
