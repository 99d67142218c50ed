"""Rain at a simulated coast, and the river that answers it: of cyclones, and of the weather between them."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import gamma

from strandline.observations.arrays import Floats
from strandline.observations.weather.cyclone_fields import KNOT, offset_metres
from strandline.simulator.sea.seasonal_weather import Weather, first_order_noise
from strandline.simulator.sea.tracks import Basin, Track, tracks_within

INCH_PER_DAY = 25.4 / 24
"""[mm h-1]"""
PRESSURE_SHARE = 0.5
"""Correlation of the weather that rains with low pressure [-]; an assumption."""
RAIN_MEMORY_H = 8.0
"""Its e-folding time [h]; an assumption: a rain system lasts a few hours to a day."""
SHAPE = 0.6
"""Of the gamma distribution of the rain of wet hours [-]; an assumption, as of hourly records in the tropics."""
CATCHMENT = 6.0e8
"""Area that drains to the arm within days [m2], and the share of rain that runs off [-]; assumptions."""
RUNOFF_SHARE = 0.5
RESPONSE_H, RESERVOIRS = 10.0, 3
"""Time constant [h] and number of equal reservoirs of the catchment's response: it peaks after 20 h."""


@dataclass(frozen=True)
class Climate:
    """Rain of a basin's coast: orders of magnitude of climate atlases, not a description of either delta.

    Attributes:
        wet_day, dry_day: of the year, of the wettest and of the driest month.
        wet_share, dry_share: of hours with rain in these months [-].
        mean: rain of an hour with rain [mm h-1].
    """

    wet_day: float
    wet_share: float
    dry_share: float
    mean: float


CLIMATES: dict[Basin, Climate] = {
    # Khepupara: about 2 700 mm a year, 600 in July, 10 in January; Soc Trang: 1 800 mm, 280 in October, 5 in February
    "bay_of_bengal": Climate(200.0, 0.22, 0.008, 2.6),
    "mekong": Climate(255.0, 0.17, 0.006, 2.3),
}


def simulate_rain(
    basin: Basin,
    day_of_year: Floats,
    weather: Weather,
    tracks: list[Track],
    first: np.datetime64,
    site: tuple[float, float],
    rng: np.random.Generator,
) -> Floats:
    """Hourly rain at the site (T,) [mm h-1].

    Between cyclones a normal process, correlated with low pressure, rains where it passes a level that follows the
    season. Within a cyclone its mean rain by distance and wind counts where that is more, times the process' factor of
    mean 1.

    Args:
        first: first hour of the record; ``site``: longitude, latitude [degrees].
    """
    climate = CLIMATES[basin]
    pressure = weather.modes[0, 0] / max(float(weather.modes[0, 0].std()), 1e-9)
    noise = first_order_noise(rng, day_of_year.size, RAIN_MEMORY_H)
    rank = ndtr(np.sqrt(1 - PRESSURE_SHARE**2) * noise - PRESSURE_SHARE * pressure)
    season = 0.5 * (1 + np.cos(2 * np.pi * (day_of_year - climate.wet_day) / 365.25))
    share = climate.dry_share + (climate.wet_share - climate.dry_share) * season
    within = np.clip((rank - (1 - share)) / share, 0.0, 1 - 1e-6)
    rain = np.where(rank > 1 - share, gamma.ppf(within, SHAPE, scale=climate.mean / SHAPE), 0.0)
    factor = gamma.ppf(np.clip(rank, 1e-6, 1 - 1e-6), 2.0, scale=0.5)
    for track, hour, inside in tracks_within(tracks, first, day_of_year.size):
        east, north = offset_metres(
            np.asarray(site[0]), np.asarray(site[1]), track.cyclone.longitude, track.cyclone.latitude
        )
        mean = cyclone_rain(np.hypot(east, north)[inside], track.maximum_wind[inside])
        rain[hour] = np.maximum(rain[hour], mean * factor[hour])
    return np.asarray(rain)


def cyclone_rain(distance: Floats, maximum_wind: Floats) -> Floats:
    """Mean rain of a cyclone [mm h-1] at a distance from its centre [m], by its 1-minute wind [m s-1].

    Source: R-CLIPER, Tuleya, DeMaria and Kuligowski (2007), Weather and Forecasting 22, 56–70, eqs. 1 and 2.
    """
    strength = 1 + (np.asarray(maximum_wind) / KNOT - 35.0) / 33.0
    centre = np.maximum(-1.10 + 3.96 * strength, 0.0) * INCH_PER_DAY
    ring = np.maximum(-1.60 + 4.80 * strength, 0.0) * INCH_PER_DAY
    radius = np.maximum(64.5 - 13.0 * strength, 10.0) * 1000.0
    fade = np.maximum(150.0 - 16.0 * strength, 30.0) * 1000.0
    inside = centre + (ring - centre) * distance / radius
    return np.asarray(np.where(distance < radius, inside, ring * np.exp(-(distance - radius) / fade)))


def local_runoff(rain: Floats) -> Floats:
    """Discharge (T,) [m3 s-1] with which a small catchment upstream answers rain (T,) [mm h-1].

    Source: linear reservoirs in series, Nash (1957), IAHS Publ. 45, 114–121.
    """
    hours = np.arange(int(12 * RESPONSE_H * RESERVOIRS / 3))
    response = gamma.pdf(hours + 0.5, RESERVOIRS, scale=RESPONSE_H)
    flow = np.convolve(rain / 1000.0 / 3600.0 * CATCHMENT * RUNOFF_SHARE, response / response.sum())[: rain.size]
    return np.asarray(flow)
