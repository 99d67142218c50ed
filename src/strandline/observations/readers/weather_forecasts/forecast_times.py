"""Issue, valid time and member of forecasts in NetCDF files and Zarr folders."""

from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.readers.formats.fields import find_variable, load

ISSUED = ("forecast_reference_time", "reference_time", "issued", "analysis_time")
LEAD = ("forecast_period", "lead", "lead_time", "step")
MEMBERS = ("realization", "member", "ensemble", "number")
_SECONDS = {"s": 1, "second": 1, "seconds": 1, "minutes": 60, "min": 60, "h": 3600, "hr": 3600, "hour": 3600,
            "hours": 3600, "d": 86400, "day": 86400, "days": 86400}  # fmt: skip


def issue_of(dataset: xr.Dataset, path: Path) -> xr.DataArray:
    """Time of issue of the forecasts in a file: a scalar, along a dimension, or an attribute of the file.

    Raises:
        InputError: there is none, or it is no time.
    """
    issued = find_variable(dataset, ("forecast_reference_time",), ISSUED)
    if issued is not None:
        return as_times(issued, path)
    stated = next((dataset.attrs[name] for name in ISSUED if name in dataset.attrs), None)
    if stated is None:
        raise InputError(path, "has no time of issue", "give it a variable 'forecast_reference_time'")
    try:
        moment = np.datetime64(str(stated).strip().removesuffix("Z"), "ns")
    except ValueError as error:
        remedy = "write ISO 8601 in UTC (2026-11-30T00:00)"
        raise InputError(path, f"states the time of issue '{stated}', which is none", remedy) from error
    return xr.DataArray(moment, name="forecast_reference_time")


def valid_times(dataset: xr.Dataset, path: Path) -> xr.DataArray:
    """Valid times: as stated, or issue plus lead.

    Raises:
        InputError: there are neither.
    """
    issued = issue_of(dataset, path)
    lead = find_variable(dataset, ("forecast_period",), LEAD)
    time = find_variable(dataset, ("time",), ("valid_time", "time"))
    if time is not None and time.name != issued.name:
        return as_times(time, path)
    if lead is None:
        raise InputError(path, "has neither valid times nor leads", "give it a coordinate 'time' or 'lead' [hours]")
    load(lead, path)
    if not np.issubdtype(lead.dtype, np.timedelta64):
        unit = str(lead.attrs.get("units", "hours")).strip().lower()
        if unit not in _SECONDS:
            raise InputError(f"{path} '{lead.name}'", f"has units '{unit}'", "give leads in hours")
        lead = (lead * _SECONDS[unit]).round().astype("timedelta64[s]")
    return (issued + lead).astype("datetime64[ns]")


def member_dimension(array: xr.DataArray) -> str | None:
    """Name of its dimension of members; ``None`` = it has none."""
    return next((name for name in MEMBERS if name in array.dims), None)


def as_times(times: xr.DataArray, path: Path) -> xr.DataArray:
    """Times as ``datetime64[ns]``.

    Raises:
        InputError: they are of another type.
    """
    load(times, path)
    if not np.issubdtype(times.dtype, np.datetime64):
        raise InputError(f"{path} '{times.name}'", f"is of type {times.dtype}", "give it units 'hours since …'")
    return times.astype("datetime64[ns]")
