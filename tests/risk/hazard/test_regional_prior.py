"""A short record updates what is known of other coasts; without a record that is all there is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.risk.hazard.surges.regional_prior import EVENTS_PER_YEAR, SurgePrior, update_tails

pytestmark = pytest.mark.slow

PRIOR = SurgePrior((2.7, 0.5), (-0.4, 0.35), (0.0, 0.15), (-1.7, 0.5))


def draw(years: float, scale: float, seed: int = 0, samples: int = 400) -> tuple[float, float, float]:
    """p10, p50 and p90 of the 100-year surge, from so many years of storms with this scale [m] above 0.5 m."""
    rng = np.random.default_rng(seed)
    peaks = 0.5 + rng.exponential(scale, rng.poisson(EVENTS_PER_YEAR * years))
    tails = update_tails(PRIOR, 0.0, 0.2, peaks, 0.5, years, samples, np.random.default_rng(1))
    grid = np.linspace(0.5, 20.0, 4000)
    rates = tails.rate[:, None] * tails.exceedance(grid)
    low, middle, high = np.quantile([np.interp(-0.01, -row, grid) for row in rates], [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)


def test_more_years_narrow_the_range_and_none_leave_that_of_the_prior() -> None:
    spreads = [[draw(years, 0.13, seed) for seed in range(6)] for years in (0.0, 2.0, 30.0)]
    widths = [np.mean([high - low for low, _, high in each]) for each in spreads]
    assert widths[0] > 1.1 * widths[1] > 1.1 * 1.2 * widths[2]


def test_larger_storms_in_two_years_raise_the_rare_level() -> None:
    assert np.mean([draw(2.0, 0.26, seed)[1] for seed in range(5)]) > 1.1 * np.mean(
        [draw(2.0, 0.07, seed)[1] for seed in range(5)]
    )


def test_many_years_forget_the_prior() -> None:
    """The prior's middle has a scale of 0.13 m above 0.54 m; truth is 0.2 m above 0.5 m."""
    _, middle, _ = draw(300.0, 0.2)
    assert middle == pytest.approx(0.5 + 0.2 * np.log(100 * EVENTS_PER_YEAR), rel=0.1)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 1.0), st.floats(-0.5, 0.5), st.integers(0, 30), st.floats(0.1, 9.9), st.integers(0, 99))
def test_every_drawn_tail_is_one(spread: float, mean: float, count: int, years: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    threshold = mean + 2.5 * spread
    peaks = threshold + rng.exponential(0.7 * spread, count)
    tails = update_tails(PRIOR, mean, spread, peaks, threshold, years, 50, rng)
    assert (tails.scale > 0).all()
    assert (tails.rate > 0).all()
    falling = tails.exceedance(np.linspace(threshold, threshold + 20 * spread, 20))
    assert (np.diff(falling, axis=1) <= 0).all()
    assert np.isfinite(falling).all()
