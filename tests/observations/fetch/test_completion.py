"""A region file is completed with what was fetched; nothing that it states is changed, and comments stay."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.fetch.completion import as_toml, complete, merged
from strandline.observations.fetch.source import CachedFile, RegionSection
from tests.fixtures.region_files import REGION_FILE
from tests.fixtures.sources import terrain_section

NEW = """# My own place. Keep this.

[region]  # a name
name = "Koyra"   # two spaces
crs = "EPSG:32645"
bounds = [720000.0, 2450000.0, 750000.0, 2480000.0]

# Of the tide nothing is known yet.
[planning]
preset = "bangladesh"
"""
SCENES = [{"path": f"fetched/radar/{day}.tif", "time": datetime(2022, 11, day, 8, tzinfo=UTC)} for day in (10, 22, 27)]


def file(section: RegionSection | None, name: str = "a.tif", source: str = "made-up") -> CachedFile:
    return CachedFile(
        source, name, "https://example.org", "a file", "CC-BY-4.0", "Nobody", 1, "0" * 64, datetime(2026, 1, 1),
        section=section,
    )  # fmt: skip


def radar(*scenes: int) -> CachedFile:
    values = {"scale": "linear", "bands": {"vv": 1, "vh": 2}, "scenes": [SCENES[index] for index in scenes]}
    return file(RegionSection("sar", values), f"{scenes}.tif")


def gauge(name: str) -> CachedFile:
    values = {"name": name, "paths": f"fetched/{name}.csv", "format": "uhslc"}
    return file(RegionSection("tide_gauge", values, is_repeated=True), f"{name}.csv")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "place.toml"
    path.write_text(NEW)
    return path


def stated(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def test_sections_are_added_and_every_line_that_was_there_stays(place: Path) -> None:
    terrain = file(terrain_section(file(None)))
    done = complete(place, [terrain, radar(0), radar(1), gauge("Hiron Point"), gauge("Khepupara")])
    assert done.added == ("terrain", "sar", "tide_gauge")
    text = place.read_text()
    assert text.startswith(NEW)
    assert "# Chosen: the only one." in text
    now = stated(place)
    assert now["sar"]["scenes"] == SCENES[:2]
    assert [each["name"] for each in now["tide_gauge"]] == ["Hiron Point", "Khepupara"]
    assert now["terrain"]["permanent_water"] == {"below": 0.2}


def test_a_second_fetch_adds_what_is_new_and_nothing_twice(place: Path) -> None:
    complete(place, [radar(0), radar(1), gauge("Hiron Point")])
    before = place.read_text()
    assert complete(place, [radar(0), gauge("Hiron Point")]).added == ()
    assert place.read_text() == before
    assert complete(place, [radar(1), radar(2), gauge("Khepupara")]).added == ("sar", "tide_gauge")
    assert stated(place)["sar"]["scenes"] == SCENES
    assert len(stated(place)["tide_gauge"]) == 2


def test_what_a_person_corrected_stays_and_is_mentioned(place: Path) -> None:
    complete(place, [file(terrain_section(file(None)))])
    place.write_text(place.read_text().replace("elevation_error = 4.0", "elevation_error = 2.5  # our survey"))
    done = complete(place, [file(terrain_section(file(None)))])
    assert done.kept == ("[terrain] elevation_error is stated otherwise than fetched, and stays as it is",)
    assert "elevation_error = 2.5  # our survey" in place.read_text()


def test_a_missing_key_of_a_section_that_is_there_is_added(place: Path) -> None:
    done = complete(place, [file(RegionSection("region", {"name": "Other", "sea_point": [725000.0, 2451000.0]}))])
    assert done.added == ("region",)
    assert stated(place)["region"]["sea_point"] == [725000.0, 2451000.0]
    assert stated(place)["region"]["name"] == "Koyra"
    assert "[region]  # a name" in place.read_text()


def test_bounds_are_one_value_and_never_grow(place: Path) -> None:
    before = place.read_text()
    done = complete(place, [file(RegionSection("region", {"bounds": [1.0, 2.0, 3.0, 4.0]}))])
    assert "bounds is stated otherwise" in done.kept[0]
    assert place.read_text() == before


def test_a_section_within_a_section_is_added(place: Path) -> None:
    complete(place, [file(RegionSection("weather.station", {"paths": ["fetched/w.csv"], "time_zone": "UTC"}))])
    assert stated(place)["weather"] == {"station": {"paths": ["fetched/w.csv"], "time_zone": "UTC"}}


def test_two_sources_fill_a_section_and_one_within_it_beside_others_that_follow(place: Path) -> None:
    ground = RegionSection("terrain", {"path": "fetched/dem.tif", "vertical_datum": {"name": "EGM2008", "kind": "x"}})
    water = RegionSection("terrain.permanent_water", {"path": "fetched/water.tif"}, comments=("Class 80.",))
    complete(place, [file(ground), gauge("Hiron Point")])
    complete(place, [file(water, "w.tif", "other"), radar(0)])
    now = stated(place)
    assert now["terrain"] == {**ground.values, "permanent_water": {"path": "fetched/water.tif"}}
    assert [each["name"] for each in now["tide_gauge"]] == ["Hiron Point"]
    assert place.read_text().startswith(NEW)


def test_the_first_source_of_a_table_fills_it_and_the_other_is_named() -> None:
    one, other = file(terrain_section(file(None))), file(terrain_section(file(None)), "b.tif", "other")
    sections, clashes = merged([one, other])
    assert [section.table for section in sections] == ["terrain"]
    assert clashes == ["[terrain] is filled by made-up; 'fetched/b.tif' of other is not used"]


def test_a_station_whose_name_is_an_attack_states_nothing_of_its_own(place: Path) -> None:
    evil = 'x"\n[warnings]\nsender = "thief'
    section = RegionSection("tide_gauge", {"name": evil, "paths": "fetched/a.csv"}, True, (evil,))
    complete(place, [file(section)])
    assert "warnings" not in stated(place)
    assert stated(place)["tide_gauge"][0]["name"] == evil


def test_windows_lines_stay_windows_lines(place: Path) -> None:
    place.write_bytes(NEW.replace("\n", "\r\n").encode())
    complete(place, [gauge("Hiron Point")])
    assert place.read_bytes().startswith(NEW.replace("\n", "\r\n").encode())


def test_a_file_that_is_no_toml_is_left_alone(place: Path) -> None:
    place.write_text("[region")
    with pytest.raises(InputError, match="not a readable TOML file"):
        complete(place, [gauge("Hiron Point")])
    assert place.read_text() == "[region"


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=6), VALUES, min_size=1, max_size=4))
def test_whatever_is_fetched_reads_back_as_it_was(values: dict[str, Any]) -> None:
    assert tomllib.loads(as_toml([RegionSection("sar", values)])) == {"sar": values}


def test_a_whole_region_file_keeps_its_text(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    path.write_text(REGION_FILE)
    complete(path, [radar(0)])
    assert path.read_text().startswith(REGION_FILE)


@pytest.mark.parametrize(
    ("datum", "uncertainty"),
    [
        ('{ name = "EGM2008", kind = "geoid model" }', 0.5),
        ('{ name = "mean sea level", kind = "mean sea level", epoch = [2000, 2018] }', 0.05),
        ('{ name = "chart", kind = "chart datum" }', None),
    ],
)
def test_an_offset_to_mean_sea_level_is_no_offset_to_another_datum(
    tmp_path: Path, datum: str, uncertainty: float | None
) -> None:
    path = tmp_path / "koyra.toml"
    path.write_text(NEW.replace('crs = "EPSG:32645"', f'crs = "EPSG:32645"\nvertical_datum = {datum}'))
    offset = {"metres": -1.8, "uncertainty": 0.05, "source": "mean of this record"}
    values = {
        "name": "Hiron Point", "paths": "fetched/a.csv", "mean_sea_level": 0.0, "offset_to_region_datum": offset,
        "vertical_datum": {"name": "zero of the gauge", "kind": "local"},
    }  # fmt: skip
    complete(path, [file(RegionSection("tide_gauge", values, is_repeated=True))])
    (gauge,) = tomllib.loads(path.read_text())["tide_gauge"]
    if uncertainty is None:
        assert not {"offset_to_region_datum", "mean_sea_level"} & set(gauge)
        assert "OPEN: nothing leads" in path.read_text()
        return
    assert gauge["offset_to_region_datum"]["uncertainty"] == uncertainty
    assert ("ASSUMPTION" in gauge["offset_to_region_datum"]["source"]) == (uncertainty == 0.5)


def assets(source: str, release: str) -> CachedFile:
    values = {"kind": "map", "path": f"fetched/{source}-{release}.gpkg", "source": source}
    return file(RegionSection("assets", values, is_repeated=True), f"{source}-{release}.gpkg", source)


def test_buildings_and_lifelines_stand_side_by_side_and_a_newer_release_is_not_counted_beside_the_older(
    place: Path,
) -> None:
    assert complete(place, [assets("overture", "1"), assets("lifelines", "1")]).added == ("assets",)
    assert complete(place, [assets("overture", "2"), assets("lifelines", "1")]).added == ()
    paths = [each["path"] for each in stated(place)["assets"]]
    assert paths == ["fetched/overture-1.gpkg", "fetched/lifelines-1.gpkg"]


def test_a_single_table_of_assets_is_kept_and_how_to_add_another_is_told(place: Path) -> None:
    place.write_text(NEW + '\n[assets]\npath = "survey.gpkg"\n')
    done = complete(place, [assets("overture", "1")])
    assert done.added == ()
    assert "[[assets]]" in done.kept[0]
    assert stated(place)["assets"] == {"path": "survey.gpkg"}
