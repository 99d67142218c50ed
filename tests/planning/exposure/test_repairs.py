"""Repairs in a plan: what they cost, when they are proposed, and what is said where money is unknown."""

from dataclasses import replace
from math import isnan

import pytest

from strandline.planning.exposure.repairs import REPAIR, plan_repairs
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import load_measures
from strandline.report.consistency.plan import _value_for_cost
from strandline.risk.breaches.repair import Repair
from strandline.risk.breaches.stretches import find_stretches
from strandline.risk.expectation import Expectation
from tests.fixtures import polders

ECONOMY, MEASURES = Economy(0.03, 50, 2025), load_measures()
MUCH = Expectation(1e9, 0.0, 1e9, 1e9, 1e9, 400)


def repair(avoided: float, condition: str = "unknown", breaches: float = 0.1) -> Repair:
    (stretch,) = find_stretches(polders.dikes([polders.SMALL], [1.6], [condition]), polders.REGION)
    cases = {"good": 0.0, "fair": avoided, "poor": 2 * avoided} if condition == "unknown" else {condition: avoided}
    return Repair(stretch, breaches, Expectation(avoided, 0.1 * avoided, 0.0, avoided, 2 * avoided, 40), cases, 3.0)


def test_a_repair_that_pays_is_an_action_whose_numbers_follow_from_one_another() -> None:
    found = plan_repairs([repair(1e7)], MEASURES, ECONOMY, MUCH)
    (action,) = found.actions
    assert action.kind == REPAIR
    assert action.title == "Repair km 0.0–1.2 of the embankment dike 0 first"
    assert action.where == ("dike 0",)
    assert action.confidence == "low"
    assert not list(_value_for_cost("it", action.net_present_value, action.benefit_cost_ratio, action.cost))
    price = next(each for each in MEASURES.long_term if each.key == "raise_embankment")
    factor = ECONOMY.life_cycle_cost_factor(price.lifetime_years.value, price.upkeep_share.value)
    (stretch,) = found.stretches
    assert action.cost is not None
    assert action.cost.mean == stretch.cost == pytest.approx(1.2 * price.unit_cost.value * factor)
    assert stretch.net_present_value == pytest.approx(1e7 * ECONOMY.annuity_from(price.lead_years) - stretch.cost)


def test_a_repair_beyond_the_budget_says_so() -> None:
    (action,) = plan_repairs([repair(1e7)], MEASURES, ECONOMY, MUCH, budget=1e3).actions
    assert not action.within_budget


def test_no_repair_avoids_more_than_all_damage() -> None:
    (action,) = plan_repairs([repair(1e7)], MEASURES, ECONOMY, replace(MUCH, mean=9e6, p90=8e6)).actions
    assert action.avoided_loss is not None
    assert action.avoided_loss.mean == 9e6
    assert action.avoided_loss.p90 == 8e6


def test_a_repair_that_does_not_pay_is_a_note_and_a_look_at_it_may_still_be_worth_something() -> None:
    price = next(each for each in MEASURES.long_term if each.key == "raise_embankment")
    factor = ECONOMY.life_cycle_cost_factor(price.lifetime_years.value, price.upkeep_share.value)
    just_below = 0.9 * 1.2 * price.unit_cost.value * factor / ECONOMY.annuity_from(price.lead_years)
    found = plan_repairs([repair(just_below)], MEASURES, ECONOMY, MUCH)
    assert not found.actions
    assert "No repair of a single stretch" in found.notes[0]
    assert "keep about 3 people a year from water at home" in found.notes[0]
    assert "Look at km 0.0–1.2 of the embankment dike 0 before all others" in found.notes[1]
    known = plan_repairs([repair(just_below, "poor")], MEASURES, ECONOMY, MUCH)
    assert len(known.notes) == 1
    assert known.stretches[0].value_of_survey == 0.0


def test_without_money_the_stretch_that_breaches_most_is_named() -> None:
    nothing = replace(repair(1.0), damage=Expectation.unknown())
    found = plan_repairs([nothing], MEASURES, ECONOMY, Expectation.unknown())
    assert not found.actions
    assert isnan(found.stretches[0].net_present_value)
    assert found.notes == (
        "Which embankment to repair first is not known in money. Km 0.0–1.2 of the embankment dike 0 is expected to"
        " breach most often, 0.1 times a year.",
    )


def test_a_catalogue_without_the_price_leaves_the_cost_unknown() -> None:
    found = plan_repairs([repair(1e7)], MEASURES.without(["raise_embankment"]), ECONOMY, MUCH)
    assert not found.actions
    assert isnan(found.stretches[0].cost)
    assert isnan(found.stretches[0].value_of_survey)
    assert found.stretches[0].avoided_damage == 1e7


def test_where_nothing_is_sampled_a_plan_says_nothing_of_repairs() -> None:
    found = plan_repairs([], MEASURES, ECONOMY, MUCH)
    assert found.stretches == found.actions == found.notes == ()
