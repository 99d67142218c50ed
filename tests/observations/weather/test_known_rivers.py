"""Readings of rivers that were known at an issue: nothing later leaks, and no mean tells of a day that is not over."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strandline.models.batching import LEAST_RIVER_HOURS, build_gauge_batch
from strandline.observations.observations import Observations
from strandline.observations.variables import as_variable
from strandline.observations.weather.known_rivers import between_readings, known_rivers, river_readings
from tests.fixtures.batches import HERE, make_observations, make_sea_level_model

BARE = make_observations(days=60, peaks=("2020-01-06T06",))
TIME = BARE.require_gauge()["time"].values
SEA_LEVEL = make_sea_level_model()


def place(values: np.ndarray, delay: float, stage: np.ndarray | None = None) -> Observations:
    layers = {"discharge": as_variable("discharge", ("river", "time"), values[None])}
    if stage is not None:
        both = np.full((2, TIME.size), np.nan)
        both[0] = values
        levels = np.full((2, TIME.size), np.nan)
        levels[1] = stage
        layers = {
            "discharge": as_variable("discharge", ("river", "time"), both),
            "stage": as_variable("stage", ("river", "time"), levels),
        }
    count = 1 if stage is None else 2
    river = xr.Dataset(
        layers,
        {
            "river": ["first", "second"][:count], "time": TIME, "longitude": ("river", [15.0] * count),
            "latitude": ("river", [45.0] * count), "available_after_h": ("river", [delay] * count),
        },
    )  # fmt: skip
    return replace(BARE, river=river, provenance={**BARE.provenance, "river": HERE})


def daily() -> np.ndarray:
    return np.where(np.arange(TIME.size) % 24 == 12, 100.0 + np.arange(TIME.size), np.nan)


def test_a_daily_mean_tells_nothing_before_its_day_is_over() -> None:
    at = 24 * 40
    issues = TIME[at + np.array([0, 12, 23, 24])]
    known = known_rivers(place(daily(), 12.0), issues, np.arange(-71, 1))[..., 0]
    age = [71 - np.flatnonzero(np.isfinite(row))[-1] for row in known]
    assert age == [12, 24, 35, 12]
    filled = between_readings(known[2])
    assert np.isnan(filled[-35:]).all(), "nothing is put between the last mean and the next"
    assert np.isfinite(filled[12:-35]).all()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(24 * 35, 24 * 55), st.floats(0, 150), st.floats(1, 5000), st.integers(0, 10_000))
@example(24 * 35, 6.2e-05, 1.0, 1)  # less than half a second
def test_no_later_reading_changes_what_was_known(at: int, delay: float, size: float, seed: int) -> None:
    """Of the readings and of the networks' inputs, whose scale was once the mean of the whole record."""
    values = np.where(np.random.default_rng(seed).random(TIME.size) < 0.3, 100.0, np.nan)
    later = np.arange(TIME.size) + delay > at
    changed = np.where(later & np.isfinite(values), values + size, values)
    issue = TIME[[at]]
    found = [known_rivers(place(each, delay), issue, np.arange(-143, 79)) for each in (values, changed)]
    np.testing.assert_array_equal(found[0], found[1])
    assert np.isnan(found[0][0, 144:]).all()
    inputs = [build_gauge_batch(place(each, delay), issue, SEA_LEVEL).pair("inflow") for each in (values, changed)]
    np.testing.assert_array_equal(inputs[0][0].numpy(), inputs[1][0].numpy())
    np.testing.assert_array_equal(inputs[0][1].numpy(), inputs[1][1].numpy())


def test_inputs_of_networks_are_relative_to_the_mean_by_then() -> None:
    values = np.where(np.arange(TIME.size) < 24 * 40, 50.0, 200.0)
    inflow, seen = build_gauge_batch(place(values, 0.0), TIME[[24 * 40 - 1, 24 * 40 + 23]], SEA_LEVEL).pair("inflow")
    assert seen[..., 1].all()
    np.testing.assert_allclose(inflow[0, :, 1].numpy(), 0.0, atol=1e-6)
    mean = (24 * 40 * 50.0 + 24 * 200.0) / (24 * 41)
    np.testing.assert_allclose(inflow[1, -1, 1].numpy(), np.log(200.0 / mean), atol=1e-5)
    young = np.where(np.arange(TIME.size) >= 24 * 40 - LEAST_RIVER_HOURS + 2, 50.0, np.nan)
    assert not build_gauge_batch(place(young, 0.0), TIME[[24 * 40]], SEA_LEVEL).pair("inflow")[1].any()


def test_levels_are_no_discharge() -> None:
    stage = np.full(TIME.size, 3.0)
    both = place(np.full(TIME.size, 50.0), 0.0, stage)
    assert both.river is not None
    readings, is_stage = river_readings(both.river)
    assert is_stage.tolist() == [False, True]
    assert (readings[1] == 3.0).all()
    inflow, seen = build_gauge_batch(both, TIME[[24 * 40]], SEA_LEVEL).pair("inflow")
    assert seen[..., 1].all()
    np.testing.assert_allclose(inflow[..., 1].numpy(), 0.0, atol=1e-6)


def test_hours_between_readings_are_interpolated_within_a_day_and_a_half() -> None:
    values = np.full(100, np.nan)
    values[[3, 7, 43, 90]] = [1.0, 5.0, 41.0, 0.0]
    found = between_readings(values)
    assert np.isnan(found[:3]).all()
    np.testing.assert_allclose(found[3:44], np.arange(1, 42))
    assert np.isnan(found[44:90]).all()
    assert np.isnan(between_readings(np.full(5, np.nan))).all()
