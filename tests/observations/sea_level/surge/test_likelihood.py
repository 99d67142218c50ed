"""The likelihood of records and its derivatives are those of one dense normal distribution."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from strandline.errors import RefusedByTheory
from strandline.observations.sea_level.surge.likelihood import LAG_HOURS, READING_NOISE, Record, RecordLikelihood
from tests.fixtures.sea_levels import LAG, RED, sample

pytestmark = pytest.mark.slow

SHAPES = np.stack([np.exp(-LAG / 30), (1 + LAG / 5) * np.exp(-LAG / 5), np.cos(LAG / 2) * np.exp(-LAG / 72)])
GROUP = np.array([0, 1, 1])
HERE = np.log([0.1**2, 0.05**2, 0.02**2, 0.04**2, 0.07**2])
STEP = 1e-4


def make_records() -> list[Record]:
    """Three weeks of which a third was not read, two ways in which their tide may be off together, three series of the
    weather, and two weeks of the same residual as another gauge shows it."""
    hours, rng = np.arange(3 * LAG_HOURS), np.random.default_rng(0)
    level = sample(RED, hours.size, 1)
    level[1:][rng.random(hours.size - 1) < 0.3] = np.nan
    modes = 0.2 * np.stack([np.cos(hours / 2), np.sin(hours / 3)], axis=1).astype(np.float32)
    features = rng.normal(0, 1, (hours.size, 3))
    other = sample(RED, 2 * LAG_HOURS, 3)
    error = 0.05**2 * 0.9**LAG
    return [Record(level, modes, features), Record(other, np.zeros((other.size, 2)), features[: other.size], error)]


@pytest.fixture(scope="module")
def likelihood() -> RecordLikelihood:
    return RecordLikelihood(make_records(), SHAPES, GROUP)


def kernels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the readings: levels, covariances (5, n, n) of shapes and groups, and that of noise, tide and teacher."""
    records = make_records()
    level = np.concatenate([record.level for record in records])
    read = np.flatnonzero(np.isfinite(level))
    whose = np.repeat([0, 1], [records[0].level.size, records[1].level.size])[read]
    hour = np.concatenate([np.arange(record.level.size) for record in records])[read]
    together = (hour[:, None] // LAG_HOURS == hour // LAG_HOURS) & (whose[:, None] == whose)
    apart = np.abs(hour[:, None] - hour) % LAG_HOURS
    shapes = SHAPES[:, apart] * together
    modes = np.concatenate([record.modes for record in records])[read].astype(float)
    features = np.concatenate([record.features for record in records])[read]
    of_group = [features[:, np.flatnonzero(group == GROUP)] for group in range(2)]
    groups = np.stack([each @ each.T for each in of_group])
    error = records[1].error
    assert error is not None
    others = error[apart] * together * (whose == 1)
    return (
        level[read],
        np.concatenate([shapes, groups]),
        READING_NOISE**2 * np.eye(read.size) + modes @ modes.T + others,
    )


def test_it_is_the_density_of_a_normal_distribution(likelihood: RecordLikelihood) -> None:
    level, shapes, rest = kernels()

    def negative_log_density(at: np.ndarray) -> float:
        return -float(multivariate_normal(cov=np.tensordot(np.exp(at), shapes, 1) + rest).logpdf(level))

    there = HERE + np.array([1.0, -2.0, 0.5, 1.0, -1.0])
    expected = negative_log_density(there) - negative_log_density(HERE)
    assert likelihood.expand(there).value - likelihood.expand(HERE).value == pytest.approx(expected, rel=1e-8)


def test_the_gradient_is_that_of_the_value(likelihood: RecordLikelihood) -> None:
    for at in (HERE, HERE + 3, HERE - 3):
        for gradient, side in zip(likelihood.expand(at).gradient, STEP * np.eye(5), strict=True):
            rise = likelihood.expand(at + side).value - likelihood.expand(at - side).value
            assert gradient == pytest.approx(rise / (2 * STEP), rel=1e-5, abs=1e-5)


def test_the_curvature_is_the_mean_of_observed_and_expected_information(likelihood: RecordLikelihood) -> None:
    _, shapes, rest = kernels()
    expansion = likelihood.expand(HERE)
    by_logarithms = [
        (likelihood.expand(HERE + side).gradient - likelihood.expand(HERE - side).gradient) / (2 * STEP)
        for side in STEP * np.eye(5)
    ]
    scaled = np.exp(HERE)[:, None, None] * shapes
    solved = np.linalg.solve(scaled.sum(axis=0) + rest, scaled)
    observed = np.array(by_logarithms) - np.diag(expansion.gradient)  # by variances, scaled with them
    expected = 0.5 * np.einsum("kij,lji->kl", solved, solved)
    found = expansion.curvature - np.diag(expansion.gradient)
    np.testing.assert_allclose(found, (observed + expected) / 2, rtol=1e-5, atol=1e-5)


def test_the_coefficients_are_the_conditional_normal_distribution(likelihood: RecordLikelihood) -> None:
    level, shapes, rest = kernels()
    records = make_records()
    read = [np.isfinite(record.level) for record in records]
    modes = np.concatenate([record.modes[at] for record, at in zip(records, read, strict=True)]).astype(float)
    features = np.concatenate([record.features[at] for record, at in zip(records, read, strict=True)])
    spread = np.concatenate([np.ones(2), np.exp(0.5 * HERE[3:])[GROUP]])
    effect = np.hstack([modes, features]) * spread
    gain = (effect * spread).T @ np.linalg.inv(np.tensordot(np.exp(HERE), shapes, 1) + rest)
    found = likelihood.coefficients(HERE)
    np.testing.assert_allclose(found.mean, gain @ level, atol=1e-9)
    np.testing.assert_allclose(found.covariance, np.diag(spread**2) - gain @ (effect * spread), atol=1e-9)


def test_without_weather_no_coefficient_is_left() -> None:
    record = make_records()[0]
    likelihood = RecordLikelihood([Record.without_weather(record.level, record.modes)], SHAPES)
    assert (likelihood.groups, likelihood.features) == (0, 0)
    assert likelihood.coefficients(HERE[:3]).mean.shape == (2,)


def test_a_certain_tide_without_weather_leaves_the_density_of_the_residual() -> None:
    level = make_records()[0].level[:LAG_HOURS]
    likelihood = RecordLikelihood([Record.without_weather(level, np.zeros((level.size, 0), np.float32))], SHAPES)
    read = np.flatnonzero(np.isfinite(level))
    shapes = SHAPES[:, np.abs(read[:, None] - read)]

    def negative_log_density(at: np.ndarray) -> float:
        covariance = np.tensordot(np.exp(at), shapes, 1) + READING_NOISE**2 * np.eye(read.size)
        return -float(multivariate_normal(cov=covariance).logpdf(level[read]))

    here, there = HERE[:3], HERE[:3] + np.array([1.0, -2.0, 0.5])
    expected = negative_log_density(there) - negative_log_density(here)
    assert likelihood.expand(there).value - likelihood.expand(here).value == pytest.approx(expected, rel=1e-8)


def test_a_record_without_a_reading_is_refused() -> None:
    first, other = make_records()
    empty = Record(np.full(other.level.size, np.nan), other.modes, other.features, other.error)
    with pytest.raises(RefusedByTheory, match="no reading"):
        RecordLikelihood([first, empty], SHAPES, GROUP)
