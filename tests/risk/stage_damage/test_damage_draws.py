"""Draws of damage against the chain of maps itself and an analytic truth; measures never avoid more than all damage."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from shapely import Point

from strandline.errors import InputError
from strandline.observations.exposure.damage_curves import curve
from strandline.planning.investment.stage_damage_by_design import StageDamageByDesign, measure_sets
from strandline.risk.expectation import Expectation
from strandline.risk.hazard.hazard import FutureHazard, Hazard
from strandline.risk.impact.impact import assess_impact
from strandline.risk.stage_damage.damage_chain import damage_ratios, draw_curve_deviates
from strandline.risk.stage_damage.damage_draws import DamageDraws
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights
from strandline.risk.stage_damage.exposure import overlay_exposure
from strandline.risk.stage_damage.protection import Protection
from tests.fixtures.hazards import REGION, at_one_period, make_assets, make_hazard
from tests.planning.investment.test_cost_benefit import a_baseline, designs_of

pytestmark = pytest.mark.slow

KNOWN = [0, 1, 2, 3, 7]


def many_draws(hazard: Hazard, per_map: int, seed: int = 0) -> Hazard:
    """The same maps, each read by several draws of levels near its own."""
    moved = np.random.default_rng(seed).normal(0, 0.05, (len(hazard.levels), per_map, 1))
    return replace(hazard, drawn_levels=(hazard.levels[:, None] + moved).reshape(-1, hazard.levels.shape[1]))


def test_each_draw_has_the_damage_of_its_own_map_levels_and_curves() -> None:
    hazard = many_draws(make_hazard(samples=5), 3)
    exposure, deviates = overlay_exposure(make_assets(), REGION), draw_curve_deviates(15, np.random.default_rng(1))
    found = DamageDraws((hazard,), exposure, "europe", deviates).annual_damage()
    weights = frequency_weights(hazard.return_periods)
    for draw in range(15):
        ratios = damage_ratios(hazard.flood_depth[draw // 3], exposure, "europe", deviates[draw])  # (A, R)
        at_levels = [np.interp(hazard.level_draws[draw], hazard.levels[draw // 3], row) for row in ratios]
        assert found[draw] == pytest.approx(at_levels @ weights * exposure.value, nan_ok=True)


def test_the_mean_is_within_three_standard_errors_of_an_analytic_truth() -> None:
    """A house on a beach, with depth = level - 1 m, a linear curve and levels with an exponential tail."""
    periods, tail = (1.05, 1.5, 2.0, 5.0, 10.0, 50.0, 100.0, 1000.0), 0.3
    rng = np.random.default_rng(4)
    spread = rng.normal(0, 0.05, 400)
    levels = 1.0 + tail * np.log(periods) + np.sort(spread)[:, None]
    mapped = levels[5::10]
    depth = np.broadcast_to(np.maximum(mapped - 1.0, 0.0)[..., None, None], (*mapped.shape, *REGION.shape))
    chance = np.ones((len(periods), *REGION.shape), dtype=np.float32)
    maps = depth.astype(np.float32)
    hazard = Hazard(REGION, periods, mapped, maps, chance, chance, 0 * chance, {}, drawn_levels=levels)
    house = make_assets().iloc[[0]].assign(geometry=[Point(150, 450)])
    deviates = draw_curve_deviates(400, rng)
    total = DamageDraws((hazard,), overlay_exposure(house, REGION), "europe", deviates).annual_damage()[:, 0]
    found = Expectation.of(total, 40)
    # D(f) = value · E[knots] · depth; the curve is linear up to 0.5 m only: integrate numerically over a fine grid.
    mean, error = curve("residential", "europe")
    nodes, weight = np.polynomial.hermite_e.hermegauss(40)
    knots = np.maximum.accumulate(np.clip(mean + nodes[:, None] * error, 0, 1), axis=1).T @ weight / weight.sum()
    frequency = np.exp(np.linspace(np.log(1e-3), np.log(1 / 1.05), 4000))
    offset = norm.ppf((np.arange(200) + 0.5) / 200) * 0.05
    level = tail * np.log(1 / frequency)[:, None] + offset  # above the ground
    damage = np.interp(level, (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0), knots).mean(axis=1)
    truth = 200e3 * (np.trapezoid(damage, frequency) + 1e-3 * damage[0])
    assert abs(found.mean - truth) < 3 * found.standard_error + 0.01 * truth
    assert found.standard_error < 0.1 * truth


def test_no_set_of_measures_avoids_more_than_all_damage_in_any_draw() -> None:
    baseline = a_baseline(make_hazard(rise=0.5))
    designs = designs_of(baseline)
    left = StageDamageByDesign.of(baseline, designs).expected_annual_damage(
        measure_sets(len(designs)), baseline.draws.levels[None]
    )
    total = baseline.today.sum(axis=1)
    assert left[frozenset()][0] == pytest.approx(total)
    for each in left.values():
        assert (each[0] >= -1e-9).all()
        assert (each[0] <= total + 1e-6).all()


def test_the_plans_damage_without_measures_is_the_impacts_in_every_draw() -> None:
    hazard, higher = many_draws(make_hazard(), 10), many_draws(make_hazard(rise=0.5), 10)
    assets = make_assets().iloc[KNOWN]
    future = FutureHazard("higher", 0.5, "made up", higher)
    impact = assess_impact(hazard, assets, "europe", np.random.default_rng(0), futures=(future,))
    draws = DamageDraws((hazard, higher), overlay_exposure(assets, REGION), "europe", impact.curve_deviates)
    assert Expectation.of(draws.annual_damage().sum(axis=1), 20) == impact.expected_annual_damage
    assert impact.expected_annual_damage.draws == 200
    (raised,) = impact.in_future
    assert raised.expected.mean > impact.expected_annual_damage.mean


def test_the_averages_of_the_classes_add_up_to_that_of_the_whole() -> None:
    impact = assess_impact(many_draws(make_hazard(), 10), make_assets(), "europe", np.random.default_rng(0))
    parts = [each.expected_annual_damage.mean for each in impact.totals]
    assert np.nansum(parts) == pytest.approx(impact.expected_annual_damage.mean)
    assert np.nansum(impact.assets["expected_annual_damage_mean"]) == pytest.approx(impact.expected_annual_damage.mean)


def test_frequent_floods_are_counted_where_they_are_mapped_and_bounded_where_not() -> None:
    hazard, assets, rng = make_hazard(), make_assets().iloc[KNOWN], np.random.default_rng
    frequent = at_one_period(make_hazard(rise=-0.2), 0, 1.1)
    without = assess_impact(hazard, assets, "europe", rng(0))
    counted = assess_impact(hazard, assets, "europe", rng(0), frequent=frequent)
    assert (without.frequent.return_period, counted.frequent.return_period) == (2.0, 1.1)
    more = counted.expected_annual_damage.mean - without.expected_annual_damage.mean
    assert 0 < more < without.frequent.at_most
    assert 0 < counted.frequent.at_most < 0.25 * without.frequent.at_most


def test_damage_of_seas_above_the_highest_map_is_a_share_that_one_more_map_removes() -> None:
    hazard, assets = make_hazard(), make_assets().iloc[KNOWN]
    spread = np.repeat(hazard.levels, 10, axis=0) + np.linspace(-0.4, 0.4, 200)[:, None]
    hazard = replace(hazard, drawn_levels=spread)
    highest = at_one_period(replace(make_hazard(rise=1.0), drawn_levels=spread), -1, 100.0)
    bounded = assess_impact(hazard, assets, "europe", np.random.default_rng(0))
    whole = assess_impact(hazard, assets, "europe", np.random.default_rng(0), highest=highest)
    assert 0.02 < bounded.share_beyond_maps < 0.9
    assert whole.share_beyond_maps == 0.0
    assert whole.expected_annual_damage.mean > bounded.expected_annual_damage.mean, "the former was a lower bound"


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 0.6), st.floats(0.0, 1.5), st.floats(0.0, 1.0), st.floats(0.8, 2.4))
def test_more_protection_never_adds_damage(attenuation: float, height: float, share: float, crest: float) -> None:
    baseline = a_baseline(make_hazard(rise=0.5))
    less = Protection(attenuation=attenuation / 2, raised={"residential": height / 2})
    more = Protection(crest, attenuation, {"residential": height}, {"commercial": share})
    some, all_of_it = (baseline.draws.annual_damage([each] * baseline.draws.count) for each in (less, more))
    assert (some <= baseline.today + 1e-6).all()
    assert (all_of_it <= some + 1e-6).all()


def test_draws_and_maps_that_do_not_belong_together_are_refused() -> None:
    exposure, hazard = overlay_exposure(make_assets(), REGION), many_draws(make_hazard(), 2)
    with pytest.raises(InputError, match="need 40, one a draw"):
        DamageDraws((hazard,), exposure, "europe", np.zeros((20, 6)))
    with pytest.raises(InputError, match="hazard under sea-level rise"):
        DamageDraws((hazard, make_hazard(rise=1.0)), exposure, "europe", np.zeros((40, 6)))


def test_land_that_sinks_unevenly_has_the_damage_of_its_own_maps_in_the_same_draws() -> None:
    today, higher, sunk = (many_draws(make_hazard(rise=rise), 10) for rise in (0.0, 0.5, 0.9))
    assets = make_assets().iloc[KNOWN]
    even = FutureHazard("even", 0.5, "made up", higher)
    uneven = replace(even, hazard=sunk, same_sea_today=higher, sunk=0.4)
    impact = assess_impact(today, assets, "europe", np.random.default_rng(0), futures=(even, uneven))
    own = DamageDraws((sunk,), overlay_exposure(assets, REGION), "europe", impact.curve_deviates)
    assert impact.in_future[1].expected == Expectation.of(own.annual_damage().sum(axis=1), 20)
    assert impact.in_future[0].expected.mean < impact.in_future[1].expected.mean
    assert uneven.on_todays_land is higher


def test_every_draw_has_its_own_rise_of_the_sea() -> None:
    today, higher = many_draws(make_hazard(), 10), many_draws(make_hazard(rise=1.0), 10)
    deviates, exposure = draw_curve_deviates(200, np.random.default_rng(1)), overlay_exposure(make_assets(), REGION)
    draws = DamageDraws((today, higher), exposure, "europe", deviates)
    rise = np.linspace(0.0, 1.0, 200)
    found = draws.annual_damage(rise=rise)
    for draw in (0, 77, 199):
        alone = draws.annual_damage(rise=float(rise[draw]))
        assert found[draw] == pytest.approx(alone[draw], nan_ok=True)


def test_levels_seen_from_ground_that_lies_lower_rise_in_every_draw_of_a_map() -> None:
    hazard = many_draws(make_hazard(samples=3), 2)
    lower = np.array([[0.1], [0.2], [0.3]])
    seen = hazard.seen_from(lower)
    assert seen.levels - hazard.levels == pytest.approx(np.repeat(lower, 6, axis=1))
    assert seen.level_draws - hazard.level_draws == pytest.approx(np.repeat(np.repeat(lower, 2, axis=0), 6, axis=1))
    assert (seen.flood_depth == hazard.flood_depth)[~np.isnan(hazard.flood_depth)].all()
