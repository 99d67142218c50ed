"""Hourly sea level, rain of a day and discharge of simulated coasts, for as many years as are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.ndimage import maximum_filter1d

from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import load_constants, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.observations.weather.cyclone_fields import offset_metres
from strandline.observations.weather.land_drivers import RAIN_HOURS, rain_of_a_day
from strandline.observations.weather.storms import Window
from strandline.simulator.drawn_coast import DIRECTION, MAIN_ARM_DISCHARGE, SETTINGS
from strandline.simulator.sea.rain import local_runoff, simulate_rain
from strandline.simulator.sea.sea import (
    LOCAL_MEMORY_H,
    LOCAL_SPREAD,
    REMOTE_MEMORY_H,
    REMOTE_SPREAD,
    TIDE_OF,
)
from strandline.simulator.sea.seasonal_weather import first_order_noise, simulate_discharge, simulate_weather
from strandline.simulator.sea.storm_surge import forced_surge
from strandline.simulator.sea.tracks import PASSING_DISTANCE, Basin, Track, draw_tracks

BLOCK = 50
"""Years simulated at once."""
TIDES = ("2000-01-01", "2050-01-01", "2100-01-01", "2150-01-01")
"""Starts of the blocks, by turns: eleven nodal cycles."""
DRIVERS = ("sea level", "rain", "discharge")


@dataclass(frozen=True, eq=False)
class JointCoast:
    """Settings of one coast, drawn as those of `draw_coast`.

    Attributes:
        tides: predicted tide of each of ``TIDES`` [m about mean sea level].
        mean_discharge: of the whole river [m3 s-1].
    """

    seed: int
    basin: Basin
    longitude: float
    latitude: float
    seaward_direction: float
    shelf_width: float
    shelf_depth: float
    mean_level: float
    tides: tuple[Floats, ...] = field(repr=False)
    mean_discharge: float

    def hours(self, block: int) -> tuple[Times, Floats, list[Window]]:
        """Times (T,) and drivers (3, T) of a block of years: sea level [m], rain of a day [mm], discharge [m3 s-1].

        Also the passages of cyclones, as their tracks tell.

        What `simulate_sea` without neighbours gives, to the bit, but for weather fields, which it does not make.
        """
        rng, rain_rng = (np.random.default_rng([self.seed, part, block]) for part in (1, 6))
        time = _times(TIDES[block % len(TIDES)])
        first = time[0].astype("datetime64[h]")
        stamps = pd.DatetimeIndex(time)
        day = np.asarray(stamps.day_of_year, dtype=float) + np.asarray(stamps.hour, dtype=float) / 24.0
        weather = simulate_weather(self.basin, day, rng)
        site = (self.longitude, self.latitude)
        tracks = draw_tracks(self.basin, *site, self.seaward_direction, first, BLOCK, rng)
        remote = REMOTE_SPREAD * first_order_noise(rng, time.size, REMOTE_MEMORY_H)
        forced = forced_surge(
            *site, site, weather, tracks, first, self.seaward_direction, self.shelf_width, self.shelf_depth
        )
        local = LOCAL_SPREAD * first_order_noise(rng, time.size, LOCAL_MEMORY_H)
        level = self.mean_level + self.tides[block % len(TIDES)] + (forced + remote + local)
        whole = simulate_discharge(self.basin, day, rng)
        rain = simulate_rain(self.basin, day, weather, tracks, first, site, rain_rng)
        day = rain_of_a_day(np.concatenate([np.zeros(RAIN_HOURS), rain]))[RAIN_HOURS:]
        discharge = MAIN_ARM_DISCHARGE * whole / self.mean_discharge + local_runoff(rain)
        return time, np.stack([level, day, discharge]), _passages(tracks, site)


def draw_joint_coast(seed: int, basin: Basin) -> JointCoast:
    """A coast of a basin, its settings drawn within those of the simulator."""
    rng = np.random.default_rng([seed, 0])
    setting = SETTINGS[basin]
    seaward = setting.seaward[int(rng.integers(len(setting.seaward)))]
    tide_scale = rng.uniform(*setting.tide_scale)
    constants = load_constants(TIDE_OF[basin])
    tides = tuple(tide_scale * predict_tide(constants, _times(start)) for start in TIDES)
    day = np.arange(0.0, 365.25, 0.25)
    many = [simulate_discharge(basin, day + 1, np.random.default_rng([seed, 7, i])).mean() for i in range(100)]
    return JointCoast(
        seed,
        basin,
        rng.uniform(*setting.longitude),
        rng.uniform(*setting.latitude),
        DIRECTION[seaward] + rng.uniform(-15.0, 15.0),
        rng.uniform(150e3, 200e3),
        rng.uniform(10.0, 12.0),
        rng.uniform(-0.1, 0.3),
        tides,
        float(np.mean(many)),
    )


def yearly_maxima(hours: Floats, respond: Callable[[Floats], Floats], window: int) -> Floats:
    """(years, R) greatest responses of each year; drivers count together where they peak ``window`` hours apart."""
    drivers = hours if window == 0 else maximum_filter1d(hours, window + 1, axis=1, mode="nearest")
    years = round(hours.shape[1] / HOURS_PER_YEAR)
    length = hours.shape[1] // years
    values = respond(drivers.T)[: years * length]
    return np.asarray(values.reshape(years, length, -1).max(axis=1))


def _passages(tracks: list[Track], site: tuple[float, float]) -> list[Window]:
    """From 12 h before a track is within 400 km of the site to 24 h after, as for levels of a gauge's record."""
    windows = []
    for track in tracks:
        east, north = offset_metres(
            np.asarray(site[0]), np.asarray(site[1]), track.cyclone.longitude, track.cyclone.latitude
        )
        near = track.time[np.hypot(east, north) < PASSING_DISTANCE]
        if near.size:
            windows.append((near[0] - np.timedelta64(12, "h"), near[-1] + np.timedelta64(24, "h")))
    return windows


def _times(start: str) -> Times:
    hours = np.arange(round(BLOCK * HOURS_PER_YEAR)).astype("timedelta64[h]")
    return (np.datetime64(start, "h") + hours).astype("datetime64[ns]")
