"""Synthetic storms that pass a place, hour by hour, as cyclones with pressure and wind fields."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices, Times
from strandline.observations.weather.cyclone_fields import (
    AMBIENT_PRESSURE,
    EARTH_RADIUS,
    Cyclone,
    holland_peakedness,
    median_radius_of_maximum_wind,
    offset_metres,
    pressure_drop,
    spread_of_radius,
)
from strandline.simulator.sea.cyclone_climate.climate import CycloneClimate
from strandline.simulator.sea.cyclone_climate.fixes import GALE, STEP_HOURS
from strandline.simulator.sea.cyclone_climate.sampling import SyntheticStorms, draw_storms
from strandline.simulator.sea.tracks import INFLUENCE_DISTANCE, Track

SMALLEST_RADIUS, LARGEST_RADIUS = 8_000.0, 150_000.0
"""[m] Bounds of the radius of maximum wind, as those of the straight tracks."""
_HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True, eq=False)
class Passages:
    """Storms (N,) that come within a distance of a place.

    Attributes:
        storm: number of the storm, as in the fixes.
        wind: greatest 1-minute wind [m s-1] within the distance.
        fix: number of the fix before the nearest approach.
    """

    storm: Indices
    wind: Floats
    fix: Indices


def passages_of(
    storm: Indices,
    longitude: Floats,
    latitude: Floats,
    wind: Floats,
    place: tuple[float, float],
    distance: float,
    least_wind: float = GALE,
) -> Passages:
    """Storms that come within a distance [m] of a place with some wind; hours are interpolated.

    Args:
        storm, longitude, latitude, wind: six-hourly fixes (N,) [degrees], [m s-1]; those of a storm are adjacent.
        place: longitude, latitude [degrees].
        least_wind: 1-minute [m s-1].
    """
    reach = distance + 600_000.0  # no storm covers more in six hours
    start = np.flatnonzero((np.abs(latitude - place[1]) <= np.rad2deg(reach / EARTH_RADIUS))[:-1])
    start = start[storm[start + 1] == storm[start]]
    start = start[np.hypot(*_offset(longitude[start], latitude[start], place)) <= reach]
    ends = np.stack([start, start + 1])
    part = np.arange(STEP_HOURS + 1) / STEP_HOURS  # both ends of each step
    hour_east, hour_north, hour_wind = (
        before[:, None] + part * (after - before)[:, None]
        for before, after in (*_offset(longitude[ends], latitude[ends], place), wind[ends])
    )  # (n, 7)
    away = np.hypot(hour_east, hour_north)
    inside = (away <= distance) & (hour_wind >= least_wind)
    near = inside.any(axis=1)
    strongest = np.where(inside, hour_wind, 0.0).max(axis=1)[near]
    closest = away.min(axis=1)[near]
    names, which = np.unique(storm[start[near]], return_inverse=True)
    greatest = np.zeros(names.size)
    np.maximum.at(greatest, which, strongest)
    order = np.lexsort((closest, which))
    first = order[np.append(True, np.diff(which[order]) > 0)] if which.size else order
    return Passages(names, greatest, start[near][first])


def _offset(longitude: Floats, latitude: Floats, place: tuple[float, float]) -> tuple[Floats, Floats]:
    """East and north of a place [m], the shorter way around."""
    across = (longitude - place[0] + 180.0) % 360.0 - 180.0
    return offset_metres(place[0] + across, latitude, np.asarray(place[0]), np.asarray(place[1]))


def draw_passages(
    climate: CycloneClimate,
    longitude: float,
    latitude: float,
    distance: float,
    start: np.datetime64,
    years: int,
    rng: np.random.Generator,
    least_wind: float = GALE,
) -> list[Track]:
    """Synthetic storms of some years that come within a distance of a place, in order of time.

    Each is hourly, with the fixes within ``INFLUENCE_DISTANCE`` of the place. Pressure, radius of maximum wind and
    peakedness follow from the wind by the formulae of `strandline.observations.weather.cyclone_fields`; one draw for
    each storm says whether it is larger or smaller than the median of its strength.

    Args:
        longitude, latitude: of the place [degrees].
        distance: [m], at which a storm counts as passing.
        start: first of January of the first year.
        years: drawn; a place that no basin's storms reach has no tracks.
        least_wind: 1-minute [m s-1] of a passing storm within the distance; every storm reaches gale force somewhere.
    """
    tracks = []
    for basin in climate.basins_near(longitude, latitude, distance):
        storms = draw_storms(climate, basin, years, rng)
        found = passages_of(
            storms.storm,
            storms.longitude.astype(np.float64),
            storms.latitude.astype(np.float64),
            storms.wind.astype(np.float64),
            (longitude, latitude),
            distance,
            least_wind,
        )
        begin = np.searchsorted(storms.storm, found.storm)
        end = np.searchsorted(storms.storm, found.storm, side="right")
        deviates = rng.standard_normal(found.storm.size)
        for one, (first, beyond, deviate) in enumerate(zip(begin, end, deviates, strict=True)):
            name = f"synthetic-{basin}-{one + 1:05d}"
            tracks.append(_track(name, storms, slice(first, beyond), (longitude, latitude), start, float(deviate)))
    return sorted(tracks, key=lambda track: (track.time[0], track.name))


def _track(
    name: str,
    storms: SyntheticStorms,
    fixes: slice,
    place: tuple[float, float],
    start: np.datetime64,
    size_deviate: float,
) -> Track:
    """One storm hour by hour around its passage of a place."""
    longitude = np.unwrap(storms.longitude[fixes].astype(np.float64), period=360.0)
    longitude += 360.0 * np.round((place[0] - longitude[0]) / 360.0)
    latitude, wind = (each[fixes].astype(np.float64) for each in (storms.latitude, storms.wind))
    hour = np.arange(STEP_HOURS * (latitude.size - 1) + 1)
    at = STEP_HOURS * np.arange(latitude.size)
    longitude, latitude, wind = (np.interp(hour, at, each) for each in (longitude, latitude, wind))
    moving_north = np.deg2rad(np.gradient(latitude)) * EARTH_RADIUS / 3600.0
    moving_east = np.deg2rad(np.gradient(longitude)) * EARTH_RADIUS * np.cos(np.deg2rad(latitude)) / 3600.0
    east, north = offset_metres(longitude, latitude, np.asarray(place[0]), np.asarray(place[1]))
    inside = np.flatnonzero(np.hypot(east, north) < INFLUENCE_DISTANCE)
    near = slice(inside[0], inside[-1] + 1)  # in one piece, also where a track leaves and returns
    drop = pressure_drop(wind)
    size = median_radius_of_maximum_wind(drop, latitude) * np.exp(spread_of_radius(drop) * size_deviate)
    cyclone = Cyclone(
        longitude[near],
        latitude[near],
        AMBIENT_PRESSURE - drop[near],
        np.full(wind[near].shape, AMBIENT_PRESSURE),
        np.clip(size, SMALLEST_RADIUS, LARGEST_RADIUS)[near],
        holland_peakedness(wind, drop, np.hypot(moving_east, moving_north))[near],
        moving_east[near],
        moving_north[near],
    )
    return Track(name, _times(storms, fixes, start, hour)[near], cyclone, wind[near])


def _times(storms: SyntheticStorms, fixes: slice, start: np.datetime64, hour: Indices) -> Times:
    first_year = int(start.astype("datetime64[Y]").astype(np.int64)) + int(storms.year[fixes.start])
    birth = np.datetime64(first_year, "Y").astype("datetime64[h]")
    return np.asarray(birth + (round(24.0 * float(storms.day[fixes.start])) + hour) * _HOUR)
