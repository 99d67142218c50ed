"""Tide gauge formats: one reader each, from a file to UTC times and levels [m] on the file's datum.

A new format needs one function and one row of ``READERS``.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.checks.times import REMEDY, implausible_years
from strandline.observations.readers.formats.fields import find_variable, load, open_fields, times_of
from strandline.observations.readers.formats.tables import (
    TextTable,
    parse_table,
    read_table,
    read_text,
    separate_units,
)
from strandline.observations.readers.formats.timestamps import as_times, check_increasing, read_times, readable_times
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.region_file.data_sections import GaugeFileSection, GaugeFormat
from strandline.observations.variables import VARIABLES

Readings = tuple[Times, npt.NDArray[np.float64]]
Reader = Callable[[Path, GaugeFileSection], Readings]

LEVEL_STANDARD_NAMES = (
    "sea_surface_height_above_reference_ellipsoid",
    "sea_surface_height_above_mean_sea_level",
    "sea_surface_height_above_geopotential_datum",
    "sea_surface_height_above_geoid",
    "sea_surface_height",
    "sea_surface_elevation",
    "water_surface_height_above_reference_datum",
)
_HIGHEST_PLAUSIBLE = 12.0
"""[m] A record that exceeds it, on any datum in use, is in another unit than stated."""
_LEVEL_NAMES = ("sea_level", "sealevel", "water_level", "waterlevel", "slev", "ssh")
_UHSLC_COLUMNS = ("year", "month", "day", "hour", "level")
_UHSLC_MISSING = "-32767"
_ERDDAP_MISSING = ("NaN", _UHSLC_MISSING)
_ERDDAP_STATIONS = ("record_id", "uhslc_id", "station_name", "station_id", "station")
"""Columns that tell stations apart, and versions of one whose datums differ (``record_id`` of the UHSLC)."""
_DEFAULT_COLUMNS = {
    "noaa_coops": ("Date Time", "Water Level"),
    "uhslc": ("time", "sea_level"),
    "erddap": ("time", "sea_level"),
}
"""Format → columns of time and level where the region file names none."""


def read_wide(path: Path, gauge: GaugeFileSection) -> Readings:
    """One time column, one column for each station."""
    return _from_table(read_table(path, gauge.delimiter), gauge)


def read_long(path: Path, gauge: GaugeFileSection) -> Readings:
    """One row for each station and time; the rows of this gauge are selected by the station's name."""
    table = read_table(path, gauge.delimiter)
    rows = _own_rows(table, gauge)
    if rows.frame.empty:
        column = str(gauge.columns.station)
        stations = ", ".join(sorted(set(table.column(column)))[:8])
        raise InputError(path, f"has no rows of station '{_station(gauge)}' in column '{column}'", f"it has {stations}")
    return _from_table(rows, gauge)


def read_noaa_coops(path: Path, gauge: GaugeFileSection) -> Readings:
    """NOAA CO-OPS: ``Date Time, Water Level, Sigma, …`` in the unit and time zone chosen at download."""
    return _from_table(read_table(path), gauge)


def read_uhslc(path: Path, gauge: GaugeFileSection) -> Readings:
    """University of Hawaii Sea Level Center, both flavours of its CSV; UTC, −32767 = missing.

    Its own files are ``year,month,day,hour,level`` [mm] without a header; its ERDDAP server writes a header and units.
    """
    text = read_text(path)
    if _has_header(text):
        return _from_erddap(parse_table(text, path), gauge)
    table = parse_table(text, path, names=_UHSLC_COLUMNS)
    parts = {name: table.numbers(name, ()) for name in _UHSLC_COLUMNS[:4]}
    table.refuse(implausible_years(parts["year"]), ["year"], "cannot be the year of a reading", REMEDY)
    date = pd.to_datetime(pd.DataFrame(parts), errors="coerce")
    whole = np.all([np.mod(part, 1) == 0 for part in parts.values()], axis=0)
    wrong = (date.isna() | ~whole).to_numpy()
    table.refuse(wrong, _UHSLC_COLUMNS[:4], "is not a date", "write year,month,day,hour,level")
    time = as_times(date)
    check_increasing(time, table)
    level = to_si(table.numbers("level", (_UHSLC_MISSING, *gauge.missing)), "mm")
    _check_range(level, "mm", table, "level")
    return time, level


def read_erddap(path: Path, gauge: GaugeFileSection) -> Readings:
    """A table of an ERDDAP server as ``.csv`` or ``.csvp``: UTC, unit as the file states it, NaN = missing."""
    return _from_erddap(read_table(path), gauge)


def read_netcdf(path: Path, gauge: GaugeFileSection) -> Readings:
    """NetCDF with CF names, or the variable named in ``columns.level``; the ``units`` attribute gives the unit."""
    with open_fields(path) as dataset:
        named = gauge.columns.level
        if named is not None and named not in dataset.variables:
            raise InputError(path, f"has no variable '{named}'", f"it has {', '.join(map(str, dataset.variables))}")
        level = find_variable(dataset, LEVEL_STANDARD_NAMES, _LEVEL_NAMES) if named is None else dataset[named]
        if level is None:
            raise InputError(
                path, "has no variable with a CF standard name of sea surface height", "name one in columns.level"
            )
        time = times_of(dataset, path)
        load(level, path)
        level = level.squeeze()
    if level.ndim != 1 or level.size != time.size or not np.issubdtype(level.dtype, np.number):
        raise InputError(
            path, f"'{level.name}' has dimensions {level.sizes} of {level.dtype}", "extract one station: (time,)"
        )
    if level.size == 0:
        raise InputError(path, f"'{level.name}' has no values", "give a file with times and levels")
    unit = parse_unit_attribute(level.attrs.get("units", gauge.unit), "m", f"{path} '{level.name}'")
    table = TextTable(path, pd.DataFrame({str(level.name): level.values}), 0)
    utc = time.values.reshape(-1)
    values = to_si(level.values, unit)
    for marker in pd.to_numeric(pd.Series(list(gauge.missing), dtype=str), errors="coerce").dropna():
        values[level.values == marker] = np.nan
    table.refuse(
        np.isinf(values), [str(level.name)], "is not a level", "declare it as _FillValue, or name it in 'missing'"
    )
    _check_range(values, unit, table, str(level.name))
    return utc, values


READERS: dict[str, Reader] = {
    "wide": read_wide,
    "long": read_long,
    "uhslc": read_uhslc,
    "erddap": read_erddap,
    "noaa_coops": read_noaa_coops,
    "netcdf": read_netcdf,
}


def header_lines(form: GaugeFormat, first: str, second: str) -> int:
    """How many of a table's first two lines are names and units, and no reading."""
    if form == "uhslc" and not _has_header(first):
        return 0
    return 2 if form in ("uhslc", "erddap") and "UTC" in second.strip().split(",") else 1


def parse_partial_table(text: str, path: Path, gauge: GaugeFileSection) -> Readings:
    """The rows of a table that is still being written; bad rows are skipped.

    Args:
        text: complete lines of the file, with the header where the format has one.
        gauge: the format; not ``netcdf``.

    Returns:
        Times in the order of the rows, with repeats, and levels [m] on the file's datum: NaN where the text is not a
        number. Rows without a time or with a missing-value marker are skipped.

    Raises:
        InputError: a column is missing.
    """
    if gauge.format == "erddap" or (gauge.format == "uhslc" and _has_header(text)):
        table, unit = _levels_of_erddap(parse_table(text, path, uneven_lines="skip"), gauge)
        time_column, level_column = _columns(gauge)
        time = readable_times(table.column(time_column), "UTC")
        values, absent = table.readable_numbers(level_column, (*_ERDDAP_MISSING, *gauge.missing))
    elif gauge.format == "uhslc":
        table = parse_table(text, path, names=_UHSLC_COLUMNS, uneven_lines="skip")
        parts = {name: table.readable_numbers(name, ())[0] for name in _UHSLC_COLUMNS[:4]}
        time = as_times(pd.to_datetime(pd.DataFrame(parts), errors="coerce"))
        values, absent = table.readable_numbers("level", (_UHSLC_MISSING, *gauge.missing))
        unit = "mm"
    else:
        table = parse_table(text, path, gauge.delimiter, uneven_lines="skip")
        table = _own_rows(table, gauge) if gauge.format == "long" else table
        time_column, level_column = _columns(gauge)
        time = readable_times(table.column(time_column), str(gauge.time_zone))
        values, absent = table.readable_numbers(level_column, gauge.missing, gauge.decimal)
        unit = str(gauge.unit)
    kept = ~np.isnat(time) & ~absent
    return time[kept], to_si(values[kept], unit)


def _columns(gauge: GaugeFileSection) -> tuple[str, str]:
    """Names of the columns of time and level."""
    default = _DEFAULT_COLUMNS.get(gauge.format, ("", ""))
    return gauge.columns.time or default[0], gauge.columns.level or default[1]


def _station(gauge: GaugeFileSection) -> str:
    return gauge.name if gauge.station is None else gauge.station


def _own_rows(table: TextTable, gauge: GaugeFileSection) -> TextTable:
    chosen = table.column(str(gauge.columns.station)) == _station(gauge)
    return TextTable(table.path, table.frame[chosen], table.first_row)


def _has_header(text: str) -> bool:
    """Whether the first line holds names, as an ERDDAP server writes them, and no year."""
    return re.match(r"\s*\"?[A-Za-z]", text) is not None


def _levels_of_erddap(table: TextTable, gauge: GaugeFileSection) -> tuple[TextTable, str]:
    """The rows of one station, without the row of units, and the unit of the levels.

    Raises:
        InputError: a column is missing, the unit is unknown, or rows of several stations are mixed.
    """
    time, level = _columns(gauge)
    table, units = separate_units(table, time)
    table.column(level)
    if gauge.columns.station is not None:
        table = _own_rows(table, gauge)
    else:
        for name in set(_ERDDAP_STATIONS) & set(table.frame.columns):
            stations = sorted(set(table.column(name)))
            if len(stations) > 1:
                what = f"holds {len(stations)} stations in column '{name}': {', '.join(stations[:8])}"
                raise InputError(table.path, what, f"set columns.station = '{name}' and station = '{stations[0]}'")
    return table, parse_unit_attribute(units.get(level, gauge.unit), "m", f"{table.path} column '{level}'")


def _from_erddap(table: TextTable, gauge: GaugeFileSection) -> Readings:
    time, level = _columns(gauge)
    rows, unit = _levels_of_erddap(table, gauge)
    if rows.frame.empty:
        raise InputError(table.path, f"has no rows of station '{_station(gauge)}'", "check 'station'")
    utc = read_times(rows, time, "UTC")
    metres = to_si(rows.numbers(level, (*_ERDDAP_MISSING, *gauge.missing)), unit)
    _check_range(metres, unit, rows, level)
    return utc, metres


def _from_table(table: TextTable, gauge: GaugeFileSection) -> Readings:
    time, level = _columns(gauge)
    utc = read_times(table, time, str(gauge.time_zone))
    metres = to_si(table.numbers(level, gauge.missing, gauge.decimal), str(gauge.unit))
    _check_range(metres, str(gauge.unit), table, level)
    return utc, metres


def _check_range(metres: npt.NDArray[np.float64], unit: str, table: TextTable, column: str) -> None:
    """Check the plausible range of levels; the message suggests the unit that fits."""
    variable = VARIABLES["water_level"]
    wrong = np.flatnonzero((metres < variable.low) | (metres > variable.high))
    if not wrong.size:
        return
    position = int(wrong[0])
    as_written = metres[position] / to_si(1.0, unit)
    fitting = [
        name
        for name in ("m", "ft", "cm", "mm")
        if name != unit and np.nanmax(np.abs(to_si(metres / to_si(1.0, unit), name))) <= _HIGHEST_PLAUSIBLE
    ]
    if wrong.size < 0.01 * metres.size:
        hint = f"add {as_written:g} to 'missing' if it marks a missing value"
    elif fitting:
        hint = f"the values look like {_UNIT_NAMES[fitting[0]]}: set unit = '{fitting[0]}'"
    else:
        hint = "check the unit of the file"
    raise InputError(
        table.row(position),
        f"{as_written:g} in column '{column}' is {metres[position]:g} m, outside {variable.low:g} to "
        f"{variable.high:g} m ({wrong.size} such values)",
        hint,
    )


_UNIT_NAMES = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "ft": "feet"}
