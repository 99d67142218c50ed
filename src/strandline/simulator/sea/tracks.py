"""Random cyclone tracks from the climatology of a basin."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.observations.arrays import Floats
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.cyclone_fields import (
    AMBIENT_PRESSURE,
    EARTH_RADIUS,
    KNOT,
    Cyclone,
    holland_peakedness,
    median_radius_of_maximum_wind,
    pressure_drop,
    spread_of_radius,
)
from strandline.simulator.sea.cyclone_climate.processes.landfall import BACKGROUND_WIND, DECAY_RATE

Basin = Literal["bay_of_bengal", "mekong"]

PASSING_DISTANCE = 400_000.0
"""Greatest distance [m] of closest approach of a storm to the site."""
INFLUENCE_DISTANCE = 1_200_000.0
"""Fixes beyond this distance [m] are dropped: a cyclone there is below the noise."""
HOURS_BEFORE, HOURS_AFTER = 96, 48


@dataclass(frozen=True)
class Climatology:
    """Statistics of the storms of 1980-2024 that passed within 400 km of a site.

    Derived from IBTrACS (NOAA; JTWC 1-minute winds, 6-hourly): all tracks whose nearest fix lies within 400 km of
    22.2 N 91.0 E (62 storms) and of 9.8 N 106.8 E (63 storms); heading and speed over the 24 h around that fix,
    wind = maximum of each storm within 400 km.

    Attributes:
        storms_per_year: mean of a Poisson distribution.
        storms_by_month: counts, January to December.
        heading: circular mean and standard deviation [degrees clockwise from north].
        log_speed: mean and standard deviation of ln(translation speed / (m s-1)).
        wind_levels: maximum 1-minute wind [kt] at the probabilities ``WIND_PROBABILITIES``.
    """

    storms_per_year: float
    storms_by_month: tuple[int, ...]
    heading: tuple[float, float]
    log_speed: tuple[float, float]
    wind_levels: tuple[float, ...]


WIND_PROBABILITIES = (0.0, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 1.0)
CLIMATOLOGIES: dict[Basin, Climatology] = {
    "bay_of_bengal": Climatology(
        62 / 45,
        (0, 1, 0, 2, 18, 4, 2, 2, 5, 12, 12, 4),
        (21.7, 34.3),
        (1.65, 0.51),
        (15, 30, 40, 50, 65, 114, 130, 140),
    ),
    "mekong": Climatology(
        63 / 45,
        (4, 1, 1, 1, 1, 0, 0, 0, 0, 9, 29, 17),
        (266.7, 27.4),
        (1.54, 0.44),
        (15, 20, 25, 30, 45, 59, 65, 95),
    ),
}


@dataclass(frozen=True)
class Track:
    """One storm, hourly.

    Attributes:
        name: unique within a record.
        time: UTC, hourly (T,).
        cyclone: state (T,).
        maximum_wind: 1-minute sustained [m s-1] (T,).
    """

    name: str
    time: npt.NDArray[np.datetime64]
    cyclone: Cyclone
    maximum_wind: Floats


def draw_tracks(
    basin: Basin,
    longitude: float,
    latitude: float,
    seaward_direction: float,
    start: np.datetime64,
    years: float,
    rng: np.random.Generator,
) -> list[Track]:
    """Draw the storms of some years near a site, in order of time.

    Each moves on a straight line, at a distance drawn uniformly within 400 km on either side. It intensifies until
    closest approach or landfall and decays over land (Kaplan and DeMaria 1995). The coast is a straight line through
    the site.

    Args:
        longitude, latitude: of the site [degrees].
        seaward_direction: direction that its coast faces [degrees clockwise from north].
        start: first hour of the record.
    """
    climate = CLIMATOLOGIES[basin]
    whole_years = int(np.ceil(years)) + 1
    months = np.array(climate.storms_by_month) / sum(climate.storms_by_month)
    first_year = pd.Timestamp(start).year
    nearest: list[np.datetime64] = []
    for year in range(first_year, first_year + whole_years):
        for month in rng.choice(12, size=rng.poisson(climate.storms_per_year), p=months):
            hour = int(rng.integers(0, 30 * 24))
            nearest.append(np.datetime64(f"{year}-{month + 1:02d}-01", "h") + np.timedelta64(hour, "h"))
    end = start + np.timedelta64(round(years * HOURS_PER_YEAR), "h")
    tracks = [
        _draw_track(climate, f"simulated-{number + 1:04d}", hour, longitude, latitude, seaward_direction, rng)
        for number, hour in enumerate(sorted(nearest))
    ]
    return [track for track in tracks if track.time[-1] > start and track.time[0] < end]


def tracks_within(
    tracks: list[Track], first: np.datetime64, hours: int
) -> Iterator[tuple[Track, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Tracks that overlap the record, with the indices of the common hours in the record and in the track."""
    for track in tracks:
        hour = (track.time.astype("datetime64[h]") - first).astype(np.int64)
        inside = np.flatnonzero((hour >= 0) & (hour < hours))
        if inside.size:
            yield track, hour[inside], inside


def _draw_track(
    climate: Climatology,
    name: str,
    nearest: np.datetime64,
    longitude: float,
    latitude: float,
    seaward_direction: float,
    rng: np.random.Generator,
) -> Track:
    heading = np.deg2rad(rng.normal(*climate.heading))
    speed = float(np.clip(rng.lognormal(*climate.log_speed), 1.5, 12.0))
    aside = rng.uniform(-PASSING_DISTANCE, PASSING_DISTANCE)
    peak_wind = KNOT * float(np.interp(rng.random(), WIND_PROBABILITIES, climate.wind_levels))
    size_deviate = rng.standard_normal()

    hours = np.arange(-HOURS_BEFORE, HOURS_AFTER + 1)
    forward = speed * 3600.0 * hours
    east = forward * np.sin(heading) + aside * np.cos(heading)
    north = forward * np.cos(heading) - aside * np.sin(heading)
    centre_latitude = latitude + np.rad2deg(north / EARTH_RADIUS)
    middle = np.deg2rad(0.5 * (centre_latitude + latitude))
    centre_longitude = longitude + np.rad2deg(east / (EARTH_RADIUS * np.cos(middle)))

    facing = np.deg2rad(seaward_direction)
    seaward = east * np.sin(facing) + north * np.cos(facing)
    wind = _intensity(hours, peak_wind, seaward < 0)
    drop = pressure_drop(wind)
    size = median_radius_of_maximum_wind(drop, centre_latitude) * np.exp(spread_of_radius(drop) * size_deviate)
    near = np.hypot(east, north) < INFLUENCE_DISTANCE
    moving = np.full(int(near.sum()), speed)
    cyclone = Cyclone(
        centre_longitude[near],
        centre_latitude[near],
        AMBIENT_PRESSURE - drop[near],
        np.full(moving.shape, AMBIENT_PRESSURE),
        np.clip(size[near], 8_000.0, 150_000.0),
        holland_peakedness(wind[near], drop[near], moving),
        moving * np.sin(heading),
        moving * np.cos(heading),
    )
    return Track(name, nearest + hours[near].astype("timedelta64[h]"), cyclone, wind[near])


def _intensity(hours: npt.NDArray[np.int64], peak: float, on_land: npt.NDArray[np.bool_]) -> Floats:
    """1-minute wind [m s-1]: over sea it grows from 40 % four days ahead to its peak 12 h before closest approach.

    Over land it decays towards 26.7 kt at 0.095 per hour, after a reduction by the factor 0.9 at landfall.

    Source: Kaplan and DeMaria 1995.
    """
    background, step, rate = BACKGROUND_WIND, 0.9, DECAY_RATE
    growth = np.interp(hours, [-HOURS_BEFORE, -12], [0.4, 1.0])
    wind = np.empty(hours.shape)
    wind[0] = growth[0] * peak
    for i in range(1, hours.size):
        if not on_land[i]:
            wind[i] = wind[i - 1] + (growth[i] - growth[i - 1]) * peak
        else:
            ashore = wind[i - 1] * (step if not on_land[i - 1] else 1.0)
            wind[i] = background + (ashore - background) * np.exp(-rate) if ashore > background else ashore
    return wind
