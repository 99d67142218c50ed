"""The forecast/advisory of the US National Hurricane Center, as text."""

import re

import numpy as np

from strandline.errors import InputError
from strandline.observations.readers.weather_forecasts.advisories.advisory import CycloneAdvisory
from strandline.observations.weather.cyclone_fields import KNOT

IS_NHC = re.compile(r"FORECAST/ADVISORY")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ISSUED = re.compile(r"^(\d{2})(\d{2})\s*(?:UTC|Z)\s+[A-Z]{3}\s+([A-Z]{3})\s+(\d{1,2})\s+(\d{4})", re.MULTILINE)
_STORM = re.compile(r"\b((?:AL|EP|CP)\d{6})\b")
_PLACE = r"([\d.]+)([NS])\s+([\d.]+)([EW])"
_ANALYSIS = re.compile(rf"CENTER LOCATED NEAR\s+{_PLACE}\s+AT\s+(\d{{2}})/(\d{{2}})(\d{{2}})Z")
_WIND = re.compile(r"MAX SUSTAINED WINDS\s+(\d+)\s*KT")
_PRESSURE = re.compile(r"MINIMUM CENTRAL PRESSURE\s+(\d+)\s*MB")
_FORECAST = re.compile(
    rf"(?:FORECAST|OUTLOOK) VALID (\d{{2}})/(\d{{2}})(\d{{2}})Z\s+{_PLACE}[^\n]*\n\s*MAX WIND\s+(\d+)\s*KT"
)
_DAY = np.timedelta64(1, "D")
_MOST_DAYS = 10


def read_nhc(text: str, where: str) -> list[CycloneAdvisory]:
    """The analysis and the forecast positions with their winds of one minute; the pressure is that of the analysis.

    Source: https://www.nhc.noaa.gov/help/tcm.shtml (the product TCM).

    Raises:
        InputError: it lacks its time, its storm, its analysis or a wind.
    """
    stated = _ISSUED.search(text)
    storm, analysis, wind, pressure = (each.search(text) for each in (_STORM, _ANALYSIS, _WIND, _PRESSURE))
    if stated is None or storm is None or analysis is None or wind is None or stated[3] not in _MONTHS:
        remedy = "give the whole text, with its heading; a warning of the JTWC states no month: give its ATCF"
        raise InputError(where, "lacks the time, the storm, the position or the wind of an advisory", remedy)
    month = _MONTHS.index(stated[3]) + 1
    try:
        moment = np.datetime64(f"{stated[5]}-{month:02d}-{int(stated[4]):02d}T{stated[1]}:{stated[2]}", "ns")
    except ValueError as error:
        raise InputError(where, f"is of '{stated[0]}', which is no time", "give the whole text") from error
    day, hour, minute = analysis.groups()[4:]
    rows = [(_valid(moment, day, hour, minute, where), *_position(*analysis.groups()[:4]), int(wind[1]))]
    for match in _FORECAST.finditer(text):
        day, hour, minute, *place, strength = match.groups()
        rows.append((_valid(moment, day, hour, minute, where), *_position(*place), int(strength)))
    issued = rows[0][0]
    hours = {round((valid - issued) / np.timedelta64(1, "h")): row for valid, *row in rows if row[2] > 0}
    lead = np.array(sorted(hours), dtype=np.int64)
    latitude, longitude, winds = (np.array([float(hours[one][axis]) for one in sorted(hours)]) for axis in range(3))
    unknown = np.full(lead.size, np.nan)
    central = unknown.copy()
    if pressure is not None and lead[0] == 0:
        central[0] = 100.0 * int(pressure[1])
    return [
        CycloneAdvisory(storm[1], where, issued, lead, longitude, latitude, winds * KNOT, central, unknown, unknown)
    ]


def _valid(issued: np.datetime64, day: str, hour: str, minute: str, where: str) -> np.datetime64:
    """The first such day of the month and hour from the day of issue on."""
    for number in range(_MOST_DAYS + 1):
        date = str(issued.astype("datetime64[D]") + number * _DAY)
        if date.endswith(f"-{day}"):
            return np.datetime64(f"{date}T{hour}:{minute}", "ns")
    raise InputError(where, f"forecasts for day {day}, more than {_MOST_DAYS} days ahead", "give the whole text")


def _position(north: str, hemisphere: str, east: str, side: str) -> tuple[float, float]:
    """Latitude and longitude [degrees]."""
    return float(north) * (-1 if hemisphere == "S" else 1), float(east) * (-1 if side == "W" else 1)
