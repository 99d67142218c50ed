"""The table of absences: maps without a stream, beside the truth."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.absences.streams import DROPPED, MIDDLE
from benchmarks.absences.summary import stream_scores, summarise
from benchmarks.record import read_record
from strandline.observations.observations import MODALITIES
from strandline.observations.variables import DEPTH_EDGES
from strandline.pipeline.study_area import absences


def test_errors_are_means_over_storms_and_money_is_in_millions() -> None:
    rows = [
        {"seed": seed, "given": "no radar", "map_people": people, "map_money": 2e6, "people": 10.0, "money": 4e6}
        for seed, people in ((1, 0.0), (2, 30.0))
    ]
    (row,) = stream_scores(rows)
    assert (row["storms"], row["map_people"], row["map_money"], row["money"]) == (2, 15.0, 2.0, 4.0)
    assert summarise([], rows)["no radar map_people"] == 15.0


def test_each_dropped_stream_exists_and_each_depth_lies_in_its_class() -> None:
    assert {name for names in DROPPED.values() for name in names} <= set(MODALITIES)
    assert np.digitize(MIDDLE, DEPTH_EDGES) == pytest.approx(np.arange(len(MIDDLE)))


def test_what_a_report_says_of_absences_is_what_was_measured() -> None:
    summary = read_record(Path(__file__).parents[2] / "benchmarks" / "results" / "absences.json").summary
    stated = {
        "30 years of readings": absences.WITH_THIRTY_YEARS, "6 years": absences.SIX_YEARS,
        "2 years": absences.TWO_YEARS, "no gauge": absences.NO_GAUGE, "no gauge, no tide": absences.NO_GAUGE_NO_TIDE,
        "terrain alone": absences.TERRAIN_ALONE,
    }  # fmt: skip
    for given, cost in stated.items():
        measured = [summary[f"{given} {name}"] for name in ("error_m", "range_m", "people", "money")]
        assert [cost.metres, cost.width, cost.people, cost.millions] == pytest.approx(measured, rel=0.05, abs=0.06)
