"""A gauge that answers a wind that is forecast: how well, how sure, and what happens where the wind is not known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import t as student

from strandline.errors import InputError
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS
from strandline.observations.sea_level.surge.weather_response import Column
from strandline.uncertainty.large_residuals import LEAST_FACTOR, MOST_FACTOR, LargeResiduals
from strandline.uncertainty.residual_forecaster import (
    CONTEXT_HOURS,
    GRID,
    HOURS,
    LONGEST_LEAD,
    GaugeHistory,
    ResidualForecaster,
    Situation,
    fit_residual_forecaster,
    learn_forecast_error,
)
from tests.fixtures.sea_levels import RED, sample

pytestmark = pytest.mark.slow

RECORD = 6000
WEEKS = (1, 4, 7, 10, 13)
LEVELS = (0.05, 0.5, 0.95)
REST = 0.04**2 * np.exp(-np.arange(LAG_HOURS) / 20)


def make_gauge() -> tuple[np.ndarray, np.ndarray]:
    """Wind (T, 1) and residual (T,) [m]: the wind of the last hours, and a process of its own."""
    wind = sample(RED, RECORD, 0)[:, None] / 0.1
    kernel = 0.15 * np.exp(-np.arange(60) / 6.0) / 6.0
    answer = np.convolve(wind[:, 0] - wind.mean(), kernel)[:RECORD]
    return wind, answer + sample(REST, RECORD, 1)


WIND, RESIDUAL = make_gauge()


def situation_at(hours: np.ndarray, readings: np.ndarray, wind: np.ndarray | None = WIND) -> Situation:
    own = sliding_window_view(readings, CONTEXT_HOURS)[hours - CONTEXT_HOURS + 1].copy()
    weather = None
    if wind is not None:
        first = hours - CONTEXT_HOURS - BEFORE + 1
        weather = sliding_window_view(wind[:, 0], HOURS + BEFORE + AFTER)[first][:, :, None, None].copy()
    return Situation(own, np.zeros((hours.size, HOURS, 0)), weather)


@pytest.fixture(scope="module")
def history() -> GaugeHistory:
    part = np.full(RECORD, -1)
    for number, week in enumerate(WEEKS):
        part[week * LAG_HOURS : (week + 1) * LAG_HOURS] = number
    level = np.where(part >= 0, RESIDUAL, np.nan)
    columns = (Column("wind", "wind", "m s-1"),)
    return GaugeHistory(level, np.zeros((RECORD, 0), dtype=np.float32), WIND, columns, part)


def fit(history: GaugeHistory) -> ResidualForecaster:
    issues = np.flatnonzero(history.part >= 0)[::6]
    wind = WIND if history.columns else None
    return fit_residual_forecaster(history).measured(issues, situation_at(issues, history.level, wind))


@pytest.fixture(scope="module")
def forecaster(history: GaugeHistory) -> ResidualForecaster:
    return fit(history)


@pytest.fixture(scope="module")
def later() -> np.ndarray:
    return np.arange(3500, RECORD - LONGEST_LEAD - AFTER, 7)


def test_with_the_coming_wind_a_day_ahead_is_as_sure_as_the_rest_allows(
    forecaster: ResidualForecaster, history: GaugeHistory, later: np.ndarray
) -> None:
    blind = fit(replace(history, columns=(), weather=np.zeros((RECORD, 0))))
    truth = RESIDUAL[later + 24]
    error = [
        float(np.sqrt(np.mean((each.moments(situation_at(later, RESIDUAL, wind))[0][:, 24] - truth) ** 2)))
        for each, wind in ((forecaster, WIND), (blind, None))
    ]
    assert error[0] < 1.2 * 0.04  # what the wind does not explain, and a day does not tell
    assert error[0] < 0.7 * error[1]


def test_nine_in_ten_hours_lie_within_nine_in_ten_and_quantiles_do_not_cross(
    forecaster: ResidualForecaster, later: np.ndarray
) -> None:
    found = forecaster.quantiles(situation_at(later, RESIDUAL), LEVELS)
    assert (np.diff(found, axis=2) > 0).all()
    for lead in (6, 24, 72):
        inside = (RESIDUAL[later + lead] > found[:, lead, 0]) & (RESIDUAL[later + lead] < found[:, lead, 2])
        assert 0.8 < inside.mean() < 0.98
    assert (np.diff(forecaster.errors, axis=1) >= 0).all()
    assert forecaster.errors.shape == (LONGEST_LEAD + 1, GRID.size)


def test_where_the_wind_is_not_known_the_readings_alone_speak(
    forecaster: ResidualForecaster, later: np.ndarray
) -> None:
    whole = situation_at(later[:20], RESIDUAL)
    assert whole.weather is not None
    half = whole.weather.copy()
    half[:, BEFORE + CONTEXT_HOURS + AFTER + 24 :] = np.nan  # a forecast that ends after thirty hours
    mean, spread = forecaster.moments(replace(whole, weather=half))
    with_wind, alone = forecaster.moments(whole), forecaster.moments(replace(whole, weather=None))
    np.testing.assert_allclose(mean[:, :25], with_wind[0][:, :25], atol=1e-9)
    np.testing.assert_allclose(mean[:, 40:], alone[0][:, 40:])  # the sea answers the wind of hours
    assert (spread[:, 31:] > with_wind[1][:, 31:]).all()


def test_a_gauge_that_is_silent_still_has_the_wind(forecaster: ResidualForecaster, later: np.ndarray) -> None:
    silent = situation_at(later, np.full(RECORD, np.nan))
    mean, spread = forecaster.moments(silent)
    error = np.sqrt(np.mean((mean[:, 24] - RESIDUAL[later + 24]) ** 2))
    assert error < 0.7 * RESIDUAL.std()
    assert spread[:, 24].mean() > forecaster.moments(situation_at(later, RESIDUAL))[1][:, 6].mean()


def test_what_forecasts_miss_is_learned_without_a_reading(forecaster: ResidualForecaster, later: np.ndarray) -> None:
    response = forecaster.response
    assert response is not None
    whole = situation_at(later, RESIDUAL).weather
    assert whole is not None
    rng = np.random.default_rng(0)
    off = (
        rng.normal(0, 1.0, (later.size, 1, 1, 1)) * (np.arange(whole.shape[1]) >= BEFORE + CONTEXT_HOURS)[:, None, None]
    )
    modes = learn_forecast_error(response, whole + off, whole[:, :, 0])
    assert not modes[:CONTEXT_HOURS].any()
    gain = response.mean.sum() / response.columns[0].scale  # of a wind that is too strong by 1 m/s for long
    np.testing.assert_allclose(np.sqrt(np.sum(modes[-1] ** 2)), abs(gain) * off[:, -1].std(), rtol=0.15)
    wide = replace(forecaster, forecast_error=modes).moments(situation_at(later, RESIDUAL))[1]
    assert wide[:, 48].mean() > forecaster.moments(situation_at(later, RESIDUAL))[1][:, 48].mean()


def test_few_weeks_of_record_make_nothing_as_sure_as_years(history: GaugeHistory) -> None:
    """Before any error is measured: a spread of little weather has the tails of Student's distribution."""
    weeks = replace(history, level=np.where(np.arange(RECORD) < 2 * LAG_HOURS, history.level, np.nan))
    pieces = np.unique(np.flatnonzero(np.isfinite(weeks.level)) // 72).size
    few, many = (fit_residual_forecaster(each).whole.errors[0] for each in (weeks, history))
    at_95 = [np.interp(0.95, GRID, row) for row in (few, many)]
    assert at_95[0] == pytest.approx(student.ppf(0.95, pieces - 1), rel=0.02)
    assert at_95[0] > at_95[1] > 1.64


def test_hours_outside_of_the_record_are_refused(history: GaugeHistory) -> None:
    hours = np.array([RECORD])
    with pytest.raises(InputError, match="outside"):
        fit_residual_forecaster(history).measured(hours, situation_at(np.array([500]), history.level))


def test_storms_err_in_proportion_to_their_size(forecaster: ResidualForecaster, later: np.ndarray) -> None:
    now = situation_at(later, RESIDUAL)
    forecaster = replace(forecaster, large=LargeResiduals())
    calm = replace(forecaster, amplitude=0.0).moments(now)[1]
    larger = replace(forecaster, amplitude=0.3).moments(now)[1]
    assert forecaster.response is not None
    assert now.weather is not None
    answer = forecaster.response.answer(forecaster.response.scaled(now.weather[:, :, 0]))
    expected = np.hypot(calm, 0.3 * answer[:, CONTEXT_HOURS - 1 :])
    np.testing.assert_allclose(larger, expected, rtol=1e-6)
    alone = replace(now, weather=None)
    np.testing.assert_allclose(replace(forecaster, amplitude=0.3).moments(alone)[1], forecaster.moments(alone)[1])


def test_without_a_reading_the_error_of_the_tide_counts_three_times(
    forecaster: ResidualForecaster, later: np.ndarray
) -> None:
    silent = replace(situation_at(later[:3], np.full(RECORD, np.nan), None), tide_modes=np.full((3, HOURS, 1), 0.05))
    spread = replace(forecaster, response=None).moments(silent)[1]
    np.testing.assert_allclose(spread**2, forecaster.covariance[0] + 3 * 0.05**2, rtol=1e-6)


def test_wind_that_is_known_in_one_week_alone_is_used_and_left_out_with_it(history: GaugeHistory) -> None:
    wind = np.where((history.part == 0)[:, None], WIND, np.nan)
    wind[:LAG_HOURS] = WIND[:LAG_HOURS]  # what its lags need
    fitted = fit_residual_forecaster(replace(history, weather=wind))
    assert fitted.whole.response is not None
    assert fitted.without[0].response is None
    assert fitted.without[1].response is not None


# --- large residuals ---------------------------------------------------------------------------------------------


def test_forecasts_of_large_residuals_get_the_range_that_their_errors_need() -> None:
    """Errors of the largest tenth are twice as wide as the range says; nine in ten or more lie within it then."""
    rng = np.random.default_rng(6)
    mean = rng.standard_normal((2000, 20))
    is_large = np.abs(mean) >= np.quantile(np.abs(mean), 0.9)
    error = rng.standard_normal(mean.shape) * np.where(is_large, 0.2, 0.1)
    half_width = np.full(mean.shape, 0.1 * 1.645)
    found = LargeResiduals.measure(mean, error, half_width)
    assert found.factor == pytest.approx(2.0, rel=0.05)
    inside = np.abs(error) <= half_width * found.of(mean)
    assert inside[is_large].mean() >= 0.89
    assert found.of(np.array([0.0, found.middle, found.high, 99.0])).tolist() == [1.0, 1.0, found.factor, MOST_FACTOR]


def test_a_residual_larger_than_any_of_the_record_is_less_sure_than_the_largest_of_it() -> None:
    large = LargeResiduals(middle=0.1, high=0.3, factor=1.5)
    np.testing.assert_allclose(large.of(np.array([0.1, -0.2, 0.3, -0.5, 5.0])), [1.0, 1.25, 1.5, 2.0, MOST_FACTOR])


def test_errors_that_happen_to_be_small_narrow_nothing_and_few_say_nothing() -> None:
    rng = np.random.default_rng(7)
    mean, wide = rng.standard_normal((500, 20)), np.ones((500, 20))
    assert LargeResiduals.measure(mean, 0.01 * rng.standard_normal(mean.shape), wide).factor == LEAST_FACTOR
    assert LargeResiduals.measure(mean[:5], 9 * np.ones((5, 20)), wide[:5]) == LargeResiduals()
    assert LargeResiduals().of(np.array([0.0, 5.0, -50.0])).tolist() == [1.0, 1.0, 1.0]


def test_the_measured_forecaster_is_no_surer_of_large_residuals(
    forecaster: ResidualForecaster, later: np.ndarray
) -> None:
    now = situation_at(later, RESIDUAL)
    mean, spread = forecaster.moments(now)
    plain = replace(forecaster, large=LargeResiduals()).moments(now)[1]
    assert forecaster.large.factor >= LEAST_FACTOR
    np.testing.assert_allclose(spread, plain * forecaster.large.of(mean))
