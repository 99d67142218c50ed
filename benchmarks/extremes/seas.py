"""Simulated seas whose every year is known: two cyclone basins, a temperate coast with rare cyclones, and one without.

They are simulated: no number here describes a real place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import TidalConstants, load_constants, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.cyclone_fields import EARTH_RADIUS
from strandline.simulator.drawn_coast import DIRECTION, SETTINGS
from strandline.simulator.sea.sea import (
    LOCAL_MEMORY_H,
    LOCAL_SPREAD,
    REMOTE_MEMORY_H,
    REMOTE_SPREAD,
    TIDE_OF,
    storm_fixes,
)
from strandline.simulator.sea.seasonal_weather import first_order_noise, simulate_weather
from strandline.simulator.sea.storm_surge import forced_surge
from strandline.simulator.sea.tracks import Basin, draw_tracks

Name = Literal["bay_of_bengal", "mekong", "temperate_with_cyclones", "temperate"]
FIRST = np.datetime64("2000-01-01", "h")
TEMPERATE_TIDE = TidalConstants(
    "temperate",
    40.0,
    "invented: a twice-daily tide of 1.3 m",
    {"M2": 0.65, "N2": 0.15, "S2": 0.13, "K1": 0.10, "O1": 0.07, "SA": 0.07},
    {"M2": 10.0, "N2": 350.0, "S2": 35.0, "K1": 100.0, "O1": 80.0, "SA": 150.0},
)
STORMS_PER_YEAR, CYCLONES_PER_YEAR = 12.0, 0.35
CYCLONE_REACH = 350_000.0  # [m]


@dataclass(frozen=True, eq=False)
class Record:
    """Some years: hourly level (T,) [m above mean sea level], and the fixes of every cyclone, made when asked for."""

    level: Floats
    make_fixes: Callable[[], xr.Dataset]

    @property
    def storms(self) -> xr.Dataset:
        """Fixes as modality ``storms``."""
        return self.make_fixes()


@dataclass(frozen=True, eq=False)
class Sea:
    """A coast whose tide is known and whose weather can be drawn for as many years as needed.

    Attributes:
        longitude, latitude: of its gauge [degrees].
        seaward_direction: towards the sea, to the nearest quarter, as a map shows it [degrees from north].
        time: (T,) hours of one record; ``tide``: (T,) [m]. Every record has the same.
        shelf: direction that the coast truly faces [degrees], width and depth [m].
    """

    name: Name
    longitude: float
    latitude: float
    seaward_direction: float
    time: Times
    tide: Floats
    shelf: tuple[float, float, float]

    def records(self, count: int, seed: int) -> Iterator[Record]:
        """Independent records."""
        for index in range(count):
            rng = np.random.default_rng([seed, index])
            yield self._basin_record(rng) if self.name in get_args(Basin) else self._temperate_record(rng)

    def annual_maxima(self, record: Record) -> Floats:
        """The highest level of each whole calendar year [m above mean sea level]."""
        year = pd.DatetimeIndex(self.time).year.to_numpy()
        return np.maximum.reduceat(record.level, np.flatnonzero(np.diff(year, prepend=year[0] - 1)))[: self.years]

    @property
    def years(self) -> int:
        """Length of a record."""
        return round(self.time.size / HOURS_PER_YEAR)

    def _basin_record(self, rng: np.random.Generator) -> Record:
        basin: Basin = "mekong" if self.name == "mekong" else "bay_of_bengal"
        weather = simulate_weather(basin, _day_of_year(self.time), rng)
        direction, width, depth = self.shelf
        tracks = draw_tracks(basin, self.longitude, self.latitude, direction, FIRST, self.years, rng)
        here = (self.longitude, self.latitude)
        surge = forced_surge(*here, here, weather, tracks, FIRST, direction, width, depth)
        surge += REMOTE_SPREAD * first_order_noise(rng, surge.size, REMOTE_MEMORY_H)
        surge += LOCAL_SPREAD * first_order_noise(rng, surge.size, LOCAL_MEMORY_H)
        return Record(self.tide + surge, lambda: storm_fixes(tracks, self.time))

    def _temperate_record(self, rng: np.random.Generator) -> Record:
        """Weak weather all year, storms from October to April, and, where there are any, cyclones from August on."""
        winter = np.cos(2 * np.pi * (_day_of_year(self.time) - 15.0) / 365.25)
        surge = 0.10 * (1.0 + 0.35 * winter) * first_order_noise(rng, self.time.size, 40.0)
        hours = np.arange(self.time.size)
        for year in range(self.years):
            for _ in range(rng.poisson(STORMS_PER_YEAR)):
                day = rng.uniform(-85.0, 120.0) + 365.25 * year
                peak = 0.15 + _pareto(rng, 0.20, -0.08)
                _add_storm(surge, hours, 24.0 * day, peak, rng.uniform(8.0, 24.0))
        storm, fixes = 0, []
        cyclones = CYCLONES_PER_YEAR if self.name == "temperate_with_cyclones" else 0.0
        for year in range(self.years):
            for _ in range(rng.poisson(cyclones)):
                hour = 24.0 * (rng.uniform(212.0, 305.0) + 365.25 * year)
                aside = rng.uniform(-CYCLONE_REACH, CYCLONE_REACH)
                peak = (0.2 + _pareto(rng, 0.65, 0.10)) * np.exp(-((aside / 180_000.0) ** 2))
                _add_storm(surge, hours, hour, peak, rng.uniform(3.0, 8.0))
                fixes.append(self._passage(storm, hour, aside, rng.uniform(5.0, 12.0)))
                storm += 1
        return Record(self.tide + surge, lambda: _as_storms(fixes))

    def _passage(self, storm: int, hour: float, aside: float, speed: float) -> pd.DataFrame:
        """6-hourly fixes of a straight track northwards that passes the gauge ``aside`` metres to the east."""
        first = 6 * round((hour - 48.0) / 6)
        when = np.arange(first, first + 97, 6)
        north = speed * 3600.0 * (when - hour)
        east = np.rad2deg(aside / (EARTH_RADIUS * np.cos(np.deg2rad(self.latitude))))
        return pd.DataFrame(
            {
                "storm": f"cyclone-{storm:04d}",
                "time": (FIRST + when.astype("timedelta64[h]")).astype("datetime64[ns]"),
                "longitude": self.longitude + east,
                "latitude": self.latitude + np.rad2deg(north / EARTH_RADIUS),
            }
        )


def draw_sea(name: Name, seed: int, years: int = 30) -> Sea:
    """A coast of one kind: place, shelf and tide from the ranges of the simulated coasts."""
    rng = np.random.default_rng([seed, 77])
    hours = np.arange(round(years * HOURS_PER_YEAR))
    time = (FIRST + hours.astype("timedelta64[h]")).astype("datetime64[ns]")
    if name == "bay_of_bengal" or name == "mekong":
        setting = SETTINGS[name]
        quarter = DIRECTION[setting.seaward[int(rng.integers(len(setting.seaward)))]]
        tide = rng.uniform(*setting.tide_scale) * predict_tide(load_constants(TIDE_OF[name]), time)
        longitude, latitude = rng.uniform(*setting.longitude), rng.uniform(*setting.latitude)
        shelf = (quarter + rng.uniform(-15.0, 15.0), rng.uniform(150e3, 200e3), rng.uniform(10.0, 12.0))
        return Sea(name, longitude, latitude, quarter, time, tide, shelf)
    tide = rng.uniform(0.6, 1.4) * predict_tide(TEMPERATE_TIDE, time)
    return Sea(name, -74.0, 40.0, 180.0, time, tide, (180.0, 0.0, 0.0))


def _day_of_year(time: Times) -> npt.NDArray[np.float64]:
    stamps = pd.DatetimeIndex(time)
    return np.asarray(stamps.day_of_year, dtype=float) + np.asarray(stamps.hour, dtype=float) / 24.0


def _pareto(rng: np.random.Generator, scale: float, shape: float) -> float:
    return float(scale * np.expm1(shape * rng.exponential()) / shape)


def _add_storm(surge: Floats, hours: npt.NDArray[np.int64], hour: float, peak: float, memory: float) -> None:
    """Add a surge that rises with an e-folding time [h] and falls faster, in place."""
    first, last = np.searchsorted(hours, [hour - 6.0 * memory, hour + 6.0 * memory])
    away = hours[first:last] - hour
    surge[first:last] += peak * np.exp(-np.abs(away) / np.where(away < 0, memory, 0.7 * memory))


def _as_storms(fixes: list[pd.DataFrame]) -> xr.Dataset:
    names = ("storm", "time", "longitude", "latitude")
    table = pd.concat(fixes) if fixes else pd.DataFrame({name: [] for name in names}).astype({"time": "datetime64[ns]"})
    return xr.Dataset(coords={name: ("fix", table[name].to_numpy()) for name in names})
