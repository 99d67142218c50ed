"""What is known of rain and river on a simulated coast: coarse analyses of rain, and a rating curve."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from strandline.observations.variables import as_variable
from strandline.simulator.drawn_coast import arm_discharge
from strandline.simulator.sea.sea import SeaRecord
from strandline.simulator.sea.seasonal_weather import first_order_noise

RAIN_ERROR, RAIN_ERROR_MEMORY_H = 0.4, 24.0
"""Spread of the logarithm of the error of analysed rain [-], and its e-folding time [h]; assumptions, of the order of
satellite products in the tropics."""
RATING_ERROR, READING_ERROR = 0.1, 0.03
"""Spread of the logarithm of the error of a rating curve, and of a reading [-]; assumptions."""


class RainAndRiver(NamedTuple):
    """Modality ``weather`` with rain, and modality ``river``."""

    weather: xr.Dataset
    river: xr.Dataset


def observe_rain_and_river(sea: SeaRecord, rng: np.random.Generator) -> RainAndRiver:
    """Analyses of the rain of a sea that has rain, the same at all nodes, and hourly discharge."""
    assert sea.rain is not None
    hours = sea.rain["time"].values
    step = int((sea.weather["time"].values[1] - sea.weather["time"].values[0]) / np.timedelta64(1, "h"))
    steps = sea.weather.sizes["time"]
    padded = np.pad(sea.rain.values, (step - 1, steps * step))  # an analysis holds the mean of the hours up to it
    mean = padded[: steps * step].reshape(steps, step).mean(axis=1)
    factor = np.exp(RAIN_ERROR * first_order_noise(rng, steps, RAIN_ERROR_MEMORY_H / step) - RAIN_ERROR**2 / 2)
    nodes = (sea.weather.sizes["latitude"], sea.weather.sizes["longitude"])
    rain = np.broadcast_to((mean * factor)[:, None, None], (steps, *nodes)).astype(np.float32)
    weather = sea.weather.assign(rain=as_variable("rain", ("time", "latitude", "longitude"), rain))
    error = np.exp(RATING_ERROR * rng.standard_normal() + READING_ERROR * rng.standard_normal(hours.size))
    gauge = sea.tide_gauge
    river = xr.Dataset(
        {"discharge": as_variable("discharge", ("river", "time"), (arm_discharge(sea) * error)[None])},
        {
            "river": ["river"],
            "time": hours,
            "longitude": ("river", gauge["longitude"].values[:1]),
            "latitude": ("river", gauge["latitude"].values[:1]),
            "available_after_h": ("river", [0.0]),
        },
    )
    return RainAndRiver(weather, river)
