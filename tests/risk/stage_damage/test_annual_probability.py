"""Annual probability of flooding: the integral of the maps over the levels of a year."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from strandline.risk.stage_damage.annual_probability import FloodChances, annual_probability
from tests.fixtures.hazards import at_one_period, make_hazard

PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
RISING = st.lists(st.floats(0, 1), min_size=6, max_size=6).map(sorted)


def of(probability: list[float], periods: tuple[float, ...] = PERIODS) -> tuple[float, float]:
    found = annual_probability(np.array(probability)[:, None, None], periods)
    return float(found.at_least[0, 0]), float(found.at_most[0, 0])


@settings(deadline=None, max_examples=30)
@given(RISING)
def test_the_annual_probability_is_the_integral_over_the_exceedance_probability(
    probability: list[float],
) -> None:
    def given_level(exceedance: float) -> float:
        return float(np.interp(-np.log(exceedance), np.log(PERIODS), probability))

    edges = 1 / np.array(PERIODS[::-1])
    whole = sum(quad(given_level, low, high)[0] for low, high in pairwise(edges))
    at_least, at_most = of(probability)
    assert at_least == pytest.approx(whole + probability[-1] / 100, abs=1e-9)
    rarer = min((probability[-1] - probability[-2]) / np.log(2), 1 - probability[-1]) / 100
    assert at_most == pytest.approx(at_least + probability[0] / 2 + rarer, abs=1e-9)
    assert 0 <= at_least <= at_most <= 1 + 1e-9


@settings(deadline=None, max_examples=50)
@given(RISING, st.integers(0, 5), st.floats(0, 1))
def test_a_cell_that_floods_more_easily_at_any_level_never_floods_more_rarely(
    probability: list[float], number: int, more: float
) -> None:
    wetter = np.maximum.accumulate([*probability[:number], max(probability[number], more), *probability[number + 1 :]])
    for before, after in zip(of(probability), of(wetter.tolist()), strict=True):
        assert after >= before - 1e-12


def test_a_cell_that_floods_from_a_level_on_floods_as_often_as_that_level_comes() -> None:
    """A step between two return periods is at neither: the answer lies between their frequencies."""
    for first in range(1, 6):
        at_least, at_most = of([float(number >= first) for number in range(6)])
        assert 1 / PERIODS[first] <= at_least <= 1 / PERIODS[first - 1]
        assert at_most == at_least, "below the first return period it is dry in any case"


def test_the_truth_of_a_simulated_coast_lies_within_the_bounds() -> None:
    """Ten thousand years of highest seas; a cell floods with a chance that grows with the level."""
    rng = np.random.default_rng(2)
    highest = rng.gumbel(1.0, 0.2, 10_000)
    middle = rng.uniform(0.8, 2.2, 40)  # of each cell [m]

    def chance(level: float) -> np.ndarray:
        return 1 / (1 + np.exp(-(level - middle) / 0.15))

    flooded = np.mean([chance(level) for level in highest], axis=0)
    levels = 1.0 - 0.2 * np.log(-np.log(1 - 1 / np.array(PERIODS)))
    found = annual_probability(np.stack([chance(level) for level in levels])[:, None], PERIODS)
    assert (found.at_least[0] <= flooded * 1.05 + 0.002).all()
    assert (found.at_most[0] >= flooded * 0.95 - 0.002).all()


def test_the_chance_in_any_year_starts_from_the_same_maps_as_damage() -> None:
    hazard = make_hazard()
    often = at_one_period(make_hazard(rise=-0.2), 0, 1.1)
    chances = FloodChances.of(hazard, often)
    assert chances.return_periods == (1.1, *hazard.return_periods)
    known = ~np.isnan(hazard.flood_probability[0])
    with_often, without = chances.in_any_year(), FloodChances.of(hazard, None).in_any_year()
    first = hazard.return_periods[0]
    more = (1 / 1.1 - 1 / first) * hazard.flood_probability[0]  # at most, if the lower sea floods as much
    gained = (with_often.at_least - without.at_least)[known]
    assert gained.max() > 0.1
    assert ((gained >= -1e-6) & (gained <= more[known] + 1e-6)).all()
    assert (with_often.at_most[known] <= without.at_most[known] + 1e-6).all(), "bounds close where more is mapped"


def test_noise_of_the_maps_makes_no_cell_wetter_in_a_lower_sea() -> None:
    hazard = make_hazard()
    noisy = replace(at_one_period(hazard, 0, 1.1), flood_probability=np.ones_like(hazard.flood_probability[:1]))
    probability = FloodChances.of(hazard, noisy).probability
    assert not (np.diff(probability, axis=0) < 0).any()


def test_an_unknown_cell_has_an_unknown_annual_probability() -> None:
    found = annual_probability(np.full((6, 1, 1), np.nan), PERIODS)
    assert np.isnan(found.at_least).all()
    assert np.isnan(found.at_most).all()
