"""The run's forecaster as a source of the belief: what it hears, and when it says nothing."""

import numpy as np
import pytest

from strandline.observations.sea_level.issued_levels import IssuedLevels
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS
from strandline.uncertainty.gauge_forecast.fit import fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.guidance import newest_issues
from strandline.watch.assimilation.own_forecast import OwnForecast
from tests.fixtures.windy_gauge import MEAN, SEA_LEVEL, TIME, level, place

pytestmark = pytest.mark.slow

AT = 4000
HOUR = TIME[AT]
NONE = (np.empty(0, dtype="datetime64[ns]"), np.empty(0))


@pytest.fixture(scope="module")
def own() -> OwnForecast:
    readings = np.where(TIME[3600] > TIME, level(), np.nan)
    forecaster = fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, readings)
    return OwnForecast(forecaster, place(analyses=False, forecasts=False))


def test_readings_and_the_weather_of_a_stream_reach_two_days_ahead(own: OwnForecast) -> None:
    weather = place().weather_forecast
    found = own.forecast(HOUR, TIME[:AT], level()[:AT], weather)
    alone = own.forecast(HOUR, TIME[:AT], level()[:AT])
    assert found is not None
    assert alone is not None
    assert found.leads[0] == 0
    assert found.leads[-1] == HORIZON_HOURS
    day = int(np.searchsorted(found.leads, 24))
    assert found.spread[day] < 0.7 * alone.spread[day]
    truth = level()[AT + found.leads] - MEAN - SEA_LEVEL.tide(TIME[AT + found.leads])
    assert np.abs(found.mean - truth).max() < 4 * found.spread.max()


def test_the_weather_is_enough_where_the_gauge_is_silent(own: OwnForecast) -> None:
    found = own.forecast(HOUR, *NONE, place().weather_forecast)
    assert found is not None
    assert np.isfinite(found.mean).all()


def test_without_readings_and_weather_nothing_is_said(own: OwnForecast) -> None:
    assert own.forecast(HOUR, *NONE) is None


def test_a_reading_of_a_later_hour_is_not_heard(own: OwnForecast) -> None:
    wrong = np.where(HOUR < TIME, 5.0, level())
    one, other = (own.forecast(HOUR, TIME, each) for each in (level(), wrong))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.mean, other.mean)


def test_the_newest_cycle_at_hand_is_the_guidance_of_a_service() -> None:
    """Cycles at 0 and 6 h, each at hand after two hours; a level of 1 m about a tide of 0.4 m."""
    zero = TIME[0]
    issued = zero + np.repeat([0, 6], 4).astype("timedelta64[h]")
    lead = np.tile([1, 2, 3, 12], 2).astype("timedelta64[h]")
    levels = IssuedLevels(
        issued, issued + np.timedelta64(2, "h"), issued + lead, np.ones(8), np.zeros((8, 0)), np.full(8, 0.1)
    )
    hours = zero + np.array([1, 2, 7, 8]).astype("timedelta64[h]")
    found = newest_issues(levels, hours, lambda time: np.full(time.shape, 0.4))
    assert found[0] is None
    of_cycles = [None if each is None else int((each.hour - zero) / np.timedelta64(1, "h")) for each in found]
    assert of_cycles == [None, 0, 0, 6]
    assert found[3] is not None
    assert found[3].leads.tolist() == [1, 2, 3, 12]
    np.testing.assert_allclose(found[3].mean, 0.6)
    np.testing.assert_allclose(found[3].spread, 0.1)
