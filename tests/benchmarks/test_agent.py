"""The agent benchmark end to end on half a year, and its threshold rules."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.agent import coasts, methods, stream_failures
from benchmarks.agent.coasts import Coast
from benchmarks.agent.run import policy_rows
from benchmarks.agent.summary import summarise, summarise_caorle
from strandline.uncertainty.assimilation import inflation_fit as calibration


@pytest.fixture(scope="module")
def coast() -> Iterator[Coast]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (coasts, methods):
            patch.setattr(module, "STORMS", 10)
        patch.setattr(coasts, "DECADE", 0.5)
        patch.setattr(coasts, "FITTED_STORMS", 9)
        patch.setattr(calibration, "WARM_UP_HOURS", 24)
        patch.setattr(calibration, "EVERY_HOURS", 12)
        yield coasts.simulate(2_000_000)


def test_a_rule_acts_from_its_level_on_and_until_a_tide_of_calm() -> None:
    level = np.zeros(60)
    level[10] = 2.0
    active = methods._switch(level, level, 1.5)
    assert not active[:10].any()
    assert active[10:23].all()
    assert not active[24:].any()
    silent = np.where(np.arange(60) < 20, level, np.nan)
    assert methods._switch(silent, silent, 1.5)[20:].all()  # silence does not stop it


def test_no_rule_is_fitted_to_the_second_decade(coast: Coast) -> None:
    later = coast.residuals.copy()
    later[:, coast.first :] += 5.0
    none = np.zeros((4, coast.time.size), dtype=bool)
    changed = replace(coast, residuals=later)
    first = slice(0, coast.first)
    for rule in (methods.by_threshold, methods.by_last_value):
        np.testing.assert_array_equal(rule(coast, none)[:, first], rule(changed, none)[:, first])


def test_a_decade_and_its_stream_failures_give_every_row(coast: Coast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "STORMS", 5)
    monkeypatch.setattr(
        stream_failures, "cases", lambda: iter([("none", ()), ("dead", ("own",)), ("frozen", ("own",))])
    )
    end = coast.first + 1200
    short = replace(
        coast,
        time=coast.time[:end],
        level=coast.level[:end],
        tide=coast.tide[:end],
        residuals=coast.residuals[:, :end],
    )
    silent = methods.silence_in_storms(short, np.random.default_rng(0))
    assert silent.any(axis=1).sum() >= 2
    agent = methods.run_agent(short, silent)
    rows = [
        row
        for policy, active in methods.simple_policies(short, silent).items()
        for row in policy_rows(short, 1, "all", policy, active, None)
    ]
    rows += policy_rows(short, 1, "all", "strandline", agent.active, agent)
    rows += stream_failures.rows_of(coast, 1, 1)
    summary = summarise(rows)
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
    summary = summarise_caorle([first, *rows])
    assert summary["caorle/peak"] == "2022-11-22T23:00:00"
    assert summary["caorle/lead_h/activate_pumps"] == 3.0
    assert summary["caorle/coverage_90"] == 0.5
