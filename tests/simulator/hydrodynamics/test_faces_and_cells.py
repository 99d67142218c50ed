"""Single faces and cells of the solver against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.simulator.hydrodynamics.local_inertia import WALL, Edges, Tables
from strandline.simulator.hydrodynamics.overtopping import overtopping
from strandline.simulator.hydrodynamics.solver.advance import _between
from strandline.simulator.hydrodynamics.solver.cells import add_water, set_level, water_in
from strandline.simulator.hydrodynamics.solver.coarse_cells import held_at, level_of, subgrid_flux
from strandline.simulator.hydrodynamics.solver.faces import (
    crest_now,
    limited,
    open_faces,
    open_flux,
    structure_flow,
    thrown_over,
    wall_flux,
)
from strandline.simulator.hydrodynamics.solver.reach import VECTOR, widen_row
from strandline.simulator.hydrodynamics.solver.rows import (
    Column,
    add_rain,
    face_flux,
    infiltrate,
    inverse_cube_root,
    new_levels,
    overdrawn,
    shares,
    update_greatest,
    update_times,
)
from strandline.simulator.hydrodynamics.solver.state import Numbers, OneStorm, Water

G, STEP, SIZE, DRY = 9.81, 2.0, 50.0, 1e-3
SLOPE_FACTOR = G * STEP / SIZE
NO_LIMIT, FROUDE_1 = 1e12, G
INNER = (Column(1), Column(4))
"""First column and the one after the last of a row of three cells between two outer ones."""
both_ways = pytest.mark.parametrize("way", [1.0, -1.0])


def settle(flux_after, flux=0.0, steps=4000):
    """The flux that its own next value equals."""
    for _ in range(steps):
        flux = flux_after(flux)
    return flux


def between(way, high, low):
    """Levels of the two cells of a face over which water flows this way."""
    return (high, low) if way > 0 else (low, high)


@settings(max_examples=300, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_the_inverse_cube_root_has_thirteen_digits(x):
    assert inverse_cube_root(x) == pytest.approx(x ** (-1 / 3), rel=2e-13)


@both_ways
@pytest.mark.parametrize("bed", [-3.0, 0.0, 4.0])
def test_flow_over_a_face_settles_at_that_of_manning(way, bed):
    """q = h^(7/6) √(h' Δη / Δx) / n, where h' of the pressure is the mean depth of the two cells."""
    levels, friction = between(way, bed + 1.0, bed + 0.98), G * 0.05**2

    def after(flux, levels=levels, limit=NO_LIMIT):
        return face_flux(
            levels[0], levels[1], bed, bed - 0.5, flux, 0.0, 0.0, friction, STEP, SLOPE_FACTOR, 0.9, DRY, limit
        )

    assert settle(after) == pytest.approx(way * np.sqrt(0.99 * 0.02 / SIZE) / 0.05, rel=1e-9)
    shallow = between(way, bed + 0.2, bed - 0.4)  # over a crest the depth of the pressure is the whole head
    assert after(0.0, shallow) == pytest.approx(
        way * 2 * SLOPE_FACTOR * 0.12 / (1 + np.sqrt(1 + 4 * STEP * friction * 0.2 ** (-7 / 3) * SLOPE_FACTOR * 0.12)),
        rel=1e-9,
    )
    assert after(way * 9.0, limit=FROUDE_1) == way * np.sqrt(G)
    assert after(way, (bed + 0.9 * DRY, bed - 1.0)) == 0.0


def test_a_face_passes_nothing_until_it_is_deeper_than_the_dry_depth():
    dry, wet = (
        face_flux(level, -1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, STEP, SLOPE_FACTOR, 0.9, DRY, FROUDE_1)
        for level in (DRY, 1.01 * DRY)
    )
    assert dry == 0.0
    assert wet == pytest.approx(np.sqrt(G * (1.01 * DRY) ** 3), rel=1e-9)


def test_a_face_averages_its_flux_with_its_neighbours_only_where_both_flow():
    def after(before, behind):
        return face_flux(2.0, 2.0, 0.0, 0.0, 1.0, before, behind, 0.0, STEP, SLOPE_FACTOR, 0.8, DRY, NO_LIMIT)

    assert after(0.5, 0.3) == pytest.approx(0.8 + 0.1 * 0.8, rel=1e-12)
    assert after(0.0, 0.3) == after(0.5, 0.0) == 1.0


@both_ways
@pytest.mark.parametrize(("level", "depth", "manning"), [(0.5, 0.15, 0.04), (0.75, 0.275, 0.06), (1.5, 0.9, 0.08)])
def test_flow_over_a_coarse_face_settles_at_that_of_its_tables(way, level, depth, manning):
    """Depth and friction are linear in the level between the lowest and the highest ground of a face."""
    depths, frictions = np.array([0.0, 0.15, 0.4]), G * np.array([0.02, 0.04, 0.08]) ** 2
    friction = np.interp(level, [0.0, 0.5, 1.0], frictions)
    assert np.sqrt(friction / G) == pytest.approx(manning, rel=0.06)

    def after(flux, levels, limit=NO_LIMIT):
        return subgrid_flux(levels[0], levels[1], 0.0, 1.0, depths, frictions, flux, STEP, SLOPE_FACTOR, DRY, limit)

    found = settle(lambda flux: after(flux, between(way, level, level - 0.02)))
    assert found == pytest.approx(way * depth ** (5 / 3) * np.sqrt(0.02 / SIZE * G / friction), rel=1e-9)
    assert after(way * 9.0, (level, level), FROUDE_1) == way * depth * np.sqrt(G * depth)
    assert after(way, (0.0, -1.0)) == after(way, (0.003, 0.003)) == 0.0


@both_ways
def test_an_open_edge_passes_what_a_small_wave_carries(way):
    """At rest without friction u = u₀ + √(g / h) (prescribed level − level inside): the wave that leaves takes it."""

    def settled(levels, current, friction=0.0, sill=-3.0):
        def after(flux):
            return open_flux(levels[0], levels[1], sill, flux, current, friction, STEP, STEP / SIZE, DRY, NO_LIMIT, G)[
                0
            ]

        return settle(after)

    assert settled((1.0, 1.0), way * 0.3) == pytest.approx(way * 0.3 * 4.0, rel=1e-9)
    levels = between(way, 1.0, 0.9)
    assert settled(levels, 0.0) == pytest.approx(way * np.sqrt(G / 4.0) * 3.95 * 0.1, rel=1e-9)
    over_sill = between(way, 1.0, -1.0)
    assert settled(over_sill, 0.0, sill=0.0) == pytest.approx(way * np.sqrt(G) * 2.0, rel=1e-9)
    flux, friction = settled(levels, 0.0, G * 0.5**2), G * 0.5**2
    balance = np.sqrt(G * 4.0) / SIZE * flux + friction * flux * abs(flux) * 4.0 ** (-7 / 3)
    assert balance == pytest.approx(way * G * 3.95 * 0.1 / SIZE, rel=1e-9)
    fast = open_flux(1.0, 1.0, -3.0, way * 99.0, 0.0, 0.0, STEP, STEP / SIZE, DRY, FROUDE_1, G)
    assert fast == (way * 4.0 * np.sqrt(G * 4.0), 4.0)
    assert open_flux(DRY, -1.0, 0.0, 1.0, 1.0, 0.0, STEP, STEP / SIZE, DRY, FROUDE_1, G) == (0.0, 0.0)


@pytest.mark.parametrize(("step", "share"), [(6.0, 0.1), (60.0, 1.0), (120.0, 1.0)])
def test_the_slow_current_of_an_open_edge_follows_in_a_minute_and_never_overshoots(step, share):
    """Open water in the last column of a row; a current of 0.2 m/s into the domain before the step."""
    level, bed = np.array([[WALL, 1.0, 1.1, WALL]]), np.array([[WALL, -3.0, -4.0, WALL]])
    none, still, edges = np.zeros((0, 0, 0)), np.zeros((1, 4)), Edges(np.array([[0, 0, 2, -1]]), np.zeros((2, 3)))
    storm = OneStorm(np.array([0.2]), np.zeros(1), *np.zeros((6, 0)))
    numbers = Numbers(2000.0, np.inf, 0.7, 0.9, DRY, FROUDE_1, 120.0, G)
    open_faces(level, bed, still, still, still, still, none, edges, storm, numbers, step)
    speed = -storm.open_flux[0] / 4.1
    assert storm.current[0] == pytest.approx(0.2 + share * (speed - 0.2), rel=1e-9)


@both_ways
@pytest.mark.parametrize("crest", [-2.0, 0.0, 3.0])
def test_a_wall_passes_no_more_than_a_weir_nor_than_the_ground(way, crest):
    free = (2 / 3 * 0.5) ** 1.5 * np.sqrt(G)

    def after(low, flux, top=crest):
        levels = between(way, crest + 0.5, crest + low)
        return wall_flux(
            levels[0], levels[1], crest - 4, crest - 5, top, flux, 0.0, STEP, SLOPE_FACTOR, DRY, NO_LIMIT, G
        )

    assert after(-1.0, way * 9.0) == pytest.approx(way * free, rel=1e-12)
    assert after(0.2, way * 9.0) == pytest.approx(way * free * (1 - 0.4**1.5) ** 0.385, rel=1e-12)
    assert after(0.5, way * 9.0) == 0.0
    assert after(0.45, 0.0) == pytest.approx(way * SLOPE_FACTOR * 0.475 * 0.05, rel=1e-9)
    assert after(-1.0, way * 9.0, crest + 0.5 - DRY / 2) == 0.0


def test_a_breach_sinks_steadily_and_never_raises_a_wall():
    assert [crest_now(3.0, 1.0, 600.0, 300.0, clock) for clock in (0.0, 600.0, 750.0, 900.0, 2000.0)] == [3, 3, 2, 1, 1]
    assert crest_now(3.0, 4.0, 600.0, 300.0, 900.0) == 3.0
    assert crest_now(3.0, 1.0, np.inf, 300.0, 900.0) == 3.0


@both_ways
def test_waves_throw_over_from_their_side_until_the_water_behind_is_at_the_crest(way):
    def thrown(sea, behind, crest=2.0, waves_from=int(way)):
        first, second = between(way, sea, behind)
        return thrown_over(waves_from, first, second, crest, 1.0, 6.0, 0.3, G)

    assert thrown(1.2, -1.0) == pytest.approx(way * overtopping(0.8, 1.0, 6.0, 0.3, G), rel=1e-12)
    assert abs(thrown(1.2, 1.999)) > 0.0
    assert thrown(1.2, 2.0) == thrown(1.2, -1.0, np.inf) == thrown(1.2, -1.0, waves_from=0) == 0.0


@pytest.mark.parametrize(("height", "period"), [(0.0, 5.0), (1.0, 0.0), (-1.0, 5.0), (1.0, -5.0)])
def test_no_waves_throw_nothing_over_a_crest_at_the_water(height, period):
    assert overtopping(0.0, height, period, 0.3, G) == 0.0


def test_a_pump_starts_above_one_level_and_runs_down_to_another():
    pump = np.array([0.0, 0, 0, 0, 0, 0.7, 1.5, 1.2])

    def flow(level, runs):
        return structure_flow(pump, runs, level, 0.0, G)

    assert flow(1.5, False) == flow(1.2, True) == (0.0, False)
    assert flow(1.6, False) == flow(1.3, True) == (0.7, True)


def test_a_gate_passes_what_an_orifice_does_above_its_sill():
    """Q = a √(2 g Δη); a flap passes it one way, and nothing once the second cell is at the level of closing."""
    gate, flap = (np.array([kind, 0, 0, 0, 0, 0.5, 0.3, 2.0]) for kind in (1.0, 2.0))

    def flow(structure, first, second):
        return structure_flow(structure, False, first, second, G)

    for structure in (gate, flap):
        assert flow(structure, 1.0, 0.8) == (pytest.approx(0.5 * np.sqrt(2 * G * 0.2)), False)
        assert flow(structure, 1.0, -4.0) == (pytest.approx(0.5 * np.sqrt(2 * G * 0.7)), False)
        assert flow(structure, 0.2, 0.1)[0] == flow(structure, 3.0, 2.0)[0] == 0.0
    assert flow(gate, 0.8, 1.0)[0] == pytest.approx(-0.5 * np.sqrt(2 * G * 0.2))
    assert flow(flap, 0.8, 1.0) == (0.0, False)


@both_ways
def test_a_step_takes_no_more_than_a_quarter_of_what_there_is(way):
    first, second = between(way, 0.4, 100.0)
    assert limited(way * 9.0, 10.0, first, second, np.inf, 400.0) == pytest.approx(way * 0.25 * 0.4 * 400.0 / 10.0)
    assert limited(way * 9.0, 10.0, first, second, way * 0.1, 400.0) == pytest.approx(way * 0.25 * 0.1 * 400.0 / 10.0)
    assert limited(way * 0.5, 10.0, first, second, np.inf, 400.0) == way * 0.5


def test_a_coarse_cell_holds_by_its_table_and_a_flat_one_by_its_ground():
    """Ground of equal shares at 0 m and at 1 m: half the area up to 1 m, all of it above."""
    levels, full = np.array([0.0, 0.5, 1.0]), 0.5
    for level, held in ((0.0, 0.0), (0.25, 0.125), (0.5, 0.25), (0.9, 0.45), (1.0, 0.5), (3.0, 2.5)):
        assert held_at(level, levels, full) == pytest.approx(held, abs=1e-15)
        assert level_of(held, levels, full) == pytest.approx(level, abs=1e-15)
    assert held_at(-1.0, levels, full) == 0.0
    flat = np.full(3, 0.7)
    assert level_of(0.0, flat, 0.0) == 0.7
    assert level_of(0.2, flat, 0.0) == pytest.approx(0.9)
    assert held_at(0.9, flat, 0.0) == pytest.approx(0.2)
    assert held_at(0.7, flat, 0.0) == held_at(0.1, flat, 0.0) == 0.0


@pytest.mark.parametrize("is_coarse", [False, True])
def test_water_that_is_added_counts_in_level_volume_and_greatest_depth(is_coarse):
    """A bed of −2 m; the coarse cell has half of its ground at −2 m, half at −1 m."""
    tables = Tables(*(np.zeros((0,) * dimensions) for dimensions in (3, 2, 3, 3, 4, 4)))
    held = np.zeros((0, 0))
    if is_coarse:
        tables = tables._replace(cell_levels=np.array([[[-2.0, -1.5, -1.0]]]), cell_full=np.array([[0.5]]))
        held = np.array([[0.25]])
    water = Water(np.array([[-1.5]]), held, np.array([[-1.2]]), np.zeros((0, 0)), np.zeros((0, 0)))
    bed, deepest = np.array([[-2.0]]), np.array([0.5])
    at_first = water_in(0, 0, water, bed)
    assert at_first == (0.25 if is_coarse else 0.5)
    add_water(0, 0, 0.1, water, bed, tables, deepest)
    assert water_in(0, 0, water, bed) == pytest.approx(at_first + 0.1, rel=1e-12)
    level = -1.3 if is_coarse else -1.4
    assert (water.level[0, 0], water.greatest[0, 0]) == (pytest.approx(level), -1.2)
    assert deepest[0] == pytest.approx(level + 2.0)
    add_water(0, 0, 0.4, water, bed, tables, deepest)
    add_water(0, 0, -0.3, water, bed, tables, deepest)
    assert water.greatest[0, 0] == pytest.approx(-0.75 if is_coarse else -1.0)
    assert deepest[0] == pytest.approx(water.greatest[0, 0] + 2.0)
    set_level(0, 0, -1.0, water, tables)
    assert water.level[0, 0] == -1.0
    assert water_in(0, 0, water, bed) == (0.5 if is_coarse else 1.0)


def test_a_time_lies_between_two_of_the_series_at_its_ends_too():
    time = np.array([0.0, 10.0, 40.0])
    found = [_between(time, clock) for clock in (0.0, 5.0, 10.0, 25.0, 40.0)]
    assert found == [(0, 0.0), (0, 0.5), (1, 0.0), (1, 0.5), (1, 1.0)]


def test_a_cell_that_would_lose_more_than_it_has_supplies_its_share():
    """Three cells between two outer ones, of 1 m, 0.2 m and 1 m; fluxes out of the middle one take 0.8 m a step."""
    bed, level = np.full((1, 5), -1.0), np.array([[0.0, 0.0, -0.8, 0.0, 0.0]])
    west, north = np.zeros((1, 5)), np.zeros((2, 5))
    west[0, 2], west[0, 3], north[0, 2], north[1, 2] = -0.1, 0.2, -0.3, 0.2
    share = np.full((3, 5), 9.0)
    for ratio, has_enough in ((0.2, True), (0.3, False), (1.0, False)):
        assert overdrawn(0, *INNER, west, north, level, bed, ratio) != has_enough
        shares(0, *INNER, share, 1, west, north, level, bed, ratio)
        np.testing.assert_allclose(share[1, 1:4], [1.0, min(0.2 / (0.8 * ratio), 1.0), 1.0], rtol=1e-12)
    assert (share[[0, 2]] == 9.0).all()
    assert not overdrawn(0, *INNER, -west, -north, level, bed, 1.0)
    after = level.copy()
    new_levels(0, *INNER, after, west, north, bed, 0.2)
    np.testing.assert_allclose(after[0], [0.0, 0.02, -0.96, 0.04, 0.0], atol=1e-15)
    new_levels(0, *INNER, after, west, north, bed, 2.0)
    assert after[0, 2] == -1.0


def test_rain_soil_and_times_count_cells_within_the_domain():
    inner = (Column(1), Column(5))
    bed = np.array([[WALL, 0.0, 0.0, WALL, 0.0, WALL]])
    level = np.array([[WALL, 0.5, 0.001, WALL, 0.2, WALL]])
    add_rain(0, *inner, level, bed, np.full(6, 0.1))
    np.testing.assert_allclose(level[0], [WALL, 0.6, 0.101, WALL, 0.3, WALL], rtol=1e-12)
    left = np.array([[0.0, 1.0, 1.0, 0.0, 0.05, 0.0]])
    taken = infiltrate(0, *inner, level, bed, np.where(bed < WALL, 0.1, 0.0), left, STEP)
    np.testing.assert_allclose(level[0], [WALL, 0.4, 0.0, WALL, 0.25, WALL], rtol=1e-12)
    np.testing.assert_allclose(left[0], [0.0, 0.8, 0.899, 0.0, 0.0, 0.0], atol=1e-12)
    assert taken == pytest.approx(0.2 + 0.101 + 0.05)
    arrival, wet_time = np.array([[np.inf, np.inf, np.inf, np.inf, 3.0, np.inf]]), np.zeros((1, 6))
    update_times(0, *inner, arrival, wet_time, level, bed, 0.25, 7.0, STEP)
    np.testing.assert_array_equal(arrival[0], [np.inf, 7.0, np.inf, np.inf, 3.0, np.inf])
    np.testing.assert_array_equal(wet_time[0], [0.0, STEP, 0.0, 0.0, STEP, 0.0])


def test_water_that_comes_to_a_cell_for_the_first_time_is_noticed_once():
    bed, level = np.zeros((1, 5)), np.array([[0.0, 0.3, 0.0, 0.0, 0.0]])
    greatest = level.copy()
    for now, is_new in ((0.2, False), (0.4, False)):
        level[0, 1] = now
        assert update_greatest(0, *INNER, greatest, level, bed) == is_new
    level[0, 2] = 1e-9
    assert update_greatest(0, *INNER, greatest, level, bed)
    assert not update_greatest(0, *INNER, greatest, level, bed)
    np.testing.assert_array_equal(greatest, [[0.0, 0.4, 1e-9, 0.0, 0.0]])


@given(row=st.integers(1, 5), column=st.integers(1, 29), before=st.integers(1, 29))
def test_the_reach_holds_wet_cells_and_their_neighbours_in_whole_vectors(row, column, before):
    bed, level = np.zeros((7, 31)), np.zeros((7, 31))
    level[row, column] = 0.1
    reach = np.tile([[31], [0]], 7)
    reach[:, row] = before, before + 1
    widen_row(reach, row, Column(1), Column(30), level, bed)
    for k in range(7):
        first, last = reach[:, k]
        if abs(k - row) > 1:
            assert first > last
            continue
        assert 1 <= first <= max(column - 1, 1)
        assert min(column + 2, 30) <= last <= 30
        if k != row:
            assert (first - 1) % VECTOR == 0
            assert (last - 1) % VECTOR == 0 or last == 30
    assert reach[0, row] <= before < reach[1, row]
