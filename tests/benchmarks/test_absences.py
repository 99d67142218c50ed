"""The table of absences: maps without a stream, beside the truth."""

import numpy as np
import pytest

from benchmarks.absences.streams import DROPPED, MIDDLE
from benchmarks.absences.summary import stream_scores, summarise
from strandline.observations.observations import MODALITIES
from strandline.observations.variables import DEPTH_EDGES


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
