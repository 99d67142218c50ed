"""How often the sea passes a level is never clamped, in numbers and in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.planning.early_action.evacuation.frequency import Frequency, SeaRecord, frequency_of
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import find_events

PERIODS = (1.1, 2.0, 5.0, 10.0)
LEVELS = np.array([[1.60, 1.78, 1.92, 2.02], [1.62, 1.80, 1.95, 2.10]])


def record(floods_a_year: int, height: float, years: int = 4) -> SeaRecord:
    """A gauge whose sea passes ``height`` so many times a year, evenly spread."""
    time = np.datetime64("2020-01-01", "h") + np.arange(years * 8766).astype("timedelta64[h]")
    level = np.zeros(time.size)
    level[:: 8766 // floods_a_year] = height
    return SeaRecord(time, level)


def test_a_level_between_one_and_two_years_is_passed_more_often_than_once_in_two_years() -> None:
    """A plan said "about once in 2 years" of 1.69 m, where the 2-year level is 1.78 m."""
    found = frequency_of(1.69, LEVELS, PERIODS)
    assert -math.log(1 - 1 / 2) < found.per_year < -math.log(1 - 1 / 1.1)
    assert "years" not in found.in_words or "ten years" in found.in_words


def test_at_a_return_level_the_rate_is_that_of_its_yearly_chance() -> None:
    same = np.tile(LEVELS[0], (3, 1))
    for period, level in zip(PERIODS, LEVELS[0], strict=True):
        chance_of_a_year = -math.expm1(-frequency_of(level, same, PERIODS).per_year)
        assert chance_of_a_year == pytest.approx(1 / period)
    assert frequency_of(9.0, LEVELS, PERIODS).in_words == "more rarely than once in 1,000 years"


def test_a_level_above_the_rarest_of_some_samples_is_not_called_rarer_than_it_is() -> None:
    """A sample whose rarest level lies a centimetre lower counted as if the sea never came: 35 years became 70."""
    either = np.array([[1.60, 1.78, 1.92, 2.02], [1.60, 1.78, 1.92, 2.00]])
    both = [frequency_of(2.01, either[[row]], PERIODS).per_year for row in (0, 1)]
    assert frequency_of(2.01, either, PERIODS).per_year == pytest.approx(np.mean(both))
    assert 0.09 < both[1] < -math.log(1 - 1 / 10)


def test_years_between_floods_have_two_digits() -> None:
    assert Frequency(1 / 213).in_words == "about once in 210 years"


def test_below_the_most_frequent_level_the_record_is_counted_as_the_hindcast_counts() -> None:
    gauge = record(6, 1.5)
    found = frequency_of(1.4, LEVELS, PERIODS, gauge)
    event = Event(variable="water_level", operator=">=", value=1.4, unit="m")
    assert found.per_year == pytest.approx(find_events(gauge.time, gauge.level, event).onset.size / gauge.years)
    assert found.in_words == "about 6 times a year"
    assert frequency_of(1.4, LEVELS, PERIODS).in_words == "at least 2.4 times a year"
    short = SeaRecord(gauge.time[:2000], gauge.level[:2000])
    assert frequency_of(1.4, LEVELS, PERIODS, short).is_at_least, "a season is no year"


@given(st.floats(1.0, 2.2), st.floats(0, 0.5), st.integers(1, 12))
def test_a_lower_level_is_never_passed_more_rarely(level: float, more: float, floods: int) -> None:
    gauge = record(floods, 1.55, years=1)
    lower, higher = (frequency_of(each, LEVELS, PERIODS, gauge).per_year for each in (level, level + more))
    assert lower >= higher - 1e-12


@given(st.floats(0.002, 40))
def test_words_never_say_more_rarely_than_the_number_and_are_english(per_year: float) -> None:
    words = Frequency(per_year).in_words
    assert " 1 years" not in words
    assert " 1 times" not in words
    number = {"once": 1.0, "twice": 2.0}
    parts = words.split()
    if words.endswith("in ten years"):
        said = float(parts[1]) / 10
    elif "once in" in words:
        said = 1 / float(parts[3])
    else:
        said = number.get(parts[1]) or float(parts[1])
    assert said >= per_year * 0.93
    assert said <= per_year * 1.5 + 0.1


@pytest.mark.parametrize(
    ("per_year", "words"),
    [
        (0.01, "about once in 100 years"),
        (0.188, "about once in 5 years"),
        (0.693, "about 7 times in ten years"),
        (1.0, "about once a year"),
        (1.44, "about 1.4 times a year"),
        (1.97, "about twice a year"),
        (7.2, "about 7.2 times a year"),
        (12.4, "about 12 times a year"),
    ],
)
def test_a_frequency_is_said_as_people_say_it(per_year: float, words: str) -> None:
    assert Frequency(per_year).in_words == words
