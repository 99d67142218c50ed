"""Rain, soil, pumps and gates against volumes and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError
from strandline.simulator.hydrodynamics.basin import Basin
from strandline.simulator.hydrodynamics.forcing import Forcing
from strandline.simulator.hydrodynamics.inundation import inundate
from strandline.simulator.hydrodynamics.structures import Gate, Pump

HOUR = np.array([0.0, 1800.0, 3600.0])
NO_SEA = np.zeros((1, 3))


def pond(shape=(5, 6), **given_):
    """A flat closed basin of cells of 20 m."""
    return Basin(np.zeros(shape), np.full(shape, 0.03), 20.0, np.zeros(shape, dtype=bool), **given_)


def run(basin, forcing=None, start=0.0, **given_):
    forcing = Forcing(HOUR, NO_SEA) if forcing is None else forcing
    return inundate(basin, forcing, initial_level=np.full(len(forcing), start), output_times=HOUR[1:], **given_)


def test_rain_fills_a_basin_by_its_own_volume_and_a_point_rains_on_its_cells_alone():
    rain = np.array([[0.0, 2e-5, 2e-5]])  # 0.5 · 2e-5 · 1800 + 2e-5 · 1800 = 54 mm
    found = run(pond(), Forcing(HOUR, NO_SEA, rain=rain))
    np.testing.assert_allclose(found.levels[0, 1], 0.054, rtol=1e-9)
    assert found.mass_error[0] < 1e-12
    west = np.zeros((2, 5, 6))
    west[0, :, :3], west[1, :, 3:] = 1.0, 1.0
    both = np.stack([rain[0], 0 * rain[0]], axis=-1)[None]
    found = run(pond(), Forcing(HOUR, NO_SEA, rain=both, rain_weight=west))
    assert found.levels[0, 1].sum() == pytest.approx(0.054 * 15, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rate=st.floats(1e-7, 1e-4))
def test_volume_is_conserved_with_every_driver_at_once(seed, rate):
    rng = np.random.default_rng(seed)
    bed = rng.uniform(-1.0, 1.5, (8, 9))
    bed[4, 4] = np.nan
    sea = np.zeros(bed.shape, dtype=bool)
    sea[:, 0] = True
    basin = Basin(
        bed, np.full(bed.shape, 0.03), 30.0, sea, ((2, 7),),
        structures=(Pump((5, 5), None, 0.4, 0.2), Pump((1, 5), (1, 0), 0.3), Gate((6, 2), (6, 6), 0.5, one_way=True)),
        infiltration=(np.full(bed.shape, 2e-6), np.full(bed.shape, 0.01)),
    )  # fmt: skip
    level = np.array([[0.0, 1.2, 0.3]])
    forcing = Forcing(HOUR, level, rain=np.full((1, 3), rate), discharge=np.full((1, 3, 1), 0.5))
    assert run(basin, forcing).mass_error[0] < 1e-12


def test_rain_on_a_slope_runs_off_as_a_kinematic_wave():
    """In equilibrium h = (i n x / √S)^(3/5), x from the ridge (Henderson 1966, Open channel flow, section 9-5)."""
    cells, size, slope, manning, rate = 60, 10.0, 0.01, 0.05, 1e-5
    bed = slope * size * np.arange(cells)[::-1][None].astype(float)
    edge = np.zeros((1, cells), dtype=bool)
    edge[0, -1] = True
    time = np.array([0.0, 7200.0])
    found = inundate(
        Basin(bed, np.full(bed.shape, manning), size, edge),
        Forcing(time, np.full((1, 2), -1.0), rain=np.full((1, 2), rate)),
        initial_level=np.array([-1.0]),
        output_times=time[1:],
    )
    depth = (found.levels[0, 0] - bed)[0, 5:-5]
    x = size * (np.arange(cells) + 0.5)[5:-5]
    np.testing.assert_allclose(depth, (rate * manning * x / np.sqrt(slope)) ** 0.6, rtol=0.06)


def test_soil_takes_its_rate_until_it_is_full():
    wet = pond(infiltration=(np.full((5, 6), 1e-5), np.full((5, 6), 0.02)))
    found = run(wet, start=0.1)
    np.testing.assert_allclose(found.levels[0, 0], 0.1 - 0.018, atol=1e-9)  # 1800 s of 1e-5 m/s
    np.testing.assert_allclose(found.levels[0, 1], 0.1 - 0.02, atol=1e-9)  # full
    assert run(pond(infiltration=(np.full((5, 6), 1e-3), np.full((5, 6), 1.0))), start=0.1).levels[0, 1].max() == 0.0


def test_a_pump_drains_at_its_capacity_and_stops_at_its_level():
    found = run(pond(structures=(Pump((2, 2), None, 0.05, 0.15, 0.12),)), start=0.2)
    volume = found.levels[0].sum(axis=(1, 2)) * 400.0
    assert volume[0] == pytest.approx(0.2 * 12000 - 0.05 * 1800, rel=1e-3)
    found = run(pond(structures=(Pump((2, 2), None, 0.2, 0.15, 0.12),)), start=0.2)
    assert 0.10 < found.levels[0, 1].mean() < 0.16, "it stops at 0.12 m and starts again at 0.15 m"
    assert run(pond(structures=(Pump((2, 2), None, 5.0, 0.25, 0.1),)), start=0.2).levels[0, 1].mean() == pytest.approx(
        0.2
    )


def test_a_pump_lifts_its_capacity_between_cells_of_one_level():
    bed = np.zeros((4, 9))
    bed[:, 4] = np.nan
    pump = Pump((2, 3), (1, 5), 0.02)
    basin = Basin(bed, np.full(bed.shape, 0.03), 20.0, np.zeros(bed.shape, dtype=bool), structures=(pump,))
    found = run(basin, start=0.4)
    volume = [found.levels[0, :, :, side].sum(axis=(1, 2)) * 400.0 for side in (slice(0, 4), slice(5, 9))]
    np.testing.assert_allclose(volume, 0.4 * 6400.0 + np.outer([-0.02, 0.02], HOUR[1:]), rtol=1e-12)


def split_pond(structure):
    """Two basins of equal size, the western one 0.4 m deep, with a gate between them."""
    bed = np.zeros((4, 9))
    bed[:, 4] = np.nan
    basin = Basin(bed, np.full(bed.shape, 0.03), 20.0, np.zeros(bed.shape, dtype=bool), structures=(structure,))
    start = np.zeros((1, 4, 9))
    start[0, :, :4] = 0.4
    return inundate(basin, Forcing(HOUR, NO_SEA), initial_level=start, output_times=HOUR[1:])


def test_a_gate_evens_out_and_a_flap_or_a_closed_one_does_not():
    found = split_pond(Gate((1, 3), (1, 5), 2.0))
    west, east = found.levels[0, 1, :, :4].mean(), found.levels[0, 1, :, 5:].mean()
    assert west == pytest.approx(east, abs=0.01)
    assert west + east == pytest.approx(0.4, abs=1e-9)
    assert split_pond(Gate((1, 5), (1, 3), 2.0, one_way=True)).levels[0, 1, :, 5:].max() == 0.0
    shut = split_pond(Gate((1, 3), (1, 5), 2.0, closes_at=0.1)).levels[0, 1]
    assert 0.05 < shut[:, 5:].mean() < 0.15
    sill = split_pond(Gate((1, 3), (1, 5), 2.0, sill=0.3)).levels[0, 1]
    assert sill[:, :4].mean() == pytest.approx(0.3, abs=0.02)


def test_a_gate_passes_what_an_orifice_does():
    """dV/dt = −a √(2 g h), so √h falls linearly: a tank that drains to a far lower one."""
    bed = np.zeros((4, 9))
    bed[:, 4], bed[:, 5:] = np.nan, -50.0
    gate = Gate((1, 3), (1, 5), 0.01)
    basin = Basin(bed, np.full(bed.shape, 0.03), 20.0, np.zeros(bed.shape, dtype=bool), structures=(gate,))
    start = np.where(np.arange(9) < 4, 0.4, -49.0) * np.ones((1, 4, 1))
    found = inundate(basin, Forcing(HOUR, NO_SEA), initial_level=start, output_times=HOUR[1:])
    lower = 49.0  # the head is almost constant
    expected = 0.4 - 0.01 * np.sqrt(2 * 9.81 * (lower + 0.3)) * 1800.0 / (16 * 400.0)
    assert found.levels[0, 0, :, :4].mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rain": np.zeros((1, 2))}, "rain has shape"),
        ({"rain": np.full((1, 3), -1.0)}, "gaps or is negative"),
        ({"wave_height": np.zeros((1, 3))}, "only one of wave_height"),
        ({"rain": np.zeros((1, 3, 2))}, "2 points without rain_weight"),
    ],
)
def test_invalid_forcing_is_refused(change, complaint):
    with pytest.raises(InputError, match=complaint):
        run(pond(), Forcing(HOUR, NO_SEA, **change))


def test_invalid_structures_and_soils_are_refused():
    for structure in (Pump((9, 0), None, 1.0), Gate((0, 0), (0, 9), 1.0)):
        with pytest.raises(InputError, match="outside the domain"):
            pond(structures=(structure,))
    with pytest.raises(InputError, match="capacity above 0"):
        Pump((0, 0), None, 0.0)
    with pytest.raises(InputError, match="area above 0"):
        Gate((0, 0), (0, 1), -1.0)
    with pytest.raises(InputError, match="infiltration"):
        pond(infiltration=(np.zeros((2, 2)), np.zeros((5, 6))))
