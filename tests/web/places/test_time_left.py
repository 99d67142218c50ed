"""Time left of a job, by the stages behind it."""

import re
from pathlib import Path

import pytest

import strandline
from strandline.web.places.time_left import FIRST_RUN, TimeLeft

WEIGHTS = {"read": 10.0, "learn": 60.0, "plan": 30.0}


def test_it_is_what_remains_at_the_speed_that_was_measured() -> None:
    left = TimeLeft(WEIGHTS)
    left.begin("read", 0.0)
    assert (left.share, left.left(0.0)) == (0.0, None)
    left.begin("learn", 20.0)  # twice as slow as the weights
    assert left.share == pytest.approx(0.1)
    assert left.left(20.0) == pytest.approx(180.0)
    left.progress(0.5)
    assert left.share == pytest.approx(0.4)
    assert left.left(80.0) == pytest.approx(120.0)
    left.begin("plan", 140.0)
    left.progress(1.0)
    assert left.left(200.0) == pytest.approx(0.0)


def test_a_stage_that_is_read_back_is_done_and_measures_nothing() -> None:
    left = TimeLeft(WEIGHTS, restored=["read", "learn"])
    for moment, stage in ((0.0, "read"), (0.1, "learn"), (0.2, "plan")):
        left.begin(stage, moment)
    assert left.share == pytest.approx(0.7)
    assert left.left(0.2) is None
    left.progress(0.5)
    assert left.left(60.2) == pytest.approx(60.0)


def test_without_weights_it_is_unknown() -> None:
    left = TimeLeft({})
    left.begin("look", 0.0)
    left.progress(0.9)
    assert (left.share, left.left(9.0)) == (None, None)


def test_the_proportions_of_a_first_run_are_those_of_stages_that_exist() -> None:
    source = (Path(strandline.__file__).parent / "pipeline" / "run.py").read_text()
    assert set(FIRST_RUN) <= set(re.findall(r'"([a-z\- ]+)"', source))
