"""Answers of Open-Meteo, JSON or CSV: hourly series of one cell; ensembles have a column for each member."""

import csv
import io
import json
import re
from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.readers.weather_forecasts.assemble import HOUR, Availability, Rows, assemble

_CHANGED = "has the service changed? update strandline"
_COLUMN = re.compile(
    r"(?P<variable>pressure_msl|wind_speed_10m|wind_direction_10m|precipitation)"
    r"(?:_previous_day(?P<day>\d))?(?:_member(?P<member>\d\d))?"
)
_SI = {"pressure_msl": "Pa", "wind_speed_10m": "m s-1"}


@dataclass(frozen=True)
class Answer:
    """A table of values.

    Attributes:
        longitude, latitude: of the model's cell [degrees].
        time: (T,) valid times, UTC.
        columns: name, as ``pressure_msl_member01`` → unit, and (T,) values; NaN = none.
    """

    longitude: float
    latitude: float
    time: Times
    columns: dict[str, tuple[str, Floats]]


def parse_answer(text: str, where: object) -> Answer:
    """The table in an answer.

    Source: https://open-meteo.com/en/docs ("JSON return object"); the CSV (a block on the place, an empty line, a block
    of values with units in its header) is as the service's source code writes it.

    Raises:
        InputError: it is something else, of several places, in another clock than UTC, or it holds no value.
    """
    answer = _parse_json(text, where) if text.lstrip().startswith(("{", "[")) else _parse_csv(text, where)
    if not any(np.isfinite(values).any() for _, values in answer.columns.values()):
        raise InputError(where, "Open-Meteo has no value at this place", "choose another period or place")
    return answer


def forecast_of(answer: Answer, issued: np.datetime64, available: Availability, where: object) -> xr.Dataset:
    """The forecast of one cycle; times before its issue are left out.

    Args:
        issued: of the cycle, which the answer does not state.
    """
    lead = np.round((answer.time - issued) / HOUR).astype(np.int64)
    later = lead >= 0
    rows = [
        Rows(name, np.full(lead.size, issued)[later], lead[later], np.full(int(later.sum()), member), values[later])
        for (name, day, member), values in _series(answer, where).items()
        if day is None
    ]
    return assemble(rows, np.array([answer.latitude]), np.array([answer.longitude]), available, where)


def past_forecasts_of(answer: Answer, interval: int, available: Availability, where: object) -> xr.Dataset:
    """Forecasts of earlier cycles from the columns ``…_previous_dayN``.

    The value for a time is that of the newest cycle that had forecast it at least N days ahead: the cycle is the last
    one up to N days before, and the lead 24 N h or up to one interval more.

    Args:
        interval: between two cycles of the model [h].

    Source: https://open-meteo.com/en/docs/previous-runs-api; that each run overwrites what lies N days and more after
    it, as the service's source code does.
    """
    rows = []
    for (name, day, member), values in _series(answer, where).items():
        if day is None:
            continue
        hours = (answer.time - np.timedelta64(24 * day, "h")).astype("datetime64[h]").astype(np.int64)
        issued = (hours - hours % interval).astype("datetime64[h]").astype("datetime64[ns]")
        lead = np.round((answer.time - issued) / HOUR).astype(np.int64)
        rows.append(Rows(name, issued, lead, np.full(lead.size, member), values))
    if not rows:
        raise InputError(where, "holds no column '…_previous_day1'", "ask the Previous Runs API for them")
    return assemble(rows, np.array([answer.latitude]), np.array([answer.longitude]), available, where)


def _series(answer: Answer, where: object) -> dict[tuple[str, int | None, int], Floats]:
    """Variable, day and member → (T, 1, 1) values in SI, and mm h-1 of rain."""
    found: dict[tuple[int | None, int], dict[str, Floats]] = {}
    for column, (unit, values) in answer.columns.items():
        match = _COLUMN.fullmatch(column)
        if match is None:
            what = f"holds a column '{column}', which is none of pressure_msl, wind_speed_10m, wind_direction_10m and"
            raise InputError(where, f"{what} precipitation of one model", "ask for these, and for a single model")
        name, day, member = match["variable"], match["day"], int(match["member"] or 0)
        given = found.setdefault((None if day is None else int(day), member), {})
        if name in _SI:
            values = to_si(values, parse_unit_attribute(unit, _SI[name], f"{where} '{column}'"))
        elif unit != (expected := "°" if name == "wind_direction_10m" else "mm"):
            raise InputError(f"{where} '{column}'", f"is in '{unit}', not '{expected}'", "ask for metric units")
        given[name] = values
    series: dict[tuple[str, int | None, int], Floats] = {}
    for (day_number, number), given in found.items():
        layers = {}
        if "pressure_msl" in given:
            layers["pressure"] = given["pressure_msl"]
        if "precipitation" in given:
            layers["rain"] = given["precipitation"]  # [mm] in the hour before
        if ("wind_speed_10m" in given) != ("wind_direction_10m" in given):
            raise InputError(where, f"holds the wind of member {number} by halves", "ask for speed and direction")
        if "wind_speed_10m" in given:
            speed, direction_from = given["wind_speed_10m"], np.deg2rad(given["wind_direction_10m"])
            layers["wind_east"], layers["wind_north"] = -speed * np.sin(direction_from), -speed * np.cos(direction_from)
        for name, values in layers.items():
            series[name, day_number, number] = values[:, None, None]
    return series


def _parse_json(text: str, where: object) -> Answer:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"is no JSON ({error})", "the file may be incomplete: fetch it again") from error
    if isinstance(found, list):
        raise InputError(where, "holds several places", "ask for one place")
    if isinstance(found, dict) and found.get("error"):
        raise InputError(where, f"Open-Meteo answers '{found.get('reason', '')}'", "ask again, or for something else")
    try:
        _check_clock(float(found["utc_offset_seconds"]), where)
        hourly, units = found["hourly"], found["hourly_units"]
        columns = {str(name): (str(units[name]), _numbers(values)) for name, values in hourly.items() if name != "time"}
        times = hourly["time"]
        if any(values.size != len(times) for _, values in columns.values()):
            raise InputError(where, "holds columns of unequal length", "fetch it again")
        longitude, latitude = float(found["longitude"]), float(found["latitude"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"is no answer of Open-Meteo ({type(error).__name__}: {error})"
        raise InputError(where, what, _CHANGED) from error
    return Answer(longitude, latitude, _times([str(time) for time in times], where), columns)


def _parse_csv(text: str, where: object) -> Answer:
    blocks = text.replace("\r\n", "\n").strip("\n").split("\n\n")
    if len(blocks) != 2:
        raise InputError(where, f"Open-Meteo answers '{text[:60].strip()}'", _CHANGED)
    place, values = (list(csv.reader(io.StringIO(block))) for block in blocks)
    try:
        stated = dict(zip(place[0], place[1], strict=True))
        longitude, latitude, offset = (float(stated[key]) for key in ("longitude", "latitude", "utc_offset_seconds"))
    except (IndexError, KeyError, ValueError) as error:
        raise InputError(where, "Open-Meteo answers without the place of its cell", _CHANGED) from error
    _check_clock(offset, where)
    header, rows = values[0], values[1:]
    if header[0] != "time":
        raise InputError(where, "Open-Meteo answers without time", _CHANGED)
    if any(len(row) != len(header) for row in rows):
        raise InputError(where, "Open-Meteo's answer ends within a row", "fetch it again")
    columns = {}
    for number, column in enumerate(header[1:], start=1):
        name, _, unit = column.partition(" (")
        columns[name] = unit.removesuffix(")"), _numbers([row[number] for row in rows])
    return Answer(longitude, latitude, _times([row[0] for row in rows], where), columns)


def _check_clock(offset: float, where: object) -> None:
    if offset != 0:
        raise InputError(where, f"Open-Meteo answers in a clock {offset:g} s from UTC", "ask with timezone=GMT")


def _numbers(values: list[object]) -> Floats:
    """(T,) numbers; NaN where there is none.

    Raises:
        ValueError: a text that is no number.
    """
    return np.array([np.nan if each in (None, "", "NaN") else float(str(each)) for each in values], dtype=float)


def _times(texts: list[str], where: object) -> Times:
    try:
        time: Times = np.array(texts, dtype="datetime64[ns]")
    except ValueError as error:
        raise InputError(where, f"holds a time that is none ({error})", "ask for ISO 8601") from error
    if time.size and ((np.diff(time) <= np.timedelta64(0)).any() or np.isnat(time).any()):
        raise InputError(where, "holds times that do not increase", "fetch it again")
    return time
