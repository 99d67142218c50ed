"""Hourly residuals of the gauges, and the newest issue of each forecast."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from strandline.watch.assimilation.gauge_residuals import latest_forecasts, own_readings, residuals_of
from strandline.watch.readings import Reading

NOW = datetime(2020, 1, 1, 12)
TIDES = {"own": lambda moments: np.full(moments.shape, 0.5)}


def level(minutes: float, value: float, quality: str = "good", stream: str = "own") -> Reading:
    moment = NOW + timedelta(minutes=minutes)
    return Reading(stream, "water_level", moment, moment, value, quality=quality)  # type: ignore[arg-type]


def test_an_hour_is_the_mean_of_the_readings_around_it() -> None:
    readings = [level(minutes, 0.6 + 0.01 * minutes) for minutes in (-25, -10, -5, 0, 5)]
    (hourly,) = residuals_of(readings, [], NOW, TIDES)
    assert hourly.time == np.datetime64(NOW, "h")
    assert hourly.value == pytest.approx(0.1 - 0.025)
    (single,) = residuals_of([level(-25, 0.8)], [], NOW, TIDES)
    assert single.value == pytest.approx(0.3)


def test_an_hour_is_used_once() -> None:
    assert residuals_of([level(-2, 0.9)], [level(0, 0.6)], NOW, TIDES) == []
    assert len(residuals_of([level(-2, 0.9)], [level(0, 0.6, "bad")], NOW, TIDES)) == 1


def test_bad_readings_later_hours_and_other_streams_are_ignored() -> None:
    assert residuals_of([level(0, 9.0, "bad"), level(40, 0.6), level(0, 0.6, stream="x")], [], NOW, TIDES) == []


def test_an_hour_is_suspect_only_without_a_good_reading() -> None:
    (mixed,) = residuals_of([level(0, 2.0, "suspect"), level(5, 0.6)], [], NOW, TIDES)
    assert (mixed.value, mixed.is_suspect) == (pytest.approx(0.1), False)
    assert residuals_of([level(0, 2.0, "suspect")], [], NOW, TIDES)[0].is_suspect


def forecast(issue_h: int, lead_h: int, value: float, member: int = 0, variable: str = "surge_forecast") -> Reading:
    issued = NOW + timedelta(hours=issue_h)
    return Reading("service", variable, issued + timedelta(hours=lead_h), issued, value, member=member)


def test_only_the_newest_issue_is_used_however_old_it_is() -> None:
    readings = [forecast(-12, lead, 9.0) for lead in range(20)]
    readings += [forecast(-6, lead, 0.1 * lead, member) for lead in range(10) for member in (0, 1)]
    found = latest_forecasts(readings, NOW, TIDES["own"])["service"]
    assert found.hour == np.datetime64(NOW, "h") - np.timedelta64(6, "h")
    np.testing.assert_array_equal(found.leads, range(10))
    np.testing.assert_allclose(found.mean, 0.1 * np.arange(10))
    np.testing.assert_allclose(found.spread, 0.0, atol=1e-12)
    assert latest_forecasts([forecast(-25, 30, 1.0)], NOW, TIDES["own"])["service"].leads.tolist() == [30]
    assert latest_forecasts([forecast(1, 3, 1.0)], NOW, TIDES["own"]) == {}


def test_the_tide_is_subtracted_from_a_forecast_of_the_level() -> None:
    found = latest_forecasts([forecast(0, 3, 2.0, variable="water_level_forecast")], NOW, TIDES["own"])["service"]
    np.testing.assert_allclose(found.mean, [1.5])


def test_readings_up_to_a_rejection_are_left_out() -> None:
    readings = [level(60 * hour, float(hour)) for hour in range(-5, 1)]
    now = np.datetime64(NOW, "h")
    time, values = own_readings(readings, "own", now - np.timedelta64(2, "h"), now)
    assert values.tolist() == [-1.0, 0.0]
    assert time[-1] == now
    assert own_readings(readings, "own", None, now)[1].size == 6
    assert own_readings(readings, "own", now, now)[1].size == 0
