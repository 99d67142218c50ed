"""The sea of a place: simulated weather and surge, with real tides and cyclones where their tables are at hand."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from benchmarks.any_coast.places import Gauge, Place
from strandline.observations.arrays import Floats, Times
from strandline.observations.fetch.sources.tides import CONSTANTS
from strandline.observations.readers.published.cyclone_tracks import read_tracks
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.sea_level.harmonic_tide import load_constants, predict_tide
from strandline.observations.weather.cyclone_fields import (
    AMBIENT_PRESSURE,
    KNOT,
    Cyclone,
    cyclone_fields,
    holland_peakedness,
    median_radius_of_maximum_wind,
    offset_metres,
    pressure_drop,
)
from strandline.simulator.sea.sea import (
    LOCAL_MEMORY_H,
    LOCAL_SPREAD,
    REMOTE_MEMORY_H,
    REMOTE_SPREAD,
    TIDE_OF,
    storm_fixes,
)
from strandline.simulator.sea.seasonal_weather import first_order_noise, simulate_discharge, simulate_weather
from strandline.simulator.sea.storm_surge import forced_surge
from strandline.simulator.sea.tracks import Track, draw_tracks, tracks_within

TRACKS = "storms/ibtracs_jtwc_1980_2024.csv.gz"
MEAN_SEA_LEVEL = 0.2
"""[m, EGM2008] Invented, within what a geoid model leaves open at a coast."""
SHELF = 170e3, 11.0
"""[m] Width and depth of the shelf, in the middle of those of the simulated coasts."""
NEAR = 600.0
"""[km] Farther cyclones raise nothing."""


@dataclass(frozen=True, eq=False)
class PlaceSea:
    """Hourly sea and weather of a place.

    Attributes:
        time: (T,) UTC.
        level: (S, T) at the gauges [m, EGM2008]; that of the first is the sea at the box.
        weather: (3, T) pressure [Pa], wind to east and north [m s-1].
        discharge: (T,) of the river [m3 s-1].
        fixes: of the cyclones, as modality ``storms``.
        has_real_tracks: whether these are real.
    """

    time: Times
    level: Floats
    weather: Floats
    discharge: Floats
    fixes: xr.Dataset
    has_real_tracks: bool


def simulate_place_sea(place: Place, until: date, data: Path | None) -> PlaceSea:
    """Twelve years or so up to a day.

    Args:
        data: folder of published tables; ``None`` = constants and cyclones of the basin's climatology.
    """
    rng = np.random.default_rng([place.seed, 1])
    first = np.datetime64(until.replace(year=until.year - place.years), "h")
    hours = np.arange(int((np.datetime64(until, "h") - first) / np.timedelta64(1, "h")))
    time: Times = (first + hours.astype("timedelta64[h]")).astype("datetime64[ns]")
    stamps = pd.DatetimeIndex(time)
    day = stamps.day_of_year.to_numpy(dtype=float) + stamps.hour.to_numpy(dtype=float) / 24
    own = place.gauges[0]
    site = own.longitude, own.latitude
    weather = simulate_weather(place.basin, day, rng)
    tracks = (
        draw_tracks(place.basin, *site, place.direction, first, place.years, rng)
        if data is None
        else real_tracks(data / TRACKS, site)
    )
    remote = REMOTE_SPREAD * first_order_noise(rng, time.size, REMOTE_MEMORY_H)
    levels = []
    for gauge in place.gauges:
        here = gauge.longitude, gauge.latitude
        forced = forced_surge(*here, site, weather, tracks, first, place.direction, *SHELF)
        local = LOCAL_SPREAD * first_order_noise(rng, time.size, LOCAL_MEMORY_H)
        levels.append(MEAN_SEA_LEVEL + _tide(gauge, place, time, data) + forced + remote + local)
    fields = weather.seasonal + weather.departure(0.0, 0.0)
    for track, when, inside in tracks_within(tracks, first, time.size):
        storm = np.concatenate(cyclone_fields(track.cyclone, np.array([site[0]]), np.array([site[1]])), axis=1).T
        fields[:, when] += storm[:, inside]
    discharge = simulate_discharge(place.basin, day, rng)
    return PlaceSea(time, np.stack(levels), fields, discharge, storm_fixes(tracks, time), data is not None)


def real_tracks(path: Path, site: tuple[float, float]) -> list[Track]:
    """The cyclones of IBTrACS near a site [degrees], hour by hour; a fix without a wind is left out."""
    storms = read_tracks(path, [site], NEAR)
    assert storms is not None
    tracks = []
    for name in np.unique(storms["storm"].values):
        storm = storms.isel(fix=(storms["storm"].values == name) & np.isfinite(storms["maximum_wind"].values))
        if storm.sizes["fix"] > 1:
            tracks.append(_hourly(str(name), storm))
    return tracks


def _hourly(name: str, storm: xr.Dataset) -> Track:
    fixes = storm["time"].values.astype("datetime64[h]").astype(np.int64)
    hour = np.arange(fixes[0], fixes[-1] + 1)
    longitude, latitude, wind = (
        np.interp(hour, fixes, storm[key].values) for key in ("longitude", "latitude", "maximum_wind")
    )
    wind = np.maximum(wind, 15 * KNOT)
    drop = pressure_drop(wind)
    east, north = offset_metres(longitude, latitude, longitude[:1], latitude[:1])
    along, across = np.gradient(east) / 3600, np.gradient(north) / 3600
    cyclone = Cyclone(
        longitude, latitude, AMBIENT_PRESSURE - drop, np.full(hour.shape, AMBIENT_PRESSURE),
        median_radius_of_maximum_wind(drop, latitude), holland_peakedness(wind, drop, np.hypot(along, across)),
        along, across,
    )  # fmt: skip
    return Track(name, hour.astype("datetime64[h]"), cyclone, wind)


def _tide(gauge: Gauge, place: Place, time: Times, data: Path | None) -> Floats:
    if data is None:
        return place.tide_scale * predict_tide(load_constants(TIDE_OF[place.basin]), time)
    table = data / "tides" / CONSTANTS
    return predict_tide(read_tidal_constants(table, gauge.constants, gauge.latitude).value, time)


def days_before(until: date, years: int) -> date:
    """The day some years of 365 days before."""
    return until - timedelta(days=365 * years)
