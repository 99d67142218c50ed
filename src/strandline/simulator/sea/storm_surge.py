"""Storm surge of a simulated coast: its response to the weather between cyclones and to their fields."""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.weather.coastal_response import (
    inverse_barometer,
    respond,
    steady_rotation_setup,
    steady_setup,
    wind_stress,
)
from strandline.observations.weather.cyclone_fields import EARTH_RADIUS, cyclone_fields, offset_metres
from strandline.simulator.sea.seasonal_weather import Weather
from strandline.simulator.sea.tracks import Track, tracks_within

_SHELF_POINTS = 4


def forced_surge(
    longitude: float,
    latitude: float,
    weather_site: tuple[float, float],
    weather: Weather,
    tracks: list[Track],
    first: np.datetime64,
    seaward_direction: float,
    shelf_width: float,
    shelf_depth: float,
) -> Floats:
    """Wind set-up and inverse barometer effect [m] at a coastal point, hourly (T,).

    Args:
        longitude, latitude: of the point [degrees].
        weather_site: longitude, latitude [degrees] of the site of ``weather``.
        weather: without cyclones.
        tracks: cyclones; their stress is averaged over four points across the shelf.
        seaward_direction: direction that the coast faces [degrees clockwise from north].
        shelf_width, shelf_depth: [m].
    """
    east, north = offset_metres(
        np.asarray(longitude),
        np.asarray(latitude),
        np.asarray(weather_site[0]),
        np.asarray(weather_site[1]),
    )
    departure = weather.departure(float(east), float(north))  # (3, T)
    _, mean_east, mean_north = weather.seasonal
    wind_east, wind_north = mean_east + departure[1], mean_north + departure[2]
    onshore, alongshore = wind_stress(wind_east, wind_north, seaward_direction)
    pressure = departure[0].copy()

    points_longitude, points_latitude = _shelf_points(longitude, latitude, seaward_direction, shelf_width)
    for track, when, inside in tracks_within(tracks, first, pressure.size):
        deficit, cyclone_east, cyclone_north = cyclone_fields(
            track.cyclone,
            np.append(points_longitude, longitude),
            np.append(points_latitude, latitude),
        )  # (T, shelf points + coast)
        shelf_onshore, shelf_alongshore = wind_stress(
            wind_east[when, None] + cyclone_east[inside, :-1],
            wind_north[when, None] + cyclone_north[inside, :-1],
            seaward_direction,
        )
        onshore[when], alongshore[when] = shelf_onshore.mean(axis=1), shelf_alongshore.mean(axis=1)
        pressure[when] += deficit[inside, -1]

    def setup(onshore: Floats, alongshore: Floats) -> Floats:
        wind_setup = steady_setup(onshore, shelf_width, shelf_depth)
        return wind_setup + steady_rotation_setup(alongshore, shelf_width, latitude)

    # SA and SSA of the tide contain the set-up of the mean season; surge is the departure from it.
    seasonal = setup(*wind_stress(mean_east, mean_north, seaward_direction))
    departure_setup = setup(onshore, alongshore) - seasonal
    return respond(departure_setup, shelf_width, shelf_depth) + inverse_barometer(pressure)


def cyclone_surge(
    track: Track,
    mean_wind: Floats,
    longitude: float,
    latitude: float,
    seaward_direction: float,
    shelf_width: float,
    shelf_depth: float,
) -> Floats:
    """Wind set-up and inverse barometer effect [m] of one cyclone in the mean wind of its season, hourly (T,).

    Args:
        mean_wind: eastward and northward (2, T) [m s-1]; its own set-up belongs to the tide and is left out.
        longitude, latitude: of the coastal point [degrees].
        seaward_direction: direction that the coast faces [degrees clockwise from north].
        shelf_width, shelf_depth: [m].
    """
    points_longitude, points_latitude = _shelf_points(longitude, latitude, seaward_direction, shelf_width)
    deficit, east, north = cyclone_fields(
        track.cyclone, np.append(points_longitude, longitude), np.append(points_latitude, latitude)
    )  # (T, shelf points + coast)

    def setup(stress: tuple[Floats, Floats]) -> Floats:
        onshore, alongshore = stress
        wind_setup = steady_setup(onshore, shelf_width, shelf_depth)
        return wind_setup + steady_rotation_setup(alongshore, shelf_width, latitude)

    mean_east, mean_north = mean_wind
    stress = wind_stress(mean_east[:, None] + east[:, :-1], mean_north[:, None] + north[:, :-1], seaward_direction)
    with_cyclone = setup((stress[0].mean(axis=1), stress[1].mean(axis=1)))
    departure = with_cyclone - setup(wind_stress(mean_east, mean_north, seaward_direction))
    return respond(departure, shelf_width, shelf_depth) + inverse_barometer(deficit[:, -1])


def _shelf_points(
    longitude: float, latitude: float, seaward_direction: float, shelf_width: float
) -> tuple[Floats, Floats]:
    """Longitudes and latitudes [degrees] of points across the shelf, on a line from the coast to the sea."""
    facing = np.deg2rad(seaward_direction)
    offshore = (np.arange(_SHELF_POINTS) + 0.5) / _SHELF_POINTS * shelf_width  # [m] from the coast
    points_latitude = latitude + np.rad2deg(offshore * np.cos(facing) / EARTH_RADIUS)
    points_longitude = longitude + np.rad2deg(offshore * np.sin(facing) / (EARTH_RADIUS * np.cos(np.deg2rad(latitude))))
    return points_longitude, points_latitude
