"""Mortality in floods: closed forms, order, and recorded floods within the bounds at their published depths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from strandline.risk.impact.lives.mortality import (
    BREACH_DEPTH,
    BREACH_FLUX,
    GRAVITY,
    WEAK_HOUSES,
    Mortality,
    rapidly_rising_zone,
    remaining_zone,
    surges_of_the_gulf,
    weak_houses,
)

FOOT = 0.3048
DEPTH = np.linspace(0.0, 12.0, 241)
STRONG, WEAK = Mortality(False), Mortality(True)
HOUSING_BY_DEPTH = ((35_399, 2 * FOOT, 4 * FOOT), (48_284, 4 * FOOT, 7 * FOOT), (19_829, 7 * FOOT, 15 * FOOT))
"""Housing units of Orleans Parish by depth on 29 August 2005: U.S. Department of Housing and Urban Development; the
last class ends at the 13 to 15 feet that Boyd states (Times-Picayune, 2006)."""


@pytest.mark.parametrize(("zone", "mean", "spread"), [(remaining_zone, 7.60, 2.75), (rapidly_rising_zone, 1.46, 0.28)])
def test_zones_are_the_published_normal_distributions_of_the_logarithm_of_depth(zone, mean, spread) -> None:  # type: ignore[no-untyped-def]
    wet = DEPTH[DEPTH >= 0.15]
    np.testing.assert_allclose(zone(wet), norm(mean, spread).cdf(np.log(wet)), rtol=1e-12)
    assert zone(np.array([np.exp(mean)]))[0] == pytest.approx(0.5)


def test_a_surge_of_the_gulf_kills_a_third_at_most_and_half_of_that_at_three_metres_thirty() -> None:
    middle = 20.37 / 6.18
    np.testing.assert_allclose(surges_of_the_gulf(np.array([middle, 50.0])), [0.17, 0.34])
    depth = np.array([2.0])
    np.testing.assert_allclose(surges_of_the_gulf(depth), 0.34 / (1 + np.exp(20.37 - 6.18 * depth)))


def test_a_breach_needs_water_deep_enough_to_carry_its_flux() -> None:
    assert pytest.approx(BREACH_FLUX) == BREACH_DEPTH * (GRAVITY * BREACH_DEPTH) ** 0.5
    assert (GRAVITY * BREACH_DEPTH) ** 0.5 > 2, "the second criterion of the paper, 2 m/s, is met"
    near, far = (STRONG.most(np.array([BREACH_DEPTH - 0.01, BREACH_DEPTH]), np.full(2, at)) for at in (True, False))
    assert near[0] == far[0]
    assert near[1] > 10 * far[1]


@pytest.mark.parametrize("mortality", [STRONG, WEAK])
@pytest.mark.parametrize("near", [True, False])
def test_deeper_water_never_kills_fewer_and_bounds_keep_their_order(mortality: Mortality, near: bool) -> None:
    least, likely = mortality.least(DEPTH), mortality.likely(DEPTH)
    most = mortality.most(DEPTH, np.full(DEPTH.size, near))
    for share in (least, likely, most):
        assert (np.diff(share) >= 0).all()
        assert ((share >= 0) & (share <= 1)).all()
    assert (least <= likely).all()
    assert (likely <= most).all()
    assert (most[DEPTH < 0.15] == 0).all(), "less is no flood"


@given(st.floats(0.15, 12), st.booleans())
def test_the_upper_bound_holds_every_function_that_the_depth_allows(depth: float, near: bool) -> None:
    water, at = np.array([depth]), np.array([near])
    for mortality in (STRONG, WEAK):
        most = mortality.most(water, at)
        for function in (remaining_zone, rapidly_rising_zone, surges_of_the_gulf):
            assert most >= function(water)
            assert mortality.least(water) <= function(water)
    assert WEAK.most(water, at) >= weak_houses(water)
    assert WEAK.most(water, at) >= STRONG.most(water, at)


def test_weak_houses_reach_the_recorded_share_and_kill_nobody_below_dangerous_depth() -> None:
    np.testing.assert_allclose(
        weak_houses(np.array([0.5, 1.25, 2.0, 6.0])), [0, WEAK_HOUSES / 2, WEAK_HOUSES, WEAK_HOUSES]
    )


def bounds(depths: list[tuple[float, float, float]]) -> tuple[float, float]:
    """Least and most share who die behind embankments, of (weight, least depth, greatest depth) [m]."""
    weight, low, high = np.array(depths).T
    share = weight / weight.sum()
    return float(share @ STRONG.least(low)), float(share @ STRONG.most(high, np.ones(len(high), dtype=bool)))


def test_bounds_hold_new_orleans_in_2005() -> None:
    """About 600 of 63,000 exposed, 7 to 11 in a thousand: Boyd (Estimating and mapping the direct flood fatality rate
    for flooding in Greater New Orleans, abstract)."""
    low, high = bounds(list(HOUSING_BY_DEPTH))
    assert low < 0.007
    assert high > 0.011
    middle = [(weight, (a + b) / 2, (a + b) / 2) for weight, a, b in HOUSING_BY_DEPTH]
    assert bounds(middle)[0] < 600 / 63_000 < bounds(middle)[1] < 0.2, "bounds are wide, not empty"


def test_bounds_hold_hurricane_betsy_in_1965() -> None:
    """50 of 35,000 exposed, in 6 to 8 feet: Boyd (Times-Picayune, 2006)."""
    low, high = bounds([(1, 6 * FOOT, 8 * FOOT)])
    assert low < 50 / 35_000 < high


def test_bounds_hold_oude_tonge_in_1953() -> None:
    """305 of 3088 people (Watersnoodmuseum); 3.0 to 3.5 m above NAP (report of 1954), on a polder near NAP: assumed."""
    low, high = bounds([(1, 3.0, 3.5)])
    assert low < 305 / 3088 < high
    slow = STRONG.likely(np.array([3.5]))[0]
    assert slow < 305 / 3088, "slowly rising water alone would have hidden it"


def test_bounds_hold_those_without_a_strong_house_in_bangladesh_in_1991() -> None:
    """22 % of those who did not reach a concrete or brick structure (Bern et al. 1993), the source of this bound; the
    surge was up to 6 m high."""
    depth, open_coast = np.array([2.0, 6.0]), np.zeros(2, dtype=bool)
    assert (WEAK.most(depth, open_coast) >= 0.22).all()
    assert STRONG.most(depth, open_coast)[0] < 0.22
