"""Losses in time: days that agree have none, and the expected pinball loss is right."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.surge.neighbours.networks.temporal import daily_consistency, expected_pinball


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_hours_that_agree_with_the_daily_mean_have_no_loss() -> None:
    hours = torch.arange(48.0).expand(2, -1)
    starts, seen = torch.tensor([[0.0, 24.0, 48.0]]).expand(2, -1), torch.ones(2, 3) > 0
    hourly = normal(2, 48)
    days = torch.cat([hourly.reshape(2, 2, 24).mean(dim=2), torch.full((2, 1), 9.0)], dim=1)
    torch.testing.assert_close(daily_consistency(hourly, hours, days, starts, seen), torch.zeros(2), atol=1e-10, rtol=0)
    torch.testing.assert_close(daily_consistency(hourly + 0.3, hours, days, starts, seen), torch.full((2,), 0.09))
    assert daily_consistency(hourly + 0.3, hours, days, starts, ~seen).tolist() == [0.0, 0.0]


@given(st.floats(-1.0, 1.0), st.floats(0.02, 1.0), st.floats(-1.0, 1.0))
@settings(max_examples=25, deadline=None)
def test_the_expected_pinball_loss_is_that_of_many_draws(mean: float, spread: float, quantile: float) -> None:
    levels = torch.tensor([0.1, 0.5, 0.95])
    drawn = torch.distributions.Normal(mean, spread).icdf((torch.arange(20_000) + 0.5) / 20_000)[:, None]
    miss = drawn - quantile
    by_draws = torch.maximum(levels * miss, (levels - 1) * miss).mean()
    found = expected_pinball(torch.full((1, 3), quantile), levels, torch.tensor([mean]), torch.tensor([spread]))
    assert float(found.mean()) == pytest.approx(float(by_draws), rel=0.01, abs=1e-4)


def test_the_expected_pinball_loss_is_least_at_the_teachers_quantiles() -> None:
    levels = torch.tensor([0.05, 0.5, 0.9])
    quantiles = torch.zeros(1, 3, requires_grad=True)
    optimiser = torch.optim.LBFGS([quantiles], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = expected_pinball(quantiles, levels, torch.tensor([0.3]), torch.tensor([0.2])).sum()
        value.backward()
        return value

    optimiser.step(loss)
    expected = 0.3 + 0.2 * math.sqrt(2) * torch.special.erfinv(2 * levels - 1)
    torch.testing.assert_close(quantiles.detach()[0], expected, atol=2e-3, rtol=0)
