"""Repairs: closed form for one polder, the value of information, and the order of stretches."""

from math import nan

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.risk.breaches.breached_maps import with_breaches
from strandline.risk.breaches.flood_behind import FloodBehind
from strandline.risk.breaches.fragility import Fragility, draw_strengths
from strandline.risk.breaches.repair import Repair, appraise_repairs
from strandline.risk.breaches.sampled_breaches import Breaches
from strandline.risk.breaches.stretches import find_stretches
from strandline.risk.expectation import Expectation
from strandline.risk.sensitivity import CURVE_DEVIATES
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.vulnerability import damage_ratio
from tests.fixtures import polders
from tests.fixtures.polders import LARGE, REGION, SMALL

pytestmark = pytest.mark.slow

LEVELS, DEPTH, SAMPLES = (0.8, 1.2, 1.6), 1.0, 400
MONEY = st.floats(0, 1e7)


def breaches_of(assets: gpd.GeoDataFrame, areas: list[tuple[int, int, int, int]]) -> Breaches:
    """Each polder holds ``DEPTH`` of water as soon as one of its stretches breaches, whatever the sea."""
    stretches = find_stretches(assets, REGION)
    floods = []
    for number, area in enumerate(areas):
        cells = np.flatnonzero(polders.inside(area))
        own = np.array([n for n, each in enumerate(stretches) if each.line == f"dike {number}"])
        full = np.full((2, cells.size), DEPTH)
        share = np.ones((len(own), cells.size))
        floods.append(FloodBehind(cells, own, np.array([0.0, 3.0]), 0 * full, full, share))
    line = np.unique([each.line for each in stretches], return_inverse=True)[1]
    strength = draw_strengths(line, SAMPLES, 0.5, np.random.default_rng(0))
    luck = np.zeros((SAMPLES, len(areas)))
    return Breaches(stretches, (0.0,) * len(stretches), strength, strength, luck, tuple(floods), learned=False)


def appraised(
    assets: gpd.GeoDataFrame, areas: list[tuple[int, int, int, int]], periods: tuple[float, ...] = ()
) -> tuple[Repair, ...]:
    """With the levels of the 1.25-year sea as well, if ``periods`` says so."""
    breaches = breaches_of(assets, areas)
    maps, often = (
        with_breaches(polders.hazard(levels, samples=SAMPLES, periods=each), breaches, assets)
        for levels, each in ((LEVELS, polders.RETURN_PERIODS), (LEVELS[:1], periods or (1.25,)))
    )
    return appraise_repairs(breaches, maps, often if periods else None, assets)


def a_year(condition: str, crest: float = 1.6) -> float:
    """Expected breaches of a stretch in a year, in closed form [a-1]."""
    weights = frequency_weights(polders.RETURN_PERIODS)
    return float(Fragility.of(crest, condition, 0.0).probability(np.array(LEVELS)) @ weights)


def home_damage() -> float:
    """Of a home of 100 000, mean over the errors of the curve."""
    return 1e5 * float(np.mean([damage_ratio(DEPTH, "residential", "asia", float(z)) for z in CURVE_DEVIATES]))


@pytest.mark.parametrize("condition", ["good", "fair", "poor"])
def test_a_repair_avoids_what_worse_condition_adds_in_a_year(condition: str) -> None:
    (repair,) = appraised(polders.dikes([SMALL], [1.6], [condition]), [SMALL])
    assert repair.breaches_a_year == pytest.approx(a_year(condition), abs=2e-3)
    fewer = a_year(condition) - a_year("good")
    assert repair.damage.mean == pytest.approx(fewer * home_damage(), abs=2e-3 * home_damage())
    assert repair.people == pytest.approx(5 * fewer, abs=0.01)
    assert list(repair.damage_if) == [condition]
    assert repair.value_of_survey(25.0, 1e4) == 0.0
    if condition == "good":
        assert repair.damage.mean == 0.0


def test_an_unknown_condition_is_the_mean_of_all_three_and_a_survey_of_it_has_the_value_of_the_formula() -> None:
    (repair,) = appraised(polders.dikes([SMALL], [1.6]), [SMALL])
    avoided = {each: (a_year(each) - a_year("good")) * home_damage() for each in ("good", "fair", "poor")}
    assert repair.damage_if == pytest.approx(avoided, abs=2e-3 * home_damage())
    assert repair.damage.mean == pytest.approx(np.mean(list(repair.damage_if.values())))
    annuity = 20.0
    good, fair, poor = (annuity * repair.damage_if[each] for each in ("good", "fair", "poor"))
    assert good == 0 < fair < poor
    cost = (fair + poor) / 2  # only a poor dike pays its repair
    net = (good + fair + poor) / 3 - cost
    assert repair.value_of_survey(annuity, cost) == pytest.approx((poor - cost) / 3 - max(net, 0.0))
    assert repair.value_of_survey(annuity, 0.0) == pytest.approx(0.0)
    assert repair.value_of_survey(annuity, poor + 1) == 0.0


@given(avoided=st.lists(MONEY, min_size=1, max_size=3), annuity=st.floats(0, 50), cost=st.floats(0, 1e9))
def test_no_survey_is_worth_less_than_nothing_and_none_is_worth_more_than_deciding_on_chance_costs(
    avoided: list[float], annuity: float, cost: float
) -> None:
    (one,) = find_stretches(polders.dikes([SMALL], [1.6]), REGION)
    repair = Repair(one, 0.1, Expectation.unknown(), {str(n): each for n, each in enumerate(avoided)}, nan)
    worth = repair.value_of_survey(annuity, cost)
    net = annuity * np.array(avoided) - cost
    assert worth >= -1e-6 * (1 + np.abs(net).max())
    assert worth <= max(net.max(), 0.0) + 1e-6 * (1 + np.abs(net).max())
    if len(avoided) == 1:
        assert worth == pytest.approx(0.0, abs=1e-6 * (1 + np.abs(net).max()))


def test_the_stretch_before_more_homes_comes_first() -> None:
    assets = polders.dikes([SMALL, LARGE], [1.6, 1.6])
    assets.loc[assets["asset_id"] == "home 1", "value"] = 1e7
    found = appraised(assets, [SMALL, LARGE])
    assert [each.stretch.line for each in found] == ["dike 1", "dike 1", "dike 0"]
    values = [each.damage.mean / each.stretch.length for each in found]
    assert values == sorted(values, reverse=True)


def test_of_two_stretches_before_one_polder_neither_repair_avoids_all() -> None:
    alone = polders.dikes([LARGE], [1.6], ["poor"])
    first, second = appraised(alone, [LARGE])
    both = breaches_of(alone, [LARGE])
    first_to_fail = both.failure_levels(both.strength).min(axis=1)
    any_breach = (first_to_fail[:, None] <= np.array(LEVELS)) @ frequency_weights(polders.RETURN_PERIODS)
    whole = float(any_breach.mean()) * home_damage()
    for repair in (first, second):
        assert 0 < repair.damage.mean < whole
    assert first.damage.mean + second.damage.mean < 2 * whole


def test_without_values_or_counts_nothing_is_stated() -> None:
    assets = polders.dikes([SMALL], [1.6]).drop(columns="people").assign(value=nan)
    (repair,) = appraised(assets, [SMALL])
    assert np.isnan(repair.damage.mean)
    assert np.isnan(repair.people)
    assert repair.breaches_a_year > 0


def test_levels_of_shorter_return_periods_count() -> None:
    assets = polders.dikes([SMALL], [1.6], ["poor"])
    (with_frequent,), (without,) = appraised(assets, [SMALL], periods=(1.25,)), appraised(assets, [SMALL])
    assert with_frequent.damage.mean > without.damage.mean
