"""Times as files write them → UTC; a repeat, a step backwards or an hour that never was is named by its row."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Times
from strandline.observations.readers.formats.tables import TextTable
from strandline.observations.region_file.values import parse_time_zone


def read_times(table: TextTable, column: str, time_zone: str) -> Times:
    """A column of ISO 8601 times as strictly increasing UTC ``datetime64[ns]``.

    A time with its own offset (``…Z``, ``…+01:00``) keeps it; any other is on the clock of ``time_zone``.

    Raises:
        InputError: names the first row that is no time, comes twice, goes backwards, or fell into a change of clocks.
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
            "some times have an offset and some have none",
            "write all in one way",
        )
    utc = as_times(parsed) if aware.all() else to_utc(as_times(parsed), time_zone, table)
    check_increasing(utc, table)
    return utc


def readable_times(text: pd.Series, time_zone: str) -> Times:
    """As ``read_times`` understands them, in whatever order; NaT where there is no time or not one moment."""
    parsed = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
    return np.where(_has_offset(text), as_times(parsed), _moments(as_times(parsed), time_zone))


def as_times(series: pd.Series) -> Times:
    """The wall-clock readings of a pandas series as ``datetime64[ns]``."""
    if series.dt.tz is not None:
        series = series.dt.tz_localize(None)
    return series.to_numpy(dtype="datetime64[ns]")


def to_utc(wall_clock: Times, time_zone: str, table: TextTable) -> Times:
    """Readings of a clock in a time zone as UTC.

    Raises:
        InputError: a reading falls into the hour that a change of clocks repeats or leaves out.
    """
    utc = _moments(wall_clock, time_zone)
    wrong = np.flatnonzero(np.isnat(utc) & ~np.isnat(wall_clock))
    if wrong.size:
        raise InputError(
            table.row(int(wrong[0])),
            f"{pd.Timestamp(wall_clock[wrong[0]])} is not one moment in {time_zone}: the clocks change there",
            "state the fixed offset that the gauge keeps (such as +01:00), or convert to UTC",
        )
    return utc


def _has_offset(text: pd.Series) -> npt.NDArray[np.bool_]:
    """Which times say their own offset from UTC."""
    return text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True).to_numpy(dtype=bool)


def _moments(wall_clock: Times, time_zone: str) -> Times:
    """Readings of a clock as UTC; NaT in an hour that a change of clocks repeats or leaves out."""
    local = pd.DatetimeIndex(wall_clock).tz_localize(parse_time_zone(time_zone), ambiguous="NaT", nonexistent="NaT")
    return local.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[ns]")


def check_increasing(time: Times, table: TextTable) -> None:
    """Refuse repeated and unsorted times.

    Raises:
        InputError: names the first row at fault.
    """
    backwards = np.flatnonzero(np.diff(time) <= np.timedelta64(0))
    if not backwards.size:
        return
    first = int(backwards[0]) + 1
    repeats = time[first] == time[first - 1]
    raise InputError(
        table.row(first),
        f"{pd.Timestamp(time[first])} UTC "
        + ("is there twice" if repeats else f"comes after {pd.Timestamp(time[first - 1])} UTC")
        + f" ({backwards.size} such rows)",
        "keep one row for each time" if repeats else "sort the rows by time",
    )
