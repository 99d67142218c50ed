"""Rain and discharge ahead: courses by what was known, how rivers err before floods, and what is not known."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from strandline.observations.observations import Observations, Provenance
from strandline.observations.sea_level.surge.river_process import RiverProcess, fit_river_process
from strandline.uncertainty.gauge_forecast.land_forecast import (
    FEWEST_FLOODS,
    PAST,
    RAIN_COURSES,
    LandForecaster,
)
from tests.fixtures import river_mouth
from tests.fixtures.weather import make_forecast
from tests.fixtures.windy_gauge import CELL, HOURS, TIME

ISSUE = TIME[HOURS // 2]


def rivers() -> tuple[RiverProcess, ...]:
    readings = river_mouth.river()["discharge"].values[0]
    return (fit_river_process(river_mouth.RIVER, readings, river_mouth.rain(), is_stage=False),)


def with_rain_ahead(place: Observations, rate: float, members: int = 1) -> Observations:
    """A forecast of the same rain in every hour, and by one more mm/h in each further member."""
    leads = np.arange(0, 73, 3)
    values = np.broadcast_to(rate + np.arange(members, dtype=float), (1, leads.size, members))
    forecast = make_forecast(
        np.array([ISSUE]), leads, {"rain": values[..., None, None]}, delay=0.0, members=members, grid=CELL
    )
    known = {**place.provenance, "weather_forecast": Provenance("simulated", "made up")}
    return replace(place, weather_forecast=forecast, provenance=known)


@pytest.fixture(scope="module")
def place() -> Observations:
    return river_mouth.place(weather=False)


@pytest.fixture(scope="module")
def forecaster(place: Observations) -> LandForecaster:
    return LandForecaster.of(place, rivers())


def test_rain_of_a_day_is_measured_up_to_now_and_forecast_from_then_on(
    place: Observations, forecaster: LandForecaster
) -> None:
    found = forecaster.forecast(with_rain_ahead(place, 2.0, members=3), ISSUE)
    assert found.rain is not None
    assert found.rain.shape == (3, PAST + 49)
    measured = river_mouth.rain()[HOURS // 2 - 29 : HOURS // 2 - 5].sum()  # up to six hours ago
    np.testing.assert_allclose(found.rain[:, PAST - 6], measured, rtol=1e-6)
    np.testing.assert_allclose(found.rain[:, PAST + 30], [48.0, 72.0, 96.0], rtol=1e-6)
    assert found.unknown == {}


def test_a_forecast_without_members_gets_an_error_that_keeps_its_mean(
    place: Observations, forecaster: LandForecaster
) -> None:
    found = forecaster.forecast(with_rain_ahead(place, 2.0), ISSUE)
    assert found.rain is not None
    assert len(found.rain) == RAIN_COURSES
    ahead = found.rain[:, PAST + 30]
    assert ahead.mean() == pytest.approx(48, rel=0.3)
    assert 20 < ahead.std() < 60
    assert np.ptp(found.rain[:, PAST - 6]) == 0, "what was measured is sure"


def test_without_rain_ahead_rain_is_not_known_and_counts_as_none(
    place: Observations, forecaster: LandForecaster
) -> None:
    found = forecaster.forecast(place, ISSUE)
    assert "hours of rain" in found.unknown["rain"]
    assert found.rain is not None
    assert (found.rain[:, PAST + 25 :] == 0).all()


def test_rivers_err_as_before_their_past_floods(place: Observations, forecaster: LandForecaster) -> None:
    assert len(forecaster.errors) >= FEWEST_FLOODS
    assert forecaster.errors.shape[1] == 49
    near, far = (np.log(forecaster.errors[:, lead]).std() for lead in (1, 24))
    assert near < far, "later hours are less sure"
    peak = int(np.argmax(river_mouth.flow()))
    found = forecaster.forecast(place, TIME[peak - 12])
    assert found.river is not None
    assert found.river[:, PAST : PAST + 25].max() > 0.8 * river_mouth.flow()[peak], "some courses foresee the flood"
    np.testing.assert_allclose(found.river.std(axis=0)[: PAST - 12], 0, atol=1e-6)


def test_a_river_that_is_not_read_any_more_is_not_known(place: Observations, forecaster: LandForecaster) -> None:
    river = place.river
    assert river is not None
    silent = river.where(xr.DataArray(ISSUE - np.timedelta64(40, "h") > TIME, dims="time"))
    silent = silent.assign_coords(available_after_h=river["available_after_h"])
    found = forecaster.forecast(replace(place, river=silent), ISSUE)
    assert "old" in found.unknown["river"]
    assert found.river is not None, "what it was counts as a lower bound"
    gone = river.where(xr.DataArray(ISSUE - np.timedelta64(200, "h") > TIME, dims="time"))
    found = forecaster.forecast(replace(place, river=gone), ISSUE)
    assert "more than six days" in found.unknown["river"]
    assert found.river is None


def test_a_river_without_a_process_is_not_known(place: Observations) -> None:
    found = LandForecaster.of(place, ()).forecast(place, ISSUE)
    assert found.unknown["river"] == "no discharge of it comes in time for a forecast"
    assert found.river is None
