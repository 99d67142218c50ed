"""What wind and pressure do to the sea at a coast: wind set-up on the shelf and the inverse barometer."""

import numpy as np
from scipy.signal import lfilter

from strandline.observations.arrays import Floats
from strandline.simulator.sea.cyclones import EARTH_RADIUS, EARTH_ROTATION, cyclone_fields, offset_metres
from strandline.simulator.sea.seasonal_weather import Weather
from strandline.simulator.sea.tracks import Track, tracks_within

WATER_DENSITY = 1025.0  # [kg m-3]
SURFACE_AIR_DENSITY = 1.2  # [kg m-3]
GRAVITY = 9.81  # [m s-2]
_SHELF_POINTS = 4
BOTTOM_DRAG = 2.5e-3
"""[-]; of the sea bed, the usual order on shelves."""
GREATEST_DRAG = 2.5e-3
"""[-]; the drag of the sea levels off above about 33 m/s (Powell, Vickery and Reinhold 2003)."""


def drag_coefficient(wind_speed: Floats) -> Floats:
    """Drag [-] of the 10-minute wind at 10 m [m s-1] on the sea.

    Source: Garratt 1977: ``(0.75 + 0.067 U) 1e-3``, capped as in Powell et al. 2003.
    """
    return np.minimum((0.75 + 0.067 * np.asarray(wind_speed)) * 1e-3, GREATEST_DRAG)


def wind_stress(wind_east: Floats, wind_north: Floats, seaward_direction: float) -> tuple[Floats, Floats]:
    """Stress [N m-2] towards and along a coast that looks to ``seaward_direction`` [degrees from north].

    The second part is positive where the wind blows with the coast on its right.
    """
    looking = np.deg2rad(seaward_direction)
    onshore = -(wind_east * np.sin(looking) + wind_north * np.cos(looking))
    alongshore = wind_east * np.cos(looking) - wind_north * np.sin(looking)
    speed = np.hypot(wind_east, wind_north)
    per_wind = SURFACE_AIR_DENSITY * drag_coefficient(speed) * speed
    return np.asarray(per_wind * onshore), np.asarray(per_wind * alongshore)


def steady_setup(stress: Floats, shelf_width: float, shelf_depth: float) -> Floats:
    """Set-up [m] at the coast of an even stress [N m-2] on a shelf of this width and depth [m], at rest.

    For small stress ``tau L / (rho g h)``; as the water piles up it deepens, which lessens the slope. Set-down
    never takes more than three tenths of the mean depth: nearer the shore there is no more to take.

    Source: Dean and Dalrymple 1984, wind set-up over a flat bed: ``eta = sqrt(h^2 + 2 tau L / (rho g)) - h``.
    """
    squared = shelf_depth**2 + 2.0 * stress * shelf_width / (WATER_DENSITY * GRAVITY)
    return np.asarray(np.sqrt(np.maximum(squared, (0.7 * shelf_depth) ** 2)) - shelf_depth)


def steady_rotation_setup(alongshore_stress: Floats, shelf_width: float, latitude: float) -> Floats:
    """Set-up [m] at the coast by the current that wind drives along it, which the earth's rotation leans ashore.

    The current balances wind and bottom friction, the slope balances the current: ``eta = f V L / g`` with
    ``V |V| = tau / (rho C)``.

    Source: Freeman, Baer and Jung 1957, the bathystrophic storm tide, steady.
    """
    rotation = 2.0 * EARTH_ROTATION * np.sin(np.deg2rad(latitude))
    current = np.sign(alongshore_stress) * np.sqrt(np.abs(alongshore_stress) / (WATER_DENSITY * BOTTOM_DRAG))
    return np.asarray(rotation * current * shelf_width / GRAVITY)


def respond(steady: Floats, shelf_width: float, shelf_depth: float, step: float = 3600.0) -> Floats:
    """Level [m] of a shelf that follows its steady set-up (…, T) with the delay of its slowest oscillation.

    First order: ``d eta / dt = (steady - eta) / t``, exact for levels held over steps of ``step`` [s], with
    ``t = 2 L / (pi sqrt(g h))``, the inverse angular frequency of the quarter-wave that fits the shelf
    (Rabinovich 2009, open-mouthed basin of even depth).
    """
    delay = 2.0 * shelf_width / (np.pi * np.sqrt(GRAVITY * shelf_depth))
    keep = float(np.exp(-step / delay))
    start = keep * steady[..., :1]  # the shelf starts at rest under the first hour's wind
    followed, _ = lfilter([1.0 - keep], [1.0, -keep], steady, axis=-1, zi=start)
    return np.asarray(followed)


def inverse_barometer(pressure_departure: Floats) -> Floats:
    """Rise of the sea [m] under air pressure that departs from its mean [Pa]: 1 cm per hPa."""
    return np.asarray(-pressure_departure / (WATER_DENSITY * GRAVITY))


def forced_surge(
    longitude: float,
    latitude: float,
    weather_place: tuple[float, float],
    weather: Weather,
    tracks: list[Track],
    first: np.datetime64,
    seaward_direction: float,
    shelf_width: float,
    shelf_depth: float,
) -> Floats:
    """Wind set-up and inverse barometer [m] at a point of the coast under weather and cyclones, hourly (T,).

    Args:
        longitude, latitude: of the point [degrees].
        weather_place: longitude, latitude [degrees] about which ``weather`` was simulated.
        weather: between cyclones.
        tracks: cyclones, whose stress is averaged over four points across the shelf.
        first: first hour of the record.
        seaward_direction: which way the coast looks [degrees clockwise from north].
        shelf_width, shelf_depth: [m].
    """
    east, north = offset_metres(
        np.asarray(longitude),
        np.asarray(latitude),
        np.asarray(weather_place[0]),
        np.asarray(weather_place[1]),
    )
    departure = weather.departure(float(east), float(north))  # (3, T)
    _, mean_east, mean_north = weather.seasonal
    wind_east, wind_north = mean_east + departure[1], mean_north + departure[2]
    onshore, alongshore = wind_stress(wind_east, wind_north, seaward_direction)
    pressure = departure[0].copy()

    looking = np.deg2rad(seaward_direction)
    out = (np.arange(_SHELF_POINTS) + 0.5) / _SHELF_POINTS * shelf_width  # [m] from the coast
    points_latitude = latitude + np.rad2deg(out * np.cos(looking) / EARTH_RADIUS)
    points_longitude = longitude + np.rad2deg(out * np.sin(looking) / (EARTH_RADIUS * np.cos(np.deg2rad(latitude))))
    for track, when, inside in tracks_within(tracks, first, pressure.size):
        deficit, gust_east, gust_north = cyclone_fields(
            track.cyclone,
            np.append(points_longitude, longitude),
            np.append(points_latitude, latitude),
        )  # (T, shelf points + coast)
        shelf_onshore, shelf_alongshore = wind_stress(
            wind_east[when, None] + gust_east[inside, :-1],
            wind_north[when, None] + gust_north[inside, :-1],
            seaward_direction,
        )
        onshore[when], alongshore[when] = shelf_onshore.mean(axis=1), shelf_alongshore.mean(axis=1)
        pressure[when] += deficit[inside, -1]

    def setup(onshore: Floats, alongshore: Floats) -> Floats:
        pushed = steady_setup(onshore, shelf_width, shelf_depth)
        return pushed + steady_rotation_setup(alongshore, shelf_width, latitude)

    # The mean season's set-up is in the tide's SA and SSA already: only what departs from it is surge.
    usual = setup(*wind_stress(mean_east, mean_north, seaward_direction))
    departing = setup(onshore, alongshore) - usual
    return respond(departing, shelf_width, shelf_depth) + inverse_barometer(pressure)
