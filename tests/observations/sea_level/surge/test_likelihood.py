"""The likelihood of a record and its derivatives are those of one dense normal distribution."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, READING_NOISE, RecordLikelihood
from tests.fixtures.sea_levels import LAG, RED, sample

SHAPES = np.stack([np.exp(-LAG / 30), (1 + LAG / 5) * np.exp(-LAG / 5), np.cos(LAG / 2) * np.exp(-LAG / 72)])
HERE = np.log([0.1**2, 0.05**2, 0.02**2])
STEP = 1e-4


def make_record() -> tuple[np.ndarray, np.ndarray]:
    """Three weeks of which a third was not read, and two ways in which their tide may be off together."""
    hours, rng = np.arange(3 * LAG_HOURS), np.random.default_rng(0)
    level = sample(RED, hours.size, 1)
    level[1:][rng.random(hours.size - 1) < 0.3] = np.nan
    return level, 0.2 * np.stack([np.cos(hours / 2), np.sin(hours / 3)], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def likelihood() -> RecordLikelihood:
    return RecordLikelihood(*make_record(), SHAPES)


def kernels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the readings: levels, covariances (3, n, n) of the shapes, and that of noise and the tide's error."""
    level, modes = make_record()
    read = np.flatnonzero(np.isfinite(level))
    together = read[:, None] // LAG_HOURS == read // LAG_HOURS
    shapes = SHAPES[:, np.abs(read[:, None] - read) % LAG_HOURS] * together
    rest = READING_NOISE**2 * np.eye(read.size) + modes[read].astype(float) @ modes[read].T.astype(float)
    return level[read], shapes, rest


def test_it_is_the_density_of_a_normal_distribution(likelihood: RecordLikelihood) -> None:
    level, shapes, rest = kernels()

    def negative_log_density(at: np.ndarray) -> float:
        return -float(multivariate_normal(cov=np.tensordot(np.exp(at), shapes, 1) + rest).logpdf(level))

    there = HERE + np.array([1.0, -2.0, 0.5])
    expected = negative_log_density(there) - negative_log_density(HERE)
    assert likelihood.expand(there).value - likelihood.expand(HERE).value == pytest.approx(expected, rel=1e-8)


def test_the_gradient_is_that_of_the_value(likelihood: RecordLikelihood) -> None:
    for at in (HERE, HERE + 3, HERE - 3):
        for gradient, side in zip(likelihood.expand(at).gradient, STEP * np.eye(3), strict=True):
            rise = likelihood.expand(at + side).value - likelihood.expand(at - side).value
            assert gradient == pytest.approx(rise / (2 * STEP), rel=1e-5, abs=1e-5)


def test_the_curvature_is_the_mean_of_observed_and_expected_information(likelihood: RecordLikelihood) -> None:
    _, shapes, rest = kernels()
    expansion = likelihood.expand(HERE)
    by_logarithms = [
        (likelihood.expand(HERE + side).gradient - likelihood.expand(HERE - side).gradient) / (2 * STEP)
        for side in STEP * np.eye(3)
    ]
    scaled = np.exp(HERE)[:, None, None] * shapes
    solved = np.linalg.solve(scaled.sum(axis=0) + rest, scaled)
    observed = np.array(by_logarithms) - np.diag(expansion.gradient)  # by variances, scaled with them
    expected = 0.5 * np.einsum("kij,lji->kl", solved, solved)
    found = expansion.curvature - np.diag(expansion.gradient)
    np.testing.assert_allclose(found, (observed + expected) / 2, rtol=1e-5, atol=1e-5)
