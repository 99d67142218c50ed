"""Tails of peaks over a threshold against SciPy, closed forms, and what the prior promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from strandline.errors import RefusedByTheory
from strandline.risk.hazard.surges.tail import Tails, cluster_peaks, excess_log_likelihood, fit_tails

HOUR = np.timedelta64(1, "h")


@settings(deadline=None)
@given(st.floats(-0.4, 0.8, allow_subnormal=False), st.floats(0.05, 3.0))
def test_the_likelihood_of_excesses_is_scipys(shape: float, scale: float) -> None:
    excess = stats.genpareto.rvs(shape, 0, scale, size=20, random_state=3)
    shape = shape if abs(shape) > 1e-4 else 1e-4
    ours = excess_log_likelihood(excess, np.array(scale), np.array(shape))
    assert float(ours) == pytest.approx(stats.genpareto.logpdf(excess, shape, 0, scale).sum(), rel=1e-6, abs=1e-5)


@pytest.mark.slow
def test_many_peaks_give_the_tail_that_they_were_drawn_from() -> None:
    peaks = 1.0 + stats.genpareto.rvs(-0.1, 0, 0.3, size=1000, random_state=11)
    tails = fit_tails(peaks, 1.0, 200.0, 400, np.random.default_rng(0))
    shape, _, scale = stats.genpareto.fit(peaks - 1.0, -0.1, floc=0, scale=0.3)
    assert np.median(tails.scale) == pytest.approx(scale, rel=0.06)
    assert np.median(tails.shape) == pytest.approx(shape, abs=0.04)
    assert tails.rate.mean() == pytest.approx(5.0, rel=0.02)


def test_exceedances_are_those_of_the_closed_form() -> None:
    tails = Tails(1.0, np.array([0.3, 0.3, 0.3]), np.array([0.2, 0.0, -0.4]), np.ones(3))
    found = tails.exceedance(np.array([0.5, 1.0, 1.6, 2.0]))
    for row, shape in zip(found, (0.2, 0.0, -0.4), strict=True):
        expected = stats.genpareto.sf(np.array([0.0, 0.0, 0.6, 1.0]), shape, 0, 0.3)
        np.testing.assert_allclose(row, expected, atol=1e-5)
    assert found[2, 3] == 0.0  # beyond the end of a bounded tail


def test_a_handful_of_peaks_leaves_the_shape_to_the_prior_and_fewer_are_refused() -> None:
    peaks = 1.0 + stats.expon.rvs(scale=0.2, size=6, random_state=1)
    few = fit_tails(peaks, 1.0, 30.0, 800, np.random.default_rng(0))
    many = fit_tails(
        1.0 + stats.expon.rvs(scale=0.2, size=400, random_state=1), 1.0, 30.0, 800, np.random.default_rng(0)
    )
    assert few.shape.std() > 2 * many.shape.std()
    with pytest.raises(RefusedByTheory, match=r"4 peaks above 1\.00 m"):
        fit_tails(np.linspace(1.1, 2.0, 4), 1.0, 30.0, 10, np.random.default_rng(0))


def test_hours_of_one_storm_are_one_peak() -> None:
    time = np.datetime64("2000-01-01", "h") + np.arange(400) * HOUR
    height = np.zeros(400)
    height[[10, 14, 60, 200]] = 2.0, 3.0, 1.5, 1.2  # 4 h and 46 h apart: one storm; 140 h: another
    assert cluster_peaks(time, height, 1.0, 72 * HOUR).tolist() == [14, 200]
    assert cluster_peaks(time, height, 1.0, 24 * HOUR).tolist() == [14, 60, 200]
    assert cluster_peaks(time, height, 5.0, 24 * HOUR).size == 0
