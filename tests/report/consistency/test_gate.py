"""Results that contradict one another are refused, each in a sentence, and nothing of them is written."""

import pickle
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tests.fixtures.reports as coast
from strandline.errors import Contradiction
from strandline.planning.actions import Action
from strandline.planning.early_action.evacuation.clearance_time import ClearanceTime
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationArea, EvacuationAreas
from strandline.planning.early_action.protocol import Night
from strandline.planning.plan import Plan
from strandline.report.consistency.agreement import is_at_most
from strandline.report.consistency.assets_and_map import assets_follow_the_map
from strandline.report.consistency.damage import avoided_within_damage, parts_add_up
from strandline.report.consistency.gate import contradictions, refuse_contradictions
from strandline.report.consistency.one_value import one_value_everywhere
from strandline.report.consistency.people import people_nest
from strandline.report.consistency.places import places_are_known
from strandline.report.consistency.plan import order_is_by_priority, proposal_follows_from_scenarios
from strandline.report.consistency.sea import levels_ascend
from strandline.report.findings import RunResults
from strandline.report.products import write_products
from strandline.report.report import write_report
from strandline.risk.expectation import Expectation
from strandline.risk.impact.impact import Impact
from strandline.risk.impact.population import DistrictPopulation, PopulationImpact
from strandline.risk.impact.totals import partial_totals
from strandline.risk.people import People


@pytest.fixture(scope="module")
def results() -> RunResults:
    return coast.results("simulated")


@pytest.fixture(scope="module")
def plan(results: RunResults) -> Plan:
    return results.plan


@pytest.fixture(scope="module")
def impact(results: RunResults) -> Impact:
    return results.impact


def only(found: Iterable[str]) -> str:
    """The one sentence that was found."""
    (sentence,) = found
    assert sentence[0] == sentence[0].upper()
    assert sentence.endswith(".")
    return sentence


def with_action(plan: Plan, number: int, **changes: object) -> Plan:
    actions: list[Action] = list(plan.actions)
    actions[number] = replace(actions[number], **changes)
    return replace(plan, actions=tuple(actions))


# The gate


def test_results_that_agree_pass(results: RunResults) -> None:
    assert list(contradictions(results)) == []


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("write", [write_products, write_report])
def test_a_contradiction_leaves_no_product(
    results: RunResults, tmp_path: Path, write: Callable[[Path, RunResults], object]
) -> None:
    wrong = with_action(results.plan, 1, priority=7)
    with pytest.raises(Contradiction, match=r"(?s)nothing was written.*- The actions are numbered 1, 7, 3"):
        write(tmp_path, replace(results, plan=wrong))
    assert list(tmp_path.iterdir()) == []


def test_every_contradiction_has_its_own_sentence(results: RunResults) -> None:
    wrong = replace(with_action(results.plan, 1, priority=7), region="Elsewhere")
    with pytest.raises(Contradiction) as caught:
        refuse_contradictions(replace(results, plan=wrong))
    assert len(caught.value.sentences) == 2
    assert pickle.loads(pickle.dumps(caught.value)).sentences == caught.value.sentences


# Damage


@pytest.mark.parametrize("name", ["mean", "p10", "p50", "p90"])
def test_no_measure_avoids_more_than_all_damage(plan: Plan, impact: Impact, name: str) -> None:
    avoided = plan.actions[1].avoided_loss
    assert avoided is not None
    too_much = replace(avoided, **{name: 1.01 * getattr(impact.expected_annual_damage, name)})
    found = only(avoided_within_damage(with_action(plan, 1, avoided_loss=too_much), impact))
    assert found.startswith("Raise the embankment avoids")
    assert plan.portfolio is not None
    proposal = replace(plan, portfolio=replace(plan.portfolio, avoided_loss=too_much))
    assert only(avoided_within_damage(proposal, impact)).startswith("The proposal avoids")


def test_nothing_is_avoided_where_no_damage_is_known(plan: Plan, impact: Impact) -> None:
    unknown = replace(impact, expected_annual_damage=Expectation.unknown())
    assert any(sentence.startswith("Raise homes") for sentence in avoided_within_damage(plan, unknown))


def test_no_emergency_action_avoids_more_than_all_assets_are_valued_at(plan: Plan, impact: Impact) -> None:
    huge = coast.amount(0.0, 1e12, 2e12)
    wrong = with_action(plan, 1, avoided_loss=huge, avoided_loss_per="event")
    assert "in one flood" in only(avoided_within_damage(wrong, impact))


def test_parts_are_the_whole(impact: Impact) -> None:
    names = [f"expected_annual_damage_{name}" for name in ("mean", "mean")]
    frame = impact.assets.assign(district=["harbour"] * 20 + [None] * 6)
    samples = np.stack([frame[name] for name in names])  # (2, A)
    whole = replace(impact, assets=frame, totals=partial_totals(samples, frame, 2))
    assert list(parts_add_up(whole)) == []
    without = replace(whole, totals=whole.totals[1:])
    assert {sentence.split(" add up")[0] for sentence in parts_add_up(without)} >= {
        "By class, damage a year", "By class, assets",
    }  # fmt: skip
    fewer = replace(whole, totals=tuple(part for part in whole.totals if part.name is not None))
    assert any(sentence.startswith("By district, assets") for sentence in parts_add_up(fewer))


def test_assets_are_counted_once_and_unknown_ones_are_counted_as_such(impact: Impact) -> None:
    twice = impact.assets.copy()
    twice.loc[3, "asset_id"] = twice.loc[4, "asset_id"]
    assert "is counted twice" in only(parts_add_up(replace(impact, assets=twice)))
    assert "counted as unknown" in only(parts_add_up(replace(impact, unknown_assets=0)))
    more = replace(impact.expected_annual_damage, mean=2 * impact.expected_annual_damage.mean)
    assert "single assets adds up" in only(parts_add_up(replace(impact, expected_annual_damage=more)))


@given(st.floats(-1e12, 1e12), st.floats(0.001, 1e6))
def test_a_number_is_at_most_itself_and_less_than_what_is_clearly_more(most: float, more: float) -> None:
    assert is_at_most(most, most)
    assert not is_at_most(most + more + 1e-3 * abs(most), most)


# Sea, people, assets


def test_a_rarer_sea_level_that_lies_lower_is_refused(results: RunResults) -> None:
    levels = results.hazard.levels.copy()
    levels[3, [2, 3]] = levels[3, [3, 2]]
    found = only(levels_ascend(replace(results.hazard, levels=levels)))
    assert found == "In 1 of 24 samples the 25-year sea level lies below the 10-year one."


def test_whoever_is_counted_in_a_part_is_counted_in_the_whole() -> None:
    here, wet = People(100.0, 200.0, 300.0), People(10.0, 50.0, 290.0)
    district = DistrictPopulation("harbour", here, 0, wet, {})
    counted = PopulationImpact(here, 0, wet, {"hospital": wet}, (district,))
    assert list(people_nest(counted, None)) == []
    assert list(people_nest(None, None)) == []
    many = People(10.0, 100.0, 301.0)
    for wrong in (
        replace(counted, exposed=many),
        replace(counted, cut_off={"hospital": many}),
        replace(counted, districts=(replace(district, residents=many),)),
        replace(counted, districts=(replace(district, exposed=many),)),
    ):
        assert "at most 301, more than the 300" in only(people_nest(wrong, None))
    assert "of evacuation area A" in only(people_nest(counted, areas_of(("marsh",), people=many)))


def areas_of(*zones: tuple[str, ...], people: People, level: float = 1.18) -> EvacuationAreas:
    clearance = ClearanceTime.__new__(ClearanceTime)  # no check looks at it
    areas = (
        EvacuationArea("AB"[number], names, (level,), level, 5.0, people, clearance)
        for number, names in enumerate(zones)
    )
    night = Night(begins=20, ends=4)
    return EvacuationAreas(tuple(areas), (), night, "20:00 to 04:00")


def test_assets_in_water_that_count_as_undamaged_are_refused(results: RunResults) -> None:
    impact, states = results.impact, [f"damage_state_{state}" for state in range(5)]
    assert list(assets_follow_the_map(results.hazard, impact)) == []
    spread = impact.assets.copy()
    spread[states] = np.where(np.isnan(spread[states]), np.nan, [1.0, 0.0, 0.0, 0.0, 0.0])
    found = only(assets_follow_the_map(results.hazard, replace(impact, assets=spread)))
    assert found.endswith("but only 0 of them count as damaged.")
    dry = impact.assets.assign(depth_p50=np.where(impact.assets["depth_p50"].isna(), np.nan, 0.0))
    found = list(assets_follow_the_map(results.hazard, replace(impact, assets=dry)))
    assert any("stay dry" in sentence for sentence in found)
    assert any("of the cells in which they stand do" in sentence for sentence in found)


# Plan


def test_the_order_of_actions_is_that_of_their_numbers_and_lives_come_first(plan: Plan) -> None:
    first, second, third = plan.actions
    swapped = (replace(first, priority=2), replace(second, priority=1), third)
    assert "2, 1, 3" in only(order_is_by_priority(replace(plan, actions=swapped)))
    last = (replace(second, priority=1), replace(third, priority=2), replace(first, priority=3))
    assert only(order_is_by_priority(replace(plan, actions=last))).startswith("Evacuate low-lying areas is for lives")


def test_what_is_said_of_a_measure_is_what_its_scenarios_say(plan: Plan) -> None:
    robust = plan.actions[1].robustness
    assert robust is not None
    for changes, part in (
        ({"pays_in": 4}, "pays in 4 scenarios"),
        ({"of": 5}, "results of 5 scenarios"),
        ({"lowest": coast.amount(0.0, 1.0, 2.0)}, "in its worst scenario"),
        ({"highest": coast.amount(0.0, 1.0, 2.0)}, "in its best scenario"),
    ):
        wrong = with_action(plan, 1, robustness=replace(robust, **changes))
        assert part in only(proposal_follows_from_scenarios(wrong))


def test_value_for_cost_follows_from_value_and_cost(plan: Plan) -> None:
    wrong = with_action(plan, 1, benefit_cost_ratio=coast.amount(0.8, 186.0, 300.0))
    assert "saves 186.00 for each unit of money spent" in only(proposal_follows_from_scenarios(wrong))


def test_proposal_actions_and_pathways_name_the_same_measures(plan: Plan) -> None:
    assert plan.portfolio is not None
    unknown = replace(plan, pathways=None, portfolio=replace(plan.portfolio, kinds=("moat",)))
    assert "'moat', which is no action" in only(proposal_follows_from_scenarios(unknown))
    assert plan.pathways is not None
    other = replace(plan, pathways=replace(plan.pathways, proposal=("raise_embankment",)))
    assert only(proposal_follows_from_scenarios(other)).startswith("The pathways begin with raise_embankment")


# Places and single values


def test_actions_name_only_assets_and_zones_of_the_place(plan: Plan, impact: Impact) -> None:
    found = only(places_are_known(with_action(plan, 2, where=("lattice_0248",)), impact))
    assert found == "Raise homes where it pays names 'lattice_0248', which is no asset and no zone of this place."


def test_a_zone_is_in_one_area_and_its_trigger_is_for_the_level_of_the_area(plan: Plan, impact: Impact) -> None:
    where, few = ("Harbour school", "Ferry quay"), People.bounded(1, 2, 3)
    assert list(places_are_known(replace(plan, evacuation=areas_of(where, people=few)), impact)) == []
    twice = replace(plan, evacuation=areas_of(where, ("Ferry quay",), people=few))
    assert only(places_are_known(twice, impact)) == "The zone 'Ferry quay' is in two evacuation areas."
    higher = replace(plan, evacuation=areas_of(where, people=few, level=1.4))
    assert "in danger from 1.40 m, but its trigger" in only(places_are_known(higher, impact))


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"unknown_assets": 9}, "number of unknown assets is 9"),
        ({"unknown_value": 1.0}, "value of unknown assets is 1"),
        ({"region": "Elsewhere"}, "place is 'Elsewhere' in the plan"),
        ({"vertical_datum": "the moon"}, "vertical datum is 'the moon'"),
    ],
)
def test_a_value_that_is_stated_twice_is_one_value(results: RunResults, changes: dict[str, object], part: str) -> None:
    wrong = replace(results, plan=replace(results.plan, **changes))
    assert part in only(one_value_everywhere(wrong))


@pytest.mark.parametrize("name", ["mean", "standard_error", "p10", "p50", "p90", "draws"])
def test_the_damage_of_the_plan_is_that_of_the_impact(results: RunResults, name: str) -> None:
    damage = results.plan.expected_annual_damage
    other = replace(results.plan, expected_annual_damage=replace(damage, **{name: 2 * getattr(damage, name)}))
    assert f"damage a year ({name})" in only(one_value_everywhere(replace(results, plan=other)))


def test_damage_is_stated_for_every_surveyed_asset(results: RunResults) -> None:
    fewer = replace(results, observations=replace(results.observations, assets=results.impact.assets[:20]))
    assert only(one_value_everywhere(fewer)) == "20 assets were surveyed, but damage is stated for 26."
