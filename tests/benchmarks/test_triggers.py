"""The trigger benchmark tests on later years than it is fitted to, and adds up its rows."""

import numpy as np
import pytest

from benchmarks.agent import triggers
from benchmarks.agent.triggers import (
    FITTING_SHARE,
    STREAMS,
    Case,
    by_probability,
    by_reading,
    rows_of,
    simulated_case,
    summarise,
)


@pytest.fixture(scope="module")
def case() -> Case:
    """Two years of weather about a tide, alike at two gauges."""
    rng, hours = np.random.default_rng(0), np.arange(2 * 8766)
    shared = np.convolve(rng.normal(0, 0.1, hours.size), np.exp(-np.arange(100) / 12.0), mode="same")
    tide = 0.5 * np.cos(2 * np.pi * hours / 12.42)
    time = np.datetime64("2001-01-01", "ns") + hours.astype("timedelta64[h]")
    neighbour = tide + shared + rng.normal(0, 0.02, hours.size)
    return Case("made up", "simulated", 45.0, time, tide + shared, neighbour)


def test_rows_hold_every_rule_under_every_condition_of_the_streams(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triggers, "RATIOS", (0.2,))
    monkeypatch.setattr(triggers, "MARGINS", (0.0, 2.0))
    rows = rows_of(case)
    assert {(row["rule"], row["streams"]) for row in rows} == {
        (rule, streams) for rule in ("cost_loss", "even_chance", "reading") for streams in STREAMS
    }
    assert len({row["events"] for row in rows}) == 1
    for row in rows:
        assert row["hits"] + row["misses"] == row["events"] > 0
        assert row["relative_value"] <= 1
        assert row["years"] == pytest.approx(2 * (1 - FITTING_SHARE), rel=1e-3)
    summary = summarise(rows)
    alive = next(row for row in rows if row["rule"] == "cost_loss" and row["streams"] == "alive")
    assert summary["simulated/alive/0.2/cost_loss/value"] == pytest.approx(alive["relative_value"])
    assert not [name for name in summary if name.startswith("real")]


def test_no_rule_can_start_where_it_would_stop() -> None:
    for rule in (by_probability(1.0, 0.05), by_reading(1.0)):
        assert not rule["left"].is_stricter_than(rule["start"])


def test_a_simulated_case_is_reproducible() -> None:
    first, second = (simulated_case(500, 0.2) for _ in range(2))
    np.testing.assert_array_equal(first.own, second.own)
    assert first.name == "bay_of_bengal-500"
