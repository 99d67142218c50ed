"""Extreme levels against published fits, SciPy, and their stated coverage."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from strandline.errors import InputError, RefusedByTheory
from strandline.risk.hazard.extremes import (
    block_log_likelihood,
    fit_block_maxima,
    require_record,
)
from strandline.risk.hazard.return_levels import levels_of, sample_tails

pytestmark = pytest.mark.slow


@pytest.fixture
def port_pirie(shared_data: Path) -> np.ndarray:
    return pd.read_csv(shared_data / "extremes/evd_portpirie.csv", index_col=0).iloc[:, 0].to_numpy()


def port_pirie_fit(port_pirie: np.ndarray):
    return fit_block_maxima(port_pirie, np.arange(1923, 1923 + len(port_pirie)), source="Port Pirie", trend=False)


def test_port_pirie_matches_coles_page_59(port_pirie: np.ndarray) -> None:
    fit = port_pirie_fit(port_pirie)
    assert fit.location == pytest.approx(3.87, abs=0.006)
    assert fit.scale == pytest.approx(0.198, abs=6e-4)
    assert fit.shape == pytest.approx(-0.050, abs=6e-4)
    assert fit.log_likelihood == pytest.approx(4.34, abs=0.006)
    assert fit.levels((10, 100)) == pytest.approx([4.30, 4.69], abs=0.006)


def test_fremantle_with_and_without_trend_matches_coles_section_6_3(shared_data: Path) -> None:
    table = pd.read_csv(shared_data / "extremes/ismev_fremantle.csv")
    level, year = table["SeaLevel"].to_numpy(), table["Year"].to_numpy()
    steady = fit_block_maxima(level, year, source="Fremantle", trend=False)
    rising = fit_block_maxima(level, year, source="Fremantle", trend=True)
    assert (steady.log_likelihood, rising.log_likelihood) == pytest.approx((43.6, 49.9), abs=0.06)
    assert rising.trend == pytest.approx(0.00203, abs=1e-5)
    earlier = fit_block_maxima(level, year, source="Fremantle", trend=True, reference_year=year.max() - 50)
    assert rising.location - earlier.location == pytest.approx(50 * rising.trend, abs=1e-6)


@pytest.mark.parametrize(
    ("orders", "location", "scale", "shape", "log_likelihood"),
    [(1, 111.1, 17.2, -0.077, -222.7), (5, 118.6, 13.7, -0.088, -732.0), (10, 120.5, 12.8, -0.113, -1139.1)],
)
def test_r_largest_levels_of_venice_match_coles_table_3_1(
    shared_data: Path, orders: int, location: float, scale: float, shape: float, log_likelihood: float
) -> None:
    table = pd.read_csv(shared_data / "extremes/ismev_venice.csv")
    fit = fit_block_maxima(
        table.iloc[:, 1 : 1 + orders].to_numpy(), table["Year"].to_numpy(), source="Venice", trend=False
    )
    assert (fit.location, fit.scale, fit.log_likelihood) == pytest.approx((location, scale, log_likelihood), abs=0.06)
    assert fit.shape == pytest.approx(shape, abs=6e-4)


@pytest.mark.parametrize("port", ["dover", "harwich"])
def test_dover_and_harwich_reach_the_likelihood_that_scipy_finds(shared_data: Path, port: str) -> None:
    maxima = pd.read_csv(shared_data / "extremes/evd_sealevel.csv", index_col=0)[port].dropna()
    fit = fit_block_maxima(maxima.to_numpy(), maxima.index.to_numpy(dtype=float), source=port, trend=False)
    shape, location, scale = stats.genextreme.fit(maxima, 0.05, loc=fit.location, scale=fit.scale)
    reference = stats.genextreme.logpdf(maxima, shape, location, scale).sum()
    assert fit.log_likelihood >= reference - 1e-5
    assert (fit.location, fit.scale, fit.shape) == pytest.approx((location, scale, -shape), abs=2e-3)


@settings(deadline=None)
@given(st.floats(-0.4, 0.8, allow_subnormal=False), st.floats(0.05, 3.0), st.floats(-2.0, 2.0))
def test_the_likelihood_is_scipys_with_the_other_sign_of_the_shape(shape: float, scale: float, location: float) -> None:
    rng = np.random.default_rng(3)
    maxima = stats.genextreme.rvs(-shape, location, scale, size=20, random_state=rng)
    ours = block_log_likelihood(maxima[:, None], location, scale, shape)
    assert ours == pytest.approx(stats.genextreme.logpdf(maxima, -shape, location, scale).sum(), rel=1e-6, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.floats(-50.0, 50.0), st.floats(0.1, 100.0))
def test_a_fit_shifts_and_scales_with_its_data(shift: float, stretch: float) -> None:
    maxima = stats.genextreme.rvs(0.1, 2.0, 0.3, size=40, random_state=7)
    years = np.arange(1980, 2020.0)
    plain = fit_block_maxima(maxima, years, source="drawn", trend=False)
    moved = fit_block_maxima(shift + stretch * maxima, years, source="drawn", trend=False)
    expected = shift + stretch * plain.levels((2, 20, 100))
    assert moved.levels((2, 20, 100)) == pytest.approx(expected, abs=2e-4 * stretch + 1e-9)


def test_a_short_record_is_refused_with_the_length_that_is_enough() -> None:
    with pytest.raises(RefusedByTheory, match=r"0\.3 years cannot give 100-year levels; .* 25 years"):
        require_record(0.3, (10, 100))
    require_record(25.0, (100,))
    maxima = np.random.default_rng(1).gumbel(size=9)
    with pytest.raises(RefusedByTheory, match="9 annual maxima"):
        fit_block_maxima(maxima, np.arange(9.0), source="short", trend=False)


def test_unsorted_orders_and_stuck_gauges_are_refused() -> None:
    years = np.arange(12.0)
    with pytest.raises(InputError, match="not descending"):
        fit_block_maxima(np.tile([1.0, 2.0], (12, 1)), years, source="gauge", trend=False)
    with pytest.raises(InputError, match="all maxima are equal"):
        fit_block_maxima(np.ones(12), years, source="gauge", trend=False)
    with pytest.raises(InputError, match="no maximum"):
        fit_block_maxima(np.array([1.0, np.nan] * 6), years, source="gauge", trend=False)


def test_samples_rise_with_the_period_and_widen_with_it(port_pirie: np.ndarray) -> None:
    samples = levels_of(sample_tails(port_pirie_fit(port_pirie), 60, np.random.default_rng(0)), (2, 10, 100))
    assert samples.shape == (60, 3)
    assert (np.diff(samples, axis=1) > 0).all()
    assert (np.diff(samples.std(axis=0)) > 0).all()
    again = levels_of(sample_tails(port_pirie_fit(port_pirie), 60, np.random.default_rng(0)), (2, 10, 100))
    assert np.array_equal(samples, again)


def test_reflected_bootstrap_of_port_pirie_is_skewed_as_its_profile_likelihood(port_pirie: np.ndarray) -> None:
    # Coles (2001), page 60: delta method, variance of the 10-year level 0.00303; page 62: profile 4.50 to 5.27 m.
    samples = levels_of(sample_tails(port_pirie_fit(port_pirie), 300, np.random.default_rng(5)), (10, 100))
    assert samples[:, 0].std() == pytest.approx(0.00303**0.5, rel=0.15)
    low, high = np.quantile(samples[:, 1], [0.025, 0.975])
    assert low == pytest.approx(4.50, abs=0.06)
    assert high == pytest.approx(5.27, abs=0.15)
    assert high - 4.69 > 1.5 * (4.69 - low)


def test_bootstrap_intervals_have_the_measured_coverage() -> None:
    rng = np.random.default_rng(20)
    truth = stats.genextreme.isf(1 / 20, 0.05, 1.0, 0.2)
    years, hits, trials = np.arange(1960.0, 2020.0), 0, 30
    for _ in range(trials):
        maxima = stats.genextreme.rvs(0.05, 1.0, 0.2, size=60, random_state=rng)
        fit = fit_block_maxima(maxima, years, source="drawn", trend=False)
        low, high = np.quantile(levels_of(sample_tails(fit, 40, rng), (20,)), [0.05, 0.95])
        hits += low <= truth <= high
    # Three binomial standard errors below the measured coverage of 0.84.
    assert hits / trials >= 0.74
