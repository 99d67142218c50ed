"""Tide and surge apart: skew surges, and how high the sea comes when high water and surge meet by chance."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import kendalltau

from strandline.errors import InputError
from strandline.risk.extremes import ReturnLevelFit, fit_peaks_over_threshold, require_record, stretch
from strandline.tides import Floats, Times

OBSERVED_SHARE = 0.9
"""Of the hours of a tidal cycle that must be observed; its highest level may lie in a gap."""
TAIL_FROM = 0.975
"""Quantile of the skew surges above which a generalised Pareto tail holds. Source: Batstone et al. (2013)."""
STORM_HOURS = 72
"""Exceedances nearer than that belong to one storm."""


@dataclass(frozen=True, eq=False)
class SkewSurges:
    """What weather adds to each high water, whenever in its tidal cycle the sea stands highest.

    Attributes:
        time: (N,) of the predicted high waters, UTC.
        high_water: (N,) [m, datum of the tide].
        surge: (N,) highest observed level of the cycle − high water [m]; NaN = the cycle was not observed.
    """

    time: Times
    high_water: Floats
    surge: Floats

    @property
    def years(self) -> float:
        """Observed time [years], gaps not counted."""
        span = (self.time[-1] - self.time[0]) / np.timedelta64(1, "h") / 8766.0
        return float(span * np.isfinite(self.surge).mean())

    @property
    def cycles_a_year(self) -> float:
        """High waters in a year."""
        return float((self.time.size - 1) / ((self.time[-1] - self.time[0]) / np.timedelta64(1, "h") / 8766.0))


def skew_surges(time: Times, level: Floats, tide: Floats) -> SkewSurges:
    """Skew surge of every tidal cycle, from low water to low water.

    Unlike the hourly residual it takes no difference in time between tide and sea for weather. Hourly readings miss the
    very top of both, on a semidiurnal tide of 1 m by some 3 cm, and alike.

    Args:
        time: (T,) UTC, evenly spaced.
        level: (T,) observed [m]; NaN = not observed.
        tide: (T,) predicted [m, same datum], without a gap.

    Raises:
        InputError: series that do not match, a tide with a gap, or fewer than two high waters.

    Source: de Vries et al. (1995); Williams et al. (2016), Geophysical Research Letters 43.
    """
    if not time.shape == level.shape == tide.shape or not np.isfinite(tide).all():
        given = f"{time.shape} times, {level.shape} levels, {tide.shape} tides, {int(np.isnan(tide).sum())} of them NaN"
        raise InputError("skew surges", given, "give a level and a predicted tide for each hour")
    rising = np.diff(tide) > 0
    top, bottom = (1 + np.flatnonzero(turns) for turns in (rising[:-1] & ~rising[1:], ~rising[:-1] & rising[1:]))
    top = top[(top > bottom[0]) & (top < bottom[-1])] if bottom.size else top[:0]
    if top.size < 2:
        raise InputError("skew surges", f"the tide has {top.size} whole cycles", "give days of a tide that moves")
    after = np.searchsorted(bottom, top)
    surge = np.full(top.size, np.nan)
    for number, (first, last) in enumerate(zip(bottom[after - 1], bottom[after], strict=True)):
        cycle = level[first : last + 1]
        seen = np.isfinite(cycle)
        if seen.mean() >= OBSERVED_SHARE:
            surge[number] = cycle[seen].max() - tide[top[number]]
    return SkewSurges(time[top], tide[top], surge)


@dataclass(frozen=True, eq=False)
class TideAndSurge:
    """The chance of each level at a high water, when its surge does not know of its tide.

    Attributes:
        high_water: (N,) of all tides that may come [m].
        surge: (M,) skew surges below the tail, in order [m].
        tail: of those above.
        storms: share of the exceedances that are the highest of their storm [-], the extremal index.
        cycles_a_year: high waters in a year.
    """

    high_water: Floats
    surge: Floats
    tail: ReturnLevelFit
    storms: float
    cycles_a_year: float

    def chance_below(self, level: float) -> float:
        """That a high water stays below a level [m]."""
        room = level - self.high_water
        body = np.searchsorted(self.surge, room, side="right") / self.surge.size * TAIL_FROM
        excess = np.maximum(room - self.tail.location, 0.0) / self.tail.scale
        reached = np.maximum(1 + self.tail.shape * excess, 0.0)
        above = np.exp(-excess) if abs(self.tail.shape) < 1e-9 else reached ** (-1 / self.tail.shape)
        return float(np.where(room > self.tail.location, 1 - (1 - TAIL_FROM) * above, body).mean())

    def level(self, return_period: float) -> float:
        """Reached once in so many years in the mean [m], the datum of the tide.

        Args:
            return_period: [years], above 1.
        """
        if not return_period > 1:
            raise InputError("return period", f"is {return_period:g} years", "give more than one year")
        allowed = np.log1p(-1 / return_period) / (self.cycles_a_year * self.storms)  # log chance at one high water
        least = float(self.high_water.min() + self.surge[0])
        most = float(self.high_water.max() + self.tail.location)
        growth = np.array([-np.log(-allowed) + 10.0])
        most += float(self.tail.scale * stretch(growth, self.tail.shape)[0])
        return float(brentq(lambda z: np.log(max(self.chance_below(z), 1e-300)) - allowed, least, most + 1e-6))


def combine(skew: SkewSurges, high_water: Floats, return_periods: tuple[float, ...], *, source: str) -> TideAndSurge:
    """Put every surge on every tide: the sea's worst tide need not have met its worst surge while somebody measured.

    So a few decades, or years, of record say more of rare levels than their few annual maxima do, where the tide is
    large.

    Args:
        skew: surges of the record.
        high_water: (N,) predicted high waters of the years that are asked about [m]; whole nodal cycles of 18.6 years.
        return_periods: [years] that will be asked of the result.
        source: of the record, for refusals.

    Raises:
        RefusedByTheory: a record too short for the periods, or too few surges for a tail.

    Source: skew surge joint probability method, Batstone et al. (2013), Ocean Engineering 71; independence of both,
    Williams et al. (2016).
    """
    require_record(skew.years, return_periods, "peaks_over_threshold")
    seen = np.isfinite(skew.surge)
    surge, time = skew.surge[seen], skew.time[seen]
    threshold = float(np.quantile(surge, TAIL_FROM))
    above = np.flatnonzero(surge > threshold)
    storm = np.cumsum(np.diff(time[above], prepend=time[above[0]]) > np.timedelta64(STORM_HOURS, "h"))
    peaks = np.array([surge[above[storm == number]].max() for number in range(storm[-1] + 1)])
    tail = fit_peaks_over_threshold(peaks, threshold, skew.years, source=source)
    body = np.sort(surge[surge <= threshold])
    return TideAndSurge(high_water, body, tail, peaks.size / above.size, skew.cycles_a_year)


def independence(skew: SkewSurges) -> float:
    """Kendall's τ between high water and skew surge [-]: `combine` holds where it is near 0."""
    seen = np.isfinite(skew.surge)
    return float(kendalltau(skew.high_water[seen], skew.surge[seen]).statistic)
