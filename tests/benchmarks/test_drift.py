"""Coverage under drift: the long-run bound holds for every sequence."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.calibration.drift import TrackedRadius
from strandline.errors import InputError, RefusedByTheory


@settings(max_examples=200, deadline=None)
@given(
    miss_rate=st.floats(0.01, 0.6),
    gain=st.floats(1e-3, 0.5),
    start=st.floats(0, 5),
    scores=st.lists(st.floats(0, 5), min_size=1, max_size=300),
)
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


def test_without_drift_the_radius_stays_near_the_quantile() -> None:
    rng = np.random.default_rng(0)
    tracked, radii = TrackedRadius(0.1, 0.02, 1.0), []
    for score in rng.exponential(size=20_000):
        tracked = tracked.update(float(score))
        radii.append(tracked.radius)
    assert np.mean(radii[2000:]) == pytest.approx(-math.log(0.1), rel=0.05)


def test_when_errors_double_a_fixed_radius_loses_its_coverage_and_the_tracked_one_does_not() -> None:
    rng = np.random.default_rng(1)
    scores = rng.exponential(size=6000) * np.where(np.arange(6000) < 3000, 1.0, 2.0)
    fixed, tracked, hits = np.quantile(scores[:200], 0.9), TrackedRadius(0.1, 0.1, 2.3), []
    for score in scores[200:]:
        hits.append(score <= np.array([fixed, tracked.radius]))
        tracked = tracked.update(float(score))
    late = np.mean(hits[3500:], axis=0)
    assert late[0] < 0.8
    assert late[1] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("score", [math.nan, -0.1])
def test_a_gap_is_no_score(score: float) -> None:
    with pytest.raises(InputError, match="gaps"):
        TrackedRadius(0.1, 0.02, 0.5).update(score)


@pytest.mark.parametrize(("miss_rate", "gain"), [(0.0, 0.1), (1.0, 0.1), (0.1, 0.0), (0.1, math.inf), (0.1, math.nan)])
def test_an_invalid_rule_is_refused(miss_rate: float, gain: float) -> None:
    with pytest.raises(RefusedByTheory):
        TrackedRadius(miss_rate, gain, 0.5)
