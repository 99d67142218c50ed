"""Fragility: points of the published curve, closed forms, order of conditions, and draws that keep their share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

from strandline.errors import InputError
from strandline.risk.breaches.fragility import SPREAD, Fragility, draw_strengths

LEVELS = st.floats(-5, 8)
CONDITIONS = ("good", "fair", "poor")


@pytest.mark.parametrize(("condition", "point"), [("good", 3.5), ("fair", 3.0), ("poor", 2.5)])
def test_the_points_of_the_corps_of_engineers_lie_half_a_metre_apart(condition: str, point: float) -> None:
    curve = Fragility.of(3.0, condition, 0.0)
    assert curve.probability(point) == pytest.approx(0.85)
    assert curve.probability(point - 0.5) == pytest.approx(0.15)


def test_a_fair_embankment_follows_the_normal_law_about_a_quarter_metre_below_its_crest() -> None:
    levels = np.linspace(0, 6, 50)
    expected = norm(2.75, 0.25 / norm.ppf(0.85)).cdf(levels)
    np.testing.assert_allclose(Fragility.of(3.0, "fair", 0.0).probability(levels), expected, rtol=1e-12)


def test_an_unknown_condition_is_the_mean_of_all_three() -> None:
    levels = np.linspace(0, 6, 50)
    mean = np.mean([Fragility.of(3.0, each, 0.0).probability(levels) for each in CONDITIONS], axis=0)
    np.testing.assert_allclose(Fragility.of(3.0, "unknown", 0.0).probability(levels), mean)


def test_an_unknown_crest_is_anything_up_to_four_metres_above_its_toe_and_never_safe() -> None:
    vague = Fragility.of(np.nan, "fair", 1.0)
    heights = 1.0 + 4.0 * (np.arange(20000) + 0.5) / 20000  # the integral over crests
    for level in (0.5, 1.5, 3.0, 5.0):
        assert vague.probability(level) == pytest.approx(ndtr((level - heights + 0.25) / SPREAD).mean(), abs=2e-3)
    assert vague.probability(1.5) > 0.1


@given(level=LEVELS, higher=st.floats(0, 3), crest=st.floats(-1, 5))
def test_a_higher_sea_and_a_worse_condition_breach_more_often(level: float, higher: float, crest: float) -> None:
    good, fair, poor = (Fragility.of(crest, each, 0.0) for each in CONDITIONS)
    assert good.probability(level) <= fair.probability(level) <= poor.probability(level)
    for each in (good, fair, poor, Fragility.of(np.nan, "unknown", crest)):
        assert each.probability(level) <= each.probability(level + higher)


@given(strength=st.floats(-6, 6))
def test_the_same_strength_fails_earlier_in_a_worse_condition(strength: float) -> None:
    drawn = np.array([strength])
    good, fair, poor = (Fragility.of(2.0, each, 0.0).failure_level(drawn)[0] for each in CONDITIONS)
    assert poor < fair < good


@pytest.mark.parametrize("crest", [2.0, np.nan])
@pytest.mark.parametrize("condition", [*CONDITIONS, "unknown"])
def test_the_share_of_strengths_that_fail_is_the_probability(crest: float, condition: str) -> None:
    curve = Fragility.of(crest, condition, 0.5)
    strength = draw_strengths(np.zeros(1, dtype=int), 1000, 0.5, np.random.default_rng(0))[:, 0]
    failure = curve.failure_level(strength)
    for level in np.linspace(0, 5, 21):
        assert abs((failure <= level).mean() - curve.probability(level)) <= 1e-3 + 1e-9


def test_strengths_are_even_in_each_stretch_and_alike_along_a_line() -> None:
    line = np.array([0, 0, 1])
    strength = draw_strengths(line, 4000, 0.5, np.random.default_rng(1))
    np.testing.assert_allclose(np.sort(strength, axis=0)[:, 0], norm.ppf((np.arange(4000) + 0.5) / 4000), atol=1e-12)
    correlation = np.corrcoef(strength.T)
    assert correlation[0, 1] == pytest.approx(0.5, abs=0.04)
    assert correlation[0, 2] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("crest", "condition", "toe", "complaint"),
    [
        (2.0, "splendid", 0.0, "write one of good, fair, poor, unknown"),
        (np.nan, "fair", np.nan, "neither crest nor toe"),
    ],
)
def test_what_no_curve_knows_is_refused(crest: float, condition: str, toe: float, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        Fragility.of(crest, condition, toe)
