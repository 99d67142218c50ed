"""Sampled breaches: a polder floods exactly as often as its dike breaches, and a place without dikes keeps its maps."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strandline.observations.observations import Observations
from strandline.observations.weather.storm_waves import StormWaves, set_up_at
from strandline.risk.breaches.breached_maps import with_breaches
from strandline.risk.breaches.flood_behind import FloodBehind, simulate_flood_behind
from strandline.risk.breaches.fragility import Fragility
from strandline.risk.breaches.protected_areas import find_protected_areas
from strandline.risk.breaches.sampled_breaches import Breaches, simulate_breaches
from strandline.risk.breaches.stretches import find_stretches, stretch_of_cells
from strandline.risk.hazard.hazard import BREACHES, NEW_CRESTS, Hazard
from tests.fixtures import polders
from tests.fixtures.polders import LARGE, OUTSIDE, REGION, SMALL

pytestmark = pytest.mark.slow

CREST = 1.6
BELOW = (0.5, 0.9, 1.4)
"""Levels below the crest, at which a poor dike breaches seldom, often and nearly always [m]."""


def place(crest: float = CREST, condition: str = "poor") -> Observations:
    return polders.observations(polders.dikes([SMALL], [crest], [condition]), [SMALL])


def simulated(observations: Observations, *maps: Hazard, seed: int = 0) -> Breaches:
    found = simulate_breaches(observations, polders.designer(), maps, np.random.default_rng(seed))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def one_stretch() -> Breaches:
    return simulated(place(), polders.hazard(BELOW))


def test_a_polder_with_one_stretch_floods_exactly_when_it_breaches(one_stretch: Breaches) -> None:
    learned, assets = polders.hazard(BELOW), place().assets
    assert assets is not None
    assert len(one_stretch.stretches) == 1
    found = with_breaches(learned, one_stretch, assets)
    cells = polders.inside(SMALL)
    curve = Fragility.of(CREST, "poor", 0.0)
    for period, level in enumerate(BELOW):
        breached = one_stretch.failure_levels(one_stretch.strength)[:, 0] <= level
        flooded = found.flood_depth[:, period][:, cells] >= 0.15
        np.testing.assert_array_equal(flooded, np.repeat(breached[:, None], cells.sum(), axis=1))
        np.testing.assert_allclose(found.flood_probability[period][cells], breached.mean(), rtol=1e-6)
        assert abs(breached.mean() - curve.probability(level)) <= 1 / 40
        assert (found.flood_depth[~breached, period][:, cells] == 0).all()
        assert found.flood_depth[:, period][:, cells].max() <= level - polders.INSIDE + 0.02
    assert 0.05 < curve.probability(BELOW[0]) < 0.5 < curve.probability(BELOW[1])


def test_outside_the_polder_the_learned_maps_stay_bit_by_bit(one_stretch: Breaches) -> None:
    learned, assets = polders.hazard(BELOW), place().assets
    found = with_breaches(learned, one_stretch, assets)
    outside = ~polders.inside(SMALL)
    for name in ("flood_depth", "flood_probability", "flood_extent", "epistemic_sd"):
        np.testing.assert_array_equal(getattr(found, name)[..., outside], getattr(learned, name)[..., outside])
    assert found.levels is learned.levels


def test_unknown_cells_stay_unknown(one_stretch: Breaches) -> None:
    learned = polders.hazard(BELOW)
    row, column = np.argwhere(polders.inside(SMALL))[0]
    depth, share = learned.flood_depth.copy(), learned.flood_probability.copy()
    depth[..., row, column] = share[..., row, column] = np.nan
    found = with_breaches(replace(learned, flood_depth=depth, flood_probability=share), one_stretch, place().assets)
    assert np.isnan(found.flood_depth[..., row, column]).all()
    assert np.isnan(found.flood_probability[..., row, column]).all()


def test_the_maps_say_what_they_hold(one_stretch: Breaches) -> None:
    found = with_breaches(polders.hazard(BELOW), one_stretch, place().assets)
    assert found.breaches == one_stretch.sentence != BREACHES
    assert NEW_CRESTS in found.breaches
    assert "nobody tested on these embankments" in found.breaches
    assert "unknown" not in found.breaches
    vague = simulated(place(condition="unknown"), polders.hazard(BELOW))
    assert "Nobody stated the condition of 1 of them" in vague.sentence


@pytest.mark.parametrize("assets", ["none", "homes alone", "unknown crests"])
def test_without_a_known_crest_nothing_is_sampled(assets: str) -> None:
    observations = place(crest=np.nan)
    if assets == "homes alone":
        homes = observations.surveyed_assets
        observations = replace(observations, assets=homes[homes["asset_class"] == "residential"])
    elif assets == "none":
        observations = replace(observations, assets=None)
    maps = [polders.hazard(BELOW)]
    assert simulate_breaches(observations, polders.designer(), maps, np.random.default_rng(0)) is None


def test_a_polder_whose_crests_are_mostly_unknown_keeps_its_learned_maps() -> None:
    assets = polders.dikes([SMALL, LARGE], [CREST, np.nan])
    observations, learned = polders.observations(assets, [SMALL, LARGE]), polders.hazard(BELOW)
    breaches = simulated(observations, learned)
    assert {each.line for each in breaches.stretches} == {"dike 0"}
    found = with_breaches(learned, breaches, assets)
    inside = polders.inside(LARGE)
    np.testing.assert_array_equal(found.flood_depth[..., inside], learned.flood_depth[..., inside])


def test_the_same_seed_gives_the_same_breaches_and_another_seed_others() -> None:
    observations = polders.observations(polders.dikes([LARGE], [CREST]), [LARGE])
    maps = polders.hazard(BELOW)
    first, again, other = (simulated(observations, maps, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.strength, again.strength)
    np.testing.assert_array_equal(first.luck, again.luck)
    np.testing.assert_array_equal(first.floods[0].share, again.floods[0].share)
    np.testing.assert_array_equal(first.floods[0].together, again.floods[0].together)
    assert (first.strength != other.strength).any()


def test_a_higher_sea_and_a_worse_condition_never_dry_a_cell() -> None:
    levels = tuple(np.linspace(0.4, 2.4, 9))
    periods = tuple(2.0 ** np.arange(1, 10))
    depths = []
    for condition in ("good", "fair", "poor"):
        observations, learned = place(condition=condition), polders.hazard(levels, periods=periods)
        found = with_breaches(learned, simulated(observations, learned), observations.surveyed_assets)
        inside = found.flood_depth[..., polders.inside(SMALL)]
        assert (np.diff(inside, axis=1) >= 0).all()
        depths.append(inside)
    good, fair, poor = depths
    assert (good <= fair + 1e-6).all()
    assert (fair <= poor + 1e-6).all()
    assert (good < poor).any()


def test_a_dike_that_holds_is_overtopped_by_a_sea_above_its_crest() -> None:
    levels = (1.0, CREST - 0.1, CREST + 0.6)
    observations, learned = place(condition="good"), polders.hazard(levels)
    breaches = simulated(observations, learned)
    never = replace(breaches, strength=np.full_like(breaches.strength, 9.0))
    found = with_breaches(learned, never, observations.surveyed_assets)
    inside = found.flood_depth[..., polders.inside(SMALL)]
    assert (inside[:, 2] > 0.15).all()
    assert inside[:, 0].max() == 0


def test_damage_states_of_the_networks_go_behind_the_dike_alone(one_stretch: Breaches) -> None:
    assets = place().surveyed_assets
    home = assets.iloc[[1]]
    outside = home.assign(asset_id="beyond").set_geometry(home.geometry.translate(1000, 0))
    both = gpd.GeoDataFrame(pd.concat([assets.iloc[[1]], outside], ignore_index=True), crs=REGION.crs)
    states = np.full((3, 2, 5), 0.2)
    found = with_breaches(replace(polders.hazard(BELOW), damage_states=states), one_stretch, both)
    assert found.damage_states is not None
    assert np.isnan(found.damage_states[:, 0]).all()
    assert (found.damage_states[:, 1] == 0.2).all()


@pytest.fixture(scope="module")
def two_stretches() -> FloodBehind:
    ground = polders.ground([LARGE])
    sea = np.zeros(REGION.shape, dtype=bool)
    sea[:, :2] = True
    cells = stretch_of_cells(find_stretches(polders.dikes([LARGE], [CREST]), REGION), REGION)
    (area,) = find_protected_areas(ground, sea, cells, 2.0)
    hours = np.arange(20.0)
    shape = np.exp(-(((hours - 6) / 4) ** 2))
    storms = np.array([0.5, 1.0, 1.5, 2.0])[:, None] * shape
    return simulate_flood_behind(area, np.full(len(area.stretches), CREST), ground, 100.0, storms, 0.0)


def test_the_flood_behind_lies_between_a_standing_dike_and_one_that_breaches_all_along(
    two_stretches: FloodBehind,
) -> None:
    flood = two_stretches
    assert len(flood.stretches) == 2
    assert (flood.standing <= flood.together).all()
    assert ((flood.share >= 0) & (flood.share <= 1)).all()
    assert flood.share.max() > 0.1
    assert (flood.standing[:3] == 0).all()
    assert (flood.standing[3] > 0).any()
    assert flood.together[0].mean() > 0.1
    assert (flood.together <= flood.levels[:, None] - polders.INSIDE + 0.02).all()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    level=st.floats(0.0, 3.0), higher=st.floats(0.0, 1.0), first=st.tuples(st.booleans(), st.booleans()),
    more=st.tuples(st.booleans(), st.booleans()),
)  # fmt: skip
def test_depth_never_falls_with_the_sea_or_with_more_breaches(
    two_stretches: FloodBehind, level: float, higher: float, first: tuple[bool, bool], more: tuple[bool, bool]
) -> None:
    few, many = np.array(first), np.array(first) | np.array(more)
    depth = two_stretches.depth(level, few)
    assert (depth >= 0).all()
    assert (two_stretches.depth(level + higher, few) >= depth - 1e-9).all()
    assert (two_stretches.depth(level, many) >= depth - 1e-9).all()


def test_ground_before_the_dike_is_no_part_of_the_area(one_stretch: Breaches) -> None:
    (flood,) = one_stretch.floods
    np.testing.assert_array_equal(np.sort(flood.cells), np.flatnonzero(polders.inside(SMALL)))
    assert OUTSIDE > polders.INSIDE


WAVES = StormWaves(2.0, 7.0, 0.02, 0.0, 1.4, "as a test states")


def test_waves_weaken_no_stretch_but_the_sea_before_it_is_higher_by_their_set_up(one_stretch: Breaches) -> None:
    rough = simulated(replace(place(), waves=WAVES), polders.hazard(BELOW))
    assert WAVES.set_up > 0.15
    at_gauge = rough.failure_levels(one_stretch.strength)
    np.testing.assert_allclose(at_gauge + set_up_at(WAVES, at_gauge), one_stretch.failure_levels(one_stretch.strength))
    assert (at_gauge <= one_stretch.failure_levels(one_stretch.strength)).all()
    np.testing.assert_array_equal(rough.floods[0].levels, one_stretch.floods[0].levels)


def test_waves_are_thrown_over_a_standing_crest_and_never_drain_what_is_behind(one_stretch: Breaches) -> None:
    calm = one_stretch.floods[0]
    rough = simulated(replace(place(), waves=WAVES), polders.hazard(BELOW)).floods[0]
    assert calm.standing.max() == 0.0
    assert rough.standing.max() > 0.05
    # waves fill no polder above the crest: what they throw beyond it falls back
    dry_crest = rough.levels + set_up_at(WAVES, rough.levels) < CREST
    assert (rough.standing[dry_crest] + polders.INSIDE).max() < CREST + 0.1
    assert (rough.standing >= calm.standing).all()
    assert (rough.together >= calm.together - 1e-6).all()
    # a toe as high as the sea lets no wave come near, so that the set-up alone is left, below the crest
    observed = replace(place(), waves=WAVES)
    assets = observed.surveyed_assets
    shielded = simulated(replace(observed, assets=assets.assign(toe=1.7)), polders.hazard(BELOW)).floods[0]
    below = shielded.levels + set_up_at(WAVES, shielded.levels) < CREST
    assert below.sum() == 4
    assert shielded.standing[below].max() == 0.0


def test_waves_come_from_the_sea_side_of_every_dike() -> None:
    """A polder fills alike whichever side of it has the sea: turned and mirrored ground gives the same water."""
    ground = polders.ground([SMALL])
    sea = np.zeros(REGION.shape, dtype=bool)
    sea[:, :2] = True
    dike = stretch_of_cells(find_stretches(place().surveyed_assets, REGION), REGION)
    storms = np.tile(np.r_[np.linspace(0, 1.2, 7), np.linspace(1.2, 0, 13)], (1, 1))
    volumes = []
    for turn in (0, 1, 2, 3):
        here, outside, of_stretch = (np.rot90(each, turn).copy() for each in (ground, sea, dike))
        (area,) = find_protected_areas(here, outside, of_stretch, 1.5)
        found = simulate_flood_behind(area, np.array([CREST]), here, 100.0, storms, 0.0, WAVES, 0.0)
        volumes.append(found.standing.sum())
    assert volumes[0] > 0.1
    np.testing.assert_allclose(volumes, volumes[0], rtol=0.05)
