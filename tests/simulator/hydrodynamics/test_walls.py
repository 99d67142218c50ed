"""Walls: dry below their crest, a weir above it, breaches, and what waves throw over."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.physics.walled_faces import faces_crossed
from strandline.errors import InputError
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.local_inertia import Scheme
from strandline.simulator.hydrodynamics.overtopping import overtopping
from strandline.simulator.hydrodynamics.walls import NORTH, WEST, Walls

TIME = np.linspace(0.0, 3 * 3600.0, 13)


def ring(**given_):
    """A dike about the cells 3…6 × 4…7 of a plain, and the cells inside it."""
    faces = np.concatenate([np.stack(faces_crossed([(3, 4), (3, 8), (7, 8), (7, 4), (3, 4)], (10, 12))[:3])], axis=1)
    inside = np.zeros((10, 12), dtype=bool)
    inside[3:7, 4:8] = True
    return Walls(*faces, **{"crest": np.full(faces.shape[1], 1.0), **given_}), inside


def flood(walls, peak, **given_):
    """A surge with this peak [m] over a plain at 0 m, open in the west, which is at rest at −0.1 m."""
    bed, sea = np.zeros((10, 12)), np.zeros((10, 12), dtype=bool)
    sea[:, 0] = True
    bed[:, 0] = -2.0
    level = -0.1 + (np.atleast_1d(peak)[:, None] + 0.1) * np.sin(np.pi * TIME / TIME[-1])
    forcing = Forcing(TIME, level, **given_)
    basin = Basin(bed, np.full(bed.shape, 0.03), 50.0, sea, walls=walls)
    return inundate(basin, forcing, initial_level=np.full(len(level), -0.1))


def test_a_ring_dike_keeps_its_inside_dry_below_its_crest_and_a_gap_floods_it():
    walls, inside = ring()
    assert len(walls) == 16
    found = flood(walls, 0.9)
    assert found.max_depth[0][~inside].min() > 0.5
    assert found.max_depth[0][inside].max() == 0.0
    gap = Walls(walls.face[1:], walls.row[1:], walls.column[1:], walls.crest[1:])
    assert flood(gap, 0.9).max_depth[0][inside].min() > 0.5
    assert flood(walls, 1.4).max_depth[0][inside].min() > 0.05
    assert found.mass_error[0] < 1e-12


def over_a_wall(crest: float, head: float, below: float, seconds: float = 600.0, **given_):
    """A deep sea so high above the crest of a wall, and what it pours [m2] into a deep basin of a kilometre behind it.

    Args:
        below: from the crest down to the water in the basin.
    """
    cells = np.arange(53)
    bed, sea = np.full((1, 53), crest - 90.0), (cells < 3)[None]
    walls = Walls(np.array([WEST]), np.array([0]), np.array([3]), np.array([crest]), **given_.pop("of_wall", {}))
    basin = Basin(bed, np.full(bed.shape, 0.02), 20.0, sea, walls=walls)
    time = np.linspace(0.0, seconds, 13)
    start = np.where(cells < 3, crest + head, crest - below)[None, None]
    forcing = Forcing(time, np.full((1, time.size), crest + head), **given_)
    found = inundate(basin, forcing, initial_level=start, output_times=time[[6, -1]])
    return (found.levels[0, -1, 0, 3:] - (crest - below)).sum() * 20.0, found


@pytest.mark.parametrize("crest", [-1.2, 0.0, 0.7, 12.0])
def test_a_wall_passes_what_a_broad_crested_weir_does(crest):
    """q = (2/3)^(3/2) √g H^(3/2) into a basin below it."""
    poured, _ = over_a_wall(crest, 0.5, 9.0)
    assert poured == pytest.approx(np.sqrt(9.81) * (2 / 3 * 0.5) ** 1.5 * 600.0, rel=0.02)


def test_a_drowned_wall_passes_less_by_villemonte():
    """q = q₀ (1 − (h/H)^(3/2))^0.385, h being the head behind it."""
    _, found = over_a_wall(0.0, 0.5, -0.3, 60.0)
    half, whole = found.levels[0, :, 0, 3:]
    poured = (whole - half).sum() * 20.0  # in the second half: at first it must get moving
    assert 0.3 < half.min() < whole.max() < 0.35
    free = np.sqrt(9.81) * (2 / 3 * 0.5) ** 1.5 * 30.0
    most, least = (free * (1 - (head / 0.5) ** 1.5) ** 0.385 for head in (half.min(), whole.max()))
    assert 0.99 * least < poured < 1.01 * most


def test_water_pours_over_a_ledge_no_faster_than_a_small_wave_runs():
    """q = √g H^(3/2), the Froude number 1 of the scheme, and in proportion to another limit."""
    cells = np.arange(54)
    bed = np.where(cells == 3, -0.5, -90.0)[None]
    time = np.array([0.0, 150.0, 300.0])
    start = np.where(cells <= 3, 0.0, -9.0)[None, None]
    poured = []
    for scheme in (Scheme(), Scheme(froude_limit=0.5)):
        basin = Basin(bed, np.zeros(bed.shape), 20.0, (cells < 2)[None])
        given_ = {"initial_level": start, "output_times": time[1:], "scheme": scheme}
        found = inundate(basin, Forcing(time, np.zeros((1, 3))), **given_)
        poured.append(np.diff(found.levels[0, :, 0, 4:], axis=0).sum() * 20.0)
    assert poured[0] == pytest.approx(np.sqrt(9.81) * 0.5**1.5 * 150.0, rel=0.02)
    assert poured[1] == pytest.approx(np.sqrt(9.81) * 0.5**1.5 * 150.0 / 2, rel=0.02)


@pytest.mark.parametrize(("fails_at", "is_broken"), [(0.5, True), (0.51, False)])
def test_a_wall_fails_as_soon_as_water_stands_at_its_level(fails_at, is_broken):
    of_wall = {"fails_at": np.array([fails_at]), "breach_level": np.array([-8.0]), "breach_duration": 60.0}
    _, found = over_a_wall(1.0, -0.5, 5.0, of_wall=of_wall)
    assert found.failed_at[0, 0] == (0.0 if is_broken else np.inf)


def test_waves_that_grow_throw_over_what_they_do_at_each_time():
    """∫ q dt of EurOtop, with the height and the period between the times of the forcing."""
    time = np.linspace(0.0, 3600.0, 13)
    grows = time / time[-1]
    poured, found = over_a_wall(
        2.0, -1.0, 9.0, 3600.0, of_wall={"waves_from": np.array([1]), "slope": 0.3},
        wave_height=(0.5 + grows)[None], wave_period=(3.0 + 4.0 * grows**2)[None],
    )  # fmt: skip
    moments = np.linspace(0.0, 3600.0, 3601)
    height, period = (np.interp(moments, time, values) for values in (0.5 + grows, 3.0 + 4.0 * grows**2))
    rate = [overtopping(1.0, *each, 0.3, 9.81) for each in zip(height, period, strict=True)]
    assert poured == pytest.approx(np.trapezoid(rate, moments), rel=0.02)
    assert found.mass_error[0] < 1e-12


@pytest.mark.parametrize("waves_from", [-1, 0])
def test_waves_from_behind_or_from_nowhere_throw_nothing_in(waves_from):
    waves = {"wave_height": np.full((1, 13), 1.5), "wave_period": np.full((1, 13), 6.0)}
    poured, _ = over_a_wall(2.0, -1.0, 9.0, of_wall={"waves_from": np.array([waves_from]), "slope": 0.3}, **waves)
    assert poured <= 1e-9


def test_a_crest_of_minus_infinity_is_no_wall():
    """A weir would pass less than the ground does, and so the same line would change the flood where it is not."""
    walls, inside = ring(crest=np.full(16, -np.inf))
    nothing = ring()[0]
    nothing = Walls(*(getattr(nothing, name)[:0] for name in ("face", "row", "column", "crest")))
    found, expected = flood(walls, [0.9, 1.4]), flood(nothing, [0.9, 1.4])
    np.testing.assert_array_equal(found.max_level, expected.max_level)
    assert found.max_depth[0][inside].min() > 0.5


def test_a_wall_fails_at_its_level_and_each_storm_has_its_own():
    walls, inside = ring()
    count = len(walls)
    fails = np.stack([np.full(count, 0.5), np.full(count, np.inf)])
    broken = Walls(walls.face, walls.row, walls.column, walls.crest, fails, np.zeros(count), breach_duration=600.0)
    found = flood(broken, [0.9, 0.9])
    assert found.max_depth[0][inside].min() > 0.3
    assert found.max_depth[1][inside].max() == 0.0
    outside = found.failed_at[0].min()
    assert 0.2 * TIME[-1] < outside < 0.5 * TIME[-1]
    assert np.isinf(found.failed_at[1]).all()
    assert (found.mass_error < 1e-12).all()


def test_waves_throw_water_over_a_wall_by_eurotop():
    walls, inside = ring(waves_from=np.zeros(16, dtype=np.int64))
    west = (walls.face == WEST) & (walls.column == 4)
    facing = Walls(walls.face, walls.row, walls.column, walls.crest, waves_from=west.astype(np.int64))
    calm, rough = (
        flood(facing, 0.8, wave_height=np.full((1, 13), height), wave_period=np.full((1, 13), 4.0))
        for height in (0.0, 0.8)
    )
    assert calm.max_depth[0][inside].max() == 0.0
    assert rough.max_depth[0][inside].mean() > 0.05
    assert rough.mass_error[0] < 1e-12


def test_overtopping_is_that_of_the_manual_and_falls_with_the_freeboard():
    # EurOtop 2018, eq. 5.11 at zero freeboard: q = 0.09 √(g H³), breaking limit aside
    assert overtopping(0.0, 1.0, 8.0, 1 / 3, 9.81) == pytest.approx(0.09 * np.sqrt(9.81), rel=1e-12)
    # eq. 5.10: H = 2 m, T = 6 s, 1:4, R = 3 m → breaker 1.3252, q by hand
    breaker = 0.25 / np.sqrt(2 * np.pi * 2.0 / (9.81 * 36.0))
    by_hand = 0.023 / 0.5 * breaker * np.exp(-((2.7 * 3.0 / (breaker * 2.0)) ** 1.3)) * np.sqrt(9.81 * 8.0)
    assert overtopping(3.0, 2.0, 6.0, 0.25, 9.81) == pytest.approx(by_hand, rel=1e-12)
    rates = [overtopping(freeboard, 1.0, 5.0, 0.3, 9.81) for freeboard in np.linspace(0.0, 4.0, 20)]
    assert (np.diff(rates) < 0).all()
    # eq. 5.11, which long waves do not exceed: H = 1 m, R = 1 m
    long = 0.09 * np.exp(-(1.5**1.3)) * np.sqrt(9.81)
    assert overtopping(1.0, 1.0, 20.0, 0.5, 9.81) == pytest.approx(long, rel=1e-12)
    assert overtopping(-1.0, 1.0, 8.0, 0.3, 9.81) == overtopping(0.0, 1.0, 8.0, 0.3, 9.81)
    for height, period in ((0.0, 5.0), (1.0, 0.0), (-1.0, 5.0), (1.0, -5.0)):
        assert overtopping(1.0, height, period, 0.3, 9.81) == 0.0


@given(st.lists(st.tuples(st.floats(0.1, 8.9), st.floats(0.1, 10.9)), min_size=2, max_size=6))
def test_a_line_parts_exactly_the_cells_on_its_two_sides(points):
    """Along any path of neighbouring cells the number of walled faces is odd exactly where one line crosses it once."""
    face, row, column, segment = faces_crossed(points, (9, 11))
    assert len(set(zip(face.tolist(), row.tolist(), column.tolist(), strict=True))) == len(face)
    assert ((face == WEST) | (face == NORTH)).all()
    assert (column[face == WEST] > 0).all()
    assert (row[face == NORTH] > 0).all()
    assert ((segment >= 0) & (segment < len(points) - 1)).all()


def test_a_closed_line_parts_its_inside_from_its_outside():
    angle = np.linspace(0, 2 * np.pi, 40)
    face, row, column, _ = faces_crossed(np.column_stack([10 + 6 * np.sin(angle), 10 + 6 * np.cos(angle)]), (20, 20))
    centre = np.indices((20, 20)) + 0.5
    inside = np.hypot(centre[0] - 10, centre[1] - 10) < 5.95
    walled = np.zeros((2, 20, 20), dtype=bool)
    walled[face, row, column] = True
    np.testing.assert_array_equal(walled[0][:, 1:], inside[:, 1:] != inside[:, :-1])
    np.testing.assert_array_equal(walled[1][1:], inside[1:] != inside[:-1])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"crest": np.zeros(3)}, "crest has shape"),
        ({"crest": np.full(2, np.nan)}, "crest has gaps"),
        ({"face": np.array([0, 5])}, "neither WEST nor NORTH"),
        ({"fails_at": np.zeros(2)}, "only one of fails_at"),
        ({"breach_duration": 0.0}, "not above 0"),
        ({"row": np.zeros(1, dtype=int)}, "row has shape"),
    ],
)
def test_invalid_walls_are_refused(change, complaint):
    good = {"face": np.array([0, 1]), "row": np.array([1, 1]), "column": np.array([1, 1]), "crest": np.zeros(2)}
    with pytest.raises(InputError, match=complaint):
        Walls(**{**good, **change})
