"""The simulated ground: is it a delta, do its embankments hold, and do they fail as they should?"""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from benchmarks.delta.bathtub import connected_bathtub
from strandline.errors import InputError
from strandline.simulator.landscape.polders import probability_of_breach
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.simulator.landscape.terrain import (
    ReferenceLevels,
    Side,
    Terrain,
    breach,
    draw_terrain,
    elevation_product,
)

MARKS = ReferenceLevels(mean_sea_level=0.1, high_water=1.7, design=2.1)


def make(seed: int, seaward: Side = "south", shape: tuple[int, int] = (48, 48)) -> Terrain:
    return draw_terrain(shape, 150.0, MARKS, np.random.default_rng(seed), seaward)


def test_the_same_seed_gives_the_same_ground_and_another_seed_another() -> None:
    first, again, other = make(1), make(1), make(2)
    for item in fields(Terrain):
        value = getattr(first, item.name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(again, item.name))
    assert not np.array_equal(first.bed, other.bed)


@pytest.mark.parametrize("seaward", ["north", "east", "south", "west"])
def test_the_sea_is_on_the_requested_side(seaward: Side) -> None:
    terrain = make(3, seaward, (40, 56))
    edge = {"north": np.s_[0], "east": np.s_[:, -1], "south": np.s_[-1], "west": np.s_[:, 0]}[seaward]
    expected = np.zeros((40, 56), dtype=bool)
    expected[edge] = True
    np.testing.assert_array_equal(terrain.open_boundary, expected)
    assert terrain.permanent_water[edge].all()
    assert terrain.bed.shape == (40, 56)


@pytest.mark.parametrize("seed", range(6))
def test_all_permanent_water_is_one_water_body_that_the_river_feeds(seed: int) -> None:
    terrain = make(seed)
    bodies, _ = label(terrain.permanent_water)
    sea = np.unique(bodies[terrain.open_boundary])
    assert sea.size == 1
    assert set(np.unique(bodies[terrain.permanent_water])) == set(sea)
    assert bodies[terrain.inflow_cell] == sea[0]
    assert not terrain.open_boundary[terrain.inflow_cell]


@pytest.mark.parametrize("seed", range(6))
def test_a_delta_is_mostly_low_land_in_polders(seed: int) -> None:
    terrain = make(seed)
    interior = (terrain.polders.identity > 0) & ~terrain.polders.embankment
    assert 0.6 < terrain.land.mean() < 0.9
    assert 0.25 < interior.sum() / terrain.land.sum() < 0.95
    assert terrain.polders.identity.max() >= 3
    low = terrain.bed[interior & (terrain.settlement == 0) & ~terrain.road]
    assert abs(np.median(low) - MARKS.mean_sea_level) < 1.2
    assert np.median(low) < MARKS.high_water - 0.3


@pytest.mark.parametrize("seed", range(6))
def test_intact_embankments_keep_out_water_below_their_crests(seed: int) -> None:
    terrain = make(seed)
    exposed = terrain.polders.exposed
    lowest = float(terrain.crest[exposed].min())
    wet = connected_bathtub(terrain.bed, terrain.permanent_water, lowest - 0.01)
    assert not wet[terrain.polders.identity > 0].any()


def test_breaches_differ_between_storms_and_lie_on_embankments() -> None:
    terrain = make(4)
    rng = np.random.default_rng(0)
    beds = [breach(terrain, MARKS.design, rng) for _ in range(6)]
    assert len({bed.tobytes() for bed in beds}) == 6
    for bed in beds:
        lowered = bed < terrain.bed
        assert lowered.any()
        assert (bed <= terrain.bed).all()
        in_polders = lowered & (terrain.polders.identity > 0)
        assert (terrain.polders.exposed[in_polders]).all()


@given(st.integers(0, 40), st.floats(1.0, 3.0), st.floats(0.0, 1.0))
@settings(max_examples=15, deadline=None)
def test_a_higher_sea_breaches_every_segment_that_a_lower_one_does(seed: int, level: float, more: float) -> None:
    terrain = make(5, shape=(32, 32))
    low = breach(terrain, level, np.random.default_rng(seed))
    high = breach(terrain, level + more, np.random.default_rng(seed))
    assert (high <= low).all()


def test_no_embankment_breaches_in_calm_water_and_every_one_far_under_water() -> None:
    head, condition = np.meshgrid([-3.0, 3.0], [0.0, 0.5, 1.0])
    probability = probability_of_breach(head, condition)
    np.testing.assert_allclose(probability[:, 0], 0.0, atol=1e-9)
    np.testing.assert_allclose(probability[:, 1], 1.0, atol=1e-9)
    assert np.diff(probability_of_breach(np.zeros(5), np.linspace(0, 1, 5))).max() < 0  # sound ones fail less


@pytest.mark.parametrize("seed", range(5))
def test_the_elevation_product_errs_by_one_to_one_and_a_half_metres_on_land(seed: int) -> None:
    terrain = make(seed)
    product, stated = elevation_product(terrain, np.random.default_rng(seed))
    error = (product - terrain.bed)[terrain.land]
    assert 1.0 <= np.sqrt((error**2).mean()) <= 1.5
    assert stated == pytest.approx(np.sqrt((error**2).mean()))


def test_the_elevation_product_is_too_high_over_trees_and_buildings_and_its_error_is_correlated() -> None:
    over, under, neighbours = [], [], []
    for seed in range(12):
        terrain = make(seed)
        product, _ = elevation_product(terrain, np.random.default_rng(seed + 100))
        error = product - terrain.bed
        tall = terrain.land & ((terrain.woody > 0.5) | (terrain.settlement > 0.5))
        low = terrain.land & (terrain.vegetation < 0.5) & (terrain.settlement < 0.05) & ~terrain.polders.embankment
        over.append(error[tall].mean())
        under.append(error[low].mean())
        both = terrain.land[:, 1:] & terrain.land[:, :-1]
        neighbours.append(np.corrcoef(error[:, 1:][both], error[:, :-1][both])[0, 1])
    assert np.mean(over) > 0.5
    assert np.mean(over) - np.mean(under) > 0.4
    assert np.mean(neighbours) > 0.5


def test_correlated_noise_has_unit_variance_and_the_correlation_of_its_kernel() -> None:
    field = correlated_noise((200, 32, 32), 2.0, np.random.default_rng(0))
    assert field.mean() == pytest.approx(0.0, abs=0.05)
    assert field.var() == pytest.approx(1.0, abs=0.05)
    # Two convolved Gaussians of width 2 give exp(−d²/16) at distance d.
    covariance = (field[:, :, 3:] * field[:, :, :-3]).mean()
    assert covariance == pytest.approx(np.exp(-9 / 16), abs=0.05)


def test_a_connected_bathtub_stops_at_a_ridge_and_leaves_unknown_ground_out() -> None:
    ground = np.array([[-1.0, 0.0, 2.0, 0.0, np.nan, 0.0]])
    water = np.array([[True, False, False, False, False, False]])
    np.testing.assert_array_equal(connected_bathtub(ground, water, 1.0), [[0, 1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(connected_bathtub(ground, water, 3.0), [[0, 1, 1, 1, 0, 0]])
    np.testing.assert_array_equal(connected_bathtub(ground, water, 0.1), [[0, 0, 0, 0, 0, 0]])  # below 0.15 m


def test_a_grid_too_small_or_levels_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="24×24"):
        make(0, shape=(16, 16))
    with pytest.raises(InputError, match="do not increase"):
        ReferenceLevels(0.0, 2.0, 1.5)
