"""Simulated years and what they flood: closed forms of Poisson events, limits of dependence, shares that add up."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.joint.driver_events import DAYS, DriverEvents
from strandline.risk.hazard.joint.flood_chance import (
    annual_probability,
    flood_chance,
    return_levels,
    shares_of_drivers,
)
from strandline.risk.hazard.joint.simulated_years import JointEvents, SimulatedYears

pytestmark = pytest.mark.slow

YEARS, RATE = 40, 12
LIMITS = np.array([3.5, 4.5, 5.5])


def record(seed: int, together: bool = False) -> DriverEvents:
    """Exponential peaks of two drivers, independent or equal; eight records leave rare chances a tenth uncertain."""
    rng = np.random.default_rng(seed)
    count = YEARS * RATE
    time = np.datetime64("2000-01-01", "h") + np.sort(rng.integers(YEARS * 8766, size=count)).astype("timedelta64[h]")
    peaks = rng.exponential(size=(count, 2))
    if together:
        peaks[:, 1] = peaks[:, 0]
    return DriverEvents(("sea", "rain"), time.astype("datetime64[ns]"), peaks, np.zeros(count, dtype=bool), YEARS)


def first(peaks: Floats) -> Mask:
    return peaks[:, :1] > LIMITS


def either(peaks: Floats) -> Mask:
    return np.asarray(peaks.max(axis=1)[:, None] > LIMITS)


def mean_over_records(together: bool, flooded: object) -> Floats:
    found = []
    for seed in range(100, 108):
        rng = np.random.default_rng(seed)
        fitted = JointEvents.of(record(seed, together), 20, rng)
        found.append(np.mean([annual_probability(fitted.draw(200, s, rng), flooded) for s in range(20)], axis=0))
    return np.mean(found, axis=0)


def test_one_driver_floods_as_often_as_poisson_events_exceed() -> None:
    truth = 1 - np.exp(-RATE * np.exp(-LIMITS))
    assert mean_over_records(False, first) == pytest.approx(truth, rel=0.25, abs=0.025)


def test_two_independent_drivers_flood_nearly_twice_as_often_and_equal_ones_as_often_as_one() -> None:
    rate = RATE * np.exp(-LIMITS)
    independent = 1 - np.exp(-2 * rate + RATE * np.exp(-2 * LIMITS))
    assert mean_over_records(False, either) == pytest.approx(independent, rel=0.25, abs=0.025)
    assert mean_over_records(True, either) == pytest.approx(1 - np.exp(-rate), rel=0.25, abs=0.025)


def test_the_same_seed_gives_the_same_years() -> None:
    events = record(1)
    one, two = (
        flood_chance(
            JointEvents.of(events, 5, np.random.default_rng(3)).possible_years(5, 50, np.random.default_rng(4)), first
        )
        for _ in range(2)
    )
    assert (one.mean == two.mean).all()
    assert (one.low <= one.middle).all()
    assert (one.middle <= one.high).all()


def test_return_levels_are_quantiles_of_the_greatest_of_a_year() -> None:
    years = SimulatedYears(
        4,
        np.array([0, 0, 1, 3]),
        np.zeros(4),
        np.array([[1.0], [5.0], [2.0], [3.0]]),
        np.zeros((4, 1)),
    )
    assert return_levels(years, lambda peaks: peaks, (4.0, 2.0)).ravel().tolist() == [3.0, 2.0]
    assert annual_probability(years, lambda peaks: peaks > 2.5).tolist() == [0.5]


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_shares_add_up_and_higher_limits_flood_less(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    years = SimulatedYears(
        50,
        np.sort(rng.integers(50, size=n)),
        rng.uniform(0, DAYS, n),
        rng.exponential(size=(n, 3)),
        np.full((n, 3), 0.7),
    )

    def flooded(peaks: Floats) -> Mask:
        return np.asarray((peaks[:, 0] + peaks[:, 1] * (peaks[:, 2] > 0.5))[:, None] > LIMITS)

    chance = annual_probability(years, flooded)
    assert shares_of_drivers(years, partial(annual_probability, years, flooded)).sum(axis=0) == pytest.approx(chance)
    assert (np.diff(chance) <= 0).all()


def test_a_driver_that_floods_nothing_has_no_share() -> None:
    rng = np.random.default_rng(0)
    fitted = JointEvents.of(record(2), 1, rng)
    years = fitted.draw(300, 0, rng)
    shares = shares_of_drivers(years, partial(annual_probability, years, first))
    assert (shares[1] == 0).all()
    assert (shares[0] > 0).all()


def test_cyclones_are_a_population_of_their_own_where_there_are_enough() -> None:
    rng = np.random.default_rng(0)
    events = record(3)
    cyclonic = rng.random(events.time.size) < 0.1
    apart = DriverEvents(events.drivers, events.time, events.peaks, cyclonic, events.years)
    sizes = [population.events.time.size for population in JointEvents.of(apart, 2, rng).populations]
    assert sizes == [(~cyclonic).sum(), cyclonic.sum()]
    assert len(JointEvents.of(events, 2, rng).populations) == 1


def test_too_few_events_are_refused() -> None:
    with pytest.raises(RefusedByTheory, match="give more years"):
        JointEvents.of(record(4).take(np.arange(50)), 1, np.random.default_rng(0))
