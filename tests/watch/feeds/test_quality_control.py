"""Quality control and health of a stream: each check finds its fault, and nothing in sound data."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agent import faults
from strandline.watch.feeds.health import Expectation, assess_health
from strandline.watch.feeds.quality_control import Finding, check_readings
from strandline.watch.feeds.replay import Replay
from strandline.watch.readings import Health, Reading

START = datetime(2022, 1, 1)
HOUR = timedelta(hours=1)
NOW = START + 71 * HOUR + timedelta(minutes=10)
LATELY = (START + 60 * HOUR, START + 72 * HOUR)
EXPECTED = Expectation(interval=HOUR, delay=timedelta(minutes=10), silent_after=6 * HOUR)


def tide(time: np.ndarray, amplitude: float = 1.0) -> np.ndarray:
    hours = (time - np.datetime64(START)) / np.timedelta64(1, "h")
    return amplitude * np.cos(2 * np.pi * hours / 12.42)


def gauge(amplitude: float = 1.0, seed: int = 0, surge: Callable[[np.ndarray], np.ndarray] = np.zeros_like) -> Replay:
    """72 hours of a gauge that writes centimetres, with some noise of waves."""
    hours = np.arange(72)
    time = np.datetime64(START, "us") + hours * np.timedelta64(3_600_000_000, "us")
    noise = np.random.default_rng(seed).normal(0, 0.02, 72)
    level = tide(time, amplitude) + 0.3 + noise + surge(hours.astype(float))
    return Replay.of_gauge("Pier", time, np.round(level, 2), EXPECTED.delay)


def findings(replay: Replay, until: datetime = NOW, known_tide: bool = True) -> dict[datetime, Finding]:
    readings = replay.read(datetime.min, until)
    checked = check_readings(readings, until, tide if known_tide else None)
    return {each.reading.time: each.finding for each in checked if each.finding is not None}


# --- sound data ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known_tide", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_in_a_sound_stream(known_tide: bool, seed: int) -> None:
    replay = gauge(seed=seed)
    steps = [START + hour * HOUR + timedelta(minutes=10) for hour in range(72)]
    assert all(findings(replay, until, known_tide) == {} for until in steps)


def test_a_steep_surge_is_at_most_suspect_and_good_once_it_continues() -> None:
    replay = gauge(surge=lambda hours: 3.0 * np.exp(-(((hours - 40) / 4) ** 2)))  # 3 m within a few hours
    for hour in range(30, 60):
        until = START + hour * HOUR + timedelta(minutes=10)
        found = findings(replay, until)
        assert set(found.values()) <= {"jump"}
        assert set(found) <= {START + hour * HOUR}


def test_a_great_unknown_tide_is_no_fault() -> None:
    assert findings(gauge(amplitude=6.0), known_tide=False) == {}


# --- each fault ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hour", "finding"), [(71, "jump"), (70, "jump"), (68, "jump"), (67, "spike"), (40, "spike")])
def test_a_spike_is_suspect_at_once_and_bad_with_readings_on_either_side(hour: int, finding: Finding) -> None:
    at = START + hour * HOUR
    assert findings(faults.spiking(gauge(), (at, at + HOUR), size=1.5)) == {at: finding}


def test_without_a_known_tide_a_spike_shows_with_a_few_readings_on_either_side() -> None:
    at = START + 67 * HOUR
    spiky = faults.spiking(gauge(), (at, at + HOUR), size=1.5)
    assert findings(spiky, known_tide=False) == {at: "spike"}


def test_spikes_all_over_are_found() -> None:
    spiky = faults.spiking(gauge(), (START + 12 * HOUR, START + 68 * HOUR), size=1.5)
    assert list(findings(spiky)) == [START + hour * HOUR for hour in range(12, 68, 7)]
    assert set(findings(spiky).values()) == {"spike"}


def test_a_persistent_jump_passes_quality_control() -> None:
    """A datum jump looks like water; only other streams and the tide contradict it."""
    jumped = faults.datum_jump(gauge(), LATELY)
    assert findings(jumped, LATELY[0] + timedelta(minutes=10)) == {LATELY[0]: "jump"}
    assert findings(jumped) == {}


def test_a_stuck_sensor_is_found_after_three_hours_of_moving_tide_or_six_without_knowing_it() -> None:
    stuck = faults.frozen(gauge(), LATELY)
    after = [LATELY[0] + hours * HOUR + timedelta(minutes=10) for hours in range(8)]
    assert [set(findings(stuck, until).values()) - {"jump"} for until in after[:3]] == [set()] * 3
    assert set(findings(stuck, after[4]).values()) == {"stuck"}
    assert len(findings(stuck, after[4])) == 5
    assert set(findings(stuck, after[5], known_tide=False).values()) <= {"jump"}
    assert "stuck" in findings(stuck, after[6], known_tide=False).values()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_no_number_is_bad(value: float) -> None:
    readings = [*gauge().read(datetime.min, NOW - HOUR), Reading("Pier", "water_level", NOW, NOW, value)]
    last = check_readings(readings, NOW)[-1]
    assert (last.finding, last.reading.quality) == ("no number", "bad")


@pytest.mark.parametrize("value", [-9999.0, 9999.0, -32767.0])
def test_a_value_outside_the_physical_range_is_bad(value: float) -> None:
    readings = [*gauge().read(datetime.min, NOW - HOUR), Reading("Pier", "water_level", NOW, NOW, value)]
    last = check_readings(readings, NOW, tide)[-1]
    assert (last.finding, last.reading.quality) == ("out of range", "bad")


def test_other_variables_have_their_own_range() -> None:
    readings = [Reading("scenes", "flooded_share", NOW, NOW, value, place) for value, place in ((0.4, "A"), (1.2, "B"))]
    assert [each.finding for each in check_readings(readings, NOW)] == [None, "out of range"]


def test_centimetres_are_found_by_name_and_never_good() -> None:
    in_centimetres = faults.in_centimetres(gauge(), LATELY)
    checked = check_readings(in_centimetres.read(datetime.min, NOW), NOW, tide)
    inside = [each for each in checked if LATELY[0] <= each.reading.time]
    assert sum(each.finding == "wrong unit" for each in inside) >= 10
    assert not any(each.reading.quality == "good" and abs(each.reading.value) > 3 for each in checked)


# --- clocks --------------------------------------------------------------------------------------------------------


def test_a_clock_that_always_ran_ahead_makes_every_reading_bad() -> None:
    skewed = faults.clock_skew(gauge(), (START, START + 72 * HOUR), ahead=3 * HOUR)
    assert set(findings(skewed).values()) == {"clock ahead"}
    assert len(findings(skewed)) == 72


def test_a_clock_that_is_set_wrong_leaves_earlier_readings_good() -> None:
    skewed = faults.clock_skew(gauge(), LATELY, ahead=3 * HOUR)
    assert list(findings(skewed)) == [START + hour * HOUR for hour in range(63, 75)]


def test_one_wrong_time_is_bad_alone() -> None:
    wrong = Reading("Pier", "water_level", datetime(2099, 1, 1), datetime(2099, 1, 1), 0.5)
    checked = check_readings([*gauge().read(datetime.min, NOW), wrong], NOW, tide)
    assert [each.reading for each in checked if each.finding] == [replace(wrong, quality="bad")]


def test_forecasts_are_valid_in_the_future_and_issued_in_the_past() -> None:
    ahead = [Reading("model", "surge_forecast", NOW + lead * HOUR, NOW - 6 * HOUR, 0.2) for lead in range(48)]
    assert all(each.finding is None for each in check_readings(ahead, NOW))
    too_early = [replace(reading, issued=NOW + HOUR) for reading in ahead]
    assert {each.finding for each in check_readings(too_early, NOW)} == {"clock ahead"}


# --- order and repeats ---------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(faults.FAULTS)), st.integers(0, 2**32 - 1), st.integers(10, 71))
def test_order_and_repeats_change_nothing(name: str, seed: int, hour: int) -> None:
    until = START + hour * HOUR + timedelta(minutes=10)
    readings = faults.FAULTS[name](gauge(), LATELY).read(datetime.min, until)
    mixed = readings + [replace(reading) for reading in readings[::3]]
    random.Random(seed).shuffle(mixed)
    expected = [str(each) for each in check_readings(readings, until, tide)]  # as text: a NaN equals no other
    assert [str(each) for each in check_readings(mixed, until, tide)] == expected


def test_a_bad_reading_stays_bad_until_its_value_is_revised() -> None:
    readings = gauge().read(datetime.min, NOW)
    bad = replace(readings[50], quality="bad")
    again = check_readings(readings, NOW, tide, earlier=[*readings[:50], bad])
    assert [each.reading for each in again if each.finding] == [bad]
    revised = replace(readings[50], value=readings[50].value + 0.01)
    assert not any(each.finding for each in check_readings([*readings, revised], NOW, tide, earlier=[bad]))


def test_good_and_suspect_readings_are_checked_again() -> None:
    at = START + 66 * HOUR
    spiky = faults.spiking(gauge(), (at, at + HOUR), size=1.5)
    first = [each.reading for each in check_readings(spiky.read(datetime.min, at + 0.5 * HOUR), at + 0.5 * HOUR, tide)]
    assert first[-1].quality == "suspect"
    assert check_readings(spiky.read(at, at + 4.5 * HOUR), at + 4.5 * HOUR, tide, earlier=first)[-5].finding == "spike"
    steady = [each.reading for each in check_readings(gauge().read(datetime.min, NOW), NOW, tide)]
    doubted = [replace(reading, quality="suspect") for reading in steady]
    assert [each.reading for each in check_readings([], NOW, tide, earlier=doubted)] == steady


# --- health --------------------------------------------------------------------------------------------------------


def health_of(replay: Replay, until: datetime = NOW, failure: str = "") -> Health:
    checked = check_readings(replay.read(datetime.min, until), until, tide)
    return assess_health("Pier", checked, until, EXPECTED, failure)


def test_a_sound_stream_is_alive_and_good() -> None:
    health = health_of(gauge())
    assert (health.condition, health.share_good, health.note) == ("alive", 1.0, "")
    assert health.age_hours == pytest.approx(1 / 6)


def test_a_dead_stream_is_late_and_then_silent() -> None:
    dead = faults.dead(gauge(), (LATELY[0], LATELY[1] + 100 * HOUR))
    conditions = [health_of(dead, LATELY[0] + hours * HOUR).condition for hours in range(9)]
    assert conditions == ["alive", *["late"] * 5, *["silent"] * 3]
    assert health_of(faults.dead(gauge(), (START, NOW))).condition == "silent"
    assert "No reading yet" in health_of(faults.dead(gauge(), (START, NOW))).note


def test_garbage_counts_as_silence() -> None:
    health = health_of(faults.garbage(gauge(), LATELY))
    assert health.condition == "silent"
    assert health.share_good == pytest.approx(12 / 24, abs=0.05)
    assert "no numbers" in health.note


def test_stuck_skewed_and_failing_streams_have_a_note() -> None:
    assert health_of(faults.frozen(gauge(), LATELY)).condition == "stuck"
    skewed = health_of(faults.clock_skew(gauge(), LATELY, ahead=3 * HOUR))
    assert skewed.note == "Clock error: the newest reading is 170 min in the future."
    assert skewed.age_hours == pytest.approx(-170 / 60)
    failing = health_of(gauge(), failure="no answer within 10 s")
    assert (failing.condition, failing.note) == ("failing", "Polling failed: no answer within 10 s.")
