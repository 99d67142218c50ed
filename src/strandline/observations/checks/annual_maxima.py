"""Published annual maxima against one another, and against the readings of the region's own gauge."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.findings import Finding

_LONGEST_GAP = 30.0
"""[years] Between two years of a list; longer ones are more often a typing error than a war."""
_OUTLIER = 2.0
"""Ratio of the highest to the next; among published records the great cyclones reach it. An assumption."""
_YEAR_HOURS, _LEAST_HOURS = 8766, 24 * 29
_SAME_UNIT, _SAME_UNIT_SHORT = 2.5, 4.0
"""Largest ratio of typical annual maxima above mean sea level, published to read: of a record with whole years, and of
a shorter one, which may have missed the season of storms. Metres taken for feet give 3.3, for decimetres 10."""
_SURPRISE = 0.5
"""[m] Of a reading above every maximum of a list that covers its year."""
_LEAST_HEIGHT = 0.1
"""[m] Above mean sea level; smaller ones cannot be compared."""


def doubts_about_maxima(years: Floats, levels: Floats, where: str) -> Iterator[Finding]:
    """Gaps and outliers of a list of annual maxima [m], years ascending."""
    gaps = np.diff(years)
    if gaps.size and gaps.max() > _LONGEST_GAP:
        before = years[int(gaps.argmax())]
        what = f"no maximum is known for {gaps.max() - 1:.0f} years after {before:.0f}"
        yield Finding(where, what, "check the years before and after the gap")
    if levels.size < 3:
        return
    order = np.argsort(levels)
    middle = float(np.median(levels))
    highest, second = levels[order[-1]] - middle, levels[order[-2]] - middle
    if highest > _OUTLIER * max(second, _LEAST_HEIGHT) and highest > 1.0:
        what = (
            f"the maximum of {years[order[-1]]:.0f}, {levels[order[-1]]:.2f} m, stands {highest:.1f} m above the median"
            f" of the maxima, the next {second:.1f} m"
        )
        yield Finding(where, what, "check it against its source: return levels rest on it")


def compare_maxima_with_readings(
    years: Floats, levels: Floats, time: Times, readings: Floats, mean_sea_level: float, where: str
) -> Iterator[Finding]:
    """Annual maxima in another unit, or of another place, than the readings.

    Args:
        years, levels: of the published maxima [m, region datum].
        time, readings: hourly record of the own gauge [m, region datum]; NaN = gap or flagged.
        mean_sea_level: at the gauge [m, region datum].
    """
    known = ~np.isnan(readings)
    if known.sum() < _LEAST_HOURS:
        return
    at, level = pd.DatetimeIndex(time[known]), readings[known]
    by_year = pd.Series(level).groupby(at.year).agg(["max", "size"])
    whole = by_year["max"].to_numpy()[by_year["size"].to_numpy() > 0.6 * _YEAR_HOURS]
    own = float(np.median(whole) if whole.size else level.max()) - mean_sea_level
    published = float(np.median(levels)) - mean_sea_level
    most = _SAME_UNIT if whole.size else _SAME_UNIT_SHORT
    if own < _LEAST_HEIGHT:
        return
    ratio = published / own
    if ratio > most or ratio < 1 / most:
        what = (
            f"the maxima lie {published:.2f} m above mean sea level in a typical year, those of the gauge's record"
            f" {own:.2f} m"
        )
        is_sure = ratio > most or whole.size > 0  # a short record may hold the storm of a century
        yield Finding(where, what, "check unit, offset_to_region_datum and the place of both", refuses=is_sure)
        return
    within = np.where(at.year <= years.max(), level, -np.inf)
    first = int(within.argmax())
    above = float(within[first] - levels.max())
    if above > _SURPRISE:
        what = (
            f"the gauge read {level[first]:.2f} m on {at[first]:%Y-%m-%d}, {above:.2f} m above the highest of the"
            f" annual maxima to {years.max():.0f}"
        )
        yield Finding(where, what, "check unit, offset_to_region_datum and the gauge's reading")
