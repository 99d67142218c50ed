"""How the sea at a coast responds to the weather: wind set-up on the shelf, rotation, delay, inverse barometer."""

import numpy as np
from scipy.signal import lfilter

from strandline.observations.arrays import Floats
from strandline.observations.weather.cyclone_fields import EARTH_ROTATION

WATER_DENSITY = 1025.0  # [kg m-3]
SURFACE_AIR_DENSITY = 1.2  # [kg m-3]
GRAVITY = 9.81  # [m s-2]
BOTTOM_DRAG = 2.5e-3
"""[-] of the sea bed, a typical value on shelves."""
GREATEST_DRAG = 2.5e-3
"""[-] of the sea surface, constant above about 33 m/s (Powell, Vickery and Reinhold 2003)."""


def drag_coefficient(wind_speed: Floats) -> Floats:
    """Drag [-] of the 10-minute wind at 10 m [m s-1] on the sea.

    Source: Garratt 1977: ``(0.75 + 0.067 U) 1e-3``, capped as in Powell et al. 2003.
    """
    return np.minimum((0.75 + 0.067 * np.asarray(wind_speed)) * 1e-3, GREATEST_DRAG)


def wind_stress(wind_east: Floats, wind_north: Floats, seaward_direction: float) -> tuple[Floats, Floats]:
    """Stress [N m-2] towards and along a coast that faces ``seaward_direction`` [degrees from north].

    The alongshore part is positive where the wind has the coast on its right.
    """
    facing = np.deg2rad(seaward_direction)
    onshore = -(wind_east * np.sin(facing) + wind_north * np.cos(facing))
    alongshore = wind_east * np.cos(facing) - wind_north * np.sin(facing)
    speed = np.hypot(wind_east, wind_north)
    per_wind = SURFACE_AIR_DENSITY * drag_coefficient(speed) * speed
    return np.asarray(per_wind * onshore), np.asarray(per_wind * alongshore)


def steady_setup(stress: Floats, shelf_width: float, shelf_depth: float) -> Floats:
    """Steady set-up [m] at the coast under a uniform stress [N m-2] on a shelf of this width and depth [m].

    For small stress it is ``tau L / (rho g h)``; set-up increases the depth, which reduces the slope. Set-down is
    limited to three tenths of the mean depth, the water available near the shore.

    Source: Dean and Dalrymple 1984, wind set-up over a flat bed: ``eta = sqrt(h^2 + 2 tau L / (rho g)) - h``.
    """
    squared = shelf_depth**2 + 2.0 * stress * shelf_width / (WATER_DENSITY * GRAVITY)
    return np.asarray(np.sqrt(np.maximum(squared, (0.7 * shelf_depth) ** 2)) - shelf_depth)


def steady_rotation_setup(alongshore_stress: Floats, shelf_width: float, latitude: float) -> Floats:
    """Steady set-up [m] at the coast by the wind-driven alongshore current and the earth's rotation.

    The current balances wind and bottom friction, the slope balances the Coriolis force: ``eta = f V L / g`` with
    ``V |V| = tau / (rho C)``.

    Source: Freeman, Baer and Jung 1957, the bathystrophic storm tide, steady.
    """
    rotation = 2.0 * EARTH_ROTATION * np.sin(np.deg2rad(latitude))
    current = np.sign(alongshore_stress) * np.sqrt(np.abs(alongshore_stress) / (WATER_DENSITY * BOTTOM_DRAG))
    return np.asarray(rotation * current * shelf_width / GRAVITY)


def respond(steady: Floats, shelf_width: float, shelf_depth: float, step: float = 3600.0) -> Floats:
    """Level [m] of a shelf that responds to its steady set-up (…, T) with the delay of its slowest oscillation.

    First order: ``d eta / dt = (steady - eta) / t``, exact for levels held over steps of ``step`` [s], with
    ``t = 2 L / (pi sqrt(g h))``, the inverse angular frequency of the quarter-wave that fits the shelf
    (Rabinovich 2009, open-mouthed basin of even depth).
    """
    delay = 2.0 * shelf_width / (np.pi * np.sqrt(GRAVITY * shelf_depth))
    decay = float(np.exp(-step / delay))
    start = decay * steady[..., :1]  # initial state: at rest under the wind of the first hour
    response, _ = lfilter([1.0 - decay], [1.0, -decay], steady, axis=-1, zi=start)
    return np.asarray(response)


def inverse_barometer(pressure_departure: Floats) -> Floats:
    """Rise of sea level [m] for a departure of the air pressure from its mean [Pa]: −1 cm per hPa."""
    return np.asarray(-pressure_departure / (WATER_DENSITY * GRAVITY))
