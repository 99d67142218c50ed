"""The joint benchmark: its drivers are those of the simulator, and it runs from coasts to a record."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from benchmarks.joint import __main__ as command
from benchmarks.joint import coasts, run
from benchmarks.joint.coasts import TIDES, draw_joint_coast, yearly_maxima
from benchmarks.joint.methods import fit_copula
from benchmarks.joint.responses import Responses
from strandline.risk.hazard.joint.driver_events import find_driver_events
from strandline.simulator.sea.sea import simulate_sea

YEARS = 10


def test_hours_are_those_of_the_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coasts, "BLOCK", YEARS)
    coast = draw_joint_coast(2_000_001, "mekong")
    _, hours, passages = coast.hours(1)
    sea = simulate_sea(
        "mekong",
        coast.longitude,
        coast.latitude,
        YEARS,
        np.random.default_rng([coast.seed, 1, 1]),
        seaward_direction=coast.seaward_direction,
        shelf_width=coast.shelf_width,
        shelf_depth=coast.shelf_depth,
        start=TIDES[1],
        neighbours=0,
        rain=np.random.default_rng([coast.seed, 6, 1]),
    )
    assert hours[0] - coast.mean_level - coast.tides[1] == pytest.approx(sea.surge.values[0], abs=1e-9)
    assert sea.rain is not None
    assert hours[1] == pytest.approx(np.convolve(sea.rain.values, np.ones(24))[: hours.shape[1]], abs=1e-6)
    assert len(passages) > 0


def test_drivers_count_together_within_the_window_and_not_beyond() -> None:
    hours = np.zeros((2, 2 * 8766))
    hours[0, 100] = hours[1, 136] = 1.0
    hours[0, 10_000] = hours[1, 10_037] = 1.0
    both = yearly_maxima(hours, lambda drivers: drivers.min(axis=1, keepdims=True), 36)
    assert both.ravel().tolist() == [1.0, 0.0]


def test_a_long_record_is_its_blocks_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (coasts, run):
        monkeypatch.setattr(module, "BLOCK", YEARS)
    monkeypatch.setattr(run, "LONG_YEARS", 2 * YEARS)
    coast = draw_joint_coast(2_000_001, "mekong")
    responses = Responses(1.0, 1.0)
    events, maxima = run.observe_long(coast, 0, responses)
    assert events.years == pytest.approx(2 * YEARS, abs=0.01)
    assert len(maxima) == 2 * YEARS
    assert (np.diff(events.time) > np.timedelta64(0, "h")).all()
    time, hours, _ = coast.hours(run.LONG_BLOCK + 1)
    second = find_driver_events(time, list(hours), coasts.DRIVERS)
    assert np.array_equal(events.peaks[-second.time.size :], second.peaks)
    assert np.abs(events.day[-second.time.size :] - second.day).max() < 4  # leap days differ


def test_a_normal_copula_is_found_again() -> None:
    rng = np.random.default_rng(0)
    ranks = ndtr(rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 4000))
    copula = fit_copula(ranks, (5.0, np.inf))
    assert np.isinf(copula.degrees)
    assert copula.correlation[0, 1] == pytest.approx(0.6, abs=0.03)


def test_the_benchmark_writes_rows_of_every_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (
        ("RECORD_YEARS", 20),
        ("LONG_YEARS", 42),
        ("BLOCK", 21),
        ("POINT_YEARS", 600),
        ("SAMPLES_SCORED", 10),
    ):
        monkeypatch.setattr(run, name, few)
    monkeypatch.setattr(coasts, "BLOCK", 21)  # a record and a year more
    monkeypatch.setattr(coasts, "TIDES", TIDES[:1])
    out = tmp_path / "joint.json"
    small = {
        "coasts": 1,
        "records": 1,
        "long-records": 1,
        "truth-years": 21,
        "samples": 2,
        "years": 50,
        "tuning-records": 1,
    }
    arguments = [word for name, value in small.items() for word in (f"--{name}", str(value))]
    command.main([*arguments, "--out", str(out)])
    written = json.loads(out.read_text(encoding="utf-8"))
    assert [row["record_years"] for row in written["rows"]] == [20] * 42 + [42] * 42
    assert all(0 <= row["low"] <= row["high"] <= 1 for row in written["rows"])
    assert len(written["tables"]["dependence"]) == 8
