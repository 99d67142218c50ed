"""What cyclone advisories mean for one place: parametric pressure and wind, with members drawn from their errors.

The source of last resort: where no model's forecast reaches, and at the core of cyclones, which coarse models show too
weak. It holds no other weather: far from all cyclones it says nothing.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory
from strandline.observations.readers.weather_forecasts.advisories.advisory_tables import (
    read_advisory_table,
    read_jma,
)
from strandline.observations.readers.weather_forecasts.advisories.atcf import IS_ATCF, read_atcf
from strandline.observations.readers.weather_forecasts.advisories.nhc_text import IS_NHC, read_nhc
from strandline.observations.readers.weather_forecasts.advisories.track_errors import (
    position_deviation,
    wind_deviation,
)
from strandline.observations.readers.weather_forecasts.assemble import Availability, Rows, assemble
from strandline.observations.weather.cyclone_fields import (
    EARTH_RADIUS,
    Cyclone,
    cyclone_fields,
    holland_peakedness,
    median_radius_of_maximum_wind,
    offset_metres,
    pressure_drop,
    spread_of_radius,
)

AMBIENT_PRESSURE = 101_000.0
"""[Pa] Around a cyclone: the reference of Atkinson and Holliday 1977."""
REACH = 1_200_000.0
"""[m] From the centre, within which an advisory says something of the weather; an assumption."""
_LEAST_WIND = 5.0
"""[m s-1] Of a cyclone that a member weakens; an assumption."""
_LARGEST_FILE = 64 << 20
_PER_WIND = 1.0 / 0.644
"""Exponent by which the pressure drop grows with the wind (Atkinson and Holliday 1977)."""
_NAMES = ("pressure", "wind_east", "wind_north")


def read_advisories(
    paths: Sequence[Path],
    longitude: float,
    latitude: float,
    available: Availability,
    *,
    technique: str | None,
    members: int,
) -> xr.Dataset:
    """The ``weather_forecast`` of one place from advisories: ATCF, text of the NHC, JSON of the JMA, or plain tables.

    Member 0 is the advisory itself. Where several storms are near, the one of the lower pressure counts.

    Args:
        longitude, latitude: of the place [degrees].
        available: of advisories that do not say when they were published.
        technique: of ATCF files; ``None`` = the centre's own forecast.
        members: beside member 0, drawn from the stated circles, or from published errors by lead. The same advisory
            gives the same members whenever it is read.

    Raises:
        InputError: a file cannot be read, or no storm comes near the place.
    """
    advisories = [advisory for path in paths for advisory in _read(path, technique)]
    where = ", ".join(map(str, paths[:3]))
    layers: dict[np.datetime64, Floats] = {}  # issue → (3, lead, member), by hour
    for advisory in advisories:
        own = weather_of_advisory(advisory, longitude, latitude, members, _generator(advisory))
        there = layers.get(advisory.issued)
        layers[advisory.issued] = own if there is None else _deeper(there, own)
    issues = [issued for issued, values in layers.items() if not np.isnan(values).all()]
    if not issues:
        what = f"holds no cyclone within {REACH / 1000:.0f} km of the place"
        raise InputError(where, what, "leave it out until one comes near")
    rows = [
        _rows(name, number, {issued: layers[issued] for issued in issues})
        for number, name in enumerate(_NAMES)
    ]  # fmt: skip
    published = {advisory.issued: advisory.available for advisory in advisories if advisory.available is not None}

    def known(issued: Times) -> Times:
        stated = np.array([published.get(moment, np.datetime64("NaT")) for moment in issued], dtype="datetime64[ns]")
        return np.where(np.isnat(stated), available(issued), stated)

    return assemble(rows, np.array([latitude]), np.array([longitude]), known, where)


def weather_of_advisory(
    advisory: CycloneAdvisory, longitude: float, latitude: float, members: int, rng: np.random.Generator
) -> Floats:
    """(3, T, M + 1) pressure [Pa], eastward and northward wind [m s-1] at a place, at leads 0, 1, … T − 1 h.

    NaN before the first position, and where the centre is farther away than ``REACH``. The error of a member's track
    points in one direction and grows with the lead as its deviation does; so does that of its strength, and its radius
    of maximum wind is off by one factor: errors of one forecast persist from lead to lead, as those of its steering
    flow. That they do so wholly is an assumption. The pressure drop follows the wind.
    """
    hours = np.arange(advisory.lead[0], advisory.lead[-1] + 1, dtype=float)
    east, north, strength, size = (np.concatenate([[0.0], rng.standard_normal(members)]) for _ in range(4))

    def hourly(values: Floats) -> Floats:
        return np.asarray(np.interp(hours, advisory.lead, values))[:, None]  # (T, 1)

    wind0 = hourly(advisory.maximum_wind)
    deviation = hourly(position_deviation(advisory))
    centre_latitude = hourly(advisory.latitude) + np.rad2deg(deviation * north / EARTH_RADIUS)  # (T, M + 1)
    parallel = np.maximum(EARTH_RADIUS * np.cos(np.deg2rad(np.clip(centre_latitude, -85.0, 85.0))), 1.0)
    centre_longitude = hourly(np.unwrap(advisory.longitude, period=360.0)) + np.rad2deg(deviation * east / parallel)
    wind = np.maximum(wind0 + hourly(wind_deviation(advisory)) * strength, _LEAST_WIND)
    stated = AMBIENT_PRESSURE - hourly(advisory.central_pressure)
    usual = pressure_drop(wind0)
    drop = np.where(stated > 0, stated, usual) * (wind / np.maximum(wind0, _LEAST_WIND)) ** _PER_WIND
    radius = hourly(advisory.radius_of_maximum_wind)
    radius = np.where(np.isnan(radius), median_radius_of_maximum_wind(drop, centre_latitude), radius)
    radius = radius * np.exp(spread_of_radius(drop) * size)
    speed_east, speed_north = _speed(centre_longitude, centre_latitude, parallel)
    peakedness = holland_peakedness(wind, drop, np.hypot(speed_east, speed_north))
    x, y = offset_metres(np.array(longitude), np.array(latitude), _near(centre_longitude, longitude), centre_latitude)
    within = np.hypot(x, y) <= REACH
    found = np.full((3, *within.shape), np.nan)
    if within.any():
        cyclone = Cyclone(
            _near(centre_longitude, longitude)[within], centre_latitude[within], AMBIENT_PRESSURE - drop[within],
            np.full(int(within.sum()), AMBIENT_PRESSURE), radius[within], peakedness[within], speed_east[within],
            speed_north[within],
        )  # fmt: skip
        deficit, wind_east, wind_north = cyclone_fields(cyclone, np.array([longitude]), np.array([latitude]))
        found[:, within] = [AMBIENT_PRESSURE + deficit[:, 0], wind_east[:, 0], wind_north[:, 0]]
    return np.pad(found, ((0, 0), (int(advisory.lead[0]), 0), (0, 0)), constant_values=np.nan)


def _speed(longitude: Floats, latitude: Floats, parallel: Floats) -> tuple[Floats, Floats]:
    """Eastward and northward speed of the centres [m s-1]; 0 where only one position is known."""
    if longitude.shape[0] < 2:
        return np.zeros_like(longitude), np.zeros_like(latitude)
    east = np.deg2rad(np.gradient(longitude, axis=0)) * parallel / 3600.0
    north = np.deg2rad(np.gradient(latitude, axis=0)) * EARTH_RADIUS / 3600.0
    return np.asarray(east), np.asarray(north)


def _near(centre: Floats, longitude: float) -> Floats:
    """Longitudes of centres within 180 degrees of a place's."""
    return np.asarray(longitude + (centre - longitude + 180.0) % 360.0 - 180.0)


def _generator(advisory: CycloneAdvisory) -> np.random.Generator:
    """The same one for the same advisory."""
    return np.random.default_rng([zlib.crc32(advisory.storm.encode()), int(advisory.issued.astype(np.int64) // 10**9)])


def _deeper(first: Floats, second: Floats) -> Floats:
    """(3, lead, member) of two storms: at each hour and member that of the lower pressure."""
    longest = max(first.shape[1], second.shape[1])
    padded = [
        np.pad(each, ((0, 0), (0, longest - each.shape[1]), (0, 0)), constant_values=np.nan) for each in (first, second)
    ]
    takes_second = np.isnan(padded[0][0]) | (padded[1][0] < padded[0][0])
    return np.where(takes_second, padded[1], padded[0])


def _rows(name: str, number: int, layers: dict[np.datetime64, Floats]) -> Rows:
    """The hours and members of all issues, one after the other."""
    parts = []
    for issued, values in layers.items():
        hours, count = values.shape[1:]
        lead, member = np.divmod(np.arange(hours * count), count)
        parts.append((np.full(lead.size, issued), lead, member, values[number].reshape(-1)))
    issues, leads, members, cells = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rows(name, issues, leads, members, cells[:, None, None])


def _read(path: Path, technique: str | None) -> list[CycloneAdvisory]:
    text = read_text(path, _LARGEST_FILE)
    if text.lstrip().startswith(("[", "{")):
        return read_jma(text, str(path))
    if IS_ATCF.match(text):
        return read_atcf(text, str(path), technique)
    if IS_NHC.search(text):
        return read_nhc(text, str(path))
    if "issued" in text.splitlines()[0].split(","):
        return read_advisory_table(text, path)
    known = "ATCF, a forecast/advisory of the NHC, specifications.json of the JMA"
    remedy = f"give {known}, or a table with storm, issued, lead, latitude, longitude, wind_kt"
    raise InputError(path, f"begins with '{text[:40].strip()}', which is no advisory", remedy)
