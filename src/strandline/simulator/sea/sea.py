"""Hourly sea level of a simulated coast: tide, surge, weather, storms and river discharge."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.sea_level.harmonic_tide import load_constants, predict_tide
from strandline.observations.variables import HOURS_PER_YEAR, as_variable
from strandline.observations.weather.coastal_response import GRAVITY
from strandline.observations.weather.cyclone_fields import EARTH_RADIUS, cyclone_fields, offset_metres
from strandline.simulator.sea.rain import simulate_rain
from strandline.simulator.sea.seasonal_weather import Weather, first_order_noise, simulate_discharge, simulate_weather
from strandline.simulator.sea.storm_surge import forced_surge
from strandline.simulator.sea.tracks import Basin, Track, draw_tracks, tracks_within

TIDE_OF: dict[Basin, Literal["vung_tau", "chittagong"]] = {
    "bay_of_bengal": "chittagong",
    "mekong": "vung_tau",
}
"""Tidal station of each basin."""
STORM_HOURS, STORM_PEAK_HOUR = 120, 72
ANALYSIS_STEP_H, ANALYSIS_DELAY_H = 3, 6.0
"""Hours between the analyses, and from each until it could be had: an assumption, the usual delay of a centre."""
_GRID_NODES, _GRID_SPACING = 5, 1.0  # [-], [degrees]
_TIDE_SPEED = 40.0  # [m s-1] along the coast, off the shelf in water of about 160 m
REMOTE_SPREAD, LOCAL_SPREAD = 0.08, 0.02
"""Standard deviation [m] of the surge from beyond the shelf, and of that local to one harbour."""
REMOTE_MEMORY_H, LOCAL_MEMORY_H = 72.0, 12.0
"""Their e-folding times [h]."""


@dataclass(frozen=True, eq=False)
class SeaRecord:
    """True sea level and weather, without errors of instruments.

    Attributes:
        tide_gauge: modality ``tide_gauge``: hourly ``water_level`` [m, region datum], quality 0; station 0 is the site,
            the others are neighbours along the coast. The coordinate ``mean_sea_level`` (station) refers to *this
            record* and includes the sea-level rise.
        tide: (station, time) [m about mean sea level], with its seasonal part SA and SSA.
        surge: (station, time) [m]; water level minus mean sea level minus tide. It excludes the effect of the mean
            season's wind and pressure, which is part of the tide's SA and SSA.
        weather: modality ``weather``: analyses of pressure and wind around the site, every ``ANALYSIS_STEP_H``.
        storms: modality ``storms``: 6-hourly fixes of every cyclone in the record.
        discharge: (time,) of the basin's whole river [m3 s-1].
        rain: (time,) at the site [mm h-1]; ``None`` = it was not asked for.
    """

    tide_gauge: xr.Dataset
    tide: xr.DataArray
    surge: xr.DataArray
    weather: xr.Dataset
    storms: xr.Dataset
    discharge: xr.DataArray
    rain: xr.DataArray | None = None


@dataclass(frozen=True)
class _Station:
    """A point on the coast: name, position [degrees], distance along the coast [m], and scale of tide and surge [-]."""

    name: str
    longitude: float
    latitude: float
    along: float
    surge_scale: float
    tide_scale: float


def simulate_sea(
    basin: Basin,
    longitude: float,
    latitude: float,
    years: float,
    rng: np.random.Generator,
    *,
    seaward_direction: float,
    shelf_width: float,
    shelf_depth: float,
    start: str = "2000-01-01",
    mean_sea_level: float = 0.0,
    sea_level_rise: float = 0.0,
    neighbours: int = 2,
    tide_scale: float = 1.0,
    rain: np.random.Generator | None = None,
) -> SeaRecord:
    """Simulate some years of sea level at a site and its neighbours.

    The surge is the set-up on a shelf under cyclones from the basin's climatology and the weather between them, the
    inverse barometer effect, and a remainder from beyond the shelf. Neighbours are 40 to 150 km along the coast under
    the same fields; tide and remainder arrive there later.

    Args:
        basin: of storms, seasons, river, and tide (Chittagong or Vung Tau).
        longitude, latitude: of the site [degrees].
        years: length of the record (of 8766 h).
        seaward_direction: direction that the coast faces [degrees clockwise from north].
        shelf_width, shelf_depth: width and mean depth of the shelf [m].
        start: first hour, UTC.
        mean_sea_level: without the rise [m, region datum].
        sea_level_rise: [m].
        tide_scale: factor on the real constants [-].
        rain: draws the rain, of the same weather and cyclones; ``None`` = no rain.

    Raises:
        InputError: a length, depth or number is not positive.
    """
    for value, what in ((years, "years"), (shelf_width, "shelf_width"), (shelf_depth, "shelf_depth")):
        if not value > 0:
            raise InputError("simulated sea", f"{what} is {value:g}", "give a number above 0")
    first = np.datetime64(start, "h")
    time: Times = (first + np.arange(round(years * HOURS_PER_YEAR)).astype("timedelta64[h]")).astype("datetime64[ns]")
    stamps = pd.DatetimeIndex(time)
    day = np.asarray(stamps.day_of_year, dtype=float) + np.asarray(stamps.hour, dtype=float) / 24.0

    stations = _draw_stations(longitude, latitude, seaward_direction, neighbours, rng)
    weather = simulate_weather(basin, day, rng)
    tracks = draw_tracks(basin, longitude, latitude, seaward_direction, first, years, rng)
    surge_speed = float(np.sqrt(GRAVITY * shelf_depth))
    remote = REMOTE_SPREAD * first_order_noise(rng, time.size, REMOTE_MEMORY_H)
    hours = np.arange(time.size, dtype=float)

    constants = load_constants(TIDE_OF[basin])
    tide, surge = np.empty((len(stations), time.size)), np.empty((len(stations), time.size))
    for i, station in enumerate(stations):
        tide_lag, surge_lag = (abs(station.along) / speed / 3600.0 for speed in (_TIDE_SPEED, surge_speed))
        delay = np.timedelta64(round(tide_lag * 3600), "s")
        tide[i] = tide_scale * station.tide_scale * predict_tide(constants, time - delay)
        forced = forced_surge(
            station.longitude,
            station.latitude,
            (longitude, latitude),
            weather,
            tracks,
            first,
            seaward_direction,
            shelf_width,
            shelf_depth,
        )
        local = LOCAL_SPREAD * first_order_noise(rng, time.size, LOCAL_MEMORY_H)
        surge[i] = station.surge_scale * forced + np.interp(hours - surge_lag, hours, remote) + local

    mean_level = mean_sea_level + sea_level_rise
    names = [station.name for station in stations]
    coordinates = {"station": names, "time": time}
    tide_gauge = xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), mean_level + tide + surge),
            "quality": as_variable("quality", ("station", "time"), np.zeros(tide.shape, dtype=np.uint8)),
        },
        {
            **coordinates,
            "longitude": ("station", [station.longitude for station in stations]),
            "latitude": ("station", [station.latitude for station in stations]),
            "mean_sea_level": ("station", np.full(len(stations), mean_level)),
        },
    )
    discharge = xr.DataArray(
        simulate_discharge(basin, day, rng),
        {"time": time},
        ("time",),
        "discharge",
        {"units": "m3 s-1", "long_name": "discharge of the basin's whole river"},
    )
    return SeaRecord(
        tide_gauge,
        xr.DataArray(as_variable("tide", ("station", "time"), tide), coordinates, name="tide"),
        xr.DataArray(as_variable("surge", ("station", "time"), surge), coordinates, name="surge"),
        _weather_fields(weather, tracks, longitude, latitude, time, rng),
        storm_fixes(tracks, time),
        discharge,
        None if rain is None else _rain(basin, day, weather, tracks, time, (longitude, latitude), rain),
    )


def _rain(
    basin: Basin,
    day: Floats,
    weather: Weather,
    tracks: list[Track],
    time: npt.NDArray[np.datetime64],
    site: tuple[float, float],
    rng: np.random.Generator,
) -> xr.DataArray:
    values = simulate_rain(basin, day, weather, tracks, time[0].astype("datetime64[h]"), site, rng)
    return xr.DataArray(as_variable("rain", ("time",), values), {"time": time}, name="rain")


def _draw_stations(
    longitude: float, latitude: float, seaward_direction: float, neighbours: int, rng: np.random.Generator
) -> list[_Station]:
    along_coast = np.deg2rad(seaward_direction + 90.0)
    stations = [_Station("own", longitude, latitude, 0.0, 1.0, 1.0)]
    for number in range(1, neighbours + 1):
        along = rng.uniform(40_000.0, 150_000.0) * (-1.0) ** number
        north, east = along * np.cos(along_coast), along * np.sin(along_coast)
        stations.append(
            _Station(
                f"neighbour-{number}",
                longitude + float(np.rad2deg(east / (EARTH_RADIUS * np.cos(np.deg2rad(latitude))))),
                latitude + float(np.rad2deg(north / EARTH_RADIUS)),
                float(along),
                float(rng.lognormal(0.0, 0.12)),
                float(rng.lognormal(0.0, 0.06)),
            )
        )
    return stations


def _weather_fields(
    weather: Weather,
    tracks: list[Track],
    longitude: float,
    latitude: float,
    time: npt.NDArray[np.datetime64],
    rng: np.random.Generator,
) -> xr.Dataset:
    """Coarse analyses around the site, with noise of 30 Pa and 0.5 m s-1 at each node."""
    half = _GRID_NODES // 2
    nodes = np.arange(-half, half + 1) * _GRID_SPACING
    longitudes, latitudes = round(longitude) + nodes, round(latitude) - nodes  # row 0 = north
    node_longitude, node_latitude = (grid.ravel() for grid in np.meshgrid(longitudes, latitudes))
    east, north = offset_metres(node_longitude, node_latitude, np.asarray(longitude), np.asarray(latitude))
    coarse = Weather(weather.seasonal[..., ::ANALYSIS_STEP_H], weather.modes[..., ::ANALYSIS_STEP_H])
    fields = np.stack(
        [coarse.seasonal + coarse.departure(float(e), float(n)) for e, n in zip(east, north, strict=True)]
    ).transpose(2, 1, 0)  # (step, 3, node)
    first = time[0].astype("datetime64[h]")
    for track, hour, inside in tracks_within(tracks, first, time.size):
        at = hour % ANALYSIS_STEP_H == 0
        storm = np.stack(cyclone_fields(track.cyclone, node_longitude, node_latitude), axis=1)
        fields[hour[at] // ANALYSIS_STEP_H] += storm[inside[at]]
    fields += rng.standard_normal(fields.shape) * np.array([30.0, 0.5, 0.5])[:, None]
    shape = (len(fields), latitudes.size, longitudes.size)
    dims = ("time", "latitude", "longitude")
    return xr.Dataset(
        {
            name: as_variable(name, dims, fields[:, i].reshape(shape).astype(np.float32))
            for i, name in enumerate(("pressure", "wind_east", "wind_north"))
        },
        {
            "time": time[::ANALYSIS_STEP_H],
            "latitude": latitudes,
            "longitude": longitudes,
            "available_after_h": ANALYSIS_DELAY_H,
        },
    )


def storm_fixes(tracks: list[Track], time: npt.NDArray[np.datetime64]) -> xr.Dataset:
    """True 6-hourly fixes of tracks within the record, as modality ``storms``; empty without storms."""
    names = ("longitude", "latitude", "maximum_wind", "central_pressure", "radius_of_maximum_wind")
    none = pd.DataFrame({"storm": [], "time": np.empty(0, dtype="datetime64[ns]"), **{name: [] for name in names}})
    hourly = [
        pd.DataFrame({"storm": track.name, "time": track.time.astype("datetime64[ns]"),
                      "maximum_wind": track.maximum_wind, **vars(track.cyclone)})
        for track in tracks
    ]  # fmt: skip
    fixes = pd.concat(hourly) if hourly else none
    fixes = fixes[(fixes["time"].dt.hour % 6 == 0) & fixes["time"].between(time[0], time[-1])]
    columns = {name: fixes[name].to_numpy(dtype=float) for name in names}
    return xr.Dataset(
        {name: as_variable(name, ("fix",), columns[name]) for name in names[2:]},
        {
            "fix": np.arange(len(fixes)),
            "storm": ("fix", fixes["storm"].to_numpy(dtype=str)),
            "time": ("fix", fixes["time"].to_numpy()),
            **{name: ("fix", columns[name]) for name in names[:2]},
        },
    )


class DesignStorm(NamedTuple):
    """120 hours: ``level`` [m, region datum], and its ``tide`` [m about mean sea level]."""

    level: Floats
    tide: Floats


def design_storm(
    tide: Floats, mean_sea_level: float, peak_level: float, rng: np.random.Generator, time_scale_h: float | None = None
) -> DesignStorm:
    """Hourly water level [m] and tide of a storm whose greatest level is exactly ``peak_level``, in hour 72 of 120.

    A surge ``exp(-|t| / scale)``, faster after the peak than before, is added to the tide, which is shifted so that
    the peak is within 3 h of high water. Where the sum exceeds the peak in another hour for every shift, the range of
    the tide is reduced as far as necessary.

    Args:
        tide: 120 hours about mean sea level [m].
        mean_sea_level: [m, region datum].
        peak_level: [m, region datum], above mean sea level.
        time_scale_h: of the rising surge [h]; drawn (median 8, range 3 to 36) if None.

    Raises:
        InputError: the tide does not have 120 finite hours, or the peak is not above mean sea level.
    """
    if tide.shape != (STORM_HOURS,) or not np.isfinite(tide).all():
        raise InputError(
            "design storm", f"the tide has shape {tide.shape} or gaps", f"give {STORM_HOURS} hours without gaps"
        )
    height = peak_level - mean_sea_level
    if not height > 0:
        raise InputError(
            "design storm", f"the peak is {height:g} m above mean sea level", "give a peak above mean sea level"
        )
    scale = time_scale_h
    if scale is None:
        scale = float(np.clip(rng.lognormal(np.log(8.0), 0.5), 3.0, 36.0))
    hours = np.arange(STORM_HOURS) - STORM_PEAK_HOUR
    shape = np.exp(-np.abs(hours) / np.where(hours < 0, scale, 0.7 * scale))

    around = slice(STORM_PEAK_HOUR - 12, STORM_PEAK_HOUR + 13)
    high_water = around.start + int(np.argmax(tide[around]))
    share, shifted = -1.0, tide
    for after_high_water in rng.permutation(np.arange(-3, 4)):
        candidate = _shift_tide(tide, high_water + int(after_high_water) - STORM_PEAK_HOUR)
        # k tide + (height - k tide[peak]) shape <= height, at every hour, is linear in k.
        rise = candidate - candidate[STORM_PEAK_HOUR] * shape
        bounded = rise > 0
        most = min(1.0, float(np.min(height * (1.0 - shape[bounded]) / rise[bounded], initial=1.0)))
        if most > share:
            share, shifted = most, candidate
        if share == 1.0:
            break
    level = mean_sea_level + share * shifted + (height - share * shifted[STORM_PEAK_HOUR]) * shape
    level[STORM_PEAK_HOUR] = peak_level
    return DesignStorm(np.minimum(level, peak_level), share * shifted)


def _shift_tide(tide: Floats, hours: int) -> Floats:
    """The tide shifted by some hours; beyond the window it is taken from a lunar day (25 h) earlier or later."""
    wanted = np.arange(tide.size) + hours
    wanted = np.where(wanted < 0, wanted + 25, np.where(wanted >= tide.size, wanted - 25, wanted))
    return tide[wanted]
