"""The climate of cyclones against closed forms, invariants, and the record that it is fitted to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.cyclones.records import read_fixes, read_land
from strandline.errors import InputError, RefusedByTheory
from strandline.observations.weather.cyclone_fields import AMBIENT_PRESSURE, pressure_drop
from strandline.simulator.sea.cyclone_climate import fit
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate, load_cyclone_climate, save_cyclone_climate
from strandline.simulator.sea.cyclone_climate.fit import fit_cyclone_climate
from strandline.simulator.sea.cyclone_climate.fixes import GALE, Fixes, steps_of
from strandline.simulator.sea.cyclone_climate.grid import (
    COLUMNS,
    ROWS,
    LandMask,
    cell_of,
    is_over_land,
    local_means,
    smooth,
)
from strandline.simulator.sea.cyclone_climate.passages import draw_passages, passages_of
from strandline.simulator.sea.cyclone_climate.processes.genesis import spread_of_numbers
from strandline.simulator.sea.cyclone_climate.processes.landfall import BACKGROUND_WIND, decay_over_land, fit_decay_rate
from strandline.simulator.sea.cyclone_climate.sampling import SyntheticStorms, draw_storms
from strandline.simulator.sea.cyclone_climate.stretch import LEVELS, STRONGEST, Stretch, fit_stretch
from strandline.simulator.sea.storm_surge import cyclone_surge

pytestmark = pytest.mark.slow

SEA = LandMask.of(np.zeros((480, 1440), dtype=bool))


@pytest.fixture(scope="module")
def climate() -> CycloneClimate:
    return load_cyclone_climate()


@pytest.fixture(scope="module")
def storms(climate: CycloneClimate) -> dict[str, SyntheticStorms]:
    return {basin: draw_storms(climate, basin, 60, np.random.default_rng(1)) for basin in climate.basins}


def straight_storms(number: int, years: int, speed: float) -> Fixes:
    """Storms that move west along 15 N at a constant speed [degrees a step] and grow steadily."""
    length = 24
    rng = np.random.default_rng(0)
    birth = np.datetime64("1990-08-01", "s") + (rng.integers(0, years, number) * 31_557_600).astype("timedelta64[s]")
    step = np.tile(np.arange(length), number)
    start = np.repeat(rng.uniform(130.0, 170.0, number), length)
    rounding = rng.uniform(-0.05, 0.05, (2, number * length))
    return Fixes(
        np.repeat(np.arange(number), length),
        np.full(number * length, "WP"),
        np.repeat(birth, length) + step * np.timedelta64(6, "h"),
        start - speed * step + rounding[0],
        15.0 + rounding[1],
        10.0 + 1.0 * step + 10.0 * rounding[0],
    )


# --- land, cells and neighbourhoods ------------------------------------------------------------------------------


@given(st.floats(-720.0, 720.0), st.floats(-59.9, 59.9))
def test_a_place_and_the_same_place_once_around_lie_in_one_cell(longitude: float, latitude: float) -> None:
    longitude = round(longitude, 3)
    here, there = (cell_of(np.array([east]), np.array([latitude])) for east in (longitude, longitude + 360.0))
    assert 0 <= here[0] < ROWS * COLUMNS
    assert here[0] == there[0] or longitude % 2.5 < 1e-6 or longitude % 2.5 > 2.5 - 1e-6


def test_one_count_is_smoothed_to_one_at_its_centre_and_never_crosses_the_equator() -> None:
    counts = np.zeros((12, ROWS, COLUMNS))
    counts[5, ROWS // 2, 0] = 1.0  # just north of the equator, at the edge of the map
    near = smooth(counts, 5.0, 1.0)
    assert near[5, ROWS // 2, 0] == pytest.approx(1.0, rel=0.5)  # the equator reflects nothing, the cells are coarse
    assert near.argmax() == counts.argmax()
    assert near[5, ROWS // 2, -1] == pytest.approx(near[5, ROWS // 2, 1])
    assert (near[:, : ROWS // 2] == 0).all()


@given(st.floats(-50.0, 50.0))
@settings(max_examples=10, deadline=None)
def test_local_means_of_a_constant_are_that_constant(value: float) -> None:
    cell, month = np.array([100, 2000, 5000]), np.array([0, 6, 11])
    means = local_means(cell, month, np.full(3, value), 2.5, 1.0, 5.0)
    np.testing.assert_allclose(means, value, atol=1e-9)


def test_land_is_found_again_after_packing() -> None:
    cells = np.zeros((480, 1440), dtype=bool)
    cells[300, 400] = True  # 15.0-15.25 N, 100.0-100.25 E
    mask = LandMask.of(cells)
    found = is_over_land(mask.unpacked(), np.array([100.1, 100.1, -259.9]), np.array([15.1, 15.3, 15.1]))
    assert found.tolist() == [True, False, True]


def test_each_cell_with_a_shore_has_one_place_of_it() -> None:
    cells = np.zeros((480, 1440), dtype=bool)
    cells[300:340, 400:440] = True  # 15-25 N, 100-110 E: four by four cells, of which twelve have a shore
    cells[460:470, 0:10] = True  # 55 N
    longitude, latitude = LandMask.of(cells).coast(45.0)
    assert longitude.size == np.unique(cell_of(longitude, latitude)).size == 12
    assert is_over_land(cells.ravel(), longitude, latitude).all()
    edge = np.minimum.reduce([longitude - 100.0, 110.0 - longitude, latitude - 15.0, 25.0 - latitude])
    np.testing.assert_allclose(edge, 0.125)


# --- the stretch of winds ----------------------------------------------------------------------------------------


def test_winds_that_are_a_tenth_too_weak_become_as_strong_as_recorded_ones() -> None:
    rng = np.random.default_rng(0)
    recorded = [GALE + rng.exponential(14.0, 4000) for _ in range(2)]
    simulated = [GALE + (GALE + rng.exponential(14.0, 40_000) - GALE) / 1.1 for _ in range(2)]
    stretch = fit_stretch(simulated, recorded, [np.arange(4000)] * 2)
    corrected = stretch.of(1, simulated[1])
    for level in LEVELS[:-2]:
        assert (corrected > level).mean() == pytest.approx((recorded[1] > level).mean(), rel=0.05)
    assert (simulated[1] > LEVELS[3]).mean() < 0.85 * (recorded[1] > LEVELS[3]).mean()


def test_a_basin_without_strong_storms_is_stretched_as_all_others_are() -> None:
    rng = np.random.default_rng(1)
    many, weak = GALE + rng.exponential(14.0, 4000), np.full(40, GALE + 1.0)
    drawn = GALE + rng.exponential(14.0 / 1.2, 40_000)
    stretch = fit_stretch([drawn, drawn], [many, weak], [np.arange(4000), np.arange(40)])
    np.testing.assert_allclose(stretch.simulated[1], stretch.simulated[0], rtol=0.01)


@given(st.lists(st.floats(0.0, 120.0), min_size=2, max_size=20))
def test_the_stretch_that_ships_keeps_order_weak_winds_and_the_strongest(winds: list[float]) -> None:
    stretch, wind = load_cyclone_climate().stretch, np.sort(winds)
    for basin in range(len(stretch.simulated)):
        found = stretch.of(basin, wind)
        assert (np.diff(found) >= 0).all()
        np.testing.assert_allclose(found[wind <= GALE], wind[wind <= GALE])
        assert found.max() <= STRONGEST
    np.testing.assert_array_equal(Stretch.none(2).of(1, wind), np.minimum(wind, STRONGEST))


# --- decay over land ---------------------------------------------------------------------------------------------


@given(st.floats(5.0, 90.0), st.floats(0.0, 48.0), st.floats(0.0, 48.0))
def test_decay_over_land_can_be_taken_in_parts(wind: float, first: float, then: float) -> None:
    at_once = decay_over_land(np.array([wind]), np.array([first + then]))
    in_parts = decay_over_land(decay_over_land(np.array([wind]), np.array([first])), np.array([then]))
    np.testing.assert_allclose(at_once, in_parts)
    assert at_once[0] <= wind
    assert at_once[0] >= min(wind, BACKGROUND_WIND)


def test_the_rate_of_a_decay_is_found_again() -> None:
    wind, land = np.linspace(20.0, 80.0, 400), np.full(400, 1.0)
    after = decay_over_land(wind, 6.0 * land, 0.07)
    assert fit_decay_rate(wind, np.zeros(400), after, land) == pytest.approx(0.07, abs=0.001)


# --- the fit -----------------------------------------------------------------------------------------------------


def test_a_record_without_enough_storms_is_refused() -> None:
    with pytest.raises(RefusedByTheory, match="30 storms"):
        fit_cyclone_climate(straight_storms(10, 5, 0.8), SEA, (1990, 1994), np.random.default_rng(0))


def test_fixes_out_of_order_and_without_a_wind_are_refused() -> None:
    fixes = straight_storms(2, 1, 0.8)
    rest = fixes.longitude, fixes.latitude
    with pytest.raises(InputError, match="order of time"):
        Fixes(fixes.storm, fixes.basin, fixes.time[::-1], *rest, fixes.wind)
    with pytest.raises(InputError, match="not a number"):
        Fixes(fixes.storm, fixes.basin, fixes.time, *rest, np.full(fixes.wind.size, np.nan))


def test_steps_know_the_two_before_them_and_their_state() -> None:
    fixes = straight_storms(3, 1, 0.8)
    steps = steps_of(fixes, SEA)
    assert steps.at.size == 3 * 23
    assert (steps.before[:3].tolist(), steps.before_that[:3].tolist()) == ([-1, 0, 1], [-1, -1, 0])
    assert steps.before[23] == -1  # of the next storm
    np.testing.assert_allclose(steps.change, 1.0, atol=1.01)
    one = fixes.states.at(np.array([0, 1]))
    ahead = one.at(np.array([0])).after(fixes.wind[1:2])
    for later, now in zip(ahead, one, strict=True):
        np.testing.assert_allclose(later[0], now[1])


def test_numbers_that_vary_as_poisson_have_a_dispersion_of_one_and_more_variable_ones_more() -> None:
    rng = np.random.default_rng(0)
    assert spread_of_numbers(rng.poisson(10.0, 5000)) == pytest.approx(1.0, abs=0.06)
    assert spread_of_numbers(rng.poisson(rng.gamma(10.0, 1.0, 5000))) == pytest.approx(2.0, abs=0.15)


# --- what ships --------------------------------------------------------------------------------------------------


def test_the_climate_that_ships_is_small_and_read_as_it_was_written(climate: CycloneClimate, tmp_path: Path) -> None:
    save_cyclone_climate(climate, tmp_path / "climate.npz")
    assert (tmp_path / "climate.npz").stat().st_size < 300_000
    again = load_cyclone_climate(tmp_path / "climate.npz")
    assert (again.basins, again.years) == (climate.basins, climate.years)
    np.testing.assert_array_equal(again.visits, climate.visits)
    first, second = (draw_storms(each, "NI", 20, np.random.default_rng(5)) for each in (climate, again))
    np.testing.assert_array_equal(first.wind, second.wind)


def test_the_same_seed_gives_the_same_storms(climate: CycloneClimate) -> None:
    one, two, other = (draw_storms(climate, "SP", 10, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.longitude, two.longitude)
    assert one.longitude.size != other.longitude.size or (one.longitude != other.longitude).any()


def test_synthetic_storms_are_possible_storms(storms: dict[str, SyntheticStorms]) -> None:
    for basin, drawn in storms.items():
        assert (np.diff(drawn.storm) >= 0).all()
        same = np.diff(drawn.storm) == 0
        np.testing.assert_allclose(np.diff(drawn.day)[same], 0.25, atol=1e-3)
        start = np.flatnonzero(np.append(True, ~same))
        assert (np.maximum.reduceat(drawn.wind, start) >= np.float32(GALE)).all()
        assert drawn.wind.max() < 100.0  # [m s-1] the strongest of the record has 95
        assert ((drawn.longitude >= 0) & (drawn.longitude <= 360)).all()
        south = basin in ("SI", "SP")
        assert ((drawn.latitude < 0) == south).all()
        assert np.abs(drawn.latitude).max() <= 60.0


def test_the_number_of_storms_is_that_of_the_record(climate: CycloneClimate) -> None:
    for number, basin in enumerate(climate.basins):
        drawn = climate.genesis.draw_numbers(number, 4000, np.random.default_rng(0))
        mean, spread = climate.genesis.per_year[number], climate.genesis.dispersion[number]
        assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(spread * mean / 4000)), basin
        assert drawn.var() == pytest.approx(spread * mean, rel=0.15), basin


def test_an_unknown_basin_and_no_year_are_refused(climate: CycloneClimate) -> None:
    with pytest.raises(InputError, match="'XX' is not known"):
        draw_storms(climate, "XX", 10, np.random.default_rng(0))
    with pytest.raises(InputError, match="ask for one or more"):
        draw_storms(climate, "NI", 0, np.random.default_rng(0))


# --- passages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("east", [180.0, 179.9, -180.0, 0.0])
def test_a_storm_passes_between_two_fixes_and_over_the_date_line(east: float) -> None:
    longitude = (np.array([east - 2.0, east + 2.0]) + 360.0) % 360.0
    storm, latitude = np.zeros(2, dtype=np.int64), np.array([10.0, 10.0])
    found = passages_of(storm, longitude, latitude, np.array([30.0, 40.0]), (east, 10.0), 60_000.0)
    assert found.storm.tolist() == [0]
    assert found.wind[0] == pytest.approx(35.0)  # at the place itself, half way; the next hours are too far
    assert passages_of(storm, longitude, latitude, np.array([10.0, 12.0]), (east, 10.0), 60_000.0).storm.size == 0


def test_passages_are_cyclones_that_raise_the_sea(climate: CycloneClimate) -> None:
    start = np.datetime64("1700-01-01", "h")
    place = (90.22, 21.98)
    tracks = draw_passages(climate, *place, 250_000.0, start, 40, np.random.default_rng(7))
    again = draw_passages(climate, *place, 250_000.0, start, 40, np.random.default_rng(7))
    assert [track.name for track in tracks] == [track.name for track in again]
    assert 10 <= len(tracks) <= 60
    assert all((np.diff(track.time) == np.timedelta64(1, "h")).all() for track in tracks)
    highest = []
    for track in tracks:
        np.testing.assert_allclose(
            track.cyclone.central_pressure, AMBIENT_PRESSURE - pressure_drop(track.maximum_wind), rtol=1e-12
        )
        assert ((track.cyclone.peakedness >= 1.0) & (track.cyclone.peakedness <= 2.5)).all()
        assert np.hypot(track.cyclone.eastward_speed, track.cyclone.northward_speed).max() < 40.0
        calm = np.zeros((2, track.time.size))
        highest.append(cyclone_surge(track, calm, *place, 180.0, 175_000.0, 11.0).max())
    assert max(highest) > 1.0


def test_a_place_that_no_storm_reaches_has_no_tracks(climate: CycloneClimate) -> None:
    start = np.datetime64("1700-01-01", "h")
    assert climate.basins_near(12.5, 45.4, 250_000.0) == ()
    assert draw_passages(climate, 12.5, 45.4, 250_000.0, start, 5, np.random.default_rng(0)) == []
    assert climate.basins_near(106.8, 9.8, 250_000.0) == ("WP",)
    assert climate.basins_near(-80.1, 25.8, 250_000.0) == ("NA",)


# --- the record --------------------------------------------------------------------------------------------------


def test_a_fit_to_the_record_draws_as_many_strong_storms_as_it_holds(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "COAST_YEARS", 120)
    fixes, pressure = read_fixes(shared_data / "storms")
    assert pressure.size == fixes.wind.size
    climate = fit_cyclone_climate(fixes, read_land(), (1980, 2004), np.random.default_rng(0))
    assert climate.basins == ("EP", "NA", "NI", "SI", "SP", "WP")
    recorded = fixes.born(1980, 2004).gales()
    own = recorded.chosen((recorded.basin[recorded.first] == "WP")[np.cumsum(recorded.first) - 1])
    drawn = draw_storms(climate, "WP", 50, np.random.default_rng(0))
    start = np.flatnonzero(np.append(True, np.diff(drawn.storm) > 0))
    assert (climate.stretch.of(5, np.array([60.0])) != 60.0).all()
    hurricanes = (np.maximum.reduceat(drawn.wind, start) >= 32.9).sum() / 50
    expected = (np.maximum.reduceat(own.wind, np.flatnonzero(own.first)) >= 32.9).sum() / 25
    assert hurricanes == pytest.approx(expected, rel=0.15)
