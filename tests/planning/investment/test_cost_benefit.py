"""Measure sets in every scenario: against the damage chain itself, and closed forms."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.formatting import format_ratio
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.cost_benefit import Appraisal, appraise, sea_levels, select
from strandline.planning.investment.design import Design, design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.robust_choice import regrets
from strandline.planning.investment.scenarios import AS_TODAY, Scenarios, load_scenarios
from strandline.planning.investment.stage_damage_by_design import StageDamageByDesign, measure_sets
from strandline.planning.measures import load_measures
from strandline.report.plan.phase_text import format_lead
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.stage_damage.damage_chain import draw_curve_deviates
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.protection import UNPROTECTED, join
from tests.fixtures.hazards import REGION, make_assets, make_hazard

pytestmark = pytest.mark.slow

ECONOMY = Economy(0.03, 50, 2025)
KNOWN = [0, 1, 2, 3, 7]
OBJECTIVE = load_scenarios().objective
UNCHANGED = Scenarios((AS_TODAY.sea_level,), (AS_TODAY.storminess,), (AS_TODAY.development,), OBJECTIVE)


def a_baseline(*sea_level_rise_hazards: Hazard) -> Baseline:
    hazard, assets = make_hazard(), make_assets().iloc[KNOWN]
    deviates = draw_curve_deviates(len(hazard.levels), np.random.default_rng(5))
    return Baseline.of((hazard, *sea_level_rise_hazards), assets, overlay_exposure(assets, REGION), deviates)


def designs_of(baseline: Baseline, price: float = 1e-3, **lead_days: float) -> list[Design]:
    """Every measure of the catalogue that applies, at a share of its price, so that it pays everywhere."""
    rng, built = np.random.default_rng(1), []
    for measure in (each for each in load_measures().long_term if not each.life_safety):
        cost = measure.unit_cost
        cheap = replace(cost, value=cost.value * price, low=cost.low * price, high=cost.high * price)
        wait = replace(measure.lead_time_days, value=lead_days.get(measure.key, measure.lead_time_days.value))
        found = design(replace(measure, unit_cost=cheap, lead_time_days=wait), baseline, ECONOMY, rng)
        if isinstance(found, Design):
            built.append(found)
    return built


def appraisal_of(baseline: Baseline, designs: list[Design], scenarios: Scenarios) -> Appraisal:
    damage = StageDamageByDesign.of(baseline, designs)
    return appraise(designs, damage, scenarios, ECONOMY, 0.0, np.random.default_rng(2))


def test_any_measure_set_equals_the_damage_of_every_asset_with_all_of_it() -> None:
    baseline = a_baseline()
    designs = designs_of(baseline)
    damage = StageDamageByDesign.of(baseline, designs)
    of_class = baseline.assets["asset_class"].isin
    for each in designs:  # cheap, so that they are built at every asset of their classes that floods
        missed = of_class(each.measure.classes).to_numpy() & ~each.covers
        assert baseline.today[:, missed].max(initial=0.0) < 1.0
    for built in (each for each in measure_sets(len(designs)) if len(each) <= 2 or len(each) >= len(designs) - 1):
        together = [
            reduce(join, (designs[i].protections[s] for i in sorted(built)), UNPROTECTED)
            for s in range(baseline.draws.count)
        ]
        truth = baseline.draws.annual_damage(together)
        found = damage.expected_annual_damage([built], baseline.draws.levels[None])[built][0]
        assert found == pytest.approx(truth.sum(axis=1), rel=1e-6), [designs[i].measure.key for i in built]


def test_a_higher_sea_has_the_damage_of_its_own_map_and_nothing_is_extrapolated_above_the_highest() -> None:
    higher = make_hazard(rise=0.5)
    baseline = a_baseline(higher)
    damage = StageDamageByDesign.of(baseline, ())
    alone = DamageDraws((higher,), baseline.exposure, "europe", baseline.draws.curve_deviates)
    truth = alone.annual_damage().sum(axis=1)
    levels = np.stack([baseline.hazard.levels + rise for rise in (0.5, 5.0, 9.0)])
    found = damage.expected_annual_damage([frozenset()], levels)[frozenset()]
    assert found[0] == pytest.approx(truth, rel=1e-6)
    assert found[1] == pytest.approx(found[2])
    assert (found[1] >= found[0]).all()
    assert damage.share_beyond(levels) == pytest.approx([0.0, 1.0, 1.0])
    with pytest.raises(InputError, match="hazard under sea-level rise"):
        a_baseline(make_hazard(samples=3))


def test_one_measure_more_never_adds_damage() -> None:
    baseline = a_baseline(make_hazard(rise=0.5))
    designs = designs_of(baseline)
    damage = StageDamageByDesign.of(baseline, designs)
    levels = np.stack([baseline.hazard.levels + rise for rise in (0.0, 0.3, 0.7)])
    annual = damage.expected_annual_damage(measure_sets(len(designs)), levels)
    for built, left in annual.items():
        for more in range(len(designs)):
            assert (annual[built | {more}] <= left + 1e-6).all()


def test_where_nothing_changes_net_present_value_is_the_annuity_from_the_lead_time_on() -> None:
    baseline = a_baseline()
    designs = designs_of(baseline, early_warning=730.0)
    appraisal = appraisal_of(baseline, designs, UNCHANGED)
    number = next(i for i, each in enumerate(designs) if each.measure.key == "early_warning")
    row = appraisal.measure_sets.index(frozenset({number}))
    avoided = appraisal.annual_damage[0] - appraisal.annual_damage[row]
    years = sum(1.03**-year for year in range(3, 51))  # there from the end of year 2
    assert appraisal.net_present_value[row, -1] == pytest.approx(avoided * years - designs[number].cost)
    assert appraisal.net_present_value[row, 0] == pytest.approx(appraisal.net_present_value[row, -1])
    assert appraisal.annual_damage[0] == pytest.approx(baseline.today.sum(axis=1))
    assert appraisal.benefit_cost_ratio(frozenset({number})).mean == pytest.approx(
        avoided.mean() * years / designs[number].cost.mean()
    )


def test_growing_values_multiply_damage_by_a_growing_annuity() -> None:
    growing = AS_TODAY.development.model_copy(update={"name": "growing", "growth_per_year": 0.02})
    baseline = a_baseline()
    appraisal = appraisal_of(
        baseline, [], Scenarios((AS_TODAY.sea_level,), (AS_TODAY.storminess,), (growing,), OBJECTIVE)
    )
    years = sum((1.02 / 1.03) ** year for year in range(1, 51))
    assert appraisal.damage[0] == pytest.approx(baseline.today.sum(axis=1) * years)


def test_a_measure_set_works_in_parts_until_its_slowest_measure_works() -> None:
    baseline = a_baseline()
    slow = appraisal_of(baseline, designs_of(baseline, raise_embankment=1e6), UNCHANGED)  # never within the horizon
    fast = appraisal_of(baseline, designs_of(baseline), UNCHANGED)
    without = [i for i, each in enumerate(slow.designs) if each.measure.key != "raise_embankment"]
    for built in measure_sets(len(slow.designs)):
        present = frozenset(built & set(without))
        row, part = slow.measure_sets.index(built), slow.measure_sets.index(present)
        assert slow.net_present_value[row, -1] + slow.cost[row] == pytest.approx(
            slow.net_present_value[part, -1] + slow.cost[part]
        )
        assert (slow.net_present_value[row] <= fast.net_present_value[fast.measure_sets.index(built)] + 1e-6).all()


def test_stronger_storms_scale_the_height_above_mean_sea_level() -> None:
    moved = sea_levels(np.array([[1.5, 2.5]]), 0.5, np.array([[0.0], [0.2]]), np.array([0.0, 0.1]))
    assert moved[:, 0] == pytest.approx(np.array([[1.5, 2.5], [1.8, 2.9]]))


def test_a_sea_that_rises_more_damages_more_in_every_development() -> None:
    appraisal = appraisal_of(a_baseline(make_hazard(rise=0.5), make_hazard(rise=1.0)), [], load_scenarios())
    damage = {scenario.name: appraisal.damage[w].mean() for w, scenario in enumerate(appraisal.scenarios)}
    for name, value in damage.items():
        if name.startswith("SSP1-2.6"):
            assert value < damage[name.replace("SSP1-2.6", "SSP5-8.5")]
        if "storms as today" in name:
            assert value < damage[name.replace("storms as today", "stronger storms")]
        if "slow" in name:
            assert value < damage[name.replace("slow", "fast")]


def test_the_selection_keeps_to_the_budget_and_has_the_least_regret() -> None:
    baseline = a_baseline(make_hazard(rise=0.5))
    appraisal = appraisal_of(baseline, designs_of(baseline, price=0.05), load_scenarios())
    price, value = appraisal.investment.mean(axis=1), appraisal.net_present_value[:, :-1].mean(axis=2)
    for budget in (0.0, *np.quantile(price, [0.3, 0.6]), None):
        selection = select(appraisal, budget)
        index = appraisal.measure_sets.index(selection.chosen)
        within = price <= (np.inf if budget is None else budget)
        assert within[index]
        greatest = regrets(value[within]).max(axis=1)
        assert greatest.min() == pytest.approx(
            appraisal.robustness(selection.chosen, selection.affordable).maximum_regret.mean, abs=0.01
        )
        for w, best in enumerate(selection.best):
            assert value[appraisal.measure_sets.index(best), w] == value[within, w].max()
    assert select(appraisal, 0.0).chosen == frozenset()


def test_a_measure_that_is_left_out_costs_more_than_it_still_saves_in_one_scenario_at_least() -> None:
    """The plan says so of each: "does not pay …; it does in 54 of 54 scenarios" was no reason."""
    baseline = a_baseline(make_hazard(rise=0.5))
    for price in (0.2, 1.0):
        appraisal = appraisal_of(baseline, designs_of(baseline, price=price), load_scenarios())
        chosen, value = select(appraisal, None).chosen, appraisal.expected_value
        left_out = set(range(len(appraisal.designs))) - chosen
        for number in left_out:
            added = value[appraisal.measure_sets.index(chosen | {number})]
            assert (added - value[appraisal.measure_sets.index(chosen)]).min() <= 0.01
    assert left_out, "at full prices something is left out"


def test_robustness_counts_the_scenarios_in_which_a_set_pays() -> None:
    baseline = a_baseline(make_hazard(rise=0.5))
    appraisal = appraisal_of(baseline, designs_of(baseline), load_scenarios())
    everything = np.ones(len(appraisal.measure_sets), dtype=bool)
    cheap = appraisal.robustness(frozenset({0}), everything)
    assert (cheap.pays_in, cheap.of, cheap.is_no_regret) == (54, 54, True)
    assert cheap.worst_tenth is None  # of 20 draws
    assert cheap.lowest.mean <= cheap.highest.mean
    nothing = appraisal.robustness(frozenset(), everything)
    assert (nothing.pays_in, nothing.is_no_regret, nothing.lowest.mean) == (0, False, 0.0)
    assert nothing.maximum_regret.mean == pytest.approx(appraisal.expected_value.max())


def test_a_set_that_avoids_more_than_all_damage_in_one_draw_is_refused_though_its_mean_is_plausible() -> None:
    baseline = a_baseline()
    appraisal = appraisal_of(baseline, designs_of(baseline)[:2], UNCHANGED)
    left = appraisal.annual_damage.copy()
    left[1, 7] = -1.0
    with pytest.raises(InputError, match="in draw 7 a set of measures avoids"):
        replace(appraisal, annual_damage=left)


def test_what_does_not_pay_if_nothing_changes_is_no_no_regret_measure() -> None:
    """The sea rises in all scenarios: who builds for that may regret it if it stays."""
    baseline = a_baseline(make_hazard(rise=0.5))
    appraisal = appraisal_of(baseline, designs_of(baseline), load_scenarios())
    everything = np.ones(len(appraisal.measure_sets), dtype=bool)
    value = appraisal.net_present_value.copy()
    value[:, -1] = -1.0  # nothing changes
    lossy = replace(appraisal, net_present_value=value)
    assert appraisal.robustness(frozenset({0}), everything).is_no_regret
    robust = lossy.robustness(frozenset({0}), everything)
    assert robust.pays_in == robust.of
    assert not robust.is_no_regret


def test_too_many_measures_and_a_horizon_beyond_2100_are_refused() -> None:
    baseline = a_baseline()
    designs = designs_of(baseline)
    damage = StageDamageByDesign.of(baseline, ())
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"long-term measures.*combine 10 or fewer"):
        appraise(designs * 4, damage, UNCHANGED, ECONOMY, 0.0, rng)
    with pytest.raises(InputError, match="ends in 2110"):
        appraise([], damage, UNCHANGED, Economy(0.03, 50, 2060), 0.0, rng)


def test_a_ratio_has_no_more_decimals_in_its_error_than_in_itself() -> None:
    """``17 ± 3.8`` and ``0.2 ± 0.029`` are false precision."""
    assert format_ratio(Expectation(17.2, 3.8, 0.0, 9.0, 54.0, 400)) == "17 ± 4 (0.0 to 54)"
    assert format_ratio(Expectation(0.21, 0.029, 0.1, 0.2, 0.4, 400)) == "0.2 (0.1 to 0.4)"
    assert format_ratio(Expectation(2.24, 0.49, 0.0, 0.9, 7.2, 400)) == "2.2 ± 0.5 (0.0 to 7.2)"


def test_no_action_begins_longer_ahead_than_any_forecast_reaches() -> None:
    assert [format_lead(hours) for hours in (np.nan, 6.2, 48.0, 2299.0)] == ["–", "6", "48", "more than 48"]
