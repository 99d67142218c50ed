"""A simulated coast where it rains and the river answers."""

import numpy as np
import pytest

from strandline.observations.weather.storms import find_events
from strandline.simulator.coast import simulate_coast
from strandline.simulator.drawn_coast import draw_coast, land_drivers, own_level
from strandline.simulator.hydrodynamics.structures import cells_of
from strandline.simulator.landscape.drainage import FARTHEST, draw_sluices
from strandline.simulator.sensors.gauges import SensorQuality

SIZE = {"shape": (32, 32), "years": 3.0, "n_storms": 9}


@pytest.fixture(scope="module")
def compound():
    return simulate_coast("compound", 4, **SIZE, compound=True)


@pytest.mark.slow
def test_events_come_from_every_driver_and_rain_floods_where_the_sea_stays_low(compound):
    drawn = draw_coast("compound", 4, (32, 32), 150.0, 3.0, 9, None, SensorQuality(), compound=True)
    time, level = own_level(drawn.sea)
    rain, discharge = land_drivers(drawn.sea)
    at = np.searchsorted(time, [storm.peak for storm in drawn.storms])
    days = at[:, None] + np.arange(-24, 25)
    most = {name: values[days].max(axis=1) for name, values in (("rain", rain), ("sea", level), ("river", discharge))}
    for name, values in (("rain", rain), ("sea", level), ("river", discharge)):
        inner = values[24 * 5 : -24 * 4].max()
        assert most[name].max() == pytest.approx(inner), f"the highest {name} is an event"
    wet = (compound.truth["flood_depth"].values >= 0.15).mean(axis=(1, 2))
    low_sea = most["sea"] < np.median(most["sea"])
    assert wet[low_sea & (most["rain"] > 100)].max() > 0.1


@pytest.mark.slow
def test_rain_and_discharge_are_observed_with_errors(compound):
    drawn = draw_coast("compound", 4, (32, 32), 150.0, 3.0, 9, None, SensorQuality(), compound=True)
    step = compound.weather["rain"].values[:, 2, 2]
    hourly = drawn.sea.rain.values
    assert step.size == -(-hourly.size // 3)
    known = np.repeat(step, 3)[2 : hourly.size]
    assert known.sum() == pytest.approx(hourly.sum(), rel=0.25)
    assert (
        np.corrcoef(np.convolve(known, np.ones(24))[24:-24], np.convolve(hourly[2:], np.ones(24))[24:-24])[0, 1] > 0.8
    )
    discharge = compound.river["discharge"].values[0]
    ratio = discharge / land_drivers(drawn.sea)[1]
    assert 0.7 < np.median(ratio) < 1.4
    assert np.std(np.log(ratio)) == pytest.approx(0.03, rel=0.1)


@pytest.mark.slow
def test_without_rain_a_coast_is_what_it_was_and_the_same_seed_gives_the_same(compound):
    again = simulate_coast("compound", 4, **SIZE, compound=True)
    np.testing.assert_array_equal(again.truth["flood_depth"], compound.truth["flood_depth"])
    dry = simulate_coast("compound", 4, **SIZE)
    assert dry.river is None
    assert "rain" not in dry.weather
    np.testing.assert_array_equal(dry.truth["elevation"], compound.truth["elevation"])
    np.testing.assert_array_equal(dry.truth["surge"], compound.truth["surge"])


def test_sluices_lead_from_low_ground_behind_an_embankment_to_water():
    terrain = draw_coast("compound", 4, (48, 48), 150.0, 2.0, 2, None, SensorQuality()).terrain
    sluices = draw_sluices(terrain)
    assert sluices
    for gate in sluices:
        inside, outside = cells_of(gate)
        assert terrain.polders.identity[inside] > 0
        assert not terrain.polders.embankment[inside]
        assert terrain.permanent_water[outside]
        assert not terrain.open_boundary[outside]
        assert np.hypot(*np.subtract(inside, outside)) <= FARTHEST
        assert gate.one_way
    assert len({gate.first for gate in sluices}) == len(sluices)


def test_events_lie_apart_and_take_turns():
    rng = np.random.default_rng(1)
    time = np.datetime64("2020-01-01", "ns") + np.arange(5000) * np.timedelta64(3600 * 10**9, "ns")
    level, rain = rng.standard_normal(5000), rng.gamma(0.2, 1.0, 5000)
    inner = np.ones(5000, dtype=bool)
    events = find_events(time, level, (level, rain), inner, 8)
    peaks = np.array([event.peak for event in events])
    assert len(events) == 8
    assert (np.diff(peaks) >= np.timedelta64(121, "h")).all()
    assert time[rain.argmax()] in peaks
    assert time[level.argmax()] in peaks or np.abs(time[level.argmax()] - time[rain.argmax()]) < np.timedelta64(
        121, "h"
    )
    for event in events:
        about = np.abs(time - event.peak) <= np.timedelta64(24, "h")
        assert event.peak_level == level[about].max()
