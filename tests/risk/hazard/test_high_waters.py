"""High waters, passages of cyclones, and the trend of the mean, on records whose answer is known."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.risk.hazard.cyclones.cyclone_passages import cyclone_passages
from strandline.risk.hazard.mean_level_trend import decimal_year, fit_mean_level_trend, global_mean_rise
from strandline.risk.hazard.surges.high_waters import find_daily_highest, find_high_waters, tide_is_large

HOUR = np.timedelta64(1, "h")


def hours(count: int, start: str = "2000-01-01") -> np.ndarray:
    return (np.datetime64(start, "h") + np.arange(count) * HOUR).astype("datetime64[ns]")


def tide_of(count: int) -> np.ndarray:
    hour = np.arange(count)
    return np.cos(2 * np.pi * hour / 12.4206) + 0.3 * np.cos(2 * np.pi * hour / 12.0)


@settings(max_examples=25, deadline=None)
@given(st.floats(-0.4, 0.6), st.integers(1000, 3000))
def test_weather_that_never_changes_is_the_skew_surge_of_every_high_water(surge: float, count: int) -> None:
    time, tide = hours(count), tide_of(count)
    waters = find_high_waters(time, tide + surge, tide)
    assert abs(waters.time.size - count / 12.42) < 4
    np.testing.assert_allclose(waters.surge, surge, atol=1e-9)
    assert (waters.tide > 0.6).all()


def test_a_surge_at_low_water_adds_less_than_its_height() -> None:
    time, tide = hours(500), tide_of(500)
    lowest = 200 + int(np.argmin(tide[200:212]))
    level = tide.copy()
    level[lowest - 1 : lowest + 2] += 1.0
    assert find_high_waters(time, level, tide).surge.max() < 0.5
    highest = 200 + int(np.argmax(tide[200:212]))
    level = tide.copy()
    level[highest - 1 : highest + 2] += 1.0
    assert find_high_waters(time, level, tide).surge.max() == pytest.approx(1.0, abs=0.01)


def test_cycles_with_gaps_are_left_out() -> None:
    time, tide = hours(1000), tide_of(1000)
    whole = find_high_waters(time, tide, tide)
    level = tide.copy()
    level[300:400] = np.nan
    gap = find_high_waters(time, level, tide)
    assert 7 <= whole.time.size - gap.time.size <= 10
    days = find_daily_highest(time, np.where(np.isnan(level), np.nan, level))
    assert days.time.size in (35, 36)
    assert (days.tide == 0).all()


def test_the_storm_in_which_the_gauge_failed_is_in_the_record() -> None:
    rng, time, tide = np.random.default_rng(3), hours(20_000), tide_of(20_000)
    level = tide + 0.05 * rng.standard_normal(20_000)
    high = 9_000 + int(np.argmax(tide[9_000:9_012]))
    level[high - 4 : high] += 2.0
    level[high : high + 30] = np.nan  # the gauge fails while the sea still rises
    for waters in (find_high_waters(time, level, tide), find_daily_highest(time, level)):
        reached = waters.tide + waters.surge
        assert reached.max() == np.nanmax(level), "the highest reading is a high water"
    calm = level.copy()
    calm[high - 4 : high] -= 2.0
    assert find_high_waters(time, level, tide).time.size == find_high_waters(time, calm, tide).time.size + 1


def test_tide_and_weather_are_two_chances_where_the_tide_is_large() -> None:
    rng, time, tide = np.random.default_rng(0), hours(20_000), tide_of(20_000)
    assert tide_is_large(find_high_waters(time, tide + 0.05 * rng.standard_normal(20_000), tide))[0]
    assert not tide_is_large(find_high_waters(time, 0.05 * tide + rng.standard_normal(20_000), 0.05 * tide))[0]


def test_a_cyclone_is_near_while_its_centre_is_within_400_km() -> None:
    time = hours(60)[::6]
    north = 15.0 + 0.25 * np.arange(60)[::6] / 1.0  # degrees; 22 N after 28 h, at 27.8 km/h
    storms = xr.Dataset(
        coords={
            "storm": ("fix", np.repeat(["near", "far"], time.size)),
            "time": ("fix", np.tile(time, 2)),
            "longitude": ("fix", np.repeat([90.0, 100.0], time.size)),
            "latitude": ("fix", np.tile(north, 2)),
        }
    )
    ((start, end),) = cyclone_passages(storms, 90.0, 22.0)
    near = 3.6 / 0.25  # 400 km in hours
    assert (start - time[0]) / HOUR == pytest.approx(28 - near - 12, abs=1.5)
    assert (end - time[0]) / HOUR == pytest.approx(28 + near + 24, abs=1.5)
    assert cyclone_passages(storms, 150.0, 22.0) == []


def test_a_record_that_is_too_short_rises_with_the_global_mean() -> None:
    time = hours(8 * 8766, "2000-01-01")
    trend = fit_mean_level_trend(time, np.zeros(time.size), 2026.0)
    assert not trend.fitted
    assert trend.rise * 26 == pytest.approx(6 * 0.0019 + 20 * 0.0037, abs=1e-3)
    assert trend.beyond == pytest.approx(18.0, abs=0.02)
    assert trend.to_epoch(time, np.zeros(time.size))[0] == pytest.approx(global_mean_rise(2000.0, 2026.0), abs=1e-3)


def test_the_rise_of_the_sea_is_found_and_taken_to_the_end_of_the_record() -> None:
    time = hours(30 * 8766, "1990-01-01")
    rng = np.random.default_rng(1)
    residual = 0.004 * (decimal_year(time) - 1990.0) + 0.1 * rng.standard_normal(time.size)
    trend = fit_mean_level_trend(time, residual)
    assert trend.rise == pytest.approx(0.004, abs=4 * trend.standard_error + 1e-5)
    assert trend.epoch == pytest.approx(2020.0, abs=0.01)
    raised = trend.to_epoch(time, residual)
    assert raised[:8766].mean() == pytest.approx(0.12, abs=0.005)
    assert not fit_mean_level_trend(time[: 8 * 8766], residual[: 8 * 8766]).fitted
