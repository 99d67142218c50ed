"""A gauge whose zero moves is doubted, with the day and the size of the step."""

import numpy as np

from strandline.observations.checks.datums.datum_jumps import doubts_about_zero
from strandline.observations.checks.quality import DATUM_JUMP, flag_quality

HOURS = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[h]").astype("datetime64[ns]")
LEVEL = np.cos(2 * np.pi * np.arange(HOURS.size) / 12.42) + 0.01 * np.random.default_rng(1).standard_normal(HOURS.size)


def doubts(level: np.ndarray) -> list[str]:
    return [str(each) for each in doubts_about_zero("gauge 'Pier'", HOURS, level, flag_quality(HOURS, level))]


def test_a_step_of_a_metre_is_told_with_its_day_and_its_size() -> None:
    (said,) = doubts(LEVEL + np.where(np.arange(HOURS.size) < 5000, 0.0, 1.0))
    assert "steps by about +1.0 m on 2020-07-27" in said
    assert "43% of the readings stand on another zero" in said
    assert "ask its operator when the staff was moved" in said


def test_a_steady_record_and_one_with_a_single_bad_day_raise_no_doubt_of_its_zero() -> None:
    assert doubts(LEVEL) == []
    assert doubts(LEVEL + np.where(np.arange(HOURS.size) // 24 == 100, 1.0, 0.0)) == []
    assert doubts(np.full(HOURS.size, np.nan)) == []


def test_the_day_is_that_of_the_first_reading_on_the_new_zero() -> None:
    for first in (4999, 5000):  # the last hour of a day, and the first of the next
        (said,) = doubts(LEVEL + np.where(np.arange(HOURS.size) < first, 0.0, -1.0))
        assert f"steps by about -1.0 m on {np.datetime_as_string(HOURS[first], 'D')}" in said


def test_a_fiftieth_of_the_readings_on_another_zero_is_told() -> None:
    for days, expected in ((8, 1), (7, 0)):  # of 366
        assert len(doubts(LEVEL + np.where(np.arange(HOURS.size) < 24 * days, 0.0, 1.0))) == expected
    for readings, expected in ((20, 1), (19, 0)):  # of 1000
        moved = np.where(np.arange(1000) < readings, DATUM_JUMP, np.uint8(0))
        assert len(list(doubts_about_zero("gauge 'Pier'", HOURS[:1000], LEVEL[:1000], moved))) == expected


def test_the_size_of_the_step_is_taken_from_a_month_on_either_side_whatever_came_earlier() -> None:
    hour = np.arange(HOURS.size)
    slow = np.where(hour < 3000, -3.0, 0.0) * np.clip((3000 - hour) / 3000, 0, 1)  # a sea that rose long before
    (said,) = doubts(LEVEL + slow + np.where(hour < 5000, 0.0, 1.0) - np.clip((hour - 6000) / 1000, 0, 3))
    assert "steps by about +1.0 m" in said
