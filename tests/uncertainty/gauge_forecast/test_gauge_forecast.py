"""A gauge that answers the wind: what its forecaster knows at an issue, and how sure it is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.observations import Observations
from strandline.uncertainty.gauge_forecast.fit import NeighbourRecord, fit_gauge_forecaster
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster
from strandline.uncertainty.gauge_forecast.forecaster_file import (
    FORECASTER_FILE,
    load_gauge_forecaster,
    save_gauge_forecaster,
)
from strandline.uncertainty.residual_forecaster import learn_forecast_error
from tests.fixtures.sea_levels import sample
from tests.fixtures.windy_gauge import CYCLE, HOURS, MEAN, OWN_NOISE, SEA_LEVEL, TIME, level, place

pytestmark = pytest.mark.slow

TRAINED = 24 * 150
LEVELS = (0.05, 0.5, 0.95)
ISSUES = TIME[np.arange(TRAINED + 200, HOURS - 200, 11)]


def fit(**known: bool) -> GaugeForecaster:
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    return fit_gauge_forecaster(place(**known), SEA_LEVEL, MEAN, TIME, readings)


@pytest.fixture(scope="module")
def forecaster() -> GaugeForecaster:
    return fit()


def truth(lead: int) -> np.ndarray:
    return level()[np.searchsorted(TIME, ISSUES) + lead]


def test_a_day_ahead_it_errs_by_what_no_weather_explains(forecaster: GaugeForecaster) -> None:
    found = forecaster.forecast(ISSUES, TIME, level(), place(), LEVELS)
    alone = forecaster.without_weather().forecast(ISSUES, TIME, level(), None, LEVELS)
    error, blind = (float(np.std(each.quantiles[0.5][:, 24] - truth(24))) for each in (found, alone))
    assert error < 1.25 * OWN_NOISE
    assert blind > 1.5 * error
    assert found.knows_weather[:, :73].all()
    assert not alone.knows_weather.any()


@pytest.mark.parametrize("lead", [6, 24, 48])
def test_nine_in_ten_levels_lie_in_its_range(forecaster: GaugeForecaster, lead: int) -> None:
    found = forecaster.forecast(ISSUES, TIME, level(), place(), LEVELS)
    inside = (found.quantiles[0.05][:, lead] <= truth(lead)) & (truth(lead) <= found.quantiles[0.95][:, lead])
    assert 0.83 <= inside.mean() <= 0.985  # the slow sea level of months makes the range of days wider


def test_without_the_coming_weather_it_is_the_forecast_by_readings(forecaster: GaugeForecaster) -> None:
    found = forecaster.forecast(ISSUES[:5], TIME, level(), place(forecasts=False), LEVELS)
    alone = forecaster.forecast(ISSUES[:5], TIME, level(), None, LEVELS)
    assert not found.knows_weather[:, 6:].any()  # at first the sea still answers the weather that was analysed
    for each in LEVELS:
        np.testing.assert_array_equal(found.quantiles[each][:, 6:], alone.quantiles[each][:, 6:])


def test_readings_after_the_issue_change_nothing(forecaster: GaugeForecaster) -> None:
    issue = ISSUES[10:11]
    later = np.where(issue < TIME, 9.0, level())
    one, other = (forecaster.forecast(issue, TIME, each, place(), LEVELS) for each in (level(), later))
    np.testing.assert_array_equal(one.quantiles[0.5], other.quantiles[0.5])


def known_from(hours: int, until: int = 96) -> Observations:
    """The place whose weather is known at the last issue alone, from some hours before it, to some hours after."""
    found = place(analyses=False)
    assert found.weather_forecast is not None
    first = int(np.searchsorted(TIME, ISSUES[-1])) - hours
    cycle = first - first % CYCLE
    forecast = found.weather_forecast.isel(issued=[cycle // CYCLE])
    lead = forecast["lead"].values
    kept = (lead >= first - cycle) & (lead <= first - cycle + hours + until)
    return replace(found, weather_forecast=forecast.where(xr.DataArray(kept, dims="lead")))


def test_a_stream_of_weather_that_has_just_begun_counts(forecaster: GaugeForecaster) -> None:
    """The sea here answers within hours: weather of two days before changes hardly anything, that of tomorrow all."""
    issue = ISSUES[-1:]
    whole, begun, short, alone = (
        forecaster.forecast(issue, TIME, level(), each, LEVELS)
        for each in (place(analyses=False), known_from(30, 60), known_from(30, 12), None)
    )
    assert begun.knows_weather[0, 6:48].all()
    np.testing.assert_allclose(begun.quantiles[0.5][0, 6:48], whole.quantiles[0.5][0, 6:48], atol=0.02)
    assert not short.knows_weather[0, 30:].any()
    np.testing.assert_array_equal(short.quantiles[0.95][0, 36:], alone.quantiles[0.95][0, 36:])


@pytest.mark.parametrize(("age", "is_known"), [(30, True), (48, False)])
def test_an_old_forecast_of_the_weather_is_no_knowledge(
    forecaster: GaugeForecaster, age: int, *, is_known: bool
) -> None:
    found = place()
    assert found.weather_forecast is not None
    issue = ISSUES[-1:]
    last = issue[0] - np.timedelta64(age, "h")
    old = replace(found, weather_forecast=found.weather_forecast.sel(issued=slice(None, last)))
    ahead = forecaster.forecast(issue, TIME, level(), old, LEVELS).knows_weather[0, 12:36]
    assert ahead.all() == ahead.any() == is_known


def test_a_silent_gauge_is_forecast_from_the_weather(forecaster: GaugeForecaster) -> None:
    found = forecaster.forecast(ISSUES, TIME, np.full(HOURS, np.nan), place(), LEVELS)
    assert np.isnan(found.age).all()
    assert not found.readings.any()
    error = np.std(found.quantiles[0.5][:, 24] - truth(24))
    assert error < 0.6 * np.std(found.tide[:, 24] - truth(24))


def test_the_age_is_that_of_the_newest_reading(forecaster: GaugeForecaster) -> None:
    issue = ISSUES[3:4]
    silent = np.where(
        (issue - np.timedelta64(5, "h") < TIME) & (issue + np.timedelta64(9, "h") > TIME), np.nan, level()
    )
    found = forecaster.forecast(issue, TIME, silent, place(), LEVELS)
    assert found.age.tolist() == [5.0]
    assert found.readings.tolist() == [67.0]


def test_where_no_forecast_was_kept_errors_as_published_are_learned() -> None:
    found = fit(forecasts=False)
    spread = found.residual.forecast_error
    assert spread is not None
    by_hour = np.sqrt((spread**2).sum(axis=1))
    assert (by_hour[:72] == 0).all()
    assert 0 < by_hour[72 + 5] < by_hour[72 + 47]


def test_the_forecast_of_today_alone_is_not_taken_for_certain() -> None:
    """Years of analyses and one present forecast, as a fetch brings them: errors as published stand for its own."""
    found = place()
    assert found.weather_forecast is not None
    today = replace(found, weather_forecast=found.weather_forecast.isel(issued=[-1]))
    readings = np.where(np.arange(HOURS) < TRAINED, level(), np.nan)
    error = fit_gauge_forecaster(today, SEA_LEVEL, MEAN, TIME, readings).residual.forecast_error
    assert error is not None
    assert np.sqrt((error[72 + 24 :] ** 2).sum(axis=1)).min() > 0


def test_forecasts_that_end_early_show_their_errors_before(forecaster: GaugeForecaster) -> None:
    response = forecaster.residual.response
    assert response is not None
    happened = np.random.default_rng(3).standard_normal((200, 222, len(response.columns)))
    foreseen = (happened * np.where(np.arange(222) > 144, 1.3, 1.0)[:, None])[:, :, None].copy()
    whole = learn_forecast_error(response, foreseen, happened)
    foreseen[:, 200:] = np.nan
    early = learn_forecast_error(response, foreseen, happened)
    size = [np.sqrt((each[72 + 24 : 72 + 48] ** 2).sum(axis=1)) for each in (whole, early)]
    np.testing.assert_allclose(size[0], size[1], rtol=0.05)
    assert size[1].min() > 0


def test_a_place_without_weather_has_a_forecaster_of_readings() -> None:
    found = fit(analyses=False, forecasts=False)
    assert found.residual.response is None
    forecast = found.forecast(ISSUES[:3], TIME, level(), place(analyses=False, forecasts=False), LEVELS)
    assert np.isfinite(forecast.quantiles[0.5]).all()


def test_a_gauge_without_a_reading_is_refused() -> None:
    with pytest.raises(RefusedByTheory, match="no reading"):
        fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, np.full(HOURS, np.nan))


def test_a_neighbour_teaches_a_gauge_of_few_weeks(forecaster: GaugeForecaster) -> None:
    """Three weeks and a neighbour with the same surge and another tide do most of what the whole record does."""
    weeks = np.zeros(HOURS, dtype=bool)
    for first in (200, 1500, 3000):
        weeks[first : first + 168] = True
    readings = np.where(weeks, level(), np.nan)
    other = level() - SEA_LEVEL.tide(TIME) + 0.6 * np.cos(2 * np.pi * np.arange(HOURS) / 12.42)
    other = np.where(
        np.arange(HOURS) < TRAINED, other + sample(0.01**2 * np.exp(-np.arange(168) / 5), HOURS, 9), np.nan
    )
    taught, alone = (
        fit_gauge_forecaster(place(), SEA_LEVEL, MEAN, TIME, readings, neighbours)
        for neighbours in ((NeighbourRecord("other", 45.0, other),), ())
    )

    def error(of: GaugeForecaster) -> float:
        median = of.forecast(ISSUES, TIME, level(), place(), LEVELS).quantiles[0.5]
        return float(np.mean([np.std(median[:, lead] - truth(lead)) for lead in (24, 36, 48, 60, 72)]))

    assert error(forecaster) < 0.97 * error(alone), "the whole record knows more"
    assert error(alone) - error(taught) > 0.6 * (error(alone) - error(forecaster))


def test_a_saved_forecaster_says_the_same(forecaster: GaugeForecaster, tmp_path: Path) -> None:
    save_gauge_forecaster(tmp_path, forecaster)
    loaded = load_gauge_forecaster(tmp_path, SEA_LEVEL, MEAN)
    for one in (place(), None):
        first, second = (each.forecast(ISSUES[:4], TIME, level(), one, LEVELS) for each in (forecaster, loaded))
        np.testing.assert_allclose(first.quantiles[0.95], second.quantiles[0.95], atol=1e-12)
    blind = replace(forecaster, residual=replace(forecaster.residual, response=None, forecast_error=None))
    save_gauge_forecaster(tmp_path, blind)
    assert load_gauge_forecaster(tmp_path, SEA_LEVEL, MEAN).residual.response is None


@pytest.mark.parametrize("damage", ["cut", "number", "missing"])
def test_a_damaged_file_is_refused(forecaster: GaugeForecaster, tmp_path: Path, damage: str) -> None:
    residual = forecaster.residual
    if damage == "number":
        residual = replace(residual, errors=residual.errors * np.nan)
    save_gauge_forecaster(tmp_path, replace(forecaster, residual=residual))
    path = tmp_path / FORECASTER_FILE
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    if damage == "missing":
        path.unlink()
    with pytest.raises(InputError, match="run `strandline run` again"):
        load_gauge_forecaster(tmp_path, SEA_LEVEL, MEAN)
