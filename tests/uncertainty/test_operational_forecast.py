"""Forecasts with known errors: what is missed is learned, and nothing that was not known at the issue is used."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats, Indices
from strandline.observations.sea_level.issued_levels import HOUR, IssuedLevels
from strandline.uncertainty.operational_forecast import (
    ForecastCorrector,
    PastForecasts,
    correct_forecast,
    fit_forecast_corrector,
)

pytestmark = pytest.mark.slow

START = np.datetime64("2020-01-01T00", "ns")
LEADS = np.array([4, 16, 28, 52, 76])
WEEK = 168


def forecasts(
    weeks: int,
    seed: int,
    *,
    bias: float = 0.0,
    slow: float = 0.05,
    growing: float = 0.04,
    slope: float = 1.0,
    every: int = 12,
) -> tuple[PastForecasts, Indices]:
    """Forecasts of high waters, a cycle every 12 h, with errors of known size; and the week of each level."""
    rng = np.random.default_rng(seed)
    hours = np.arange(weeks * WEEK)
    tide = np.sin(2 * np.pi * hours / 12.42)
    surge, drift = (_red_noise(rng, hours.size, size, 48.0) for size in (0.25, slow))
    high = np.arange(4, hours.size, 12)
    issued, valid = (each.ravel() for each in np.meshgrid(np.arange(0, hours.size, every), high, indexing="ij"))
    kept = np.isin(valid - issued, LEADS)
    issued, valid = issued[kept], valid[kept]
    error = drift[valid] + growing * np.sqrt((valid - issued) / 24) * _by_cycle(rng, issued, valid) + bias
    level = tide[valid] + surge[valid]
    predicted = tide[valid] + slope * (surge[valid] - error) if slope != 1 else level - error
    forecast = IssuedLevels(
        START + issued * HOUR,
        START + issued * HOUR,
        START + valid * HOUR,
        predicted,
        tide[valid][:, None],
        np.full(valid.size, np.nan),
    )
    return PastForecasts(forecast, level), valid // WEEK


def _red_noise(rng: np.random.Generator, size: int, deviation: float, hours: float) -> Floats:
    keep, noise = np.exp(-1 / hours), rng.standard_normal(size)
    found = np.empty(size)
    found[0] = noise[0]
    for at in range(1, size):
        found[at] = keep * found[at - 1] + np.sqrt(1 - keep**2) * noise[at]
    return deviation * found


def _by_cycle(rng: np.random.Generator, issued: Indices, valid: Indices) -> Floats:
    """One draw a cycle, mostly: the errors of a cycle belong together."""
    cycles, row = np.unique(issued, return_inverse=True)
    return 0.8 * rng.standard_normal(cycles.size)[row] + 0.6 * rng.standard_normal(valid.size)


def verify(corrector: ForecastCorrector, past: PastForecasts, rows: Indices) -> tuple[Floats, Floats, Floats]:
    """Median and 90 % bounds of some forecasts, each from its cycle's hour."""
    found = np.empty((rows.size, 3))
    for at, row in enumerate(rows):
        one = past.forecast[np.array([row])]
        found[at] = corrector.quantiles(one, one.available[0], (0.05, 0.5, 0.95), past)[0]
    return found[:, 1], found[:, 0], found[:, 2]


def test_eight_weeks_teach_the_bias_and_the_spread_of_the_next_ones() -> None:
    inside, ratios = [], []
    for seed in range(6):
        past, week = forecasts(14, seed, bias=0.15)
        before, after = past[week < 8], np.flatnonzero(week >= 8)
        corrector = fit_forecast_corrector(before, week[week < 8], has_same_zero=False)
        median, low, high = verify(corrector, past, after)
        truth = past.observed[after]
        inside.append(np.mean((truth > low) & (truth < high)))
        ratios.append(np.sqrt(np.mean((truth - median) ** 2) / np.mean(past.error[after] ** 2)))
        assert abs(corrector.zero - 0.15) < 0.06
    assert 0.85 < np.mean(inside) < 0.96
    assert np.mean(ratios) < 0.6


def test_readings_at_issue_correct_the_near_hours_most() -> None:
    past, week = forecasts(12, 1, slow=0.15, growing=0.01)
    corrector = fit_forecast_corrector(past[week < 8], week[week < 8], has_same_zero=True)
    rows = np.flatnonzero(week >= 8)
    blind = corrector.moments(past.forecast[rows], past.forecast.issued.max())[0]
    error, informed = (
        np.abs(past.observed[rows] - blind),
        np.abs(past.observed[rows] - verify(corrector, past, rows)[0]),
    )
    near, far = past.forecast.lead[rows] <= 16, past.forecast.lead[rows] >= 72
    assert informed[near].mean() < 0.75 * error[near].mean()
    assert informed[near].mean() / error[near].mean() < informed[far].mean() / error[far].mean()


def test_a_forecast_that_exaggerates_is_drawn_towards_the_tide() -> None:
    past, week = forecasts(10, 2, slow=0.01, growing=0.01, slope=2.0)
    corrector = fit_forecast_corrector(past, week, has_same_zero=True)
    mean, _ = corrector.moments(past.forecast, past.forecast.issued.max())
    assert np.mean((past.observed - mean) ** 2) < 0.4 * np.mean(past.error**2)


def test_a_perfect_forecast_stays_as_it_is() -> None:
    past, week = forecasts(8, 3, slow=0.0, growing=0.0)
    corrector = fit_forecast_corrector(past, week, has_same_zero=True)
    mean, _ = corrector.moments(past.forecast, past.forecast.issued.max())
    np.testing.assert_allclose(mean, past.observed, atol=0.005)


@settings(max_examples=5, deadline=None)
@given(of_forecast=st.floats(-3, 3), of_level=st.floats(-3, 3))
def test_another_datum_moves_the_levels_and_nothing_else(of_forecast: float, of_level: float) -> None:
    past, week = forecasts(3, 4)
    moved = PastForecasts(replace(past.forecast, level=past.forecast.level + of_forecast), past.observed + of_level)
    now = past.forecast.issued.max()
    found = [
        fit_forecast_corrector(each, week, has_same_zero=False).quantiles(each.forecast, now, (0.05, 0.5, 0.95), each)
        for each in (past, moved)
    ]
    np.testing.assert_allclose(found[1], found[0] + of_level, atol=2e-3)


def test_what_was_read_after_the_issue_changes_nothing() -> None:
    past, week = forecasts(6, 5)
    corrector = fit_forecast_corrector(past, week, has_same_zero=True)
    now = START + 400 * HOUR
    coming = past.forecast[past.forecast.issued == START + 396 * HOUR]
    late = PastForecasts(past.forecast, np.where(past.forecast.valid > now, past.observed + 9.0, past.observed))
    for found, truth in zip(corrector.moments(coming, now, late), corrector.moments(coming, now, past), strict=True):
        np.testing.assert_array_equal(found, truth)
    with pytest.raises(InputError, match="not known at"):
        corrector.moments(coming, START + 395 * HOUR)


def test_what_a_service_issued_is_corrected_by_what_was_known_alone() -> None:
    past, _ = forecasts(10, 11, bias=0.3)
    issued, now = past.forecast, START + 8 * WEEK * HOUR
    time, rows = np.unique(issued.valid, return_index=True)
    level = past.observed[rows]
    found = correct_forecast(issued, time, level, now, (0.05, 0.5, 0.95), has_same_zero=False)
    assert found is not None
    assert (found.coming.valid > now).all()
    assert (found.coming.available <= now).all()
    assert found.weeks == 8
    truth = level[np.searchsorted(time, found.coming.valid)]
    assert np.abs(found.quantiles[:, 1] - truth).mean() < 0.5 * np.abs(found.coming.level - truth).mean()
    later = np.where(issued.available > now, issued.level + 5.0, issued.level)
    leaking = correct_forecast(
        replace(issued, level=later),
        time,
        np.where(time > now, level - 5.0, level),
        now,
        (0.05, 0.5, 0.95),
        has_same_zero=False,
    )
    assert leaking is not None
    np.testing.assert_array_equal(leaking.quantiles, found.quantiles)
    assert correct_forecast(issued, time, level, START + 90 * WEEK * HOUR, (0.5,), has_same_zero=False) is None
    with pytest.raises(RefusedByTheory, match="archive"):
        correct_forecast(issued, time, np.full(time.size, np.nan), now, (0.5,), has_same_zero=False)


def test_one_week_shifts_a_levelled_forecast_less_and_a_true_bias_is_learned_in_eight() -> None:
    shifts = {
        (weeks, same): _shift(weeks, bias, same) for weeks, bias in ((1, 0.0), (8, 0.2)) for same in (True, False)
    }
    assert shifts[1, True] < 0.75 * shifts[1, False]
    assert abs(shifts[8, True] - 0.2) < 0.05
    assert abs(shifts[8, False] - 0.2) < 0.05


def _shift(weeks: int, bias: float, has_same_zero: bool) -> float:
    """Mean size of the correction of forecasts issued three weeks after the last reading [m]; three draws."""
    sizes = []
    for seed in range(3):
        past, week = forecasts(weeks + 4, seed, slow=0.08, growing=0.02, bias=bias)
        issued = past.forecast
        time, rows = np.unique(issued.valid, return_index=True)
        level = np.where(week[rows] < weeks, past.observed[rows], np.nan)
        now = START + (weeks + 3) * WEEK * HOUR
        found = correct_forecast(issued, time, level, now, (0.5,), has_same_zero=has_same_zero)
        assert found is not None
        sizes.append(np.abs(np.mean(found.quantiles[:, 0] - found.coming.level)))
    return float(np.mean(sizes))


def test_without_a_common_hour_nothing_is_learned() -> None:
    past, week = forecasts(2, 6)
    nothing = np.zeros(0, dtype=np.int64)
    with pytest.raises(RefusedByTheory, match="archive"):
        fit_forecast_corrector(past[nothing], week[nothing], has_same_zero=True)


def test_a_single_cycle_gives_bounds_far_wider_than_weeks() -> None:
    past, week = forecasts(10, 7)
    now = past.forecast.issued.max()
    one = past.forecast.issued == START
    widths = []
    for rows in (one, np.ones(len(past), dtype=bool)):
        corrector = fit_forecast_corrector(past[rows], week[rows], has_same_zero=True)
        bounds = corrector.quantiles(past.forecast[one], now, (0.05, 0.95))
        widths.append(np.diff(bounds, axis=1).mean())
    assert widths[0] > 1.5 * widths[1]


def test_bounds_are_no_narrower_than_the_members() -> None:
    past, week = forecasts(6, 8)
    corrector = fit_forecast_corrector(past, week, has_same_zero=True)
    wide = replace(past.forecast, spread=np.full(len(past), 0.8))
    assert (corrector.moments(wide, wide.issued.max())[1] >= 0.8).all()
    assert (corrector.inflation >= 1).all()


def test_weeks_with_other_errors_widen_the_bounds() -> None:
    past, week = forecasts(8, 9)
    storm = np.where(week == 3, 12.0, 1.0)
    wild = replace(past, observed=past.forecast.level + storm * past.error)
    calm, shaken = (fit_forecast_corrector(each, week, has_same_zero=True) for each in (past, wild))
    now = past.forecast.issued.max()
    assert shaken.moments(past.forecast, now)[1].mean() > 1.5 * calm.moments(past.forecast, now)[1].mean()


def test_rows_without_a_level_are_refused() -> None:
    past, _ = forecasts(1, 10)
    with pytest.raises(InputError, match="without a level"):
        replace(past.forecast, level=np.full(len(past), np.nan))
    with pytest.raises(InputError, match="missing"):
        replace(past, observed=past.observed[:-1])
