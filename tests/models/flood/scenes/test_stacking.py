"""Joining members: weights by the overlap that they expect of themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.models.flood.scenes.stacking import (
    HIGHEST_THRESHOLD,
    LOWEST_THRESHOLD,
    Recalibration,
    Stacking,
    expected_overlap,
    log_odds,
    scene_threshold,
)

probabilities = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(probabilities)
def test_no_threshold_lets_expect_a_higher_overlap_than_the_one_found(values: list[float]) -> None:
    probability = np.array(values)
    best, threshold = expected_overlap(probability)

    def overlap(at: float) -> float:
        both = probability[probability >= at].sum()
        return float(both / ((probability >= at).sum() + probability.sum() - both))

    assert best == pytest.approx(max(overlap(at) for at in values))
    assert best == pytest.approx(overlap(threshold))


def test_a_certain_member_expects_a_full_overlap_and_nothing_known_none() -> None:
    assert expected_overlap(np.array([1.0, 0.0, 0.0, np.nan])) == (1.0, 1.0)
    assert expected_overlap(np.array([np.nan])) == (0.0, 0.5)


def test_equal_weights_without_an_exponent_and_the_sharper_member_with_one() -> None:
    qualities = {"a": 0.8, "b": 0.2}
    members = {"a": Recalibration(), "b": Recalibration()}
    assert Stacking(members).weights(qualities) == {"a": 0.5, "b": 0.5}
    assert Stacking(members, 1.0).weights(qualities) == pytest.approx({"a": 0.8, "b": 0.2})
    assert Stacking(members, 2.0).weights(qualities)["a"] == pytest.approx(0.64 / 0.68)


def test_an_unknown_answer_stays_unknown_and_a_recalibration_keeps_the_order() -> None:
    stacking = Stacking({"a": Recalibration(2.0, 0.5)}, joined=Recalibration(0.5, -0.25))
    given_by_a = np.array([0.2, 0.7, np.nan])
    np.testing.assert_allclose(stacking.join({"a": given_by_a}, {"a": 1.0}), given_by_a, atol=1e-6)
    recalibrated = Recalibration(0.3, 1.0).apply(np.linspace(0.01, 0.99, 9))
    assert (np.diff(recalibrated) > 0).all()
    assert np.abs(log_odds(np.array([0.0, 1.0]))).max() == 6.0


def test_the_threshold_of_a_scene_is_where_the_highest_overlap_is_expected_within_bounds() -> None:
    assert scene_threshold(np.array([0.95, 0.45, 0.05, np.nan])) == pytest.approx(0.45)
    assert scene_threshold(np.array([0.95, 0.55, 0.05])) == 0.5  # what is likelier wet than dry counts as wet
    assert scene_threshold(np.full(50, 0.02)) == LOWEST_THRESHOLD
    assert scene_threshold(np.r_[0.99, np.full(50, 0.01)]) == HIGHEST_THRESHOLD


def test_an_untrained_member_has_half_of_the_weight_however_sure_the_others_are() -> None:
    stacking = Stacking({"network": Recalibration(), "trees": Recalibration()}, 8.0, untrained="thresholds")
    maps = {"network": np.full(50, 0.99), "trees": np.full(50, 0.97), "thresholds": np.full(50, 0.1)}
    joined = stacking.join(maps, stacking.qualities(maps))
    np.testing.assert_allclose(joined, (0.98 + 0.1) / 2, atol=0.02)
    maps["thresholds"][:25] = np.nan  # it does not know
    np.testing.assert_allclose(stacking.join(maps, stacking.qualities(maps))[:25], 0.98, atol=0.02)
    assert stacking.asked == ("network", "trees", "thresholds")
