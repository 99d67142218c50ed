"""Replayed streams: no reading comes before it was available, and faults change only their window."""

import time as clock
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agent import faults
from strandline.errors import FeedError
from strandline.watch.feeds.replay import Replay, replay_tide_gauges
from strandline.watch.readings import Reading

pytestmark = pytest.mark.slow

START = datetime(2022, 1, 1)
HOUR = timedelta(hours=1)


def hours(count: int) -> np.ndarray:
    return np.datetime64(START, "ns") + np.arange(count) * np.timedelta64(3_600_000_000_000, "ns")


def gauge(count: int = 96, delay: timedelta = timedelta(minutes=20)) -> Replay:
    level = np.round(np.sin(np.arange(count) * 2 * np.pi / 12.42), 3)
    return Replay.of_gauge("Pier", hours(count), level, delay)


forecasts = st.lists(
    st.builds(
        lambda lead, issued, member: Reading(
            "model", "surge_forecast", START + (issued + lead) * HOUR, START + issued * HOUR, 0.1 * lead, member=member
        ),
        st.integers(0, 48),
        st.integers(0, 72),
        st.integers(0, 3),
    ),
    max_size=40,
)


# --- replay ------------------------------------------------------------------------------------------------------


@given(forecasts, st.lists(st.integers(-5, 140), min_size=2, max_size=8), st.integers(0, 30))
def test_a_replay_gives_every_reading_once_and_none_before_it_was_available(
    readings: list[Reading], polled_at: list[int], delay_hours: int
) -> None:
    delay = delay_hours * HOUR
    replay = Replay.of("model", readings, delay)
    steps = sorted({START + hour * HOUR for hour in polled_at})
    found: list[Reading] = []
    for since, until in zip([datetime.min, *steps], steps, strict=False):
        given = replay.read(since, until)
        assert all(since < reading.issued + delay <= until for reading in given)
        assert given == sorted(given, key=lambda reading: reading.issued)
        found += given
    available = [reading for reading in readings if reading.issued + delay <= steps[-1]]
    assert sorted(found) == sorted(available)


def test_an_hour_without_a_reading_is_left_out() -> None:
    level = np.array([1.0, np.nan, 3.0])
    replay = Replay.of_gauge("Pier", hours(3), level, 0 * HOUR)
    assert [reading.value for reading in replay.read(datetime.min, datetime.max)] == [1.0, 3.0]
    assert replay.read(START + 2 * HOUR, START) == []


def test_ten_years_of_hours_are_replayed_in_seconds() -> None:
    count = 87_600
    begin = clock.perf_counter()
    replay = Replay.of_gauge("Pier", hours(count), np.zeros(count), HOUR)
    steps = [START + step * HOUR for step in range(count + 2)]
    total = sum(len(replay.read(since, until)) for since, until in pairwise(steps))
    assert total == count
    assert clock.perf_counter() - begin < 20.0  # seconds; a scan at each step would take an hour


def test_every_station_of_a_record_becomes_a_stream() -> None:
    levels = np.array([[0.0, np.nan], [1.0, 2.0]])
    record = xr.Dataset({"water_level": (("station", "time"), levels)}, {"station": ["A", "B"], "time": hours(2)})
    a, b = replay_tide_gauges(record, HOUR)
    assert (a.stream, b.stream) == ("A", "B")
    assert [r.value for r in a.read(datetime.min, datetime.max)] == [0.0]
    assert [r.value for r in b.read(datetime.min, START + HOUR)] == [1.0]


# --- faults ------------------------------------------------------------------------------------------------------

windows = st.tuples(st.integers(-10, 110), st.integers(0, 60)).map(
    lambda pair: (START + pair[0] * HOUR, START + (pair[0] + pair[1]) * HOUR)
)


@pytest.mark.parametrize("name", faults.FAULTS)
@given(window=windows)
def test_a_fault_leaves_everything_outside_its_window(name: str, window: tuple[datetime, datetime]) -> None:
    replay = gauge()
    faulty = faults.FAULTS[name](replay, window)

    def outside(recording: Replay, measured_inside: set[datetime]) -> list[tuple[Reading, object]]:
        pairs = zip(recording.readings, recording.available.tolist(), strict=True)
        return sorted(pair for pair in pairs if pair[0].time not in measured_inside)

    inside = {reading.time for reading in replay.readings if window[0] <= reading.time < window[1]}
    if name == "clock_skew":  # what was measured inside stands under a later time
        there = set(zip(faulty.readings, faulty.available.tolist(), strict=True))
        assert there.issuperset(outside(replay, inside))
    else:
        assert outside(faulty, inside) == outside(replay, inside)
    assert (np.diff(faulty.available) >= np.timedelta64(0)).all()


WINDOW = (START + 24 * HOUR, START + 48 * HOUR)


def values(replay: Replay) -> np.ndarray:
    return np.array([reading.value for reading in sorted(replay.readings, key=lambda reading: reading.time)])


def test_each_fault_is_what_its_name_states() -> None:
    sound = values(gauge())
    inside = slice(24, 48)
    assert values(faults.dead(gauge(), WINDOW)).size == 72
    assert (values(faults.frozen(gauge(), WINDOW))[inside] == sound[24]).all()
    spikes = values(faults.spiking(gauge(), WINDOW, size=2.0, every=6)) - sound
    assert np.flatnonzero(np.abs(spikes) > 1).tolist() == [24, 30, 36, 42]
    drift = values(faults.drifting(gauge(), WINDOW, metres_per_day=0.24)) - sound
    assert drift[inside] == pytest.approx(0.01 * np.arange(24))
    assert (values(faults.datum_jump(gauge(), WINDOW, 1.0)) - sound)[inside] == pytest.approx(1.0)
    assert values(faults.in_centimetres(gauge(), WINDOW))[inside] == pytest.approx(100 * sound[inside])
    assert not np.isfinite(values(faults.garbage(gauge(), WINDOW))[inside]).all()


def test_a_late_reading_is_available_a_day_later() -> None:
    late = faults.late(gauge(), WINDOW)
    assert late.read(WINDOW[0], WINDOW[1] - HOUR) == []
    assert len(late.read(WINDOW[1], WINDOW[1] + 24 * HOUR)) == 48  # a day's own, and the day before


def test_repeats_come_after_what_they_repeat() -> None:
    twice = faults.repeated(gauge(), WINDOW)
    assert len(twice.readings) == 96 + 24
    assert set(twice.readings) == set(gauge().readings)


@given(windows, st.integers(1, 30))
def test_a_shuffled_stream_gives_no_reading_sooner(window: tuple[datetime, datetime], block_hours: int) -> None:
    replay = gauge()
    mixed = faults.shuffled(replay, window, block_hours * HOUR)
    when = dict(zip(replay.readings, replay.available.tolist(), strict=True))
    assert all(
        moment >= when[reading] for reading, moment in zip(mixed.readings, mixed.available.tolist(), strict=True)
    )
    assert sorted(mixed.readings) == sorted(replay.readings)


def test_a_shuffled_stream_is_out_of_order() -> None:
    at_once = faults.shuffled(gauge(), WINDOW).read(WINDOW[0], WINDOW[1])
    assert [r.time for r in at_once] != sorted(r.time for r in at_once)


def test_a_clock_that_runs_ahead_gives_readings_of_the_future() -> None:
    skewed = faults.clock_skew(gauge(), WINDOW, 3 * HOUR)
    now = WINDOW[0] + 5 * HOUR
    assert max(reading.time for reading in skewed.read(WINDOW[0], now)) > now


def test_a_failing_feed_raises_in_its_window_only() -> None:
    feed = faults.FailingFeed(gauge(), WINDOW)
    assert feed.read(START, START + HOUR)
    with pytest.raises(FeedError, match="Pier"):
        feed.read(START, WINDOW[0])


def test_faults_on_a_year_are_cheap() -> None:
    replay = gauge(8_760)
    window = (START, START + 8_760 * HOUR)
    begin = clock.perf_counter()
    for fault in faults.FAULTS.values():
        fault(replay, window)
    assert clock.perf_counter() - begin < 10.0  # seconds for all of them; ten years cost ten times that
