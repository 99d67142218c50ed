"""A gauge that answers the weather by a known law: the law is found, and what was not known is not used."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import toeplitz

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.sea_level.surge.kernels import AFTER, BEFORE, KERNELS, KNOTS, weather_features
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, READING_NOISE, Record
from strandline.observations.sea_level.surge.residual_process import predict_residual
from strandline.observations.sea_level.surge.surge_forecast import DrivenResidual, drive, predict_driven
from strandline.observations.sea_level.surge.weather_response import (
    INVERSE_BAROMETER,
    PRESSURE_AND_STRESS,
    Column,
    fit_weather_response,
    forcing_of,
    groups_of,
    standardised,
)
from tests.fixtures.sea_levels import RED, sample

HOURS = 4000
NO_MODES = np.zeros((HOURS, 0), dtype=np.float32)
ONE = (Column("wind", "wind", "m s-1"),)


# --- features ----------------------------------------------------------------------------------------------------


def test_a_steady_wind_is_the_same_at_every_lag() -> None:
    features = weather_features(np.full((100, 2), 3.0))
    assert features.shape == (100 - BEFORE - AFTER, 2 * len(KNOTS))
    np.testing.assert_allclose(features, 3.0)
    np.testing.assert_allclose(KERNELS.sum(axis=1), 1.0)


def test_a_gust_is_seen_at_its_lag_alone() -> None:
    weather = np.zeros((400, 1))
    weather[200] = 1.0
    features = weather_features(weather)
    for knot, column in zip(KNOTS, features.T, strict=True):
        assert np.argmax(column) + BEFORE == 200 + knot
    assert not features[: 200 - BEFORE - AFTER].any()
    assert not features[201:].any()


@pytest.mark.parametrize("first", [0, 4000, 8100])
def test_the_features_of_a_long_record_are_those_of_its_parts(first: int) -> None:
    weather = np.random.default_rng(5).normal(0, 1, (3, 9000, 2))
    part = weather_features(weather[:, first : first + 300])
    np.testing.assert_array_equal(weather_features(weather)[:, first : first + part.shape[1]], part)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 199))
def test_hours_whose_weather_is_not_known_have_no_features(hour: int) -> None:
    weather = np.zeros((200, 1))
    weather[hour] = np.nan
    rest_on = np.arange(BEFORE, 200 - AFTER)[:, None] - np.arange(-AFTER, BEFORE + 1)
    expected = (rest_on == hour).any(axis=1)
    np.testing.assert_array_equal(np.isnan(weather_features(weather)).any(axis=1), expected)


def test_stress_grows_with_the_square_of_the_wind_and_points_with_it() -> None:
    calm, gale = forcing_of(np.array([[101300.0, 0.0, 0.0], [99000.0, 12.0, -16.0]]))
    assert calm.tolist() == [101300.0, 0.0, 0.0]
    drag = (0.75 + 0.067 * 20) * 1e-3
    np.testing.assert_allclose(gale, [99000.0, 1.2 * drag * 20 * 12, -1.2 * drag * 20 * 16])


# --- the fit -----------------------------------------------------------------------------------------------------


def make_gauge(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wind (T, 1), what it adds to the residual (T,), and the residual (T,) [m]."""
    wind = sample(RED, HOURS, seed)[:, None] / 0.1
    answer = np.zeros(HOURS)
    kernel = 0.1 * np.exp(-np.arange(60) / 6.0) / 6.0
    answer[60:] = np.convolve(wind[:, 0] - wind.mean(), kernel)[60:HOURS]
    return wind, answer, answer + sample(0.03**2 * np.exp(-np.arange(LAG_HOURS) / 20), HOURS, seed + 1)


def five_weeks(level: np.ndarray) -> np.ndarray:
    known = np.full(level.size, np.nan)
    known[200 : 200 + 5 * LAG_HOURS] = level[200 : 200 + 5 * LAG_HOURS]
    return known


@pytest.mark.slow
def test_a_few_weeks_show_how_the_sea_answers_the_wind() -> None:
    wind, answer, level = make_gauge()
    response = fit_weather_response(five_weeks(level), NO_MODES, wind, ONE)
    found = response.answer(response.scaled(wind))
    later = slice(2000 - BEFORE, HOURS - BEFORE - AFTER)
    expected = answer[BEFORE : HOURS - AFTER][later]
    assert np.sqrt(np.mean((found[later] - expected) ** 2)) < 0.25 * expected.std()
    features = weather_features(response.scaled(wind))
    np.testing.assert_allclose(found, features @ response.mean, atol=1e-9)
    spread = np.sqrt(np.einsum("tp,pq,tq->t", features, response.covariance, features))
    assert 0.5 < np.sqrt(np.mean((found[later] - expected) ** 2)) / np.sqrt(np.mean(spread[later] ** 2)) < 2.0
    np.testing.assert_allclose(
        response.root @ response.root.T, response.covariance, atol=2e-4 * response.covariance.max()
    )


@pytest.mark.slow
def test_a_wind_that_does_nothing_is_not_answered() -> None:
    _, _, level = make_gauge()
    other = make_gauge(50)[0]
    response = fit_weather_response(five_weeks(level), NO_MODES, other, ONE)
    assert response.answer(response.scaled(other)).std() < 0.3 * level.std()


def test_without_readings_to_the_contrary_the_barometer_is_inverse() -> None:
    rng = np.random.default_rng(3)
    weather = np.stack([101300 + 800 * rng.standard_normal(HOURS), *np.zeros((2, HOURS))], axis=1)
    level = np.full(HOURS, np.nan)
    level[500] = 0.0
    response = fit_weather_response(level, NO_MODES, weather)
    at_once = response.mean[KNOTS.index(0)] / response.columns[0].scale
    assert at_once == pytest.approx(INVERSE_BAROMETER, rel=0.1)
    assert -1.01e-4 < INVERSE_BAROMETER < -0.98e-4


@pytest.mark.slow
def test_a_teacher_helps_as_far_as_it_is_right() -> None:
    """Records of the same residual from elsewhere: a good one makes the answer better, one without bound changes
    nothing."""
    wind, answer, level = make_gauge()
    known = five_weeks(level)
    expected = answer[BEFORE : HOURS - AFTER]

    def error(*others: Record) -> float:
        response = fit_weather_response(known, NO_MODES, wind, ONE, others)
        return float(np.sqrt(np.mean((response.answer(response.scaled(wind)) - expected) ** 2)))

    rng, lags = np.random.default_rng(8), np.arange(LAG_HOURS)
    empty = np.zeros((HOURS, 0), dtype=np.float32)
    good = Record(level + 0.02 * rng.standard_normal(HOURS), empty, empty, 0.02**2 * (lags == 0))
    vague = Record(30 * rng.standard_normal(HOURS), empty, empty, 30.0**2 * (lags == 0))
    alone = error()
    assert error(good) < 0.8 * alone
    assert error(vague) == pytest.approx(alone, rel=0.1)
    # its own shore lies the other way: what the wind does there within two hours is not done here
    local = np.zeros(HOURS)
    local[2:] = -0.03 * (wind[:-2, 0] - wind.mean())
    across = Record(good.level + local, empty, empty, good.error)
    assert local.std() > 0.3 * answer.std()
    assert error(across) < 0.8 * alone


def test_columns_of_a_kind_share_a_prior_and_half_of_their_scale() -> None:
    weather = np.random.default_rng(0).normal(0, [500.0, 0.1, 0.2], (300, 3))
    columns = standardised(PRESSURE_AND_STRESS, weather)
    assert columns[2].scale == pytest.approx(0.2, rel=0.1)
    assert columns[1].scale == pytest.approx(np.sqrt(0.1 * 0.2), rel=0.1)  # between its own and the largest of its kind
    groups = groups_of(columns).reshape(3, -1)
    assert groups[1].tolist() == groups[2].tolist()
    assert not set(groups[0]) & set(groups[1])
    assert (np.diff(groups) >= 0).all()


def test_mismatched_weather_and_weather_of_other_hours_are_refused() -> None:
    with pytest.raises(InputError, match="every column"):
        fit_weather_response(np.zeros(HOURS), NO_MODES, np.zeros((HOURS, 2)), ONE)
    wind = np.full((HOURS, 1), np.nan)
    wind[:1000] = np.random.default_rng(0).normal(0, 1, (1000, 1))
    level = np.full(HOURS, np.nan)
    level[2000:2100] = 0.0
    with pytest.raises(RefusedByTheory, match="no reading"):
        fit_weather_response(level, NO_MODES, wind, ONE)


# --- the forecast ------------------------------------------------------------------------------------------------


def make_driven(rng: np.random.Generator, samples: int = 3) -> DrivenResidual:
    return DrivenResidual(rng.normal(0, 0.2, (samples, 100)), rng.normal(0, 0.05, (samples, 100, 4)))


def test_it_is_the_conditional_normal_distribution_about_what_the_weather_adds() -> None:
    rng = np.random.default_rng(1)
    own, seen = rng.normal(0, 0.1, (3, 72)), rng.random((3, 72)) < 0.5
    tide, driven = rng.normal(0, 0.05, (3, 100, 2)), make_driven(rng)
    mean, spread = predict_driven(own, seen, tide, RED, driven, first=71)
    for row in range(3):
        at = np.flatnonzero(seen[row])
        modes = np.hstack([tide[row], driven.modes[row]])
        joint = toeplitz(RED[:100]) + modes @ modes.T
        gain = joint[71:, at] @ np.linalg.inv(joint[np.ix_(at, at)] + READING_NOISE**2 * np.eye(at.size))
        np.testing.assert_allclose(mean[row], driven.mean[row, 71:] + gain @ (own[row] - driven.mean[row, :72])[at])
        rest = np.diag(joint[71:, 71:] - gain @ joint[at, 71:])
        np.testing.assert_allclose(spread[row], np.sqrt(np.maximum(rest, READING_NOISE**2)))


def test_hours_whose_weather_was_not_known_have_no_forecast_and_their_readings_no_effect() -> None:
    rng = np.random.default_rng(2)
    own, seen = rng.normal(0, 0.1, (3, 72)), np.ones((3, 72), dtype=bool)
    driven = make_driven(rng)
    driven.mean[:, [10, 90]] = np.nan
    mean, spread = predict_driven(own, seen, np.zeros((3, 100, 0)), RED, driven, first=71)
    assert np.isnan(mean[:, 90 - 71]).all()
    assert np.isnan(spread[:, 90 - 71]).all()
    assert np.isfinite(np.delete(mean, 90 - 71, axis=1)).all()
    changed = own.copy()
    changed[:, 10] = 99.0
    np.testing.assert_array_equal(mean, predict_driven(changed, seen, np.zeros((3, 100, 0)), RED, driven, first=71)[0])


@pytest.mark.slow
def test_members_of_a_forecast_and_its_error_widen_it() -> None:
    wind, _, level = make_gauge()
    response = fit_weather_response(five_weeks(level), NO_MODES, wind, ONE)
    one = np.stack([wind[100:400], wind[1100:1400]])[:, :, None]  # (2, 300, 1, 1)
    members = one + np.array([-1.0, 0.0, 1.0])[:, None]
    alone, together = drive(response, one), drive(response, members)
    np.testing.assert_allclose(alone.mean, together.mean, atol=1e-12)
    variance = [np.sum(each.modes**2, axis=2) for each in (alone, together)]
    steady = (response.mean.sum() / response.columns[0].scale) ** 2
    np.testing.assert_allclose(variance[1] - variance[0], steady, rtol=1e-6)
    missed = drive(response, one, np.linspace(0, 0.1, 222)[:, None])
    np.testing.assert_allclose(
        np.sum(missed.modes**2, axis=2) - variance[0], np.linspace(0, 0.1, 222)[None] ** 2 + 0 * variance[0]
    )
    silent = np.zeros((2, 72)), np.zeros((2, 72), dtype=bool), np.zeros((2, 150, 0))
    _, spread = predict_driven(*silent, RED, DrivenResidual(together.mean[:, :150], together.modes[:, :150]), 71)
    np.testing.assert_allclose(spread, np.sqrt(RED[0] + variance[1][:, 71:150]))


def test_without_an_answer_the_forecast_is_that_of_the_readings() -> None:
    rng = np.random.default_rng(4)
    own, seen = rng.normal(0, 0.1, (2, 72)), rng.random((2, 72)) < 0.7
    nothing = DrivenResidual(np.zeros((2, 120)), np.zeros((2, 120, 1)))
    mean, spread = predict_driven(own, seen, np.zeros((2, 120, 0)), RED, nothing, first=71)
    expected = predict_residual(
        torch.from_numpy(own), torch.from_numpy(seen), torch.from_numpy(RED).expand(2, -1), torch.zeros(2, 120, 0), 71
    )
    np.testing.assert_allclose(mean, expected[0])
    np.testing.assert_allclose(spread, expected[1])


@pytest.mark.slow
def test_a_longer_record_elsewhere_shows_how_far_the_mean_of_some_weeks_is_off() -> None:
    wind, _, level = make_gauge()
    modes = np.full((HOURS, 1), 0.1, dtype=np.float32)
    empty = np.zeros((HOURS, 0), dtype=np.float32)
    noise = 0.02 * np.random.default_rng(8).standard_normal(HOURS)
    other = Record(level + noise, empty, empty, 0.02**2 * (np.arange(LAG_HOURS) == 0))
    off = five_weeks(level) - 0.12
    response = fit_weather_response(off, modes, wind, ONE, [other])
    assert 0.1 * response.tide_shift[0] == pytest.approx(-0.12, abs=0.03)
    assert not fit_weather_response(off, modes, wind, ONE).tide_shift.any()


@pytest.mark.slow
def test_a_smooth_teacher_does_not_smooth_what_the_weather_leaves() -> None:
    """The neighbours' record lacks the gauge's own roughness, which the own weeks show."""
    wind, answer, _ = make_gauge()
    smooth = answer + sample(RED, HOURS, 4)
    rough = 0.06**2 * np.exp(-np.arange(LAG_HOURS) / 4.0)
    level = five_weeks(smooth + sample(rough, HOURS, 5))
    empty = np.zeros((HOURS, 0), dtype=np.float32)
    teacher = Record(smooth, empty, empty, 0.01**2 * (np.arange(LAG_HOURS) == 0))
    found = fit_weather_response(level, NO_MODES, wind, ONE, [teacher]).residual_covariance
    truth = RED + rough
    assert found[0] - found[6] == pytest.approx(truth[0] - truth[6], rel=0.25)
