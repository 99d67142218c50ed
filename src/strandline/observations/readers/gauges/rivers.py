"""Rivers: discharge or level where they enter the region, from tables with readings at any spacing."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.timestamps import read_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.region_file.data_sections import RiverSection
from strandline.observations.variables import as_variable, check_variables


def read_rivers(rivers: Sequence[RiverSection]) -> xr.Dataset | None:
    """The ``river`` modality, hourly over all records; ``None`` without a river. Hours without a reading: NaN.

    A reading stands at the full hour at or after it, a mean at that of its middle; nothing is interpolated, since
    between two readings lies what only the later one tells.

    Raises:
        InputError: with file, row or column, and remedy.
    """
    if not rivers:
        return None
    records = [_read(river) for river in rivers]
    first, last = min(hour[0] for hour, _ in records), max(hour[-1] for hour, _ in records)
    hours = np.arange(first, last + np.timedelta64(1, "h"), np.timedelta64(1, "h")).astype("datetime64[ns]")
    stands = ("river", "time")
    layers = {}
    for name in ("discharge", "stage"):
        wanted = [river.is_stage == (name == "stage") for river in rivers]
        if any(wanted):
            rows = [_on_hours(*record, hours, is_of_kind) for record, is_of_kind in zip(records, wanted, strict=True)]
            layers[name] = as_variable(name, stands, np.stack(rows))
    found = xr.Dataset(
        layers,
        {
            "river": [river.name for river in rivers],
            "time": hours,
            "longitude": ("river", [river.longitude for river in rivers]),
            "latitude": ("river", [river.latitude for river in rivers]),
            "available_after_h": ("river", [river.available_after_h - river.centre_h for river in rivers]),
        },
    )
    check_variables(found, ", ".join(str(path) for river in rivers for path in river.paths))
    return found


def _read(river: RiverSection) -> tuple[Times, Floats]:
    """Full hours and values [m3 s-1 or m] of one river, with its files in order of time."""
    column = (river.columns.level or "level") if river.is_stage else (river.columns.discharge or "discharge")
    times, values = [], []
    for path in river.paths:
        table = read_table(path, river.delimiter)
        times.append(read_times(table, river.columns.time, river.time_zone))
        values.append(to_si(table.numbers(column, river.missing, river.decimal), river.unit))
    order = np.argsort([part[0] for part in times])
    time, read = (np.concatenate([parts[i] for i in order]) for parts in (times, values))
    where = ", ".join(str(path) for path in river.paths)
    if (np.diff(time) <= np.timedelta64(0)).any():
        raise InputError(where, "the files of the river overlap in time", "keep each time in one file")
    if np.isnan(read).all():
        raise InputError(where, f"has no reading in '{column}'", "check 'columns' and 'missing'")
    middle = (time + np.timedelta64(round(river.centre_h * 60), "m")).astype("datetime64[ns]")
    before: Times = middle.astype("datetime64[h]")
    hour = before + (middle > before) * np.timedelta64(1, "h")
    return hour, read


def _on_hours(hour: Times, values: Floats, hours: Times, is_of_kind: bool) -> Floats:
    """(T,) mean of the readings that stand at each hour; NaN without any, and everywhere of another kind."""
    known = np.isfinite(values) & is_of_kind
    at = ((hour[known] - hours[0]) / np.timedelta64(1, "h")).astype(np.int64)
    count = np.bincount(at, minlength=hours.size)
    total = np.bincount(at, values[known], minlength=hours.size)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
