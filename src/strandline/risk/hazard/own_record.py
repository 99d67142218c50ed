"""Return levels of a gauge's own record: trend, tide, cyclones and other storms, each by itself, then together."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.storms import Window
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.risk.hazard.extremes import require_record
from strandline.risk.hazard.high_waters import (
    HighWaters,
    find_daily_highest,
    find_high_waters,
    tide_is_large,
)
from strandline.risk.hazard.joint_probability import TideClasses, invert_rates, level_grid, tides_met
from strandline.risk.hazard.mean_level_trend import MeanLevelTrend, fit_mean_level_trend
from strandline.risk.hazard.simulated_cyclones import SimulatedCyclones
from strandline.risk.hazard.tail import FEWEST_PEAKS, cluster_peaks, fit_tails

EVENTS_PER_YEAR = 3.0
"""Independent peaks a year above the threshold; two to three as a rule (Lang et al. 1999, Journal of Hydrology 225,
103-117)."""
SEPARATION = np.timedelta64(72, "h")
"""Time without an exceedance after which the next belongs to another storm; a convention for surges, which last one to
three days."""
CYCLONE_SHARE = 0.5
"""Share of the recorded cyclones, the stronger ones, whose surges a tail is fitted to [-]; an assumption."""
FEWEST_CYCLONES = FEWEST_PEAKS + 1
"""Recorded cyclones from which they are fitted apart without simulated ones."""
CYCLONE_SHAPE = (0.2, 0.3)
"""Mean and deviation of the shape of the cyclones' tail before the data [-]: many weak and rare very strong passages
make a heavier tail than other weather. ASSUMPTION, chosen on tuning seeds of ``benchmarks.extremes``."""
SIMULATED_SHARE = 2
"""Of so many samples one takes the cyclones' levels from simulated ones, where the basin is known: neither two or three
severe recorded passages nor a plain shelf are believed alone."""
FEWEST_STORMS = 30
"""Storms below which no tail is fitted to weather without cyclones; a convention: estimates of the shape are erratic
for small samples (Hosking & Wallis 1987, Technometrics 29, 339-349)."""
LEAST_INDEX = 0.05
"""Smallest extremal index of high waters with small surges [-]: a spring tide is some ten days of high waters."""
FAILURE = 3
"""[h] Before or after the highest reading, within which a gap says that the gauge failed in the storm."""
HIGHEST_LEVEL = 30.0
"""End of the search for levels [m]; a sample beyond, which no sea reaches, is cut to it."""

Separation = Literal["no tracks", "too few cyclones", "by tracks"]


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
        separation: whether cyclones were separated from other storms, or why not.
        cyclones: whose passages have readings; 0 where there are no tracks.
        untracked_years: longest part of the record before the first or after the last passage [years].
        factor: p10, p50 and p90 of the factor on simulated surges [-]; ``None`` = no simulated cyclones were used.
        clustering: share of the high waters above a high level that belong to different storms, the extremal index [-].
        highest: greatest observed level, at the sea of the epoch [m above the stated mean sea level].
        highest_time: of that level.
        peaks: (N,) highest levels of the record's storms, about three a year, at the sea of the epoch [m above the
            stated mean sea level].
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


def estimate_from_record(
    gauge: GaugeHours,
    passages: list[Window] | None,
    simulated: SimulatedCyclones | None,
    return_periods: tuple[float, ...],
    n_samples: int,
    rng: np.random.Generator,
    epoch: float | None = None,
) -> RecordedExtremes:
    """Sample return levels from a gauge's record.

    The mean sea level's trend is taken out, so that every storm counts from the sea of ``epoch``. Where the tide is
    large, each high water is the predicted one plus a skew surge, two independent chances within a month (Williams et
    al. 2016); elsewhere the highest level of each tidal day is one. High waters during the passage of a cyclone and all
    others are two populations. The rates at which they exceed a level add up, so that the chances of a year without
    either are multiplied.

    Args:
        passages: windows in which a cyclone was near; ``None`` = unknown.
        simulated: cyclones of the basin; ``None`` = none are known. Used where the tide is large.
        return_periods: [years].
        n_samples: S.
        epoch: year, with its fraction, of whose sea the levels are; the end of the record when ``None``.

    Raises:
        RefusedByTheory: the record is too short for a period, or has too few peaks.

    Source: skew surge joint probability method with an extremal index, Batstone et al. (2013), Ocean Engineering 71,
        28-39; independence of tide and skew surge, Williams et al. (2016), Geophysical Research Letters 43, 6410-6417;
        addition of the rates of cyclones and other storms, Dullaart et al. (2021), Communications Earth & Environment
        2, 135.
    """
    require_record(gauge.years, return_periods)
    trend = fit_mean_level_trend(gauge.time, gauge.level - gauge.tide, epoch)
    level = trend.to_epoch(gauge.time, gauge.level)
    waters = find_high_waters(gauge.time, level, gauge.tide)
    apart, ratio = tide_is_large(waters)
    if not apart:
        waters = find_daily_highest(gauge.time, level)
    predicted = find_high_waters(gauge.tide_time, gauge.predicted, gauge.predicted) if apart else waters

    event = waters.within(passages or [])
    seen = np.unique(event[event >= 0]).size
    separation: Separation = "by tracks"
    if passages is None:
        separation = "no tracks"
    elif seen < FEWEST_CYCLONES:
        separation = "too few cyclones"
    if separation != "by tracks":
        event[:] = -1
    others = waters.where(event == -1)
    years = gauge.years
    grid = level_grid(float(np.median(others.tide + others.surge)), HIGHEST_LEVEL)
    rates, clustering = _other_rates(others, predicted, grid, years, n_samples, rng)
    factor: tuple[float, float, float] | None = None
    cyclone_rates = np.zeros_like(rates)
    if separation == "by tracks":
        exceedance, recorded = _cyclone_exceedance(waters, event, predicted, years, grid, n_samples, rng)
        if simulated is not None and apart:  # its surges need a tide to ride on
            factors = simulated.fit_factors(recorded, others.surge, n_samples, rng)
            low, middle, high = np.quantile(factors, [0.1, 0.5, 0.9])
            factor = (float(low), float(middle), float(high))
            replaced = slice(None, None, SIMULATED_SHARE)
            exceedance[replaced] = simulated.exceedance(factors[replaced], others.surge, grid, rng)
        cyclone_rates = rng.gamma(seen + 0.5, 1.0 / years, (n_samples, 1)) * exceedance
    together = rates + cyclone_rates
    levels = invert_rates(together, grid, return_periods)
    if trend.beyond:  # the trend's error grows with the years that no reading tells of
        levels = levels + (trend.standard_error * trend.beyond * rng.standard_normal(n_samples))[:, None]
    top = int(np.nanargmax(level))
    height = waters.tide + waters.surge
    storms = cluster_peaks(waters.time, height, _threshold(waters.time, height, EVENTS_PER_YEAR * years), SEPARATION)
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
    )


def _other_rates(
    others: HighWaters, predicted: HighWaters, grid: Floats, years: float, n_samples: int, rng: np.random.Generator
) -> tuple[Floats, float]:
    """(S, Z) expected storms a year above each level, without cyclones, and the extremal index of small surges.

    Raises:
        RefusedByTheory: fewer than ``FEWEST_STORMS``.
    """
    if round(EVENTS_PER_YEAR * years) < FEWEST_STORMS:
        raise RefusedByTheory(
            f"{years:.1f} years of readings hold too few storms for return levels; give at least"
            f" {FEWEST_STORMS / EVENTS_PER_YEAR:.0f} years, or the published record of a longer one"
        )
    threshold = _threshold(others.time, others.surge, EVENTS_PER_YEAR * years)
    peaks = cluster_peaks(others.time, others.surge, threshold, SEPARATION)
    tails = fit_tails(others.surge[peaks], threshold, years, n_samples, rng)
    tides = tides_met(others.surge, peaks, others.month[peaks], predicted.tide, predicted.month)
    storms = tails.rate[:, None] * tides.add(tails.exceedance(tides.surge_grid(grid)))  # (S, Z)
    small = np.zeros(grid.size)  # high waters a year whose surge stays below the threshold, by level
    for month in range(12):
        below = np.sort(others.surge[(others.month == month) & (others.surge <= threshold)])
        if below.size:
            of_month = TideClasses.of(predicted.tide[predicted.month == month])
            surges = of_month.surge_grid(grid)
            small += of_month.add((below.size - np.searchsorted(below, surges, side="right")) / years)
    # Successive high waters on a spring tide are one event: at a high level their rate is that of the observed storms.
    level = others.tide + others.surge
    anchor = _threshold(others.time, level, EVENTS_PER_YEAR * years)
    observed = cluster_peaks(others.time, level, anchor, SEPARATION).size
    by_storms, by_small = (float(np.interp(anchor, grid, row)) for row in (np.median(storms, axis=0), small))
    clustering = float(np.clip((observed / years - by_storms) / max(by_small, 1e-9), LEAST_INDEX, 1.0))
    counted = rng.gamma(observed, 1.0 / observed, (n_samples, 1))
    return storms + counted * clustering * small, clustering


def _untracked_years(time: Times, passages: list[Window]) -> float:
    """Longest time [years] from an end of the record to the nearest passage; 0 without any passage."""
    if not passages:
        return 0.0
    before, after = passages[0][0] - time[0], time[-1] - passages[-1][1]
    return max(float(max(before, after) / np.timedelta64(1, "h")) / HOURS_PER_YEAR, 0.0)


def _threshold(time: Times, height: Floats, events: float) -> float:
    """The height [m] that about ``events`` independent storms exceed."""
    low, high = float(np.median(height)), float(height.max())
    for _ in range(30):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cluster_peaks(time, height, middle, SEPARATION).size > events else (low, middle)
    return 0.5 * (low + high)


def _cyclone_exceedance(
    waters: HighWaters,
    event: Indices,
    predicted: HighWaters,
    years: float,
    grid: Floats,
    n_samples: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """(S, Z) chance [-] that a cyclone exceeds the levels, and the greatest skew surge (n,) [m] of each recorded one.

    The chance is as recorded below a threshold, with a tail above.

    Args:
        event: (N,) the cyclone of each high water; −1 = none.
    """
    along = np.where(event >= 0, waters.surge, -np.inf)
    order = np.lexsort((along, event))
    last = order[np.flatnonzero(np.diff(event[order], append=event.max() + 1))]  # the greatest surge of each event
    peak = last[event[last] >= 0]
    strongest = waters.surge[peak]
    ordered = np.sort(strongest)[::-1]
    fitted = max(FEWEST_PEAKS, round(CYCLONE_SHARE * ordered.size))
    threshold = float(0.5 * (ordered[fitted - 1] + ordered[fitted]))
    tails = fit_tails(strongest, threshold, years, n_samples, rng, CYCLONE_SHAPE)
    tides = tides_met(along, peak, waters.month[peak], predicted.tide, predicted.month)
    surges, below = tides.surge_grid(grid), ordered[ordered <= threshold][::-1]
    bulk = below.size - np.searchsorted(below, surges, side="right")
    exceedance = ((ordered.size - below.size) * tails.exceedance(surges) + bulk) / ordered.size
    return tides.add(exceedance), strongest
