"""The sea at the hour of a scene: read, else predicted, with a spread that says how little is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.sea_level.scenes.levels import (
    GAUGE_SD,
    HOURS_BEFORE_SCENE,
    NEIGHBOUR_SD,
    levels_at_scenes,
    unknown_levels,
)
from tests.fixtures.batches import HOUR, MEAN_SEA_LEVEL, bell, hours, make_gauge, make_sea_level_model, make_tide

TIME = hours(60)
PEAK = np.datetime64("2020-01-20T06", "ns")
SURGE = bell(TIME, [PEAK])
MODEL = make_sea_level_model()
SCENE = np.array([PEAK + np.timedelta64(100, "m")])


def silent(gauge, stations, near=SCENE[0], width=100):  # type: ignore[no-untyped-def]
    """The gauges with no reading so many hours about a time at some stations."""
    level = gauge["water_level"].values.copy()
    about = np.abs(gauge["time"].values - near) <= width * HOUR
    for station in stations:
        level[station, about] = np.nan
    return gauge.assign(water_level=(("station", "time"), level, gauge["water_level"].attrs))


def test_a_gauge_that_read_gives_the_level_of_the_minute() -> None:
    found = levels_at_scenes(SCENE, MODEL, make_gauge(TIME, SURGE))
    truth = make_tide(SCENE) + bell(SCENE, [PEAK])
    assert found.source == ("own gauge",)
    assert found.level == pytest.approx(truth, abs=0.06)  # hourly readings; the storm falls by half in six hours
    assert found.sd == pytest.approx(GAUGE_SD)
    assert found.highest >= found.level


def test_neighbours_speak_where_the_own_gauge_was_silent_and_the_tide_where_all_were() -> None:
    gauge = make_gauge(TIME, SURGE)
    beside = levels_at_scenes(SCENE, MODEL, silent(gauge, [0]))
    alone = levels_at_scenes(SCENE, MODEL, silent(gauge, [0, 1]))
    assert beside.source == ("neighbouring gauges",)
    assert beside.level == pytest.approx(make_tide(SCENE) + bell(SCENE, [PEAK]), abs=0.2)
    assert beside.sd == pytest.approx(NEIGHBOUR_SD)
    assert alone.source == ("tide alone",)
    assert alone.level == pytest.approx(make_tide(SCENE), abs=0.01)
    assert alone.sd == pytest.approx(0.2, abs=0.01)  # the residual's whole spread


def test_readings_of_hours_before_narrow_what_the_tide_alone_leaves_open() -> None:
    gauge = make_gauge(TIME, SURGE, neighbours=0)
    near = levels_at_scenes(SCENE, MODEL, silent(gauge, [0], width=4))
    assert near.source == ("own gauge, hours away",)
    assert GAUGE_SD < near.sd < 0.15


def test_air_pressure_moves_the_level_and_does_not_narrow_it() -> None:
    pressure = np.full(TIME.size, 101_300.0)
    pressure[np.abs(TIME - PEAK) < 12 * HOUR] -= 3000.0
    alone = levels_at_scenes(SCENE, MODEL, None)
    pressed = levels_at_scenes(SCENE, MODEL, None, (TIME, pressure))
    assert pressed.source == ("tide and air pressure",)
    assert (pressed.level - alone.level)[0] == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(pressed.sd, alone.sd)
    short = levels_at_scenes(SCENE, MODEL, None, (TIME[:100], pressure[:100]))
    assert short.source == ("tide alone",)  # too few days to know what is normal


def test_a_tide_that_was_never_compared_is_less_sure_while_it_runs() -> None:
    tide = make_tide(TIME)
    high, running = TIME[tide.argmax()], TIME[np.abs(np.gradient(tide)).argmax()]
    found = levels_at_scenes(np.array([high, running]), MODEL, None)
    assert found.sd[0] == pytest.approx(0.2, abs=0.01)
    assert found.sd[1] > 0.23
    wide = levels_at_scenes(np.array([high]), MODEL, None, residual_factor=1.2)
    assert wide.sd[0] == pytest.approx(0.24, abs=0.01)
    far = levels_at_scenes(np.array([high, running]), MODEL, None, size_error=0.3)
    assert far.sd[0] == pytest.approx(np.hypot(0.2, 0.3 * 0.5), abs=0.01)  # its size, at high water
    assert far.sd[1] > found.sd[1]  # its hour, while it runs


def test_far_from_the_record_the_mean_may_have_moved() -> None:
    near, far = (
        levels_at_scenes(np.array([TIME[-1] + np.timedelta64(days, "D")]), MODEL, make_gauge(TIME, SURGE))
        for days in (10, 3650)
    )
    assert near.source == far.source == ("tide alone",)
    assert far.sd**2 - near.sd**2 == pytest.approx(0.05**2, abs=2e-4)


def test_water_on_an_image_came_between_the_sea_then_and_the_highest_of_the_hours_before() -> None:
    tide = make_tide(TIME)
    low = TIME[100 + tide[100:120].argmin()]
    found = levels_at_scenes(np.array([low]), MODEL, make_gauge(TIME, 0 * SURGE))
    assert found.highest[0] == pytest.approx(0.5, abs=0.05)
    assert low - found.highest_at[0] <= HOURS_BEFORE_SCENE * HOUR
    level, spread = found.of_the_water_shown
    assert level[0] == pytest.approx((found.level[0] + found.highest[0]) / 2)
    assert spread[0] == pytest.approx((found.highest[0] - found.level[0]) / np.sqrt(12), abs=0.01)


def test_nothing_known_is_no_level() -> None:
    found = unknown_levels(SCENE)
    assert not found.is_known.any()
    assert found.source == ("unknown",)
    assert levels_at_scenes(SCENE[:0], MODEL, None).level.size == 0


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 59 * 24 * 60), st.floats(-2.0, 2.0))
def test_a_shift_of_all_readings_shifts_the_level_and_nothing_else(minute: int, shift: float) -> None:
    when, gauge = TIME[:1] + np.timedelta64(minute, "m"), make_gauge(TIME, SURGE)
    moved = gauge.assign_coords(mean_sea_level=("station", gauge["mean_sea_level"].values + shift))
    moved = moved.assign(water_level=gauge["water_level"] + shift)
    first, second = (levels_at_scenes(when, MODEL, each) for each in (gauge, moved))
    np.testing.assert_allclose(first.level, second.level, atol=1e-6)
    np.testing.assert_allclose(first.sd, second.sd, atol=1e-9)
    assert first.highest >= first.level - 1e-12
    assert MEAN_SEA_LEVEL == 0.2


def test_levels_without_a_gauge_hold_the_truth_in_their_stated_share() -> None:
    rng = np.random.default_rng(0)
    weather = rng.standard_normal(TIME.size)
    for hour in range(1, TIME.size):
        weather[hour] = np.exp(-1 / 24) * weather[hour - 1] + np.sqrt(1 - np.exp(-2 / 24)) * weather[hour]
    scenes = TIME[np.arange(80, TIME.size - 80, 7)]
    truth = make_tide(TIME) + 0.2 * weather
    gauge = make_gauge(TIME, 0.2 * weather, neighbours=0)
    read, alone = levels_at_scenes(scenes, MODEL, gauge), levels_at_scenes(scenes, replace(MODEL), None)
    for found in (read, alone):
        error = np.abs(found.level - truth[np.isin(TIME, scenes)])
        assert (error <= 1.645 * found.sd).mean() > 0.85
    assert (alone.sd > 5 * read.sd).all()
