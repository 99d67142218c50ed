"""Bounds of the residual in storms, all year and by season: what a forecast widens to when nothing is heard."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.storms import find_storms
from strandline.uncertainty.assimilation.spread_inflation import COVERAGE
from strandline.uncertainty.conformal import conformal_radius, storms_needed

BEFORE_HOURS, AFTER_HOURS = 36, 36
"""Hours before and after its peak that count as the storm."""
STORMS_A_YEAR = 6.0
"""Of which the bounds are taken, in a year; a quarter of them in a season."""
SEASON_MONTHS = 3
"""Length of the season around each month."""


def fit_storm_bounds(time: Times, residual: Floats) -> Floats:
    """(12, 2) bounds of the residual [m] in storms of each month's season; zeros if the record has too few storms.

    A season with too few storms of its own takes those of the whole year.

    Args:
        time: (T,) UTC, hourly; ``residual``: (T,) [m], NaN = no reading.
    """
    needed = storms_needed(COVERAGE)
    years = np.isfinite(residual).sum() / HOURS_PER_YEAR
    least = norm.ppf((1 + COVERAGE) / 2) * float(np.nanstd(residual))  # half-width of all weather
    whole_year = _bounds(time, residual, max(needed, round(STORMS_A_YEAR * years)), least)
    bounds = np.repeat(whole_year[None], 12, axis=0)
    month = time.astype("datetime64[M]").astype(int) % 12
    count = round(STORMS_A_YEAR * years * SEASON_MONTHS / 12)
    if count >= needed:
        for number in range(12):
            apart = (month - number + 6) % 12 - 6
            season = np.where(np.abs(apart) <= SEASON_MONTHS // 2, residual, np.nan)
            bounds[number] = _bounds(time, season, count, least)
    return bounds


def _bounds(time: Times, residual: Floats, count: int, least: float) -> Floats:
    peaks = [int(np.searchsorted(time, storm.peak)) for storm in find_storms(time, residual, count)]
    storms = [residual[max(peak - BEFORE_HOURS, 0) : peak + AFTER_HOURS + 1] for peak in peaks]
    try:
        below, above = conformal_sides([storm[np.isfinite(storm)] for storm in storms], least)
    except RefusedByTheory:
        return np.zeros(2)
    return np.array([-below, above])


def conformal_sides(deviations: Sequence[Floats], least: float) -> tuple[float, float]:
    """Distances below and above 0 within which a deviation of a new storm lies with the promised coverage.

    Their ratio is that of the empirical bounds of the deviations, one array a storm; none is below ``least``, above 0.

    Raises:
        RefusedByTheory: too few storms.
    """
    storms = [storm for storm in deviations if storm.size]
    if not storms:
        raise RefusedByTheory("no storm to take bounds from")
    pooled = np.concatenate(storms)
    weight = np.concatenate([np.full(storm.size, 1 / storm.size) for storm in storms])
    order = np.argsort(pooled)
    share = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    low, high = np.interp([(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], share, pooled[order])
    below, above = max(-float(low), least), max(float(high), least)
    radius = conformal_radius([np.maximum(storm / above, -storm / below) for storm in storms], COVERAGE)
    return max(radius * below, least), max(radius * above, least)
