"""Hourly records of many gauges, labelled weeks, and residuals from a fitted tide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.surge.neighbours.networks.surge_network import HOURS
from benchmarks.surge.neighbours.records.known_tracks import pressure_rise
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.readers.published.cyclone_tracks import read_tracks
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.sea_level.harmonic_tide import (
    SHORTEST_RECORD_DAYS,
    TidalConstants,
    adopt_tide,
    fit_tide,
    predict_tide,
)

HOURS_A_WEEK = 168
STORMS_WITHIN = 1500.0
"""Greatest distance of a cyclone track from a gauge [km]."""


@dataclass(frozen=True, eq=False)
class Gauges:
    """Records of S gauges in T consecutive hours.

    Attributes:
        names: of the gauges.
        latitude, longitude: (S,) [degrees].
        time: (T,) UTC.
        level: (S, T) [m] on each gauge's own datum; NaN = not observed.
        published: tidal constants of gauges, for records that are too short to fit a tide.
        lift: (S, T, 120) rise [m] by the low pressure of cyclones at `HOURS` about each issue, as known then; ``None``
            without tracks.
    """

    names: tuple[str, ...]
    latitude: Floats
    longitude: Floats
    time: Times
    level: Floats
    published: Mapping[str, TidalConstants] = field(default_factory=dict)
    pressure_rise: npt.NDArray[np.float32] | None = None

    def within(self, first: str, last: str) -> Mask:
        """(T,) hours of these days, including the last.

        Raises:
            InputError: the record has none of them.
        """
        inside: Mask = (self.time >= np.datetime64(first)) & (self.time < np.datetime64(last) + np.timedelta64(1, "D"))
        if not inside.any():
            there = f"{str(self.time[0])[:10]} to {str(self.time[-1])[:10]}"
            raise InputError(f"{first}/{last}", "is not in the record", f"choose days within {there}")
        return inside


@dataclass(frozen=True, eq=False)
class Residual:
    """Residuals of a gauge from a tide that is fitted to part of its record.

    Attributes:
        level: (T,) observed − tide − mean sea level [m]; NaN = not observed.
        tide: (T,) predicted [m above mean sea level].
        mean: mean sea level [m on the gauge's datum].
        modes: (T, R) error modes of tide and mean [m] (`FittedTide.error_modes`).
        source: of the tide.
        doubt: (T,) standard deviation of the level [m]; 0 for readings.
    """

    level: Floats
    tide: Floats
    mean: float
    modes: npt.NDArray[np.float32]
    source: str
    uncertainty: Floats


def read_gauges(levels: Path, stations: Path, constants: Path | None = None, storms: Path | None = None) -> Gauges:
    """Read a table with UTC times (``time_utc``) and one column of levels [m] per station; missing hours are gaps.

    The column ``constants`` of the stations names entries of the TICON table ``constants``; ``storms`` are tracks in
    the columns of IBTrACS.

    Raises:
        InputError: a column without a station, a duplicate time, or a time that is not on the hour.
    """
    table = pd.read_csv(levels, index_col="time_utc", parse_dates=True)
    positions = pd.read_csv(stations, index_col="station")
    unknown = [str(name) for name in table.columns if name not in positions.index]
    if unknown:
        raise InputError(str(levels), f"columns {unknown} are no station of {stations.name}", "add them there")
    if table.index.has_duplicates or (pd.DatetimeIndex(table.index).floor("h") != table.index).any():
        raise InputError(str(levels), "has a time twice or off the hour", "give one row per hour, on the hour")
    hours = pd.date_range(table.index.min(), table.index.max(), freq="h")
    names = tuple(str(name) for name in table.columns)
    published = {}
    if constants is not None and "constants" in positions:
        named = positions.loc[list(names), ["constants", "latitude"]].dropna()
        published = {
            str(n): read_tidal_constants(constants, row.constants, row.latitude).value for n, row in named.iterrows()
        }
    where = positions.loc[list(names)]
    lonlat = list(zip(where["longitude"].astype(float), where["latitude"].astype(float), strict=True))
    tracks = None if storms is None else read_tracks(storms, lonlat, STORMS_WITHIN)
    return Gauges(
        names,
        where["latitude"].to_numpy(dtype=float),
        where["longitude"].to_numpy(dtype=float),
        hours.to_numpy(),
        table.reindex(hours).to_numpy(dtype=float).T.copy(),
        published,
        None if tracks is None else pressure_rise(tracks, hours.to_numpy(), lonlat, HOURS).astype(np.float32),
    )


def draw_weeks(train: Mask, share: float, rng: np.random.Generator) -> Mask:
    """(T,) hours of random whole weeks that make up a share of the training hours, at least one week.

    The weeks are the first ones of a random order, so that larger shares contain smaller ones.
    """
    hours = np.flatnonzero(train)
    weeks = (hours - hours[0]) // HOURS_A_WEEK
    whole = np.flatnonzero(np.bincount(weeks) == HOURS_A_WEEK)
    chosen = rng.permutation(whole)[: max(1, round(share * hours.size / HOURS_A_WEEK))]
    allowed = np.zeros(train.size, dtype=bool)
    allowed[hours[np.isin(weeks, chosen)]] = True
    return allowed


def fit_residual(gauges: Gauges, station: int, allowed: Mask) -> Residual:
    """Residuals from the tide fitted to the allowed hours, or from a published tide where they are too few."""
    record, name = gauges.level[station], gauges.names[station]
    known = np.where(allowed, record, np.nan)
    if np.isfinite(known).sum() < 24 * SHORTEST_RECORD_DAYS and name in gauges.published:
        fitted = adopt_tide(gauges.published[name], gauges.time, known)
    else:
        source = f"own record, {allowed.sum()} hours"
        fitted = fit_tide(gauges.time, known, float(gauges.latitude[station]), name=name, source=source)
    tide = predict_tide(fitted.constants, gauges.time)
    level = record - fitted.mean - tide
    return Residual(
        level, tide, fitted.mean, fitted.error_modes(gauges.time), fitted.constants.source, np.zeros(record.size)
    )


def offsets_from(gauges: Gauges, station: int) -> Floats:
    """(S, 2) distance of each gauge east and north of a station [1000 km]."""
    degree = 6.371 * np.pi / 180
    east = (gauges.longitude - gauges.longitude[station] + 180) % 360 - 180
    east = east * np.cos(np.deg2rad((gauges.latitude + gauges.latitude[station]) / 2))
    return np.stack([east * degree, (gauges.latitude - gauges.latitude[station]) * degree], axis=1)


def station_indices(gauges: Gauges, names: Sequence[str]) -> list[int]:
    """Positions of stations among the gauges.

    Raises:
        InputError: an unknown name.
    """
    unknown = [name for name in names if name not in gauges.names]
    if unknown:
        raise InputError(f"targets {unknown}", "are no gauge", f"choose from {', '.join(gauges.names)}")
    return [gauges.names.index(name) for name in names]
