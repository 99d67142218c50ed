"""Tide and surge together, against sums of independent chances and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import RefusedByTheory
from strandline.risk.hazard.surges.joint_probability import STEP, TideClasses, invert_rates, level_grid, tides_met


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_chance_of_a_level_is_that_of_random_sums(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tide, surge = rng.uniform(0.4, 1.4, 4000), rng.exponential(0.2, 4000)
    grid = level_grid(1.0, 4.0)
    classes = TideClasses.of(tide)
    found = classes.add(np.exp(-np.maximum(classes.surge_grid(grid), 0.0) / 0.2))
    for level in (1.2, 1.6, 2.0):
        drawn = (rng.permutation(tide)[:, None] + surge[None, :400] > level).mean()
        assert np.interp(level, grid, found) == pytest.approx(drawn, abs=0.03)
    assert (np.diff(found) <= 1e-12).all()


def test_without_a_tide_the_level_is_the_surge() -> None:
    grid = level_grid(0.0, 5.0)
    classes = TideClasses.of(np.zeros(10))
    exceedance = np.exp(-classes.surge_grid(grid))
    np.testing.assert_allclose(classes.add(exceedance), exceedance)


def test_a_long_storm_meets_the_highest_tide_of_its_high_waters() -> None:
    predicted = np.tile([0.5, 1.0], 200)
    month = np.zeros(400, dtype=np.int64)
    lasting, short = np.array([0.3, 0.3, 0.3]), np.array([-np.inf, 0.3, -np.inf])
    one = np.array([1])
    assert tides_met(lasting, one, one * 0, predicted, month).lowest == pytest.approx(1.0)
    assert tides_met(short, one, one * 0, predicted, month).lowest == pytest.approx(0.5)


def test_rates_of_two_causes_add_up_to_the_product_of_their_quiet_years() -> None:
    grid = level_grid(0.0, 20.0)
    winter, cyclone = 5.0 * np.exp(-grid / 0.3), 0.3 * np.exp(-grid / 1.5)
    (level,) = invert_rates((winter + cyclone)[None, :], grid, (100.0,))[0]
    quiet = np.exp(-5.0 * np.exp(-level / 0.3)) * np.exp(-0.3 * np.exp(-level / 1.5))
    assert quiet == pytest.approx(0.99, abs=2e-4)
    assert STEP <= 0.05
    with pytest.raises(RefusedByTheory, match="exceeded once in 2 years"):
        invert_rates(0.01 * winter[None, :], grid, (2.0,))
