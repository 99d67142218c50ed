"""Coverage under drift: the long-run bound holds for every sequence, made up by chance or by an adversary."""

import math
from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calibration.drift import AdaptiveLevel, TrackedRadius, adaptive_radius
from strandline.errors import InputError, RefusedByTheory

miss_rates = st.floats(0.01, 0.6)
gains = st.floats(1e-3, 0.5)
sequences = st.lists(st.floats(0, 5), min_size=1, max_size=300)


@settings(max_examples=200, deadline=None)
@given(
    miss_rate=miss_rates, gain=gains, start=st.floats(0, 1), wishes=st.lists(st.booleans(), min_size=1, max_size=400)
)
def test_no_adversary_moves_the_share_of_misses_further_than_the_bound(
    miss_rate: float, gain: float, start: float, wishes: list[bool]
) -> None:
    """Proposition 4.1. The adversary decides every miss; only the whole line cannot be missed, nor nothing be hit."""
    first = state = AdaptiveLevel(miss_rate, gain, start)
    misses = 0
    for covered in wishes:
        covered = True if state.level <= 0 else False if state.level >= 1 else covered
        misses += not covered
        state = state.update(covered)
        assert -gain <= state.level <= 1 + gain
    assert abs(misses / len(wishes) - miss_rate) <= first.long_run_bound(len(wishes)) + 1e-9


@settings(max_examples=100, deadline=None)
@given(miss_rate=miss_rates, gain=gains, scores=sequences)
def test_the_intervals_of_past_scores_keep_the_bound_too(miss_rate: float, gain: float, scores: list[float]) -> None:
    first = state = AdaptiveLevel(miss_rate, gain, miss_rate)
    misses = 0
    for i, score in enumerate(scores):
        covered = score <= adaptive_radius(state, np.array(scores[:i]))
        misses += not covered
        state = state.update(covered)
    assert abs(misses / len(scores) - miss_rate) <= first.long_run_bound(len(scores)) + 1e-9


@settings(max_examples=200, deadline=None)
@given(miss_rate=miss_rates, gain=gains, start=st.floats(0, 5), scores=sequences)
def test_a_tracked_radius_keeps_its_bound_for_any_bounded_scores(
    miss_rate: float, gain: float, start: float, scores: list[float]
) -> None:
    first = state = TrackedRadius(miss_rate, gain, start)
    misses = 0
    for score in scores:
        misses += score > state.radius
        state = state.update(score)
        assert -gain * miss_rate <= state.radius <= 5 + gain
    assert abs(misses / len(scores) - miss_rate) <= first.long_run_bound(len(scores), 5.0) + 1e-9


def test_adversaries_come_close_to_the_bound() -> None:
    """So it is no looser than it must be: who misses until the whole line is given gains the level and one step."""
    first = state = AdaptiveLevel(0.1, 0.05, 1.0 - 1e-9)
    misses = 0
    while state.level > 0:
        state, misses = state.update(False), misses + 1
    excess = misses / misses - 0.1
    assert 0.9 * first.long_run_bound(misses) <= excess <= first.long_run_bound(misses)


def test_without_drift_the_level_stays_near_the_miss_rate_and_the_radius_near_the_quantile() -> None:
    rng = np.random.default_rng(0)
    level, tracked, levels, radii = AdaptiveLevel(0.1, 0.01, 0.1), TrackedRadius(0.1, 0.02, 1.0), [], []
    past = rng.exponential(size=2000)
    for score in rng.exponential(size=20_000):
        level, tracked = level.update(bool(score <= adaptive_radius(level, past))), tracked.update(float(score))
        levels.append(level.level)
        radii.append(tracked.radius)
    assert np.mean(levels) == pytest.approx(0.1, abs=0.01)
    assert np.mean(radii[2000:]) == pytest.approx(-math.log(0.1), rel=0.05)


def test_when_errors_double_a_fixed_radius_breaks_its_promise_and_these_do_not() -> None:
    rng = np.random.default_rng(1)
    scores = rng.exponential(size=6000) * np.where(np.arange(6000) < 3000, 1.0, 2.0)
    level, tracked, hits = AdaptiveLevel(0.1, 0.02, 0.1), TrackedRadius(0.1, 0.1, 2.3), []
    for i in range(200, 6000):
        fixed, adaptive = np.quantile(scores[:200], 0.9), adaptive_radius(level, scores[i - 200 : i])
        hits.append(scores[i] <= np.array([fixed, adaptive, tracked.radius]))
        level, tracked = level.update(bool(hits[-1][1])), tracked.update(float(scores[i]))
    late = np.mean(hits[3500:], axis=0)
    assert late[0] < 0.8
    np.testing.assert_allclose(late[1:], 0.9, atol=0.02)


@pytest.mark.parametrize(
    ("level", "radius"), [(0.5, 2.0), (0.25, 3.0), (0.2, math.inf), (-0.1, math.inf), (1.0, -math.inf)]
)
def test_the_radius_is_the_conformal_quantile_of_the_level(level: float, radius: float) -> None:
    assert adaptive_radius(AdaptiveLevel(0.1, 0.1, level), np.array([3.0, 1.0, 2.0])) == radius


def test_states_do_not_change_and_equal_histories_give_equal_states() -> None:
    state = AdaptiveLevel(0.1, 0.02, 0.1)
    assert state.update(False).level == pytest.approx(0.1 - 0.02 * 0.9)
    assert state == AdaptiveLevel(0.1, 0.02, 0.1)
    twice = [reduce(AdaptiveLevel.update, [True, False, True], state) for _ in range(2)]
    assert twice[0] == twice[1]


def test_an_interval_of_another_level_is_noticed() -> None:
    state = AdaptiveLevel(0.1, 0.02, -0.01)
    with pytest.raises(InputError, match="whole line was missed"):
        state.update(False)
    with pytest.raises(InputError, match="empty interval was hit"):
        replace(state, level=1.01).update(True)


@pytest.mark.parametrize("score", [math.nan, -0.1])
def test_a_gap_is_no_score(score: float) -> None:
    with pytest.raises(InputError, match="gaps"):
        TrackedRadius(0.1, 0.02, 0.5).update(score)


@pytest.mark.parametrize(("miss_rate", "gain"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, math.inf), (0.1, math.nan)])
def test_what_no_rule_can_keep_is_refused(miss_rate: float, gain: float) -> None:
    for make in (AdaptiveLevel, TrackedRadius):
        with pytest.raises(RefusedByTheory):
            make(miss_rate, gain, 0.5)
