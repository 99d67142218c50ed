"""Zones are read as drawn, or refused with the row."""

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point, box

from strandline.errors import InputError
from strandline.observations.checks.inventory.inventory import take_inventory
from strandline.observations.readers.zones import read_zones
from strandline.observations.region_file import load_region_file
from strandline.pipeline.study_area import open_study_area
from tests.fixtures.region_files import write_region_folder


def write_zones(folder: Path, zones: gpd.GeoDataFrame) -> Path:
    """Write a region with these zones; return its region file."""
    path = write_region_folder(folder)
    zones.to_crs("EPSG:4326").to_file(folder / "zones.geojson", driver="GeoJSON", engine="pyogrio")
    text = path.read_text(encoding="utf-8") + '\n[zones]\npath = "zones.geojson"\nname_column = "ward"\n'
    path.write_text(text, encoding="utf-8")
    return path


def wards() -> gpd.GeoDataFrame:
    """The harbour in two pieces, and the town."""
    left, bottom = 500000.0, 5000000.0
    shapes = [box(left, bottom, left + 400, bottom + 800), box(left + 400, bottom, left + 1600, bottom + 800),
              box(left, bottom + 800, left + 400, bottom + 1600)]  # fmt: skip
    return gpd.GeoDataFrame({"ward": ["Harbour", " Town", "Harbour"]}, geometry=shapes, crs="EPSG:32633")


def test_zones_of_one_name_are_one_zone_in_the_regions_grid(tmp_path: Path) -> None:
    path = write_zones(tmp_path, wards())
    zones = open_study_area(load_region_file(path)).zones
    assert zones is not None
    assert zones["name"].tolist() == ["Harbour", "Town"]
    assert zones.crs == "EPSG:32633"
    assert zones.area.tolist() == pytest.approx([640_000, 960_000], rel=1e-4)
    found = {stream.name: stream for stream in take_inventory(load_region_file(path)).streams}["zones"]
    assert (found.state, found.detail, found.count) == ("present", "Harbour, Town", 2)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda z: z.rename(columns={"ward": "name"}), ["no column 'ward'", "name"]),
        (lambda z: z.assign(ward=["Harbour", "", "Town"]), ["row 2", "name every zone"]),
        (lambda z: z.set_geometry([Point(500000, 5000000), *z.geometry[1:]]), ["row 1", "is a Point"]),
        (lambda z: z.set_geometry(z.geometry.translate(50_000)), ["no zone lies in region", "CRS"]),
    ],
)
def test_zones_that_cannot_be_used_are_refused(tmp_path: Path, change: object, parts: list[str]) -> None:
    region_file = load_region_file(write_zones(tmp_path, change(wards())))  # type: ignore[operator]
    assert region_file.zones is not None
    with pytest.raises(InputError) as refusal:
        read_zones(region_file.zones, region_file.region)
    for part in parts:
        assert part in str(refusal.value)
    (found,) = (stream for stream in take_inventory(region_file).streams if stream.name == "zones")
    assert found.state == "unreadable"
