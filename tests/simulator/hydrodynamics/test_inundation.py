"""Both inundation solvers against closed forms and invariants."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks.physics import batched_solver
from benchmarks.physics.dam_break import local_inertial_dam_break, run_dam_break, stoker_dam_break
from strandline.errors import InputError
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.local_inertia import Scheme
from strandline.simulator.hydrodynamics.solver.advance import solve as solve_fused
from strandline.simulator.hydrodynamics.structures import Gate, Pump
from strandline.simulator.hydrodynamics.walls import NORTH, WEST, Walls

pytestmark = pytest.mark.slow

SOLVERS = {"fused": solve_fused, "batched": batched_solver.solve}


@pytest.fixture(autouse=True, scope="module")
def one_torch_thread():
    """These basins are too small for several threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


both_methods = pytest.mark.parametrize("method", SOLVERS)


def coast(rows=20, columns=24, seed=0, cell_size=200.0, river=True):
    """A rough beach that rises to the east, open in the west, with a wall of missing cells in the middle."""
    generator = np.random.default_rng(seed)
    bed = np.linspace(-2.0, 3.0, columns) + 0.3 * generator.standard_normal((rows, columns))
    bed[rows // 2, columns // 2 : columns // 2 + 3] = np.nan
    sea = np.zeros((rows, columns), dtype=bool)
    sea[:, 0] = True
    roughness = generator.uniform(0.02, 0.06, (rows, columns))
    return Basin(bed, roughness, cell_size, sea, ((3, columns - 2),) if river else ())


def surge(peaks, hours=3.0, steps=13):
    """(T,), (E, T): half a sine that rises to each peak and returns [s, m]."""
    time = np.linspace(0.0, hours * 3600.0, steps)
    return time, np.array(peaks)[:, None] * np.sin(np.pi * time / time[-1])


def flood(basin, peaks, method="fused", **settings_):
    time, level = surge(peaks)
    river = np.full((len(peaks), len(time), len(basin.inflow_cells)), 2.0)
    return inundate(
        basin,
        Forcing(time, level, discharge=river),
        initial_level=np.zeros(len(peaks)),
        **{"solve": SOLVERS[method], **settings_},
    )


@settings(max_examples=25, deadline=None)
@given(
    bed=hnp.arrays(float, (6, 7), elements=st.floats(-5, 5)),
    level=st.floats(-4, 4),
    outside=hnp.arrays(bool, (6, 7), elements=st.sampled_from([False, False, False, True])),
    open_edge=st.booleans(),
)
def test_a_lake_at_rest_stays_exactly_at_rest(bed, level, outside, open_edge):
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, 0] = open_edge  # the bed varies along the open edge
    bed = np.where(outside & ~sea, np.nan, bed)
    bed[3, 3] = 6.0  # an island, and a cell inside the domain
    basin = Basin(bed, np.full(bed.shape, 0.03), 10.0, sea)
    time = np.array([0.0, 50.0, 150.0])
    result = inundate(
        basin,
        Forcing(time, np.full((1, 3), level)),
        initial_level=np.array([level]),
        output_times=time,
    )
    rest = np.where(np.isnan(bed), np.nan, np.maximum(bed, level))
    for shown in (*result.levels[0], result.max_level[0]):
        np.testing.assert_array_equal(shown, rest)
    assert result.mass_error[0] == 0.0


@both_methods
def test_volume_is_conserved_while_cells_wet_and_dry(method):
    result = flood(coast(), [2.5, 1.0, -0.5], method)
    assert result.max_depth[0][:, -6:].max() > 0.1  # the first storm reaches what was dry
    assert (result.mass_error <= 1e-12).all()


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    peak=st.floats(-0.5, 3.5),
    size=st.tuples(st.integers(8, 14), st.integers(12, 40)),
    parts=st.sets(st.sampled_from(["river", "walls", "waves", "pump", "gate", "breach"])),
)
def test_leaving_out_the_land_that_no_water_can_enter_changes_nothing(seed, peak, size, parts):
    """Rain of zero millimetres makes the solver visit every cell."""
    rows, columns = size
    generator = np.random.default_rng(seed)
    basin = coast(rows, columns, seed, river="river" in parts)
    if "walls" in parts:
        row, column = generator.integers(1, rows - 1, 6), generator.integers(1, columns - 1, 6)
        _, kept = np.unique(row * columns + column, return_index=True)
        row, column = row[kept], column[kept]
        fails_at = np.where(generator.random(row.size) < 0.5, 0.3, np.inf) if "breach" in parts else None
        walls = Walls(
            generator.choice([WEST, NORTH], row.size), row, column, generator.uniform(-0.5, 2.0, row.size), fails_at,
            None if fails_at is None else np.full(row.size, -1.0),
            waves_from=generator.integers(-1, 2, row.size) if "waves" in parts else None,
        )  # fmt: skip
        basin = replace(basin, walls=walls)
    inland, far = (1, columns // 2 - 1), (rows - 2, columns - 1)
    structures = [
        *([Pump(inland, far, 3.0)] if "pump" in parts else []), *([Gate(far, inland, 2.0)] if "gate" in parts else []),
    ]  # fmt: skip
    basin = replace(basin, structures=tuple(structures))
    time, level = surge([peak, 0.3 * peak])
    forcing = Forcing(
        time, level, discharge=np.full((2, len(time), len(basin.inflow_cells)), 5.0),
        wave_height=np.full(level.shape, 1.5), wave_period=np.full(level.shape, 6.0),
    )  # fmt: skip
    given_ = {"initial_level": np.full(2, -0.4), "output_times": time[::4], "wet_depth": 0.05}
    found = inundate(basin, forcing, **given_)
    whole = inundate(basin, replace(forcing, rain=np.zeros(level.shape)), **given_)
    for name, value in vars(found).items():
        np.testing.assert_array_equal(value, getattr(whole, name), err_msg=name)


@pytest.mark.parametrize("turn", [np.asarray, np.fliplr, np.transpose, lambda grid: np.flipud(np.transpose(grid))])
def test_volume_is_conserved_whichever_edge_is_open_and_however_the_sea_slopes_along_it(turn):
    basin = coast(10, 12, river=False)
    turned = Basin(turn(basin.bed), turn(basin.roughness), basin.cell_size, turn(basin.open_boundary))
    time, level = surge([2.5])
    slope = turn(np.broadcast_to(np.linspace(0.0, 1.0, 10)[:, None], (10, 12)))
    forcing = Forcing(time, np.stack([level, 0.3 * level], axis=-1), level_weight=np.stack([1 - slope, slope]))
    found = inundate(turned, forcing, initial_level=np.zeros(1))
    assert np.nanmax(found.max_depth[0]) > 0.5
    assert found.mass_error[0] < 1e-12


def test_a_river_fills_a_closed_basin_by_its_own_volume():
    basin = Basin(np.zeros((5, 5)), np.full((5, 5), 0.03), 20.0, np.zeros((5, 5), dtype=bool), ((2, 2),))
    time = np.array([0.0, 1800.0, 3600.0])
    discharge = np.array([0.0, 2.0, 2.0]).reshape(1, 3, 1)  # 0.5 · 2 · 1800 + 2 · 1800 = 5400 m3
    result = inundate(
        basin,
        Forcing(time, np.zeros((1, 3)), discharge=discharge),
        initial_level=np.zeros(1),
        output_times=time[-1:],
        scheme=Scheme(longest_step=1.0),
    )
    assert result.levels[0, 0].sum() * 20.0**2 == pytest.approx(5400.0, rel=1e-6)


@both_methods
@pytest.mark.parametrize("right", [1.0, 1.6])
def test_a_dam_break_converges_to_the_exact_solution(method, right):
    errors = []
    for cells in (100, 200, 400, 800):
        x, depth, _ = run_dam_break(cells, 2.0, right, SOLVERS[method])
        errors.append(np.abs(depth - local_inertial_dam_break(x, 25.0, 2.0, right)).mean() / (2.0 - right))
    rates = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 0.004
    assert rates.mean() > 0.6  # a shock alone gives 1, the two kinks of the fan 1/2 to 2/3


@both_methods
def test_a_dam_break_without_advection_is_near_the_full_shallow_water_solution(method):
    x, depth, _ = run_dam_break(400, 2.0, 1.6, SOLVERS[method])
    assert np.abs(depth - stoker_dam_break(x, 25.0, 2.0, 1.6)).mean() < 0.04 * 0.4


@both_methods
def test_an_undamped_scheme_oscillates_and_the_default_does_not(method):
    variation = []
    for theta in (1.0, Scheme().theta):
        _, depth, _ = run_dam_break(100, 2.0, 1.6, SOLVERS[method], theta)
        variation.append(np.abs(np.diff(depth)).sum() / 0.4)
    assert variation[0] > 3.0
    assert variation[1] < 1.3


@both_methods
def test_a_wave_over_a_rough_plain_follows_the_friction_dominated_solution(method):
    # Hunter et al. 2005, Adv. Water Resour. 28, eq. 14: front moving at constant speed u over a horizontal plain
    speed, manning, size, hours = 0.3, 0.05, 25.0, 2.0
    cells = 120
    time = np.linspace(0.0, hours * 3600.0, 241)
    inflow = (7.0 / 3.0 * manning**2 * speed**3 * time) ** (3.0 / 7.0)
    basin_open = np.zeros((1, cells), dtype=bool)
    basin_open[0, 0] = True
    basin = Basin(np.zeros((1, cells)), np.full((1, cells), manning), size, basin_open)
    result = inundate(
        basin,
        Forcing(time, inflow[None]),
        initial_level=np.zeros(1),
        output_times=time[-1:],
        solve=SOLVERS[method],
    )
    x = np.arange(cells) * size
    exact = (7.0 / 3.0 * manning**2 * speed**2 * np.maximum(speed * time[-1] - x, 0.0)) ** (3.0 / 7.0)
    shown = result.levels[0, 0, 0]
    assert np.sqrt(np.mean((shown - exact) ** 2)) < 0.02 * exact.max()
    assert abs((shown > 0.01).sum() - (exact > 0.01).sum()) <= 2  # the front, in cells


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.transpose], ids=["east-west", "north-south", "rows-columns"])
def test_a_rotated_basin_gives_the_rotated_flood(turn):
    basin = coast(river=False)
    turned = Basin(turn(basin.bed), turn(basin.roughness), basin.cell_size, turn(basin.open_boundary))
    one, other = flood(basin, [2.5]), flood(turned, [2.5])
    # products and sums are fused, and which of two is rounded first depends on the processor
    np.testing.assert_allclose(turn(one.max_level[0]), other.max_level[0], rtol=0, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    peak=st.floats(0.2, 2.0),
    rise=st.floats(0.05, 1.0),
)
def test_raising_the_sea_never_dries_a_cell(seed, peak, rise):
    # Two runs take different time steps, so equal depths may differ by a film that no face would carry: dry_depth.
    basin = coast(10, 12, seed, river=False)
    lower, higher = flood(basin, [peak, peak + rise]).max_depth
    assert not ((lower >= 0.02) & (higher == 0.0)).any()
    inside = np.isfinite(lower)
    assert (higher - lower)[inside].min() >= -Scheme().dry_depth


def test_storms_together_equal_storms_one_by_one():
    basin, peaks = coast(), [2.5, 0.3, 1.4]
    together = flood(basin, peaks)
    for index, peak in enumerate(peaks):
        np.testing.assert_allclose(flood(basin, [peak]).max_level[0], together.max_level[index], atol=1e-12)


def test_two_threads_give_the_same_result_as_one(tmp_path):
    """In a new process, because the number of threads of a process cannot increase."""
    code = (
        "import numba, numpy as np; from tests.simulator.hydrodynamics.test_inundation import coast, flood; "
        "np.save('level.npy', flood(coast(), [2.5, 0.3, 1.4]).max_level); print(numba.get_num_threads())"
    )
    settings_ = {
        **os.environ,
        "NUMBA_NUM_THREADS": "2",
        "OMP_WAIT_POLICY": "passive",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[3]), *filter(None, sys.path)]),
    }
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=settings_, check=True, capture_output=True)
    assert found.stdout.split() == [b"2"]
    one_by_one = [flood(coast(), [peak]).max_level[0] for peak in (2.5, 0.3, 1.4)]
    np.testing.assert_allclose(np.load(tmp_path / "level.npy"), one_by_one, atol=1e-12)


@pytest.mark.parametrize("has_open_ends", [False, True])
def test_the_fused_loop_and_the_tensors_agree(has_open_ends):
    """Step by step, with a river, two beds and open edges: what one solves truly, the other does."""
    basin = coast()
    beds = np.stack([basin.bed, basin.bed + 0.2])
    sea = basin.open_boundary.copy()
    sea[:, -1] = has_open_ends
    basin = Basin(beds, basin.roughness, basin.cell_size, sea, ((3, 20),))
    outputs = np.linspace(0.0, 3 * 3600.0, 7)
    fused, batched = (flood(basin, [2.5, 1.0], method, output_times=outputs) for method in SOLVERS)
    np.testing.assert_allclose(fused.levels, batched.levels, atol=1e-9)
    np.testing.assert_allclose(fused.max_level, batched.max_level, atol=1e-9)
    assert fused.cell_steps == batched.cell_steps


def test_single_precision_is_near_double():
    single = flood(coast(), [2.5], solve=partial(batched_solver.solve, precision=torch.float32))
    double = flood(coast(), [2.5], "batched")
    np.testing.assert_allclose(single.max_level, double.max_level, atol=5e-3)
    assert single.mass_error[0] < 1e-4


def test_each_storm_may_have_its_own_bed():
    basin = coast(river=False)
    breached = basin.bed.copy()
    dike = basin.bed.copy()
    dike[:, 10] = 6.0
    breached[:, 10] = 6.0
    breached[5, 10] = -1.0
    both = Basin(np.stack([dike, breached]), basin.roughness, basin.cell_size, basin.open_boundary)
    polder = np.zeros(basin.bed.shape, dtype=bool)
    polder[:, 11:] = True
    whole, broken = flood(both, [2.0, 2.0], initially_dry=polder).max_depth
    assert np.nanmax(whole[:, 11:]) == 0.0
    assert np.nanmax(broken[:, 11:]) > 0.5


@both_methods
def test_open_cells_follow_the_weighted_boundary_points(method):
    basin = coast(8, 8, river=False)
    time, level = surge([1.0])
    series = np.stack([level, 3.0 * level], axis=-1)  # (1, T, 2)
    east = np.broadcast_to(np.linspace(0.0, 1.0, 8)[:, None], (8, 8))
    result = inundate(
        basin,
        Forcing(time, series, level_weight=np.stack([1 - east, east])),
        initial_level=np.zeros(1),
        output_times=time[6:7],
        solve=SOLVERS[method],
    )
    expected = np.maximum(1.0 + 2.0 * np.linspace(0.0, 1.0, 8), basin.bed[:, 0])
    np.testing.assert_allclose(result.levels[0, 0, :, 0], expected, atol=1e-12)


@both_methods
def test_an_unstable_simulation_stops_with_an_error(method):
    basin = Basin(np.zeros((3, 3)), np.full((3, 3), 0.03), 1.0, np.zeros((3, 3), dtype=bool), ((1, 1),))
    time, flow = np.array([0.0, 3600.0]), np.full((1, 2, 1), 1e300)
    with pytest.raises(InputError, match="storm 0: the water level grew without bound"):
        inundate(
            basin, Forcing(time, np.zeros((1, 2)), discharge=flow), initial_level=np.zeros(1), solve=SOLVERS[method]
        )


def test_progress_rises_to_one():
    seen = []
    flood(coast(8, 8), [1.0], progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_invalid_arguments_are_refused():
    basin, (time, level) = coast(8, 8, river=False), surge([1.0])

    def run(time, level, **given):
        forcing = {name: given.pop(name) for name in [*given] if name in Forcing.__dataclass_fields__}
        return inundate(basin, Forcing(time, level, **forcing), **{"initial_level": np.zeros(1), **given})

    with pytest.raises(InputError, match="time is not an ascending"):
        run(time[::-1], level)
    with pytest.raises(InputError, match=r"level has shape \(1, 12\)"):
        run(time, level[:, 1:])
    with pytest.raises(InputError, match="level has gaps"):
        run(time, np.full_like(level, np.nan))
    with pytest.raises(InputError, match="2 points without level_weight"):
        run(time, np.stack([level, level], -1))
    with pytest.raises(InputError, match="does not add up to 1"):
        run(time, level, level_weight=np.full((1, 8, 8), 0.5))
    uneven = np.stack([np.full((8, 8), 1.5), np.full((8, 8), -0.5)])
    with pytest.raises(InputError, match="level_weight has gaps or is negative"):
        run(time, np.stack([level, level], -1), level_weight=uneven)
    with pytest.raises(InputError, match="rain_weight has gaps or is negative"):
        run(time, level, rain=np.zeros((*level.shape, 2)), rain_weight=uneven)
    with pytest.raises(InputError, match="discharge has shape"):
        run(time, level, discharge=np.zeros((1, 13, 1)))
    with pytest.raises(InputError, match="output_times are not ascending within time"):
        run(time, level, output_times=np.array([1e9]))
    with pytest.raises(InputError, match="initially_dry"):
        run(time, level, initially_dry=np.zeros((8, 8)))
    with pytest.raises(InputError, match="initial_level has shape"):
        run(time, level, initial_level=np.zeros(3))
    with pytest.raises(InputError, match="initial_level has gaps"):
        run(time, level, initial_level=np.full(1, np.nan))
    with pytest.raises(InputError, match="theta is 0"):
        Scheme(theta=0.0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bed": np.zeros(4)}, "bed has shape"),
        ({"bed": np.full((4, 4), np.nan)}, "no finite cell"),
        ({"bed": np.full((4, 4), 99999.0)}, "not elevations"),
        ({"roughness": np.full((4, 4), -1.0)}, "negative or missing"),
        ({"roughness": np.zeros((4, 5))}, "roughness has shape"),
        ({"cell_size": 0.0}, "cell_size"),
        ({"open_boundary": np.zeros((4, 4))}, "not boolean"),
        ({"inflow_cells": ((4, 0),)}, "outside the domain"),
    ],
)
def test_an_invalid_basin_is_refused(change, complaint):
    good = {
        "bed": np.zeros((4, 4)),
        "roughness": np.full((4, 4), 0.03),
        "cell_size": 30.0,
        "open_boundary": np.zeros((4, 4), dtype=bool),
    }
    with pytest.raises(InputError, match=complaint):
        Basin(**(good | change))


def test_an_open_edge_lets_a_wave_out():
    """A hump in a channel parts into two waves of half its height, of half a minute, which leave; walls keep them."""
    cells, size = 200, 10.0
    x = (np.arange(cells) - cells / 2) * size
    hump = 0.2 * np.exp(-((x / 60.0) ** 2))[None, None]
    time, left = np.linspace(0.0, 240.0, 31), []
    for open_ends in (True, False):
        ends = np.zeros((1, cells), dtype=bool)
        ends[0, [0, -1]] = open_ends
        basin = Basin(np.full((1, cells), -10.0), np.zeros((1, cells)), size, ends)
        found = inundate(basin, Forcing(time, np.zeros((1, 31))), initial_level=hump, output_times=time)
        left.append(np.abs(found.levels[0, -1]).max())
    assert left[0] < 0.2 * 0.1, "less than a fifth of the wave comes back"
    assert left[1] > 0.07


def test_a_slow_sea_fills_a_bay_to_its_level():
    """Slow levels pass an open edge as if it were clamped: a tide in a bay of a hundredth of its wavelength."""
    bed = np.full((3, 20), -5.0)
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, 0] = True
    time = np.linspace(0.0, 12.42 * 3600.0, 150)
    tide = np.cos(2 * np.pi * time / time[-1])
    found = inundate(
        Basin(bed, np.full(bed.shape, 0.02), 100.0, sea),
        Forcing(time, tide[None]),
        initial_level=np.ones(1),
        output_times=time,
    )
    assert np.abs(found.levels[0] - tide[:, None, None]).max() < 0.01


def test_arrival_and_duration_are_those_of_the_levels():
    time = np.linspace(0.0, 3 * 3600.0, 181)
    found = flood(coast(river=False), [2.5], output_times=time, wet_depth=0.1)
    depth = found.levels[0] - coast().bed
    wet = depth >= 0.1
    first = np.where(wet.any(axis=0), time[wet.argmax(axis=0)], np.inf)
    inside = np.isfinite(coast().bed)
    reached = inside & np.isfinite(first)
    assert np.abs(found.arrival[0][reached] - first[reached]).max() <= 120.0
    assert np.isinf(found.arrival[0][inside & ~wet.any(axis=0)]).mean() > 0.95
    assert np.abs(found.wet_time[0] - wet.sum(axis=0) * 60.0)[reached].max() <= 240.0
    assert flood(coast(), [1.0]).arrival is None
    with pytest.raises(InputError, match="wet_depth is 0"):
        flood(coast(), [1.0], wet_depth=0.0)
