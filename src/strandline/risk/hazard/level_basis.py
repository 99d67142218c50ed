"""What return levels rest on, in words and numbers, and how the highest reading compares with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from strandline.observations.arrays import Floats
from strandline.risk.hazard.cyclones.cyclone_passages import NEAR
from strandline.risk.hazard.extremes import ReturnLevelFit
from strandline.risk.hazard.mean_level_trend import global_mean_rise
from strandline.risk.hazard.own_record import RecordedExtremes
from strandline.risk.hazard.return_levels import PublishedLevels, levels_of
from strandline.risk.hazard.short_maxima import needs_prior
from strandline.risk.hazard.surges.high_waters import TIDE_IS_LARGE
from strandline.risk.hazard.without_record import AssumedExtremes

SURPRISING = 0.05
"""Chance of the highest reading within its record below which the estimate is doubted [-]; a convention."""
UNTRACKED_WAITS = 5.0
"""Mean waits between passages without one, at an end of the record, from which tracks are taken to be missing [-]: by
chance less than once in a hundred."""
MOST_FREQUENT = 1.1
"""Return period [years] down to which damage is counted, where a shorter one is not asked for: ten of eleven years have
a sea as high. ASSUMPTION; what is more frequent is bounded."""
QUANTILES = (0.1, 0.5, 0.9)
"""Of every range of levels that a reader sees: 8 in 10 chance."""
Fact = str | float | int | bool | tuple[float, ...] | None


@dataclass(frozen=True, eq=False)
class ReturnLevels:
    """Sampled return levels, with what they rest on.

    Attributes:
        samples: (N, R) [m, region datum], in the order of the rarest level, so that neighbours are alike.
        frequent: (N, 1) level of ``MOST_FREQUENT`` years [m, region datum] in the same samples; ``None`` = the shortest
            return period is not longer.
        record_years: length of the record behind them.
        basis: in words and numbers.
        maxima: observed storms or annual maxima at the sea of the same epoch [m, region datum], for the plot.
        maxima_per_year: [a-1].
    """

    samples: Floats
    frequent: Floats | None
    record_years: float
    basis: "LevelBasis"
    maxima: Floats
    maxima_per_year: float


@dataclass(frozen=True)
class LevelBasis:
    """What return levels rest on.

    Attributes:
        summary: for everybody: the rarest level with its range, and the highest reading beside it.
        method: for who checks it.
        facts: the same for programs, with units in the names.
    """

    summary: str
    method: str
    facts: Mapping[str, Fact]


def periods_with_frequent(return_periods: tuple[float, ...]) -> tuple[float, ...]:
    """The return periods [years], after ``MOST_FREQUENT`` where none is as short."""
    return return_periods if return_periods[0] <= MOST_FREQUENT else (MOST_FREQUENT, *return_periods)


def split_frequent(levels: Floats, return_periods: tuple[float, ...]) -> tuple[Floats, Floats | None]:
    """(N, R) levels of the return periods in the order of the rarest, and (N, 1) of the frequent one, if there is one.

    Args:
        levels: (N, R or R + 1) of `periods_with_frequent`.
    """
    ordered = levels[np.argsort(levels[:, -1], kind="stable")]
    count = len(return_periods)
    return ordered[:, -count:], ordered[:, :1] if ordered.shape[1] > count else None


def draw_zero(error: float, samples: int, rng: np.random.Generator) -> Floats:
    """(S, 1) errors of a record's zero [m] with this deviation [m]: middles of equal parts, in random order."""
    if error == 0:
        return np.zeros((samples, 1))
    middles = ndtri((np.arange(samples) + 0.5) / samples)
    return np.asarray(error * rng.permutation(middles)[:, None])


@dataclass(frozen=True, eq=False)
class HighestReading:
    """The highest level of a record beside its return levels.

    Attributes:
        level: [m, region datum], at the sea of the levels' epoch.
        when: as text.
        rate: (S,) expected events a year above it [a-1].
        years: length of the record.
        gauge_failed: near that reading, so that the sea may have been higher.
    """

    level: float
    when: str
    rate: Floats
    years: float
    gauge_failed: bool = False

    @property
    def return_period(self) -> tuple[float, float, float]:
        """p10, p50 and p90 of the years between levels as high [a]."""
        low, middle, high = np.quantile(-1.0 / np.expm1(-np.maximum(self.rate, 1e-9)), QUANTILES)
        return float(low), float(middle), float(high)

    @property
    def chance_in_record(self) -> float:
        """Chance that a record of this length holds a level as high, mean over the samples [-]."""
        return float(-np.expm1(-self.rate * self.years).mean())

    def summary(self, samples: Floats, return_period: float) -> str:
        """The rarest level (S,) [m, region datum], how it compares with the reading, and what to do with it."""
        low, middle, high = np.quantile(samples, QUANTILES)
        return (
            f"About once in {return_period:g} years the sea reaches {_within(low, middle, high)}."
            f" {self.sentence(middle)} Where lives depend on it, prepare for the upper number."
        )

    def sentence(self, rarest: float) -> str:
        """How it compares with the rarest level [m, region datum], and why it may lie above it."""
        reading = f"The highest reading in {self.years:.0f} years was {self.level:.2f} m ({self.when})"
        if self.gauge_failed:
            reading += "; the gauge failed then, so that the sea may have been higher"
        if self.level <= rarest:
            return f"{reading}."
        frequent, usual, rare = self.return_period
        meaning = (
            "That is no contradiction"
            if self.chance_in_record >= SURPRISING
            else "Few records of this length hold such a level if the estimate is right, so that it is probably too low"
        )
        return (
            f"{reading}, above that level. {meaning}: a level as high comes about once in {_years(usual)} years"
            f" ({_years(frequent)} to {_years(rare)}) by this estimate, and a record of {self.years:.0f} years holds"
            f" one with a chance of {100 * self.chance_in_record:.0f} %. It has happened: plan for it."
        )

    @property
    def facts(self) -> dict[str, Fact]:
        """For ``summary.json``."""
        return {
            "highest_level_m": self.level,
            "highest_when": self.when,
            "highest_return_period_years": self.return_period,
            "highest_chance_in_record": self.chance_in_record,
        }


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
        *_zero_sentence(zero_error),
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
        "factor_on_simulated_surges": found.factor,
        "share_of_cyclones_at_rarest_level": share,
        "extremal_index_of_small_surges": found.clustering,
        "gauge_failed_at_the_highest": found.gauge_failed,
        **highest.facts,
    }
    summary = highest.summary(mean_sea_level + found.levels[:, -1], return_periods[-1])
    return LevelBasis(summary, " ".join(sentences), facts)


def describe_published(
    fit: ReturnLevelFit,
    tails: Sequence[ReturnLevelFit],
    return_periods: tuple[float, ...],
    year: float,
    zero_error: float = 0.0,
    zero: Floats | float = 0.0,
) -> LevelBasis:
    """Summary, method and facts of levels from published annual maxima.

    Args:
        fit: on the sea of ``year`` (`return_levels.at_year`); ``tails``: samples of it (`return_levels.sample_tails`).
        zero_error: deviation of the record's zero from the terrain's [m].
        zero: (S,) its error in each sample [m].
    """
    raised = maxima_at_epoch(fit)
    risen = not np.isnan(fit.reference_year)
    top = int(raised.argmax())
    rate = np.array([tail.exceedances_a_year(float(raised[top])) for tail in tails])
    when = f"{fit.years[top]:.0f}, at the sea of {year:.0f}"
    highest = HighestReading(float(raised[top]), when, rate, fit.record_years)
    sentences = [
        f"A GEV distribution fitted to {fit.record_years:.0f} years of {fit.source}"
        + (
            ", too few to speak alone: they update what is known of other coasts."
            if needs_prior(fit.record_years, return_periods[-1])
            else "."
        ),
        f"Their rise of {1000 * fit.trend:.1f} mm a year was taken out and carried on; levels are those of {year:.0f}."
        if risen
        else "No rise of the sea was taken out of them; they were raised to the sea of"
        f" {year:.0f} by the rise of the global mean (IPCC AR6 WG1).",
        "Storms of all causes are one population, because annual maxima do not state theirs.",
        *_zero_sentence(zero_error),
    ]
    facts: dict[str, Fact] = {
        "method": "published annual maxima",
        "zero_error_m": zero_error,
        "record_years": fit.record_years,
        "epoch": year,
        "mean_sea_level_trend_m_per_year": fit.trend if risen else None,
        "mean_sea_level_trend_from": "the record" if risen else "the global mean",
        "causes": "one population",
        **highest.facts,
    }
    return LevelBasis(
        highest.summary(levels_of(tails, return_periods)[:, -1] + zero, return_periods[-1]), " ".join(sentences), facts
    )


def _zero_sentence(error: float) -> list[str]:
    if error == 0:
        return []
    return [
        f"Their zero is known against the terrain's to ± {error:.2g} m (standard deviation), which the range holds."
    ]


def _within(low: float, middle: float, high: float) -> str:
    """A level with its range [m]; a range of a metre or more knows no centimetres."""
    decimals = 1 if high - low >= 1.0 else 2
    return f"{middle:.{decimals}f} m ({low:.{decimals}f} to {high:.{decimals}f} m, 8 in 10 chance)"


def describe_list(published: PublishedLevels, samples: Floats, return_periods: tuple[float, ...]) -> LevelBasis:
    """Summary, method and facts of a published list of levels.

    Args:
        samples: (S,) of the rarest level [m, region datum].
    """
    low, middle, high = np.quantile(samples, QUANTILES)
    summary = (
        f"About once in {return_periods[-1]:g} years the sea reaches {_within(low, middle, high)}, as published; no"
        " reading here was compared with it. Where lives depend on it, prepare for the upper number."
    )
    method = (
        f"Levels are those of {published.source}, from {published.periods[0]:g} to {published.periods[-1]:g} years."
    )
    if not published.states_bounds:
        method += " It states no bounds; the range is assumed, and wide."
    if return_periods[-1] > published.periods[-1] or return_periods[0] < published.periods[0]:
        method += " Levels beyond are carried on along the logarithm of the period, and are wider."
    facts: dict[str, Fact] = {
        "method": "published return levels",
        "record_years": 0.0,
        "states_bounds": published.states_bounds,
        "causes": "as published",
    }
    return LevelBasis(summary, method, facts)


def describe_assumed(found: AssumedExtremes, mean: float, return_periods: tuple[float, ...], tide: str) -> LevelBasis:
    """Summary, method and facts of levels that rest on no reading.

    Args:
        mean: assumed mean sea level [m, region datum].
        tide: where the tide is from, as a sentence.
    """
    low, middle, high = np.quantile(mean + found.levels[:, -1], QUANTILES)
    summary = (
        f"No reading of the sea was given. About once in {return_periods[-1]:g} years it may reach"
        f" {_within(low, middle, high)}: what other coasts have, which nothing here confirms. Where lives depend on it,"
        " prepare for the upper number, and read a gauge."
    )
    small, usual, large = found.spread
    cyclones = {
        "by the basin": "Cyclones count by number and size of simulated tracks of the basin, which were not observed.",
        "no tracks": "No cyclone tracks were given; where cyclones strike, rare levels may be higher still.",
    }.get(found.separation, "Cyclones pass, and their surges were not read: a heavier tail of all storms holds them.")
    method = (
        f"Levels rest on what surges do on other coasts: the spread of high waters about the tide is {usual:.2f} m"
        f" there ({small:.2f} to {large:.2f} m, 8 in 10 chance). {tide} {cyclones}"
    )
    facts: dict[str, Fact] = {
        "method": "prior of other coasts",
        "record_years": 0.0,
        "spread_of_skew_surges_m": found.spread,
        "cyclones_from_other_storms": found.separation,
        "causes": "cyclones and other storms" if found.separation == "by the basin" else "one population",
    }
    return LevelBasis(summary, method, facts)


def maxima_at_epoch(fit: ReturnLevelFit) -> Floats:
    """(N,) published annual maxima [m, region datum] as the same storms would reach in the reference year."""
    return np.asarray(fit.data[:, 0] + (fit.trend * (fit.reference_year - fit.years) if fit.trend else 0.0))


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
            f"The record holds {found.cyclones or 'no'} passages of cyclones that are known. Their number is that of"
            " the tracks of the basin, their size that of simulated tracks over a plain shelf, which were not observed,"
            f" times {middle:.2f} ({low:.2f} to {high:.2f})."
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
        f"{apart} Half of the samples take the cyclones' levels from the recorded passages alone, the other half from"
        " the form of simulated tracks of the basin over a plain shelf, which were not observed; a factor of"
        f" {middle:.2f} ({low:.2f} to {high:.2f}) fits these to the recorded ones."
    )


def _years(years: float) -> str:
    """A number of years with two digits."""
    if years >= 10_000:
        return "more than 10 000"
    digits = max(0, len(str(int(years))) - 2)
    return f"{round(years / 10**digits) * 10**digits:.0f}".replace(",", " ")
