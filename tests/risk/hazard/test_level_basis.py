"""What the report says of return levels: on what they rest, and why a reading may lie above them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from strandline.report.products import as_json
from strandline.risk.hazard.extremes import fit_block_maxima, maxima_at_epoch
from strandline.risk.hazard.levels.assumed_basis import describe_assumed
from strandline.risk.hazard.levels.cyclone_coast import years_between
from strandline.risk.hazard.levels.highest_reading import HighestReading
from strandline.risk.hazard.levels.published_basis import describe_published
from strandline.risk.hazard.levels.recorded_basis import describe_recorded
from strandline.risk.hazard.levels.sampled_levels import periods_with_frequent, split_frequent
from strandline.risk.hazard.mean_level_trend import MeanLevelTrend
from strandline.risk.hazard.own_record import RecordedExtremes
from strandline.risk.hazard.return_levels import at_year, sample_tails
from strandline.risk.hazard.without_record import AssumedExtremes

PERIODS = (2.0, 100.0)


def recorded(rate: float = 1 / 300) -> RecordedExtremes:
    """A record of 29 years whose highest reading of 2.79 m lies above the 100-year level of 2.36 m."""
    levels = np.tile([1.8, 2.36], (50, 1)) + 0.1 * np.random.default_rng(0).standard_normal((50, 1))
    return RecordedExtremes(
        levels=levels,
        record_years=29.0,
        trend=MeanLevelTrend(0.0031, 0.0004, 2020.0, 29, True, 0.0),
        tide_apart=True,
        tide_ratio=2.5,
        separation="by tracks",
        cyclones=41,
        untracked_years=0.5,
        factor=None,
        clustering=0.5,
        highest=2.79,
        highest_time=np.datetime64("2014-11-12T03"),
        peaks=np.linspace(1.2, 2.79, 87),
        highest_rate=np.full(50, rate),
        share_of_cyclones=np.array([0.2, 0.9]),
    )


def test_a_reading_above_the_100_year_level_is_explained() -> None:
    basis = describe_recorded(recorded(), 0.0, PERIODS)
    assert "The highest reading in 29 years was 2.79 m (12 November 2014, at the sea of 2020), above" in basis.summary
    assert "once in 300 years" in basis.summary
    assert "a record of 29 years holds one with a chance of 9 %" in basis.summary
    assert basis.facts["highest_chance_in_record"] == pytest.approx(1 - np.exp(-29 / 300), abs=1e-6)
    json.dumps(as_json(basis.facts), allow_nan=False)


def test_the_summary_has_the_range_of_the_tables_and_plain_words() -> None:
    found = recorded()
    summary = describe_recorded(replace(found, highest=2.0), 0.0, PERIODS).summary
    low, middle, high = np.quantile(found.levels[:, -1], [0.1, 0.5, 0.9])
    digits = 1 if high - low >= 1.0 else 2  # a wide range knows no centimetres
    within = f"{middle:.{digits}f} m ({low:.{digits}f} to {high:.{digits}f} m, 8 in 10 chance)"
    assert f"reaches {within}" in summary
    assert "9 in 10" not in summary
    assert len(summary.split(". ")) == 3
    for jargon in ("skew", "factor", "samples", "fitted", "median"):
        assert jargon not in summary


def test_a_highest_reading_beside_a_gap_says_that_the_gauge_failed() -> None:
    whole, failed = (describe_recorded(replace(recorded(), gauge_failed=each), 0.0, PERIODS) for each in (False, True))
    assert "the sea may have been higher" not in whole.summary
    assert "the sea may have been higher" in failed.summary


def test_a_reading_that_the_estimate_hardly_allows_casts_doubt_on_it() -> None:
    summary = describe_recorded(recorded(rate=1 / 5000), 0.0, PERIODS).summary
    assert "it is probably too low" in summary
    assert "no contradiction" not in summary


def test_a_reading_below_the_100_year_level_needs_no_explanation() -> None:
    summary = describe_recorded(replace(recorded(), highest=2.0), 0.0, PERIODS).summary
    assert "was 2.00 m (12 November 2014, at the sea of 2020)." in summary
    assert "contradiction" not in summary


def test_the_report_states_trend_tide_and_causes() -> None:
    method = describe_recorded(recorded(), 0.0, PERIODS).method
    for part in ("3.1 ± 0.4 mm a year", "the sea of 2020", "2.5 times as much", "41 passages of cyclones", "90 %"):
        assert part in method
    assert "were not observed" not in method
    simulated = describe_recorded(replace(recorded(), factor=(0.8, 1.1, 1.5)), 0.0, PERIODS)
    assert "were not observed" in simulated.method
    missing = describe_recorded(replace(recorded(), untracked_years=12.0), 0.0, PERIODS)
    assert "For 12 years at an end of the record no track is known" in missing.method
    alone = describe_recorded(replace(recorded(), separation="no tracks", cyclones=0), 0.0, PERIODS)
    assert "No cyclone tracks were given" in alone.method
    assert alone.facts["causes"] == "one population"


def test_a_cyclone_coast_is_told_what_its_extremes_rest_on() -> None:
    source = "storms simulated from all cyclones of the ocean basin that were recorded in 1980 to 2024"
    few = replace(
        recorded(), separation="by the basin", cyclones=0, factor=(0.8, 1.1, 1.5), simulated_from=source,
        cyclones_a_year=0.25,
    )  # fmt: skip
    basis = describe_recorded(few, 0.0, PERIODS)
    assert f"Cyclones strike this coast, and its rare levels rest on {source}" in basis.method
    assert "The record holds no passages of cyclones that are known, where one in 4.0 years comes" in basis.method
    assert basis.facts["simulated_cyclones_from"] == source
    assumed = AssumedExtremes(few.levels, "by the basin", (0.1, 0.2, 0.3), source, 2.0)
    said = describe_assumed(assumed, 0.0, PERIODS, "The tide is a usual one.").method
    assert f"one in 6 months within 400 km, and its rare levels rest on {source}" in said
    assert [years_between(each) for each in (3.0, 0.2, 0.02)] == ["4 months", "5.0 years", "50 years"]


def test_published_maxima_are_explained_in_the_same_way() -> None:
    years = np.arange(1950.0, 2010.0)
    maxima = 1.0 + 0.15 * np.random.default_rng(1).gumbel(size=60) + 0.002 * (years - 1950.0)
    maxima[16] = 2.4
    fit = fit_block_maxima(maxima, years, source="a published record", trend=True)
    tails = sample_tails(fit, 20, np.random.default_rng(0))
    basis = describe_published(fit, tails, PERIODS, 2009.0)
    assert "60 years of a published record" in basis.method
    assert "(1966, at the sea of 2009)" in basis.summary
    assert basis.facts["highest_level_m"] == pytest.approx(maxima_at_epoch(fit)[16])
    frequent, usual, rare = np.asarray(basis.facts["highest_return_period_years"], dtype=float)
    assert frequent < usual < rare  # the fit is uncertain, so that how rare the reading is, is too
    # The rate above a return level is that of its period.
    assert fit.exceedances_a_year(float(fit.levels((100.0,))[0])) == pytest.approx(-np.log(0.99))


def test_a_sea_that_rises_much_faster_than_the_worlds_raises_the_question_of_subsidence() -> None:
    slow = describe_recorded(recorded(), 0.0, PERIODS)
    fast = describe_recorded(
        replace(recorded(), trend=MeanLevelTrend(0.021, 0.001, 2026.0, 29, True, 6.0)), 0.0, PERIODS
    )
    assert "probably sinks" not in slow.method
    assert "its ground probably sinks" in fast.method


def test_published_maxima_are_told_on_the_sea_of_the_baseline_year() -> None:
    years = np.arange(1950.0, 2010.0)
    maxima = 1.0 + 0.15 * np.random.default_rng(1).gumbel(size=60)
    rising = fit_block_maxima(maxima + 0.004 * years, years, source="a record", trend=True)
    steady = fit_block_maxima(maxima, years, source="a record", trend=False)
    later = at_year(rising, 2029.0)
    assert later.levels(PERIODS) - rising.levels(PERIODS) == pytest.approx(20 * rising.trend)
    assert maxima_at_epoch(later) == pytest.approx(maxima_at_epoch(rising) + 20 * rising.trend)
    raised = at_year(steady, 2026.0, epoch=2006.0)
    assert raised.levels(PERIODS) - steady.levels(PERIODS) == pytest.approx(20 * 0.0037)
    tails = sample_tails(raised, 20, np.random.default_rng(0))
    basis = describe_published(raised, tails, PERIODS, 2026.0)
    assert "raised to the sea of 2026 by the rise of the global mean" in basis.method
    assert basis.facts["epoch"] == 2026.0


def test_years_are_given_with_two_digits() -> None:
    reading = HighestReading(2.0, "1966", np.full(10, 1 / 1234.0), 50.0)
    assert "once in 1200 years" in reading.sentence(1.5)


def test_a_level_of_most_years_is_drawn_with_the_others_and_rows_ascend_by_the_rarest() -> None:
    assert periods_with_frequent(PERIODS) == (1.1, *PERIODS)
    assert periods_with_frequent((1.05, 2.0)) == (1.05, 2.0)
    drawn = np.array([[1.0, 1.5, 2.6], [1.1, 1.4, 2.4]])
    levels, frequent = split_frequent(drawn, PERIODS)
    assert levels.tolist() == [[1.4, 2.4], [1.5, 2.6]]
    assert frequent is not None
    assert frequent.tolist() == [[1.1], [1.0]]
    assert split_frequent(levels, PERIODS)[1] is None
