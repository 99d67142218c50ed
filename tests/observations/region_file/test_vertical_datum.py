"""Every height states what it is measured from."""

from pathlib import Path
from typing import Any

import pytest

from strandline.errors import InputError
from strandline.observations.readers.observe import provenance_of
from strandline.observations.region_file import load_region_file
from strandline.observations.region_file.vertical_datum import HeightOffset, VerticalDatum, demand_datums
from tests.fixtures.region_files import REGION_FILE

TYPED = 'vertical_datum = { name = "chart datum", kind = "chart datum" }'
GAUGE_DATUM = 'time_zone = "UTC"\nvertical_datum = "region"'
OFFSET = 'offset_to_region_datum = { metres = -2.5, uncertainty = 0.02, source = "a benchmark" }'
LOCAL = 'time_zone = "UTC"\nvertical_datum = { name = "pier zero", kind = "local" }'


def refusal(folder: Path, *changes: tuple[str, str]) -> str:
    text = REGION_FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "place.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_region_file(path)
    return str(caught.value)


def test_heights_above_an_ellipsoid_are_refused_with_the_conversion(tmp_path: Path) -> None:
    message = refusal(tmp_path, (TYPED, 'vertical_datum = { name = "WGS 84", kind = "ellipsoid" }'))
    assert "[region.vertical_datum]: heights above an ellipsoid are refused" in message
    assert "gdalwarp" in message


def test_an_unknown_kind_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    message = refusal(tmp_path, (TYPED, 'vertical_datum = { name = "zero", kind = "normal" }'))
    assert "[region.vertical_datum.kind]: 'normal' does not fit" in message
    assert "'mean sea level', 'geoid model', 'chart datum' or 'local'" in message


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ([(TYPED, 'vertical_datum = { name = "MSL", kind = "mean sea level" }')], "add 'epoch = [first year, last"),
        ([(TYPED, TYPED.replace(" }", ", epoch = [2000, 2019] }"))], "has no epoch; leave 'epoch' out"),
        (
            [(TYPED, 'vertical_datum = { name = "MSL", kind = "mean sea level", epoch = [2019, 2000] }')],
            "is not a span of years",
        ),
        ([(GAUGE_DATUM, LOCAL)], "nothing leads from 'pier zero' to the region's datum; add 'offset_to_region_datum"),
        ([(GAUGE_DATUM, f"{GAUGE_DATUM}\n{OFFSET}")], "heights above the region's own datum need no offset"),
        ([(GAUGE_DATUM, f"{LOCAL}\n{OFFSET}".replace("-2.5", "-32.0"))], "leads from no datum of heights to another"),
        ([(GAUGE_DATUM, f"{LOCAL}\n{OFFSET}".replace(", uncertainty = 0.02", ""))], "add 'uncertainty'"),
        ([(GAUGE_DATUM, f"{LOCAL}\n{OFFSET}".replace(', source = "a benchmark"', ""))], "add 'source'"),
        ([('value = "value"', 'value = "value", crest = "top"')], "[assets] vertical_datum"),
        ([('value = "value"', 'value = "value", toe = "foot"')], "[assets] vertical_datum"),
    ],
)
def test_what_is_missing_or_contradicts_is_named(tmp_path: Path, changes: list[tuple[str, str]], what: str) -> None:
    assert what in refusal(tmp_path, *changes)


def test_a_file_of_an_earlier_version_is_refused_with_every_line_to_write(tmp_path: Path) -> None:
    message = refusal(
        tmp_path,
        (TYPED, 'vertical_datum = "chart datum"'),
        ('path = "dem.tif"\nvertical_datum = "region"', 'path = "dem.tif"\ndatum_shift = 0.0'),
        (GAUGE_DATUM, 'time_zone = "UTC"\ndatum_shift = -0.32'),
    )
    assert "3 places do not state what heights are measured from" in message
    assert '[region] vertical_datum = { name = "chart datum", kind = ' in message
    assert '[terrain] vertical_datum = "region" (in place of datum_shift = 0.0)' in message
    assert "[[tide_gauge]] 'Pier' vertical_datum = { name = " in message
    assert "offset_to_region_datum = { metres = -0.32, uncertainty = …, source = " in message


def test_an_offset_is_applied_once_with_its_source(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    path.write_text(REGION_FILE.replace(GAUGE_DATUM, f"{LOCAL}\n{OFFSET}"), encoding="utf-8")
    region_file = load_region_file(path)
    gauge = region_file.tide_gauge[0]
    assert (gauge.datum_shift, gauge.datum_uncertainty) == (-2.5, 0.02)
    assert region_file.region.vertical_datum == "chart datum"
    leads = "levels.csv (heights: -2.5 ± 0.02 m from 'pier zero' to the region's datum, by a benchmark)"
    assert provenance_of(region_file, "tide_gauge").source == leads


def test_data_of_an_exercise_is_called_simulated_by_its_section(tmp_path: Path) -> None:
    path = tmp_path / "place.toml"
    stated = REGION_FILE.replace(GAUGE_DATUM, f"simulated = true\n{GAUGE_DATUM}")
    assert stated != REGION_FILE
    path.write_text(stated, encoding="utf-8")
    region_file = load_region_file(path)
    assert provenance_of(region_file, "tide_gauge").kind == "simulated"
    assert provenance_of(region_file, "terrain").kind == "real"


@pytest.mark.parametrize(("metres", "is_plausible"), [(15.0, True), (-15.0, True), (15.1, False), (-15.1, False)])
def test_an_offset_leads_at_most_from_the_lowest_chart_datum_to_the_sea(metres: float, is_plausible: bool) -> None:
    entries = {"metres": metres, "uncertainty": 0.0, "source": "book"}
    if is_plausible:
        assert HeightOffset.model_validate(entries).metres == metres
    else:
        with pytest.raises(ValueError, match="leads from no datum"):
            HeightOffset.model_validate(entries)


def test_the_uncertainty_of_an_offset_is_a_standard_deviation_of_metres() -> None:
    for uncertainty in (-0.01, 5.01, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="uncertainty"):
            HeightOffset.model_validate({"metres": 0.0, "uncertainty": uncertainty, "source": "book"})


@pytest.mark.parametrize(
    ("first", "last", "is_span"),
    [(1800, 1800, True), (2100, 2100, True), (1900, 1918, True), (1799, 1900, False), (2000, 2101, False),
     (1901, 1900, False)],
)  # fmt: skip
def test_an_epoch_is_a_span_of_years(first: int, last: int, is_span: bool) -> None:
    entries = {"name": "MSL", "kind": "mean sea level", "epoch": (first, last)}
    if is_span:
        assert str(VerticalDatum.model_validate(entries)) == f"MSL {first}-{last}"
    else:
        with pytest.raises(ValueError, match="is not a span of years"):
            VerticalDatum.model_validate(entries)


STATED = {"vertical_datum": "region"}
WITH_HEIGHTS: dict[str, tuple[Any, str]] = {
    "terrain": ({"path": "dem.tif"}, "[terrain]"),
    "extremes": ({"path": "maxima.csv"}, "[extremes]"),
    "return_levels": ({"path": "levels.csv"}, "[return_levels]"),
    "tide_gauge": ([STATED, {"name": "Pier"}], "[[tide_gauge]] 'Pier'"),
    "surge_forecast": ([{"name": "Service", "variable": "water_level_forecast"}], "[[surge_forecast]] 'Service'"),
    "stream": ([{"name": "live", "kind": "ioc", "variable": "water_level"}], "[[stream]] 'live'"),
    "assets": ({"columns": {"crest": "top"}}, "[assets]"),
    "weather": ({"sea_level_datum_shift": 0.3}, "[weather.sea_level]"),
}


@pytest.mark.parametrize("section", WITH_HEIGHTS)
def test_each_file_with_heights_must_state_its_datum(tmp_path: Path, section: str) -> None:
    table, place = WITH_HEIGHTS[section]
    with pytest.raises(InputError) as caught:
        demand_datums(tmp_path / "place.toml", {section: table, "region": {"name": "Here"}})
    assert "1 place does not state" in str(caught.value)
    assert f"{place} " in str(caught.value)
    if section != "weather":
        stated = [{**each, **STATED} for each in table] if isinstance(table, list) else {**table, **STATED}
        demand_datums(tmp_path / "place.toml", {section: stated})


@pytest.mark.parametrize("kind", ["file", "noaa_coops", "ioc", "erddap", "json"])
def test_each_kind_of_stream_that_reads_levels_must_state_their_datum(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match=r"\[\[stream\]\] '\?'"):
        demand_datums(tmp_path / "place.toml", {"stream": [{"kind": kind}]})


def test_files_without_heights_need_no_datum(tmp_path: Path) -> None:
    without = {
        "assets": [{"columns": {"value": "value"}}, {"path": "homes.gpkg"}], "weather": {"path": "era5.nc"},
        "stream": [{"kind": "flood_scenes"}], "surge_forecast": [{"variable": "surge"}], "optical": {"path": "b.tif"},
    }  # fmt: skip
    demand_datums(tmp_path / "place.toml", without)
    demand_datums(tmp_path / "place.toml", {"region": "nonsense", "terrain": 3, "assets": 4, "tide_gauge": {"a": 1}})


def test_one_of_several_tables_of_assets_may_hold_heights(tmp_path: Path) -> None:
    tables = [{"columns": {"value": "value"}}, {"columns": {"toe": "foot"}}]
    with pytest.raises(InputError, match=r"\[assets\] vertical_datum"):
        demand_datums(tmp_path / "place.toml", {"assets": tables})


def test_a_former_shift_becomes_an_offset_unless_it_was_nothing(tmp_path: Path) -> None:
    for shift, written in (
        (0.0, 'vertical_datum = "region" (in place of datum_shift = 0.0)'),
        (0.4, 'offset_to_region_datum = { metres = 0.4, uncertainty = …, source = "…" } (in place of'),
    ):
        with pytest.raises(InputError) as caught:
            demand_datums(tmp_path / "place.toml", {"terrain": {"datum_shift": shift, **STATED}})
        assert written in str(caught.value)
    with pytest.raises(InputError) as caught:
        demand_datums(tmp_path / "place.toml", {"terrain": {}})
    assert "in place of" not in str(caught.value)
