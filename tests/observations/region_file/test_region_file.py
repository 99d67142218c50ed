"""The region file: what is stated is kept, what is not known is refused by name."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.watch.warnings_section import WarningsSection
from strandline.pipeline.study_area import evacuation_settings
from strandline.planning.early_action.evacuation.clearance_time import EvacuationSettings

MINIMAL = """
[region]
name = "Delta"
crs = "EPSG:32648"
bounds = [0.0, 0.0, 3200.0, 1600.0]
cell_size = 100.0
vertical_datum = { name = "mean sea level", kind = "mean sea level", epoch = [2000, 2019] }
sea_point = [50.0, 50.0]
continent = "asia"

[terrain]
path = "dem.tif"
vertical_datum = { name = "EGM2008", kind = "geoid model" }
offset_to_region_datum = { metres = -0.1, uncertainty = 0.1, source = "mean dynamic topography" }
elevation_error = 1.2
permanent_water = { below = 0.0 }
"""
GAUGE = """
[[tide_gauge]]
name = "Vung Tau"
paths = "levels.csv"
format = "wide"
columns = { time = "time", level = "level" }
unit = "cm"
time_zone = "Asia/Ho_Chi_Minh"
vertical_datum = { name = "harbour zero", kind = "local" }
offset_to_region_datum = { metres = -2.5, uncertainty = 0.02, source = "a benchmark" }
longitude = 107.07
latitude = 10.34
mean_sea_level = ["2022-01-01", "2023-01-01"]
minimum_share = 0.5
""".replace('["2022-01-01", "2023-01-01"]', "[2022-01-01, 2023-01-01]")


def write(folder: Path, text: str) -> Path:
    path = folder / "delta.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_region_file(write(folder, text))
    return str(caught.value)


def test_sections_missing_in_a_minimal_file_are_none(tmp_path: Path) -> None:
    region_file = load_region_file(write(tmp_path, MINIMAL))
    assert region_file.region.shape == (16, 32)
    assert region_file.terrain.datum_shift == -0.1
    assert region_file.tide_gauge == ()
    assert region_file.sar is region_file.weather is region_file.people is region_file.tides is None
    assert region_file.assets == ()
    assert region_file.split.windows == []


@pytest.mark.parametrize("point", ["[-1.0, 50.0]", "[50.0, 1600.5]"])
def test_a_sea_point_outside_the_bounds_is_refused(tmp_path: Path, point: str) -> None:
    message = refusal(tmp_path, MINIMAL.replace("[50.0, 50.0]", point))
    assert "is outside the bounds; name a point inside" in message


def test_paths_start_from_the_files_own_folder_or_from_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = write(tmp_path, MINIMAL + GAUGE)
    assert load_region_file(path).terrain.path == tmp_path / "dem.tif"
    assert load_region_file(path, data).terrain.path == data / "dem.tif"
    assert load_region_file(path, data).tide_gauge[0].paths == (data / "levels.csv",)


def test_dates_are_midnight_utc_and_offsets_are_kept(tmp_path: Path) -> None:
    split = "[split]\nheld_out = [[2022-11-20, 2022-11-22T01:00:00+01:00]]\n"
    region_file = load_region_file(write(tmp_path, MINIMAL + GAUGE + split))
    assert region_file.split.windows == [
        (np.datetime64("2022-11-20T00:00", "ns"), np.datetime64("2022-11-22T00:00", "ns"))
    ]
    window = region_file.tide_gauge[0].mean_sea_level
    assert window == (datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC))


def test_a_region_file_cannot_be_changed(tmp_path: Path) -> None:
    region_file = load_region_file(write(tmp_path, MINIMAL))
    with pytest.raises(ValueError, match="frozen"):
        region_file.terrain.elevation_error = 0.0  # type: ignore[misc]


def test_an_unknown_key_is_refused_with_the_known_ones_and_its_place(tmp_path: Path) -> None:
    message = refusal(tmp_path, MINIMAL.replace("elevation_error", "elevation_eror"))
    assert "delta.toml [terrain.elevation_eror]" in message
    assert "unknown key 'elevation_eror'" in message
    assert "offset_to_region_datum, source, licence, simulated, path, elevation_error" in message
    assert "(and 1 more)" in message


def test_an_unknown_key_deep_inside_lists_the_keys_of_that_table(tmp_path: Path) -> None:
    broken = GAUGE.replace('level = "level" }', 'level = "level", colour = 1 }')
    message = refusal(tmp_path, MINIMAL + GAUGE + broken.replace("Vung Tau", "Con Dao"))
    assert "[tide_gauge.1.columns.colour]" in message
    assert "known keys here: time, level, station" in message


def test_an_unknown_table_lists_the_known_tables(tmp_path: Path) -> None:
    message = refusal(tmp_path, MINIMAL + "[radar]\n")
    assert "unknown key 'radar'" in message
    assert "known keys here: terrain, tide_gauge, sar" in message


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        (("cell_size = 100.0\n", ""), "[region.cell_size]: is missing", "add 'cell_size'"),
        (("cell_size = 100.0", 'cell_size = "big"'), "'big' does not fit", "number"),
        (("cell_size = 100.0", "cell_size = -5"), "-5 does not fit", "greater than or equal to 0.5"),
        (("cell_size = 100.0", "cell_size = 300.0"), "not a whole number of 300 m cells", "change the cell size"),
        (("EPSG:32648", "EPSG:4326"), "not projected in metres", "UTM"),
        (("EPSG:32648", "Gauss"), "'Gauss' is not a coordinate reference system", "EPSG:32633"),
        (("[50.0, 50.0]", "[-50.0, 50.0]"), "outside the bounds", "inside"),
        (('"asia"', '"atlantis"'), "'atlantis' does not fit", "'asia'"),
        (("{ below = 0.0 }", "{ }"), "[terrain.permanent_water]: give either 'path'", "see"),
        (('unit = "cm"\n', ""), "format 'wide' does not state its unit", "add 'unit'"),
        (('unit = "cm"', 'unit = "inch"'), "'inch' does not fit", "'cm'"),
        (("Asia/Ho_Chi_Minh", "Asia/Saigon_"), "is not a time zone", "+01:00"),
        (("longitude = 107.07", "longitude = 190"), "190 does not fit", "180"),
        (("[2022-01-01, 2023-01-01]", "[2022-01-01T00:00:00, 2023-01-01]"), "has no time zone", "00Z for UTC"),
        (('"wide"', '"long"'), "format 'long' needs columns.station", "name the column"),
    ],
)
def test_each_mistake_is_named_with_what_would_be_right(
    tmp_path: Path, change: tuple[str, str], what: str, remedy: str
) -> None:
    text = MINIMAL + GAUGE
    assert change[0] in text
    message = refusal(tmp_path, text.replace(*change))
    assert what in message
    assert remedy in message


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("[split]\nheld_out = [[2022-11-25, 2022-11-20]]", "is empty"),
        ("[scenarios]\nreturn_periods = [10.0, 5.0]", "not ascending"),
        (
            "[scenarios]\nreturn_periods = [5.0]\nsea_level_rise = [{ scenario = 'RCP4.5', year = 2077 }]",
            "no rise is known for scenario RCP4.5; choose one of SSP1-1.9",
        ),
        (
            "[scenarios]\nreturn_periods = [5.0]\nsea_level_rise = [{ scenario = 'SSP2-4.5' }]",
            "year is missing",
        ),
        (
            "[scenarios]\nreturn_periods = [5.0]\nsubsidence = { rate = [0.01, 0.02, 0.03], source = 'us, 2020' }",
            "less than can be measured; if these are metres a year, multiply by 1000",
        ),
        (
            "[scenarios]\nreturn_periods = [5.0]\nsubsidence = { rate = [10, 20, 30], source = 'us, 2020' }",
            "[terrain] does not say of which year it is",
        ),
        (
            "[scenarios]\nreturn_periods = [5.0]\nsubsidence = { rate = [10, 20, 30], source = 'us, 2020' }\n"
            "projections = { paths = 'x.csv', format = 'ar6_csv', land_motion = 'included', source = 'IPCC' }",
            "would sink the land twice",
        ),
        ("[tides]\nconstants = 'x.csv'", "belong together"),
        ("[tides]\nfit = false", "give either 'constants'"),
        ("[weather]\n", "give either 'path'"),
        ("[assets]\npath = 'x.gpkg'", "the year of the survey is missing"),
        ("[assets]\npath = 'x.gpkg'\nsurvey_year = 2020", "the class of the assets is missing"),
        (
            "[assets]\npath = 'x.gpkg'\nsurvey_year = 2020\nasset_class = 'residential'",
            "the value of the assets is missing",
        ),
        ("[sar]\nscale = 'dB'\nbands = { vv = 1 }\nscenes = []", "does not fit"),
    ],
)
def test_sections_that_contradict_themselves_are_refused(tmp_path: Path, section: str, what: str) -> None:
    assert what in refusal(tmp_path, f"{MINIMAL}\n{section}\n")


def test_a_section_with_its_former_name_is_refused_with_the_new_one(tmp_path: Path) -> None:
    assert "rename the section to [weather]" in refusal(tmp_path, f"{MINIMAL}\n[climate]\npath = 'era5.nc'\n")


def test_a_mapped_sea_is_a_year_of_a_scenario_or_a_stated_rise(tmp_path: Path) -> None:
    named = "sea_level_rise = [{ scenario = 'SSP5-8.5', year = 2077 }, { name = 'ours', rise = 0.3, source = 'us' }]"
    found = load_region_file(write(tmp_path, f"{MINIMAL}\n[scenarios]\nreturn_periods = [5.0]\n{named}\n")).scenarios
    assert found is not None
    (projected, ours) = found.sea_level_rise
    assert (projected.scenario, projected.year, projected.rise) == ("SSP5-8.5", 2077, None)
    assert (ours.name, ours.rise, ours.source) == ("ours", 0.3, "us")


def test_what_is_known_of_evacuation_is_kept_and_impossible_numbers_are_refused(tmp_path: Path) -> None:
    stated = "[planning]\nclearance_hours = 9\npeople_per_vehicle = 4\nshare_on_foot = 0.6\nnight_hours = [21, 5]\n"
    zone = '[warnings]\ntime_zone = "Europe/Rome"\n'
    region_file = load_region_file(write(tmp_path, f"{MINIMAL}{stated}{zone}"))
    assert region_file.planning is not None
    settings = evacuation_settings(region_file.planning, region_file.warnings)
    assert settings == EvacuationSettings(9.0, 4.0, 0.6, (21.0, 5.0), 1.0, clock="Europe/Rome in standard time")
    plain = load_region_file(write(tmp_path, f"{MINIMAL}[planning]\nbudget = 1\n[warnings]\n"))
    assert plain.planning is not None
    assert evacuation_settings(plain.planning, plain.warnings) == EvacuationSettings()

    for wrong in ("clearance_hours = 0", "share_on_foot = 1.2", "people_per_vehicle = 0", "night_hours = [22, 25]"):
        assert f"planning.{wrong.split()[0]}" in refusal(tmp_path, f"{MINIMAL}[planning]\n{wrong}\n")


@pytest.mark.parametrize(
    ("zone", "clock"),
    [("Europe/Rome", "Europe/Rome in standard time"), ("Asia/Dhaka", "Asia/Dhaka"), ("+06:00", "UTC+06:00")],
)
def test_the_night_is_stated_on_a_clock_that_people_know(zone: str, clock: str) -> None:
    assert evacuation_settings(PlanningSection(), WarningsSection(time_zone=zone)).clock == clock
    assert evacuation_settings(PlanningSection(), None).clock == "by the sun"


def test_files_that_are_no_region_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_region_file(tmp_path / "nowhere.toml")
    assert "is not TOML" in refusal(tmp_path, "[region\nname = 1")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not text"):
        load_region_file(binary)
    with pytest.raises(InputError, match="is not a folder"):
        load_region_file(write(tmp_path, MINIMAL), tmp_path / "nowhere")


def test_the_example_of_caorle_is_a_valid_region_file() -> None:
    path = Path(__file__).parents[3] / "examples" / "caorle.toml"
    region_file = load_region_file(path)
    rows, columns = region_file.region.shape
    assert rows % 8 == columns % 8 == 0
    assert region_file.tide_gauge[0].name == "Diga Sud Lido"
    assert region_file.region_section.country == "ITA"
