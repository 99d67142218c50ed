"""Rise of the sea level at gauges by the low pressure of cyclones, from their tracks as known at each hour."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.weather.coastal_response import inverse_barometer
from strandline.observations.weather.cyclone_fields import (
    AMBIENT_PRESSURE,
    EARTH_RADIUS,
    KNOT,
    Cyclone,
    cyclone_fields,
    holland_peakedness,
    median_radius_of_maximum_wind,
    offset_metres,
    pressure_drop,
)

FIX_HOURS = 6
"""Interval of the fixes of a track [h]; a storm without a newer fix has ended."""
LEAST_WIND = 15 * KNOT
"""Wind of a storm without any wind record [m s-1]."""


def pressure_rise(storms: xr.Dataset, time: Times, positions: Sequence[tuple[float, float]], hours: range) -> Floats:
    """(P, T, H) rise of the sea [m] by the inverse barometer at hours before and after each issue.

    The track is linear between the fixes up to the issue, and keeps its course, speed and strength from the last one
    on; later fixes are not used. A storm counts until `FIX_HOURS` after its last fix.

    Args:
        storms: fixes (`read_tracks`), those of each storm ordered by time.
        time: (T,) hours of issue, consecutive, UTC.
        positions: longitude and latitude of P gauges [degrees].
        hours: H consecutive hours relative to the issue; negative = before it.

    Raises:
        InputError: hours of issue that are not consecutive.

    Source: pressure of a cyclone, Holland (1980); 1 cm per hPa.
    """
    if time.size > 1 and (np.diff(time) != np.timedelta64(1, "h")).any():
        raise InputError("hours of issue", "are not consecutive", "give every hour")
    rise = np.zeros((len(positions), time.size, len(hours)))
    longitude, latitude = np.array(positions, dtype=float).T
    issues = time.astype("datetime64[h]").astype(np.int64)
    for name in np.unique(storms["storm"].values):
        storm = storms.isel(fix=storms["storm"].values == name)
        fixes = storm["time"].values.astype("datetime64[h]").astype(np.int64)
        if fixes[-1] + FIX_HOURS <= issues[0] or fixes[0] > issues[-1]:
            continue
        for number, fix in enumerate(fixes):
            until = fixes[number + 1] if number + 1 < len(fixes) else fix + FIX_HOURS
            issued = np.flatnonzero((issues >= fix) & (issues < min(until, fix + FIX_HOURS)))
            if issued.size:
                span = np.arange(fix + hours[0], fix + FIX_HOURS + hours[-1] + 1)
                raised = _rise_of_storm(
                    storm.isel(fix=slice(0, number + 1)), fixes[: number + 1], span, longitude, latitude
                )
                first = issues[issued] - fix  # [h] since the fix
                rise[:, issued] += raised[:, first[:, None] + np.arange(len(hours))]
    return rise


def _rise_of_storm(
    past: xr.Dataset, fixes: npt.NDArray[np.int64], span: npt.NDArray[np.int64], longitude: Floats, latitude: Floats
) -> Floats:
    """(P, L) rise [m] in the hours of a span, from the fixes of one storm up to the issue."""
    east, north = _kilometres(past)
    inside = np.clip(span, None, fixes[-1]).astype(float)
    at_east, at_north = np.interp(inside, fixes, east), np.interp(inside, fixes, north)
    ahead = np.maximum(span - fixes[-1], 0)
    if len(fixes) > 1:
        step = fixes[-1] - fixes[-2]
        at_east = at_east + ahead * (east[-1] - east[-2]) / step
        at_north = at_north + ahead * (north[-1] - north[-2]) / step
    here = float(past["longitude"].values[-1]), float(past["latitude"].values[-1])
    centre_latitude = np.clip(here[1] + np.rad2deg(1000 * at_north / EARTH_RADIUS), -89.0, 89.0)
    middle = np.cos(np.deg2rad(0.5 * (centre_latitude + here[1])))
    centre_longitude = here[0] + np.rad2deg(1000 * at_east / (EARTH_RADIUS * middle))
    drop = np.interp(inside, fixes, _drop(past))
    wind = np.interp(inside, fixes, _wind(past))
    speed = 1000 * np.hypot(np.gradient(at_east), np.gradient(at_north)) / 3600  # [m s-1]
    cyclone = Cyclone(
        centre_longitude,
        centre_latitude,
        AMBIENT_PRESSURE - drop,
        np.full(span.shape, AMBIENT_PRESSURE),
        median_radius_of_maximum_wind(drop, centre_latitude),
        holland_peakedness(wind, drop, speed),
        np.zeros(span.shape),
        np.zeros(span.shape),
    )
    deficit, _, _ = cyclone_fields(cyclone, longitude, latitude)  # (L, P)
    there: Floats = inverse_barometer(deficit).T * (span >= fixes[0])
    return there


def _kilometres(past: xr.Dataset) -> tuple[Floats, Floats]:
    """(N,) distance of each fix east and north of the newest one [km]."""
    longitude, latitude = past["longitude"].values, past["latitude"].values
    longitude = longitude[-1] + (longitude - longitude[-1] + 180) % 360 - 180
    east, north = offset_metres(longitude, latitude, longitude[-1:], latitude[-1:])
    return east / 1000, north / 1000


def _wind(past: xr.Dataset) -> Floats:
    """(N,) maximum wind [m s-1]; from the pressure where it is missing, `LEAST_WIND` where both are missing."""
    pressure = past["central_pressure"].values
    of_pressure = KNOT * 6.7 * (np.maximum(AMBIENT_PRESSURE - pressure, 0.0) / 100) ** 0.644
    recorded = past["maximum_wind"].values
    wind = np.where(np.isfinite(recorded), recorded, np.where(np.isfinite(pressure), of_pressure, LEAST_WIND))
    return np.maximum(wind, LEAST_WIND)


def _drop(past: xr.Dataset) -> Floats:
    """(N,) ambient minus central pressure [Pa]; from the wind where the pressure is missing."""
    pressure = past["central_pressure"].values
    drop: Floats = np.where(np.isfinite(pressure), AMBIENT_PRESSURE - pressure, pressure_drop(_wind(past)))
    return np.maximum(drop, 0.0)
