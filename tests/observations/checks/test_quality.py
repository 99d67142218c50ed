"""Hourly means and quality control of tide gauges."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.checks.quality import DATUM_JUMP, MISSING, SPIKE, STUCK, flag_quality
from strandline.observations.readers.formats.resampling import hourly_flags, hourly_mean, hours_between
from strandline.observations.readers.gauges.tide_gauges import read_tide_gauges
from tests.observations.readers.test_tide_gauges import HOURS, gauge, tide, write_csv

# --- hourly means ------------------------------------------------------------------------------------------------


def test_a_straight_line_keeps_its_value_at_the_hour_whatever_the_spacing() -> None:
    for minutes, offset in ((5, 0), (6, 0), (10, 0), (15, 0), (60, 0), (60, 30)):
        step = np.timedelta64(minutes, "m")
        time = np.arange(HOURS[0] + np.timedelta64(offset, "m"), HOURS[50], step).astype("datetime64[ns]")
        value = (time - HOURS[0]) / np.timedelta64(1, "h")
        hours = hours_between(time[0], time[-1])
        inner = (hours > time[0] + np.timedelta64(30, "m")) & (hours < time[-1] - np.timedelta64(30, "m"))
        expected = (hours - HOURS[0]) / np.timedelta64(1, "h")
        np.testing.assert_allclose(hourly_mean(time, value, hours, 1.0)[inner], expected[inner], atol=1e-9)


def test_an_hour_with_too_few_readings_is_nan() -> None:
    time = np.arange(HOURS[0], HOURS[10], np.timedelta64(5, "m")).astype("datetime64[ns]")
    value = np.ones(time.size)
    value[55:66] = np.nan  # 04:35 to 05:25: of the twelve readings around five o'clock one is left
    hours = hours_between(time[0], time[-1])
    hourly = hourly_mean(time, value, hours, 0.5)
    assert np.isnan(hourly[5])
    assert not np.isnan(hourly[[1, 2, 3, 4, 6, 7]]).any()
    assert not np.isnan(hourly_mean(time, value, hours, 0.05)[5])


def test_hourly_readings_pass_unchanged_with_their_gaps() -> None:
    value = tide(HOURS)
    value[10:20] = np.nan
    keep = np.r_[0:30, 40 : HOURS.size]
    hourly = hourly_mean(HOURS[keep], value[keep], HOURS, 1.0)
    value[30:40] = np.nan
    np.testing.assert_array_equal(hourly, value)


def test_a_flag_applies_to_every_hour_that_uses_its_reading() -> None:
    time = HOURS[0] + np.array([0, 25, 30, 35], dtype="timedelta64[m]")
    flags = np.array([0, 1, 2, 4], dtype=np.uint8)
    np.testing.assert_array_equal(hourly_flags(time, flags, HOURS[:3]), [3, 6, 0])


# --- quality -----------------------------------------------------------------------------------------------------


def test_a_clean_tide_of_any_range_raises_no_flag() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, HOURS.size)
    for amplitude in (0.05, 1.0, 5.0):
        assert not flag_quality(HOURS, tide(HOURS, amplitude) + noise).any()


def test_a_storm_surge_raises_no_flag() -> None:
    hours = (HOURS - HOURS[0]) / np.timedelta64(1, "h")
    surge = 4.0 * np.exp(-np.abs(hours - 700) / 6.0 * (np.abs(hours - 700) > 2))  # up 4 m in hours, with a flat top
    smooth = np.convolve(surge, np.ones(5) / 5, mode="same")
    noise = np.random.default_rng(1).normal(0, 0.01, HOURS.size)
    assert not flag_quality(HOURS, tide(HOURS) + smooth + noise).any()


def test_only_the_spike_itself_is_flagged() -> None:
    level = tide(HOURS)
    level[300] += 0.8
    level[900] -= 3.0
    flags = flag_quality(HOURS, level)
    np.testing.assert_array_equal(np.flatnonzero(flags), [300, 900])
    assert (flags[[300, 900]] == SPIKE).all()


def test_a_stuck_gauge_is_flagged_and_slack_water_is_not() -> None:
    level = np.round(tide(HOURS), 2)
    level[100:103] = level[100]
    level[500:520] = level[500]
    stuck = (flag_quality(HOURS, level) & STUCK) > 0
    np.testing.assert_array_equal(np.flatnonzero(stuck), np.arange(500, 520))


def test_a_datum_jump_flags_the_shorter_part_of_the_record() -> None:
    level = tide(HOURS)
    level[1000:] += 0.6
    jump = (flag_quality(HOURS, level) & DATUM_JUMP) > 0
    np.testing.assert_array_equal(np.flatnonzero(jump), np.arange(1000, HOURS.size))


def test_a_second_jump_ends_the_flagged_part() -> None:
    level = tide(HOURS)
    level[200:400] -= 0.4
    jump = (flag_quality(HOURS, level) & DATUM_JUMP) > 0
    np.testing.assert_array_equal(np.flatnonzero(jump), np.arange(200, 400))


def test_a_lower_datum_after_a_gap_is_flagged() -> None:
    level = tide(HOURS)
    level[900:] -= 0.9
    level[850:900] = np.nan
    flags = flag_quality(HOURS, level)
    assert (flags[850:900] == MISSING).all()
    assert ((flags[900:] & DATUM_JUMP) > 0).all()
    assert not flags[:850].any()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    gaps=st.lists(st.tuples(st.integers(0, 1400), st.integers(1, 200)), max_size=4),
    spikes=st.lists(st.tuples(st.integers(0, 1415), st.floats(-9, 9)), max_size=4),
)
def test_quality_control_never_changes_a_value(
    seed: int, gaps: list[tuple[int, int]], spikes: list[tuple[int, float]]
) -> None:
    level = tide(HOURS) + np.random.default_rng(seed).normal(0, 0.05, HOURS.size)
    for start, length in gaps:
        level[start : start + length] = np.nan
    for position, height in spikes:
        level[position] += height
    before = level.copy()
    flags = flag_quality(HOURS, level)
    np.testing.assert_array_equal(level, before)
    np.testing.assert_array_equal((flags & MISSING) > 0, np.isnan(level))


def test_flags_do_not_change_the_levels(tmp_path: Path) -> None:
    level = tide(HOURS)
    level[300] += 0.9
    level[10] = np.nan
    dataset = read_tide_gauges([gauge(write_csv(tmp_path / "a.csv", HOURS, level))])
    quality = dataset["quality"].values[0]
    np.testing.assert_array_equal(np.flatnonzero(quality), [10, 300])
    assert [quality[10], quality[300]] == [MISSING, SPIKE]
    assert dataset["water_level"].values[0, 300] == pytest.approx(level[300])
