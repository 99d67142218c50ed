"""Parametric pressure and wind fields of a cyclone (Holland 1980)."""

from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats

AIR_DENSITY = 1.15
"""[kg m-3], warm moist air; Holland 1980."""
AMBIENT_PRESSURE = 101_000.0
"""[Pa], far from a cyclone; the reference of Atkinson and Holliday 1977."""
EARTH_ROTATION = 7.2921e-5  # [rad s-1]
EARTH_RADIUS = 6_371_000.0  # [m]
SURFACE_REDUCTION = 0.8
"""10-minute wind at 10 m over the wind at the gradient level [-]; Harper and Holland 1999."""
TEN_MINUTES_OVER_ONE = 0.93
"""10-minute over 1-minute sustained wind at sea [-]; Harper, Kepert and Ginger 2010 (WMO)."""
KNOT = 0.514444  # [m s-1]


@dataclass(frozen=True)
class Cyclone:
    """A cyclone at one or many times; all fields are numbers or arrays of the same shape (T,).

    Attributes:
        longitude, latitude: of the centre [degrees].
        central_pressure: [Pa].
        ambient_pressure: far away [Pa].
        radius_of_maximum_wind: [m].
        peakedness: Holland's B [-], 1 to 2.5.
        eastward_speed, northward_speed: of the centre [m s-1].
    """

    longitude: Floats
    latitude: Floats
    central_pressure: Floats
    ambient_pressure: Floats
    radius_of_maximum_wind: Floats
    peakedness: Floats
    eastward_speed: Floats
    northward_speed: Floats

    def __post_init__(self) -> None:
        if np.any(np.asarray(self.central_pressure) > np.asarray(self.ambient_pressure)):
            raise InputError("cyclone", "the central pressure exceeds the ambient pressure", "give both in Pa")
        if np.any(np.asarray(self.radius_of_maximum_wind) <= 0):
            raise InputError("cyclone", "the radius of maximum wind is not positive", "give metres")


def holland_pressure(
    radius: Floats, central: Floats, ambient: Floats, radius_of_maximum_wind: Floats, peakedness: Floats
) -> Floats:
    """Sea-level pressure [Pa] at a distance [m] from the centre.

    Source: Holland 1980: ``p = pc + (pn - pc) exp(-(Rm / r)^B)``.
    """
    scaled = (radius_of_maximum_wind / np.maximum(radius, 1.0)) ** peakedness
    return np.asarray(central + (ambient - central) * np.exp(-scaled))


def holland_gradient_wind(
    radius: Floats, drop: Floats, radius_of_maximum_wind: Floats, peakedness: Floats, latitude: Floats
) -> Floats:
    """Wind speed [m s-1] above the friction layer, balanced by pressure gradient, curvature and rotation.

    Args:
        radius: distance from the centre [m].
        drop: ambient minus central pressure [Pa].
        radius_of_maximum_wind: [m].
        peakedness: Holland's B [-].
        latitude: of the centre [degrees].

    Source: Holland 1980, gradient wind:
        ``V = sqrt(B drop / rho (Rm / r)^B exp(-(Rm / r)^B) + (r f / 2)^2) - r |f| / 2``.
    """
    distance = np.maximum(radius, 1.0)
    scaled = (radius_of_maximum_wind / distance) ** peakedness
    half_rotation = 0.5 * distance * np.abs(2 * EARTH_ROTATION * np.sin(np.deg2rad(latitude)))
    cyclostrophic_squared = peakedness * drop / AIR_DENSITY * scaled * np.exp(-scaled)
    return np.asarray(np.sqrt(cyclostrophic_squared + half_rotation**2) - half_rotation)


def pressure_drop(maximum_wind: Floats) -> Floats:
    """Ambient minus central pressure [Pa] for a 1-minute wind [m s-1].

    Source: Atkinson and Holliday 1977: ``V[kt] = 6.7 (1010 - pc[hPa])^0.644``.
    """
    return np.asarray(100.0 * (np.maximum(maximum_wind, 0.0) / KNOT / 6.7) ** (1 / 0.644))


def holland_peakedness(maximum_wind: Floats, drop: Floats, translation_speed: Floats) -> Floats:
    """Holland's B for which the field's greatest wind equals the 1-minute maximum wind [m s-1].

    Half of the translation speed is part of the reported maximum (Jelesnianski 1966); the rest is converted to a
    10-minute wind at the gradient level.

    Source: Holland 1980, greatest cyclostrophic wind: ``B = rho e V^2 / drop``, limited to his range 1 to 2.5.
    """
    at_surface = np.maximum(TEN_MINUTES_OVER_ONE * maximum_wind - 0.5 * translation_speed, 1.0)
    gradient = at_surface / SURFACE_REDUCTION
    return np.asarray(np.clip(AIR_DENSITY * np.e * gradient**2 / np.maximum(drop, 1.0), 1.0, 2.5))


def median_radius_of_maximum_wind(drop: Floats, latitude: Floats) -> Floats:
    """Median distance [m] from the centre to the greatest wind, for a pressure drop [Pa] and latitude [degrees].

    Source: Vickery and Wadhera 2008 (all hurricanes):
        ``ln Rm[km] = 3.015 - 6.291e-5 drop[hPa]^2 + 0.0337 latitude``.
    """
    return np.asarray(1000.0 * np.exp(3.015 - 6.291e-5 * (drop / 100.0) ** 2 + 0.0337 * np.abs(latitude)))


def spread_of_radius(drop: Floats) -> Floats:
    """Standard deviation of ln(radius of maximum wind) [-] for a pressure drop [Pa].

    Source: Vickery and Wadhera 2008: 0.448 up to 87 hPa, then decreasing to 0.186.
    """
    hectopascal = drop / 100.0
    return np.asarray(np.clip(1.137 - 0.00792 * hectopascal, 0.186, 0.448))


def inflow_angle(radius: Floats, radius_of_maximum_wind: Floats) -> Floats:
    """Angle [degrees] of the surface wind towards the centre, due to friction.

    Source: Sobey, Harper and Stark 1977: 0 to 10 degrees up to Rm, 25 degrees beyond 1.2 Rm.
    """
    return np.asarray(np.interp(radius / radius_of_maximum_wind, [0.0, 1.0, 1.2], [0.0, 10.0, 25.0]))


def cyclone_fields(cyclone: Cyclone, longitude: Floats, latitude: Floats) -> tuple[Floats, Floats, Floats]:
    """Pressure deficit [Pa, <= 0] and eastward and northward 10-minute wind at 10 m [m s-1].

    The gradient wind is reduced to the surface and turned inwards; half of the translation speed is added at the
    radius of maximum wind, less inside and outside (Jelesnianski 1966: ``Rm r / (Rm^2 + r^2)``).

    Args:
        cyclone: at T times, fields (T,).
        longitude, latitude: of P points [degrees].

    Returns:
        Three arrays (T, P).
    """

    def column(values: Floats) -> Floats:
        return np.atleast_1d(values)[:, None]  # (T, 1)

    centre_latitude, size = column(cyclone.latitude), column(cyclone.radius_of_maximum_wind)
    drop = column(cyclone.ambient_pressure) - column(cyclone.central_pressure)
    east, north = offset_metres(longitude[None, :], latitude[None, :], column(cyclone.longitude), centre_latitude)
    radius = np.maximum(np.hypot(east, north), 1.0)  # (T, P)

    shape = column(cyclone.peakedness)
    deficit = holland_pressure(radius, -drop, np.zeros_like(drop), size, shape)
    speed = SURFACE_REDUCTION * holland_gradient_wind(radius, drop, size, shape, centre_latitude)
    spin = np.where(centre_latitude >= 0, 1.0, -1.0)  # anticlockwise north of the equator
    inward = np.deg2rad(inflow_angle(radius, size))
    along, towards = speed * np.cos(inward) * spin / radius, speed * np.sin(inward) / radius
    motion = size * radius / (size**2 + radius**2)
    wind_east = -along * north - towards * east + motion * column(cyclone.eastward_speed)
    wind_north = along * east - towards * north + motion * column(cyclone.northward_speed)
    return deficit, wind_east, wind_north


def offset_metres(
    longitude: Floats, latitude: Floats, origin_longitude: Floats, origin_latitude: Floats
) -> tuple[Floats, Floats]:
    """Distance east and north [m] of points from an origin, on a plane at their mean latitude."""
    middle = np.deg2rad(0.5 * (latitude + origin_latitude))
    east = np.deg2rad(longitude - origin_longitude) * np.cos(middle) * EARTH_RADIUS
    north = np.deg2rad(latitude - origin_latitude) * EARTH_RADIUS
    return np.asarray(east), np.asarray(north)
