"""Conversion of the units in files to SI."""

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError

_SI: dict[str, tuple[str, float]] = {
    "m": ("m", 1.0),
    "cm": ("m", 0.01),
    "mm": ("m", 0.001),
    "ft": ("m", 0.3048),
    "Pa": ("Pa", 1.0),
    "hPa": ("Pa", 100.0),
    "m s-1": ("m s-1", 1.0),
    "kt": ("m s-1", 1852.0 / 3600.0),
    "km h-1": ("m s-1", 1.0 / 3.6),
    "m3 s-1": ("m3 s-1", 1.0),
    "ft3 s-1": ("m3 s-1", 0.3048**3),
}
"""Unit → SI unit, factor. Foot: international; knot: 1852 m per hour (BIPM, SI brochure, table 8 of edition 8)."""

_SPELLINGS = {
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "ft": "ft foot feet",
    "Pa": "pa pascal pascals",
    "hPa": "hpa mbar mb millibar millibars hectopascal hectopascals",
    "m s-1": "m/s ms-1 m.s-1 m*s**-1 ms**-1 meter/second",
    "kt": "kt kn kts knot knots",
    "km h-1": "km/h kmh-1 kmh",
}
_KNOWN = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}


def to_si(values: npt.ArrayLike, unit: str) -> npt.NDArray[np.float64]:
    """Values [``unit``] in SI; ``unit`` is a key of the table above."""
    return np.asarray(values, dtype=np.float64) * _SI[unit][1]


def parse_unit_attribute(text: object, si_unit: str, where: object) -> str:
    """The unit of a file's ``units`` attribute, as a key for ``to_si``.

    Raises:
        InputError: the attribute is missing, unknown, or of another dimension than ``si_unit``.
    """
    known = [unit for unit, (si, _) in _SI.items() if si == si_unit]
    unit = _KNOWN.get(str(text).replace(" ", "").lower()) if text is not None else None
    if unit is None or unit not in known:
        raise InputError(where, f"has units {text!r}", f"set the attribute 'units' to one of {', '.join(known)}")
    return unit
