"""Coarse cells with tables: what they hold, what they pass, and how near they come to the fine grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.physics.subgrid_tables import build_subgrid
from strandline.errors import InputError
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.solver.coarse_cells import held_at, level_of

pytestmark = pytest.mark.slow

FACTOR = 4


def valley(seed=1):
    """A plain that rises to the east with a winding channel of one or two fine cells of 20 m."""
    rng = np.random.default_rng(seed)
    rows, columns = 48, 64
    bed = np.linspace(0.2, 1.6, columns) + 0.15 * rng.standard_normal((rows, columns))
    middle = rows // 2 + np.round(7 * np.sin(np.arange(columns) / 9)).astype(int)
    for column, row in enumerate(middle):
        bed[row : row + 2, column] = -1.0 + 0.01 * column
    bed[:, :FACTOR] = -2.0
    return bed, np.full(bed.shape, 0.035)


def coarse(field):
    rows, columns = field.shape
    return field.reshape(rows // FACTOR, FACTOR, columns // FACTOR, FACTOR).mean(axis=(1, 3))


def surge(bed, roughness, size, subgrid=None, **given_):
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, : 1 if bed.shape[1] < 20 else FACTOR] = True
    time = np.linspace(0.0, 6 * 3600.0, 25)
    level = 1.3 * np.sin(np.pi * time / time[-1])
    basin = Basin(bed, roughness, size, sea, subgrid=subgrid)
    return inundate(basin, Forcing(time, level[None], **given_), initial_level=np.zeros(1))


def test_a_coarse_cell_holds_what_its_ground_does():
    bed, roughness = valley()
    tables = build_subgrid(bed, roughness, FACTOR)
    ground = bed.reshape(12, FACTOR, 16, FACTOR).transpose(0, 2, 1, 3).reshape(12, 16, -1)
    for level in (-0.5, 0.3, 0.9, 2.5):
        for at in ((3, 4), (6, 10), (11, 15)):
            exact = np.maximum(level - ground[at], 0.0).mean()
            assert held_at(level, tables.level[at], tables.full[at]) == pytest.approx(exact, abs=0.02)
    assert (np.diff(tables.level, axis=-1) >= 0).all()


@settings(deadline=None)  # the first example compiles
@given(st.lists(st.floats(-3, 3), min_size=16, max_size=16), st.floats(0, 5))
def test_level_and_volume_are_each_others_inverse(ground, held):
    tables = build_subgrid(np.tile(np.reshape(ground, (4, 4)), (1, 2)), np.full((4, 8), 0.03), 4)
    level = level_of(held, tables.level[0, 0], tables.full[0, 0])
    assert level >= min(ground) - 1e-12
    assert held_at(level, tables.level[0, 0], tables.full[0, 0]) == pytest.approx(held, abs=1e-9)


def test_a_coarse_flood_is_nearer_to_the_fine_one_with_the_tables():
    bed, roughness = valley()
    fine = surge(bed, roughness, 20.0).max_level[0]
    tables = build_subgrid(bed, roughness, FACTOR)
    with_tables = surge(tables.bottom, coarse(roughness), 20.0 * FACTOR, tables)
    plain = surge(coarse(bed), coarse(roughness), 20.0 * FACTOR)
    assert with_tables.mass_error[0] < 1e-12

    def extent_error(result):
        depth = np.kron(result.max_level[0], np.ones((FACTOR, FACTOR))) - bed
        ours, truth = depth > 0.1, fine - bed > 0.1
        return 1 - (ours & truth).sum() / (ours | truth).sum()

    assert extent_error(with_tables) < 0.15
    assert extent_error(with_tables) < 0.6 * extent_error(plain)


def test_a_turned_coarse_basin_gives_the_turned_flood():
    bed, roughness = valley()
    roughness = roughness * np.linspace(0.5, 1.5, 48)[:, None]
    found = []
    for turn in (np.asarray, np.transpose):
        tables = build_subgrid(turn(bed), turn(roughness), FACTOR)
        sea = turn((np.arange(16) < 1) & np.ones((12, 1), dtype=bool))
        time = np.linspace(0.0, 7200.0, 9)
        basin = Basin(tables.bottom, np.full(sea.shape, 0.035), 20.0 * FACTOR, sea, subgrid=tables)
        forcing = Forcing(time, 1.5 * np.sin(np.pi * time / time[-1])[None])
        found.append(turn(inundate(basin, forcing, initial_level=np.zeros(1)).max_level[0]))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.floats(-2, 3))
def test_a_lake_at_rest_stays_at_rest(seed, level):
    rng = np.random.default_rng(seed)
    bed = rng.uniform(-2, 2, (16, 20))
    bed[5, 6] = np.nan
    tables = build_subgrid(bed, np.full(bed.shape, 0.03), FACTOR)
    shape = tables.bottom.shape
    sea = np.zeros(shape, dtype=bool)
    sea[:, 0] = True
    time = np.array([0.0, 300.0])
    basin = Basin(tables.bottom, np.full(shape, 0.03), 50.0, sea, subgrid=tables)
    found = inundate(basin, Forcing(time, np.full((1, 2), level)), initial_level=np.array([level]), output_times=time)
    rest = np.where(np.isnan(tables.bottom), np.nan, np.maximum(tables.bottom, level))
    np.testing.assert_allclose(found.levels[0], np.broadcast_to(rest, found.levels[0].shape), atol=1e-9)
    assert found.mass_error[0] < 1e-9


def test_rain_collects_in_the_lowest_ground():
    bed, roughness = valley()
    tables = build_subgrid(bed, roughness, FACTOR)
    rain = np.full((1, 25), 1e-5)
    found = surge(tables.bottom, coarse(roughness), 80.0, tables, rain=rain)
    assert found.mass_error[0] < 1e-12
    assert (found.max_depth[0][:, 1:] > 0).all()


@pytest.mark.parametrize(("factor", "manning"), [(5, 0.03), (1, 0.03), (4, 0.0)])
def test_what_does_not_divide_or_resist_is_refused(factor, manning):
    with pytest.raises(InputError, match="subgrid"):
        build_subgrid(np.zeros((8, 8)), np.full((8, 8), manning), factor)


def test_a_bed_that_is_not_that_of_the_tables_is_refused():
    tables = build_subgrid(np.zeros((8, 8)), np.full((8, 8), 0.03), 4)
    with pytest.raises(InputError, match="lowest ground"):
        Basin(np.ones((2, 2)), np.full((2, 2), 0.03), 10.0, np.zeros((2, 2), dtype=bool), subgrid=tables)
