"""Aleatoric and epistemic parts: the identities, the closed forms, and what agreement and disagreement look like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.calibration.parts import class_parts, gaussian_parts, quantile_parts
from strandline.errors import InputError

seeds = st.integers(0, 2**31)


@settings(max_examples=100, deadline=None)
@given(seed=seeds, members=st.integers(1, 6), classes=st.integers(2, 6), sharp=st.floats(0.05, 3))
def test_entropy_of_the_mean_is_mean_entropy_plus_mutual_information(
    seed: int, members: int, classes: int, sharp: float
) -> None:
    """The mutual information computed for itself: mean divergence of a member from the mixture."""
    words = np.random.default_rng(seed).dirichlet(np.full(classes, sharp), (members, 4, 3))
    parts = class_parts(np.moveaxis(words, -1, 2), axis=2)
    divergence = stats.entropy(words, np.broadcast_to(words.mean(0), words.shape), axis=-1).mean(0)
    np.testing.assert_allclose(parts.epistemic, divergence, atol=1e-10)
    np.testing.assert_allclose(parts.total, stats.entropy(words.mean(0), axis=-1), atol=1e-10)
    np.testing.assert_allclose(parts.total, parts.aleatoric + parts.epistemic, atol=1e-12)
    assert (parts.epistemic >= -1e-12).all()
    assert (parts.epistemic <= np.log(min(members, classes)) + 1e-12).all()


def test_members_that_agree_leave_chance_alone_and_sure_members_that_disagree_leave_none() -> None:
    agree = class_parts(np.array([[0.3, 0.7], [0.3, 0.7]]), axis=1)
    assert agree.epistemic == pytest.approx(0)
    assert agree.aleatoric == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    sure = class_parts(np.array([[0.0, 1.0], [1.0, 0.0]]), axis=1)
    assert sure.aleatoric == 0
    assert sure.epistemic == pytest.approx(np.log(2))


@settings(max_examples=100, deadline=None)
@given(seed=seeds, members=st.integers(1, 6))
def test_variances_of_a_gaussian_mixture_add_up(seed: int, members: int) -> None:
    """∫ x² of the mixture's density, by quadrature, less the square of its mean."""
    rng = np.random.default_rng(seed)
    mean, scale = rng.normal(size=members), rng.uniform(0.2, 1.5, members)
    parts = gaussian_parts(mean, scale)
    x = np.linspace(-20, 20, 20_001)
    density = stats.norm.pdf(x[:, None], mean, scale).mean(1)
    first, second = np.trapezoid(density * x, x), np.trapezoid(density * x**2, x)
    assert parts.total == pytest.approx(second - first**2, rel=1e-6)
    assert parts.total == pytest.approx(parts.aleatoric + parts.epistemic)


def test_uniform_members_have_exact_quantile_parts() -> None:
    """A uniform member from a to b: mean (a + b)/2, variance (b − a)²/12."""
    ends = np.array([[0.0, 1.0], [2.0, 6.0]])  # (M, ends)
    levels = np.array([0.0, 0.3, 1.0])
    quantiles = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * levels
    parts = quantile_parts(quantiles + 1e6, levels)
    assert parts.aleatoric == pytest.approx((1 + 16) / 12 / 2, rel=1e-6)
    assert parts.epistemic == pytest.approx(np.var([0.5, 4.0]))


def test_many_quantiles_of_normal_members_give_the_gaussian_parts() -> None:
    rng = np.random.default_rng(2)
    mean, scale = rng.normal(size=(4, 3)), rng.uniform(0.5, 2, (4, 3))
    levels = np.linspace(0.0005, 0.9995, 1000)
    quantiles = stats.norm.ppf(levels, mean[..., None], scale[..., None])
    for ours, truth in zip(quantile_parts(quantiles, levels), gaussian_parts(mean, scale), strict=True):
        np.testing.assert_allclose(ours, truth, rtol=0.01)


def test_few_levels_miss_the_tails_variance_by_what_is_said() -> None:
    levels = np.linspace(0.05, 0.95, 19)
    assert quantile_parts(stats.norm.ppf(levels)[None], levels).aleatoric == pytest.approx(0.84, abs=0.005)


def test_what_is_no_distribution_is_refused() -> None:
    with pytest.raises(InputError, match="axis of the classes"):
        class_parts(np.full((2, 3, 4), 1 / 3), axis=2)
    with pytest.raises(InputError, match="do not rise"):
        quantile_parts(np.zeros((2, 2)), np.array([0.9, 0.1]))
    with pytest.raises(InputError, match="cross"):
        quantile_parts(np.array([[1.0, 0.0]]), np.array([0.1, 0.9]))
