"""Conversion of written times to UTC; messages name the row of a repeated, decreasing or non-existent time."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.checks.times import FIRST_STORABLE, LAST_STORABLE, REMEDY, implausible_times
from strandline.observations.readers.formats.tables import TextTable
from strandline.observations.region_file.values import parse_time_zone


def read_times(table: TextTable, column: str, time_zone: str) -> Times:
    """A column of ISO 8601 times as strictly increasing UTC ``datetime64[ns]``.

    A time with an offset (``…Z``, ``…+01:00``) keeps it; any other is in ``time_zone``.

    Raises:
        InputError: names the first row that is not a time, cannot be one of an observation, repeats, decreases, or
            falls into a change of clocks.
    """
    parsed, aware = parse_times(table, column), _has_offset(table.column(column))
    if aware.any() and not aware.all():
        row = table.row(int(np.flatnonzero(aware != aware[0])[0]))
        raise InputError(row, "some times have an offset and others have none", "write all times in one way")
    utc = parsed if aware.all() else _localise(parsed, time_zone)
    wrong = np.flatnonzero(np.isnat(utc))
    if wrong.size:
        what = f"{pd.Timestamp(parsed[wrong[0]])} is ambiguous or does not exist in {time_zone}"
        remedy = "give the fixed offset of the gauge (such as +01:00), or convert to UTC"
        raise InputError(table.row(int(wrong[0])), what, remedy)
    table.refuse(implausible_times(utc), [column], "cannot be the time of an observation", REMEDY)
    check_increasing(utc, table)
    return utc


def parse_times(table: TextTable, column: str) -> Times:
    """A column of ISO 8601 times, in UTC where they have an offset.

    Raises:
        InputError: names the first row that is not a time.
    """
    parsed = pd.to_datetime(table.column(column), errors="coerce", format="ISO8601", utc=True)
    table.refuse(parsed.isna().to_numpy(), [column], "is not a time", "write ISO 8601 (2022-11-22T08:00)")
    times = as_times(parsed)
    table.refuse(np.isnat(times), [column], "cannot be the time of an observation", REMEDY)
    return times


def readable_times(text: pd.Series, time_zone: str) -> Times:
    """Times as in ``read_times``, in any order; NaT where the text is not a time or the local time is ambiguous."""
    parsed = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    return np.where(_has_offset(text), as_times(parsed), _localise(as_times(parsed), time_zone))


def as_times(series: pd.Series) -> Times:
    """The wall-clock times of a pandas series as ``datetime64[ns]``; NaT where that cannot hold the year."""
    if series.dt.tz is not None:
        series = series.dt.tz_localize(None)
    return series.where(series.dt.year.between(FIRST_STORABLE, LAST_STORABLE)).to_numpy(dtype="datetime64[ns]")


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
    what, remedy = f"comes after {pd.Timestamp(time[first - 1])} UTC", "sort the rows by time"
    if time[first] == time[first - 1]:
        what, remedy = "occurs twice", "keep one row for each time"
    what = f"{pd.Timestamp(time[first])} UTC {what} ({backwards.size} such rows)"
    raise InputError(table.row(first), what, remedy)
