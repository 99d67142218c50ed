"""Skew surges are what was put in, and both put together again give the levels that chance gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from strandline.errors import InputError, RefusedByTheory
from strandline.risk.extremes import fit_gauge
from strandline.risk.return_levels import return_level_table
from strandline.risk.tide_surge import SkewSurges, combine, independence, skew_surges
from strandline.tides import fit_tide, predict_tide


def hours(days: float) -> np.ndarray:
    return np.datetime64("2000-01-01", "h") + np.arange(round(24 * days)) * np.timedelta64(1, "h")


def spring_and_neap(time: np.ndarray) -> np.ndarray:
    hour = (time - time[0]) / np.timedelta64(1, "h")
    return 1.5 * np.cos(2 * np.pi * hour / 12.4206) + 0.5 * np.cos(2 * np.pi * hour / 12.0)


def test_a_surge_that_comes_early_has_no_skew() -> None:
    time = hours(60)
    tide = spring_and_neap(time)
    early = np.roll(tide, -1)
    assert np.abs(early - tide).max() > 0.5  # the hourly residual takes it for weather
    np.testing.assert_allclose(skew_surges(time, early + 0.3, tide).surge, 0.3, atol=0.12)


def test_each_cycle_has_the_surge_that_was_put_in_and_a_gap_has_none() -> None:
    time = hours(60)
    tide = spring_and_neap(time)
    level = tide + 0.2
    level[500:515] = np.nan
    found = skew_surges(time, level, tide)
    assert found.cycles_a_year == pytest.approx(8766 / 12.42, rel=0.01)
    assert 1 <= np.isnan(found.surge).sum() <= 3
    np.testing.assert_allclose(found.surge[np.isfinite(found.surge)], 0.2)
    moved = skew_surges(time, level + 7.0, tide + 7.0)
    np.testing.assert_allclose(moved.surge, found.surge)
    np.testing.assert_allclose(moved.high_water, found.high_water + 7.0)


def by_chance(cycles: int, rng: np.random.Generator) -> np.ndarray:
    """Skew surges: a normal body, and above its 97.5 % quantile a generalised Pareto tail."""
    body = rng.normal(0, 0.15, cycles)
    tail = 0.294 + 0.12 / 0.1 * (rng.random(cycles) ** -0.1 - 1)
    return np.where(body > 0.294, tail, body)


def test_both_together_give_the_levels_that_chance_gives() -> None:
    rng = np.random.default_rng(0)
    time = hours(365.25 * 30)
    whole = skew_surges(time, spring_and_neap(time), spring_and_neap(time))
    cycles = whole.high_water.size
    found = []
    for _ in range(20):
        record = SkewSurges(whole.time, whole.high_water, by_chance(cycles, rng))
        assert abs(independence(record)) < 0.05
        joint = combine(record, whole.high_water, (10.0, 100.0), source="a test")
        found.append([joint.level(10.0), joint.level(100.0)])
    a_year = round(whole.cycles_a_year)
    worst = [(rng.choice(whole.high_water, a_year) + by_chance(a_year, rng)).max() for _ in range(20_000)]
    np.testing.assert_allclose(np.mean(found, axis=0), np.quantile(worst, [0.9, 0.99]), atol=0.08)


def test_levels_rise_with_the_period_and_move_with_the_datum() -> None:
    rng = np.random.default_rng(1)
    time = hours(365.25 * 10)
    high = skew_surges(time, spring_and_neap(time), spring_and_neap(time))
    record = SkewSurges(high.time, high.high_water, by_chance(high.high_water.size, rng))
    joint = combine(record, high.high_water, (10.0,), source="a test")
    levels = [joint.level(period) for period in (2.0, 5.0, 20.0, 50.0)]
    assert (np.diff(levels) > 0).all()
    lifted = combine(record, high.high_water + 1.0, (10.0,), source="a test")
    assert lifted.level(20.0) == pytest.approx(levels[2] + 1.0, abs=1e-6)
    with pytest.raises(InputError, match="more than one year"):
        joint.level(1.0)


def test_what_cannot_be_told_is_refused() -> None:
    time = hours(30)
    tide = spring_and_neap(time)
    with pytest.raises(RefusedByTheory, match="years"):
        combine(skew_surges(time, tide, tide), tide, (100.0,), source="a month")
    with pytest.raises(InputError, match="0 whole cycles"):
        skew_surges(time, tide, np.zeros_like(tide))
    with pytest.raises(InputError, match="for each hour"):
        skew_surges(time, tide[:-1], tide)


@pytest.mark.slow
def test_hook_of_holland_agrees_with_its_own_annual_maxima(shared_data: Path) -> None:
    """Nineteen years are enough for the 5-year level of both methods, and no shared assumption makes them agree."""
    path = shared_data / "gauges/netherlands/hoekvhld_hourly_1976_1994.csv.gz"
    table = pd.read_csv(path, parse_dates=["time_MET_assumed"])
    time = table["time_MET_assumed"].to_numpy().astype("datetime64[ns]") - np.timedelta64(1, "h")
    level = table["level_m_NAP"].to_numpy(dtype=float)
    fitted = fit_tide(time, level, 51.98, name="Hoek van Holland", source="its record")
    tide = fitted.mean + predict_tide(fitted.constants, time)
    record = skew_surges(time, level, tide)
    joint = combine(record, record.high_water, (5.0,), source="Hoek van Holland")
    fit = fit_gauge(time, level, (5.0,), method="block_maxima", source="its record")
    direct = return_level_table(fit, (5.0,), coverage=0.9, n_samples=300, rng=np.random.default_rng(0))
    assert direct["low"][0] < joint.level(5.0) < direct["high"][0]
