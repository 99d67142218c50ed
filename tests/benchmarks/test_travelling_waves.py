"""Travelling waves: the fit recovers a known speed, and interpolation is better than the nearest gauge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.surge.neighbours.records.travelling_waves import TravellingWaves, fit_waves, interpolate, spreads_of
from strandline.errors import InputError, RefusedByTheory

HOURS = 4000
SLOWNESS = 40.0
"""[h per 1000 km]."""


def coast(positions: np.ndarray, seed: int = 0) -> np.ndarray:
    """(S, T) [m] of a surge that travels east and changes on its way: exp(−|Δx| / 1500 km) in its own frame."""
    rng = np.random.default_rng(seed)
    order = np.argsort(positions[:, 0])
    shocks = rng.standard_normal((len(positions), HOURS + 400))
    smooth = np.array([np.convolve(row, np.exp(-np.arange(300) / 48.0))[: HOURS + 400] for row in shocks])
    smooth /= smooth.std(axis=1, keepdims=True)
    wave = np.empty_like(smooth)
    for rank, station in enumerate(order):
        if rank == 0:
            wave[station] = smooth[station]
            continue
        before = order[rank - 1]
        far = positions[station, 0] - positions[before, 0]
        kept = np.exp(-far / 1.5)
        late = round(SLOWNESS * far)
        wave[station] = kept * np.roll(wave[before], late) + np.sqrt(1 - kept**2) * smooth[station]
    return 0.15 * wave[:, 400:]


POSITIONS = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.1], [1.6, 0.0], [2.2, -0.1]])


def test_the_speed_of_a_surge_is_recovered() -> None:
    waves, *_ = fit_waves(POSITIONS, coast(POSITIONS), POSITIONS[2])
    assert waves.slowness[0] == pytest.approx(SLOWNESS, rel=0.15)


def test_interpolation_is_better_than_the_nearest_neighbour() -> None:
    level = coast(POSITIONS)
    others = [0, 1, 3, 4]
    waves = fit_waves(POSITIONS[others], level[others], POSITIONS[2])
    found = interpolate(waves, POSITIONS[others], spreads_of(level[others]), level[others], POSITIONS[2], [0])
    inside = slice(200, None)
    error = np.sqrt(np.mean((found.mean[inside, 0] - level[2, inside]) ** 2))
    nearest = np.sqrt(np.mean((level[1, inside] - level[2, inside]) ** 2))
    assert error < 0.8 * nearest
    assert error < 0.8 * level[2].std()
    assert error == pytest.approx(found.spread[inside, 0].mean(), rel=0.3)


def test_later_readings_do_not_change_earlier_predictions() -> None:
    level, position = coast(POSITIONS), np.array([0.7, 0.0])
    waves, spreads = [TravellingWaves(1.5, 48.0, (SLOWNESS, 0.0), 0.3)], spreads_of(level)
    whole = interpolate(waves, POSITIONS, spreads, level, position, [0, 24])
    level[:, 2000:] = 9.0
    changed = interpolate(waves, POSITIONS, spreads, level, position, [0, 24])
    np.testing.assert_allclose(changed.mean[:2000], whole.mean[:2000], atol=1e-9)
    np.testing.assert_array_equal(changed.spread[:2000], whole.spread[:2000])
    assert not np.allclose(changed.mean[2000:], whole.mean[2000:])


def test_a_missing_neighbour_widens_the_spread_and_without_any_the_mean_is_zero() -> None:
    level = coast(POSITIONS)
    waves = [TravellingWaves(1.5, 48.0, (SLOWNESS, 0.0), 0.3)]
    level[1, 1000:] = np.nan
    level[:, 3000:] = np.nan
    found = interpolate(waves, POSITIONS, spreads_of(level), level, np.array([0.7, 0.0]), [0])
    assert found.spread[500, 0] < found.spread[2000, 0] < found.spread[3900, 0]
    assert not found.available[3900]
    assert found.mean[3900, 0] == 0.0


@given(st.floats(0.2, 5.0), st.floats(5.0, 300.0), st.floats(-100.0, 100.0), st.floats(-100.0, 100.0))
@settings(max_examples=30, deadline=None)
def test_any_waves_give_a_valid_covariance(reach: float, duration: float, east: float, north: float) -> None:
    rng = np.random.default_rng(0)
    position, hour = rng.uniform(-2, 2, (30, 2)), rng.uniform(-100, 100, 30)
    waves = TravellingWaves(reach, duration, (east, north), 0.0)
    among = waves.correlation(position[:, None] - position, hour[:, None] - hour)
    np.testing.assert_allclose(np.diag(among), 1.0)
    assert np.linalg.eigvalsh(among).min() > -1e-9


def test_two_gauges_are_refused() -> None:
    with pytest.raises(RefusedByTheory, match="need 3 or more"):
        fit_waves(POSITIONS[:2], coast(POSITIONS)[:2], POSITIONS[2])


def test_a_record_without_a_position_is_refused() -> None:
    waves = [TravellingWaves(1.0, 48.0, (0.0, 0.0), 0.1)]
    with pytest.raises(InputError, match="5 positions, 4 records"):
        interpolate(waves, POSITIONS, np.ones(4), coast(POSITIONS)[:4], POSITIONS[0], [0])


def test_contradicting_optima_are_averaged_and_widen_the_spread() -> None:
    level, position = coast(POSITIONS), np.array([0.7, 0.0])
    east, west = (TravellingWaves(1.5, 48.0, (slowness, 0.0), 0.3) for slowness in (SLOWNESS, -SLOWNESS))
    hypotheses, spreads = ([east], [west], [east, west]), spreads_of(level)
    found = [interpolate(waves, POSITIONS, spreads, level, position, [0, 24]) for waves in hypotheses]
    np.testing.assert_allclose(found[2].mean, (found[0].mean + found[1].mean) / 2, atol=1e-12)
    single = np.sqrt((found[0].spread ** 2 + found[1].spread ** 2) / 2)
    assert (found[2].spread >= single - 1e-12).all()
    assert found[2].spread[2000:].mean() > 1.02 * single[2000:].mean()
