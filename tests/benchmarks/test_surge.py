"""The protocol of the surge benchmark on made-up gauges whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import table_of
from benchmarks.surge.__main__ import main
from benchmarks.surge.methods.forecaster import history_of
from benchmarks.surge.methods.method import LEVELS, Fitted, with_intervals
from benchmarks.surge.methods.networks import hidra_like, lstm
from benchmarks.surge.methods.registry import METHODS, SIMPLE
from benchmarks.surge.methods.ridge import ridge, ridge_weather
from benchmarks.surge.methods.simple import fit_damped_persistence, fit_persistence, fit_zero_surge, last_residual
from benchmarks.surge.protocol import CONTEXT_HOURS, WEEK, Task, draw_task, draw_weeks, split
from benchmarks.surge.records.gauge import Column, Forcing, Gauge, Operational, Period
from benchmarks.surge.summary import summarise
from benchmarks.surge.weather import DELAY, ERRORS, LEADS, MODES, Weather
from strandline.errors import InputError
from strandline.observations.arrays import Floats

HOURS = 20 * WEEK
KERNEL = 0.0004 * np.exp(-np.arange(36) / 8.0)
"""Rise [m] so many hours after a stress of 1 m2 s-2."""
LEAD_HOURS = (0, 6, 24, 48)
NOISE = 0.01


def wind_driven(hours: int = HOURS, seed: int = 0) -> Gauge:
    """A gauge with a tide, whose surge answers the wind from the west by `KERNEL`."""
    rng = np.random.default_rng(seed)
    wind = np.zeros((hours, 2))
    for hour in range(1, hours):
        wind[hour] = 0.96 * wind[hour - 1] + 1.6 * rng.standard_normal(2)
    stress = wind[:, 0] * np.hypot(wind[:, 0], wind[:, 1])
    surge = np.convolve(stress, KERNEL)[:hours]
    time = np.datetime64("2021-01-01", "h") + np.arange(hours)
    tide = 0.8 * np.cos(2 * np.pi * np.arange(hours) / 12.4206)
    forcing = Forcing((Column("u", "wind_east", "m s-1"), Column("v", "wind_north", "m s-1")), wind)
    level = 3.0 + tide + surge + NOISE * rng.standard_normal(hours)
    return Gauge("coast", time, level, "zero", 52.0, 4.0, forcing)


def task_of(gauge: Gauge, mode: str = "none", fraction: float = 0.5, leads: tuple[int, ...] = LEAD_HOURS) -> Task:
    return draw_task(gauge, (), Period(), fraction, leads, 0, mode)


def errors(task: Task, method: object, outage: float = 0.0) -> Floats:
    """(L,) RMSE [m] in the test."""
    issues, level, _ = task.tests(outage)
    quantiles = method(task)(issues)  # type: ignore[operator]
    return np.sqrt(np.nanmean((quantiles[..., LEVELS.index(0.5)] - level) ** 2, axis=0))


@pytest.fixture(scope="module")
def gauge() -> Gauge:
    return wind_driven()


def test_known_weeks_are_whole_seen_and_enough_for_a_tide() -> None:
    level = np.zeros(40 * WEEK)
    level[: 20 * WEEK] = np.nan
    known = draw_weeks(np.ones(level.size, dtype=bool), 0.01, np.random.default_rng(0), level)
    assert known.sum() == 3 * WEEK  # a tide needs fifteen days
    assert np.isfinite(level[known]).all()
    assert (np.diff(np.flatnonzero(np.diff(known.astype(int)) != 0)) % WEEK == 0).all()


def test_blocks_of_a_short_record_keep_a_week_between_training_and_test(gauge: Gauge) -> None:
    for weeks in (8, 20, 46):
        part = wind_driven(weeks * WEEK)
        train, test = split(part, Period())
        assert not (train & test).any()
        distance = np.abs(np.flatnonzero(test)[:, None] - np.flatnonzero(train)[None, ::7]).min()
        assert distance >= min(WEEK, weeks * WEEK // 10)
        assert test.sum() > 0.15 * weeks * WEEK


def test_neighbouring_weeks_are_left_out_one_after_the_other(gauge: Gauge) -> None:
    fold = task_of(gauge, fraction=1.0).fold
    weeks = fold[fold >= 0].reshape(-1, WEEK)
    assert (weeks == weeks[:, :1]).all()
    assert (weeks[1:, 0] != weeks[:-1, 0]).all()


def test_weather_of_the_last_third_of_a_record_is_used(gauge: Gauge) -> None:
    assert gauge.forcing is not None
    late = np.arange(HOURS) > 0.4 * HOURS
    values = np.where(late[:, None], gauge.forcing.values, np.nan)
    task = task_of(replace(gauge, forcing=replace(gauge.forcing, values=values)), "analysis", 1.0)
    assert [column.kind for column in history_of(task).columns] == ["stress", "stress"]


def test_a_period_without_levels_is_refused(gauge: Gauge) -> None:
    with pytest.raises(InputError, match="no level in the test period"):
        split(gauge, Period((("2021-01-01", "2021-03-01"),), (("2030-01-01", "2030-03-01"),)))


def test_no_method_sees_a_level_outside_of_the_known_weeks_in_training(gauge: Gauge) -> None:
    task = task_of(gauge)
    changed = replace(gauge, level=np.where(task.known, gauge.level, 99.0))
    ours, theirs = task.training(0.0), task_of(changed).training(0.0)
    np.testing.assert_array_equal(ours.issues.own, theirs.issues.own)
    np.testing.assert_array_equal(ours.level, theirs.level)
    np.testing.assert_array_equal(ours.issues.tide, theirs.issues.tide)


@pytest.mark.parametrize("mode", MODES)
def test_what_comes_after_the_last_lead_changes_no_forecast(gauge: Gauge, mode: str) -> None:
    """Levels after the issue change none; weather beyond the last lead changes none either."""
    task = task_of(gauge, mode)
    issues, _, hours = task.tests(0.0)
    at = len(hours) // 2
    hour = int(hours[at])
    assert gauge.forcing is not None
    level, weather = gauge.level.copy(), gauge.forcing.values.copy()
    level[hour + 1 :] += 5.0
    weather[hour + max(LEAD_HOURS) + 24 :] += 50.0  # a timing error reaches some hours further
    other = replace(gauge, level=level, forcing=Forcing(gauge.forcing.columns, weather))
    changed = replace(task, gauge=other, weather=Weather(other, mode, 0))
    found = changed.tests(0.0)[0]
    for name in ("own", "tide", "weather"):
        np.testing.assert_array_equal(getattr(found, name)[at], getattr(issues, name)[at], err_msg=name)
    assert not np.array_equal(
        found.own[-1], issues.own[-1], equal_nan=True
    )  # the test sees a change where there is one


def test_a_method_without_weather_does_not_change_with_the_weather(gauge: Gauge) -> None:
    task = task_of(gauge)
    assert gauge.forcing is not None
    other = replace(gauge, forcing=Forcing(gauge.forcing.columns, 9.0 - gauge.forcing.values))
    np.testing.assert_array_equal(errors(task, ridge), errors(replace(task, gauge=other), ridge))
    assert task.tests(0.0)[0].weather.shape[2] == 0


def test_forecast_errors_grow_with_the_lead_as_published(gauge: Gauge) -> None:
    weather = Weather(gauge, "forecast", 0)
    hours = np.arange(200, HOURS - 100)
    found, _, age = weather.at(hours, CONTEXT_HOURS, 72)
    truth, _, _ = Weather(gauge, "analysis", 0).at(hours, CONTEXT_HOURS, 72)
    off = found[..., 1] - truth[..., 1]
    assert (age >= DELAY).all()
    assert (off[:, : CONTEXT_HOURS - DELAY - 6] == 0).all()  # the analysis of what the newest cycle has seen
    spread = off.std(axis=0)[CONTEXT_HOURS:]
    assert spread[5] < spread[30] < spread[60]
    wanted = np.interp(40 + age.mean(), LEADS, ERRORS["wind_north"])
    assert wanted < spread[39] < 1.8 * wanted  # and the error of timing


def test_the_analysis_lies_among_the_members_of_an_ensemble(gauge: Gauge) -> None:
    hours = np.arange(200, HOURS - 100, 5)
    weather, members, _ = Weather(gauge, "ensemble", 0).at(hours, CONTEXT_HOURS, 48)
    truth, _, _ = Weather(gauge, "analysis", 0).at(hours, CONTEXT_HOURS, 48)
    assert members is not None
    below = (members[:, :, -1, 0] < truth[:, None, -1, 0]).sum(axis=1)
    share = np.bincount(below, minlength=members.shape[1] + 1) / below.size
    np.testing.assert_allclose(share, 1 / (members.shape[1] + 1), atol=0.1)  # 0.5 at either end without spread
    assert np.abs(members.mean(axis=1) - weather[:, CONTEXT_HOURS:]).mean() < 1.5


def test_water_upstream_is_never_known_ahead() -> None:
    plain = wind_driven(10 * WEEK)
    forcing = Forcing((Column("river_m", "water", "m"),), np.ones((plain.time.size, 1)))
    found, _, _ = Weather(replace(plain, forcing=forcing), "analysis", 0).at(np.array([500]), CONTEXT_HOURS, 24)
    assert np.isfinite(found[0, :CONTEXT_HOURS]).all()
    assert np.isnan(found[0, CONTEXT_HOURS:]).all()


def test_readings_that_a_filter_has_looked_ahead_for_are_not_known(gauge: Gauge) -> None:
    issues = task_of(replace(gauge, reading_delay=7)).tests(0.0)[0]
    assert np.isnan(issues.own[:, -7:]).all()
    assert np.isfinite(issues.own[:, :-7]).all()


def test_the_ridge_finds_how_the_sea_answers_the_wind(gauge: Gauge) -> None:
    perfect, none = task_of(gauge, "analysis"), task_of(gauge)
    with_weather, without = errors(perfect, ridge_weather), errors(none, ridge)
    assert (with_weather[2:] < 0.5 * without[2:]).all()
    assert (with_weather[2:] < 6 * NOISE).all()
    silent = errors(perfect, ridge_weather, 1.0)
    assert silent[2] < 0.5 * errors(none, METHODS["zero_surge"].method)[2]
    degraded = errors(task_of(gauge, "forecast"), ridge_weather)
    assert with_weather[3] < degraded[3] < without[3]


def test_a_record_of_memory_alone_gains_nothing_from_weather_but_loses_little() -> None:
    rng = np.random.default_rng(1)
    base = wind_driven(seed=3)
    surge = np.zeros(HOURS)
    for hour in range(1, HOURS):
        surge[hour] = np.exp(-1 / 40) * surge[hour - 1] + 0.03 * rng.standard_normal()
    gauge = replace(base, level=3.0 + 0.8 * np.cos(2 * np.pi * np.arange(HOURS) / 12.4206) + surge)
    none = task_of(gauge)
    damped, last = (errors(none, with_intervals(fit)) for fit in (fit_damped_persistence, fit_persistence))
    assert damped[3] < last[3]
    assert (errors(none, ridge)[1:] < 1.1 * damped[1:]).all()
    assert (errors(task_of(gauge, "analysis"), ridge_weather)[1:] < 1.2 * damped[1:]).all()


@pytest.mark.parametrize("method", [lstm, hidra_like])
def test_a_network_gains_from_the_coming_wind(gauge: Gauge, method: object) -> None:
    with_weather = errors(task_of(gauge, "analysis"), method)
    assert with_weather[2] < 0.9 * errors(task_of(gauge), METHODS["zero_surge"].method)[2]


def test_nine_in_ten_levels_lie_within_the_bounds_and_quantiles_never_cross(gauge: Gauge) -> None:
    task = task_of(gauge, "analysis")
    issues, level, _ = task.tests(0.0)
    for name, least in (("persistence", 0.8), ("ridge_weather", 0.65)):  # errors of chosen maps are optimistic
        quantiles = METHODS[name].method(task)(issues)
        assert (np.diff(quantiles, axis=2) >= 0).all()
        inside = (level >= quantiles[..., 1]) & (level <= quantiles[..., -2])
        assert least < inside[np.isfinite(level)].mean() < 0.98


def test_without_any_reading_persistence_is_the_tide(gauge: Gauge) -> None:
    task = task_of(gauge)
    issues = task.tests(1.0)[0]
    assert np.isnan(issues.own).all()
    assert (last_residual(issues) == 0).all()
    for fit in (fit_persistence, fit_damped_persistence, fit_zero_surge):
        found: Fitted = fit(task.training(1.0))
        np.testing.assert_allclose(found.centre(issues), issues.tide_at_leads)


def test_the_correction_of_an_operational_forecast_finds_its_bias(gauge: Gauge) -> None:
    cycles = np.arange(0, HOURS - 110, 6)
    ahead = np.minimum(cycles[:, None] + np.arange(103), HOURS - 1)
    rng = np.random.default_rng(0)
    value = gauge.level[ahead] + 0.4 + 0.002 * np.arange(103) + 0.03 * rng.standard_normal(ahead.shape)
    issued = gauge.time[cycles]
    product = Operational("x", issued, issued + np.timedelta64(5, "h"), value, value - 0.02, value + 0.02, -0.3)
    task = task_of(replace(gauge, operational=product), "forecast")
    raw, corrected = (errors(task, METHODS[name].method) for name in ("operational", "operational_debiased"))
    np.testing.assert_allclose(corrected, 0.03, atol=0.01)
    assert (raw > 0.09).all()
    assert (errors(task, ridge_weather)[1:] < 0.06).all()


def write_gauge(folder: Path, weeks: int = 14) -> list[str]:
    gauge = wind_driven(weeks * WEEK)
    assert gauge.forcing is not None
    table = pd.DataFrame({"time_utc": gauge.time, "level_m": gauge.level})
    table.loc[: 2 * WEEK // 7, "level_m"] = np.nan
    table.loc[table.index[-30:], "level_m"] = np.nan
    table.to_csv(folder / "coast_2021.csv", index=False)
    wind = pd.DataFrame(
        {"time_utc": gauge.time, "u_m_s": gauge.forcing.values[:, 0], "v_m_s": gauge.forcing.values[:, 1]}
    )
    wind.to_csv(folder / "wind.csv", index=False)
    (folder / "stations.csv").write_text("station,latitude,longitude,datum\ncoast,52,4,zero\n")
    files = f"--gauges {folder}/coast_2021.csv --stations {folder}/stations.csv --weather {folder}/wind.csv"
    return f"{files} --work {folder}/w --out {folder}/surge.json --seeds 2".split()


def test_the_command_runs_on_a_single_unknown_gauge_and_its_table_can_be_written_again(tmp_path: Path) -> None:
    command = [*write_gauge(tmp_path), "--methods", *SIMPLE, "ridge_weather", "--leads", "0", "24", "48"]
    main(command)
    found = json.loads((tmp_path / "surge.json").read_text())
    assert {row["weather"] for row in found["rows"]} == {"none", "analysis", "forecast"}
    assert {row["outage"] for row in found["rows"]} == {0.0, 1.0}
    fields = {
        "target",
        "streams",
        "lead_h",
        "outage",
        "record_fraction",
        "seed",
        "method",
        "rmse",
        "rmse_residual",
        "mae",
    }
    fields |= {"crps", "f1_extreme", "coverage_90", "coverage_90_extreme", "n", "weather", "issued_h"}
    assert all(fields <= set(row) for row in found["rows"])
    hours = {(row["lead_h"], row["n"]) for row in found["rows"] if row["outage"] == 0}
    assert len(hours) == 3  # every method is scored on the same hours
    summary = found["summary"]
    assert summary["all/24h/ridge_weather/analysis/against_best_simple"] < 0.8
    assert (
        summary["all/24h/ridge_weather/analysis/against_best_simple_low"]
        <= summary["all/24h/ridge_weather/analysis/against_best_simple"]
        <= summary["all/24h/ridge_weather/analysis/against_best_simple_high"]
    )
    table = (tmp_path / "surge.md").read_text()
    assert table_of(tmp_path / "surge.json") == table
    assert str(tmp_path) not in table
    assert {row["weather"] for row in found["rows"] if row["issued_h"] is None} == {"none", "analysis"}
    assert "| coast | ridge_weather | forecast |" in table
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "w").iterdir()}
    main(command)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "w").iterdir()} == kept


def test_an_unknown_target_or_half_a_period_is_refused(tmp_path: Path) -> None:
    command = write_gauge(tmp_path, 6)
    with pytest.raises(InputError, match="no gauge"):
        main([*command, "--target", "elsewhere"])
    with pytest.raises(InputError, match="training or test alone"):
        main([*command, "--train", "2021-01-01/2021-02-01"])
    with pytest.raises(InputError, match="--data or from --gauges"):
        main(["--out", str(tmp_path / "x.json")])


def test_a_teacher_that_brings_half_of_what_a_longer_record_would_has_a_share_of_a_half() -> None:
    def row(method: str, rmse: float, seed: int) -> dict[str, str | int | float]:
        case: dict[str, str | int | float] = {
            "set": "sea",
            "target": "here",
            "seed": seed,
            "weather": "forecast",
            "method": method,
            "outage": 0.0,
        }
        scores = dict.fromkeys(("coverage_90", "coverage_90_extreme", "f1_extreme", "rmse_extreme", "crps"), 0.5)
        return {**case, "scored": "hours", "lead_h": 24, "rmse": rmse, **scores}

    rows = [row("labels_only", 0.09, 0), row("labels_only", 0.11, 1), row("distilled", 0.08, 0)]
    rows += [row("distilled", 0.08, 1), row("labels_only_full_record", 0.06, 0)]
    share = summarise(rows)["all/24h/distilled/forecast/share_to_full_record/here"]
    assert share == pytest.approx(0.5)
    assert not any("share" in name for name in summarise(rows[:-1]))
