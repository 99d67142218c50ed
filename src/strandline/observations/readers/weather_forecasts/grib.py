"""GRIB 1 and 2 of weather models (ECMWF open data, NCEP GFS and GEFS), on regular latitude–longitude grids."""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError, require_extra
from strandline.observations.arrays import Floats, SingleFloats
from strandline.observations.readers.formats.file_limits import open_file
from strandline.observations.readers.weather_forecasts.accumulated_rain import rain_rates
from strandline.observations.readers.weather_forecasts.assemble import Availability, Rows, assemble
from strandline.observations.readers.weather_forecasts.window import Window

_log = logging.getLogger(__name__)
_NAMES = {"msl": "pressure", "prmsl": "pressure", "10u": "wind_east", "10v": "wind_north", "tp": "rain"}
"""Short names of ecCodes → variables; those of NCEP are the same but ``prmsl``."""
_UNITS = {
    "pressure": {"Pa": 1.0, "hPa": 100.0},
    "wind_east": {"m s**-1": 1.0},
    "wind_north": {"m s**-1": 1.0},
    "rain": {"kg m**-2": 1.0, "mm": 1.0, "m": 1000.0},
}
"""Variable → unit of ecCodes → factor to SI, and to mm of rain."""
_OF_ONE_MEMBER = (0, 1, 8, 11, 60, 61)
"""Templates of one forecast or member, at a time or over an interval; others are means, spreads and probabilities.
Source: WMO, Manual on Codes I.2, code table 4.0."""
_DERIVED = ("em", "es", "ep", "cm", "cs")
"""``dataType`` of ensemble means, spreads and probabilities, which GRIB 1 does not tell by a template."""
_MISSING = 1e20
_PER_HOUR = {"s": 3600, "m": 60, "h": 1}
_AGAIN = "the file may be incomplete: download it again"


@dataclass(frozen=True)
class _Field:
    """A field around the region: its variable, issue, interval [h after it], member, axes and (H, W) values."""

    variable: str
    issued: np.datetime64
    start: int
    end: int
    member: int
    latitude: Floats
    longitude: Floats
    values: SingleFloats


def read_grib(paths: Sequence[Path], window: Window, available: Availability) -> xr.Dataset:
    """The forecasts in some files, around a place; see ``assemble``.

    Used are mean sea level pressure (``msl``, ``prmsl``), 10 m wind (``10u``, ``10v``) and total precipitation (``tp``,
    accumulated since the start or in buckets). Other fields, and means, spreads and probabilities of ensembles, are
    left out, and so are leads that are no whole hours. The member is ``perturbationNumber``; without one it is 0.

    Raises:
        InputError: the extra is missing; or a file is no GRIB, breaks off, is on another kind of grid, or covers
            another place.
    """
    require_extra("GRIB forecasts", "grib", "eccodes")
    fields: list[_Field] = []
    for path in paths:
        fields += _fields_of(path, window)
    where = ", ".join(map(str, paths[:3]))
    if not fields:
        names = ", ".join(_NAMES)
        raise InputError(where, f"holds none of the fields {names}", "ask for them on a surface or at 10 m")
    first = fields[0]
    for field in fields:
        if not (np.array_equal(field.latitude, first.latitude) and np.array_equal(field.longitude, first.longitude)):
            raise InputError(where, f"holds {field.variable} on another grid", "keep one model in one section")
    return assemble(_rows(fields), first.latitude, first.longitude, available, where)


def _rows(fields: Sequence[_Field]) -> list[Rows]:
    rows = []
    for variable in dict.fromkeys(_NAMES.values()):
        own = [field for field in fields if field.variable == variable]
        if variable == "rain":
            own = _rates(own)
        if own:
            rows.append(
                Rows(
                    variable,
                    np.array([field.issued for field in own], dtype="datetime64[ns]"),
                    np.array([field.end for field in own], dtype=np.int64),
                    np.array([field.member for field in own], dtype=np.int64),
                    np.stack([field.values for field in own]),
                )
            )
    return rows


def _rates(amounts: Sequence[_Field]) -> list[_Field]:
    """Rain [mm h-1] in place of accumulated amounts [mm]."""
    rates = []
    for issued, member in dict.fromkeys((field.issued, field.member) for field in amounts):
        own = {(f.start, f.end): f for f in amounts if (f.issued, f.member) == (issued, member)}
        found = rain_rates({interval: field.values.astype(np.float64) for interval, field in own.items()})
        for lead, values in found.items():
            like = next(field for field in own.values() if field.end == lead)
            rates.append(
                _Field("rain", issued, lead, lead, member, like.latitude, like.longitude, values.astype(np.float32))
            )
    return rates


def _fields_of(path: Path, window: Window) -> Iterator[_Field]:
    """Raises: InputError: see ``read_grib``."""
    import eccodes  # an extra; it loads a library of 20 MB

    with open_file(path) as file:
        if file.read(4) != b"GRIB":
            raise InputError(path, "is no GRIB file", "give GRIB 1 or 2, not packed")
        os.lseek(file.fileno(), 0, os.SEEK_SET)  # ecCodes reads the descriptor, beside Python's buffer
        number = 0
        while True:
            number += 1
            where = f"{path} message {number}"
            try:
                message = eccodes.codes_grib_new_from_file(file)
            except eccodes.CodesInternalError as error:
                raise InputError(where, f"cannot be read ({error})", _AGAIN) from error
            if message is None:
                return
            try:
                field = _field(eccodes, message, window, where)
            except eccodes.CodesInternalError as error:
                raise InputError(where, f"cannot be read ({error})", _AGAIN) from error
            finally:
                eccodes.codes_release(message)
            if field is not None:
                yield field


def _field(eccodes: Any, message: Any, window: Window, where: str) -> _Field | None:
    """The field of a message; ``None`` = it is of no use."""

    def get(key: str, otherwise: Any = None) -> Any:
        return eccodes.codes_get(message, key) if eccodes.codes_is_defined(message, key) else otherwise

    variable = _NAMES.get(get("shortName"))
    template = get("productDefinitionTemplateNumber") if get("edition") == 2 else 0
    if variable is None or template not in _OF_ONE_MEMBER or get("dataType") in _DERIVED:
        return None
    start, end = (_whole_hours(get(key)) for key in ("startStep", "endStep"))
    if start is None or end is None:
        _log.info("%s: its lead is no whole hour, so that it is left out", where)
        return None
    factor = _UNITS[variable].get(get("units"))
    if factor is None:
        known = ", ".join(_UNITS[variable])
        raise InputError(where, f"gives {variable} in '{get('units')}'", f"convert it to one of {known}")
    if get("gridType") != "regular_ll":
        remedy = "ask for a regular latitude–longitude grid, or interpolate it to one"
        raise InputError(where, f"is on a grid of type '{get('gridType')}'", remedy)
    latitude, longitude = _axes(get, where)
    rows, columns, south_to_north, west_to_east = window.cut(latitude, longitude, where)
    eccodes.codes_set(message, "missingValue", _MISSING)
    values = np.asarray(eccodes.codes_get_values(message))
    if values.size != latitude.size * longitude.size:
        raise InputError(where, f"holds {values.size} values on {latitude.size} × {longitude.size} cells", _AGAIN)
    near = values.reshape(latitude.size, longitude.size)[np.ix_(rows, columns)]
    near = np.where(near == _MISSING, np.nan, near * factor).astype(np.float32)
    moment = f"{get('dataDate'):08d}T{get('dataTime'):04d}"
    issued = np.datetime64(f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[9:11]}:{moment[11:]}", "ns")
    member = int(get("perturbationNumber", 0))
    return _Field(variable, issued, start, end, member, south_to_north, west_to_east, near)


def _axes(get: Any, where: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Latitudes and longitudes [degrees] of the rows and columns, as they are scanned."""
    if get("jPointsAreConsecutive") or get("alternativeRowScanning"):
        raise InputError(where, "is scanned by columns or to and fro", "convert it to rows of one direction")
    width, height = int(get("Ni")), int(get("Nj"))
    south_or_north = np.linspace(
        get("latitudeOfFirstGridPointInDegrees"), get("latitudeOfLastGridPointInDegrees"), height
    )
    west, east = get("longitudeOfFirstGridPointInDegrees"), get("longitudeOfLastGridPointInDegrees")
    if get("iScansNegatively"):
        span = -((west - east) % 360.0)
    else:
        span = (east - west) % 360.0
    return south_or_north, np.linspace(west, west + span, width)


def _whole_hours(step: int | str) -> int | None:
    """A step [h]; ``None`` = it is no whole hour. ecCodes gives others than hours with their unit, as ``90m``."""
    text = str(step)
    count, unit = (text[:-1], text[-1]) if text[-1:].isalpha() else (text, "h")
    per_hour = _PER_HOUR.get(unit)
    if per_hour is None or not count.lstrip("-").isdecimal() or int(count) % per_hour:
        return None
    return int(count) // per_hour
