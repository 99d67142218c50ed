"""The catalogue of measures, the triggers derived from it, and a consistent plan."""

import json
import tomllib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.sea_level.harmonic_tide import fit_tide
from strandline.planning.early_action.hindcast import Condition, prepare_hindcast
from strandline.planning.early_action.protocol import Phase
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.measures import load_measures
from strandline.planning.plan import Plan, plan_adaptation
from strandline.planning.plan_schema import plan_to_json
from strandline.planning.quantity import Quantity
from strandline.report.plan.markdown import plan_to_markdown
from strandline.report.plan.proposal import action_lines
from strandline.risk.expectation import Expectation
from strandline.risk.impact.impact import assess_impact
from strandline.risk.stage_damage.by_asset_class import StageDamageByClass
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.uncertainty.assimilation.fit import GaugeRecord, GaugeTide
from tests.fixtures.hazards import REGION, make_assets, make_hazard

pytestmark = pytest.mark.slow


def plan_of(budget: float | None = None, assets=None, seed: int = 0, **changes) -> Plan:
    hazard, rng = make_hazard(), np.random.default_rng(seed)
    impact = assess_impact(hazard, make_assets() if assets is None else assets, "europe", rng)
    settings = {
        "economy": Economy(0.03, 50, 2025),
        "measures": load_measures(),
        "scenarios": load_scenarios(),
        "mean_sea_level": 0.0,
    } | changes
    return plan_adaptation(hazard, impact, budget=budget, rng=rng, **settings)


# Measures


def test_every_number_of_the_catalogue_has_a_source_or_is_an_assumption() -> None:
    content = tomllib.loads(
        resources.files("strandline.planning").joinpath("data/measures.toml").read_text(encoding="utf-8")
    )
    checked = 0
    for entry in (*content["long_term"], *content["operational"]):
        for name, value in entry.items():
            assert not isinstance(value, int | float) or isinstance(value, bool), f"{entry['key']}.{name} has no source"
            if isinstance(value, dict) and name != "fallback":
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
        ('mechanism = "raise_assets"', 'mechanism = "dig_a_moat"', "'home_raise'.*'dig_a_moat' is unknown"),
        ("low = 0.05, high = 0.30", "low = 0.35, high = 0.30", "order them"),
        ("[[long_term]]", "[[longterm]]", "unknown tables"),
        ("[[operational]]", "[[operational]", "is not TOML"),
        ('classes = ["residential"]', 'classes = ["castle"]', "unknown classes"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = resources.files("strandline.planning").joinpath("data/measures.toml").read_text(encoding="utf-8")
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
    assert Economy(0.0, 40, 2025).annuity_from(0.0) == 40.0
    assert Economy(0.03, 50, 2025).annuity_from(0.0) == pytest.approx((1 - 1.03**-50) / 0.03)
    assert Economy(0.0, 50, 2025).life_cycle_cost_factor(10, 0.0) == 5.0
    assert Economy(0.03, 10, 2025).life_cycle_cost_factor(10, 0.0) == 1.0
    assert Economy(0.03, 50, 2025).life_cycle_cost_factor(50, 0.01) == pytest.approx(
        1 + 0.01 * Economy(0.03, 50, 2025).annuity_from(0.0)
    )
    assert Economy(0.03, 50, 2025).life_cycle_cost_factor(20, 0.0, start=20) == pytest.approx(1.03**-20 + 1.03**-40)
    assert Economy(0.03, 50, 2025).life_cycle_cost_factor(20, 0.5, start=50) == 0.0


def test_event_damage_rises_with_the_level() -> None:
    hazard, assets = make_hazard(), make_assets().iloc[[0, 1, 2, 3, 7]]
    draws = DamageDraws((hazard,), overlay_exposure(assets, REGION), "europe", np.zeros((20, 6)))
    damage = StageDamageByClass.of(draws)
    totals = [np.median(damage.at_level(("residential", "agriculture"), level)) for level in (0.8, 1.2, 2.4)]
    assert totals == sorted(totals)
    assert totals[0] < totals[-1]
    assert damage.of_classes(("industrial",)).sum() == 0.0


def test_event_damage_begins_at_the_most_frequent_mapped_level() -> None:
    """Acting was judged from the 2-year level on, though the 1.1-year level was mapped."""
    assets = make_assets().iloc[[0, 1, 2, 3, 7]]
    lower = make_hazard(rise=-0.1)
    often = replace(
        lower,
        return_periods=(1.1,),
        levels=lower.levels[:, :1],
        flood_depth=lower.flood_depth[:, :1],
        flood_probability=lower.flood_probability[:1],
        flood_extent=lower.flood_extent[:1],
        epistemic_sd=lower.epistemic_sd[:1],
    )
    draws = DamageDraws((make_hazard(),), overlay_exposure(assets, REGION), "europe", np.zeros((20, 6)), often)
    damage = StageDamageByClass.of(draws)
    assert damage.levels[0] == pytest.approx(np.median(often.level_draws))
    assert damage.levels[0] < np.median(make_hazard().level_draws[:, 0])
    assert damage.of_classes(("residential",)).shape == (20, 7)


def test_an_expensive_embankment_does_not_pay_and_a_cheap_one_does() -> None:
    catalogue = load_measures()
    embankment = catalogue.long_term[0]
    only = replace(catalogue, long_term=(embankment,), operational=())
    assert "raise_embankment" not in {action.kind for action in plan_of(measures=only).actions}
    free = replace(embankment, unit_cost=replace(embankment.unit_cost, value=1.0, low=1.0, high=1.0))
    action = next(a for a in plan_of(measures=replace(only, long_term=(free,))).actions if a.kind == "raise_embankment")
    today = plan_of(measures=only).expected_annual_damage
    # The crest stands at the 100-year level: what is left is the damage of rarer floods, in half of the draws more.
    assert 0.5 * today.mean < action.avoided_loss.mean <= today.mean
    assert action.benefit_cost_ratio.p10 > 1


def test_homes_are_raised_only_where_it_pays() -> None:
    action = next(a for a in plan_of().actions if a.kind == "home_raise")
    assert action.where == ("low",)
    assert action.net_present_value.mean == pytest.approx(
        action.avoided_loss.mean * Economy(0.03, 50, 2025).annuity_from(1.0) - action.cost.mean
    )


# Plan


def test_the_plan_appraises_its_measures_in_every_scenario_and_notes_levels_beyond_the_maps() -> None:
    plan = plan_of(sea_level_rise_hazards=(make_hazard(rise=0.2),))
    assert len(plan.scenarios) == 54
    assert plan.portfolio is not None
    assert set(plan.portfolio.kinds) == {a.kind for a in plan.actions if a.robustness is not None and a.within_budget}
    assert any("above the highest mapped level" in note for note in plan.notes)
    for outcome in plan.scenarios:
        assert 0 < outcome.damage.p10 <= outcome.damage.mean <= outcome.damage.p90
        assert 0 <= outcome.share_beyond_maps <= 1
    far = [f.share_beyond_maps for f in plan.scenarios if f.sea_level == "SSP5-8.5" and "stronger" in f.storminess]
    near = [f.share_beyond_maps for f in plan.scenarios if f.sea_level == "SSP1-1.9" and "weaker" in f.storminess]
    assert max(near) < min(far)
    loaded = plan_to_json(plan)
    assert loaded["scenarios"][0]["net_present_value"]["home_raise"]["mean"] == pytest.approx(
        plan.scenarios[0].net_present_value["home_raise"].mean
    )
    assert loaded["portfolio"]["robustness"]["of"] == 54


def test_every_plan_monitors_and_every_phase_has_a_stop_and_a_degraded_rule() -> None:
    plan = plan_of()
    assert "continue_monitoring" in {action.kind for action in plan.actions}
    assert plan.protocol is not None
    assert {phase.name for phase in plan.protocol.phases} >= {"evacuate_low_lying_areas", "close_floodgates"}
    for phase in plan.protocol.phases:
        (left,) = plan.protocol.indicators_of(phase.stop.when).values()
        for indicator in plan.protocol.indicators_of(phase.start).values():
            assert left.value <= indicator.value
            assert indicator.lead_window_hours[1] > 0
            if left.loss is not None and indicator.loss is not None:
                assert left.loss.cost < indicator.loss.cost
        assert phase.degraded.prior
        assert phase.stop.for_hours > 12.4
    assert [action.priority for action in plan.actions] == list(range(1, len(plan.actions) + 1))


def gates_of(cost: float) -> tuple[Plan, Phase | None]:
    """The plan whose only measure is to close floodgates at this cost, and its phase."""
    catalogue = load_measures()
    gates = next(m for m in catalogue.operational if m.key == "close_floodgates")
    dear = replace(gates, cost=replace(gates.cost, value=cost, low=cost, high=cost))  # type: ignore[type-var]
    plan = plan_of(measures=replace(catalogue, long_term=(), operational=(dear,)))
    return plan, None if plan.protocol is None else plan.protocol.phases[0]


def test_a_costly_action_starts_later_than_a_cheap_one() -> None:
    events, needed = [], []
    for cost in (1e3, 3e4, 6e4):
        plan, phase = gates_of(cost)
        assert plan.protocol is not None
        events.append(phase.event.value)
        (loss,) = [one.loss for one in plan.protocol.indicators_of(phase.start).values() if one.loss is not None]
        needed.append(loss.cost / np.interp(events[-1] + 0.1, loss.levels, loss.avoidable))
    assert events == sorted(events)
    assert needed == sorted(needed), "of the same sea a higher probability is needed"
    never, none = gates_of(1e9)
    assert none is None
    assert any("no trigger" in note for note in never.notes)


def test_money_is_decided_by_expected_loss_against_cost_and_deferred_only_while_nothing_is_near() -> None:
    plan, phase = gates_of(1.5e4)
    started = plan.protocol.indicators_of(phase.start)
    (loss,) = [one.loss for one in started.values() if one.loss is not None]
    assert loss.cost == 1.5e4
    assert list(loss.avoidable) == sorted(loss.avoidable)
    (near,) = [one for one in started.values() if one.loss is None]
    assert near.lead_window_hours[1] > phase.needed_hours[0]
    assert f"{phase.event.value:.2f}" in phase.why or "as at a chance" in phase.why


def own_tide_of(time: np.ndarray, tide: np.ndarray) -> GaugeTide:
    fitted = fit_tide(time, tide, 10.0, name="own", source="made up")
    return GaugeTide(fitted.constants, fitted.mean)


def test_a_plan_has_hindcasts_of_its_triggers_or_a_note_that_the_record_is_too_short() -> None:
    rng = np.random.default_rng(0)
    hours = np.arange(2_600)
    tide = 0.3 * np.cos(2 * np.pi * hours / 12.42)
    residual = np.convolve(rng.normal(0, 0.12, hours.size), np.exp(-np.arange(100) / 12.0), mode="same")
    time = np.datetime64("2001-01-01", "ns") + hours.astype("timedelta64[h]")
    gauges = [GaugeRecord(name, 10.0, tide + residual) for name in ("own", "neighbour")]
    hindcast_data = prepare_hindcast(time, gauges, own_tide_of(time, tide))
    plan = plan_of(hindcast_data=hindcast_data)
    assert plan.protocol is not None
    assert [(r.phase, r.condition) for r in plan.hindcasts] == [
        (phase.name, condition) for condition in get_args(Condition) for phase in plan.protocol.phases
    ]
    by_phase = {(r.phase, r.condition): r.result for r in plan.hindcasts}
    alive = by_phase["close_floodgates", "all gauges work"]
    assert alive.hits + alive.misses > 0
    assert alive.expenses is not None
    assert by_phase["go_up", "all gauges work"].expenses is None
    text = plan_to_markdown(plan)
    assert text.count("own gauge fails in storms") == len(plan.protocol.phases)
    loaded = json.loads(json.dumps(plan_to_json(plan), allow_nan=False))
    assert loaded["hindcasts"][0]["result"]["hits"] == plan.hindcasts[0].result.hits
    assert any("none is long enough" in note for note in plan_of().notes)
    assert prepare_hindcast(time[:300], [GaugeRecord("own", 10.0, tide[:300])], own_tide_of(time, tide)) is None


def test_a_small_budget_keeps_measures_that_pay_and_marks_them_as_beyond_it() -> None:
    plan = plan_of(budget=1000.0)
    raised = next(a for a in plan.actions if a.kind == "home_raise")
    assert not raised.within_budget
    assert "beyond the budget" in plan_to_markdown(plan)


def test_without_assets_the_plan_has_triggers_only_and_a_note() -> None:
    plan = plan_of(assets=make_assets().iloc[:0])
    assert {action.kind for action in plan.actions} == {
        "continue_monitoring",
        "evacuate_low_lying_areas",
    }
    assert any("Warn shipping: not offered" in note for note in plan.notes)
    assert plan.without_money in plan.notes
    assert "no assets were surveyed" in plan.without_money
    assert "**unknown**" in plan_to_markdown(plan)
    unknown = plan_of(assets=make_assets().iloc[[4, 5]])
    assert any("the damage of every asset is unknown" in note for note in unknown.notes)
    assert plan_to_json(unknown)["expected_annual_damage"]["mean"] is None


def test_unknown_assets_are_named_and_in_no_total() -> None:
    plan = plan_of()
    assert plan.unknown_assets == 3
    assert "€1.3 million" in " ".join(plan.notes)
    known_only = plan_of(assets=make_assets().iloc[[0, 1, 2, 3, 7]])
    assert plan.expected_annual_damage.mean == pytest.approx(known_only.expected_annual_damage.mean)


def test_the_same_seed_gives_the_same_plan_as_json_and_no_nan_in_it() -> None:
    texts = [json.dumps(plan_to_json(plan_of(seed=3)), allow_nan=False) for _ in range(2)]
    assert texts[0] == texts[1]
    loaded = json.loads(texts[0])
    assert {"actions", "protocol", "notes", "money"} <= set(loaded)
    assert loaded["protocol"]["phases"][0]["degraded"]["decided_by"] == "the duty officer"


def test_the_written_plan_is_marked_as_simulated_and_states_stop_and_degraded_rules() -> None:
    text = plan_to_markdown(plan_of())
    assert "**SIMULATED: this coast" in text
    assert "**PARTLY SIMULATED" in plan_to_markdown(plan_of(), {"real", "simulated"})
    assert text.count("Stop:") == text.count("Without readings for") == plan_of().n_triggers
    assert "mean sea level" in text
    assert "nan" not in text


def test_names_from_foreign_files_bring_neither_html_nor_links_nor_escapes_into_the_plan() -> None:
    """On a49c0fa a region called <script> was one in the written plan."""
    name = "Sella<script>alert(1)</script> [x](javascript:alert(1)) \x1b[2J\u202e"
    text = plan_to_markdown(replace(plan_of(), region=name))
    assert "Flood plan for Sella&lt;script>alert(1)&lt;/script>" in text
    assert "<" not in text
    assert "](" not in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_the_plan_says_why_no_neighbour_decides_and_what_holds_instead() -> None:
    plan, text = plan_of(), plan_to_markdown(plan_of())
    why = "No other gauge can decide, because the record is too short to choose a threshold from."
    assert text.count(f"{why} So the duty officer decides. Until then: act as if") == 1, "said once"
    assert text.count("Without readings for 6 hours: as for *") == plan.n_triggers - 1
    assert "if that is missing too" not in text
    assert "not (" not in text, "a double negation is misread at night"


def test_no_line_of_the_plan_for_the_officer_on_duty_is_long() -> None:
    text = plan_to_markdown(plan_of())
    by_when = [line for line in text.splitlines() if "By when:" in line]
    assert by_when
    assert max(len(line) for line in by_when) < 300


def test_what_an_emergency_action_avoids_is_compared_with_its_cost_by_its_mean() -> None:
    actions = [action for action in plan_of().actions if action.avoided_loss_per == "event" and action.avoided_loss]
    assert actions
    for action in actions:
        assert action.cost is not None
        assert action.avoided_loss is not None
        assert action.avoided_loss.mean > action.cost.mean, "else acting would not pay even at certainty"
        skewed = replace(action, avoided_loss=Expectation(2e5, 1e3, 0.0, 0.0, 9e5, 400))
        (line,) = [line for line in action_lines(skewed, EUR_2010) if "Avoids" in line]
        assert "€200,000 on average" in line
        assert "about €0" not in line


def test_invalid_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="budget -1 is negative"):
        plan_of(budget=-1)
    with pytest.raises(InputError, match="discount rate 3"):
        plan_of(economy=Economy(3, 50, 2025))
    with pytest.raises(InputError, match="horizon 0"):
        plan_of(economy=Economy(0.03, 0, 2025))


@settings(max_examples=5, deadline=None)
@given(st.floats(0.0, 0.1), st.floats(0.01, 0.1))
def test_a_higher_discount_rate_never_helps_an_investment(rate: float, more: float) -> None:
    def value(discount_rate: float) -> float:
        return (
            Economy(discount_rate, 30, 2025).annuity_from(0.0)
            - Economy(discount_rate, 30, 2025).life_cycle_cost_factor(30, 0.0) * 10.0
        )

    assert value(rate + more) < value(rate)
