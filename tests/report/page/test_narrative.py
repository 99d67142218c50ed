"""The sentences of the report."""

from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

import tests.fixtures.reports as coast
from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import format_area, format_metres, format_metres_between
from strandline.report.flooded_land import flooded_land
from strandline.report.page.narrative import (
    gauge_sentences,
    lead_answers,
    missed_cells_sentence,
    skill_sentences,
)
from strandline.report.products import return_levels


def test_a_teacher_that_does_not_help_is_reported_as_such() -> None:
    scores = replace(coast.results().learning, student_iou=0.41, labels_only_iou=0.44, gap_closed=None)
    text = " ".join(skill_sentences(scores))
    assert "did not help" in text
    assert "undefined" in text
    assert "did not help" not in " ".join(skill_sentences(coast.results().learning))


def gauges(*levels: list[float]) -> xr.Dataset:
    time = pd.date_range("2022-01-01", periods=len(levels[0]), freq="D")
    return xr.Dataset(
        {"water_level": (("station", "time"), np.array(levels))},
        coords={"station": [f"gauge {number}" for number in range(len(levels))], "time": time},
    )


def test_a_gauge_is_not_silent_before_its_first_and_after_its_last_reading() -> None:
    nan = float("nan")
    table = gauges([0.1] * 8, [nan, nan, nan, nan, 0.1, 0.1, 0.1, 0.1], [0.1, nan, 0.1, 0.1, nan, nan, nan, nan])
    late, gap = (sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in gauge_sentences(table))
    assert late.endswith("1” was read from 5 January 2022 to 8 January 2022; in no hour of that time it was silent.")
    assert gap.endswith("from 1 January 2022 to 4 January 2022; in 25 % of the hours of that time it was silent.")


def test_missed_cells_are_told_in_one_sentence_for_the_map_and_the_scores() -> None:
    scores = replace(coast.results().learning, miss_rate=0.37)
    assert "are called dry" in missed_cells_sentence(scores)
    assert missed_cells_sentence(scores) in " ".join(skill_sentences(scores))
    assert missed_cells_sentence(replace(scores, miss_rate=None)) == ""


def test_land_under_water_is_stated_on_average() -> None:
    """The median stood there: 3.6 km² where the mean is 4.4."""
    results = coast.results()
    depth = results.hazard.flood_depth.copy()
    depth[: len(depth) // 2 + 1, -1] = 0.0  # in most samples all land stays dry
    results = replace(results, hazard=replace(results.hazard, flood_depth=depth))
    land = flooded_land(results.hazard, results.observations.terrain).flooded
    assert land.p50 == 0 < land.mean
    answers = dict(lead_answers(results, return_levels(results.hazard)))
    assert f"On average {format_area(land.mean)} of" in answers["What will flood?"]


def test_the_summary_answers_in_the_order_of_a_reader_and_names_what_comes_first() -> None:
    results = coast.results()
    answers = dict(lead_answers(results, return_levels(results.hazard)))
    questions = ["What will flood?", "Who is in danger?", "What does it cost?", "How sure is this?", "What to do?"]
    assert list(answers) == questions
    assert "how many are in danger is unknown" in answers["Who is in danger?"], "nobody is counted there"
    assert "unknown does not mean safe" in answers["How sure is this?"].replace("\n", " ")
    first = [each.title for each in results.plan.actions if each.kind != "continue_monitoring"]
    assert answers["What to do?"].endswith(f"First: {'; '.join(first[:4])}.")


def test_a_level_whose_range_is_a_metre_wide_has_no_centimetres() -> None:
    assert [format_metres(7.062, 6.7), format_metres_between(4.63, 11.38)] == [f"7.1{SPACE}m", f"4.6 to 11.4{SPACE}m"]
    assert [format_metres(1.954, 0.6), format_metres_between(1.7, 2.37)] == [f"1.95{SPACE}m", f"1.70 to 2.37{SPACE}m"]
