"""From tables to gauges: positions, the weather of each place, high waters and operational forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.surge.records.gauge import HOUR, Column, Forcing, Gauge, Operational
from benchmarks.surge.records.tables import HourlyTable, read_stations, read_tables, station_of
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times

PLACES = {
    "venice": (45.431, 12.336),
    "trieste": (45.647, 13.760),
    "punta_salute": (45.431, 12.336),
    "diga_sud_lido": (45.418, 12.427),
    "piattaforma": (45.314, 12.508),
    "dong_hoi": (17.48, 106.62),
}
"""Latitude and longitude of gauges whose sets have no table of stations."""
PRODUCT_DELAY = 5
"""Hours from the nominal cycle of PETSS until it can be had."""
LARGEST_ANOMALY = 0.8
"""Greatest |total − tide − surge| [m] of a sound row of PETSS."""
CREST_HOURS = 3
"""A forecast of a high water is its highest level within so many hours."""


def read_gauges(
    gauges: Sequence[Path],
    stations: Path | None = None,
    weather: Sequence[Path] = (),
    operational: Sequence[Path] = (),
    *,
    high_waters: bool = False,
) -> tuple[Gauge, ...]:
    """Read gauges from files of any of the layouts of the shared data sets.

    Args:
        gauges: wide tables, or one file a gauge, which may hold its weather too.
        stations: positions and datums.
        weather: files of weather for all of the gauges.
        operational: PETSS tables, named after their gauges.
        high_waters: whether only high waters are kept (and scored).
    """
    table, positions = read_tables(gauges), read_stations(stations)
    extra = read_tables(weather).forcing if weather else None
    extra_time = read_tables(weather).time if weather else table.time
    issued = {station_of(path): path for path in operational}
    found = []
    for name in table.levels:
        gauge = _gauge(table, name, positions)
        if extra is not None:
            gauge = replace(gauge, forcing=_join(gauge.forcing, _aligned(extra, extra_time, gauge.time)))
        only = high_waters or name in issued
        if only:
            gauge = at_high_waters(gauge)
        if name in issued:
            gauge = with_petss(gauge, issued[name], positions)
        found.append(gauge.cut())
    return tuple(found)


def _gauge(table: HourlyTable, name: str, positions: pd.DataFrame) -> Gauge:
    latitude, longitude = PLACES.get(name, (None, None))
    datum = "as in the file"
    if name in positions.index:
        latitude, longitude = (float(positions[column].astype(float)[name]) for column in ("latitude", "longitude"))
        datum = str(positions["datum"][name]) if "datum" in positions else datum
    tide = table.tides.get(name)
    return Gauge(
        name,
        table.time,
        table.levels[name],
        datum,
        latitude,
        longitude,
        _forcing_of(table, name, positions),
        tide,
        "published, in the file" if tide is not None else "",
    )


def _forcing_of(table: HourlyTable, name: str, positions: pd.DataFrame) -> Forcing | None:
    """The weather of a gauge: its own, that of the whole set, and what it lacks from the nearest gauge that has it."""
    columns, values = [], []
    if table.forcing is not None:
        owners = [column.name.rpartition("|")[0] for column in table.forcing.columns]
        chosen: dict[str, str] = {}
        for column, owner in zip(table.forcing.columns, owners, strict=True):
            known, now = chosen.get(column.kind), _distance(positions, name, owner)
            if known is None or now < _distance(positions, name, known):
                chosen[column.kind] = owner
        for at, (column, owner) in enumerate(zip(table.forcing.columns, owners, strict=True)):
            if owner in ("", chosen[column.kind]):
                plain = column.name.rpartition("|")[2]
                shown = plain if owner in ("", name) else f"{plain}@{owner}"
                columns.append(Column(shown, column.kind, column.unit))
                values.append(table.forcing.values[:, at])
    if table.is_river:
        for other, level in table.levels.items():
            if other != name:
                columns.append(Column(f"{other}_m", "water", "m"))
                values.append(level)
    return Forcing(tuple(columns), np.stack(values, axis=1)) if columns else None


def _distance(positions: pd.DataFrame, name: str, owner: str) -> float:
    """Distance in degrees, 0 for the gauge itself; far where a position is not known."""
    if owner in ("", name):
        return 0.0
    if name not in positions.index or owner not in positions.index:
        return float("inf")
    here, there = (positions.loc[one, ["latitude", "longitude"]].astype(float) for one in (name, owner))
    return float(np.hypot(*(here - there)))


def _aligned(forcing: Forcing, time: Times, hours: Times) -> Forcing:
    at = ((hours - time[0]) / HOUR).astype(np.int64)
    inside = (at >= 0) & (at < time.size)
    values = np.where(inside[:, None], forcing.values[np.clip(at, 0, time.size - 1)], np.nan)
    return Forcing(forcing.columns, values)


def _join(first: Forcing | None, second: Forcing) -> Forcing:
    if first is None:
        return second
    return Forcing(first.columns + second.columns, np.hstack([first.values, second.values]))


def at_high_waters(gauge: Gauge) -> Gauge:
    """The record at high waters alone: the highest levels within 3 h; a record of single readings stays as it is."""
    level = gauge.level
    if (np.isfinite(level[:-1]) & np.isfinite(level[1:])).mean() > 0.1:  # hourly
        around = np.lib.stride_tricks.sliding_window_view(np.pad(level, 3, constant_values=np.nan), 7)
        whole = np.isfinite(around).all(axis=1)
        first = np.argmax(np.where(np.isfinite(around), around, -np.inf), axis=1) == 3
        level = np.where(whole & first, level, np.nan)
    return replace(gauge, level=level, has_only_high_waters=True, note="scored at high waters")


def with_petss(gauge: Gauge, path: Path, positions: pd.DataFrame) -> Gauge:
    """The record within the hours of PETSS forecasts, with its tide and forecasts.

    Hindcasts (leads up to 0) and rows with a broken anomaly are left out. Where the record holds high waters alone, a
    forecast is the highest level within 3 h, and so is the tide.
    """
    table = pd.read_csv(path, parse_dates=["issued_utc", "valid_utc"])
    for name in ("issued_utc", "valid_utc"):
        table[name] = table[name].dt.tz_localize(None)
    anomaly = (table["total_m"] - table["tide_m"] - table["surge_m"]).abs()
    table = table[~(anomaly > LARGEST_ANOMALY)]
    hours = pd.date_range(table["valid_utc"].min(), table["valid_utc"].max(), freq="h")
    tide = table.groupby("valid_utc")["tide_m"].median().reindex(hours).to_numpy()
    ahead = table[table["lead_h"] > 0]
    issued = np.array(sorted(ahead["issued_utc"].unique()), dtype="datetime64[ns]")
    row = np.searchsorted(issued, ahead["issued_utc"].to_numpy(dtype="datetime64[ns]"))
    column = ahead["lead_h"].to_numpy(dtype=int)

    def grid(name: str) -> Floats | None:
        if name not in ahead:
            return None
        values = np.full((issued.size, int(column.max()) + 1), np.nan)
        values[row, column] = ahead[name]
        return _crests(values) if gauge.has_only_high_waters else values

    value = grid("total_m")
    if value is None or not np.isfinite(value).any():
        raise InputError(str(path), "has no forecast ahead", "give rows with a positive lead_h")
    published = positions.get("add_to_mllw_for_navd88_m", pd.Series(dtype=float))
    offset = float(published.get(gauge.name, np.nan))
    product = Operational(
        "PETSS", issued, np.add(issued, PRODUCT_DELAY * HOUR), value, grid("e90_m"), grid("e10_m"), offset
    )  # e90_m: what 90 % of the members exceed
    if gauge.has_only_high_waters:
        tide = _crests(tide[None])[0]
    forcing = gauge.forcing and _aligned(gauge.forcing, gauge.time, hours.to_numpy())
    at = pd.Series(gauge.level, pd.DatetimeIndex(gauge.time)).reindex(hours).to_numpy()
    whole = np.isfinite(tide)
    return replace(
        gauge, time=hours.to_numpy(), level=np.where(whole, at, np.nan), scored=np.ones(hours.size, dtype=bool),
        forcing=forcing, tide=np.where(whole, tide, 0.0), tide_source="published, of PETSS", operational=product,
    )  # fmt: skip


def _crests(values: Floats) -> Floats:
    """Highest of the values within 3 h in each row; NaN without a value within an hour."""
    size = 2 * CREST_HOURS + 1
    padded = np.pad(values, ((0, 0), (CREST_HOURS, CREST_HOURS)), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
    near = np.isfinite(around[..., CREST_HOURS - 1 : CREST_HOURS + 2]).any(axis=-1)
    return np.where(near, np.where(np.isfinite(around), around, -np.inf).max(axis=-1), np.nan)


def note_of(gauges: Sequence[Gauge]) -> Mapping[str, str]:
    """Notes by gauge, where there are any."""
    return {gauge.name: gauge.note for gauge in gauges if gauge.note}
