"""The package's forecaster at a gauge with a river, under the protocol: its gain, and that nothing later counts."""

from dataclasses import replace

import numpy as np

from benchmarks.surge.methods.forecaster import fit_task, labels_only, process
from benchmarks.surge.methods.method import LEVELS
from benchmarks.surge.protocol import Task, draw_task
from benchmarks.surge.records.gauge import Column, Forcing, Gauge, Period
from benchmarks.surge.weather import Weather
from strandline.uncertainty.gauge_forecast.shares import shares_of
from tests.benchmarks.test_surge import errors
from tests.fixtures import windy_gauge
from tests.fixtures.river_mouth import flow, level, rain
from tests.fixtures.windy_gauge import HOURS, TIME

LEADS = (6, 24)
COLUMNS = (Column("rain_mm", "rain", "mm h-1"), Column("up_m3_s", "water", "m3 s-1"))
STILL = level() - windy_gauge.level() + 0.1 * windy_gauge.level()
MOUTH = Gauge(
    "mouth", TIME, STILL, "made up", 45.6, 12.8, Forcing(COLUMNS, np.stack([rain(), flow()], axis=1)), river="up_m3_s"
)


def task_of(mode: str, gauge: Gauge = MOUTH) -> Task:
    return draw_task(gauge, (), Period(), 1.0, LEADS, 0, mode)


def test_the_river_takes_a_quarter_of_the_error_of_the_readings() -> None:
    alone, known = errors(task_of("none"), process), errors(task_of("forecast"), labels_only)
    assert known[0] < 0.75 * alone[0]
    assert known[1] < 0.75 * alone[1]


def test_no_later_reading_changes_a_forecast_or_its_shares() -> None:
    task = task_of("forecast")
    _, _, hours = task.tests(0.0)
    at = len(hours) // 2
    hour = int(hours[at])
    later = task.test & (np.arange(HOURS) > hour)
    values = np.stack([rain(), flow()], axis=1)
    values[later, 1] += 500.0
    values[task.test & (np.arange(HOURS) > hour + 72 + 6 + 24), 0] += 30.0
    other = replace(MOUTH, level=np.where(later, STILL + 5.0, STILL), forcing=Forcing(COLUMNS, values))
    changed = replace(task, gauge=other, weather=Weather(other, "forecast", 0))
    one = np.array([at])
    found = []
    for each in (task, changed):
        fitted = fit_task(each)
        issue = each.tests(0.0)[0][one]
        shares = shares_of(fitted.residual, fitted.situation(issue), fitted.situation(issue, is_dry=True))
        mean = fitted.residual.moments(fitted.situation(issue))[0]
        np.testing.assert_allclose(sum(shares.values()), mean, atol=1e-9)
        quantiles = fitted.residual.quantiles(fitted.situation(issue), LEVELS)[:, np.array(issue.leads)]
        found.append((quantiles + issue.tide_at_leads[..., None], shares["river"], shares["rain"]))
    for before, after in zip(*found, strict=True):
        np.testing.assert_allclose(after, before, atol=1e-9)
