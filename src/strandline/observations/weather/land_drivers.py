"""Rain and rivers of the past as hourly records, for statistics and simulations of what has been; no forecast."""

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.observations import Observations
from strandline.observations.weather.known_rivers import between_readings
from strandline.observations.weather.known_weather import known_weather_at

RAIN_HOURS = 24
"""A day's rain is the sum of so many hours [h]."""
_LATER = np.timedelta64(30, "D")
"""After the last hour, when any analysis could be had."""


def has_rain(observations: Observations) -> bool:
    """Whether the rain of the past is known."""
    return observations.weather is not None and "rain" in observations.weather


def hourly_rain(observations: Observations, hours: Times) -> Floats | None:
    """(T,) rain at the region's centre [mm h-1] at hours (T,), by the analyses; NaN = gap, ``None`` = none is known."""
    if not has_rain(observations):
        return None
    late = hours[-1:] + _LATER
    past = ((hours - late) / np.timedelta64(1, "h")).astype(np.int64)
    return np.asarray(known_rain(observations, late, past)[0])


def known_rain(observations: Observations, issue: Times, hours: Indices) -> Floats:
    """(B, H) rain at the region's centre [mm h-1], mean over members, as known at each issue (B,); NaN = not known.

    Rain that floods falls on the land; wind and pressure are taken at the sea.
    """
    longitude, latitude = (np.array([degrees]) for degrees in observations.region.centre_lonlat)
    known = known_weather_at(observations, issue, hours, longitude, latitude, ("rain",))
    return np.asarray(known.values[..., 0, 0].mean(axis=2))


def rain_of_a_day(rain: Floats) -> Floats:
    """(T,) rain of the ``RAIN_HOURS`` up to each hour [mm], from hourly rain (T,); NaN where an hour is missing.

    Hours before the first count as missing.
    """
    gap = np.isnan(rain)
    total = np.cumsum(np.concatenate([np.zeros(RAIN_HOURS), np.where(gap, 0.0, rain)]))
    missing = np.cumsum(np.concatenate([np.ones(RAIN_HOURS), gap]))
    day = total[RAIN_HOURS:] - total[:-RAIN_HOURS]
    return np.where(missing[RAIN_HOURS:] > missing[:-RAIN_HOURS], np.nan, day)


def hourly_discharge(observations: Observations, hours: Times) -> Floats | None:
    """(R, T) discharge [m3 s-1] of each of `discharging_rivers` at hours (T,), between readings; NaN = gap."""
    rivers = discharging_rivers(observations)
    if rivers is None:
        return None
    known = np.apply_along_axis(between_readings, 1, rivers["discharge"].values.astype(np.float64))
    return np.asarray(rivers["discharge"].copy(data=known).reindex(time=hours).values)


def discharging_rivers(observations: Observations) -> xr.Dataset | None:
    """The rivers whose discharge is known, not their level alone; ``None`` = there is none."""
    if observations.river is None or "discharge" not in observations.river:
        return None
    known = observations.river["discharge"].notnull().any("time").values
    return observations.river.isel(river=np.flatnonzero(known)) if known.any() else None


def land_drivers(observations: Observations, hours: Times) -> dict[str, Floats]:
    """``rain`` of the last day [mm] and ``river``, the discharge of all rivers [m3 s-1], (T,) each, where known."""
    rain, discharge = hourly_rain(observations, hours), hourly_discharge(observations, hours)
    found = {} if rain is None else {"rain": rain_of_a_day(rain)}
    return found if discharge is None else found | {"river": discharge.sum(axis=0)}
