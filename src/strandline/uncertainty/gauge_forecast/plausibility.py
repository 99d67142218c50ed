"""Whether the newest readings of a gauge are such as the forecast of a day before allows."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.observations import Observations
from strandline.uncertainty.gauge_forecast.forecaster import GaugeForecaster

BEFORE_H = 24
"""Hours before the issue whose readings are compared, and lead of the forecast that they are compared with; an
assumption: a fault that began earlier has had a day to be seen."""
RANGE = (0.002, 0.998)
"""Levels of the range that a reading must leave."""
NEWEST = 3
"""Readings in a row that must leave it: one alone may be a ship."""
STUCK_H, STUCK_TIDE = 6, 0.1
"""Hours for which a gauge must read the same, and least range of the tide within them [m]."""
RESOLUTION = 0.0005
"""Half of the last digit of a reading [m]."""


@dataclass(frozen=True)
class Doubt:
    """A gauge whose newest readings are in doubt: it may be broken, or the sea does what it has not done before.

    Attributes:
        since: first reading in doubt, UTC.
        departure: of the newest from the nearer end of the range of a day before [m]; 0 = it reads the same for hours.
    """

    since: np.datetime64
    departure: float


def doubt_of(
    forecaster: GaugeForecaster, hour: np.datetime64, time: Times, level: Floats, weather: Observations | None
) -> Doubt | None:
    """Doubt about the readings of the last day; ``None`` = there is no reason for any, or too few readings to say.

    Args:
        hour: UTC, of issue; ``time``, ``level``: (T,) ascending hours and readings up to it [m, region datum].
        weather: as of `GaugeForecaster.forecast`.
    """
    hour = hour.astype("datetime64[ns]")
    before = hour - np.timedelta64(BEFORE_H, "h")
    read = np.isfinite(level) & (time <= hour)
    time, level = time[read], level[read]
    newest, values = time[time > before], level[time > before]
    if newest.size < NEWEST:
        return None
    issued = forecaster.forecast(np.array([before]), time[time <= before], level[time <= before], weather, RANGE)
    lead = ((newest - before) // np.timedelta64(1, "h")).astype(int)
    below, above = (issued.quantiles[share][0, lead] for share in RANGE)
    departure = np.where(values > above, values - above, np.where(values < below, values - below, 0.0))
    inside = np.flatnonzero(departure == 0)
    outside = int(inside[-1]) + 1 if inside.size else 0
    if newest.size - outside >= NEWEST:
        return Doubt(newest[outside], float(departure[-1]))
    other = np.flatnonzero(np.abs(values - values[-1]) > RESOLUTION)
    same = int(other[-1]) + 1 if other.size else 0
    moved = np.ptp(issued.tide[0, lead[same] : lead[-1] + 1])
    if lead[-1] - lead[same] >= STUCK_H and moved > STUCK_TIDE:
        return Doubt(newest[same], 0.0)
    return None
