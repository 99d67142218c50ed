"""The sea-level model of a gauge."""

import numpy as np
import pytest
import torch

from strandline.errors import RefusedByTheory
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS, TIDE_HOURS
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model, predict_residual
from tests.fixtures.batches import hours, make_sea_level_model

pytestmark = pytest.mark.slow

TIME = hours(60)


def red_noise(size: int, spread: float, memory: float, seed: int = 0) -> np.ndarray:
    kept, steps = np.exp(-1 / memory), np.random.default_rng(seed).normal(0, spread, size)
    level = np.empty(size)
    level[0] = steps[0]
    for hour in range(1, size):
        level[hour] = kept * level[hour - 1] + np.sqrt(1 - kept**2) * steps[hour]
    return level


def make_level() -> np.ndarray:
    return 0.3 + make_sea_level_model(M2=0.5, K1=0.2).tide(TIME) + red_noise(TIME.size, 0.1, 30.0)


def windows(count: int = 5) -> np.ndarray:
    return TIME[100 + 13 * np.arange(count)[:, None] + np.arange(TIDE_HOURS)]


def test_the_modes_of_four_days_have_the_covariance_of_the_tides_error() -> None:
    sea_level = fit_sea_level_model(TIME, make_level(), 45.2, name="here", source="made by hand")
    modes = sea_level.tide_error_modes(windows()).astype(float)
    for one, time in zip(modes, windows(), strict=True):
        whole = sea_level.fitted.error_modes(time).astype(float)
        expected = whole @ whole.T
        assert np.abs(one @ one.T - expected).max() < 0.02 * np.diag(expected).max()
    known = make_sea_level_model()
    assert not known.tide_error_modes(windows()).any()


def test_the_fitted_tide_includes_the_mean_of_the_record() -> None:
    sea_level = fit_sea_level_model(TIME, make_level(), 45.2, name="here", source="made by hand")
    off = sea_level.tide(windows()) - 0.3 - make_sea_level_model(M2=0.5, K1=0.2).tide(windows())
    assert abs(off.mean()) < 0.08
    assert 0.5 * 0.1**2 < sea_level.residual_covariance[0] < 2 * 0.1**2
    assert sea_level.residual_covariance.shape == (TIDE_HOURS,)


def test_with_published_constants_only_mean_and_covariance_are_fitted() -> None:
    published = make_sea_level_model(M2=0.5, K1=0.2).fitted.constants
    ten_days = slice(0, 240)
    record = TIME[ten_days], make_level()[ten_days], 45.2
    sea_level = fit_sea_level_model(*record, name="here", source="made by hand", published=published)
    assert sea_level.fitted.constants == published
    assert sea_level.fitted.mean == pytest.approx(0.3, abs=0.1)
    with pytest.raises(RefusedByTheory, match="cannot separate M2 and S2"):
        fit_sea_level_model(*record, name="here", source="made by hand")


def test_a_smooth_residual_goes_on_as_it_went_and_becomes_less_certain() -> None:
    """Matérn weather of 72 hours is nearly singular."""
    age = np.sqrt(3) * np.arange(TIDE_HOURS) / 128
    covariance = torch.from_numpy(0.5**2 * (1 + age) * np.exp(-age))[None]
    own = torch.linspace(0.0, 0.5, CONTEXT_HOURS, dtype=torch.double)[None]
    seen, modes = torch.ones(1, CONTEXT_HOURS, dtype=torch.bool), torch.zeros(1, TIDE_HOURS, 0, dtype=torch.double)
    mean, spread = predict_residual(own, seen, covariance, modes, first=CONTEXT_HOURS - 1)
    torch.testing.assert_close(mean[0, :2], own[0, -1] + torch.stack([own[0, 0], own[0, 1]]), atol=3e-3, rtol=0)
    assert (spread.diff(dim=1) > 0).all()
