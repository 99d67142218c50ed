"""Temporal alignment of daily and hourly features: unseen days and their order have no effect; the loss is right."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.surge.networks.temporal import TemporalAlignment, daily_consistency, expected_pinball
from strandline.errors import InputError


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def alignment() -> TemporalAlignment:
    torch.manual_seed(0)
    return TemporalAlignment(8, 5)


def test_the_result_is_a_mean_of_the_teachers_features(alignment: TemporalAlignment) -> None:
    teacher = normal(3, 6, 5)
    days = torch.arange(6.0).expand(3, -1) * 24
    aligned = alignment(normal(3, 49, 8), torch.arange(49.0).expand(3, -1), teacher, days, torch.ones(3, 6) > 0)
    assert aligned.shape == (3, 49, 5)
    assert (aligned <= teacher.amax(dim=1, keepdim=True) + 1e-5).all()
    assert (aligned >= teacher.amin(dim=1, keepdim=True) - 1e-5).all()


def test_constant_teacher_features_are_returned_unchanged(alignment: TemporalAlignment) -> None:
    teacher = normal(1, 1, 5).expand(2, 4, 5)
    aligned = alignment(normal(2, 7, 8), 50 * normal(2, 7), teacher, 50 * normal(2, 4, seed=1), torch.ones(2, 4) > 0)
    torch.testing.assert_close(aligned, teacher[:, :1].expand(-1, 7, -1))


def test_the_order_of_the_teachers_days_does_not_matter(alignment: TemporalAlignment) -> None:
    student, hours, teacher, days = normal(2, 9, 8), 30 * normal(2, 9), normal(2, 6, 5), 60 * normal(2, 6)
    seen = torch.tensor([[1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 1]]) > 0
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    there = alignment(student, hours, teacher, days, seen)
    torch.testing.assert_close(there, alignment(student, hours, teacher[:, order], days[:, order], seen[:, order]))


def test_unseen_days_and_other_samples_change_nothing(alignment: TemporalAlignment) -> None:
    student, hours, teacher, days = normal(2, 9, 8), 30 * normal(2, 9), normal(2, 6, 5), 60 * normal(2, 6)
    seen = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1]]) > 0
    there = alignment(student, hours, teacher, days, seen)
    alone = alignment(student[:1], hours[:1], teacher[:1, [0, 1, 3]], days[:1, [0, 1, 3]], seen[:1, [0, 1, 3]])
    torch.testing.assert_close(there[:1], alone)


def test_before_training_the_nearest_day_has_the_largest_weight() -> None:
    alignment = TemporalAlignment(8, 6)
    for parameter in alignment.parameters():
        parameter.data.zero_()
    days = torch.arange(6.0)[None] * 24
    aligned = alignment(normal(1, 6, 8), days, torch.eye(6)[None, :, :], days, torch.ones(1, 6) > 0)
    assert aligned.argmax(dim=-1).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_a_sample_without_a_teacher_time_is_refused(alignment: TemporalAlignment) -> None:
    with pytest.raises(InputError, match="1 samples have no teacher time"):
        alignment(normal(2, 3, 8), normal(2, 3), normal(2, 4, 5), normal(2, 4), torch.tensor([[1] * 4, [0] * 4]) > 0)


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
