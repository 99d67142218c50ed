"""When simulated water arrives and how long it stands: planes and bowls with known answers, and invariants."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.observations.weather.storm_waves import StormWaves
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH
from strandline.risk.timing.by_cell import time_map
from strandline.risk.timing.by_zone import EARLIER_HOURS, LONGER_HOURS
from strandline.risk.timing.simulated_floods import (
    AFTER_HOURS,
    BEFORE_HOURS,
    SHAPES,
    KnownGround,
    simulate_floods,
    time_floods,
)
from strandline.simulator.design_storms import storm_designer
from strandline.simulator.radar_archive import solver_terrain
from tests.fixtures.batches import MEAN_SEA_LEVEL, make_observations
from tests.risk.hazard.test_flood_maps import SEA_LEVEL

pytestmark = pytest.mark.slow

HOURS = np.arange(BEFORE_HOURS + AFTER_HOURS + 1.0)
RISE = 0.1
"""Of the sea [m h-1]: so slow that a short slope follows it."""
PEAKS = np.array([1.2, 2.2])
HIGH_WATER = MEAN_SEA_LEVEL + 0.1


def ground_of(profile: np.ndarray, rows: int = 6) -> KnownGround:
    """Land of one profile (W,) [m] along every row, beside two columns of open sea, with cells of 100 m."""
    observed = solver_terrain(make_observations(), 3.0)
    bed = np.tile(np.concatenate([[-3.0, -3.0], profile]), (rows, 1))
    water = np.zeros(bed.shape, dtype=bool)
    water[:, :2] = True
    is_open = np.zeros(bed.shape, dtype=bool)
    is_open[:, 0] = True
    terrain = replace(
        observed, bed=bed, permanent_water=water, open_boundary=is_open, roughness=np.full(bed.shape, 0.03),
        cell_size=100.0,
    )  # fmt: skip
    return KnownGround(terrain, np.zeros(bed.shape, dtype=bool))


def rise_and_fall(height: float = 1.8) -> np.ndarray:
    """(1, T) a sea that rises and falls evenly, with its peak in the hour that storms have it."""
    return height - RISE * np.abs(HOURS - BEFORE_HOURS)[None]


def test_on_a_gentle_plane_water_arrives_when_the_sea_stands_at_its_depth_above_the_ground() -> None:
    profile = np.linspace(0.2, 1.0, 9)
    dangerous, wet, until = (each[0, 3, 2:] for each in time_floods(ground_of(profile), 0.0, rise_and_fall()))
    expected = (profile + DANGEROUS_DEPTH - 1.8) / RISE  # hours from the peak, negative
    np.testing.assert_allclose(dangerous, expected, atol=0.35)
    shallow = (profile + FLOODED_DEPTH - 1.8) / RISE
    assert ((wet > shallow - 1.0) & (wet <= shallow + 0.5)).all()  # the hour before whose end it stands
    assert ((until >= -shallow - 0.5) & (until < -shallow + 3.0)).all()  # and it leaves as the sea does


def test_no_water_is_faster_than_a_long_wave() -> None:
    """A sea that jumps up enters a dry channel more slowly than √(g h)."""
    profile = np.full(60, 0.0)
    level = np.where(HOURS < 2, -0.5, 2.0)[None]
    wet = time_floods(ground_of(profile), 0.0, level)[0][0, 3, 2:]
    distance = 100.0 * np.arange(1, 61)
    arrives = (wet + BEFORE_HOURS) * 3600.0
    assert np.isfinite(arrives).all()
    assert (arrives >= 3600.0 + distance / np.sqrt(9.81 * 2.0)).all()  # the sea rises between hours 1 and 2
    assert (np.diff(arrives) > 0).all()


def test_a_closed_bowl_never_drains_and_dry_land_is_neither_reached_nor_wet() -> None:
    profile = np.array([0.6, 1.2, 0.0, 0.0, 1.2, 2.5])
    dangerous, wet, until = (each[0, 3, 2:] for each in time_floods(ground_of(profile), 0.0, rise_and_fall()))
    assert np.isposinf(until[2:4]).all()
    assert np.isfinite(until[0])
    assert until[0] < AFTER_HOURS
    assert np.isposinf(dangerous[5])
    assert np.isposinf(wet[5])
    assert np.isneginf(until[5])


def test_land_behind_what_kept_the_sea_out_has_no_end_though_its_stand_in_runs_dry() -> None:
    ground = ground_of(np.linspace(0.2, 1.0, 9))
    sheltered = np.zeros_like(ground.sheltered)
    sheltered[:, 6:] = True
    open_land = time_floods(ground, 0.0, rise_and_fall())[2][0]
    kept_in = time_floods(replace(ground, sheltered=sheltered), 0.0, rise_and_fall())[2][0]
    assert np.isfinite(open_land[:, 2:]).all()
    assert np.isposinf(kept_in[:, 6:]).all()
    np.testing.assert_array_equal(kept_in[:, 2:6], open_land[:, 2:6])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), higher=st.floats(0.05, 0.8))
def test_raising_the_sea_never_makes_water_arrive_later_or_leave_sooner(seed: int, higher: float) -> None:
    profile = np.random.default_rng(seed).uniform(0.0, 1.6, 8)
    low, high = (time_floods(ground_of(profile), 0.0, rise_and_fall(1.5) + each) for each in (0.0, higher))
    hour = 1.0 + 1e-9  # what is stored by the hour, and the solver's steps
    assert (high[0] <= low[0] + 0.1).all()
    assert (high[1] <= low[1] + hour).all()
    assert (high[2] >= low[2] - hour).all()


def known_ground(bounds: tuple[np.ndarray, np.ndarray] | None = None) -> KnownGround:
    ground = KnownGround.of(make_observations(), MEAN_SEA_LEVEL, float(PEAKS.max()), bounds)
    assert ground is not None
    return ground


def test_storms_of_one_seed_are_the_same_and_a_higher_peak_is_no_later() -> None:
    designer = storm_designer(make_observations(), SEA_LEVEL)
    floods, again = (
        simulate_floods(known_ground(), designer, PEAKS, HIGH_WATER, np.random.default_rng(3)) for _ in range(2)
    )
    for name, value in vars(floods).items():
        np.testing.assert_array_equal(value, getattr(again, name))
    assert floods.sea.shape == (SHAPES * 2, HOURS.size)
    np.testing.assert_allclose(floods.sea.max(axis=1), np.tile(PEAKS, SHAPES))
    np.testing.assert_array_equal(floods.sea.argmax(axis=1), BEFORE_HOURS)
    known = ~np.isnan(floods.dangerous_from[0])
    assert not known.all()
    low, high = floods.dangerous_from[::2], floods.dangerous_from[1::2]
    assert (high[:, known] <= low[:, known] + 0.1).all()
    assert (high[:, known] < low[:, known]).any()
    assert np.isnan(floods.wet_until[:, ~known]).all()


def test_past_floods_lift_the_ground_that_withstood_them_and_shelter_it() -> None:
    shape = known_ground().terrain.bed.shape
    nowhere = np.full(shape, np.inf)
    plain, lifted = known_ground(), known_ground((np.full(shape, 1.0), nowhere))
    raised = lifted.terrain.bed > plain.terrain.bed
    assert (raised == lifted.sheltered)[plain.terrain.land].all()
    assert raised.any()
    assert not plain.sheltered.any()
    np.testing.assert_allclose(lifted.terrain.bed[raised], 1.0 + MEAN_SEA_LEVEL)
    water = plain.terrain.permanent_water
    np.testing.assert_array_equal(lifted.terrain.bed[water], plain.terrain.bed[water])


def test_a_place_without_open_sea_at_its_edge_is_not_simulated() -> None:
    observations = make_observations()
    region = observations.region
    inland = replace(region, sea_point=(float(region.x[8]), float(region.y[8])))
    terrain = observations.terrain.copy(deep=True)
    terrain["elevation"][:] = 1.0
    terrain["permanent_water"][:] = 0.0
    terrain["permanent_water"][8, 8] = 1.0
    assert KnownGround.of(replace(observations, region=inland, terrain=terrain), MEAN_SEA_LEVEL, 2.0, None) is None


def test_the_map_states_the_earliest_and_the_longest_with_their_allowances() -> None:
    designer = storm_designer(make_observations(), SEA_LEVEL)
    floods = simulate_floods(known_ground(), designer, PEAKS, HIGH_WATER, np.random.default_rng(3))
    shown = time_map(floods, np.tile([10.0, 100.0], SHAPES))
    assert shown.return_period == 100.0
    high = floods.wet_from[1::2]
    np.testing.assert_array_equal(shown.arrives, high.min(axis=0) - EARLIER_HOURS)
    dry = np.isposinf(high).all(axis=0)
    assert dry.any()
    assert (shown.stands[dry] == 0).all()
    wet = np.isfinite(high).any(axis=0)
    assert (shown.stands[wet] >= LONGER_HOURS).all()
    assert np.isnan(shown.stands[np.isnan(high[0])]).all()


def test_land_that_the_tide_wets_lies_below_high_water_and_is_more_under_a_higher_one() -> None:
    designer, ground = storm_designer(make_observations(), SEA_LEVEL), known_ground().terrain
    counts = []
    for height in (0.3, 2.0):
        high = MEAN_SEA_LEVEL + height
        ordinary = simulate_floods(known_ground(), designer, PEAKS, high, np.random.default_rng(3)).ordinary
        assert not ordinary[ground.permanent_water].any()
        assert (ground.bed[ordinary] <= high - FLOODED_DEPTH + 0.05).all()
        counts.append(int(ordinary.sum()))
    assert 0 < counts[0] < counts[1]


def test_waves_lift_the_sea_of_storms_and_the_ground_that_past_floods_bound_but_no_tide() -> None:
    observations = make_observations()
    waves = StormWaves(2.0, 8.0, 0.03, MEAN_SEA_LEVEL, MEAN_SEA_LEVEL + 1.8, "as a test states")
    rough = replace(observations, waves=waves)
    level = MEAN_SEA_LEVEL + rise_and_fall()
    plain, lifted = (KnownGround.of(each, MEAN_SEA_LEVEL, 2.5, None) for each in (observations, rough))
    assert plain is not None
    assert lifted is not None
    for found, expected in zip(
        time_floods(lifted, MEAN_SEA_LEVEL, level),
        time_floods(plain, MEAN_SEA_LEVEL, level + waves.set_up),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected)
    shape = observations.region.shape
    bounds = np.full(shape, 0.45), np.full(shape, 0.45)  # a quarter of the peak of those waves, hence half of them
    bounded = [KnownGround.of(each, MEAN_SEA_LEVEL, 2.5, bounds) for each in (observations, rough)]
    first, second = (each.terrain for each in bounded if each is not None)
    known = first.land & np.isfinite(first.bed)
    np.testing.assert_allclose((second.bed - first.bed)[known], waves.set_up / 2)
    designer = storm_designer(observations, SEA_LEVEL)
    tides = [
        simulate_floods(each, designer, PEAKS, HIGH_WATER, np.random.default_rng(3)).ordinary
        for each in (plain, lifted)
    ]
    np.testing.assert_array_equal(*tides)
