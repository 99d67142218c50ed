"""Readings foretell as the theory of normal processes says, and what is not weather is not taken for it."""

import numpy as np
import pytest
import torch
from scipy.linalg import toeplitz
from scipy.optimize import minimize

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, READING_NOISE, Record, RecordLikelihood
from strandline.observations.sea_level.surge.residual_process import (
    SHAPES,
    autocovariance,
    choose_variances,
    fit_residual_covariance,
    predict_residual,
)
from strandline.observations.sea_level.surge.variance_prior import ANY_SPREAD, SLOW_SPREAD, equal_shares
from tests.fixtures.sea_levels import LAG, RED, SMOOTH, sample

pytestmark = pytest.mark.slow

NO_MODES = np.zeros((4000, 0), dtype=np.float32)


def quick(covariance: np.ndarray) -> float:
    """The variance without what lasts longer than a week, which the prior holds for seasons that were not seen."""
    return float(covariance[0] - covariance[-1])


def ask(
    own: np.ndarray, seen: np.ndarray, residual_covariance: np.ndarray, modes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean, spread = predict_residual(
        torch.from_numpy(own),
        torch.from_numpy(seen),
        torch.from_numpy(residual_covariance)[None],
        torch.from_numpy(modes),
    )
    return mean.numpy(), spread.numpy()


def test_a_first_order_process_is_predicted_from_its_last_reading() -> None:
    own, seen = np.random.default_rng(0).normal(0, 0.1, (1, 72)), np.ones((1, 72), dtype=bool)
    mean, spread = ask(own, seen, RED, np.zeros((1, 120, 0)))
    ahead = np.arange(1, 49)
    np.testing.assert_allclose(mean[0, 72:], own[0, -1] * np.exp(-ahead / 30), atol=2e-3)
    np.testing.assert_allclose(spread[0, 72:], 0.1 * np.sqrt(1 - np.exp(-2 * ahead / 30)), atol=2e-3)


def test_it_is_the_conditional_normal_distribution_whatever_is_missing() -> None:
    rng = np.random.default_rng(1)
    own, seen = rng.normal(0, 0.1, (1, 72)), rng.random((1, 72)) < 0.4
    modes = rng.normal(0, 0.05, (1, 120, 3))
    mean, spread = ask(own, seen, SMOOTH, modes)
    joint = toeplitz(SMOOTH[:120]) + modes[0] @ modes[0].T
    at = np.flatnonzero(seen[0])
    gain = joint[:, at] @ np.linalg.inv(joint[np.ix_(at, at)] + READING_NOISE**2 * np.eye(at.size))
    np.testing.assert_allclose(mean[0], gain @ own[0, at], atol=1e-8)
    rest = np.sqrt(np.clip(np.diag(joint - gain @ joint[at]), READING_NOISE**2, None))
    np.testing.assert_allclose(spread[0], rest, atol=1e-8)


def test_missing_readings_have_no_effect_and_none_gives_the_prior() -> None:
    rng = np.random.default_rng(2)
    seen = rng.random((1, 72)) < 0.5
    own = rng.normal(0, 0.1, (1, 72))
    garbage = np.where(seen, own, 99.0)
    for one, other in zip(
        ask(own, seen, RED, np.zeros((1, 120, 0))), ask(garbage, seen, RED, np.zeros((1, 120, 0))), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    mean, spread = ask(own, np.zeros((1, 72), dtype=bool), RED, np.full((1, 120, 1), 0.05))
    assert not mean.any()
    np.testing.assert_allclose(spread, np.sqrt(0.1**2 + 0.05**2))


def test_a_prediction_of_some_hours_equals_that_of_all_hours() -> None:
    rng = np.random.default_rng(11)
    given = [rng.normal(0, 0.1, (2, 72)), rng.random((2, 72)) < 0.5, np.stack([RED, SMOOTH])]
    arguments = [torch.from_numpy(each) for each in (*given, rng.normal(0, 0.05, (2, 120, 3)))]
    for whole, ahead in zip(predict_residual(*arguments), predict_residual(*arguments, first=71), strict=True):
        torch.testing.assert_close(ahead, whole[:, 71:], rtol=1e-12, atol=1e-12)


def test_an_error_of_the_tide_is_found_in_the_readings() -> None:
    hours = np.arange(120)
    wave = np.cos(2 * np.pi * hours / 12.42)
    own = 0.2 * wave[None, :72]
    mean, _ = ask(own, np.ones((1, 72), dtype=bool), 0.02**2 * np.exp(-LAG / 5), 0.3 * wave[None, :, None])
    np.testing.assert_allclose(mean[0, 72:], 0.2 * wave[72:], atol=0.01)


@pytest.mark.parametrize("truth", [RED, SMOOTH], ids=["red", "smooth"])
def test_a_few_weeks_give_the_decorrelation_time(truth: np.ndarray) -> None:
    level = sample(truth, 4000, 3)
    level[900:3300] = np.nan
    level[100:140] = np.nan
    fitted = fit_residual_covariance(level, NO_MODES, np.zeros((0, LAG_HOURS)))
    later = sample(truth, 4000, 4)
    windows = np.lib.stride_tricks.sliding_window_view(later, 120)[::17]
    seen = np.ones((len(windows), 72), dtype=bool)
    errors = [
        np.sqrt(np.mean((ask(windows[:, :72].copy(), seen, one, np.zeros((len(windows), 120, 0)))[0] - windows) ** 2))
        for one in (fitted, truth)
    ]
    assert errors[0] < 1.15 * errors[1]
    assert 0.5 < fitted[0] / truth[0] < 2.0


def test_an_error_of_the_tide_is_not_taken_for_weather() -> None:
    wave = np.cos(2 * np.pi * np.arange(4000) / 12.42)
    level = sample(0.03**2 * np.exp(-LAG / 10), 4000, 5) + 0.3 * wave
    level[1500:] = np.nan
    known = fit_residual_covariance(level, (0.3 * wave[:, None]).astype(np.float32), np.zeros((0, LAG_HOURS)))
    blind = fit_residual_covariance(level, NO_MODES, np.zeros((0, LAG_HOURS)))
    assert quick(known) < 2 * 0.03**2
    assert quick(blind) > 0.08**2


def test_a_basin_that_swings_for_days_is_known_from_five_weeks() -> None:
    """The Adriatic swings at 21 h, between the tides: a process without such waves forgets in hours."""
    swing = 0.1**2 * np.exp(-LAG / 72) * np.cos(2 * np.pi * LAG / 21.2) + 0.05**2 * np.exp(-LAG / 20)
    level = sample(swing, 4000, 3)
    level[5 * 168 :] = np.nan
    found = fit_residual_covariance(level, NO_MODES, np.zeros((0, LAG_HOURS)))
    for trough, crest in ((11, 21), (32, 42), (53, 64)):
        assert found[crest] - found[trough] == pytest.approx(swing[crest] - swing[trough], rel=0.4)


WAVES = 0.2 * np.cos(np.arange(4000)[:, None] / [1.9, 2.0, 3.8]).astype(np.float32)


@pytest.mark.parametrize(
    ("hours", "lost", "modes", "shapes"),
    [
        pytest.param(14 * 24, 0.0, WAVES, SHAPES, id="two weeks"),
        pytest.param(4000, 0.0, WAVES, SHAPES, id="months"),
        pytest.param(1500, 0.3, WAVES, SHAPES, id="gaps"),
        pytest.param(1500, 0.0, NO_MODES, np.vstack([SHAPES, RED / RED[0], SMOOTH / SMOOTH[0]]), id="elsewhere"),
        pytest.param(4000, 0.99, WAVES, SHAPES, id="a few readings"),
    ],
)
def test_no_weather_is_more_probable_than_the_one_that_is_found(
    hours: int, lost: float, modes: np.ndarray, shapes: np.ndarray
) -> None:
    """A method without a curvature of its own, left to run until it stands still, comes no lower."""
    level = sample(RED + 0.2 * SMOOTH, 4000, 8)
    level[hours:] = np.nan
    level[np.random.default_rng(9).random(level.size) < lost] = np.nan
    likelihood = RecordLikelihood([Record.without_weather(level, modes)], shapes)
    usual = 0.1**2
    start = np.full(len(shapes), np.log(usual / len(shapes)))

    def surprise(at: np.ndarray) -> tuple[float, np.ndarray]:
        expansion, offset = likelihood.expand(at), (at - start) / ANY_SPREAD
        return expansion.value + 0.5 * offset @ offset, expansion.gradient + offset / ANY_SPREAD

    patient = minimize(surprise, start, jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 0, "gtol": 1e-3})
    value, slope = surprise(choose_variances(likelihood, equal_shares(usual, len(shapes))))
    assert value < patient.fun + 1e-4
    assert np.abs(slope).max() < 1e-3


def test_the_covariance_is_recovered_far_from_the_prior() -> None:
    level = sample(RED, 4000, 10)
    for usual in (1e-5, 10.0):
        fitted = fit_residual_covariance(level, NO_MODES, np.zeros((0, LAG_HOURS)), usual)
        assert 0.3 < quick(fitted) / RED[0] < 3.0


@pytest.mark.parametrize("modes", [NO_MODES, np.ones((4000, 2), dtype=np.float32)], ids=["tide known", "level unknown"])
@pytest.mark.parametrize(
    "level",
    [
        pytest.param(np.zeros(4000), id="nothing"),
        pytest.param(np.ones(4000), id="stuck"),
        pytest.param(np.linspace(0, 3, 4000), id="drift"),
        pytest.param(np.repeat([0.0, 1.0], 2000), id="step"),
        pytest.param(np.append(0.3, np.full(3999, np.nan)), id="one reading"),
    ],
)
def test_the_covariance_of_a_degenerate_record_is_bounded(level: np.ndarray, modes: np.ndarray) -> None:
    fitted = fit_residual_covariance(level, modes, np.zeros((1, LAG_HOURS)))
    assert np.isfinite(fitted).all()
    assert 0 < quick(fitted) < 2 * max(np.nanmean(level**2), 1e-6)
    assert 0 < fitted[-1] < 3 * SLOW_SPREAD**2 + 2 * np.nanmean(level**2)


def test_the_autocovariance_of_a_record_with_gaps_is_its_own() -> None:
    level = sample(RED, 200_000, 6)
    level[np.random.default_rng(7).random(level.size) < 0.3] = np.nan
    np.testing.assert_allclose(autocovariance(level)[:100], RED[:100], atol=1e-3)
    with pytest.raises(RefusedByTheory, match="no pairs"):
        autocovariance(level[:100])


def test_an_empty_record_and_mismatched_shapes_are_refused() -> None:
    with pytest.raises(RefusedByTheory, match="no reading"):
        fit_residual_covariance(np.full(4000, np.nan), NO_MODES, np.zeros((0, LAG_HOURS)))
    with pytest.raises(InputError, match="one mask per reading"):
        ask(np.zeros((1, 72)), np.ones((1, 71), dtype=bool), RED, np.zeros((1, 120, 0)))
