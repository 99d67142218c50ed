"""Conversion of written times to UTC; messages name the row of a repeated, decreasing or non-existent time."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.readers.formats.tables import TextTable
from strandline.observations.region_file.values import parse_time_zone


def read_times(table: TextTable, column: str, time_zone: str) -> Times:
    """A column of ISO 8601 times as strictly increasing UTC ``datetime64[ns]``.

    A time with an offset (``…Z``, ``…+01:00``) keeps it; any other is in ``time_zone``.

    Raises:
        InputError: names the first row that is not a time, repeats, decreases, or falls into a change of clocks.
    """
    text = table.column(column)
    parsed = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    wrong = np.flatnonzero(parsed.isna())
    if wrong.size:
        raise InputError(
            table.row(int(wrong[0])),
            f"'{text.iloc[wrong[0]]}' in column '{column}' is not a time ({wrong.size} such values)",
            "write ISO 8601 (2022-11-22T08:00)",
        )
    aware = _has_offset(text)
    if aware.any() and not aware.all():
        raise InputError(
            table.row(int(np.flatnonzero(aware != aware[0])[0])),
            "some times have an offset and others have none",
            "write all times in one way",
        )
    utc = as_times(parsed) if aware.all() else to_utc(as_times(parsed), time_zone, table)
    check_increasing(utc, table)
    return utc


def readable_times(text: pd.Series, time_zone: str) -> Times:
    """Times as in ``read_times``, in any order; NaT where the text is not a time or the local time is ambiguous."""
    parsed = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    return np.where(_has_offset(text), as_times(parsed), _localise(as_times(parsed), time_zone))


def as_times(series: pd.Series) -> Times:
    """The wall-clock times of a pandas series as ``datetime64[ns]``."""
    if series.dt.tz is not None:
        series = series.dt.tz_localize(None)
    return series.to_numpy(dtype="datetime64[ns]")


def to_utc(wall_clock: Times, time_zone: str, table: TextTable) -> Times:
    """Local times of a time zone as UTC.

    Raises:
        InputError: a time falls into the hour that a change of clocks repeats or skips.
    """
    utc = _localise(wall_clock, time_zone)
    wrong = np.flatnonzero(np.isnat(utc) & ~np.isnat(wall_clock))
    if wrong.size:
        raise InputError(
            table.row(int(wrong[0])),
            f"{pd.Timestamp(wall_clock[wrong[0]])} is ambiguous or does not exist in {time_zone}",
            "give the fixed offset of the gauge (such as +01:00), or convert to UTC",
        )
    return utc


def _has_offset(text: pd.Series) -> npt.NDArray[np.bool_]:
    """Mask of the times with an offset from UTC."""
    return text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).to_numpy(dtype=bool)


def _localise(wall_clock: Times, time_zone: str) -> Times:
    """Local times as UTC; NaT in an hour that a change of clocks repeats or skips."""
    local = pd.DatetimeIndex(wall_clock).tz_localize(parse_time_zone(time_zone), ambiguous="NaT", nonexistent="NaT")
    return local.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[ns]")


def check_increasing(time: Times, table: TextTable) -> None:
    """Check that times increase strictly.

    Raises:
        InputError: with the first wrong row.
    """
    backwards = np.flatnonzero(np.diff(time) <= np.timedelta64(0))
    if not backwards.size:
        return
    first = int(backwards[0]) + 1
    repeats = time[first] == time[first - 1]
    raise InputError(
        table.row(first),
        f"{pd.Timestamp(time[first])} UTC "
        + ("occurs twice" if repeats else f"comes after {pd.Timestamp(time[first - 1])} UTC")
        + f" ({backwards.size} such rows)",
        "keep one row for each time" if repeats else "sort the rows by time",
    )
