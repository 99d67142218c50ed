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


@dataclass(frozen=True)
class MeanLevelTrend:
    """A straight line through the annual means of a gauge's residual.

    Attributes:
        rise: [m a-1]; 0 where the record is too short to tell.
        standard_error: of ``rise`` [m a-1]; NaN where none was fitted.
        epoch: year, with its fraction, to whose mean sea level `to_epoch` brings a record.
        years: annual means used.
    """

    rise: float
    standard_error: float
    epoch: float
    years: int

    @property
    def fitted(self) -> bool:
        """Whether the record was long enough."""
        return bool(np.isfinite(self.standard_error))

    def to_epoch(self, time: Times, level: Floats) -> Floats:
        """The levels (T,) [m] that the same storms would reach on the mean sea level of ``epoch``."""
        return np.asarray(level + self.rise * (self.epoch - decimal_year(time)))


def fit_mean_level_trend(time: Times, residual: Floats) -> MeanLevelTrend:
    """Trend of hourly residuals (T,) about the tide [m]; NaN = gap. The epoch is the last year's end of the record.

    Source: ordinary least squares on annual means; years are independent to a good approximation after the seasonal
    cycle, which is part of the tide, is removed.
    """
    seen = np.isfinite(residual)
    stamps = pd.DatetimeIndex(time[seen])
    epoch = float(decimal_year(time[-1:])[0])
    by_year = pd.Series(residual[seen]).groupby(np.asarray(stamps.year))
    means = by_year.mean()[by_year.size() >= WHOLE_YEAR * HOURS_PER_YEAR]
    if len(means) < FEWEST_YEARS:
        return MeanLevelTrend(0.0, float("nan"), epoch, len(means))
    year = means.index.to_numpy(dtype=float)
    centred, mean = year - year.mean(), means.to_numpy()
    squares = float(centred @ centred)
    rise = float(centred @ mean) / squares
    rest = mean - mean.mean() - rise * centred
    return MeanLevelTrend(rise, float(np.sqrt(rest @ rest / (len(means) - 2) / squares)), epoch, len(means))


def decimal_year(time: Times) -> Floats:
    """(T,) calendar year and its elapsed fraction."""
    stamps = pd.DatetimeIndex(time)
    start = stamps.values.astype("datetime64[Y]")
    length = (start + 1).astype("datetime64[s]") - start.astype("datetime64[s]")
    elapsed = (stamps.values - start) / np.timedelta64(1, "s")
    return np.asarray(stamps.year + elapsed / (length / np.timedelta64(1, "s")), dtype=float)
