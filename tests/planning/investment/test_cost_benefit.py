"""Combinations of measures in every future: what the damage chain itself says, and closed forms."""

from dataclasses import replace
from functools import reduce

import numpy as np
import pytest

from strandline.errors import InputError
from strandline.planning.investment.cost_benefit import Appraisal, appraise, sea_levels, select
from strandline.planning.investment.design import Baseline, Design, design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.robust_choice import regrets
from strandline.planning.investment.scenarios import AS_TODAY, Scenarios, load_scenarios
from strandline.planning.investment.stage_damage_by_design import StageDamageByDesign, choices
from strandline.planning.measures import FOR_LIVES, load_measures
from strandline.risk.impact.impact import annual_damage_samples, draw_curve_deviates
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.protection import UNPROTECTED, join
from tests.fixtures.hazards import REGION, make_assets, make_hazard

ECONOMY = Economy(0.03, 50, 2025)
KNOWN = [0, 1, 2, 3, 7]
OBJECTIVE = load_scenarios().objective
STILL = Scenarios((AS_TODAY.sea_level,), (AS_TODAY.storminess,), (AS_TODAY.development,), OBJECTIVE)


def a_site() -> Baseline:
    hazard, assets = make_hazard(), make_assets().iloc[KNOWN]
    deviates = draw_curve_deviates(len(hazard.levels), np.random.default_rng(5))
    return Baseline.of(hazard, assets, overlay_exposure(assets, REGION), deviates)


def designs_of(site: Baseline, price: float = 1e-3, **lead_days: float) -> list[Design]:
    """Every measure of the catalogue that applies, at a share of its price, so that it is worth it everywhere."""
    rng, built = np.random.default_rng(1), []
    for measure in (each for each in load_measures().long_term if each.key not in FOR_LIVES):
        cost = measure.unit_cost
        cheap = replace(cost, value=cost.value * price, low=cost.low * price, high=cost.high * price)
        wait = replace(measure.lead_time_days, value=lead_days.get(measure.key, measure.lead_time_days.value))
        found = design(replace(measure, unit_cost=cheap, lead_time_days=wait), site, ECONOMY, rng)
        if isinstance(found, Design):
            built.append(found)
    return built


def weigh(site: Baseline, designs: list[Design], scenarios: Scenarios, futures=()) -> Appraisal:
    damage = StageDamageByDesign.of(site, futures, designs)
    return appraise(designs, damage, scenarios, ECONOMY, 0.0, np.random.default_rng(2))


def test_any_combination_is_what_the_damage_chain_says_of_it_built_together() -> None:
    site = a_site()
    designs = designs_of(site)
    damage = StageDamageByDesign.of(site, (), designs)
    of_class = site.assets["asset_class"].isin
    for each in designs:  # cheap, so that they are built at every asset of their classes that floods: the chain's unit
        missed = of_class(each.measure.classes).to_numpy() & ~each.covers
        assert site.today[:, missed].max(initial=0.0) < 1.0
    belt = next(i for i, each in enumerate(designs) if each.measure.key == "mangrove_belt")
    for choice in (each for each in choices(len(designs)) if len(each) <= 2 or len(each) >= len(designs) - 1):
        together = [
            reduce(join, (designs[i].protections[s] for i in sorted(choice)), UNPROTECTED)
            for s in range(len(site.deviates))
        ]
        truth = annual_damage_samples(site.hazard, site.exposure, "europe", site.deviates, protections=together)
        found = damage.expected_annual_damage(choice, site.hazard.levels[None])[0]
        # Behind a belt the chain reads depths between mapped seas, and the other damage: nearly the same.
        nearly = 0.1 if belt in choice else 1e-6
        assert found == pytest.approx(truth.sum(axis=1), rel=nearly), [designs[i].measure.key for i in choice]


def test_a_higher_sea_damages_what_its_own_map_says_and_no_more_is_made_up_above_the_highest() -> None:
    site, higher = a_site(), make_hazard(rise=0.5)
    damage = StageDamageByDesign.of(site, (higher,), ())
    truth = annual_damage_samples(higher, site.exposure, "europe", site.deviates).sum(axis=1)
    levels = np.stack([site.hazard.levels + rise for rise in (0.5, 5.0, 9.0)])
    found = damage.expected_annual_damage(frozenset(), levels)
    assert found[0] == pytest.approx(truth, rel=1e-6)
    assert found[1] == pytest.approx(found[2])
    assert (found[1] >= found[0]).all()
    assert damage.share_beyond(levels) == pytest.approx([0.0, 1.0, 1.0])
    with pytest.raises(InputError, match="future hazard"):
        StageDamageByDesign.of(site, (make_hazard(samples=3),), ())


def test_one_measure_more_never_adds_damage() -> None:
    site = a_site()
    designs = designs_of(site)
    damage = StageDamageByDesign.of(site, (make_hazard(rise=0.5),), designs)
    levels = np.stack([site.hazard.levels + rise for rise in (0.0, 0.3, 0.7)])
    annual = {choice: damage.expected_annual_damage(choice, levels) for choice in choices(len(designs))}
    for choice, left in annual.items():
        for more in range(len(designs)):
            assert (annual[choice | {more}] <= left + 1e-6).all()


def test_where_nothing_changes_net_present_value_is_the_annuity_from_the_lead_time_on() -> None:
    site = a_site()
    designs = designs_of(site, early_warning=730.0)
    appraisal = weigh(site, designs, STILL)
    number = next(i for i, each in enumerate(designs) if each.measure.key == "early_warning")
    row = appraisal.choices.index(frozenset({number}))
    avoided = appraisal.annual_damage[0] - appraisal.annual_damage[row]
    years = sum(1.03**-year for year in range(3, 51))  # there from the end of year 2
    assert appraisal.net_present_value[row, -1] == pytest.approx(avoided * years - designs[number].cost)
    assert appraisal.net_present_value[row, 0] == pytest.approx(appraisal.net_present_value[row, -1])
    assert appraisal.annual_damage[0] == pytest.approx(site.today.sum(axis=1))
    assert appraisal.ratio(frozenset({number}))[-1] == pytest.approx(avoided * years / designs[number].cost)


def test_growing_values_are_worth_a_growing_annuity() -> None:
    growing = AS_TODAY.development.model_copy(update={"name": "growing", "growth_per_year": 0.02})
    site = a_site()
    appraisal = weigh(site, [], Scenarios((AS_TODAY.sea_level,), (AS_TODAY.storminess,), (growing,), OBJECTIVE))
    years = sum((1.02 / 1.03) ** year for year in range(1, 51))
    assert appraisal.damage[0] == pytest.approx(site.today.sum(axis=1) * years)


def test_a_combination_works_in_parts_until_its_slowest_measure_is_there() -> None:
    site = a_site()
    slow = weigh(site, designs_of(site, raise_embankment=1e6), STILL)  # never within the horizon
    fast = weigh(site, designs_of(site), STILL)
    without = [i for i, each in enumerate(slow.designs) if each.measure.key != "raise_embankment"]
    for choice in choices(len(slow.designs)):
        present = frozenset(choice & set(without))
        row, part = slow.choices.index(choice), slow.choices.index(present)
        assert slow.net_present_value[row, -1] + slow.cost[row] == pytest.approx(
            slow.net_present_value[part, -1] + slow.cost[part]
        )
        assert (slow.net_present_value[row] <= fast.net_present_value[fast.choices.index(choice)] + 1e-6).all()


def test_stronger_storms_scale_the_height_above_mean_sea_level() -> None:
    moved = sea_levels(np.array([[1.5, 2.5]]), 0.5, np.array([[0.0], [0.2]]), np.array([0.0, 0.1]))
    assert moved[:, 0] == pytest.approx(np.array([[1.5, 2.5], [1.8, 2.9]]))


def test_a_sea_that_rises_more_damages_more_in_every_development() -> None:
    appraisal = weigh(a_site(), [], load_scenarios(), (make_hazard(rise=0.5), make_hazard(rise=1.0)))
    damage = {future.name: np.median(appraisal.damage[w]) for w, future in enumerate(appraisal.futures)}
    for name, value in damage.items():
        if name.startswith("SSP1-2.6"):
            assert value < damage[name.replace("SSP1-2.6", "SSP5-8.5")]
        if "storms as today" in name:
            assert value < damage[name.replace("storms as today", "stronger storms")]
        if "slow" in name:
            assert value < damage[name.replace("slow", "fast")]


def test_the_selection_keeps_to_the_budget_and_regrets_least() -> None:
    site = a_site()
    appraisal = weigh(site, designs_of(site, price=0.05), load_scenarios(), (make_hazard(rise=0.5),))
    price, worth = np.median(appraisal.investment, axis=1), np.median(appraisal.net_present_value[:, :-1], axis=2)
    for budget in (0.0, *np.quantile(price, [0.3, 0.6]), None):
        chosen = select(appraisal, budget)
        index = appraisal.choices.index(chosen.choice)
        within = price <= (np.inf if budget is None else budget)
        assert within[index]
        greatest = regrets(worth[within]).max(axis=1)
        assert greatest.min() == pytest.approx(
            appraisal.robustness(chosen.choice, chosen.affordable).maximum_regret, abs=0.01
        )
        for w, best in enumerate(chosen.best):
            assert worth[appraisal.choices.index(best), w] == worth[within, w].max()
    assert select(appraisal, 0.0).choice == frozenset()


def test_robustness_counts_the_futures_in_which_it_pays() -> None:
    site = a_site()
    appraisal = weigh(site, designs_of(site), load_scenarios(), (make_hazard(rise=0.5),))
    everything = np.ones(len(appraisal.choices), dtype=bool)
    cheap = appraisal.robustness(frozenset({0}), everything)
    assert (cheap.pays_in, cheap.of, cheap.is_no_regret) == (45, 45, True)
    assert cheap.worst_tenth <= cheap.lowest <= cheap.highest
    nothing = appraisal.robustness(frozenset(), everything)
    assert (nothing.pays_in, nothing.is_no_regret, nothing.lowest) == (0, False, 0.0)
    assert nothing.maximum_regret == pytest.approx(appraisal.worth.max())


def test_too_many_measures_and_a_horizon_beyond_2100_are_refused() -> None:
    site = a_site()
    designs = designs_of(site)
    damage = StageDamageByDesign.of(site, (), ())
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match=r"long-term measures.*combine 10 or fewer"):
        appraise(designs * 4, damage, STILL, ECONOMY, 0.0, rng)
    with pytest.raises(InputError, match="ends in 2110"):
        appraise([], damage, STILL, Economy(0.03, 50, 2060), 0.0, rng)
