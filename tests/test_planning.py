"""Triggers that stop and degrade, measures that name their sources, and a plan that adds up."""

import json
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hazard_fixtures import REGION, make_assets, make_hazard
from strandline.errors import InputError
from strandline.planning.appraisal import annuity, reinvestments
from strandline.planning.event_damage import EventDamage
from strandline.planning.measures import Quantity, load_measures
from strandline.planning.plan import Plan, plan_adaptation
from strandline.planning.plan_text import plan_to_json, plan_to_markdown
from strandline.planning.triggers import DegradedRule, StopRule, Trigger, evaluate
from strandline.risk.exposure import expose
from strandline.risk.impact import assess_impact

DEGRADED = DegradedRule(6, "neighbour", 1.3, "act while the storm warning holds", "the duty officer")
TRIGGER = Trigger("gate", "sea", ">=", 1.5, "m", (3, 12), "close_floodgates", StopRule(1.2, 4), DEGRADED)
START = pd.Timestamp("2024-01-01")


def readings(*values: float) -> pd.Series:
    return pd.Series(values, index=pd.date_range(START, periods=len(values), freq="h"), dtype=float)


def state_after(trigger: Trigger = TRIGGER, **history: pd.Series):
    last = max(series.index[-1] for series in history.values())
    return evaluate(trigger, history, last)


def plan_of(budget: float | None = None, assets=None, seed: int = 0, **changes) -> Plan:
    hazard, rng = make_hazard(), np.random.default_rng(seed)
    impact = assess_impact(hazard, make_assets() if assets is None else assets, "europe", rng)
    settings = {"discount_rate": 0.03, "horizon_years": 50, "measures": load_measures()} | changes
    return plan_adaptation(hazard, impact, budget=budget, rng=rng, **settings)


# Triggers


def test_a_trigger_starts_at_its_value_and_not_below() -> None:
    assert not state_after(sea=readings(1.0, 1.49)).active
    state = state_after(sea=readings(1.0, 1.5))
    assert state.active
    assert state.since == START + pd.Timedelta(hours=1)


def test_between_stop_and_start_nothing_changes() -> None:
    assert state_after(sea=readings(1.6, *[1.3] * 30)).active
    assert not state_after(sea=readings(1.0, *[1.3] * 30)).active


def test_an_action_stops_only_after_enough_calm_hours_without_a_gap() -> None:
    assert state_after(sea=readings(1.6, 1.0, 1.0, 1.0, 1.0)).active
    assert not state_after(sea=readings(1.6, 1.0, 1.0, 1.0, 1.0, 1.0)).active
    assert state_after(sea=readings(1.6, 1.0, 1.0, np.nan, 1.0, 1.0, 1.0)).active
    assert state_after(sea=readings(1.6, 1.0, 1.0, 1.3, 1.0, 1.0, 1.0)).active


def test_a_short_gap_neither_starts_nor_stops_anything_nor_degrades() -> None:
    state = state_after(sea=readings(1.6, *[np.nan] * 5))
    assert state.active
    assert not state.degraded
    assert not state_after(sea=readings(1.0, np.nan, np.nan), neighbour=readings(1.0, 1.5, 1.5)).active


def test_a_dead_gauge_hands_over_to_its_neighbour() -> None:
    silent = readings(1.0, *[np.nan] * 10)
    state = state_after(sea=silent, neighbour=readings(*[1.0] * 8, 1.35, 1.35, 1.35))
    assert (state.active, state.degraded, state.needs_decision) == (True, True, False)
    assert "neighbour >= 1.3 m decides instead" in state.reason
    # While the gauge itself speaks, the neighbour is not asked.
    assert not state_after(sea=readings(*[1.0] * 11), neighbour=readings(*[1.35] * 11)).active


def test_with_everything_dead_a_person_decides_and_the_last_state_stays() -> None:
    state = state_after(sea=readings(1.6, *[np.nan] * 10), neighbour=readings(1.0, *[np.nan] * 10))
    assert (state.active, state.degraded, state.needs_decision) == (True, True, True)
    assert "the duty officer decides" in state.reason
    nothing = evaluate(TRIGGER, {}, START)
    assert (nothing.active, nothing.needs_decision) == (False, True)


def test_the_future_is_not_read() -> None:
    history = {"sea": readings(1.0, 1.0, 1.6)}
    assert not evaluate(TRIGGER, history, START + pd.Timedelta(hours=1)).active


def test_a_trigger_may_look_for_low_values() -> None:
    rising = replace(TRIGGER, operator="<=", value=0.2, stop=StopRule(0.5, 2))
    assert state_after(rising, sea=readings(1.0, 0.1)).active
    assert not state_after(rising, sea=readings(0.1, 0.6, 0.6, 0.6)).active


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 3), st.just(np.nan)), min_size=1, max_size=30))
def test_one_more_missing_reading_never_changes_what_runs(values: list[float]) -> None:
    before = state_after(sea=readings(*values))
    after = state_after(sea=readings(*values, np.nan))
    assert before.active == after.active


def test_triggers_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(InputError, match="safe side"):
        replace(TRIGGER, stop=StopRule(1.8, 4))
    with pytest.raises(InputError, match="operator '=='"):
        replace(TRIGGER, operator="==")
    with pytest.raises(InputError, match="lead window"):
        replace(TRIGGER, lead_window_hours=(12, 3))
    with pytest.raises(InputError, match="fallback without its value"):
        replace(DEGRADED, fallback_value=None)
    with pytest.raises(InputError, match="by whom"):
        replace(DEGRADED, decided_by="")
    with pytest.raises(InputError, match="not in order of time"):
        evaluate(TRIGGER, {"sea": readings(1.0, 2.0)[::-1]}, START)


# Measures


def test_every_number_of_the_catalogue_has_a_source_or_is_called_an_assumption() -> None:
    content = tomllib.loads(resources.files("strandline.data").joinpath("measures.toml").read_text(encoding="utf-8"))
    checked = 0
    for entry in (*content["long_term"], *content["operational"]):
        for name, value in entry.items():
            assert not isinstance(value, int | float) or isinstance(value, bool), f"{entry['key']}.{name} has no source"
            if isinstance(value, dict):
                source = value["source"]
                has_year = any(year in source for year in map(str, range(1950, 2030)))
                assert "assumption" in source or has_year
                checked += 1
    assert checked >= 25


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('source = "assumption: one per cent a year"', 'source = ""', "upkeep_share: has no source"),
        ("freeboard = {", "freebord = {", "missing .*freeboard.*unknown .*freebord"),
        ('key = "home_raise"', 'key = "dig_a_moat"', "'dig_a_moat'.*is not a long-term measure"),
        ("low = 0.05, high = 0.30", "low = 0.35, high = 0.30", "order them"),
        ("[[long_term]]", "[[longterm]]", "unknown tables"),
        ("[[operational]]", "[[operational]", "is not TOML"),
        ('classes = ["residential"]', 'classes = ["castle"]', "unknown classes"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = resources.files("strandline.data").joinpath("measures.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "measures.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_measures(path)
    with pytest.raises(InputError, match="cannot be read"):
        load_measures(tmp_path / "nothing.toml")


def test_a_cost_within_a_factor_of_three_lies_there_nineteen_times_of_twenty() -> None:
    drawn = Quantity(2.0, 2.0 / 3, 6.0, "EUR", "assumption").draw(20000, np.random.default_rng(0))
    assert np.median(drawn) == pytest.approx(2.0, rel=0.02)
    assert ((drawn > 2.0 / 3) & (drawn < 6.0)).mean() == pytest.approx(0.95, abs=0.01)


# Appraisal


def test_annuity_and_reinvestment_in_closed_form() -> None:
    assert annuity(0.0, 40) == 40.0
    assert annuity(0.03, 50) == pytest.approx((1 - 1.03**-50) / 0.03)
    assert reinvestments(0.0, 50, 10) == 5.0
    assert reinvestments(0.03, 10, 10) == 1.0


def test_event_damage_rises_with_the_level_and_names_what_floods() -> None:
    hazard, assets = make_hazard(), make_assets().iloc[[0, 1, 2, 3, 7]]
    damage = EventDamage.of(hazard, assets, expose(assets, REGION), np.zeros((20, 6)))
    totals = [np.median(damage.at_level(("residential", "agriculture"), level)) for level in (0.8, 1.2, 2.4)]
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]
    assert damage.flooded["residential"][0] == ("low",)
    assert damage.of_classes(("industrial",)).sum() == 0.0


def test_an_expensive_embankment_does_not_pay_and_a_cheap_one_does() -> None:
    catalogue = load_measures()
    embankment = catalogue.long_term[0]
    only = replace(catalogue, long_term=(embankment,), operational=())
    assert "raise_embankment" not in {action.kind for action in plan_of(measures=only).actions}
    free = replace(embankment, unit_cost=replace(embankment.unit_cost, value=1.0, low=1.0, high=1.0))
    action = next(a for a in plan_of(measures=replace(only, long_term=(free,))).actions if a.kind == "raise_embankment")
    today = plan_of(measures=only).expected_annual_damage
    # The crest stands at the 100-year level: what is left is the damage of rarer floods, in half of the samples more.
    assert 0.5 * today[1] < action.avoided_loss[1] <= today[2]
    assert action.benefit_cost_ratio[0] > 1


def test_homes_are_raised_only_where_it_pays() -> None:
    action = next(a for a in plan_of().actions if a.kind == "home_raise")
    assert action.where == ("low",)
    assert action.net_present_value[1] == pytest.approx(
        action.avoided_loss[1] * annuity(0.03, 50) - action.cost[1], rel=0.15
    )


# Plan


def test_every_plan_monitors_and_every_trigger_has_a_stop_and_a_degraded_rule() -> None:
    plan = plan_of()
    assert "continue_monitoring" in {action.kind for action in plan.actions}
    assert {trigger.action for trigger in plan.triggers} >= {"evacuate_low_lying_areas", "close_floodgates"}
    for trigger in plan.triggers:
        assert trigger.stop.value < trigger.value
        assert trigger.stop.hours > 12.4
        assert trigger.degraded.prior
        assert trigger.degraded.decided_by
        assert trigger.lead_window_hours[1] > 0
    assert [action.priority for action in plan.actions] == list(range(1, len(plan.actions) + 1))


def test_a_costly_action_starts_later_than_a_cheap_one() -> None:
    catalogue = load_measures()
    gates = next(m for m in catalogue.operational if m.key == "close_floodgates")
    levels = []
    for cost in (1e3, 3e4, 6e4):
        dear = replace(gates, cost=replace(gates.cost, value=cost, low=cost, high=cost))
        plan = plan_of(measures=replace(catalogue, long_term=(), operational=(dear,)))
        trigger = plan.triggers[0]
        assert next(a for a in plan.actions if a.kind == gates.key).avoided_loss[1] * 0.5 > 0.5 * cost
        levels.append(trigger.value)
    assert levels[0] < levels[1] < levels[2]
    never = replace(gates, cost=replace(gates.cost, value=1e9, low=1e9, high=1e9))
    plan = plan_of(measures=replace(catalogue, operational=(never,)))
    assert plan.triggers == ()
    assert any("no trigger" in note for note in plan.notes)


def test_a_small_budget_keeps_what_pays_but_says_that_it_is_out_of_reach() -> None:
    plan = plan_of(budget=1000.0)
    raised = next(a for a in plan.actions if a.kind == "home_raise")
    assert not raised.within_budget
    assert any("exceed what is left of the budget" in note for note in plan.notes)
    assert "beyond the budget" in plan_to_markdown(plan)


def test_without_assets_the_plan_has_triggers_only_and_says_why() -> None:
    plan = plan_of(assets=make_assets().iloc[:0])
    assert {action.kind for action in plan.actions} == {
        "continue_monitoring",
        "evacuate_low_lying_areas",
        "warn_shipping",
    }
    assert any("no assets are given" in note for note in plan.notes)
    assert "**unknown**" in plan_to_markdown(plan)
    unknown = plan_of(assets=make_assets().iloc[[4, 5]])
    assert any("the damage of every asset is unknown" in note for note in unknown.notes)
    assert plan_to_json(unknown)["expected_annual_damage"] == [None, None, None]


def test_unknown_assets_are_named_and_in_no_total() -> None:
    plan = plan_of()
    assert plan.unknown_assets == 3
    assert "1,300,000" in " ".join(plan.notes)
    known_only = plan_of(assets=make_assets().iloc[[0, 1, 2, 3, 7]])
    assert plan.expected_annual_damage == pytest.approx(known_only.expected_annual_damage)


def test_the_same_seed_gives_the_same_plan_as_json_and_no_nan_in_it() -> None:
    texts = [json.dumps(plan_to_json(plan_of(seed=3)), allow_nan=False) for _ in range(2)]
    assert texts[0] == texts[1]
    loaded = json.loads(texts[0])
    assert {"actions", "triggers", "notes", "currency"} <= set(loaded)
    assert loaded["triggers"][0]["degraded"]["decided_by"] == "the duty officer"


def test_the_written_plan_says_simulated_and_states_stop_and_degraded_rules() -> None:
    text = plan_to_markdown(plan_of())
    assert "SIMULATED" in text
    assert text.count("Stop:") == text.count("No reading for") == len(plan_of().triggers)
    assert "mean sea level" in text
    assert "nan" not in text


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="budget -1 is negative"):
        plan_of(budget=-1)
    with pytest.raises(InputError, match="discount rate 3"):
        plan_of(discount_rate=3)
    with pytest.raises(InputError, match="horizon 0"):
        plan_of(horizon_years=0)


@settings(max_examples=5, deadline=None)
@given(st.floats(0.0, 0.1), st.floats(0.01, 0.1))
def test_a_higher_discount_rate_never_helps_an_investment(rate: float, more: float) -> None:
    def value(discount_rate: float) -> float:
        return annuity(discount_rate, 30) * 1.0 - reinvestments(discount_rate, 30, 30) * 10.0

    assert value(rate + more) < value(rate)
