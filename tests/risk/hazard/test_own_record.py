"""Return levels of records with one and two causes, whose truth is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy import stats

from strandline.errors import RefusedByTheory
from strandline.observations.weather.storms import Window
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones, simulate_cyclones
from strandline.risk.hazard.own_record import GaugeHours, RecordedExtremes, estimate_from_record

pytestmark = pytest.mark.slow

YEARS = 30
HOURS = YEARS * 8766
TIME = (np.datetime64("1990-01-01", "h") + np.arange(HOURS) * np.timedelta64(1, "h")).astype("datetime64[ns]")
WINTER = (8.0, 0.15)  # storms a year, mean height above 0.5 m
CYCLONES = (0.5, 0.3, 0.6, 0.05)  # a year, least height, scale, shape


def true_level(period: float) -> float:
    """Of winter storms and cyclones together, without a tide."""
    grid = np.linspace(0.5, 8.0, 20_000)
    rates = WINTER[0] * np.exp(-(grid - 0.5) / WINTER[1])
    rates += CYCLONES[0] * stats.genpareto.sf(grid - CYCLONES[1], CYCLONES[3], 0, CYCLONES[2])
    return float(np.interp(np.log(period), -np.log(-np.expm1(-rates)), grid))


@cache
def draw(seed: int, rise: float = 0.0) -> tuple[np.ndarray, tuple[Window, ...]]:
    """Hourly levels without a tide, many winter storms and few cyclones, and the passages of the latter."""
    rng = np.random.default_rng(seed)
    level = 0.05 * rng.standard_normal(HOURS)
    for hour in rng.integers(100, HOURS - 100, rng.poisson(WINTER[0] * YEARS)):
        level[hour : hour + 3] = np.maximum(level[hour : hour + 3], 0.5 + rng.exponential(WINTER[1]))
    passages = []
    for hour in np.sort(rng.integers(100, HOURS - 100, rng.poisson(CYCLONES[0] * YEARS))):
        height = CYCLONES[1] + stats.genpareto.rvs(CYCLONES[3], 0, CYCLONES[2], random_state=rng)
        level[hour : hour + 3] = np.maximum(level[hour : hour + 3], height)
        passages.append((TIME[hour - 24], TIME[hour + 24]))
    return level + rise * (np.arange(HOURS) - HOURS) / 8766, tuple(passages)


def estimate(
    level: np.ndarray,
    passages: tuple[Window, ...] | None,
    periods: tuple[float, ...] = (10.0, 100.0),
    epoch: float | None = None,
) -> RecordedExtremes:
    tide = 0.01 * np.cos(2 * np.pi * np.arange(level.size) / 12.42)
    gauge = GaugeHours(TIME[: level.size], level, tide, TIME[:20_000], tide[:20_000])
    known = None if passages is None else list(passages)
    return estimate_from_record(gauge, known, None, periods, 100, np.random.default_rng(0), epoch)


def test_two_causes_fitted_apart_reach_the_100_year_level_that_a_single_gev_underestimates() -> None:
    truth, ours, single = true_level(100.0), [], []
    for seed in range(24):
        level, passages = draw(seed)
        ours.append(float(np.median(estimate(level, passages).levels[:, 1])))
        maxima = level[: YEARS * 8760].reshape(YEARS, -1).max(axis=1)
        shape, location, scale = stats.genextreme.fit(maxima, 0.0)
        single.append(stats.genextreme.isf(0.01, shape, location, scale))
    assert np.median(ours) / truth == pytest.approx(1.0, abs=0.1), f"{np.median(single) / truth}"
    assert np.median(single) / truth < 0.9


def test_the_interval_of_two_causes_contains_the_truth() -> None:
    truth = true_level(100.0)
    inside = 0
    for seed in range(12):
        low, high = np.quantile(estimate(*draw(seed)).levels[:, 1], [0.05, 0.95])
        inside += low <= truth <= high
    assert inside >= 9  # of 12; benchmarks.extremes measures it


def test_a_record_says_which_causes_it_could_separate() -> None:
    level, passages = draw(3)
    apart, alone, few = estimate(level, passages), estimate(level, None), estimate(level, passages[:3])
    assert (apart.separation, apart.cyclones) == ("by tracks", len(passages))
    assert apart.share_of_cyclones[1] > 0.8
    assert (alone.separation, alone.cyclones) == ("no tracks", 0)
    assert (few.separation, few.cyclones) == ("too few cyclones", 3)
    np.testing.assert_allclose(alone.levels, few.levels)
    assert not apart.tide_apart


def test_a_rising_sea_is_taken_out_and_levels_are_those_of_the_end_of_the_record() -> None:
    steady, rising = estimate(*draw(5)), estimate(*draw(5, rise=0.01))
    assert rising.trend.rise == pytest.approx(0.01, abs=0.001)
    np.testing.assert_allclose(np.median(rising.levels, axis=0), np.median(steady.levels, axis=0), atol=0.06)
    assert rising.highest == pytest.approx(steady.highest, abs=0.02)


def test_the_epoch_of_a_record_moves_its_levels_by_the_trend_times_the_years() -> None:
    """A record of 1990 to 2020 is not the sea of 2045: truth is the steady record's levels, 0.25 m higher."""
    steady, then, now = estimate(*draw(5)), estimate(*draw(5, 0.01)), estimate(*draw(5, 0.01), epoch=2045.0)
    moved = np.median(now.levels - then.levels, axis=0)
    assert moved == pytest.approx(now.trend.rise * now.trend.beyond, abs=0.01)
    np.testing.assert_allclose(np.median(now.levels, axis=0), np.median(steady.levels, axis=0) + 0.25, atol=0.08)
    assert now.highest - then.highest == pytest.approx(0.25, abs=0.03)
    assert np.ptp(now.levels[:, 0]) > np.ptp(then.levels[:, 0])


def test_a_large_tide_and_a_surge_are_two_chances() -> None:
    """The tide of 30 years is known, the storms are not: levels follow from their random meetings."""
    rng = np.random.default_rng(4)
    hour = np.arange(HOURS)
    tide = 1.2 * np.cos(2 * np.pi * hour / 12.4206) + 0.4 * np.cos(2 * np.pi * hour / 12.0)
    surge = np.zeros(HOURS)
    for start in rng.integers(100, HOURS - 100, rng.poisson(10 * YEARS)):
        surge[start : start + 24] = np.maximum(surge[start : start + 24], 0.2 + rng.exponential(0.12))
    surge += 0.03 * rng.standard_normal(HOURS)
    gauge = GaugeHours(TIME, tide + surge, tide, TIME[: 5 * 8766], tide[: 5 * 8766])
    found = estimate_from_record(gauge, None, None, (10.0, 100.0), 100, np.random.default_rng(0))
    met = sliding_window_view(tide, 24)[rng.integers(0, HOURS - 24, 4000)].max(axis=1)  # in a storm of 24 h
    grid = np.linspace(1.5, 4.0, 2000)
    rates = np.array([10 * np.exp(-np.maximum(z - met - 0.2, 0) / 0.12).mean() for z in grid])
    truth = np.interp(np.log([10.0, 100.0]), -np.log(-np.expm1(-rates)), grid)
    assert found.tide_apart
    np.testing.assert_allclose(np.median(found.levels, axis=0), truth, atol=0.15)


def test_two_and_six_years_are_not_refused_and_their_width_says_how_little_they_know() -> None:
    level, _ = draw(1)
    found = {years: estimate(level[: years * 8766], None) for years in (2, 6, 30)}
    assert [each.updates_prior for each in found.values()] == [True, True, False]
    widths = [float(np.diff(np.quantile(each.levels[:, 1], [0.1, 0.9]))[0]) for each in found.values()]
    assert widths[0] > 0.3
    assert np.isfinite(widths).all()


def test_ten_days_of_readings_are_refused_with_what_would_be_enough() -> None:
    level, _ = draw(1)
    with pytest.raises(RefusedByTheory, match="give a month or more, or leave the gauge out"):
        estimate(level[:48], None)


@cache
def bengal() -> tuple[np.ndarray, SimulatedCyclones]:
    hour = np.arange(8766)
    tide = np.cos(2 * np.pi * hour / 12.4206) + 0.4 * np.cos(2 * np.pi * hour / 12.0)
    rng = np.random.default_rng(2)
    simulated = simulate_cyclones(90.0, 22.0, 180.0, TIME[:8766], tide, rng, storms=300)
    assert simulated is not None
    return tide, simulated


def test_simulated_cyclones_are_scaled_to_the_stronger_recorded_ones() -> None:
    rng, (_, cyclones) = np.random.default_rng(3), bengal()
    background = 0.03 * rng.standard_normal(1000)
    recorded = 0.5 * rng.choice(cyclones.surge, 60) + 0.03 * rng.standard_normal(60)
    low, middle, high = np.quantile(cyclones.fit_factors(recorded, background, 300, rng), [0.05, 0.5, 0.95])
    assert low < 0.5 < high
    assert middle == pytest.approx(0.5, rel=0.35)


def test_simulated_cyclones_count_in_half_of_the_samples_and_their_size_does_not() -> None:
    tide, cyclones = bengal()
    rng = np.random.default_rng(5)
    level = np.tile(tide, YEARS)[:HOURS] + 0.1 * rng.standard_normal(HOURS)
    passages = []
    for hour in np.sort(rng.integers(100, HOURS - 100, 40)):
        level[hour : hour + 13] += rng.exponential(0.5)
        passages.append((TIME[hour - 12], TIME[hour + 24]))
    gauge = GaugeHours(TIME, level, np.tile(tide, YEARS)[:HOURS], TIME[:8766], tide)
    doubled = SimulatedCyclones(2.0 * cyclones.surge, cyclones.tide)
    alone, apart, larger = (
        estimate_from_record(gauge, passages, each, (10.0, 100.0), 100, np.random.default_rng(0))
        for each in (None, cyclones, doubled)
    )
    assert alone.factor is None
    assert apart.tide_apart
    assert larger.factor[1] == pytest.approx(apart.factor[1] / 2, rel=0.2)
    np.testing.assert_allclose(np.median(larger.levels, axis=0), np.median(apart.levels, axis=0), rtol=0.15)


def test_a_short_record_counts_the_cyclones_of_its_basin_though_none_passed_in_it() -> None:
    """Of fifty passages in the tracks none falls into two calm years: the rare level holds them all the same."""
    tide, cyclones = bengal()
    hours = 2 * 8766
    weather = 0.05 * np.random.default_rng(5).standard_normal(hours)
    gauge = GaugeHours(TIME[:hours], np.tile(tide, 2) + weather, np.tile(tide, 2), TIME[:8766], tide)
    before = [
        (TIME[0] - np.timedelta64(300 * i + 48, "D"), TIME[0] - np.timedelta64(300 * i + 46, "D")) for i in range(50)
    ]
    before.reverse()
    alone, basin = (
        estimate_from_record(gauge, before, each, (10.0, 100.0), 100, np.random.default_rng(0))
        for each in (None, cyclones)
    )
    assert (basin.separation, basin.cyclones) == ("by the basin", 0)
    assert np.median(basin.levels[:, 1]) > np.median(alone.levels[:, 1]) + 0.5
    assert basin.share_of_cyclones[1] > 0.8


def surgeless_years(years: int, tide: np.ndarray) -> GaugeHours:
    """A record in which no cyclone passed."""
    hours = years * 8766
    long = np.tile(tide, years)[:hours]
    weather = 0.05 * np.random.default_rng(5).standard_normal(hours)
    return GaugeHours(TIME[:hours], long + weather, long, TIME[:8766], tide)


def test_thirty_years_without_a_cyclone_do_not_say_that_none_comes() -> None:
    tide, cyclones = bengal()
    gauge, seldom = surgeless_years(30, tide), [(TIME[0] - np.timedelta64(48, "h"), TIME[0] - np.timedelta64(24, "h"))]
    alone, basin = (
        estimate_from_record(gauge, seldom, each, (10.0, 100.0), 100, np.random.default_rng(0))
        for each in (None, cyclones)
    )
    assert (alone.separation, alone.updates_prior) == ("too few cyclones", False)
    assert basin.separation == "by the basin"
    assert basin.cyclones_a_year == pytest.approx(cyclones.per_year)
    assert np.median(basin.levels[:, 1]) > np.median(alone.levels[:, 1]) + 0.5
    untold = estimate_from_record(gauge, None, cyclones, (10.0, 100.0), 100, np.random.default_rng(0))
    assert (untold.separation, untold.simulated_from) == ("no tracks", "")  # its own cyclones would count twice


def test_cyclones_count_where_the_tide_is_small_and_their_tide_counts_once() -> None:
    tide, cyclones = bengal()
    gauge = surgeless_years(4, 0.01 * tide)
    found = estimate_from_record(gauge, [], cyclones, (10.0, 100.0), 200, np.random.default_rng(0))
    assert not found.tide_apart
    assert found.separation == "by the basin"
    raised = replace(cyclones, tide=cyclones.tide + 5.0)
    again = estimate_from_record(gauge, [], raised, (10.0, 100.0), 200, np.random.default_rng(0))
    np.testing.assert_allclose(again.levels, found.levels)
    # With a shelf that is known, the 100-year level is the surge that so many cyclones a year exceed once in a century.
    known = replace(cyclones, log_factor=(0.0, 1e-3))
    levels = estimate_from_record(gauge, [], known, (100.0,), 200, np.random.default_rng(0)).levels
    truth = np.quantile(cyclones.surge, 1.0 + np.log1p(-0.01) / cyclones.per_year)
    assert np.median(levels) == pytest.approx(truth, rel=0.08)


def test_without_a_recorded_cyclone_the_factor_is_that_of_the_shelf() -> None:
    _, cyclones = bengal()
    other = replace(cyclones, log_factor=(0.6, 0.3))
    drawn = np.log(other.fit_factors(np.zeros(0), np.zeros(100), 4000, np.random.default_rng(0)))
    assert drawn.mean() == pytest.approx(0.6, abs=0.02)
    assert drawn.std() == pytest.approx(0.3, abs=0.02)
