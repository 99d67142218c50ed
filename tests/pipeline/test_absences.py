"""A run from what there is: whatever is absent, it ends in a report whose first page says what it cannot know."""

import json
from pathlib import Path

import pytest

from tests.fixtures.absences import run_place, write_place_with

YEAR = 365.25
TERRAIN_ALONE = "No reading of the sea was given."
NO_TIDE = "No tidal constants were given"
NO_SURVEY = "No assets were surveyed"
PRIOR = "too few to speak alone"
COMBINATIONS = {
    "terrain alone": (0.0, (), (TERRAIN_ALONE, NO_TIDE, NO_SURVEY)),
    "tide": (0.0, ("tides",), (TERRAIN_ALONE, "The tide is that of", NO_SURVEY)),
    "tide, assets": (0.0, ("tides", "assets"), (TERRAIN_ALONE,)),
    "tide, published levels": (0.0, ("tides", "return_levels"), (TERRAIN_ALONE, "a model of the world")),
    "assets, published levels": (0.0, ("assets", "return_levels"), (NO_TIDE, "a model of the world")),
    "three annual maxima": (0.0, ("tides", "few_maxima"), (TERRAIN_ALONE, PRIOR)),
    "four months of readings": (120.0, (), (PRIOR, NO_SURVEY)),
    "two years, tide, assets": (2 * YEAR, ("tides", "assets"), (PRIOR,)),
}


@pytest.mark.parametrize("name", list(COMBINATIONS))
def test_whatever_is_absent_a_run_ends_in_a_report_that_says_so_first(name: str, tmp_path: Path) -> None:
    days, sections, sentences = COMBINATIONS[name]
    region_file = write_place_with(tmp_path, days, *sections)
    run_place(region_file, tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    first, rest = report.split('<section id="map"', maxsplit=1)
    for sentence in sentences:
        assert sentence in (rest if sentence in (PRIOR, "a model of the world") else first), sentence
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["provenance"] == "simulated"  # at least its radar is
