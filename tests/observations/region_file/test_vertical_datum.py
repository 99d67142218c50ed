"""Every height states what it is measured from."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.readers.observe import provenance_of
from strandline.observations.region_file import load_region_file
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
