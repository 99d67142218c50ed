"""Weather and river discharge without cyclones: seasonal means and random disturbances."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from strandline.observations.arrays import Floats
from strandline.simulator.sea.tracks import Basin

SYNOPTIC_STEP_H = 6
_MODE_LENGTH = 500_000.0  # [m] over which a disturbance changes by half its size


@dataclass(frozen=True)
class Season:
    """Seasonal cycle of a basin.

    The values are orders of magnitude: monsoon winds and pressures follow climate atlases of the two coasts, discharge
    follows the Ganges with the Brahmaputra (Jian et al. 2009) and the Mekong at Kratie (Mekong River Commission 2005).
    They give a plausible coast, not a description of either delta.

    Attributes:
        winter_wind, summer_wind: mean eastward and northward wind [m s-1] at the peak of either monsoon.
        winter_pressure, summer_pressure: mean sea-level pressure [Pa].
        wind_spread, pressure_spread: standard deviation of disturbances [m s-1], [Pa].
        low_flow, high_flow: mean discharge of the whole river in the driest and the wettest weeks [m3 s-1].
        flood_day: day of the year of the greatest discharge.
    """

    winter_wind: tuple[float, float]
    summer_wind: tuple[float, float]
    winter_pressure: float
    summer_pressure: float
    wind_spread: float
    pressure_spread: float
    low_flow: float
    high_flow: float
    flood_day: float


SEASONS: dict[Basin, Season] = {
    "bay_of_bengal": Season((-1.0, -3.0), (3.0, 6.0), 101_500.0, 100_000.0, 3.0, 200.0, 9_000.0, 85_000.0, 228.0),
    "mekong": Season((-5.5, -4.5), (4.5, 3.0), 101_250.0, 100_750.0, 3.0, 130.0, 2_200.0, 37_000.0, 270.0),
}


@dataclass(frozen=True)
class Weather:
    """Hourly large-scale pressure and wind around a site, without cyclones.

    Attributes:
        seasonal: mean pressure [Pa], eastward and northward wind [m s-1] (3, T).
        modes: departure from it at the site, and its change over 500 km to the east and to the north (3, 3, T).
    """

    seasonal: Floats
    modes: Floats

    def departure(self, east: float, north: float) -> Floats:
        """Departure from the seasonal mean at a point [m] from the site: pressure, wind (3, T)."""
        return np.asarray(
            self.modes[:, 0] + self.modes[:, 1] * (east / _MODE_LENGTH) + self.modes[:, 2] * (north / _MODE_LENGTH)
        )


def simulate_weather(basin: Basin, day_of_year: Floats, rng: np.random.Generator) -> Weather:
    """Seasonal means and synoptic disturbances at hourly times, given as day of the year [days] (T,).

    Disturbances are second-order autoregressive with a period of six days and an e-folding time of two, a third
    stronger at the peak of either monsoon.
    """
    season = SEASONS[basin]
    winter, summer = _monsoons(day_of_year)
    seasonal = seasonal_means(basin, day_of_year)
    hours = np.arange(day_of_year.size)
    steps = hours.size // SYNOPTIC_STEP_H + 2
    coarse = second_order_noise(rng, (9, steps), period=24.0, memory=8.0).reshape(3, 3, steps)
    node_hours = np.arange(steps) * SYNOPTIC_STEP_H
    hourly = np.stack([np.interp(hours, node_hours, row) for row in coarse.reshape(9, steps)]).reshape(3, 3, -1)
    spread = np.array([season.pressure_spread, season.wind_spread, season.wind_spread])
    size = np.array([1.0, 0.5, 0.5])
    strength = 0.75 + 0.25 * np.maximum(winter, summer)
    return Weather(seasonal, hourly * spread[:, None, None] * size[None, :, None] * strength)


def seasonal_means(basin: Basin, day_of_year: Floats) -> Floats:
    """Mean pressure [Pa] and eastward and northward wind [m s-1] of the season (3, T)."""
    season = SEASONS[basin]
    winter, summer = _monsoons(day_of_year)
    half_range = 0.5 * (season.winter_pressure - season.summer_pressure)
    return np.stack(
        [
            season.summer_pressure + half_range * (1.0 + _yearly(day_of_year, 15.0)),
            season.winter_wind[0] * winter + season.summer_wind[0] * summer,
            season.winter_wind[1] * winter + season.summer_wind[1] * summer,
        ]
    )


def _monsoons(day_of_year: Floats) -> tuple[Floats, Floats]:
    """Strength [-] of the winter and the summer monsoon."""
    return np.maximum(0.0, _yearly(day_of_year, 15.0)), np.maximum(0.0, _yearly(day_of_year, 200.0))


def simulate_discharge(basin: Basin, day_of_year: Floats, rng: np.random.Generator) -> Floats:
    """Discharge of the basin's whole river [m3 s-1], hourly (T,): an annual cycle times a random factor.

    The logarithm of the factor is first-order autoregressive, with standard deviation 15 % and an e-folding time of
    30 days.
    """
    season = SEASONS[basin]
    flood = (0.5 * (1.0 + _yearly(day_of_year, season.flood_day))) ** 2
    factor = np.exp(0.15 * first_order_noise(rng, day_of_year.size, memory=30.0 * 24.0))
    return np.asarray((season.low_flow + (season.high_flow - season.low_flow) * flood) * factor)


def first_order_noise(rng: np.random.Generator, size: int, memory: float) -> Floats:
    """Stationary first-order autoregressive noise of variance 1; ``memory`` = e-folding time [steps]."""
    keep = np.exp(-1.0 / memory)
    shocks = rng.standard_normal(size) * np.sqrt(1.0 - keep**2)
    shocks[:1] /= np.sqrt(1.0 - keep**2)  # stationary from the start
    return np.asarray(lfilter([1.0], [1.0, -keep], shocks))


def second_order_noise(rng: np.random.Generator, shape: tuple[int, int], period: float, memory: float) -> Floats:
    """Stationary second-order autoregressive noise of variance 1 along the last axis; times in [steps].

    Source: Box and Jenkins 1976, second-order process with poles ``exp(-1 / memory ± 2 pi i / period)``.
    """
    radius, angle = np.exp(-1.0 / memory), 2.0 * np.pi / period
    first, second = 2.0 * radius * np.cos(angle), -(radius**2)
    variance = (1.0 - second) / ((1.0 + second) * ((1.0 - second) ** 2 - first**2))
    warm_up = int(10 * memory)
    shocks = rng.standard_normal((shape[0], shape[1] + warm_up)) / np.sqrt(variance)
    return np.asarray(lfilter([1.0], [1.0, -first, -second], shocks, axis=-1)[:, warm_up:])


def _yearly(day_of_year: Floats, peak_day: float) -> npt.NDArray[np.float64]:
    return np.cos(2.0 * np.pi * (day_of_year - peak_day) / 365.25)
