"""Designs of measures: where they do not apply, whom they protect, and that more of one is never worse."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.observations.region import Region
from strandline.planning.investment.design import Design, design
from strandline.planning.investment.scenarios import load_scenarios
from strandline.planning.investment.stage_damage_by_design import StageDamageByDesign
from strandline.planning.measures import load_measures
from strandline.planning.plan import Plan, plan_adaptation
from strandline.planning.quantity import Quantity
from strandline.risk.hazard.hazard import Hazard
from strandline.risk.impact.impact import assess_impact
from strandline.risk.impact.lives.by_all_drivers import AddedPeople, PeopleByAllDrivers
from strandline.risk.impact.population import assess_population
from strandline.risk.people import People
from strandline.risk.stage_damage.protection import Protection, join
from tests.fixtures.hazards import make_assets, make_hazard
from tests.fixtures.people import by_sea
from tests.planning.investment.test_cost_benefit import ECONOMY, a_baseline

pytestmark = pytest.mark.slow

HIGHER = (make_hazard(rise=0.5), make_hazard(rise=1.0))


def built(key: str, baseline=None, **changes):
    measure = next(each for each in load_measures().long_term if each.key == key)
    return design(replace(measure, **changes), baseline or a_baseline(), ECONOMY, np.random.default_rng(0))


def test_mangroves_are_planted_where_they_grow() -> None:
    baseline = a_baseline()
    belt = built("mangrove_belt")
    assert min(each.attenuation for each in belt.protections) >= 0.025
    assert max(each.attenuation for each in belt.protections) <= 0.25
    assert belt.investment / belt.measure.unit_cost.draw(20, np.random.default_rng(0)) == pytest.approx(1.0 * 0.5 * 100)
    north = Region("Coldshore", "EPSG:32633", (0, 6e6, 1000, 6000800), 100.0, "mean sea level", (50, 6000050), "europe")
    hazard = replace(baseline.hazard, region=north)
    assert built("mangrove_belt", replace(baseline, draws=replace(baseline.draws, hazards=(hazard,)))) == (
        "Plant a mangrove belt: mangroves do not grow at latitude 54°."
    )


def test_homes_that_moved_away_have_no_damage() -> None:
    cheap = Quantity(1e-6, 1e-6, 1e-6, "", "assumption")
    moved = built("retreat", unit_cost=cheap)
    damage = StageDamageByDesign.of(a_baseline(*HIGHER), [moved])
    homes = [group for group in damage.groups if group.covered_by]
    assert homes
    alone = replace(damage, groups=tuple(homes))
    assert alone.at_mapped_levels(frozenset()).max() > 0
    assert (alone.at_mapped_levels(frozenset({0})) == 0).all()
    assert set(moved.where) <= {"low", "high"}


def test_nobody_is_asked_to_leave_a_home_that_a_map_alone_shows() -> None:
    cheap, baseline = Quantity(1e-6, 1e-6, 1e-6, "", "assumption"), a_baseline()
    (low, *_), assets = built("retreat", baseline, unit_cost=cheap).where, baseline.assets
    all_mapped = replace(baseline, assets=assets.assign(is_mapped=True))
    assert "no value of these was surveyed" in built("retreat", all_mapped, unit_cost=cheap)
    but_one = replace(baseline, assets=assets.assign(is_mapped=(assets["asset_id"] != low).to_numpy()))
    assert built("retreat", but_one, unit_cost=cheap).where == (low,)


def plan_with(
    people: list[float] | None, higher: tuple[Hazard, ...] = HIGHER, together: PeopleByAllDrivers | None = None
) -> Plan:
    hazard, assets, rng = make_hazard(), make_assets(), np.random.default_rng(0)
    if people is not None:
        assets["people"] = people
    people_there = assess_population([hazard, *higher], assets, 5, np.random.default_rng(1))
    return plan_adaptation(
        hazard,
        replace(assess_impact(hazard, assets, "europe", rng), population=people_there, by_all_drivers=together),
        budget=None,
        economy=ECONOMY,
        measures=load_measures(),
        scenarios=load_scenarios(),
        mean_sea_level=0.0,
        rng=rng,
        sea_level_rise_hazards=higher,
    )


def test_shelters_hold_everybody_who_may_be_exposed_and_are_for_lives() -> None:
    plan = plan_with([4000, 0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan])
    shelters = next(each for each in plan.actions if each.kind == "shelters")
    assert shelters.avoided_loss is None
    assert shelters.why.startswith("For lives, not for money")
    count = int(shelters.what.split()[0])
    assert shelters.what.startswith(f"{count} shelters for 1,600 people each, enough for ")
    assert "upper bound" in shelters.what
    assert "upper bound" in shelters.why
    assert count * 1600 >= 4000 * 1.3, "the survey may count too few, and homes without a count may be full"
    assert shelters.protects.startswith("people with water at home: between ")
    assert shelters.cost.mean == pytest.approx(count * 9.0e4, rel=1.0)
    assert shelters.priority < next(each.priority for each in plan.actions if each.kind == "continue_monitoring")
    assert any("no count of people" in note for note in plan_with(None, ()).notes)
    assert plan.portfolio is None or "shelters" not in plan.portfolio.kinds


def test_shelters_hold_whoever_rain_and_rivers_may_reach_as_well() -> None:
    population, loss = by_sea()
    added = np.full((2, 3, 3), 9000.0)
    together = PeopleByAllDrivers.of(("sea", "rain"), population, loss, AddedPeople(100.0, added, added))
    together = replace(together, exposed=People(100, 4000, 20000))
    counts = [4000, 0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan]
    alone, both = (
        next(each for each in plan_with(counts, together=given).actions if each.kind == "shelters")
        for given in (None, together)
    )
    assert int(both.what.split()[0]) == 13 > int(alone.what.split()[0])
    assert "enough for 20,000 people" in both.what
    assert both.protects.startswith("people with water at home by the sea and heavy rain together: between 100")


def test_protections_join_as_if_one_were_behind_the_other() -> None:
    first = Protection(crest=1.0, attenuation=0.1, raised={"residential": 1.5}, avoided_share={"residential": 0.5})
    second = Protection(attenuation=0.2, raised={"residential": 0.5, "road": 1.0}, avoided_share={"residential": 0.2})
    both = join(first, second)
    assert both == join(second, first)
    assert (both.crest, both.attenuation) == pytest.approx((1.0, 0.3))
    assert both.raised == {"residential": 2.0, "road": 1.0}
    assert both.avoided_share["residential"] == pytest.approx(0.6)
    with pytest.raises(InputError, match=r"attenuates -0.1 m"):
        Protection(attenuation=-0.1)


def test_behind_a_belt_is_the_damage_of_a_lower_sea() -> None:
    draws = a_baseline(*HIGHER).draws
    belt = [Protection(attenuation=0.25)] * draws.count
    assert draws.annual_damage(belt) == pytest.approx(draws.annual_damage(rise=-0.25))


def test_a_belt_lowers_the_sea_that_reaches_a_crest() -> None:
    kept_out = Protection(crest=1.8, attenuation=0.25).keeps_out(np.array([1.0, 2.0, 2.1, 3.0]))
    assert kept_out.tolist() == [True, True, False, False]


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([e.key for e in load_measures().long_term if e.mechanism not in ("embankment", "shelter")]),
    st.floats(0.0, 0.9),
    st.floats(0.01, 1.0),
)
def test_raising_the_effect_of_a_measure_never_raises_damage(key: str, effect: float, more: float) -> None:
    baseline = a_baseline(*HIGHER)
    cheap = Quantity(1e-6, 1e-6, 1e-6, "", "assumption")
    effects = next(each for each in load_measures().long_term if each.key == key).effect
    name = next(iter(effects))

    def left(value: float) -> np.ndarray:
        size = Quantity(value, value, value, "", "assumption")
        found = built(key, baseline, unit_cost=cheap, effect={**effects, name: size})
        designs = [found] if isinstance(found, Design) else []
        damage = StageDamageByDesign.of(baseline, designs)
        everything = frozenset(range(len(designs)))
        return damage.expected_annual_damage([everything], baseline.draws.levels[None] + 0.3)[everything]

    cap = 1.0 if name == "avoided_share" else np.inf
    assert (left(min(effect + more, cap)) <= left(effect) + 1e-6).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(2.0, 100.0), st.floats(1.0, 3.0))
def test_a_higher_crest_never_lets_more_in(period: float, factor: float) -> None:
    baseline = a_baseline(*HIGHER)
    effects = next(each for each in load_measures().long_term if each.key == "raise_embankment").effect

    def left(years: float) -> np.ndarray:
        wanted = replace(effects["design_return_period"], value=years)
        found = built("raise_embankment", baseline, effect={**effects, "design_return_period": wanted})
        damage = StageDamageByDesign.of(baseline, [found])
        return damage.expected_annual_damage([frozenset({0})], baseline.draws.levels[None])[frozenset({0})]

    assert (left(min(period * factor, 100.0)) <= left(period) + 1e-6).all()
