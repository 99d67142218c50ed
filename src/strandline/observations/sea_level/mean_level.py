"""The mean sea level of a record."""

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.quality import DATUM_JUMP, flag_quality

EPOCH = 19
"""[years] Over which a mean sea level is taken, the lunar nodal cycle of 18.6 years (IOC Manuals and Guides 14)."""
_LEAST_HOURS = 0.5 * 8766
"""[h] Of readings below which no mean sea level is taken: half a year, so that the season shows."""


def mean_sea_level(time: Times, level: Floats) -> tuple[float, float, int, int] | None:
    """Mean level [m] of a record's last ``EPOCH`` years, its uncertainty [m], first and last year; ``None`` if short.

    The uncertainty is the deviation of the yearly means from one another, at least 0.02 m. Where the gauge's zero moves
    within the record, its longest part counts alone.

    Args:
        time, level: (T,) UTC and [m]; NaN = missing.
    """
    level = on_one_zero(time, level)
    known = ~np.isnan(level)
    if not known.any():
        return None
    step = float(np.median(np.diff(time[known]) / np.timedelta64(1, "h"))) if known.sum() > 1 else 0.0
    years = time.astype("datetime64[Y]").astype(int) + 1970
    chosen = known & (years > years[known][-1] - EPOCH)
    if chosen.sum() * step < _LEAST_HOURS:
        return None
    by_year = {int(year): level[chosen & (years == year)] for year in np.unique(years[chosen])}
    means = [float(values.mean()) for values in by_year.values() if values.size * step >= _LEAST_HOURS]
    deviation = float(np.std(means, ddof=1)) if len(means) > 1 else 0.1
    mean = float(level[chosen].mean())
    return round(mean, 3), round(max(deviation, 0.02), 3), min(by_year), max(by_year)


def on_one_zero(time: Times, level: Floats) -> Floats:
    """(T,) [m] the readings on the zero of the longest part of the record; NaN = missing, or on another one."""
    order = np.argsort(time, kind="stable")
    moved = np.zeros(level.shape, dtype=bool)
    moved[order] = (flag_quality(time[order], level[order]) & DATUM_JUMP) > 0
    return np.where(moved, np.nan, level)
