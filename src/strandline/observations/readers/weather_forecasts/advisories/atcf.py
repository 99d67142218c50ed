"""ATCF: the a-decks (forecasts), b-decks (best tracks) and warnings of the NHC, the CPHC and the JTWC."""

import re

import numpy as np

from strandline.errors import InputError
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory
from strandline.observations.readers.weather_forecasts.advisories.track_errors import NAUTICAL_MILE
from strandline.observations.weather.cyclone_fields import KNOT

OFFICIAL = ("OFCL", "JTWC", "WRNG", "BEST")
"""Techniques that are a centre's own, the first known one counts; BEST has no forecast, only where the storm was."""
IS_ATCF = re.compile(r"\s*[A-Z]{2}, *\d{1,2}, *\d{10},")
_POSITION = re.compile(r"(\d{1,4})([NSEW])")
_BASIN, _NUMBER, _TIME, _TECHNIQUE, _TAU, _LATITUDE, _LONGITUDE, _WIND, _PRESSURE = (0, 1, 2, 4, 5, 6, 7, 8, 9)
_RADIUS = 19


def read_atcf(text: str, where: str, technique: str | None) -> list[CycloneAdvisory]:
    """The forecasts of one technique, a storm and time each.

    A line holds basin, number, time, technique, lead (TAU), position in tenths of a degree, wind [kt], pressure [hPa],
    … and the radius of maximum wind [nautical miles]; 0 = not stated. Of the lines of one lead, for winds of 34, 50 and
    64 kt, the first is used.

    Source: https://science.nrlmry.navy.mil/atcf/docs/database/new/abrdeck.html.

    Args:
        technique: ``None`` = the first of ``OFFICIAL`` that the file holds.

    Raises:
        InputError: a line is no such record, or the technique is not there.
    """
    rows: dict[tuple[str, str, str], dict[int, list[str]]] = {}
    techniques: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        fields = [field.strip() for field in line.split(",")]
        if not IS_ATCF.match(line) or len(fields) <= _PRESSURE or not re.fullmatch(r"-?\d{1,3}", fields[_TAU]):
            raise InputError(f"{where} line {number}", f"'{line[:40]}' is no record of ATCF", "give whole lines")
        techniques[fields[_TECHNIQUE]] = None
        if int(fields[_TAU]) >= 0:  # those before the analysis are of CARQ
            storm = f"{fields[_BASIN]}{int(fields[_NUMBER]):02d}"
            rows.setdefault((storm, fields[_TIME], fields[_TECHNIQUE]), {}).setdefault(int(fields[_TAU]), fields)
    chosen = technique or next((name for name in OFFICIAL if name in techniques), None)
    if chosen is None or chosen not in techniques:
        what = f"holds no forecast of {chosen or ' or '.join(OFFICIAL)}"
        raise InputError(where, what, f"name a 'technique'; it has {', '.join(sorted(techniques)[:12])}")
    return [
        _advisory(storm, moment, leads, where)
        for (storm, moment, name), leads in rows.items()
        if name == chosen and _has_wind(leads)
    ]


def _has_wind(leads: dict[int, list[str]]) -> bool:
    return any(_number(fields, _WIND) > 0 for fields in leads.values())


def _advisory(storm: str, moment: str, leads: dict[int, list[str]], where: str) -> CycloneAdvisory:
    usable = {lead: fields for lead, fields in sorted(leads.items()) if _number(fields, _WIND) > 0}
    try:
        issued = np.datetime64(f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[8:10]}", "ns")
    except ValueError as error:
        raise InputError(where, f"holds the time '{moment}', which is none", "give YYYYMMDDHH") from error

    def column(position: int, scale: float) -> np.ndarray:
        values = np.array([_number(fields, position) for fields in usable.values()])
        return np.where(values > 0, values, np.nan) * scale

    return CycloneAdvisory(
        storm, where, issued, np.array(list(usable), dtype=np.int64),
        np.array([_degrees(fields[_LONGITUDE], where) for fields in usable.values()]),
        np.array([_degrees(fields[_LATITUDE], where) for fields in usable.values()]),
        column(_WIND, KNOT), column(_PRESSURE, 100.0), column(_RADIUS, NAUTICAL_MILE),
        np.full(len(usable), np.nan),
    )  # fmt: skip


def _number(fields: list[str], position: int) -> float:
    text = fields[position] if position < len(fields) else ""
    return float(text) if re.fullmatch(r"\d{1,5}", text) else 0.0


def _degrees(text: str, where: str) -> float:
    match = _POSITION.fullmatch(text)
    if match is None:
        raise InputError(where, f"holds the position '{text}'", "give tenths of a degree, as 231N")
    return int(match[1]) / 10.0 * (-1.0 if match[2] in "SW" else 1.0)
