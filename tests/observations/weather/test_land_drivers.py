"""Hourly records of rain and rivers: sums of a day, gaps, and what is not known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.observations.weather.land_drivers import RAIN_HOURS, rain_of_a_day


@given(st.lists(st.floats(0, 200), min_size=60, max_size=60), st.integers(24, 59))
def test_the_rain_of_a_day_is_the_sum_of_its_hours(rain: list[float], hour: int) -> None:
    day = rain_of_a_day(np.array(rain))
    assert day[hour] == pytest.approx(sum(rain[hour - RAIN_HOURS + 1 : hour + 1]), abs=1e-6)


def test_a_day_with_a_missing_hour_has_no_sum_and_so_has_the_first_day() -> None:
    rain = np.ones(100)
    rain[50] = np.nan
    missing = np.isnan(rain_of_a_day(rain))
    assert np.flatnonzero(missing).tolist() == [*range(RAIN_HOURS - 1), *range(50, 50 + RAIN_HOURS)]
