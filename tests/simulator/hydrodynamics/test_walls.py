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


def test_a_wall_passes_what_a_broad_crested_weir_does():
    """q = (2/3)^(3/2) √g H^(3/2) into an empty basin below it."""
    bed, sea = np.array([[-5.0, -5.0, -5.0, -9.0, -9.0]]), np.array([[True, False, False, False, False]])
    walls = Walls(np.array([WEST]), np.array([0]), np.array([3]), np.array([0.0]))
    basin = Basin(bed, np.full(bed.shape, 0.02), 100.0, sea, walls=walls)
    time = np.array([0.0, 600.0])
    start = np.array([[[0.5, 0.5, 0.5, -9.0, -9.0]]])
    found = inundate(basin, Forcing(time, np.full((1, 2), 0.5)), initial_level=start, output_times=time[1:])
    poured = (found.levels[0, 0, 0, 3:] + 9.0).sum() * 100.0
    assert poured == pytest.approx(np.sqrt(9.81) * (2 / 3 * 0.5) ** 1.5 * 600.0, rel=0.05)


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
    assert overtopping(1.0, 0.0, 5.0, 0.3, 9.81) == 0.0


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
