"""The alarm benchmark: records, fits without the test, the watch's own decisions, scores, and known onsets."""

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.agent.alarms import gauges, late_warnings, run
from benchmarks.agent.alarms.gauges import Gauge, fit_gauge, latitudes_of, read_levels
from benchmarks.agent.alarms.late_warnings import Approach, Warning, approaches, classify, levels_at
from benchmarks.agent.alarms.replay import alarms, config_of, hourly_beliefs, watch
from benchmarks.agent.alarms.rules import Task
from benchmarks.agent.alarms.run import rows_of
from benchmarks.agent.alarms.scoring import score
from benchmarks.agent.alarms.summary import at_equal_hits, curve_of, pooled, summarise
from strandline.observations.arrays import Floats
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.early_action.triggers import PhaseState
from strandline.uncertainty.assimilation import inflation_fit
from strandline.uncertainty.assimilation.ensemble import MEMBERS
from strandline.uncertainty.assimilation.forecast import forecast
from strandline.watch.decision_rules import decide

HOURS = 240
"""Of the test of the made-up gauge that are watched."""

HIGH, LOWER = 1.0, 0.75
"""Level that the made-up gauge nears at times [m]."""


def two_gauges(later: float = 0.0) -> pd.DataFrame:
    """Seven months of weather about a tide, alike at two gauges; ``later``: added to the last two thirds [m]."""
    rng, hours = np.random.default_rng(0), np.arange(200 * 24)
    weather = np.convolve(rng.normal(0, 0.06, hours.size), np.exp(-np.arange(100) / 12.0), mode="same")
    own = 0.5 * np.cos(2 * np.pi * hours / 12.42) + weather + rng.normal(0, 0.01, hours.size)
    own[hours >= 70 * 24] += later
    time = pd.date_range("2001-01-01", periods=hours.size, freq="h")
    return pd.DataFrame({"near": own, "far": own + rng.normal(0, 0.03, hours.size)}, index=time)


@pytest.fixture(scope="module")
def gauge() -> Gauge:
    fitted = short_fit(two_gauges())
    end = fitted.first + HOURS
    return replace(fitted, time=fitted.time[:end], residuals=fitted.residuals[:, :end], tide=fitted.tide[: end + 48])


def short_fit(levels: pd.DataFrame) -> Gauge:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gauges, "FITTED_STORMS", 12)
        patch.setattr(gauges, "EVENTS_A_YEAR", (30.0,))
        patch.setattr(inflation_fit, "WARM_UP_HOURS", 24)
        patch.setattr(gauges, "HOURS_NEEDED", 60)
        patch.setattr(inflation_fit, "EVERY_HOURS", 12)
        return fit_gauge("near", "made up", levels, {"near": 45.0, "far": 45.0}, 6.0)


def test_flagged_hours_count_as_not_observed_and_every_clock_becomes_utc(tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text("station,latitude\nharbour,40\nhoek,52\n")
    for name, text in {
        "harbour": "time_utc,level_m,flag\n2001-01-01T00:00:00Z,0.1,\n2001-01-01T01:00:00Z,0.2,line\n",
        "hoek": "time_MET_assumed,level_m_NAP\n2001-01-01 01:00:00,1.1\n2001-01-01 02:00:00,1.2\n",
    }.items():
        with gzip.open(tmp_path / f"{name}_hourly_2001.csv.gz", "wt") as file:
            file.write(text)
    levels = read_levels(tmp_path)
    assert levels.loc["2001-01-01 00:00"].to_dict() == {"harbour": 0.1, "hoek": 1.1}
    assert np.isnan(levels.loc["2001-01-01 01:00", "harbour"])
    assert latitudes_of(tmp_path) == {"harbour": 40.0, "hoek": 52.0}


def test_nothing_of_the_test_enters_the_fit(gauge: Gauge) -> None:
    other = short_fit(two_gauges(later=3.0))
    assert [sensor.stream for sensor in gauge.model.sensors] == ["near", "far"]
    assert other.event_levels == gauge.event_levels
    np.testing.assert_array_equal(other.tide[: gauge.tide.size], gauge.tide)
    np.testing.assert_array_equal(other.model.process.shocks, gauge.model.process.shocks)
    np.testing.assert_array_equal(other.spread_inflation.factors, gauge.spread_inflation.factors)


@pytest.mark.parametrize(("lead", "chance", "phase"), [(12.0, 0.2, "move"), (12.0, 0.2, "go_up"), (3.0, 0.1, "act")])
def test_alarms_are_the_decisions_of_the_watch(gauge: Gauge, lead: float, chance: float, phase: str) -> None:
    level = {"move": 0.75, "go_up": 0.8, "act": LOWER}[phase]  # neither always nor never likely
    protocol = Task(30.0, level, lead).protocol(chance)
    config = config_of(gauge, protocol)
    phases: Mapping[str, PhaseState] = {}
    decided = []
    for _, state in hourly_beliefs(gauge, config):
        for name, one in phases.items():
            if one.awaits_all_clear:  # the replay takes it to be given at once
                phases = {**phases, name: one.cleared(state.belief.hour - np.timedelta64(1, "h"))}
        issued = forecast(state.sea, (), config.spread_inflation)
        after, _ = decide(config, replace(state, phases=phases), issued.chances)
        phases = after.phases
        decided.append(phases[phase].active)
    found = alarms(watch(replace(gauge, event_levels={30.0: level})), protocol)[phase]
    assert found.any()
    assert not found.all()
    np.testing.assert_array_equal(found, decided)


def test_an_alarm_that_outlasts_the_water_by_more_than_a_day_is_counted(gauge: Gauge) -> None:
    observed = gauge.level[gauge.first :]
    level = float(np.nanmax(observed)) - 1e-6
    peak = int(np.nanargmax(observed))
    for after, soon in ((20, 1), (40, 0)):
        active = np.zeros(observed.size, dtype=bool)
        active[peak - 5 : peak + after] = True
        active[:3] = True  # a false alarm
        found = score(gauge, active, level, 3.0)
        assert (found.events, found.hits, found.false_alarms, found.alarms) == (1, 1, 1, 2)
        assert (found.over, found.ended_soon, found.alarm_hours) == (1, soon, after + 8)
        assert score(gauge, active, level, 12.0).late == 1


def test_rows_add_up_and_equal_hits_take_the_fewest_hours(gauge: Gauge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "CHANCES", (0.05, 0.1, 0.2, 0.4))
    measured = rows_of(gauge)
    rows = [{"version": version, **row} for version in ("before", "after") for row in measured]
    actions = [row for row in rows if row["part"] == "actions"]
    assert len(actions) == 2 * (1 + 9)
    for row in actions:
        assert row["hits"] + row["late"] + row["misses"] == row["events"] > 0
        assert row["warned"] >= row["hits"]
    curve = curve_of([row for row in rows if row["part"] == "curve"])
    both = pooled(actions, ("region", "action", "often", "lead_h", "chance"))
    assert {row["region"] for row in both} == {"made up", "all"}
    for row in at_equal_hits(actions, curve):
        assert row["least_hours_before"] <= row["hours_before"] + 1e-9
        assert row["least_hours_after"] == row["least_hours_before"]
    summary = summarise(actions, curve)
    assert 0.5 < summary["after/coverage_calm"] <= 1
    assert summary["after/lives/30 a year/12 h/0.2/hits"] == summary["before/lives/30 a year/12 h/0.2/hits"]


def test_an_ensemble_holds_the_stated_chance_and_time_of_the_event() -> None:
    for approach in approaches():
        levels = levels_at(approach, 0)
        over = levels >= late_warnings.EVENT_LEVEL
        assert not over[:, 0].any()  # it has not come yet
        onset = over[over.any(axis=1)].argmax(axis=1)
        if approach.onset_h + 3 * approach.spread_h < 48:
            assert len(onset) == round(approach.probability * MEMBERS)
        if approach.spread_h == 0:
            assert set(onset) == {approach.onset_h}
    falls = Approach(24, 5.0, "falls", 1.0)
    late, early = ((levels_at(falls, hour) >= 1.0).argmax(axis=1).std() for hour in (20, 0))
    assert late < early / 3


def test_an_order_to_move_counts_as_in_time_only_before_the_clearance_time() -> None:
    def asks(first_move: int, first_up: int) -> object:
        def rule(levels: Floats, hour: int) -> Warning | None:
            return "move" if hour == first_move else "go up" if hour >= first_up else None

        return classify(lambda: rule, Approach(18, 0.0, "stays", 1.0))

    assert asks(2, 99) == ("moved in time", 16)
    assert asks(6, 99) == ("moved in time", 12)
    assert asks(7, 99) == ("moved too late", 11)
    assert asks(7, 9) == ("told to go up", 9)
    assert asks(99, 99) == ("nothing", None)


def test_above_the_agreed_chance_nobody_is_left_without_a_warning() -> None:
    for approach in (each for each in approaches() if each.probability in (0.3, 0.9)):
        outcome, lead = classify(late_warnings.watch_rule, approach)
        assert outcome != "nothing", approach
        if outcome == "moved too late":  # only where it is improbable, at the first order, that it comes so soon
            assert lead is not None
            over = levels_at(approach, approach.onset_h - lead) >= late_warnings.EVENT_LEVEL
            sooner = over[:, : late_warnings.CLEARANCE_HOURS].any(axis=1).mean()
            assert sooner <= PROBABILITY_FOR_LIVES, approach
