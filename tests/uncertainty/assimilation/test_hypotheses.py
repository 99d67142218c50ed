"""Hypotheses from hour to hour, against sums over all of them."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.uncertainty.assimilation.ensemble import sample_paths
from strandline.uncertainty.assimilation.filter import SeaModel, climatological_prior, filter_step
from strandline.uncertainty.assimilation.gauge_model import Sensor, own_sensor
from strandline.uncertainty.assimilation.surge_process import SurgeProcess

START = np.datetime64("2020-01-01T00", "h")
TRANSITION = np.array([[0.9, 0.1], [0.3, 0.7]])


def process_of(size: float = 0.02) -> SurgeProcess:
    return SurgeProcess(np.array([0.9]), np.array([size, 5 * size]), TRANSITION)


def model_of(process: SurgeProcess) -> SeaModel:
    return SeaModel(process, (own_sensor("own", process), Sensor("near", 0, 0.9, 0.8, np.array([0.02, 0.05]))))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_under_each_hypothesis_an_hour_merges_all_that_lead_to_it(seed: int) -> None:
    rng, model = np.random.default_rng(seed), model_of(process_of())
    belief = climatological_prior(model, START)
    belief.mean[:] = rng.normal(0, 1, belief.mean.shape)
    belief.weight[:] = rng.dirichlet(np.ones(belief.weight.size))
    after = filter_step(belief, START + np.timedelta64(1, "h"), [])
    fault = np.array([[1 - 1 / 2160, 1 / 2160], [1 / 72, 1 - 1 / 72]])
    hypotheses = list(product(range(2), range(2), range(2)))
    for number, (regime, own, near) in enumerate(hypotheses):
        share = np.array([TRANSITION[r, regime] * fault[o, own] * fault[n, near] for r, o, n in hypotheses])
        share = share * belief.weight
        np.testing.assert_allclose(after.weight[number], share.sum(), rtol=1e-12)
        share = share / share.sum()
        mean = share @ belief.mean[:, 0]  # of the residual an hour ago
        variance = share @ (belief.covariance[:, 0, 0] + (belief.mean[:, 0] - mean) ** 2)
        np.testing.assert_allclose(after.mean[number, 1], mean, rtol=1e-11)
        np.testing.assert_allclose(after.covariance[number, 1, 1], variance, rtol=1e-11)


def test_regimes_have_the_probability_of_all_their_courses() -> None:
    process, residual = process_of(), np.array([0.0, 0.01, 0.09, np.nan, 0.1, 0.12, 0.0])
    shocks = process.shocks_of(residual)
    total = np.zeros((residual.size, 2))
    for course in product(range(2), repeat=residual.size):
        chance = 0.5 * TRANSITION[:, course[0]].sum()
        for hour, regime in enumerate(course):
            chance *= TRANSITION[course[hour - 1], regime] if hour else 1.0
            if np.isfinite(shocks[hour]):
                chance *= np.exp(-0.5 * (shocks[hour] / process.shocks[regime]) ** 2) / process.shocks[regime]
        total[np.arange(residual.size), course] += chance
    np.testing.assert_allclose(process.regimes_of(residual), total / total[0].sum(), rtol=1e-9)


def test_an_ensemble_does_not_depend_on_what_was_forecast_before() -> None:
    belief = climatological_prior(model_of(process_of()), START)
    fresh = climatological_prior(model_of(process_of()), START)
    first = sample_paths(belief).residual
    for size in (0.03, 0.04, 0.05, 0.06, 0.07):
        sample_paths(climatological_prior(model_of(process_of(size)), START), 60)
    np.testing.assert_array_equal(sample_paths(fresh).residual, first)
    np.testing.assert_array_equal(sample_paths(fresh, 90).residual[:, : first.shape[1]], first)
