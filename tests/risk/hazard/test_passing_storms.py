"""Simulated storms that pass a place, against the record of IBTrACS."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.cyclones.records import read_fixes
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.weather.cyclone_fields import AMBIENT_PRESSURE, pressure_drop
from strandline.risk.hazard.cyclones.cyclone_passages import NEAR
from strandline.risk.hazard.cyclones.passing_storms import (
    DELTA_SHELF,
    USUAL_SHELF,
    delta_of,
    draw_passing_storms,
    is_cyclone_coast,
)
from strandline.risk.hazard.cyclones.simulated_cyclones import simulate_cyclones
from strandline.simulator.sea.cyclone_climate.fixes import Fixes

pytestmark = pytest.mark.slow

DONG_HOI, MIAMI, BEIRA, BROOME = (106.63, 17.48), (-80.13, 25.77), (34.84, -19.83), (122.2, -18.0)
TIME = (np.datetime64("2015-01-01", "h") + np.arange(8766) * np.timedelta64(1, "h")).astype("datetime64[ns]")
TIDE = 0.5 * np.cos(2 * np.pi * np.arange(8766) / 12.4206)


@pytest.fixture(scope="module")
def fixes(shared_data: Path) -> Fixes:
    """Of the gales of 1980 to 2024."""
    return read_fixes(shared_data / "storms")[0].born(1980, 2024).gales()


def test_the_deltas_keep_their_tracks_and_other_coasts_have_the_climate() -> None:
    assert (delta_of(90.0, 22.0), delta_of(106.0, 9.5), delta_of(*DONG_HOI)) == ("bay_of_bengal", "mekong", None)
    delta = draw_passing_storms(90.0, 22.0, 180.0, 20, np.random.default_rng(0))
    coast = draw_passing_storms(*DONG_HOI, 90.0, 20, np.random.default_rng(0))
    assert delta is not None
    assert coast is not None
    assert (delta.shelf, delta.number) == (DELTA_SHELF, 62.0)
    assert coast.shelf == USUAL_SHELF
    days = np.array([15.0, 200.0])
    assert (coast.mean_wind(days) == 0).all()
    assert np.abs(delta.mean_wind(days)).max() > 2.0


def test_coasts_without_cyclones_have_no_simulated_ones() -> None:
    for longitude, latitude in ((12.5, 45.4), (3.6, 51.4), (18.4, -33.9), (-77.0, -12.0)):
        assert draw_passing_storms(longitude, latitude, 180.0, 20, np.random.default_rng(0)) is None
    assert not is_cyclone_coast(3.6, 51.4)  # a hurricane that has become a winter low is none
    assert is_cyclone_coast(*MIAMI)


@pytest.mark.parametrize("place", [DONG_HOI, MIAMI, BEIRA, BROOME])
def test_as_many_storms_pass_as_were_recorded(place: tuple[float, float], fixes: Fixes) -> None:
    near = great_circle_distance(fixes.longitude, fixes.latitude, *place) <= NEAR
    recorded = np.unique(fixes.storm[near]).size
    drawn = draw_passing_storms(*place, 90.0, 300, np.random.default_rng(1))
    assert drawn is not None
    assert drawn.number == pytest.approx(45 * len(drawn.tracks) / drawn.years)
    assert drawn.number == pytest.approx(recorded, rel=0.3)
    winds = [track.maximum_wind.max() for track in drawn.tracks]
    own = np.maximum.reduceat(np.where(near, fixes.wind, 0.0), np.flatnonzero(fixes.first))
    assert (np.array(winds) >= 32.9).mean() > 0.5 * (own[own > 0] >= 32.9).mean()


def test_the_same_seed_gives_the_same_surges_and_pressure_follows_from_wind() -> None:
    one, two, other = (
        simulate_cyclones(*DONG_HOI, 90.0, TIME, TIDE, np.random.default_rng(seed), storms=60) for seed in (1, 1, 2)
    )
    assert one is not None
    assert two is not None
    assert other is not None
    np.testing.assert_array_equal(one.surge, two.surge)
    assert one.surge.size != other.surge.size or (one.surge != other.surge).any()
    drawn = draw_passing_storms(*DONG_HOI, 90.0, 60, np.random.default_rng(1))
    assert drawn is not None
    for track in drawn.tracks:
        np.testing.assert_allclose(AMBIENT_PRESSURE - track.cyclone.central_pressure, pressure_drop(track.maximum_wind))


def test_a_coast_that_faces_the_storms_has_higher_surges_than_its_lee() -> None:
    """The storms of Dong Hoi come from the east: their wind blows onto a coast that faces the north-east."""
    facing, lee = (
        simulate_cyclones(*DONG_HOI, direction, TIME, TIDE, np.random.default_rng(1), storms=150)
        for direction in (45.0, 225.0)
    )
    assert facing is not None
    assert lee is not None
    assert np.quantile(facing.surge, 0.98) > np.quantile(lee.surge, 0.98)
