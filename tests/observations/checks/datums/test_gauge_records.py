"""Daily levels of a gauge are those of calendar days that are known, and the rest follows from them."""

import numpy as np
import pytest

from strandline.observations.checks.datums.gauge_records import gauge_records, window_of
from tests.fixtures.low_coast import dataset_of, record_of, region_file

DAY = 24


@pytest.mark.parametrize("hour", [7, 23])
def test_days_are_whole_calendar_days_and_their_mean_highest_and_lowest_are_those_of_their_hours(hour: int) -> None:
    level = np.random.default_rng(1).normal(size=10 * DAY)
    record = record_of(level, start=f"2022-01-01T{hour:02}")
    days = level[DAY - hour : 10 * DAY - hour].reshape(9, DAY)
    np.testing.assert_allclose(record.daily, np.stack([days.mean(1), days.max(1), days.min(1)], axis=1))
    assert record.mean == pytest.approx(days.mean())
    assert record.mean_high_water == pytest.approx(days.max(1).mean() - days.mean())
    assert record.mean_low_water == pytest.approx(days.mean() - days.min(1).mean())
    assert record.years == pytest.approx(9 / 365.25)


def test_a_day_is_known_by_twenty_of_its_hours() -> None:
    level = np.tile(np.arange(DAY, dtype=float), 5)
    for missing, known in ((4, 4), (5, 3)):
        holey = level.copy()
        holey[2 * DAY : 2 * DAY + missing] = np.nan
        assert len(record_of(holey).daily) == known


def test_two_weeks_of_known_days_are_long_enough_and_a_day_less_is_not() -> None:
    assert record_of(np.zeros(15 * DAY)).is_long_enough  # the day on which it begins does not count
    assert not record_of(np.zeros(14 * DAY)).is_long_enough


def test_the_standard_error_is_that_of_means_of_five_days() -> None:
    daily = np.random.default_rng(2).normal(size=100)
    record = record_of(np.repeat(np.r_[0.0, daily], DAY))
    assert record.standard_error == pytest.approx(daily.std() / np.sqrt(20))
    short = record_of(np.repeat(daily[:6], DAY))  # five days
    assert short.standard_error == pytest.approx(daily[1:6].std() / np.sqrt(2)), "of two independent values at least"


def test_the_middle_of_a_record_of_whole_years_is_half_way_between_them() -> None:
    record = record_of(np.zeros(2 * 365 * DAY + 1), start="2021-01-01")
    assert record.middle_year == pytest.approx(2022.0, abs=0.005)


def test_a_gauge_without_a_usable_reading_is_no_record_and_hides_no_other() -> None:
    sections = region_file().tide_gauge
    time = (np.datetime64("2022-01-01", "h") + np.arange(20 * DAY)).astype("datetime64[ns]")
    level = np.zeros(time.size)
    data = dataset_of(time, level, level + 1.0, level + 2.0)
    data["quality"][0] = 1
    data["water_level"][1, 5:] = np.nan
    known = gauge_records(sections, data)
    assert [each.section.name for each in known] == ["B", "C"]
    assert [each.mean for each in known if each.daily.size] == [2.0]
    assert known[0].daily.shape == (0, 3)
    assert not known[0].is_long_enough


def test_words_state_the_days_with_readings_and_how_mean_sea_level_is_stated() -> None:
    level = np.zeros(3 * DAY)
    level[: DAY + 3] = np.nan
    assert record_of(level).span == "2022-01-02 to 2022-01-03"
    stated, averaged = region_file(mean=0.5), region_file(window=True)
    assert window_of(stated.tide_gauge[0]) == "mean_sea_level = 0.5"
    assert window_of(averaged.tide_gauge[0]) == "the average of 2022-10-01 to 2023-01-29"
    assert record_of(level).states_mean_sea_level
    time = (np.datetime64("2022-01-01", "h") + np.arange(level.size)).astype("datetime64[ns]")
    (record,) = gauge_records(averaged.tide_gauge[:1], dataset_of(time, level))
    assert not record.states_mean_sea_level
