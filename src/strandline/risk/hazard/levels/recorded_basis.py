"""What return levels of a gauge's own record rest on."""

import pandas as pd

from strandline.risk.hazard.cyclones.cyclone_passages import NEAR
from strandline.risk.hazard.levels.cyclone_coast import cyclone_coast_sentence, years_between
from strandline.risk.hazard.levels.highest_reading import HighestReading
from strandline.risk.hazard.levels.sampled_levels import Fact, LevelBasis, zero_sentences
from strandline.risk.hazard.mean_level_trend import global_mean_rise
from strandline.risk.hazard.own_record import RecordedExtremes
from strandline.risk.hazard.surges.high_waters import TIDE_IS_LARGE

UNTRACKED_WAITS = 5.0
"""Mean waits between passages without one, at an end of the record, from which tracks are taken to be missing [-]: by
chance less than once in a hundred."""


def describe_recorded(
    found: RecordedExtremes, mean_sea_level: float, return_periods: tuple[float, ...], zero_error: float = 0.0
) -> LevelBasis:
    """Summary, method and facts of levels from a gauge's own record; ``mean_sea_level`` [m, region datum].

    Args:
        zero_error: deviation of the record's zero from the terrain's [m], which is in the levels.
    """
    when = f"{pd.Timestamp(found.highest_time):%d %B %Y}"
    when += f", at the sea of {found.trend.epoch:.0f}"
    highest = HighestReading(
        mean_sea_level + found.highest, when, found.highest_rate, found.record_years, found.gauge_failed
    )
    share = float(found.share_of_cyclones[-1])
    sentences = [
        f"Levels rest on {found.record_years:.1f} years of readings of the own gauge"
        + (
            ", too few to speak alone: they update what is known of surges on other coasts, and the range says how much"
            " remains unknown."
            if found.updates_prior
            else "."
        ),
        _trend_sentence(found),
        (
            f"The tide moves high waters {found.tide_ratio:.1f} times as much as the weather does, so that each level"
            " is a predicted high water plus a storm's skew surge, which meet at any phase of the tide of its month."
            if found.tide_apart
            else f"The tide moves high waters only {found.tide_ratio:.1f} times as much as the weather does (they are"
            f" separated from {TIDE_IS_LARGE:g} on), so that the highest level of each tidal day counts as a whole."
        ),
        _cause_sentence(found, share, return_periods[-1]),
        *zero_sentences(zero_error),
    ]
    facts: dict[str, Fact] = {
        "method": "skew surge joint probability" if found.tide_apart else "peaks over threshold",
        "zero_error_m": zero_error,
        "updates_prior_of_other_coasts": found.updates_prior,
        "record_years": found.record_years,
        "epoch": found.trend.epoch,
        "mean_sea_level_trend_m_per_year": found.trend.rise,
        "mean_sea_level_trend_standard_error": found.trend.standard_error,
        "mean_sea_level_trend_from": "the record" if found.trend.fitted else "the global mean",
        "tide_to_weather": found.tide_ratio,
        "tide_to_weather_from_which_apart": TIDE_IS_LARGE,
        "causes": "cyclones and other storms" if found.separation == "by tracks" else "one population",
        "cyclones_from_other_storms": found.separation,
        "cyclones_recorded": found.cyclones,
        "untracked_years": found.untracked_years,
        "simulated_cyclones_used": found.factor is not None,
        "simulated_cyclones_from": found.simulated_from or None,
        "cyclones_a_year_by_the_basin": found.cyclones_a_year or None,
        "factor_on_simulated_surges": found.factor,
        "share_of_cyclones_at_rarest_level": share,
        "extremal_index_of_small_surges": found.clustering,
        "gauge_failed_at_the_highest": found.gauge_failed,
        **highest.facts,
    }
    summary = highest.summary(mean_sea_level + found.levels[:, -1], return_periods[-1])
    return LevelBasis(summary, " ".join(sentences), facts)


def _trend_sentence(found: RecordedExtremes) -> str:
    trend = found.trend
    raised = f"every storm was raised to the sea of {trend.epoch:.0f}"
    if not trend.fitted:
        return (
            f"{trend.years} whole years are too few to tell the rise of the sea from the weather of single years;"
            f" {raised} by the rise of the global mean, {1000 * trend.rise:.1f} mm a year (IPCC AR6 WG1)."
        )
    sentence = (
        f"The sea's mean rose by {1000 * trend.rise:.1f} ± {1000 * trend.standard_error:.1f} mm a year in the record,"
        f" against the gauge; {raised}."
    )
    usual = global_mean_rise(trend.epoch - trend.beyond - found.record_years, trend.epoch - trend.beyond)
    if trend.rise - 2 * trend.standard_error > 2 * usual / found.record_years:
        sentence += (
            " That is more than twice the rise of the global mean: its ground probably sinks, and the land around it"
            " with it; see [scenarios.subsidence]."
        )
    return sentence


def _cause_sentence(found: RecordedExtremes, share: float, return_period: float) -> str:
    if found.separation == "no tracks":
        return (
            "No cyclone tracks were given, so that storms of all causes are one population; where cyclones strike, rare"
            " levels are then too low. Add [storms] to the region file."
        )
    if found.separation == "too few cyclones":
        return (
            f"Cyclones passed within {NEAR:g} km {found.cyclones} times, too few to be fitted apart; storms of all"
            " causes are one population."
        )
    if found.separation == "by the basin":
        low, middle, high = found.factor or (1.0, 1.0, 1.0)
        return (
            f"{cyclone_coast_sentence(found.simulated_from)} The record holds {found.cyclones or 'no'} passages of"
            f" cyclones that are known, where one in {years_between(found.cyclones_a_year)} comes within {NEAR:g} km."
            f" The size of their surges over a plain shelf was not observed; a factor of {middle:.2f} ({low:.2f} to"
            f" {high:.2f}) is on it."
        )
    part = "more than 99 %" if 0.995 < share < 1 else "less than 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
    apart = (
        f"{found.cyclones} passages of cyclones within {NEAR:g} km and all other storms are fitted apart and combined;"
        f" at the {return_period:g}-year level {part} of the events are cyclones."
    )
    if found.untracked_years > UNTRACKED_WAITS * found.record_years / max(found.cyclones, 1):
        apart += (
            f" For {found.untracked_years:.0f} years at an end of the record no track is known; cyclones of those"
            " years, if there were any, count as other storms."
        )
    if found.factor is None:
        return f"{apart} The cyclones' levels rest on the recorded passages alone."
    low, middle, high = found.factor
    return (
        f"{cyclone_coast_sentence(found.simulated_from)} {apart} Half of the samples take the cyclones' levels from the"
        " recorded passages alone, the other half from the form of the simulated ones over a plain shelf, which were"
        f" not observed; a factor of {middle:.2f} ({low:.2f} to {high:.2f}) fits these to the recorded ones."
    )
