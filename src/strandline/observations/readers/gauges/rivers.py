"""Rivers: discharge where they enter the region, from tables with readings at any spacing."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.resampling import hours_between
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.timestamps import read_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region_file.data_sections import RiverSection
from strandline.observations.variables import as_variable, check_variables

LONGEST_STEP = np.timedelta64(36, "h")
"""Between two readings that hours are interpolated between: daily values with one missing hour, not two days."""


def read_rivers(rivers: Sequence[RiverSection]) -> xr.Dataset | None:
    """The ``river`` modality, hourly over all records; ``None`` without a river. Where no reading is near: NaN.

    Raises:
        InputError: with file, row or column, and remedy.
    """
    if not rivers:
        return None
    records = [_read(river) for river in rivers]
    hours = hours_between(min(time[0] for time, _ in records), max(time[-1] for time, _ in records))
    flow = np.stack([_hourly(time, values, hours) for time, values in records])
    found = xr.Dataset(
        {"discharge": as_variable("discharge", ("river", "time"), flow)},
        {
            "river": [river.name for river in rivers],
            "time": hours,
            "longitude": ("river", [river.longitude for river in rivers]),
            "latitude": ("river", [river.latitude for river in rivers]),
        },
    )
    check_variables(found, ", ".join(str(path) for river in rivers for path in river.paths))
    return found


def _read(river: RiverSection) -> tuple[Times, Floats]:
    """Times and discharge [m3 s-1] of one river, with its files in order of time."""
    times, values = [], []
    for path in river.paths:
        table = read_table(path, river.delimiter)
        times.append(read_times(table, river.columns.time, river.time_zone))
        values.append(to_si(table.numbers(river.columns.discharge, river.missing, river.decimal), river.unit))
    order = np.argsort([part[0] for part in times])
    time, discharge = (np.concatenate([parts[i] for i in order]) for parts in (times, values))
    where = ", ".join(str(path) for path in river.paths)
    if (np.diff(time) <= np.timedelta64(0)).any():
        raise InputError(where, "the files of the river overlap in time", "keep each time in one file")
    if np.isnan(discharge).all():
        raise InputError(where, f"has no reading in '{river.columns.discharge}'", "check 'columns' and 'missing'")
    middle: Times = np.asarray(time + np.timedelta64(round(river.centre_h * 60), "m"), dtype="datetime64[ns]")
    return middle, discharge


def _hourly(time: Times, values: Floats, hours: Times) -> Floats:
    """(T,) linear between readings at most ``LONGEST_STEP`` apart."""
    known = ~np.isnan(values)
    time, values = time[known], values[known]
    seconds, wanted = (each.astype("datetime64[s]").astype(np.int64) for each in (time, hours))
    found = np.interp(wanted, seconds, values, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(time, hours), 0, time.size - 1)
    before = np.clip(np.searchsorted(time, hours, side="right") - 1, 0, time.size - 1)
    return np.where(time[after] - time[before] <= LONGEST_STEP, found, np.nan)
