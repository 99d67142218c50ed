"""The sea-level model of a gauge, and the untrained decoder that starts from it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from strandline.errors import RefusedByTheory
from strandline.models.student import Student
from strandline.models.surge_encoder import predict_surge_from_own_readings
from strandline.models.teacher import Teacher
from strandline.observations.sea_level.surge.forecast_window import CONTEXT_HOURS, LEADS, TIDE_HOURS
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.sea_level.surge.residual_process import fit_sea_level_model, predict_residual
from tests.fixtures.batches import gauges_alone, hours, make_batch, make_sea_level_model

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


# --- the decoder -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["student", "teacher"])
def untrained(request: pytest.FixtureRequest) -> Student | Teacher:
    torch.manual_seed(0)
    return (Student() if request.param == "student" else Teacher()).eval()


@torch.no_grad()
def test_an_untrained_network_predicts_like_the_process(untrained: Student | Teacher) -> None:
    batch = make_batch(4)
    prediction = untrained(gauges_alone(batch))
    own = (batch.gauge[:, 0] - batch.tide[:, :CONTEXT_HOURS]).double()
    mean, spread = predict_residual(
        own, batch.gauge_seen[:, 0], batch.residual_covariance.double(), batch.tide_error_modes.double()
    )
    torch.testing.assert_close(prediction.surge_mean, mean[:, -LEADS:].float())
    torch.testing.assert_close(prediction.surge_scale, spread[:, -LEADS:].float())


@torch.no_grad()
def test_without_readings_an_untrained_network_predicts_the_prior(untrained: Student | Teacher) -> None:
    batch = gauges_alone(make_batch(4)).without("gauge")
    prediction = untrained(batch)
    assert not prediction.surge_mean.any()
    alone = batch.residual_covariance[:, :1] + batch.tide_error_modes[:, -LEADS:].square().sum(dim=2)
    torch.testing.assert_close(prediction.surge_scale, alone.sqrt())


@torch.no_grad()
def test_network_outputs_scale_with_the_spread_of_the_process(untrained: Student | Teacher) -> None:
    """Where the process has a small spread, a network changes its mean only slightly."""
    perturbed = type(untrained)()
    torch.manual_seed(1)
    torch.nn.init.normal_(perturbed.surge_decoder.correction.shift.weight, std=0.1)
    batch = make_batch(4)
    sure = replace(
        batch, residual_covariance=1e-6 * batch.residual_covariance, tide_error_modes=0 * batch.tide_error_modes
    )
    moved = [
        (perturbed.eval()(gauges_alone(b)).surge_mean - predict_surge_from_own_readings(b)[0]).abs().max()
        for b in (batch, sure)
    ]
    assert moved[0] > 0.01
    assert moved[1] < 0.01 * moved[0] + 0.01


def test_a_smooth_residual_is_predicted_in_single_precision_batches() -> None:
    """Matérn weather of 72 hours is nearly singular; the process is worked out in double precision."""
    age = np.sqrt(3) * np.arange(TIDE_HOURS) / 128
    smooth = SeaLevelModel(make_sea_level_model().fitted, 0.5**2 * (1 + age) * np.exp(-age))
    batch = make_batch(2)
    surge = torch.linspace(0.0, 0.5, CONTEXT_HOURS)
    batch = replace(
        batch,
        gauge=(batch.tide[:, :CONTEXT_HOURS] + surge)[:, None],
        gauge_seen=torch.ones(2, 1, CONTEXT_HOURS, dtype=torch.bool),
        residual_covariance=torch.from_numpy(smooth.residual_covariance).float().expand(2, -1),
        tide_error_modes=torch.zeros_like(batch.tide_error_modes),
    )
    mean, spread = predict_surge_from_own_readings(batch)
    torch.testing.assert_close(mean[:, :2], surge[-1] + torch.tensor([[0.0, surge[1]]]).expand(2, 2), atol=3e-3, rtol=0)
    assert (spread.diff(dim=1) > 0).all()
