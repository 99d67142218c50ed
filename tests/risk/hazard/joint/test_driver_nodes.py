"""Nodes of drivers: chances between them, and years that reach them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.risk.hazard.joint.driver_nodes import DriverNodes, level_of_years, mean_of_years, share_of_years
from strandline.risk.hazard.joint.flood_chance import annual_probability
from strandline.risk.hazard.joint.simulated_years import SimulatedYears

NODES = DriverNodes((np.array([0.0, 1.0, 3.0]), np.array([10.0, 20.0])))


def years_of(peaks: np.ndarray, year: list[int], count: int) -> SimulatedYears:
    return SimulatedYears(count, np.array(year), np.zeros(len(year)), peaks, np.zeros(peaks.shape))


def drawn(seed: int, events: int = 2000, count: int = 200) -> SimulatedYears:
    rng = np.random.default_rng(seed)
    peaks = np.stack([rng.exponential(size=events), 10 + rng.exponential(5, size=events)], axis=1)
    year = np.sort(rng.integers(count, size=events))
    return SimulatedYears(count, year, np.zeros(events), peaks, np.full(peaks.shape, 0.5))


def test_the_grid_holds_every_combination_and_an_event_at_a_node_reaches_it_alone() -> None:
    assert NODES.grid.tolist() == [[0, 10], [0, 20], [1, 10], [1, 20], [3, 10], [3, 20]]
    years = years_of(NODES.grid.copy(), list(range(6)), 7)
    reached = NODES.reached(years, years.peaks, np.full(2, 0.001))
    np.testing.assert_array_equal(reached[:6], np.eye(6, dtype=bool))
    assert not reached[6].any(), "a year without events reaches nothing"


def test_between_two_nodes_an_event_counts_as_the_upper_one_from_the_same_place_on() -> None:
    peaks = np.stack([np.linspace(1, 3, 9), np.full(9, 10.0)], axis=1)
    years = years_of(peaks, list(range(9)), 9)
    reached = NODES.reached(years, peaks, np.array([0.5, 0.5]))
    assert reached.argmax(axis=1).tolist() == [2, 2, 2, 2, 4, 4, 4, 4, 4]
    later = NODES.reached(years, peaks, np.array([0.9, 0.5]))
    assert later.argmax(axis=1).tolist() == [2] * 8 + [4]


def test_beyond_the_nodes_an_event_counts_as_the_last_or_first_one() -> None:
    years = years_of(np.array([[-5.0, 0.0], [9.0, 99.0]]), [0, 1], 2)
    reached = NODES.reached(years, years.peaks, np.full(2, 0.5))
    assert np.argwhere(reached).tolist() == [[0, 0], [1, 5]]


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_share_of_years_is_that_of_the_events_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    years = drawn(seed, 300, 60)
    flooded = rng.random((6, 9)) < 0.3
    even = rng.random(2)
    reached = NODES.reached(years, years.peaks, even)

    def one_by_one(peaks: np.ndarray) -> np.ndarray:
        lone = years_of(peaks, list(range(300)), 300)
        return flooded[NODES.reached(lone, peaks, even).argmax(axis=1)]

    np.testing.assert_allclose(share_of_years(reached, flooded), annual_probability(years, one_by_one), atol=1e-12)
    amount = rng.random((6, 3))
    by_hand = [amount[row].max(axis=0) if row.any() else np.zeros(3) for row in reached]
    np.testing.assert_allclose(mean_of_years(reached, amount), np.mean(by_hand, axis=0))


def test_nodes_stand_at_the_return_levels_of_the_drawn_years() -> None:
    years = drawn(1, 40_000, 4000)
    nodes = DriverNodes.of(years)
    assert nodes.shape == (6, 6)
    assert nodes.values[0][0] == np.median(years.peaks[:, 0])
    # ten events a year with exponential heights: the T-year level is -ln(-ln(1 - 1/T) / 10)
    for level, period in zip(nodes.values[0][1:], (1.05, 1.5, 3.0, 10.0, 100.0), strict=True):
        assert level == pytest.approx(-np.log(-np.log(1 - 1 / period) / 10), abs=0.35)


def test_more_of_a_driver_never_floods_less() -> None:
    values = np.random.default_rng(0).random((6, 4)).astype(np.float32)
    rising = NODES.rising(values)
    grid = rising.reshape(3, 2, 4)
    assert (np.diff(grid, axis=0) >= 0).all()
    assert (np.diff(grid, axis=1) >= 0).all()
    assert (rising >= values).all()


def test_the_level_of_years_is_exceeded_no_more_often_than_once_in_its_period() -> None:
    reached = np.zeros((100, 3), dtype=bool)
    reached[:1, 2] = reached[:5, 1] = reached[:, 0] = True
    amount = np.array([[1.0, 4.0], [2.0, 4.0], [3.0, 4.0]])
    found = {period: level_of_years(reached, amount, period).tolist() for period in (2.0, 20.0, 50.0, 100.0, 1000.0)}
    assert found == {2.0: [1, 4], 20.0: [1, 4], 50.0: [2, 4], 100.0: [2, 4], 1000.0: [3, 4]}


@given(st.integers(0, 1000), st.floats(1.1, 200))
@settings(max_examples=30, deadline=None)
def test_years_above_the_level_are_as_rare_as_it_says(seed: int, period: float) -> None:
    rng = np.random.default_rng(seed)
    reached, amount = rng.random((80, 6)) < 0.3, rng.random((6, 4))
    level = level_of_years(reached, amount, period)
    greatest = np.array([amount[row].max(axis=0, initial=0.0) for row in reached])
    assert ((greatest > level).mean(axis=0) <= 1 / period + 1e-12).all()
    below = np.where(greatest < level, -1.0, greatest)
    assert ((below >= 0).mean(axis=0) >= 1 / period - 1e-12).all(), "and no lower one is"


def test_calm_are_the_lowest_combination_and_one_step_of_one_driver() -> None:
    assert NODES.calm.tolist() == [True, True, True, False, False, False]
