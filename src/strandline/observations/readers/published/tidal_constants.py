"""Tidal constants from a TICON table: one row a constituent, amplitude [m] and Greenwich phase [deg]."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from utide._ut_constants import constit_index_dict

from strandline.errors import InputError
from strandline.observations.checks.findings import Checked
from strandline.observations.checks.published_tide import doubts_about_constants
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


def read_tidal_constants(path: Path, station: str, latitude: float) -> Checked[TidalConstants]:
    """The constants of one station of a table ``id,name,amplitude_m,phase_deg`` in utide's convention.

    Constituents unknown to utide and those with an ambiguous argument are left out; those that no TICON station has are
    a finding.

    Args:
        path: the table, gzipped or not.
        station: its ``id``.
        latitude: of the station [degrees north].

    Raises:
        InputError: no such station (lists similar ones), a value that is not a number, a negative amplitude, a phase
            beyond a circle, or a constituent that occurs twice.
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
    findings = tuple(doubts_about_constants(amplitude, skipped, f"{path} station '{station}'"))
    return Checked(TidalConstants(station, latitude, source, amplitude, phase), findings)
