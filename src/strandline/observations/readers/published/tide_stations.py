"""Stations of published tidal constants: found by name as people write it, and by distance."""

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.sea_level.neighbouring_tides import enclosing

_LIKENESS = 0.6
"""[-] Least similarity of a name that is suggested (difflib's ratio)."""
_SUGGESTED = 5


@dataclass(frozen=True)
class TideStation:
    """A station of a table of constants; position in degrees east and north."""

    identifier: str
    name: str
    longitude: float
    latitude: float


def read_tide_stations(path: Path) -> tuple[TideStation, ...]:
    """The stations of a table ``id,name,lat,lon`` (or ``latitude``, ``longitude``), gzipped or not.

    Further columns may follow, and may hold commas that nobody quoted.

    Raises:
        InputError: a column is missing, or a position is none; names the row.
    """
    header, *rows = csv.reader(io.StringIO(read_text(path)))
    names = [name.strip() for name in header]
    east, north = ("longitude", "latitude") if "latitude" in names else ("lon", "lat")
    if missing := [name for name in ("id", "name", east, north) if name not in names]:
        raise InputError(path, f"has no column '{missing[0]}'", f"its columns are {', '.join(names)}")
    at = [names.index(name) for name in ("id", "name", east, north)]
    stations = []
    for number, row in enumerate(rows, 2):
        try:
            identifier, name, x, y = (row[index].strip() for index in at)
            longitude, latitude = float(x), float(y)
            is_place = abs(latitude) <= 90 and abs(longitude) <= 360
        except (IndexError, ValueError):
            is_place = False
        if not is_place:
            what = f"{', '.join(row[:5])!r} has no position in '{east}' and '{north}'"
            raise InputError(f"{path} row {number}", what, "write degrees east and north")
        stations.append(TideStation(identifier, name, longitude, latitude))
    return tuple(stations)


def nearest_stations(
    stations: Sequence[TideStation], longitude: float, latitude: float, count: int
) -> list[tuple[TideStation, float]]:
    """The ``count`` stations that are nearest to a place [degrees], and their distances [km], nearest first."""
    x = np.array([each.longitude for each in stations])
    y = np.array([each.latitude for each in stations])
    distance = great_circle_distance(x, y, longitude, latitude)
    return [(stations[index], float(distance[index])) for index in np.argsort(distance, kind="stable")[:count]]


def distance_of_station(identifier: str, longitude: float, latitude: float, stations: Path | None) -> float | None:
    """How far a station is from a place [degrees], in km; ``None`` = its position is in no table.

    Raises:
        InputError: the table of positions cannot be read.
    """
    of_this = (
        [] if stations is None else [each for each in read_tide_stations(stations) if each.identifier == identifier]
    )
    return nearest_stations(of_this[:1], longitude, latitude, 1)[0][1] if of_this else None


def stations_around(stations: Sequence[TideStation], longitude: float, latitude: float) -> list[TideStation]:
    """The nearest station to a place [degrees], and the nearest on its other side if there is one."""
    ordered = nearest_stations(stations, longitude, latitude, len(stations))
    x = np.deg2rad(np.array([each.longitude for each, _ in ordered]) - longitude)
    y = np.deg2rad([each.latitude for each, _ in ordered])
    here = np.deg2rad(latitude)
    bearing = np.rad2deg(
        np.arctan2(np.sin(x) * np.cos(y), np.cos(here) * np.sin(y) - np.sin(here) * np.cos(y) * np.cos(x))
    )
    return [ordered[number][0] for number in enclosing(bearing, np.array([away for _, away in ordered]))]


def find_station(written: str, identifiers: Collection[str], where: object) -> str:
    """The identifier that a person means: as it stands, or the only one of that name, however it is spelled.

    ``Hiron Point`` is ``ticon/hiron_point-134a-bgd-uhslc_rq``: case, accents, and what parts the words do not count.

    Args:
        where: the table, for messages.

    Raises:
        InputError: no or several stations have that name; lists those that may be meant.
    """
    if written in identifiers:
        return written
    name = folded(written)
    named = sorted(each for each in identifiers if name and name == name_of(each))
    if len(named) == 1:
        return named[0]
    if named:
        what = f"has {len(named)} stations called '{written}'"
        raise InputError(where, what, f"write one of: {', '.join(named)}")
    by_name: dict[str, list[str]] = {}
    for each in sorted(identifiers):
        by_name.setdefault(name_of(each), []).append(each)
    holding = [each for each in by_name if name and (name in each or each in name)]
    alike = holding or difflib.get_close_matches(name, by_name, _SUGGESTED, _LIKENESS)
    similar = [identifier for each in alike for identifier in by_name[each]][:_SUGGESTED]
    raise InputError(where, f"has no station '{written}'", f"similar: {', '.join(similar) or 'none; see column id'}")


def name_of(identifier: str) -> str:
    """The folded name in an identifier ``collection/name-code-country-source``."""
    return folded(identifier.split("/")[-1].split("-")[0])


def folded(text: str) -> str:
    """Text without case, accents and punctuation, its words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)).replace("_", " ")))
