"""The agent's benchmark end to end on half a year, and its sceptics' rules."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.agent import __main__ as benchmark
from benchmarks.agent import broken, caorle, coasts, decade
from benchmarks.agent.coasts import Coast
from strandline.watch.assimilation import spread_inflation as calibration


@pytest.fixture(scope="module")
def coast() -> Iterator[Coast]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (coasts, decade):
            patch.setattr(module, "STORMS", 10)
        patch.setattr(coasts, "DECADE", 0.5)
        patch.setattr(coasts, "LEARNED_STORMS", 9)
        patch.setattr(calibration, "WARM_HOURS", 24)
        patch.setattr(calibration, "EVERY_HOURS", 12)
        yield coasts.simulate(2_000_000)


def test_a_rule_acts_from_its_level_on_and_until_a_tide_of_calm() -> None:
    level = np.zeros(60)
    level[10] = 2.0
    active = decade._switch(level, level, 1.5)
    assert not active[:10].any()
    assert active[10:23].all()
    assert not active[24:].any()
    silent = np.where(np.arange(60) < 20, level, np.nan)
    assert decade._switch(silent, silent, 1.5)[20:].all()  # silence does not stop it


def test_nothing_of_the_second_decade_is_learned(coast: Coast) -> None:
    later = coast.residuals.copy()
    later[:, coast.first :] += 5.0
    none = np.zeros((4, coast.time.size), dtype=bool)
    changed = replace(coast, residuals=later)
    first = slice(0, coast.first)
    for rule in (decade.by_threshold, decade.by_last_value):
        np.testing.assert_array_equal(rule(coast, none)[:, first], rule(changed, none)[:, first])


@pytest.mark.slow
def test_a_decade_and_its_broken_streams_give_every_row(coast: Coast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decade, "STORMS", 10)
    monkeypatch.setattr(broken, "cases", lambda: iter([("none", ()), ("dead", ("own",)), ("frozen", ("own",))]))
    end = coast.first + 1200
    short = replace(
        coast,
        time=coast.time[:end],
        level=coast.level[:end],
        tide=coast.tide[:end],
        residuals=coast.residuals[:, :end],
    )
    dead = decade.failing(short, np.random.default_rng(0))
    assert dead.any(axis=1).sum() >= 2
    lived = decade.live(short, dead)
    rows = [
        row
        for policy, active in decade.simple_policies(short, dead).items()
        for row in decade.rows_of(short, 1, "all", policy, active, None)
    ]
    rows += decade.rows_of(short, 1, "all", "strandline", lived.active, lived)
    rows += broken.rows_of(coast, 1, 1)
    summary = benchmark.summarise(rows)
    assert 0 <= float(str(summary["all/strandline/coverage_90_in_storms"])) <= 1
    assert summary["all/never/value"] is not None
    assert summary["broken/cases"] == 3
    frozen = next(row for row in rows if row.get("fault") == "frozen")
    assert frozen["extra_actions"] == 0


def test_the_lead_is_counted_from_the_last_start_before_the_peak() -> None:
    def row(hour: int, level: float, starts: str = "") -> dict[str, str | float | int | bool | None]:
        return {
            "hour": f"2022-11-22T{hour:02d}:00:00", "level_observed": level, "starts": starts, "stops": "",
            "covered": 1, "scored": 2, "highest_p05": 0.1, "highest_p50": 0.2, "highest_p95": 0.3,
        }  # fmt: skip

    rows = [row(hour, 1.4 if hour == 23 else 0.1, "activate_pumps" if hour in (2, 20) else "") for hour in range(24)]
    first = {**rows[0], "hour": "2022-11-21T23:00:00"}
    summary = caorle.summarise([first, *rows], caorle.highest(rows))
    assert summary["caorle/peak"] == "2022-11-22T23:00:00"
    assert summary["caorle/lead_h/activate_pumps"] == 3.0
    assert summary["caorle/coverage_90"] == 0.5
