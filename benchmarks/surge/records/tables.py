"""Files of gauges as hourly tables in UTC: levels, weather and flags told apart by their columns."""

import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.surge.records.gauge import HOUR, Column, Forcing, Kind
from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times

CLOCKS = {"time_utc": 0, "time_MET_assumed": 1, "Data": 1}
"""Column of the time → hours that its clock is ahead of UTC; the tide of the Venetian files shows theirs."""
FLAGS = ("level_flag", "flag")
NOT_USED = re.compile(r"surge_m|cmems_pc\d+|wind_gust_m_s|air_temperature_c|toward_\d+_m_s|predicted_crest_utc")
"""Columns that no method may see (``cmems_pc``: of a model that assimilates the level), or that repeat others."""
NAMED: tuple[tuple[str, Kind, str], ...] = (
    (r"u_m_s", "wind_east", "m s-1"),
    (r"v_m_s", "wind_north", "m s-1"),
    (r"pressure_hpa", "pressure", "hPa"),
    (r"Piattaforma CNR Pressione", "pressure", "hPa"),
    (r"msl_pc\d+", "pressure_component", "-"),
    (r"stress_[xy]_pc\d+", "stress_component", "-"),
    (r"rain\w*_mm", "rain", "mm h-1"),
    (r"\w+_m3_s", "water", "m3 s-1"),
)
"""Columns of weather."""
WINDS = (
    ("wind_speed_m_s", "wind_from_deg"),
    ("speed_m_s", "from_deg"),
    ("Piattaforma CNR V.Vento med.10m", "Piattaforma CNR D.Vento med. 10m"),
)
"""Columns of speed and of the direction that the wind comes from; used where the table has no components."""
LEVEL = re.compile(r"(?:(?P<prefix>.+) Liv\.Idrom\. medio 1m)|(?P<name>.+?)(?:_m)?$")
VENETIAN = {"D.S. Lido": "diga_sud_lido", "P. Salute": "punta_salute", "Piattaforma CNR": "piattaforma"}
OWN = ("level_m", "level_m_NAP")
"""Columns of the level of the one gauge that a file is named after."""


@dataclass(frozen=True, eq=False)
class HourlyTable:
    """A file, or several of the same columns, as hours.

    Attributes:
        time: (T,) UTC, every hour from the first to the last.
        levels: station → (T,) [m]; flagged levels are NaN.
        tides: station → (T,) published tide [m above mean sea level].
        forcing: weather, or ``None``.
        is_river: whether the other levels are upstream.
    """

    time: Times
    levels: dict[str, Floats]
    tides: dict[str, Floats]
    forcing: Forcing | None
    is_river: bool


def read_tables(paths: Sequence[Path]) -> HourlyTable:
    """Read files of one set; those of the same station and other years are joined.

    Readings within the hour are averaged where the file has at least half of them; nothing is interpolated.

    Raises:
        InputError: no column of time, or an hour twice.
    """
    frames = [_read(path) for path in paths]
    first, last = min(frame.index[0] for frame in frames), max(frame.index[-1] for frame in frames)
    hours = pd.date_range(first, last, freq="h")
    joined = pd.DataFrame(index=hours)
    for frame in frames:
        for column in frame:
            values = frame[column].reindex(hours)
            joined[column] = joined[column].fillna(values) if column in joined else values
    used: set[str] = {str(column) for column in joined if NOT_USED.fullmatch(str(column).rpartition("|")[2])}
    forcing = _forcing(joined, used)
    tides = {_station(str(c)): joined[c].to_numpy(float) for c in joined if _plain(str(c)) == "tide_m"}
    levels: dict[str, Floats] = {}
    for column in map(str, joined):
        is_level = _plain(column) in OWN if "|" in column else column not in used
        if is_level:
            levels[_station(column)] = joined[column].to_numpy(float)
    for station, tide in tides.items():  # a surge and its tide make a level
        levels.setdefault(station, joined[f"{station}|surge_m"].to_numpy(float) + tide)
    is_river = any(column.kind == "water" for column in forcing.columns) if forcing else False
    return HourlyTable(hours.to_numpy(), levels, tides, forcing, is_river)


def station_of(path: Path) -> str:
    """The gauge that a file is named after."""
    stem = re.sub(r"^(high_waters|petss)_", "", path.name.split(".")[0])
    return re.sub(r"(_hourly|_\d{4}).*$", "", stem)


def read_stations(path: Path | None) -> pd.DataFrame:
    """Positions and datums by station; empty without a file."""
    return pd.DataFrame() if path is None else pd.read_csv(path, index_col="station")


def _read(path: Path) -> pd.DataFrame:
    """One file by the hour; the columns of a file of one gauge are prefixed by ``STATION|``."""
    frame = pd.read_csv(path, sep=_separator(path))
    clock = next((name for name in CLOCKS if name in frame), None)
    if clock is None:
        raise InputError(str(path), f"has no column {' or '.join(CLOCKS)}", "name the column of the time so")
    time = pd.to_datetime(frame.pop(clock), utc=True).dt.tz_localize(None) - pd.Timedelta(hours=CLOCKS[clock])
    if time.duplicated().any():
        raise InputError(str(path), f"has the time {time[time.duplicated()].iloc[0]} twice", "give every time once")
    frame.index = pd.DatetimeIndex(time)
    frame = frame.sort_index()
    for flag in FLAGS:
        if flag in frame:
            frame.loc[frame.pop(flag).notna(), list(set(frame) & {"level_m"})] = np.nan
    frame = frame.drop(columns=[c for c in frame if str(c).startswith("predicted_crest")]).astype(float)
    index = pd.DatetimeIndex(frame.index)
    step = float(np.median(np.diff(index.to_numpy()) / HOUR)) if len(frame) > 1 else 1.0
    if step < 1:
        frame = _hourly_means(frame, round(1 / step))
    elif (index.floor("h") != index).any():  # single readings, such as high waters
        frame.index = index.round("h")
        frame = frame[~frame.index.duplicated()]
    is_of_one_gauge = any(column in frame for column in (*OWN, "surge_m"))
    return frame.add_prefix(f"{station_of(path)}|") if is_of_one_gauge else frame


def _separator(path: Path) -> str:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        header = str(lines.readline())
    return ";" if header.count(";") > header.count(",") else ","


def _hourly_means(frame: pd.DataFrame, expected: int) -> pd.DataFrame:
    """Means of the readings within ±30 min of each hour with at least half of them; winds as vectors."""
    for speed, direction in WINDS:
        if speed in frame and direction in frame:
            angle = np.deg2rad(frame[direction])
            frame[speed], frame[direction] = -frame[speed] * np.sin(angle), -frame[speed] * np.cos(angle)
    hour = (pd.DatetimeIndex(frame.index) + pd.Timedelta(minutes=30)).floor("h")
    mean, count = frame.groupby(hour).mean(), frame.groupby(hour).count()
    mean = mean.where(count >= expected / 2)
    for speed, direction in WINDS:
        if speed in mean and direction in mean:
            east, north = mean[speed], mean[direction]
            mean[speed], mean[direction] = np.hypot(east, north), np.rad2deg(np.arctan2(-east, -north)) % 360
    return mean


def _forcing(joined: pd.DataFrame, used: set[str]) -> Forcing | None:
    """Columns of weather, taken out of the levels by adding them to ``used``."""
    columns: list[Column] = []
    values: list[Floats] = []
    for name in map(str, joined):
        for pattern, kind, unit in NAMED:
            if re.fullmatch(pattern, _plain(name)):
                columns.append(Column(name, kind, unit))
                values.append(joined[name].to_numpy(float))
                used.add(name)
    for speed, direction in WINDS:
        for name in [str(c) for c in joined if _plain(str(c)) == speed]:
            prefix = name.removesuffix(speed)
            used |= {name, prefix + direction}
            if prefix + "u_m_s" not in joined and prefix + direction in joined:
                size, angle = joined[name].to_numpy(float), np.deg2rad(joined[prefix + direction].to_numpy(float))
                calm = (size == 0) & np.isnan(angle)  # no direction without wind
                columns += [
                    Column(f"{prefix}wind_east", "wind_east", "m s-1"),
                    Column(f"{prefix}wind_north", "wind_north", "m s-1"),
                ]
                values += [np.where(calm, 0.0, -size * np.sin(angle)), np.where(calm, 0.0, -size * np.cos(angle))]
    shown = [i for i, value in enumerate(values) if np.isfinite(value).any()]
    used |= {str(c) for c in joined if "Vento" in str(c) or _is_other_venetian(str(c))}
    if not shown:
        return None
    return Forcing(tuple(columns[i] for i in shown), np.stack([values[i] for i in shown], axis=1))


def _is_other_venetian(column: str) -> bool:
    words = ("Temp", "Umidita", "Radiazione", "Onda", "Pressione", "Pioggia")
    return any(word in column for word in words)


def _plain(column: str) -> str:
    return column.rpartition("|")[2]


def _station(column: str) -> str:
    """The station of a column of levels."""
    prefix, _, plain = column.rpartition("|")
    if prefix:
        return prefix
    found = LEVEL.fullmatch(plain)
    assert found is not None
    venetian = found["prefix"]
    return VENETIAN.get(venetian, venetian) if venetian else found["name"]
