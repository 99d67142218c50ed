"""Storms in a record: declustered peaks, and disjoint splits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.weather.storms import Storm, find_storms, split_by_storm

START = np.datetime64("2020-01-01T00", "ns")
HOUR = np.timedelta64(1, "h")


def record(seed: int, days: int = 90) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    level = rng.normal(size=24 * days)
    level[rng.random(level.size) < 0.2] = np.nan
    return START + np.arange(level.size) * HOUR, level


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), most=st.integers(1, 30), separation=st.integers(121, 400))
def test_storms_are_apart_in_order_and_share_no_hour(seed: int, most: int, separation: int) -> None:
    time, level = record(seed)
    storms = find_storms(time, level, most, separation)
    peaks = np.array([storm.peak for storm in storms])
    assert 0 < len(storms) <= most
    assert (np.diff(peaks) >= separation * HOUR).all()
    belongs = sum(storm.contains(time).astype(int) for storm in storms)
    assert belongs.max() == 1
    for storm in storms:
        assert storm.peak_level == level[time == storm.peak][0]
    assert max(storm.peak_level for storm in storms) == np.nanmax(level)


def test_the_highest_peaks_are_returned_and_never_more_than_the_record_has() -> None:
    time = START + np.arange(24 * 40) * HOUR
    level = np.zeros(time.size)
    for hour, height in ((100, 1.0), (160, 2.0), (400, 1.5), (700, 3.0)):
        level[hour] = height
    found = find_storms(time, level, 3)
    assert [(int((storm.peak - START) / HOUR), storm.peak_level) for storm in found] == [
        (160, 2.0),
        (400, 1.5),
        (700, 3.0),
    ]
    assert len(find_storms(time, level, 100)) <= 24 * 40 // 121 + 1


def test_a_gap_is_not_a_peak() -> None:
    time = START + np.arange(24 * 40) * HOUR
    level = np.full(time.size, np.nan)
    assert find_storms(time, level, 5) == []
    level[300] = -2.0
    assert [storm.peak_level for storm in find_storms(time, level, 5)] == [-2.0]


def test_windows_that_would_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        find_storms(*record(0), most=3, separation_hours=120)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), n_calibration=st.integers(0, 9), n_test=st.integers(0, 9), named=st.integers(0, 3))
def test_the_parts_of_a_split_are_disjoint_complete_and_respect_held_out_windows(
    seed: int, n_calibration: int, n_test: int, named: int
) -> None:
    storms = find_storms(*record(seed), most=12)
    rng = np.random.default_rng(seed)
    chosen = [storms[i] for i in rng.choice(len(storms), named, replace=False)]
    held_out = [(storm.peak - HOUR, storm.peak + HOUR) for storm in chosen]
    split = split_by_storm(storms, n_calibration, n_test, held_out, rng)
    together = [*split.training, *split.calibration, *split.test]
    assert sorted(storm.peak for storm in together) == [storm.peak for storm in storms]
    assert set(chosen) <= set(split.test)
    assert len(split.test) == min(max(n_test, named), len(storms))
    assert len(split.calibration) == min(n_calibration, len(storms) - len(split.test))


def test_a_storm_that_overlaps_a_withheld_window_is_not_used_in_training() -> None:
    peak = START + 24 * 20 * HOUR
    storms = [Storm(p - 72 * HOUR, p, p + 48 * HOUR, 1.0) for p in (peak, peak + 200 * HOUR)]
    window = (peak + 24 * HOUR, peak + 60 * HOUR)  # holds no peak, but hours of the first storm
    split = split_by_storm(storms, 0, 0, [window], np.random.default_rng(0))
    assert split.test == (storms[0],)
    assert split.training == (storms[1],)


def test_the_withheld_hours_are_the_windows_and_the_held_out_storms() -> None:
    storms = find_storms(*record(1), most=8)
    window = (START, START + HOUR)
    split = split_by_storm(storms, 2, 3, [window], np.random.default_rng(0))
    expected = {window} | {(storm.start, storm.end) for storm in (*split.calibration, *split.test)}
    assert set(split.withheld) == expected
