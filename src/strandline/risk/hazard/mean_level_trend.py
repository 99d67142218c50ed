"""The trend of mean sea level in a record, so that old and new storms count from the same sea."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR

FEWEST_YEARS = 10
"""Annual means below which no trend is taken out: in shorter records, the weather of single years is larger than the
rise. A convention; Douglas (1991, Journal of Geophysical Research 96, 6981-6992) asks for far more to state a trend."""
WHOLE_YEAR = 0.7
"""Share of a calendar year's hours from which its mean counts [-]; an assumption."""
GLOBAL_RISE_ERROR = 0.0003
"""[m a-1] Standard deviation of the rise of the global mean from 2006 to 2018, very likely 3.2 to 4.2 mm a year."""
_RATES = ((1901, 0.0013), (1971, 0.0019), (2006, 0.0037))
"""Year → rise of the global mean from then on [m a-1] (IPCC AR6 WG1, SPM A.1.7). The last one, observed until 2018, is
taken to go on: an assumption, on the low side."""


@dataclass(frozen=True)
class MeanLevelTrend:
    """A straight line through the annual means of a gauge's residual.

    Attributes:
        rise: [m a-1]; that of the global mean over the record and until ``epoch`` where it is too short to tell.
        standard_error: of ``rise`` [m a-1].
        epoch: year, with its fraction, to whose mean sea level `to_epoch` brings a record.
        years: annual means used.
        fitted: whether the record was long enough.
        beyond: years from the record's end to ``epoch``.
    """

    rise: float
    standard_error: float
    epoch: float
    years: int
    fitted: bool
    beyond: float

    def to_epoch(self, time: Times, level: Floats) -> Floats:
        """The levels (T,) [m] that the same storms would reach on the mean sea level of ``epoch``."""
        return np.asarray(level + self.rise * (self.epoch - decimal_year(time)))


def fit_mean_level_trend(time: Times, residual: Floats, epoch: float | None = None) -> MeanLevelTrend:
    """Trend of hourly residuals (T,) about the tide [m]; NaN = gap.

    Args:
        epoch: year to whose sea levels are brought; the end of the record when ``None``.

    Source: ordinary least squares on annual means; years are independent to a good approximation after the seasonal
    cycle, which is part of the tide, is removed.
    """
    seen = np.isfinite(residual)
    stamps = pd.DatetimeIndex(time[seen])
    end = float(decimal_year(time[-1:])[0])
    epoch = end if epoch is None else epoch
    by_year = pd.Series(residual[seen]).groupby(np.asarray(stamps.year))
    means = by_year.mean()[by_year.size() >= WHOLE_YEAR * HOURS_PER_YEAR]
    if len(means) < FEWEST_YEARS:
        start = float(decimal_year(time[:1])[0])
        rise = global_mean_rise(start, epoch) / (epoch - start)
        return MeanLevelTrend(rise, GLOBAL_RISE_ERROR, epoch, len(means), False, epoch - end)
    year = means.index.to_numpy(dtype=float)
    centred, mean = year - year.mean(), means.to_numpy()
    squares = float(centred @ centred)
    rise = float(centred @ mean) / squares
    rest = mean - mean.mean() - rise * centred
    error = float(np.sqrt(rest @ rest / (len(means) - 2) / squares))
    return MeanLevelTrend(rise, error, epoch, len(means), True, epoch - end)


def global_mean_rise(start: float, end: float) -> float:
    """Rise of the global mean sea level between two years [m]; a stand-in where none was measured at the place."""
    years = np.array([_RATES[0][0] - 100.0, *(year for year, _ in _RATES[1:]), 2200.0])
    heights = np.concatenate([[0.0], np.cumsum([rate for _, rate in _RATES] * np.diff(years))])
    return float(np.interp(end, years, heights) - np.interp(start, years, heights))


def decimal_year(time: Times) -> Floats:
    """(T,) calendar year and its elapsed fraction."""
    stamps = pd.DatetimeIndex(time)
    start = stamps.values.astype("datetime64[Y]")
    length = (start + 1).astype("datetime64[s]") - start.astype("datetime64[s]")
    elapsed = (stamps.values - start) / np.timedelta64(1, "s")
    return np.asarray(stamps.year + elapsed / (length / np.timedelta64(1, "s")), dtype=float)
