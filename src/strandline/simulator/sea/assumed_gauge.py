"""Hours of a gauge that does not exist: the published tide of a place, or a usual one, with simulated weather."""

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR, as_variable
from strandline.simulator.sea.seasonal_weather import first_order_noise

YEARS = 6.0
"""Of hours: a run takes its 40 storms from them."""
MEMORY_H = 40.0
"""E-folding time [h] of weak weather; that of the benchmark's temperate sea."""
STORMS_PER_YEAR, STORM_HOURS = 12.0, (8.0, 24.0)
"""Storms a year, and the range of the e-folding times [h] of their rise; invented, like the seas of
``benchmarks.extremes``."""
CALM_SHARE, LEAST_STORM, STORM_SCALE = 0.85, 1.2, 0.8
"""Spread of the weak weather, least and mean further height of a storm, in spreads of the whole [-]."""
STATION = "no gauge: an assumed sea"


def simulate_assumed_gauge(
    constants: TidalConstants, longitude: float, latitude: float, end: int, mean: float, spread: float, seed: int
) -> xr.Dataset:
    """Modality ``tide_gauge`` of ``YEARS`` of hours until a year begins.

    Args:
        end: that year.
        mean: sea level [m, region datum].
        spread: standard deviation of the weather's part [m].
    """
    rng = np.random.default_rng([seed, 79])
    hours = np.arange(round(YEARS * HOURS_PER_YEAR))
    last = np.datetime64(f"{end:04d}-01-01", "h")
    time = (last - hours.size + hours).astype("datetime64[ns]")
    level = mean + predict_tide(constants, time) + spread * _weather(time, rng)
    return xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), level[None]),
            "quality": as_variable("quality", ("station", "time"), np.zeros((1, hours.size), dtype=np.uint8)),
        },
        {
            "station": [STATION],
            "time": time,
            "longitude": ("station", [longitude]),
            "latitude": ("station", [latitude]),
            "mean_sea_level": ("station", [mean]),
        },
    )


def _weather(time: Times, rng: np.random.Generator) -> Floats:
    """(T,) of mean 0 and spread 1: weak weather, and storms on it in every season."""
    weather = CALM_SHARE * first_order_noise(rng, time.size, MEMORY_H)
    hours = np.arange(time.size)
    for _ in range(rng.poisson(STORMS_PER_YEAR * time.size / HOURS_PER_YEAR)):
        peak, memory = rng.uniform(0, time.size), rng.uniform(*STORM_HOURS)
        first, last = np.searchsorted(hours, [peak - 6 * memory, peak + 6 * memory])
        away = hours[first:last] - peak
        height = LEAST_STORM + rng.exponential(STORM_SCALE)
        weather[first:last] += height * np.exp(-np.abs(away) / np.where(away < 0, memory, 0.7 * memory))
    return np.asarray((weather - weather.mean()) / weather.std())
