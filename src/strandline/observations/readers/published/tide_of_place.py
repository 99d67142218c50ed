"""The published tide of a place: of one station, or between several whose positions are known."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.positions import doubts_about_tide_station
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.readers.published.tide_stations import distance_of_station
from strandline.observations.region_file.data_sections import TidesSection
from strandline.observations.sea_level.harmonic_tide import TidalConstants
from strandline.observations.sea_level.neighbouring_tides import interpolate, size_error

_OWN = 20.0
"""[km] Within which a tide is that of the place (`observations.checks.positions`)."""


@dataclass(frozen=True, eq=False)
class PlacedTide:
    """Constants, and the deviation of ln(size) of their tide at the place [-]; ``None`` = their distance is unknown."""

    constants: TidalConstants
    size_error: float | None


def tables_of(section: TidesSection) -> list[Path]:
    """The files that a published tide is read from."""
    return [path for path in (section.constants, section.stations) if path is not None]


def read_tide_of_place(section: TidesSection, longitude: float, latitude: float) -> Checked[PlacedTide]:
    """The tide that a region file names for a place [degrees].

    Raises:
        InputError: with file, row and remedy; also where a station between others has no position.
    """
    path, named = section.constants, section.station
    if path is None or named is None:
        raise InputError("[tides]", "names no constants", "give 'constants' and 'station'")
    if isinstance(named, str):
        read = read_tidal_constants(path, named, latitude, longitude, section.stations)
        away = distance_of_station(read.value.name, longitude, latitude, section.stations)
        error = None if away is None else size_error(away, is_between=False)
        return Checked(PlacedTide(read.value, error), read.findings)
    readings = [read_tidal_constants(path, each, latitude) for each in named]
    found = [distance_of_station(each.value.name, longitude, latitude, section.stations) for each in readings]
    for written, known in zip(named, found, strict=True):
        if known is None:
            what = f"has no position of station '{written}', between which and others the tide is interpolated"
            raise InputError(section.stations or "[tides]", what, "name the table of positions as tides.stations")
    distance = np.array(found, dtype=float)
    between = interpolate([each.value for each in readings], distance, latitude)
    where = f"{path} stations {', '.join(named)}"
    doubts = [finding for each in readings for finding in each.findings]
    if distance.min() > _OWN:
        doubts += _doubts_about_interpolation(distance, where)
    return Checked(PlacedTide(between, size_error(float(distance.min()), is_between=True)), tuple(doubts))


def _doubts_about_interpolation(distance: np.ndarray, where: str) -> list[Finding]:
    refused = [each for each in doubts_about_tide_station(float(distance.min()), where) if each.refuses]
    error = size_error(float(distance.min()), is_between=True)
    what = (
        f"lie {', '.join(f'{each:,.0f} km' for each in distance)} away: the tide between them may be"
        f" {np.expm1(error):.0%} larger or {-np.expm1(-error):.0%} smaller here, in 1 of 3 cases more"
    )
    return refused or [Finding(where, what, "take a nearer station, or 'fit = true' where a gauge's record allows it")]
