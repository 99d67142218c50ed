"""Waves of known speed are found again, and what they say of a place between gauges is worth more than a neighbour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.surge.travelling_waves import TravellingWaves, fit_waves, interpolate, spreads_of
from strandline.errors import InputError, RefusedByTheory

HOURS = 4000
SLOWNESS = 40.0
"""[h per 1000 km]."""


def coast(places: np.ndarray, seed: int = 0) -> np.ndarray:
    """(S, T) [m] of a surge that travels east and is renewed on its way: exp(−|Δx| / 1500 km) in its own frame."""
    rng = np.random.default_rng(seed)
    order = np.argsort(places[:, 0])
    shocks = rng.standard_normal((len(places), HOURS + 400))
    smooth = np.array([np.convolve(row, np.exp(-np.arange(300) / 48.0))[: HOURS + 400] for row in shocks])
    smooth /= smooth.std(axis=1, keepdims=True)
    wave = np.empty_like(smooth)
    for rank, station in enumerate(order):
        if rank == 0:
            wave[station] = smooth[station]
            continue
        before = order[rank - 1]
        far = places[station, 0] - places[before, 0]
        kept = np.exp(-far / 1.5)
        late = round(SLOWNESS * far)
        wave[station] = kept * np.roll(wave[before], late) + np.sqrt(1 - kept**2) * smooth[station]
    return 0.15 * wave[:, 400:]


PLACES = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.1], [1.6, 0.0], [2.2, -0.1]])


def test_the_speed_of_a_surge_is_found_again() -> None:
    waves, *_ = fit_waves(PLACES, coast(PLACES), PLACES[2])
    assert waves.slowness[0] == pytest.approx(SLOWNESS, rel=0.15)


def test_a_place_without_a_gauge_is_known_better_than_by_its_nearest_neighbour() -> None:
    level = coast(PLACES)
    others = [0, 1, 3, 4]
    waves = fit_waves(PLACES[others], level[others], PLACES[2])
    said = interpolate(waves, PLACES[others], spreads_of(level[others]), level[others], PLACES[2], [0])
    inside = slice(200, None)
    error = np.sqrt(np.mean((said.mean[inside, 0] - level[2, inside]) ** 2))
    nearest = np.sqrt(np.mean((level[1, inside] - level[2, inside]) ** 2))
    assert error < 0.8 * nearest
    assert error < 0.8 * level[2].std()
    assert error == pytest.approx(said.spread[inside, 0].mean(), rel=0.3)


def test_the_future_of_a_record_changes_nothing_that_was_said_before() -> None:
    level, place = coast(PLACES), np.array([0.7, 0.0])
    waves, spreads = [TravellingWaves(1.5, 48.0, (SLOWNESS, 0.0), 0.3)], spreads_of(level)
    whole = interpolate(waves, PLACES, spreads, level, place, [0, 24])
    level[:, 2000:] = 9.0
    changed = interpolate(waves, PLACES, spreads, level, place, [0, 24])
    np.testing.assert_allclose(changed.mean[:2000], whole.mean[:2000], atol=1e-9)
    np.testing.assert_array_equal(changed.spread[:2000], whole.spread[:2000])
    assert not np.allclose(changed.mean[2000:], whole.mean[2000:])


def test_a_silent_neighbour_widens_the_spread_and_nobody_heard_says_nothing() -> None:
    level = coast(PLACES)
    waves = [TravellingWaves(1.5, 48.0, (SLOWNESS, 0.0), 0.3)]
    level[1, 1000:] = np.nan
    level[:, 3000:] = np.nan
    said = interpolate(waves, PLACES, spreads_of(level), level, np.array([0.7, 0.0]), [0])
    assert said.spread[500, 0] < said.spread[2000, 0] < said.spread[3900, 0]
    assert not said.heard[3900]
    assert said.mean[3900, 0] == 0.0


@given(st.floats(0.2, 5.0), st.floats(5.0, 300.0), st.floats(-100.0, 100.0), st.floats(-100.0, 100.0))
@settings(max_examples=30, deadline=None)
def test_any_waves_make_a_covariance(reach: float, memory: float, east: float, north: float) -> None:
    rng = np.random.default_rng(0)
    place, hour = rng.uniform(-2, 2, (30, 2)), rng.uniform(-100, 100, 30)
    waves = TravellingWaves(reach, memory, (east, north), 0.0)
    among = waves.correlation(place[:, None] - place, hour[:, None] - hour)
    np.testing.assert_allclose(np.diag(among), 1.0)
    assert np.linalg.eigvalsh(among).min() > -1e-9


def test_two_gauges_tell_no_direction() -> None:
    with pytest.raises(RefusedByTheory, match="need 3 or more"):
        fit_waves(PLACES[:2], coast(PLACES)[:2], PLACES[2])


def test_a_record_without_a_place_is_refused() -> None:
    waves = [TravellingWaves(1.0, 48.0, (0.0, 0.0), 0.1)]
    with pytest.raises(InputError, match="5 places, 4 records"):
        interpolate(waves, PLACES, np.ones(4), coast(PLACES)[:4], PLACES[0], [0])


def test_ways_that_contradict_one_another_are_averaged_and_widen_the_spread() -> None:
    level, place = coast(PLACES), np.array([0.7, 0.0])
    east, west = (TravellingWaves(1.5, 48.0, (slowness, 0.0), 0.3) for slowness in (SLOWNESS, -SLOWNESS))
    hypotheses, spreads = ([east], [west], [east, west]), spreads_of(level)
    said = [interpolate(ways, PLACES, spreads, level, place, [0, 24]) for ways in hypotheses]
    np.testing.assert_allclose(said[2].mean, (said[0].mean + said[1].mean) / 2, atol=1e-12)
    alone = np.sqrt((said[0].spread ** 2 + said[1].spread ** 2) / 2)
    assert (said[2].spread >= alone - 1e-12).all()
    assert said[2].spread[2000:].mean() > 1.02 * alone[2000:].mean()
