"""Hourly records of many gauges, and which weeks of one may be learned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.surge.known_tracks import known_lift
from benchmarks.surge.surge_network import HOURS
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask, Times
from strandline.observations.readers.cyclone_tracks import read_tracks
from strandline.observations.readers.tidal_constants import read_tidal_constants
from strandline.observations.sea_level.harmonic_tide import (
    SHORTEST_RECORD_DAYS,
    TidalConstants,
    adopt_tide,
    fit_tide,
    predict_tide,
)

HOURS_A_WEEK = 168
STORMS_WITHIN = 1500.0
"""Of a gauge [km]: tracks beyond are not followed."""


@dataclass(frozen=True, eq=False)
class Gauges:
    """What S gauges measured in T consecutive hours.

    Attributes:
        names: of the gauges.
        latitude, longitude: (S,) [degrees].
        time: (T,) UTC.
        level: (S, T) [m] on each gauge's own datum; NaN = not observed.
        published: constants of gauges, for records that are too short to fit a tide.
        lift: (S, T, 120) rise [m] by the low pressure of cyclones at `HOURS` about each issue, as known then; ``None``
            without tracks.
    """

    names: tuple[str, ...]
    latitude: Floats
    longitude: Floats
    time: Times
    level: Floats
    published: Mapping[str, TidalConstants] = field(default_factory=dict)
    lift: npt.NDArray[np.float32] | None = None

    def within(self, first: str, last: str) -> Mask:
        """(T,) hours of these days, the last included.

        Raises:
            InputError: none of them is in the record.
        """
        inside: Mask = (self.time >= np.datetime64(first)) & (self.time < np.datetime64(last) + np.timedelta64(1, "D"))
        if not inside.any():
            there = f"{str(self.time[0])[:10]} to {str(self.time[-1])[:10]}"
            raise InputError(f"{first}/{last}", "is not in the record", f"choose within {there}")
        return inside


@dataclass(frozen=True, eq=False)
class Residual:
    """A gauge's record about a tide that was fitted to some of it.

    Attributes:
        level: (T,) observed − tide − mean sea level [m]; NaN = not observed.
        tide: (T,) predicted, about mean sea level [m].
        mean: sea level about which it swings [m on the gauge's datum].
        modes: (T, R) of the error of tide and mean [m] (`FittedTide.error_modes`).
        source: of the tide.
        doubt: (T,) how far off the level may be [m]: 0 where it was read.
    """

    level: Floats
    tide: Floats
    mean: float
    modes: npt.NDArray[np.float32]
    source: str
    doubt: Floats


def read_gauges(levels: Path, stations: Path, constants: Path | None = None, storms: Path | None = None) -> Gauges:
    """One column of UTC times (``time_utc``) and one of levels [m] a station; an hour without a row was not observed.

    Stations that name an id of a TICON table of ``constants`` in a column ``constants`` have published ones; ``storms``
    are tracks in the columns of IBTrACS.

    Raises:
        InputError: a column that no station names, a time twice or off the hour.
    """
    table = pd.read_csv(levels, index_col="time_utc", parse_dates=True)
    places = pd.read_csv(stations, index_col="station")
    unknown = [str(name) for name in table.columns if name not in places.index]
    if unknown:
        raise InputError(str(levels), f"columns {unknown} are no station of {stations.name}", "name them there")
    if table.index.has_duplicates or (pd.DatetimeIndex(table.index).floor("h") != table.index).any():
        raise InputError(str(levels), "has a time twice or off the hour", "give one row an hour, on the hour")
    hours = pd.date_range(table.index.min(), table.index.max(), freq="h")
    names = tuple(str(name) for name in table.columns)
    published = {}
    if constants is not None and "constants" in places:
        named = places.loc[list(names), ["constants", "latitude"]].dropna()
        published = {
            str(n): read_tidal_constants(constants, row.constants, row.latitude) for n, row in named.iterrows()
        }
    where = places.loc[list(names)]
    lonlat = list(zip(where["longitude"].astype(float), where["latitude"].astype(float), strict=True))
    tracks = None if storms is None else read_tracks(storms, lonlat, STORMS_WITHIN)
    return Gauges(
        names,
        where["latitude"].to_numpy(dtype=float),
        where["longitude"].to_numpy(dtype=float),
        hours.to_numpy(),
        table.reindex(hours).to_numpy(dtype=float).T.copy(),
        published,
        None if tracks is None else known_lift(tracks, hours.to_numpy(), lonlat, HOURS).astype(np.float32),
    )


def draw_weeks(train: Mask, share: float, rng: np.random.Generator) -> Mask:
    """(T,) hours of whole weeks that make up a share of the training hours, one week at least.

    The weeks are the first of an order that the generator draws, so that a larger share holds the smaller ones.
    """
    hours = np.flatnonzero(train)
    weeks = (hours - hours[0]) // HOURS_A_WEEK
    whole = np.flatnonzero(np.bincount(weeks) == HOURS_A_WEEK)
    chosen = rng.permutation(whole)[: max(1, round(share * hours.size / HOURS_A_WEEK))]
    allowed = np.zeros(train.size, dtype=bool)
    allowed[hours[np.isin(weeks, chosen)]] = True
    return allowed


def residual(gauges: Gauges, station: int, allowed: Mask) -> Residual:
    """About the tide that the allowed hours give, or about a published one where they are too few."""
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


def places_about(gauges: Gauges, station: int) -> Floats:
    """(S, 2) how far east and north of a station each gauge lies [1000 km]."""
    degree = 6.371 * np.pi / 180
    east = (gauges.longitude - gauges.longitude[station] + 180) % 360 - 180
    east = east * np.cos(np.deg2rad((gauges.latitude + gauges.latitude[station]) / 2))
    return np.stack([east * degree, (gauges.latitude - gauges.latitude[station]) * degree], axis=1)


def numbers_of(gauges: Gauges, names: Sequence[str]) -> list[int]:
    """Where stations stand.

    Raises:
        InputError: a name that is none of them.
    """
    unknown = [name for name in names if name not in gauges.names]
    if unknown:
        raise InputError(f"targets {unknown}", "are no gauge", f"choose of {', '.join(gauges.names)}")
    return [gauges.names.index(name) for name in names]
