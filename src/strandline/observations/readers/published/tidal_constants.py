"""Tidal constants from a TICON table: one row a constituent, amplitude [m] and Greenwich phase [deg]."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from utide._ut_constants import constit_index_dict

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.positions import doubts_about_tide_station
from strandline.observations.checks.published_tide import doubts_about_constants
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.published.tide_stations import distance_of_station, find_station
from strandline.observations.sea_level.harmonic_tide import TidalConstants

_log = logging.getLogger(__name__)

_UTIDE_NAMES = {"LAMBDA2": "LDA2", "EP2": "EPS2", "MA2": "H1", "MB2": "H2", "SGM": "SIG1"}
_PERIHELION = 282.94
"""[deg] Mean longitude of the sun's perigee around 2000 (Meeus 1998, chapter 25)."""
_PHASE_SHIFT = {"SA": -_PERIHELION, "H1": _PERIHELION + 180.0, "H2": -_PERIHELION}
"""TICON refers these to the sun's mean longitude, utide to its perigee (H1 differs by another 180°)."""
_AMBIGUOUS = ("S1", "M1")
"""Constituents whose argument is defined in several ways."""


def read_tidal_constants(
    path: Path, station: str, latitude: float, longitude: float | None = None, stations: Path | None = None
) -> Checked[TidalConstants]:
    """The constants of one station of a table ``id,name,amplitude_m,phase_deg`` in utide's convention.

    Constituents unknown to utide and those with an ambiguous argument are left out. Findings: constituents that no
    TICON station has, a station that was found by its name, and one that lies far from the place or nobody knows where.

    Args:
        path: the table, gzipped or not.
        station: its ``id``, or its name as people write it.
        latitude, longitude: of the place whose tide it is to be [degrees].
        stations: table of the stations' positions (``id,name,lat,lon``).

    Raises:
        InputError: no such station (lists similar ones), a value that is not a number, a negative amplitude, a phase
            beyond a circle, or a constituent that occurs twice.
    """
    table = read_table(path)
    ids = table.column("id")
    written, station = station, find_station(station, set(ids), path)
    where = f"{path} station '{station}'"
    doubts = [] if written == station else [Finding(where, f"is taken for '{written}'", "write its id to be sure")]
    if longitude is not None:
        doubts += _doubts_about_distance(station, longitude, latitude, stations, where)
    rows = np.flatnonzero(ids == station)
    names = table.column("name").to_numpy()[rows]
    amplitudes = table.numbers("amplitude_m", ())[rows]
    phases = table.numbers("phase_deg", ())[rows]
    if np.isnan(amplitudes).any() or np.isnan(phases).any():
        first = int(rows[np.flatnonzero(np.isnan(amplitudes) | np.isnan(phases))[0]])
        raise InputError(table.row(first), "lacks amplitude or phase", "complete or drop the row")
    for wrong, what, remedy in (
        (amplitudes < 0, "has a negative amplitude", "turn its phase by 180 degrees instead"),
        (np.abs(phases) > 360, "has a phase beyond 360 degrees", "phases are degrees of Greenwich phase lag"),
        (pd.Series(names).duplicated().to_numpy(), "occurs twice for this station", "keep one row a constituent"),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise InputError(table.row(int(rows[first])), f"{names[first]} {what}", remedy)
    amplitude: dict[str, float] = {}
    phase: dict[str, float] = {}
    skipped: dict[str, float] = {}
    for ticon_name, metres, degrees in zip(names, amplitudes, phases, strict=True):
        name = _UTIDE_NAMES.get(str(ticon_name), str(ticon_name))
        if name in _AMBIGUOUS or name not in constit_index_dict:
            skipped[str(ticon_name)] = float(metres)
            continue
        amplitude[name] = float(metres)
        phase[name] = float((degrees + _PHASE_SHIFT.get(name, 0.0)) % 360.0)
    _log.info("tidal constants of %s: %d used, skipped %s", station, len(amplitude), ", ".join(skipped))
    source = f"{path.name}, station {station}"
    findings = (*doubts, *doubts_about_constants(amplitude, skipped, where))
    return Checked(TidalConstants(station, latitude, source, amplitude, phase), findings)


def _doubts_about_distance(
    station: str, longitude: float, latitude: float, stations: Path | None, where: str
) -> list[Finding]:
    """A station whose tide is not that of the place, or nobody knows.

    Raises:
        InputError: the table of positions cannot be read.
    """
    distance = distance_of_station(station, longitude, latitude, stations)
    if distance is None:
        what = "its position is not known here, nor whether its tide is that of this coast"
        return [Finding(where, what, "name the table of its position as tides.stations (id,name,lat,lon)")]
    return list(doubts_about_tide_station(distance, where))
