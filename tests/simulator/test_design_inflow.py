"""Rain and discharge of design storms: chosen peaks, recorded courses, and nothing from gaps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError, RefusedByTheory
from strandline.simulator.design_inflow import PATTERNS, InflowPatterns, greatest_rain_of_a_day


def recorded(events: int = 40, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(seed)
    rain = rng.exponential(2.0, (events, 72)) * (rng.random((events, 72)) < 0.3)
    flow = 1000 * np.exp(np.cumsum(rng.normal(0, 0.05, (events, 72)), axis=1))
    inflow = np.stack([rain, np.log(flow / 800)], axis=2).astype(np.float32)
    return torch.from_numpy(inflow), torch.ones(inflow.shape, dtype=torch.bool), flow


@given(st.floats(0, 900), st.floats(1, 1e5), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_design_storm_has_the_chosen_peaks(rain: float, discharge: float, seed: int) -> None:
    patterns = InflowPatterns.of(*recorded())
    rng = np.random.default_rng(seed)
    inflow, seen = patterns.draw(np.array([rain, 2 * rain]), np.array([discharge, 3 * discharge]), rng)
    assert seen.all()
    day = greatest_rain_of_a_day(inflow[..., 0].double().numpy())
    np.testing.assert_allclose(day, [rain, 2 * rain], rtol=1e-4, atol=1e-4)
    most = 800 * np.exp(inflow[..., 1].double().numpy().max(axis=1))
    np.testing.assert_allclose(most, [discharge, 3 * discharge], rtol=1e-3)


def test_courses_come_from_the_greatest_events_and_events_with_gaps_give_none() -> None:
    inflow, seen, flow = recorded()
    wettest = int(greatest_rain_of_a_day(inflow[..., 0].double().numpy()).argmax())
    seen[wettest, 5, 0] = False
    patterns = InflowPatterns.of(inflow, seen, flow)
    assert patterns.rain is not None
    assert len(patterns.rain) == PATTERNS
    assert not (patterns.rain == inflow[wettest, :, 0].double().numpy()).all(axis=1).any()
    assert patterns.discharge_peak.min() >= np.sort(flow.max(axis=1))[-PATTERNS]


def test_a_driver_that_no_record_has_is_not_seen() -> None:
    inflow, seen, flow = recorded()
    seen[..., 1] = False
    patterns = InflowPatterns.of(inflow, seen, np.full(flow.shape, np.nan))
    assert patterns.discharge is None
    drawn, where = patterns.draw(np.array([50.0]), np.zeros(1), np.random.default_rng(0))
    assert where[..., 0].all()
    assert not where[..., 1].any()
    assert (drawn[..., 1] == 0).all()


def test_no_course_at_all_and_a_river_that_runs_dry_are_refused() -> None:
    inflow, seen, flow = recorded()
    with pytest.raises(RefusedByTheory, match="without a gap"):
        InflowPatterns.of(inflow, torch.zeros_like(seen), flow)
    with pytest.raises(InputError, match="positive"):
        InflowPatterns.of(inflow, seen, flow).draw(np.ones(1), np.zeros(1), np.random.default_rng(0))
