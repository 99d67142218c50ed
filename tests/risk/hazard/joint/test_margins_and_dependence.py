"""Margins, dependence and memory: against generalised Pareto quantiles, normal probabilities and known processes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import genpareto, multivariate_normal, spearmanr

from strandline.risk.hazard.joint.conditional_extremes import (
    fit_conditional_extremes,
    from_laplace,
    to_laplace,
)
from strandline.risk.hazard.joint.driver_events import DAYS
from strandline.risk.hazard.joint.memory import Memory, put_in_order
from strandline.risk.hazard.joint.seasonal_cycle import fit_seasonal_cycle
from strandline.risk.hazard.joint.seasonal_margins import MarginSettings, draw_tail, fit_margin, season_of
from strandline.risk.hazard.joint.simulated_years import spread_evenly

pytestmark = pytest.mark.slow

SETTINGS = MarginSettings(25.0, 0.1, (0.0, 0.15))


def test_the_tail_has_generalised_pareto_quantiles() -> None:
    rng = np.random.default_rng(1)
    margin = fit_margin(rng.exponential(size=2000), rng.uniform(0, DAYS, 2000), SETTINGS)
    season = np.zeros(3, dtype=np.int64)
    chance = np.array([0.95, 0.99, 0.999])
    expected = margin.threshold[0] + margin.mean_excess[0] * genpareto.ppf(1 - (1 - chance) / 0.1, 0.2, scale=1.1)
    assert margin.quantile(chance, season, 1.1, 0.2) == pytest.approx(expected)


def test_a_known_distribution_is_found_again_in_body_and_tail() -> None:
    rng = np.random.default_rng(2)
    values, day = rng.exponential(size=6000), rng.uniform(0, DAYS, 6000)
    margin = fit_margin(values, day, SETTINGS)
    scale, shape = draw_tail(margin, values, day, SETTINGS.shape, 200, rng)
    chance = np.array([0.5, 0.8, 0.99, 0.999])
    found = margin.quantile(chance, np.full(4, 5), float(scale.mean()), float(shape.mean()))
    assert found == pytest.approx(-np.log(1 - chance), rel=0.12)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_quantiles_rise_with_the_chance_and_ranks_lie_between_0_and_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, day = rng.gamma(0.5, 10.0, 150) * rng.integers(0, 2, 150), rng.uniform(0, DAYS, 150)
    margin = fit_margin(values, day, SETTINGS)
    chance, season = np.linspace(0.001, 0.9999, 200), np.full(200, int(rng.integers(24)))
    assert (np.diff(margin.quantile(chance, season, 1.0, 0.1)) >= -1e-9).all()
    ranks = margin.rank(values, season_of(day))
    assert ((ranks > 0) & (ranks < 1)).all()


def test_the_seasonal_cycle_is_found_and_undone() -> None:
    rng = np.random.default_rng(3)
    day = rng.uniform(0, DAYS, 4000)
    mean = 5 + 3 * np.cos(2 * np.pi * (day - 200) / DAYS)
    peaks = mean + rng.standard_normal(4000)
    cycle = fit_seasonal_cycle(peaks, day)
    assert cycle.at(day)[0] == pytest.approx(mean, abs=0.25)
    assert cycle.restore(cycle.reduce(peaks, day), day) == pytest.approx(peaks)


@given(st.floats(1e-6, 1 - 1e-6))
def test_the_laplace_scale_is_undone(rank: float) -> None:
    assert float(from_laplace(to_laplace(np.array([rank])))[0]) == pytest.approx(rank, rel=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_joint_exceedances_are_those_of_the_bivariate_normal(correlation: float) -> None:
    rng = np.random.default_rng(4)
    covariance = np.array([[1.0, correlation], [correlation, 1.0]])
    normal = rng.multivariate_normal(np.zeros(2), covariance, 8000)
    model = fit_conditional_extremes(ndtr(normal), 0.8)
    drawn = spread_evenly(model.draw_given(rng.integers(8000, size=400_000), rng), rng)
    for level in (0.9, 0.97):
        both = float((drawn > level).all(axis=1).mean())
        z = float(ndtri(level))
        truth = float(multivariate_normal([0, 0], covariance).cdf([-z, -z]))
        assert both == pytest.approx(truth, rel=0.2)


def test_drivers_that_go_together_stay_together() -> None:
    rank = np.random.default_rng(5).random(3000)
    model = fit_conditional_extremes(np.stack([rank, rank], axis=1), 0.8)
    drawn = model.draw_given(np.arange(3000), np.random.default_rng(6))
    assert drawn[:, 0] == pytest.approx(drawn[:, 1], abs=1e-6)


def test_ordering_gives_the_slow_driver_its_memory_and_keeps_every_event() -> None:
    rng = np.random.default_rng(7)
    count = 20_000
    day, year = np.tile(np.arange(0, 360, 18.0), count // 20), np.repeat(np.arange(count // 20), 20)
    ranks = rng.random((count, 2))
    memory = Memory(1, np.zeros(2), 1.0, 30.0)
    ordered = put_in_order(ranks, season_of(day), year, day, memory, rng)
    assert np.sort(ordered, axis=0) == pytest.approx(np.sort(ranks, axis=0))
    found = spearmanr(ordered[:-1, 1], ordered[1:, 1]).statistic
    assert found == pytest.approx(np.exp(-18.0 / 30.0), abs=0.05)
    assert abs(spearmanr(ordered[:-1, 0], ordered[1:, 0]).statistic) < 0.03
