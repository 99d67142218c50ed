"""Errors of cyclone forecasts by lead, where an advisory does not state its own."""

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory, ErrorBasin
from strandline.observations.weather.cyclone_fields import KNOT

NAUTICAL_MILE = 1852.0  # [m]
_LEADS = (0, 12, 24, 36, 48, 72, 96, 120)
_POSITION: dict[ErrorBasin, tuple[float, ...]] = {
    "north atlantic": (7.7, 24.1, 36.9, 49.6, 65.1, 96.3, 133.2, 171.6),
    "north east pacific": (8.0, 21.8, 34.0, 44.9, 55.3, 77.1, 99.1, 123.2),
    "north west pacific": (24.0, 34.0, 46.0, 61.0, 78.0, 117.0, 165.0, 223.0),
    "north indian": (35.0, 39.0, 43.0, 52.0, 65.0, 88.0, 120.0, 167.0),
    "southern": (31.0, 40.0, 50.0, 65.0, 83.0, 119.0, 162.0, 223.0),
}
"""Mean position error [nautical miles] of the NHC (2015–2019) and the JTWC (2014–2018) at ``_LEADS``. Source: Tropical
Storm Risk, https://www.tropicalstormrisk.com/tracker/static/tracker_errors.html, from the centres' verification."""
_WIND = (3.0, 6.0, 9.0, 11.0, 12.0, 14.0, 16.0, 17.0)
"""Mean absolute error of the maximum wind [kt] at ``_LEADS``: an assumption, near the centres' yearly reports."""


def position_deviation(advisory: CycloneAdvisory) -> Floats:
    """(L,) standard deviation [m] of the centre's position along each of two axes.

    The error is normal and alike in all directions: a circle of radius r holds it with 1 − exp(−r² / 2σ²), and its mean
    length is σ √(π/2).
    """
    published: Floats = (
        np.interp(advisory.lead, _LEADS, _POSITION[advisory.basin]) * NAUTICAL_MILE / np.sqrt(np.pi / 2.0)
    )
    stated = advisory.circle / np.sqrt(-2.0 * np.log(1.0 - advisory.circle_probability))
    return np.asarray(np.where(np.isnan(stated), published, stated))


def wind_deviation(advisory: CycloneAdvisory) -> Floats:
    """(L,) standard deviation [m s-1] of the maximum wind; the mean length of a normal error is σ √(2/π)."""
    return np.asarray(np.interp(advisory.lead, _LEADS, _WIND) * KNOT / np.sqrt(2.0 / np.pi))
