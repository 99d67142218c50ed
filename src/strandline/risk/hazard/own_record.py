"""Return levels of a gauge's own record: trend, tide, cyclones and other storms, each by itself, then together."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import Window
from strandline.risk.hazard.cyclones.simulated_cyclones import SimulatedCyclones
from strandline.risk.hazard.mean_level_trend import MeanLevelTrend, fit_mean_level_trend
from strandline.risk.hazard.surges.high_waters import (
    find_daily_highest,
    find_high_waters,
    tide_is_large,
)
from strandline.risk.hazard.surges.joint_probability import invert_rates, level_grid
from strandline.risk.hazard.surges.regional_prior import EVENTS_PER_YEAR, WORLD, SurgePrior
from strandline.risk.hazard.surges.storm_rates import (
    CYCLONE_SHAPE,
    SEPARATION,
    cyclone_exceedance,
    other_rates,
    threshold_of,
)
from strandline.risk.hazard.surges.tail import FEWEST_PEAKS, cluster_peaks

FEWEST_CYCLONES = FEWEST_PEAKS + 1
"""Recorded cyclones from which they are fitted apart without simulated ones."""
SIMULATED_SHARE = 2
"""Of so many samples one takes the cyclones' levels from simulated ones, on a cyclone coast: neither two or three
severe recorded passages nor a plain shelf are believed alone."""
FEWEST_STORMS = 30
"""Storms below which a record updates the prior of its region instead of speaking alone; a convention: estimates of the
shape are erratic for small samples (Hosking & Wallis 1987, Technometrics 29, 339-349)."""
YEAR_TO_YEAR = 0.04
"""Deviation of the sea's annual mean between years [m]: the mean of a record of few years may be that much off. An
assumption; the order of what winds and ocean do to annual means."""
FAILURE = 3
"""[h] Before or after the highest reading, within which a gap says that the gauge failed in the storm."""
HIGHEST_LEVEL = 30.0
"""End of the search for levels [m]; a sample beyond, which no sea reaches, is cut to it."""

Separation = Literal["no tracks", "too few cyclones", "by tracks", "by the basin"]


@dataclass(frozen=True, eq=False)
class GaugeHours:
    """The hours of a gauge, and what the tide does there.

    Attributes:
        time: (T,) UTC, every hour.
        level: (T,) [m above the stated mean sea level]; NaN = gap.
        tide: (T,) predicted [m above the stated mean sea level].
        tide_time: (P,) hours of years of tide that a surge may meet.
        predicted: (P,) tide in them [m above the stated mean sea level].
    """

    time: Times
    level: Floats
    tide: Floats
    tide_time: Times
    predicted: Floats

    @property
    def years(self) -> float:
        """Observed time [years]."""
        return float(np.isfinite(self.level).sum()) / HOURS_PER_YEAR


@dataclass(frozen=True, eq=False)
class RecordedExtremes:
    """Return levels of a record, with what they rest on.

    Attributes:
        levels: (S, R) [m above the stated mean sea level, at the sea of the trend's epoch].
        trend: that was taken out.
        tide_apart: whether tide and surge were treated as two chances.
        tide_ratio: spread of the predicted high waters over that of the skew surges [-].
        separation: whether cyclones were separated from other storms, or why not. "By the basin": a record with too few
            cyclones takes number and size from those of the basin.
        cyclones: whose passages have readings; 0 where there are no tracks.
        untracked_years: longest part of the record before the first or after the last passage [years].
        factor: p10, p50 and p90 of the factor on simulated surges [-]; ``None`` = no simulated cyclones were used.
        simulated_from: what the simulated cyclones are, in words; empty = none were used.
        cyclones_a_year: that were expected by the basin [a-1]; 0 where the record reported their number.
        clustering: share of the high waters above a high level that belong to different storms, the extremal index [-].
        highest: greatest observed level, at the sea of the epoch [m above the stated mean sea level].
        highest_time: of that level.
        peaks: (N,) highest levels of the record's storms, about three a year, at the sea of the epoch [m above the
            stated mean sea level].
        updates_prior: whether the record is so short that it updates what is believed of any coast.
        gauge_failed: within ``FAILURE`` hours of the highest level, so that the sea may have been higher.
        highest_rate: (S,) expected events a year above it [a-1].
        share_of_cyclones: (R,) median share of the events above each level that are cyclones [-]; 0 where not apart.
    """

    levels: Floats
    record_years: float
    trend: MeanLevelTrend
    tide_apart: bool
    tide_ratio: float
    separation: Separation
    cyclones: int
    untracked_years: float
    factor: tuple[float, float, float] | None
    clustering: float
    highest: float
    highest_time: np.datetime64
    peaks: Floats
    highest_rate: Floats = field(repr=False)
    share_of_cyclones: Floats = field(repr=False)
    gauge_failed: bool = False
    updates_prior: bool = False
    simulated_from: str = ""
    cyclones_a_year: float = 0.0


def estimate_from_record(
    gauge: GaugeHours,
    passages: list[Window] | None,
    simulated: SimulatedCyclones | None,
    return_periods: tuple[float, ...],
    n_samples: int,
    rng: np.random.Generator,
    epoch: float | None = None,
    prior: SurgePrior = WORLD,
    *,
    is_observed: bool = True,
) -> RecordedExtremes:
    """Sample return levels from a gauge's record.

    The mean sea level's trend is taken out, so that every storm counts from the sea of ``epoch``. Where the tide is
    large, each high water is the predicted one plus a skew surge, two independent chances within a month (Williams et
    al. 2016); elsewhere the highest level of each tidal day is one. High waters during the passage of a cyclone and all
    others are two populations. The rates at which they exceed a level add up, so that the chances of a year without
    either are multiplied.

    A record with fewer than ``FEWEST_STORMS`` updates a prior of the tail. Where too few cyclones passed in a record,
    short or long, their number is that of the place's tracks or else of the basin, and their size that of simulated
    ones: thirty years without a cyclone do not say that none comes. Only a long record without any tracks is one
    population, since what in it was a cyclone is unknown.

    Args:
        passages: windows in which a cyclone was near, of all years that are known; ``None`` = unknown.
        simulated: cyclones of the basin; ``None`` = none are known.
        return_periods: [years].
        n_samples: S.
        epoch: year, with its fraction, of whose sea the levels are; the end of the record when ``None``.
        prior: of a short record.
        is_observed: whether the hours were read. If not, their courses count, and their number and size do not.

    Raises:
        RefusedByTheory: the record holds no whole tidal cycle.

    Source: skew surge joint probability method with an extremal index, Batstone et al. (2013), Ocean Engineering 71,
        28-39; independence of tide and skew surge, Williams et al. (2016), Geophysical Research Letters 43, 6410-6417;
        addition of the rates of cyclones and other storms, Dullaart et al. (2021), Communications Earth & Environment
        2, 135.
    """
    years = gauge.years
    updates_prior = not is_observed or is_short(years)
    trend = fit_mean_level_trend(gauge.time, gauge.level - gauge.tide, epoch)
    level = trend.to_epoch(gauge.time, gauge.level)
    waters = find_high_waters(gauge.time, level, gauge.tide)
    apart, ratio = tide_is_large(waters)
    if not apart:
        waters = find_daily_highest(gauge.time, level)
    if waters.surge.size < FEWEST_PEAKS:
        raise RefusedByTheory(
            f"{HOURS_PER_YEAR * years:.0f} hours of readings hold {waters.surge.size} whole tidal cycles; give a month"
            " or more, or leave the gauge out"
        )
    predicted = find_high_waters(gauge.tide_time, gauge.predicted, gauge.predicted) if apart else waters

    event = waters.within(passages if passages and is_observed else [])
    seen = np.unique(event[event >= 0]).size
    separation: Separation = "by tracks"
    if passages is None:
        separation = "no tracks"
    elif seen < FEWEST_CYCLONES:
        separation = "too few cyclones"
    if simulated is not None and not apart:
        simulated = simulated.without_tide()
    if separation != "by tracks" and simulated is not None and (updates_prior or passages is not None):
        separation = "by the basin"
    if separation in ("no tracks", "too few cyclones"):
        event[:] = -1
        if updates_prior and passages:
            prior = replace(prior, shape=CYCLONE_SHAPE)
    others = waters.where(event == -1)
    grid = level_grid(float(np.median(others.tide + others.surge)), HIGHEST_LEVEL)
    updated = (prior, is_observed) if updates_prior else None
    rates, clustering = other_rates(others, predicted, grid, years, n_samples, rng, updated)
    factor: tuple[float, float, float] | None = None
    by_the_basin = 0.0
    cyclone_rates = np.zeros_like(rates)
    if separation == "by tracks":
        exceedance, recorded = cyclone_exceedance(waters, event, predicted, years, grid, n_samples, rng)
        if simulated is not None:
            factors = simulated.fit_factors(recorded, others.surge, n_samples, rng)
            factor = _spread_of(factors)
            replaced = slice(None, None, SIMULATED_SHARE)
            exceedance[replaced] = simulated.exceedance(factors[replaced], others.surge, grid, rng)
        cyclone_rates = rng.gamma(seen + 0.5, 1.0 / years, (n_samples, 1)) * exceedance
    elif separation == "by the basin" and simulated is not None:
        recorded = np.array([waters.surge[event == index].max() for index in np.unique(event[event >= 0])])
        factors = simulated.fit_factors(recorded, others.surge, n_samples, rng)
        factor = _spread_of(factors)
        number, of_years = _passages_known(passages or [], simulated)
        by_the_basin = number / of_years
        yearly = rng.gamma(number, 1.0 / of_years, (n_samples, 1))
        cyclone_rates = yearly * simulated.exceedance(factors, others.surge, grid, rng)
    together = rates + cyclone_rates
    levels = invert_rates(together, grid, return_periods)
    if updates_prior:
        levels = levels + (YEAR_TO_YEAR / np.sqrt(max(years, 1.0)) * rng.standard_normal(n_samples))[:, None]
    if trend.beyond:  # the trend's error grows with the years that no reading tells of
        levels = levels + (trend.standard_error * trend.beyond * rng.standard_normal(n_samples))[:, None]
    top = int(np.nanargmax(level))
    height = waters.tide + waters.surge
    storms = cluster_peaks(waters.time, height, threshold_of(waters.time, height, EVENTS_PER_YEAR * years), SEPARATION)
    share = np.median(
        [
            [np.interp(z, grid, part) / max(float(np.interp(z, grid, whole)), 1e-12) for z in row]
            for row, part, whole in zip(levels, cyclone_rates, together, strict=True)
        ],
        axis=0,
    )
    return RecordedExtremes(
        levels=levels,
        record_years=years,
        trend=trend,
        tide_apart=apart,
        tide_ratio=ratio,
        separation=separation,
        cyclones=seen,
        untracked_years=_untracked_years(gauge.time, passages or []),
        factor=factor,
        clustering=clustering,
        highest=float(level[top]),
        highest_time=gauge.time[top],
        peaks=height[storms],
        highest_rate=np.array([np.interp(level[top], grid, row) for row in together]),
        share_of_cyclones=np.asarray(share),
        gauge_failed=bool(np.isnan(level[max(top - FAILURE, 0) : top + FAILURE + 1]).any()),
        updates_prior=updates_prior,
        simulated_from=simulated.source if simulated is not None and factor is not None else "",
        cyclones_a_year=by_the_basin,
    )


def is_short(years: float) -> bool:
    """Whether a record of so many observed years updates a prior instead of speaking alone."""
    return round(EVENTS_PER_YEAR * years) < FEWEST_STORMS


def _passages_known(passages: list[Window], simulated: SimulatedCyclones) -> tuple[float, float]:
    """How many cyclones passed in how many years: of the place's own tracks where there are some, else the basin's."""
    if len(passages) < FEWEST_CYCLONES:
        return simulated.number, simulated.number / simulated.per_year
    span = (passages[-1][1] - passages[0][0]) / np.timedelta64(1, "h") / HOURS_PER_YEAR
    return len(passages) - 1.0, float(span)  # so many waits


def _spread_of(factors: Floats) -> tuple[float, float, float]:
    """p10, p50 and p90."""
    low, middle, high = np.quantile(factors, [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)


def _untracked_years(time: Times, passages: list[Window]) -> float:
    """Longest time [years] from an end of the record to the nearest passage; 0 without any passage."""
    if not passages:
        return 0.0
    before, after = passages[0][0] - time[0], time[-1] - passages[-1][1]
    return max(float(max(before, after) / np.timedelta64(1, "h")) / HOURS_PER_YEAR, 0.0)
