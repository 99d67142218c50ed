"""The rule by hand: a reading next door that comes early enough before nine of ten floods, and calls seldom."""

import numpy as np
import pytest

from strandline.planning.early_action.neighbour_rule import NeighbourRule, NeighbourThreshold

YEAR, AHEAD, LEVEL = 8766, 5, 1.5
PEAKS = np.linspace(2.0, 2.9, 10)
"""What the neighbour reads before each of ten floods [m]."""


def rule(peaks: np.ndarray = PEAKS, *, ahead: int = AHEAD, calls: int = 0, years: int = 2) -> NeighbourRule:
    """Floods of an hour, what the neighbour reads before them, and its readings of 3 m that no flood follows."""
    hours = np.arange(years * YEAR)
    own, neighbour = np.zeros(hours.size), np.zeros(hours.size)
    at = 500 * (1 + np.arange(peaks.size))
    own[at], neighbour[at - ahead] = LEVEL, peaks
    neighbour[at[-1] + 200 + 100 * np.arange(calls)] = 3.0
    return NeighbourRule(np.datetime64("2001-01-01", "ns") + hours.astype("timedelta64[h]"), own, neighbour)


def threshold(of: NeighbourRule, needed: float = AHEAD) -> NeighbourThreshold:
    found = of.threshold(LEVEL, needed)
    assert found is not None, of.why_none(LEVEL, needed)
    assert of.why_none(LEVEL, needed) == ""
    return found


def test_it_is_on_the_neighbours_zero_and_says_how_often_it_was_right() -> None:
    found = threshold(rule())
    assert (found.value, found.in_time, found.events) == (2.0, 10, 10)
    assert found.alarms_per_year == pytest.approx(10 / 2, rel=1e-3)
    indicator = found.indicator("neighbour", 6.0)
    assert (indicator.value, indicator.operator, indicator.valid_hours) == (2.0, ">=", 6.0)
    assert indicator.lead_window_hours == (0.0, 0.0)
    assert "reached 5 h or more before 10 of 10 past floods, and 5.0 times a year" in indicator.source


@pytest.mark.parametrize("count", [5, 9, 10, 11, 15, 20, 21])
def test_it_precedes_nine_of_ten_floods_and_the_next_higher_one_hardly_does(count: int) -> None:
    peaks = np.random.default_rng(count).permutation(2.0 + 0.05 * np.arange(count))
    found = threshold(rule(peaks))
    assert found.in_time == (peaks >= found.value).sum()
    assert found.in_time >= 0.9 * count > found.in_time - 2


def test_it_is_rounded_down_to_a_centimetre_so_that_it_still_precedes_them() -> None:
    assert threshold(rule(PEAKS + 0.009)).value == 2.0


def test_a_reading_counts_from_the_hours_that_acting_takes_to_a_day_before_that() -> None:
    for ahead, is_seen in ((5, True), (4, False), (29, True), (30, False)):
        assert (rule(ahead=ahead).threshold(LEVEL, 5.0) is not None) == is_seen, ahead
    assert rule(ahead=5).threshold(LEVEL, 4.5) is not None, "hours are rounded up"
    assert rule(ahead=4).threshold(LEVEL, 4.5) is None


def test_five_floods_are_enough_and_where_there_are_fewer_the_highest_storms_stand_in() -> None:
    assert threshold(rule(PEAKS[:5])).events == 5
    four = rule(np.r_[PEAKS[:4], 2.5])
    four.own[np.flatnonzero(four.own)[-1]] = LEVEL - 0.1  # a storm, and no flood
    four.own[four.own == 0] = np.nan
    assert threshold(four).events == 5
    four.own[four.own < LEVEL] = np.nan
    why = four.why_none(LEVEL, AHEAD)
    assert "was read before 4 past floods or storms, and a threshold needs 5" in why


def test_a_flood_before_which_nobody_read_the_neighbour_says_nothing() -> None:
    known = rule()
    known.neighbour[: 2 * 500 + 1] = np.nan
    assert threshold(known).events == 8
    partly = rule()
    partly.neighbour[500 - AHEAD + 1 : 500] = np.nan
    assert threshold(partly).events == 10, "a gap after the reading hides nothing"


def test_more_than_twelve_calls_a_year_nobody_follows() -> None:
    assert threshold(rule(calls=13)).alarms_per_year == pytest.approx(23 / 2, rel=1e-3)
    assert threshold(rule(calls=14)).alarms_per_year == pytest.approx(12.0, rel=1e-3)
    why = rule(calls=15).why_none(LEVEL, AHEAD)
    assert "to show a flood 5 hours ahead the neighbouring gauge would have to call about 13 times a year" in why
    assert "1 hour ahead" in rule(ahead=1, calls=15).why_none(LEVEL, 1.0)


def test_a_reading_of_every_high_water_calls_every_day_though_no_day_parts_its_calls() -> None:
    of = rule()
    hours = np.arange(of.time.size)
    tide = NeighbourRule(of.time, of.own, 3.0 * np.cos(2 * np.pi * hours / 12.42))
    assert tide.threshold(LEVEL, AHEAD) is None
    always = NeighbourRule(of.time, of.own, np.full(of.time.size, 0.4))
    assert "about 366 times a year" in always.why_none(LEVEL, AHEAD)
