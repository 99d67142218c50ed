"""The simulated sea: closed forms of the surge, invariants, and plausible extremes."""

import time as clock

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.observations import check_layout
from strandline.simulator.sea.sea import (
    STORM_HOURS,
    STORM_PEAK_HOUR,
    SeaRecord,
    design_storm,
    simulate_sea,
)
from strandline.simulator.sea.seasonal_weather import (
    Weather,
    first_order_noise,
    seasonal_means,
    second_order_noise,
    simulate_discharge,
)
from strandline.simulator.sea.storm_surge import cyclone_surge, forced_surge
from strandline.simulator.sea.tracks import draw_tracks

PLACES = {"bay_of_bengal": (91.0, 22.2, 180.0), "mekong": (106.8, 9.8, 130.0)}
TYPICAL_SHELF = {"bay_of_bengal": (180_000.0, 8.0), "mekong": (120_000.0, 15.0)}
"""Width and mean depth [m]."""


def sea(basin: str, years: float, seed: int = 0, **changes: object) -> SeaRecord:
    longitude, latitude, seaward = PLACES[basin]
    width, depth = TYPICAL_SHELF[basin]
    settings_ = {"seaward_direction": seaward, "shelf_width": width, "shelf_depth": depth} | changes
    return simulate_sea(basin, longitude, latitude, years, np.random.default_rng(seed), **settings_)


@pytest.fixture(scope="module")
def two_years() -> SeaRecord:
    return sea("bay_of_bengal", 2.0, mean_sea_level=0.7)


def test_noises_have_unit_variance_and_the_stated_memory() -> None:
    rng = np.random.default_rng(5)
    first = first_order_noise(rng, 400_000, memory=24.0)
    assert first.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(first[:-24], first[24:])[0, 1] == pytest.approx(np.exp(-1), abs=0.03)
    second = second_order_noise(rng, (40, 20_000), period=24.0, memory=8.0)
    assert second.std() == pytest.approx(1.0, abs=0.02)


def test_a_record_follows_the_modality_layouts(two_years: SeaRecord) -> None:
    check_layout("tide_gauge", two_years.tide_gauge)
    check_layout("weather", two_years.weather)
    check_layout("storms", two_years.storms)
    assert two_years.tide_gauge.sizes == {"station": 3, "time": 17532}
    assert two_years.tide_gauge["station"].values[0] == "own"
    assert two_years.discharge.sizes == {"time": 17532}
    assert (two_years.discharge > 0).all()
    assert (two_years.tide_gauge["quality"] == 0).all()


def test_level_is_mean_plus_tide_plus_surge(two_years: SeaRecord) -> None:
    gauge = two_years.tide_gauge
    total = gauge["mean_sea_level"] + two_years.tide + two_years.surge
    xr.testing.assert_allclose(gauge["water_level"].variable, total.transpose("station", "time").variable)
    assert (gauge["mean_sea_level"] == 0.7).all()


def test_sea_level_rise_lifts_every_level_and_the_mean_alike() -> None:
    low, high = sea("mekong", 0.2), sea("mekong", 0.2, sea_level_rise=0.5)
    lifted = high.tide_gauge["water_level"] - low.tide_gauge["water_level"]
    np.testing.assert_allclose(lifted, 0.5)
    np.testing.assert_allclose(high.tide_gauge["mean_sea_level"], 0.5)
    xr.testing.assert_identical(high.surge, low.surge)


def test_the_same_seed_gives_the_same_sea_and_another_seed_another() -> None:
    first, again, other = sea("bay_of_bengal", 0.5, 1), sea("bay_of_bengal", 0.5, 1), sea("bay_of_bengal", 0.5, 2)
    xr.testing.assert_identical(first.tide_gauge, again.tide_gauge)
    xr.testing.assert_identical(first.weather, again.weather)
    xr.testing.assert_identical(first.storms, again.storms)
    xr.testing.assert_identical(first.discharge, again.discharge)
    assert not first.surge.equals(other.surge)


def test_neighbours_lie_along_the_coast_and_have_the_same_weather(two_years: SeaRecord) -> None:
    gauge = two_years.tide_gauge
    np.testing.assert_allclose(gauge["latitude"], 22.2, atol=1e-6)  # the coast faces south
    kilometres = np.abs(gauge["longitude"].values[1:] - 91.0) * 111.2 * np.cos(np.deg2rad(22.2))
    assert ((kilometres > 39) & (kilometres < 151)).all()
    alike = np.corrcoef(two_years.surge.values)
    assert (alike[0, 1:] > 0.6).all()
    assert (alike[0, 1:] < 0.999).all()
    tides = np.corrcoef(two_years.tide.values)
    assert (tides[0, 1:] > 0.8).all()


def test_without_neighbours_there_is_one_gauge() -> None:
    assert sea("mekong", 0.05, neighbours=0).tide_gauge.sizes["station"] == 1


def test_weather_fields_show_the_monsoon_and_the_storms() -> None:
    record = sea("bay_of_bengal", 8.0, 4)
    month = record.weather["time"].dt.month
    july, january = (record.weather.where(month == m, drop=True).mean() for m in (7, 1))
    assert float(july["wind_north"]) > 4.0 > float(january["wind_north"])
    assert float(january["pressure"] - july["pressure"]) == pytest.approx(1500, abs=250)
    surge = record.surge.isel(station=0)
    worst = surge["time"].values[int(surge.values.argmax())]
    day = record.weather.sel(time=worst, method="nearest")
    assert float(day["pressure"].min()) < float(record.weather["pressure"].quantile(0.02))
    assert (np.abs(record.storms["time"].values - worst) < np.timedelta64(6, "h")).any()


def test_analyses_come_every_three_hours_and_six_hours_late() -> None:
    weather = sea("mekong", 0.2).weather
    time = weather["time"].values
    assert time[0] == np.datetime64("2000-01-01T00:00")
    assert set(np.diff(time)) == {np.timedelta64(3, "h")}
    assert float(weather["available_after_h"]) == 6.0


def test_analyses_are_the_weather_that_raises_the_sea(two_years: SeaRecord) -> None:
    """In the strongest surge the analysed pressure is below, and the wind above, that of nine hours in ten."""
    worst = two_years.tide_gauge["time"].values[two_years.surge.values[0].argmax()]
    weather = two_years.weather
    then = weather.sel(time=slice(worst - np.timedelta64(6, "h"), worst + np.timedelta64(6, "h")))
    speed = np.hypot(weather["wind_east"], weather["wind_north"])
    assert float(np.hypot(then["wind_east"], then["wind_north"]).max()) > float(speed.quantile(0.9))
    assert float(then["pressure"].min()) < float(weather["pressure"].quantile(0.1))


def test_storm_fixes_are_six_hourly_and_within_the_record(two_years: SeaRecord) -> None:
    storms = two_years.storms
    assert storms.sizes["fix"] > 0
    assert set(storms["time"].dt.hour.values) <= {0, 6, 12, 18}
    first, last = two_years.tide_gauge["time"].values[[0, -1]]
    assert (storms["time"].values >= first).all()
    assert (storms["time"].values <= last).all()


def test_a_record_too_short_for_a_storm_has_an_empty_table() -> None:
    record = sea("mekong", 0.01, start="2001-07-01")
    check_layout("storms", record.storms)
    assert record.storms.sizes["fix"] == 0


def test_the_river_floods_in_its_season() -> None:
    day = np.arange(0, 20 * 365.25, 1 / 24) % 365.25
    flow = simulate_discharge("mekong", day, np.random.default_rng(0))
    monthly = pd.Series(flow).groupby((day // 30.4375).astype(int)).mean()
    assert int(monthly.idxmax()) in (8, 9)  # September, October
    assert monthly.max() > 8 * monthly.min()


def test_tide_scale_scales_the_tide_alone() -> None:
    whole, half = sea("mekong", 0.1), sea("mekong", 0.1, tide_scale=0.5)
    np.testing.assert_allclose(half.tide, 0.5 * whole.tide)
    xr.testing.assert_identical(half.surge, whole.surge)


@pytest.mark.parametrize("wrong", [{"shelf_depth": 0.0}, {"shelf_width": -1.0}, {"years": 0.0}])
def test_impossible_shelves_and_lengths_are_refused(wrong: dict[str, float]) -> None:
    arguments = {"years": 1.0} | wrong
    with pytest.raises(InputError, match="give a number above 0"):
        sea("mekong", **arguments)


@pytest.mark.slow
def test_extremes_are_those_of_the_two_deltas() -> None:
    """Return levels over 40 simulated years, in wide bounds."""
    for basin, two_year, fifty_year in (("bay_of_bengal", (0.5, 1.0), (2.0, 5.0)), ("mekong", (0.2, 0.5), (0.6, 2.0))):
        peaks = []
        for seed in range(2):
            surge = sea(basin, 20.0, seed, neighbours=0).surge.values[0]
            peaks.append(surge[: 20 * 8766].reshape(20, 8766).max(axis=1))
        levels = np.quantile(np.concatenate(peaks), [0.5, 0.98])
        assert two_year[0] < levels[0] < two_year[1]
        assert fifty_year[0] < levels[1] < fifty_year[1]


@pytest.mark.slow
def test_twelve_years_take_seconds() -> None:
    started = clock.process_time()
    sea("bay_of_bengal", 12.0)
    assert clock.process_time() - started < 10.0  # about 2 s on one core; twice the promise, for slow machines


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 8.0), st.floats(0.0, 3.0), st.floats(0.0, 2 * np.pi))
@settings(max_examples=100, deadline=None)
def test_a_design_storm_peaks_exactly_at_its_level_in_hour_72(
    seed: int, height: float, range_: float, phase: float
) -> None:
    hours = np.arange(STORM_HOURS)
    tide = range_ * np.cos(2 * np.pi * hours / 12.42 + phase) + 0.2 * np.cos(2 * np.pi * hours / 23.93)
    level = design_storm(tide, 0.4, 0.4 + height, np.random.default_rng(seed)).level
    assert level.shape == (STORM_HOURS,)
    assert level[STORM_PEAK_HOUR] == 0.4 + height
    assert level.max() == 0.4 + height
    assert (level == level.max()).sum() <= 2  # touched, never cut off


def test_a_design_storm_peaks_near_high_water_with_the_given_duration() -> None:
    hours = np.arange(STORM_HOURS)
    tide = 1.5 * np.cos(2 * np.pi * (hours - 66) / 12.42)
    widths = []
    for scale in (4.0, 24.0):
        level = design_storm(tide, 0.0, 4.0, np.random.default_rng(1), scale).level
        daily = np.convolve(level, np.ones(12) / 12, mode="same")
        widths.append(int((daily > 0.5).sum()))
    assert widths[1] > 2 * widths[0]
    far_from_storm = design_storm(tide, 0.0, 4.0, np.random.default_rng(1), 4.0).level[:40]
    high_waters = [i for i in range(1, 39) if far_from_storm[i] >= far_from_storm[[i - 1, i + 1]].max()]
    delay = (STORM_PEAK_HOUR - high_waters[0]) % 12.42
    assert min(delay, 12.42 - delay) <= 3.6  # 3 h, and the rounding of hours


def test_a_design_storm_keeps_the_tide_where_the_level_allows_it() -> None:
    hours = np.arange(STORM_HOURS)
    tide = 1.0 * np.cos(2 * np.pi * (hours - 72) / 12.42)
    level = design_storm(tide, 0.0, 4.0, np.random.default_rng(2), 6.0).level
    assert np.ptp(level[:25]) == pytest.approx(np.ptp(tide[:25]), rel=0.05)


def test_a_slow_surge_peaks_at_high_water_before_the_tide_is_reduced() -> None:
    hours = np.arange(STORM_HOURS)
    tide = 1.5 * np.cos(2 * np.pi * (hours - 70) / 12.0)
    for seed in range(8):
        for height, kept in ((4.0, 0.8), (1.2, 0.7)):  # the second is below the tide's own 1.5 m
            level = design_storm(tide, 0.0, height, np.random.default_rng(seed), 30.0).level
            assert np.ptp(level[:13]) > kept * np.ptp(tide[:13])


def test_impossible_design_storms_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="120 hours"):
        design_storm(np.zeros(100), 0.0, 1.0, rng)
    with pytest.raises(InputError, match="120 hours"):
        design_storm(np.full(120, np.nan), 0.0, 1.0, rng)
    with pytest.raises(InputError, match="above mean sea level"):
        design_storm(np.zeros(120), 1.0, 1.0, rng)


@pytest.mark.parametrize("basin", ["bay_of_bengal", "mekong"])
def test_a_cyclone_alone_raises_the_sea_as_it_does_in_the_simulated_record(basin: str) -> None:
    """Only its first hours differ: the record's shelf was at rest, the cyclone's own under its far wind."""
    longitude, latitude, seaward = PLACES[basin]
    shelf, first = TYPICAL_SHELF[basin], np.datetime64("2001-01-01", "h")
    tracks = draw_tracks(basin, longitude, latitude, seaward, first, 6.0, np.random.default_rng(3))
    for track in tracks[1:4]:
        hours = pd.date_range(first, track.time[-1], freq="h")
        day = hours.day_of_year.to_numpy(dtype=float)
        weather = Weather(seasonal_means(basin, day), np.zeros((3, 3, day.size)))
        here = (longitude, latitude)
        record = forced_surge(*here, here, weather, [track], first, seaward, *shelf)[-track.time.size :]
        alone = cyclone_surge(track, seasonal_means(basin, day[-track.time.size :])[1:], *here, seaward, *shelf)
        np.testing.assert_allclose(alone[48:], record[48:], atol=0.02)
