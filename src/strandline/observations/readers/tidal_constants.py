"""Tidal constants from a TICON table: one row a constituent, amplitude [m] and Greenwich phase [deg]."""

import logging
from pathlib import Path

import numpy as np
from utide._ut_constants import constit_index_dict

from strandline.errors import InputError
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.sea_level.harmonic_tide import TidalConstants

_log = logging.getLogger(__name__)

_UTIDE_NAMES = {"LAMBDA2": "LDA2", "EP2": "EPS2", "MA2": "H1", "MB2": "H2", "SGM": "SIG1"}
_PERIHELION = 282.94
"""[deg] Mean longitude of the sun's perigee around 2000 (Meeus 1998, chapter 25)."""
_PHASE_SHIFT = {"SA": -_PERIHELION, "H1": _PERIHELION + 180.0, "H2": -_PERIHELION}
"""TICON refers these to the sun's mean longitude, utide to its perigee (H1 differs by another 180°)."""
_AMBIGUOUS = ("S1", "M1")
"""Constituents whose argument is defined in several ways."""


def read_tidal_constants(path: Path, station: str, latitude: float) -> TidalConstants:
    """The constants of one station of a table ``id,name,amplitude_m,phase_deg`` in utide's convention.

    Constituents unknown to utide and those with an ambiguous argument are skipped and logged.

    Args:
        path: the table, gzipped or not.
        station: its ``id``.
        latitude: of the station [degrees north].

    Raises:
        InputError: no such station (lists similar ones), or a value that is not a number.
    """
    table = read_table(path)
    ids = table.column("id")
    rows = np.flatnonzero(ids == station)
    if not rows.size:
        similar = sorted({str(name) for name in ids if station.split("/")[-1].split("-")[0] in name})[:5]
        raise InputError(path, f"has no station '{station}'", f"similar: {', '.join(similar) or 'none; see column id'}")
    names = table.column("name").to_numpy()[rows]
    amplitudes = table.numbers("amplitude_m", ())[rows]
    phases = table.numbers("phase_deg", ())[rows]
    if np.isnan(amplitudes).any() or np.isnan(phases).any():
        first = int(rows[np.flatnonzero(np.isnan(amplitudes) | np.isnan(phases))[0]])
        raise InputError(table.row(first), "lacks amplitude or phase", "complete or drop the row")
    amplitude: dict[str, float] = {}
    phase: dict[str, float] = {}
    skipped: list[str] = []
    for ticon_name, metres, degrees in zip(names, amplitudes, phases, strict=True):
        name = _UTIDE_NAMES.get(str(ticon_name), str(ticon_name))
        if name in _AMBIGUOUS or name not in constit_index_dict:
            skipped.append(str(ticon_name))
            continue
        amplitude[name] = float(metres)
        phase[name] = float((degrees + _PHASE_SHIFT.get(name, 0.0)) % 360.0)
    _log.info("tidal constants of %s: %d used, skipped %s", station, len(amplitude), ", ".join(skipped))
    source = f"{path.name}, station {station}"
    return TidalConstants(station, latitude, source, amplitude, phase)
