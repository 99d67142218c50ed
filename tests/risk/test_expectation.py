"""The error of a Monte-Carlo mean, against repetition and theory."""

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.risk.expectation import Expectation, standard_error


def draws_of(maps: int, per_map: int, rng: np.random.Generator) -> np.ndarray:
    """Draws that rise with an ordered level of their own, and err with their map: variances 4, 1 and 1."""
    level = np.sort(rng.normal(0, 2, maps * per_map))
    of_map, own = np.repeat(rng.normal(0, 1, maps), per_map), rng.normal(0, 1, maps * per_map)
    return np.asarray(level + of_map + own)


def test_the_standard_error_is_the_scatter_of_repeated_means() -> None:
    rng = np.random.default_rng(0)
    repeated = [draws_of(40, 10, rng) for _ in range(400)]
    scatter = np.std([each.mean() for each in repeated])
    stated = np.mean([standard_error(each, 40) for each in repeated])
    assert scatter == pytest.approx(np.sqrt(1 / 40 + (4 + 1) / 400), rel=0.1)
    assert stated == pytest.approx(scatter, rel=0.1)


def test_twice_as_many_draws_and_maps_halve_the_variance() -> None:
    rng = np.random.default_rng(1)
    once, twice = (np.mean([standard_error(draws_of(m, 10, rng), m) ** 2 for _ in range(100)]) for m in (40, 80))
    assert twice == pytest.approx(once / 2, rel=0.15)


def test_draws_without_shared_maps_have_the_textbook_error() -> None:
    draws = np.random.default_rng(2).exponential(1.0, 20_000)
    assert standard_error(draws, draws.size) == pytest.approx(1 / np.sqrt(20_000), rel=0.03)
    assert standard_error(draws, 1) == pytest.approx(1 / np.sqrt(20_000), rel=0.03)
    assert np.isnan(standard_error(draws[:1], 1))
    with pytest.raises(InputError, match="give each map the same number"):
        standard_error(draws[:5], 2)


def test_a_ratio_is_that_of_the_means_and_not_the_mean_of_ratios() -> None:
    cost, benefit = np.array([1.0, 3.0] * 100), np.array([4.0, 0.0] * 100)
    ratio = Expectation.ratio(benefit, cost, 200)
    assert ratio.mean == pytest.approx(1.0)
    assert np.mean(benefit / cost) == pytest.approx(2.0)
    rng = np.random.default_rng(3)
    found = [Expectation.ratio(rng.gamma(2, 1, 400), rng.gamma(9, 1, 400), 400) for _ in range(300)]
    assert np.mean([each.standard_error for each in found]) == pytest.approx(np.std([e.mean for e in found]), rel=0.15)


def test_the_median_of_a_skewed_amount_is_not_its_average() -> None:
    amount = Expectation.of(np.array([0.0] * 60 + [10.0] * 40), 100)
    assert (amount.mean, amount.p50) == (4.0, 0.0)
