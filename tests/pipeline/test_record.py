"""Storms of a run: of the sea alone, or of any driver that is known."""

from dataclasses import replace

import numpy as np

from strandline.observations.weather.land_drivers import land_drivers
from strandline.observations.weather.storms import Split, Storm, find_whole_events
from strandline.pipeline.stages.sea_level_forecast import storms_of_the_sea
from tests.fixtures.batches import make_observations

HOUR = np.timedelta64(1, "h")


def series(peaks: dict[int, float], length: int = 4000) -> np.ndarray:
    values = np.zeros(length)
    for hour, height in peaks.items():
        values[hour - 3 : hour + 4] = height * np.array([0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25])
    return values


def test_events_are_by_turns_those_of_each_driver_and_know_the_sea_of_their_day() -> None:
    time = np.datetime64("2020-01-01", "ns") + np.arange(4000) * HOUR
    sea, rain = series({600: 2.0, 1400: 1.5, 3000: 1.0}), series({1000: 90.0, 2200: 60.0})
    events = find_whole_events(time, sea, [rain], 4)
    hours = [int((event.peak - time[0]) / HOUR) for event in events]
    assert hours == [600, 1000, 1400, 2200]
    assert [event.peak_level for event in events] == [2.0, 0.0, 1.5, 0.0]


def test_the_sea_takes_every_second_turn() -> None:
    time = np.datetime64("2020-01-01", "ns") + np.arange(4000) * HOUR
    sea = series({300: 2.0, 900: 1.9, 1500: 1.8, 2100: 1.7})
    rain, river = series({600: 90.0, 1200: 60.0}), series({1800: 500.0, 2400: 400.0})
    events = find_whole_events(time, sea, [rain, river], 4)
    assert [int((event.peak - time[0]) / HOUR) for event in events] == [300, 600, 900, 1800]


def test_an_event_whose_sea_was_not_read_is_left_out() -> None:
    time = np.datetime64("2020-01-01", "ns") + np.arange(4000) * HOUR
    sea, rain = series({600: 2.0}), series({2000: 90.0})
    sea[1950:2050] = np.nan
    assert [event.peak for event in find_whole_events(time, sea, [rain], 2)] == [time[600]]


def storm(day: int, level: float) -> Storm:
    peak = np.datetime64("2020-01-01", "ns") + day * 24 * HOUR
    return Storm(peak - HOUR, peak, peak + HOUR, level)


def test_the_forecast_of_the_sea_is_judged_in_storms_of_the_sea() -> None:
    training = tuple(storm(i, 1.0 + i / 10) for i in range(10))
    low, high = storm(20, 0.1), storm(30, 2.5)
    split = Split(training, (), (low, high))
    assert storms_of_the_sea(split) == (high,)
    assert storms_of_the_sea(replace(split, test=(low,))) == (low,), "better a calm storm than none"


def test_nothing_is_known_of_land_where_nothing_is_given() -> None:
    place = make_observations().without("weather")
    assert land_drivers(place, place.require_gauge()["time"].values) == {}
