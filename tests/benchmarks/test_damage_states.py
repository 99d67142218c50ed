"""Scores of damage states in closed form, and the outdated survey."""

import numpy as np
import pytest

from benchmarks.impact.damage_states import LEAST, SURVEYS, age, score
from benchmarks.impact.summary import TOOLS, part_of, summarise
from tests.fixtures.hazards import REGION, make_assets


def test_scores_of_damage_states_in_closed_form() -> None:
    sure = np.eye(5)[[0, 3]]
    assert score(sure, np.array([0, 3]))["brier"] == 0.0
    assert score(sure, np.array([0, 3]))["log_score"] == 0.0
    assert score(sure, np.array([1, 3]))["brier"] == pytest.approx(1.0)  # (2 + 0) / 2
    assert score(sure, np.array([1, 3]))["log_score"] == pytest.approx(-np.log(LEAST) / 2)
    even = np.full((1, 5), 0.2)
    assert score(even, np.array([2]))["brier"] == pytest.approx(0.8**2 + 4 * 0.2**2)
    assert score(even, np.array([2]))["log_score"] == pytest.approx(np.log(5))


def test_a_recent_survey_stays_as_it_is_and_an_outdated_one_errs_in_places_and_classes() -> None:
    assets = make_assets().iloc[[0, 1, 4, 6, 7] * 200].reset_index(drop=True)
    recent = age(assets, REGION, "recent", np.random.default_rng(0))
    assert recent.geometry.geom_equals(assets.geometry).all()
    assert (recent["asset_class"] == assets["asset_class"]).all()
    shift, changed = SURVEYS["outdated"]
    old = age(assets, REGION, "outdated", np.random.default_rng(0))
    inner = old.geometry.x.between(2, 998) & old.geometry.y.between(2, 798)
    assert 0.5 * shift < (old.geometry.x - assets.geometry.x)[inner].std() <= shift
    assert (old["asset_class"] != assets["asset_class"]).mean() == pytest.approx(changed * 5 / 6, abs=0.03)
    assert old.geometry.x.between(0, 1000).all()


def test_the_summary_compares_coast_by_coast() -> None:
    brier = {"curve": (0.3, 0.5), "head": (0.2, 0.45), "pool": (0.25, 0.4)}
    rows = [
        {"case": f"damage_state/{survey}", "coasts": "test", "coast": coast, "tool": tool, "brier": brier[tool][coast],
         "log_score": 1.0}
        for survey in SURVEYS for coast in (0, 1) for tool in TOOLS
    ]  # fmt: skip
    summary = summarise(rows)
    assert summary["test/outdated/head_minus_curve/brier"] == pytest.approx(-0.075)
    assert summary["test/outdated/head_minus_curve/brier/least"] == pytest.approx(-0.1)
    assert summary["test/outdated/pool_minus_curve/brier/greatest"] == pytest.approx(-0.05)
    assert not any(key.startswith("tuning") for key in summary)
    assert {part_of(row) for row in rows} == {"damage_states"}
