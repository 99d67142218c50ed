"""The package's forecaster under the protocol: it finds how the sea answers the wind, and looks at nothing later."""

from dataclasses import replace

import numpy as np

from benchmarks.surge.methods.forecaster import distilled, history_of, labels_only, process, shuffled_teacher
from benchmarks.surge.methods.method import LEVELS
from benchmarks.surge.protocol import WEEK, Task, draw_task
from benchmarks.surge.records.gauge import Forcing, Gauge, Period
from benchmarks.surge.weather import Weather
from tests.benchmarks.test_surge import HOURS, errors, wind_driven

LEADS = (6, 24)
COAST = wind_driven()
NEIGHBOUR = replace(
    COAST, name="neighbour", level=1.0 + 1.3 * COAST.level + 0.02 * np.random.default_rng(5).standard_normal(HOURS)
)


def task_of(mode: str, gauge: Gauge = COAST) -> Task:
    return draw_task(gauge, (NEIGHBOUR,), Period(), 0.2, LEADS, 0, mode)


def test_the_coming_wind_halves_the_error_of_the_readings_and_as_issued_it_is_worse_than_perfect() -> None:
    alone, issued, perfect = (
        errors(task_of(mode), method)[1]
        for mode, method in (("none", process), ("forecast", labels_only), ("analysis", labels_only))
    )
    assert perfect < 0.5 * alone
    assert perfect < issued < alone


def test_neighbours_help_and_neighbours_of_other_months_do_not_harm() -> None:
    task = task_of("analysis")
    alone = errors(task, labels_only)
    assert errors(task, distilled)[1] < alone[1]
    assert errors(task, shuffled_teacher)[1] < 1.05 * alone[1]


def test_nothing_after_the_issue_changes_a_forecast() -> None:
    """Levels and weather of the test period, from some hours after the issue on: only those that were issued count."""
    task = task_of("forecast")
    issues, _, hours = task.tests(0.0)
    at = len(hours) // 2
    hour = int(hours[at])
    assert COAST.forcing is not None
    level, weather = COAST.level.copy(), COAST.forcing.values.copy()
    level[hour + 1 :] += 5.0
    weather[hour + 72 + 6 + 24 :] += 50.0
    later = task.test & (np.arange(HOURS) > hour)
    other = replace(
        COAST,
        level=np.where(later, level, COAST.level),
        forcing=Forcing(COAST.forcing.columns, np.where(later[:, None], weather, COAST.forcing.values)),
    )
    changed = replace(task, gauge=other, weather=Weather(other, "forecast", 0))
    one = np.array([at])
    before, after = distilled(task)(issues[one]), distilled(changed)(changed.tests(0.0)[0][one])
    np.testing.assert_allclose(after, before, atol=1e-9)


def test_only_known_weeks_and_training_hours_are_fitted_to() -> None:
    history = history_of(task_of("analysis"))
    known = np.isfinite(history.level)
    assert known.sum() % WEEK == 0
    assert (history.part[known] >= 0).all()
    assert np.isnan(history.weather[task_of("analysis").test]).all()


def test_quantiles_do_not_cross() -> None:
    task = task_of("ensemble")
    found = labels_only(task)(task.tests(0.5)[0][np.arange(0, 300, 30)])
    assert (np.diff(found, axis=2) > 0).all()
    assert found.shape[1:] == (len(LEADS), len(LEVELS))
