"""`strandline new`: a box becomes a region file whose choices are sound and whose gaps are named."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.readers.formats.reading_process import in_this_process
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile, load_region_file
from strandline.pipeline.study_area.new_place.new_region import MOST_CELLS, box_around, new_region
from strandline.pipeline.study_area.new_place.sea_point import write_sea_point
from strandline.pipeline.study_area.verdict import examine
from tests.fixtures.batches import REGION, ground
from tests.fixtures.region_files import write_terrain

KOYRA = Box(89.15, 22.2, 89.45, 22.5)


def filled_in(text: str) -> str:
    """The file as it is when every open line is taken as it stands."""
    return re.sub(r"^#(?=[a-z_\[])", "", text, flags=re.MULTILINE)


def handmade_box() -> Box:
    west, south, east, north = REGION.bounds_lonlat
    return Box(west, south, east, north)


def test_every_open_line_is_valid_once_it_is_filled_in(tmp_path: Path) -> None:
    text = new_region(KOYRA, 'the "polder"').text
    assert set(tomllib.loads(text)) == {"region"}
    place = RegionFile.model_validate(tomllib.loads(filled_in(text)), context={"data": tmp_path})
    assert place.region.name == 'the "polder"'
    assert place.region.crs == "EPSG:32645"
    assert place.region.continent == "asia"
    assert {"[sar]", "[[tide_gauge]]", "[[flood_survey]]", "[storms]"} <= set(filled_in(text).splitlines())
    assert len(place.tide_gauge) == len(place.flood_survey) == 1


def test_thirty_kilometres_are_mapped_in_cells_of_200_m() -> None:
    place = tomllib.loads(new_region(box_around("22.34, 89.30", 30.0), "Koyra").text)["region"]
    left, bottom, right, top = place["bounds"]
    assert place["cell_size"] == 200.0
    assert 30_000 <= right - left <= 31_000
    assert 30_000 <= top - bottom <= 31_000


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(longitude=st.floats(-178.0, 178.0), latitude=st.floats(-75.0, 79.0), size=st.floats(1.0, 150.0), name=st.text())
def test_any_box_of_a_low_coast_is_a_grid_that_holds_it(
    longitude: float, latitude: float, size: float, name: str
) -> None:
    box = box_around(f"{latitude}, {longitude}", size)
    place = tomllib.loads(new_region(box, name or "x").text)["region"]
    region = Region("x", place["crs"], tuple(place["bounds"]), place["cell_size"], "d", (0, 0), place["continent"])
    west, south, east, north = region.bounds_lonlat
    assert west <= box.west + 1e-6
    assert south <= box.south + 1e-6
    assert east >= box.east - 1e-6
    assert north >= box.north - 1e-6
    rows, columns = region.shape
    assert (rows - 2) * (columns - 2) <= MOST_CELLS or place["cell_size"] == 500.0


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((22.2, 89.15, 22.5, 89.45), "latitude beyond"),
        ((89.45, 22.2, 89.15, 22.5), "west and east swapped"),
        ((89.15, 22.5, 89.45, 22.2), "south above its north"),
        ((179.5, -17.0, -179.5, -16.0), "antimeridian"),
        ((80.0, 10.0, 95.0, 25.0), "km2"),
    ],
)
def test_a_box_in_the_wrong_order_over_the_antimeridian_or_huge_is_refused_in_a_sentence(
    bounds: tuple[float, float, float, float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        new_region(Box(*bounds), "x")


@pytest.mark.parametrize(
    ("near", "size", "words"),
    [
        ("89.30, 22.34, 5", 30.0, "is no place"),
        ("105.5, 9.5", 30.0, "latitude comes first"),
        ("22.3, 89.3", 0.0, "size"),
    ],
)
def test_a_place_that_is_none_is_refused(near: str, size: float, words: str) -> None:
    with pytest.raises(InputError, match=words):
        box_around(near, size)


def test_a_box_smaller_than_a_map_is_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        new_region(box_around("22.3, 89.3", 0.2), "x")


def test_the_sea_point_lies_on_the_sea_of_the_terrain(tmp_path: Path) -> None:
    write_terrain(tmp_path / "dem.tif", ground())
    made = new_region(handmade_box(), "Handmade", tmp_path / "dem.tif", "dem.tif")
    path = tmp_path / "place.toml"
    path.write_text(made.text, encoding="utf-8")
    assert any("vertical_datum" in doubt for doubt in made.doubts)
    text = made.text.replace('#vertical_datum = { name = "NAME"', 'vertical_datum = { name = "NAME"')
    path.write_text(
        text.replace("#offset_to_region_datum = { metres = 0.0, unc", "offset_to_region_datum = { metres = 0.0, unc", 1)
    )
    place = load_region_file(path)
    x, _ = place.region.sea_point
    assert x < REGION.bounds[0] + 300, "the three columns of sea lie in the west"
    examined = examine(path, None, in_this_process)
    assert examined.inventory is not None
    assert examined.inventory.terrain is not None
    assert not any("sea_point" in one.where for one in examined.verdict.refusals)


def test_a_box_without_sea_is_refused_or_doubted(tmp_path: Path) -> None:
    write_terrain(tmp_path / "plain.tif", np.abs(ground()) + 0.5)
    made = new_region(handmade_box(), "x", tmp_path / "plain.tif")
    assert any("no sea was found" in doubt for doubt in made.doubts)
    assert "#sea_point" in made.text
    write_terrain(tmp_path / "hills.tif", np.abs(ground()) + 40.0)
    with pytest.raises(InputError, match="inland or high"):
        new_region(handmade_box(), "x", tmp_path / "hills.tif")


def test_check_names_everything_that_a_new_file_lacks_at_once(tmp_path: Path) -> None:
    path = tmp_path / "koyra.toml"
    path.write_text(new_region(KOYRA, "Koyra").text, encoding="utf-8")
    verdict = examine(path, None, in_this_process).verdict
    assert not verdict.runs
    where = " ".join(one.where for one in verdict.refusals)
    assert "[region.sea_point]" in where
    assert "[terrain]" in where
    assert all(one.remedy for one in verdict.refusals)


def test_a_missing_sea_point_is_found_on_the_terrain_and_named_as_the_remedy(tmp_path: Path) -> None:
    write_terrain(tmp_path / "dem.tif", ground())
    text = new_region(handmade_box(), "Handmade", tmp_path / "dem.tif", "dem.tif").text
    text = re.sub(r"^sea_point.*\n", "", text, flags=re.MULTILINE)
    path = tmp_path / "place.toml"
    path.write_text(text.replace("#vertical_datum =", "vertical_datum =", 1).replace("#offset_to", "offset_to", 1))
    (refusal,) = (one for one in examine(path, None, in_this_process).verdict.refusals if "sea_point" in one.where)
    assert re.search(r"write sea_point = \[50\d+\.\d, \d+\.\d\]", refusal.remedy)


@pytest.mark.parametrize("drop", [False, True])
def test_a_point_that_is_still_open_is_written_into_the_file_and_a_stated_one_stays(drop: bool, tmp_path: Path) -> None:
    write_terrain(tmp_path / "dem.tif", ground())
    text = new_region(handmade_box(), "Handmade", tmp_path / "dem.tif", "dem.tif").text
    text = text.replace("#vertical_datum =", "vertical_datum =", 1).replace("#offset_to", "offset_to", 1)
    text = re.sub(r"^sea_point.*\n", "" if drop else "#sea_point = [0.0, 0.0]\n", text, flags=re.MULTILINE)
    path = tmp_path / "place.toml"
    path.write_text(text)
    sea = write_sea_point(path, None)
    assert sea is not None
    assert load_region_file(path).region.sea_point == pytest.approx((sea.x, sea.y), abs=0.1)
    written = path.read_bytes()
    assert write_sea_point(path, None) is None
    assert path.read_bytes() == written


def test_a_contradiction_between_sections_does_not_keep_the_sea_from_being_found(tmp_path: Path) -> None:
    write_terrain(tmp_path / "dem.tif", ground())
    (tmp_path / "shops.geojson").write_text("{}")
    text = new_region(handmade_box(), "Handmade", tmp_path / "dem.tif", "dem.tif").text
    text = text.replace("#vertical_datum =", "vertical_datum =", 1).replace("#offset_to", "offset_to", 1)
    path = tmp_path / "place.toml"
    columns = 'columns = { asset_class = "class", floor_area = "area" }'
    assets = f'[assets]\npath = "shops.geojson"\nsurvey_year = 2024\n{columns}\nsource = "us"\nlicence = "ours"\n'
    path.write_text(re.sub(r"^sea_point.*\n", "", text, flags=re.MULTILINE) + assets)
    refused = [one.what for one in examine(path, None, in_this_process).verdict.refusals]
    assert any("no value of a square metre" in what for what in refused)  # both at once
    assert write_sea_point(path, None) is not None


def test_a_terrain_alone_shows_its_sea_and_its_water(tmp_path: Path) -> None:
    write_terrain(tmp_path / "dem.tif", ground())
    text = new_region(handmade_box(), "Handmade", tmp_path / "dem.tif", "dem.tif").text
    text = text.replace("#vertical_datum =", "vertical_datum =", 1).replace("#offset_to", "offset_to", 1)
    path = tmp_path / "place.toml"
    path.write_text(re.sub(r"^(sea_point|permanent_water).*\n", "", text, flags=re.MULTILINE))
    assert len(examine(path, None, in_this_process).verdict.refusals) == 2
    sea = write_sea_point(path, None)
    assert sea is not None
    assert load_region_file(path).terrain.permanent_water.below == pytest.approx(sea.below)
    assert examine(path, None, in_this_process).verdict.runs
