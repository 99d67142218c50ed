"""Published annual maxima: converted to metres, refused in the wrong unit."""

from pathlib import Path

import pytest

from strandline.errors import InputError
from strandline.observations.readers.published.annual_maxima import read_annual_maxima
from strandline.observations.region_file.data_sections import ExtremesSection
from tests.fixtures.datums import on_datum

TABLE = "year,highest\n1950,112\n1951,\n1952,151\n"


def section(path: Path, text: str = TABLE, **changes: object) -> ExtremesSection:
    path.write_text(text)
    stated = {
        "source": "a book", "path": str(path), "year": "year", "maximum": "highest", "unit": "cm", **on_datum(-0.3),
        "trend": False,
    }  # fmt: skip
    return ExtremesSection.model_validate(stated | changes)


def test_maxima_are_in_metres_on_the_regions_datum_without_empty_years(tmp_path: Path) -> None:
    read = read_annual_maxima(section(tmp_path / "a.csv")).value
    years, maxima = read.years, read.levels
    assert years.tolist() == [1950.0, 1952.0]
    assert maxima.tolist() == pytest.approx([0.82, 1.21])


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        (TABLE, {"unit": "m"}, "the maximum of 1950 is 111.7 m in unit 'm'; check unit"),
        (TABLE, {"maximum": "peak"}, "peak"),
        ("year,highest\n1950,\n", {}, "no year with a maximum"),
        ("year,highest\n1950,high\n", {}, "row 2"),
        ("", {}, "is empty"),
    ],
)
def test_implausible_tables_are_refused(tmp_path: Path, text: str, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_annual_maxima(section(tmp_path / "a.csv", text, **changes))
