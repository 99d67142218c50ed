"""Advisories as JSON of the Japan Meteorological Agency, and as plain tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.readers.formats.tables import parse_table
from strandline.observations.readers.formats.timestamps import parse_times
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory
from strandline.observations.weather.cyclone_fields import KNOT, TEN_MINUTES_OVER_ONE

JMA_PROBABILITY = 0.7
"""That the centre lies within a circle of the JMA. Source: RSMC Tokyo, Notes on RSMC Tropical Cyclone Information."""
_KILOMETRE = 1000.0
_MINUTE_WINDS = {1: 1.0, 10: 1.0 / TEN_MINUTES_OVER_ONE}
"""Minutes over which winds are averaged → factor to 1-minute winds."""


def read_jma(text: str, where: str) -> list[CycloneAdvisory]:
    """``specifications.json`` of one typhoon: its analysis and its forecasts, with probability circles.

    Winds are of ten minutes. What the service leaves open (a tropical depression without a wind) has no place here.

    Source: https://www.jma.go.jp/bosai/typhoon/: a list whose first element is the title with the time of issue, each
    further one with ``advancedHours``, ``position.deg``, ``pressure``, ``maximumWind.sustained`` and
    ``probabilityCircleRadius``.

    Raises:
        InputError: it is something else, or states no analysis.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(where, f"is no JSON ({error})", "the file may be incomplete: fetch it again") from error
    try:
        title, parts = found[0], found[1:]
        analysis = next(part for part in parts if part.get("advancedHours") == 0)
        issued = _instant(analysis["validtime"]["UTC"])
        usable = [part for part in parts if not math.isnan(_wind(part)) and part.get("advancedHours") is not None]
        by_lead = {round(float(part["advancedHours"])): part for part in usable}
        ordered = [by_lead[lead] for lead in sorted(by_lead)]
        published = title.get("issue", {}).get("UTC")
        latitude, longitude = (np.array([float(part["position"]["deg"][axis]) for part in ordered]) for axis in (0, 1))
    except (StopIteration, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        what = f"is no specifications.json of the JMA ({type(error).__name__}: {error})"
        raise InputError(where, what, "give the file of one typhoon") from error
    storm = str(title.get("typhoonNumber") or title.get("name", {}).get("en", "unnamed"))
    return [
        CycloneAdvisory(
            storm, where, issued, np.array(sorted(by_lead), dtype=np.int64), longitude, latitude,
            np.array([_wind(part) for part in ordered]) / TEN_MINUTES_OVER_ONE,
            np.array([_value(part, "pressure") for part in ordered]) * 100.0,
            np.full(len(ordered), np.nan),
            _positive(np.array([_value(part, "probabilityCircleRadius", "km") for part in ordered])) * _KILOMETRE,
            JMA_PROBABILITY,
            None if published is None else _instant(published),
        )
    ]  # fmt: skip


def read_advisory_table(text: str, path: Path) -> list[CycloneAdvisory]:
    """A plain table, as one writes from a centre's bulletin: a row a storm, issue and lead.

    Columns: ``storm,issued,lead,latitude,longitude,wind_kt``, and where known ``wind_minutes`` (over which the wind is
    averaged: 1 or 10), ``pressure_hpa``, ``radius_km`` (of maximum wind), ``circle_km`` and ``circle_probability``.

    Raises:
        InputError: with row, column and remedy.
    """
    table = parse_table(text, path)
    columns = set(map(str, table.frame.columns))
    issued = parse_times(table, "issued").astype("datetime64[ns]")
    needed = {name: table.numbers(name, ()) for name in ("lead", "latitude", "longitude", "wind_kt")}
    rows = len(table.frame)

    def optional(name: str, otherwise: float) -> Floats:
        values = table.numbers(name, ()) if name in columns else np.full(rows, np.nan)
        return np.where(np.isnan(values), otherwise, values)

    minutes = optional("wind_minutes", 10.0)
    table.refuse(~np.isin(minutes, list(_MINUTE_WINDS)), ["wind_minutes"], "is neither 1 nor 10", "convert the wind")
    lead = needed["lead"]
    table.refuse(~(lead == np.round(lead)), ["lead"], "is no whole number", "give hours after the issue")
    factor = np.array([_MINUTE_WINDS[round(value)] for value in minutes])
    storms = table.column("storm").to_numpy(dtype=str)
    probability = optional("circle_probability", 2.0 / 3.0)
    advisories = []
    for storm, moment in dict.fromkeys(zip(storms.tolist(), issued.tolist(), strict=True)):
        own = np.flatnonzero((storms == storm) & (issued.astype(np.int64) == moment))
        own = own[np.argsort(lead[own], kind="stable")]
        advisories.append(
            CycloneAdvisory(
                storm, str(path), np.datetime64(moment, "ns"), lead[own].astype(np.int64), needed["longitude"][own],
                needed["latitude"][own], (needed["wind_kt"] * factor)[own] * KNOT,
                optional("pressure_hpa", np.nan)[own] * 100.0, optional("radius_km", np.nan)[own] * _KILOMETRE,
                _positive(optional("circle_km", np.nan)[own]) * _KILOMETRE, float(probability[own[0]]),
            )
        )  # fmt: skip
    return advisories


def _instant(text: str) -> np.datetime64:
    """Raises: ValueError: it is no time."""
    return np.datetime64(str(text).removesuffix("Z"), "ns")


def _value(part: dict[str, Any], *keys: str) -> float:
    """A number at some keys; NaN = none is there."""
    found: Any = part
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    try:
        return float(found)
    except (TypeError, ValueError):
        return math.nan


def _wind(part: dict[str, Any]) -> float:
    """Ten-minute wind [m s-1]; the service gives it in m/s and in knots."""
    metres = _value(part, "maximumWind", "sustained", "m/s")
    return _value(part, "maximumWind", "sustained", "kt") * KNOT if math.isnan(metres) else metres


def _positive(values: Floats) -> Floats:
    """The same, NaN where a circle has no size."""
    return np.where(values > 0, values, np.nan)
