"""Daily means of the weather at a coast, as they were known at an hour of issue."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.weather.known_weather import HOUR, known_weather_at

DAYS_BEFORE = 3
"""Days before that of the issue."""
LATTICE = np.arange(-2.0, 3.0)
"""Places around the sea point at which the extremes of a day are looked for, eastwards and northwards [degrees]."""
_CENTRE = LATTICE.size**2 // 2
_ISSUES_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class DailyWeather:
    """Days before and after B hours of issue.

    Attributes:
        values: (B, D, 5) pressure at the sea point [hPa − 1013], onshore and alongshore wind there, lowest pressure and
            strongest wind of ``LATTICE`` [m s-1]; each is a mean over the UTC day and over the members. 0 where not
            ``seen``.
        seen: (B, D) whether every hour of the day was known at the issue.
        hours: (B, D) from the issue to noon of the day [h].
    """

    values: Floats
    seen: Mask
    hours: Floats


def daily_weather(observations: Observations, issue: Times, days: int) -> DailyWeather:
    """The weather of ``days`` days, of which the first is ``DAYS_BEFORE`` before the day of the issue (B,).

    The coast faces the direction from the region's centre to its sea point.
    """
    midnight = issue.astype("datetime64[D]")
    day = midnight[:, None] + np.arange(-DAYS_BEFORE, days - DAYS_BEFORE)  # (B, D)
    parts = np.array_split(issue.astype("datetime64[ns]"), max(1, -(-issue.size // _ISSUES_AT_ONCE)))
    fields = np.concatenate([_daily_fields(observations, part, days) for part in parts])  # (B, D, P, V)
    pressure, east, north = np.moveaxis(fields, -1, 0)  # (B, D, P) each
    inland = _inland(observations)
    onshore = east[..., _CENTRE] * inland[0] + north[..., _CENTRE] * inland[1]
    alongshore = north[..., _CENTRE] * inland[0] - east[..., _CENTRE] * inland[1]
    departure = pressure / 100 - 1013.0
    values = np.stack(
        [departure[..., _CENTRE], onshore, alongshore, departure.min(axis=2), np.hypot(east, north).max(axis=2)], axis=2
    )
    seen = ~np.isnan(values).any(axis=2)
    return DailyWeather(
        np.where(seen[..., None], values, 0.0), seen, (day.astype("datetime64[h]") - issue[:, None]) / HOUR + 12.0
    )


def _daily_fields(observations: Observations, issue: Times, days: int) -> Floats:
    """(B, D, P, V) means over each UTC day and the members; NaN where an hour of the day was not known."""
    longitude, latitude = observations.region.sea_point_lonlat
    east, north = (grid.ravel() for grid in np.meshgrid(longitude + LATTICE, latitude + LATTICE))
    first = -24 * DAYS_BEFORE - 23
    hours = np.arange(first, 24 * (days - DAYS_BEFORE))
    known = known_weather_at(observations, issue, hours, east, np.clip(north, -90.0, 90.0)).values.mean(axis=2)
    hour_of_day = ((issue - issue.astype("datetime64[D]")) / HOUR).astype(np.int64)
    start = -24 * DAYS_BEFORE - hour_of_day - first  # (B,)
    at = start[:, None] + np.arange(24 * days)
    hourly = known[np.arange(issue.size)[:, None], at]  # (B, 24 D, P, V)
    return np.asarray(hourly.reshape(issue.size, days, 24, *hourly.shape[2:]).mean(axis=2))


def _inland(observations: Observations) -> npt.NDArray[np.float64]:
    """Unit vector eastwards and northwards from the sea point to the region's centre."""
    region = observations.region
    left, bottom, right, top = region.bounds
    inland = np.array([(left + right) / 2 - region.sea_point[0], (bottom + top) / 2 - region.sea_point[1]])
    return np.asarray(inland / np.hypot(*inland))
