"""Metrics against closed forms; counts of tiles add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.statistics import brier, expected_calibration_error
from strandline.uncertainty.metrics import (
    interval_coverage,
    overlap_counts,
    pooled_iou,
    root_mean_square,
)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(1, 11))
def test_tiles_of_a_map_add_up_to_the_whole_exactly(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    predicted, truth, valid = rng.random((3, 4, 12, 9)) < 0.6
    whole = overlap_counts(predicted, truth, valid)
    tiles = [
        overlap_counts(predicted[:, part], truth[:, part], valid[:, part]) for part in (slice(rows), slice(rows, None))
    ]
    np.testing.assert_array_equal(tiles[0] + tiles[1], whole)
    assert pooled_iou(np.concatenate(tiles)) == pooled_iou(whole)


def test_iou_counts_valid_cells_alone() -> None:
    predicted = np.array([[[1, 1, 0, 1]]], dtype=bool)
    truth = np.array([[[1, 0, 1, 1]]], dtype=bool)
    valid = np.array([[[1, 1, 1, 0]]], dtype=bool)
    np.testing.assert_array_equal(overlap_counts(predicted, truth, valid), [[1, 3]])
    assert pooled_iou(np.array([[1, 3], [2, 2]])) == 0.6
    assert np.isnan(pooled_iou(np.array([[0, 0]])))


def test_a_calibrated_forecaster_has_almost_no_calibration_error() -> None:
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    assert expected_calibration_error(probability, rng.random(200_000) < probability) < 0.01


def test_the_calibration_error_of_a_constant_is_its_distance_to_the_frequency() -> None:
    observed_event = np.arange(1000) < 300
    assert expected_calibration_error(np.full(1000, 0.75), observed_event) == pytest.approx(0.45)
    assert expected_calibration_error(np.ones(1000), observed_event) == pytest.approx(0.7)


def test_the_brier_score_of_a_constant_is_its_bias_squared_plus_the_outcomes_variance() -> None:
    observed_event = np.arange(1000) < 300
    assert brier(np.full(1000, 0.3), observed_event) == pytest.approx(0.3 * 0.7)
    assert brier(np.full(1000, 0.5), observed_event) == pytest.approx(0.3 * 0.7 + 0.2**2)
    assert brier(observed_event.astype(float), observed_event) == 0.0


def test_gaps_count_neither_in_coverage_nor_in_the_error() -> None:
    observed = np.array([0.0, 1.0, np.nan, 3.0])
    assert interval_coverage(np.full(4, -0.5), np.array([0.5, 1.0, 9.0, 2.0]), observed) == pytest.approx(2 / 3)
    assert root_mean_square(observed - np.array([3.0, 1.0, 7.0, -1.0])) == pytest.approx(np.sqrt((9 + 0 + 16) / 3))
