"""Forecasts in NetCDF files and Zarr folders after the CF conventions: issue or lead, valid time, member, place."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.fields import find_variable, load, open_fields
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.readers.weather import NAMES
from strandline.observations.readers.weather_forecasts.accumulated_rain import rain_rates
from strandline.observations.readers.weather_forecasts.assemble import (
    HOUR,
    VARIABLES,
    Availability,
    Rows,
    assemble,
    combine,
)
from strandline.observations.readers.weather_forecasts.forecast_times import (
    as_times,
    issue_of,
    member_dimension,
    valid_times,
)
from strandline.observations.readers.weather_forecasts.window import Window
from strandline.observations.variables import VARIABLES as VOCABULARY

_RAIN_RATE = (("lwe_precipitation_rate", "precipitation_flux", "rainfall_flux", "rainfall_rate"), ("prate", "tprate"))
_RAIN_AMOUNT = (
    ("precipitation_amount", "lwe_thickness_of_precipitation_amount", "rainfall_amount"),
    ("tp", "apcp", "precipitation"),
)
"""CF standard names, then short names, of rates, and of amounts since the start of the forecast."""
_PER_HOUR = {"kgm-2s-1": 3600.0, "mms-1": 3600.0, "mm/s": 3600.0, "ms-1": 3.6e6, "m/s": 3.6e6, "mmh-1": 1.0,
             "mm/h": 1.0, "mm/hr": 1.0, "kgm**-2s**-1": 3600.0, "ms**-1": 3.6e6}  # fmt: skip
_MILLIMETRES = {"kgm-2": 1.0, "kgm**-2": 1.0, "mm": 1.0, "m": 1000.0}


def read_cf(
    paths: Sequence[Path], window: Window, available: Availability | None, names: Mapping[str, str]
) -> xr.Dataset:
    """The forecasts in some files, around a place; see ``assemble``.

    A file holds its time of issue (``forecast_reference_time``: a coordinate, a scalar or an attribute), valid times or
    leads (``forecast_period``, or a dimension ``lead``), and perhaps members and a variable ``available`` along the
    issues. Rain is a rate, or an amount since the start of the forecast.

    Args:
        available: of files that do not say so; ``None`` = they must.
        names: variable → its name in the files, where CF attributes do not tell.

    Raises:
        InputError: a file cannot be read, lacks something, or covers another place.
    """
    parts = [_read(path, window, available, names) for path in paths]
    for path, part in zip(paths[1:], parts[1:], strict=True):
        for name in ("latitude", "longitude"):
            if not np.array_equal(part[name].values, parts[0][name].values):
                raise InputError(path, f"is on another grid than {paths[0]}", "keep one model in one section")
    return combine(parts)


def _read(path: Path, window: Window, available: Availability | None, names: Mapping[str, str]) -> xr.Dataset:
    with open_fields(path) as dataset:
        found = {name: _find(dataset, name, names, path) for name in VARIABLES}
        fields = {name: field for name, field in found.items() if field is not None}
        if not fields:
            what = f"holds no known variable; it has {', '.join(map(str, dataset.data_vars))}"
            raise InputError(path, what, "name them in 'names'")
        issued, valid = issue_of(dataset, path), valid_times(dataset, path)
        known = as_times(dataset["available"], path) if "available" in dataset.variables else None
        cut, latitude, longitude = {}, np.empty(0), np.empty(0)
        for name, field in fields.items():
            cut[name], latitude, longitude = _around(dataset, field, window, path)
    rows = [_rows(name, field, issued, valid, path) for name, field in cut.items()]
    return assemble(rows, latitude, longitude, _availability(known, issued, available, path), path)


def _find(dataset: xr.Dataset, name: str, names: Mapping[str, str], path: Path) -> xr.DataArray | None:
    stated = names.get(name)
    if stated is not None:
        if stated not in dataset.variables:
            available = ", ".join(map(str, dataset.data_vars))
            raise InputError(path, f"has no variable '{stated}' for {name}", f"it has {available}")
        return dataset[stated]
    if name != "rain":
        return find_variable(dataset, *NAMES[name])
    rate = find_variable(dataset, *_RAIN_RATE)
    return find_variable(dataset, *_RAIN_AMOUNT) if rate is None else rate


def _around(
    dataset: xr.Dataset, field: xr.DataArray, window: Window, path: Path
) -> tuple[xr.DataArray, Floats, Floats]:
    """A field with dimensions (…, latitude, longitude), loaded around the place; a field of one point is that place."""
    latitude = find_variable(dataset, ("latitude",), ("latitude", "lat"))
    longitude = find_variable(dataset, ("longitude",), ("longitude", "lon"))
    if latitude is None or longitude is None or latitude.ndim > 1 or longitude.ndim > 1:
        raise InputError(path, "has no one-dimensional latitude and longitude", "regrid it to a regular grid")
    for axis, name in ((latitude, "latitude"), (longitude, "longitude")):
        load(axis, path)
        if axis.ndim == 0:
            field = field.expand_dims(name, axis=-1)
        elif axis.dims[0] not in field.dims:
            raise InputError(path, f"'{field.name}' does not depend on {name}", "give fields on latitude and longitude")
        else:
            field = field.rename({axis.dims[0]: name}) if axis.dims[0] != name else field
    rows, columns, south_to_north, west_to_east = window.cut(
        np.atleast_1d(latitude.values).astype(float), np.atleast_1d(longitude.values).astype(float), path
    )
    field = field.transpose(..., "latitude", "longitude").isel(latitude=rows, longitude=columns)
    load(field, path)
    return field.drop_vars(["latitude", "longitude"], errors="ignore"), south_to_north, west_to_east


def _rows(name: str, field: xr.DataArray, issued: xr.DataArray, valid: xr.DataArray, path: Path) -> Rows:
    """The field's forecasts, one after the other; dimensions of one entry that mean nothing here are dropped."""
    where = f"{path} '{field.name}'"
    member_name = member_dimension(field)
    keep = {*issued.dims, *valid.dims, member_name, "latitude", "longitude"}
    for dimension in [dimension for dimension in field.dims if dimension not in keep]:
        if field.sizes[dimension] > 1:
            what = f"has a dimension '{dimension}' beside time, member and place"
            raise InputError(where, what, "give surface fields, and winds at 10 m")
        field = field.isel({dimension: 0}, drop=True)
    if member_name is None:
        member = xr.DataArray(0)
    else:
        numbers = field[member_name].values if member_name in field.coords else np.arange(field.sizes[member_name])
        is_number = np.issubdtype(numbers.dtype, np.number)
        member = xr.DataArray(numbers if is_number else np.arange(numbers.size), dims=member_name)
    bare = [array.reset_coords(drop=True) for array in (issued, valid, member)]
    bare = [array.drop_vars(list(array.coords), errors="ignore") for array in bare]
    values = field.drop_vars(list(field.coords), errors="ignore")
    times = [array.expand_dims({d: values.sizes[d] for d in values.dims[:-2] if d not in array.dims}) for array in bare]
    columns = [array.transpose(*values.dims[:-2]).values.reshape(-1) for array in times]
    fields = np.asarray(values.values, dtype=np.float32).reshape(-1, *values.shape[-2:])
    issues, lead = columns[0].astype("datetime64[ns]"), (columns[1] - columns[0]) / HOUR
    whole = np.isfinite(lead) & (np.abs(lead - np.round(lead)) < 1e-6)
    if not whole.any():
        raise InputError(where, "has no lead of whole hours", "are issue and valid times right?")
    rows = Rows(
        name, issues[whole], np.round(lead[whole]).astype(np.int64), columns[2][whole].astype(np.int64), fields[whole]
    )
    return _rain(rows, field, where) if name == "rain" else _in_si(rows, field, where)


def _in_si(rows: Rows, field: xr.DataArray, where: str) -> Rows:
    unit = parse_unit_attribute(field.attrs.get("units"), VOCABULARY[rows.variable].unit, where)
    return Rows(rows.variable, rows.issued, rows.lead, rows.member, to_si(rows.values, unit).astype(np.float32))


def _rain(rows: Rows, field: xr.DataArray, where: str) -> Rows:
    """Rain in mm h-1, from a rate or from amounts since the start of the forecast."""
    unit = str(field.attrs.get("units")).replace(" ", "").replace("^", "")
    if unit in _PER_HOUR:
        return Rows("rain", rows.issued, rows.lead, rows.member, rows.values * np.float32(_PER_HOUR[unit]))
    if unit not in _MILLIMETRES:
        remedy = "give a rate in kg m-2 s-1 or mm h-1, or an amount since the start of the forecast in kg m-2, mm or m"
        raise InputError(where, f"has units {field.attrs.get('units')!r}", remedy)
    issues: list[np.datetime64] = []
    leads: list[int] = []
    members: list[int] = []
    rates: list[Floats] = []
    for issue, member in dict.fromkeys(zip(rows.issued.tolist(), rows.member.tolist(), strict=True)):
        own = np.flatnonzero((rows.issued.astype(np.int64) == issue) & (rows.member == member))
        amounts = {(0, int(rows.lead[i])): rows.values[i].astype(np.float64) * _MILLIMETRES[unit] for i in own.tolist()}
        for lead, rate in rain_rates(amounts).items():
            issues.append(np.datetime64(issue, "ns"))
            leads.append(lead)
            members.append(member)
            rates.append(rate)
    moments: Times = np.array(issues, dtype="datetime64[ns]")
    empty = np.zeros((0, *rows.values.shape[1:]))
    fields = np.stack(rates) if rates else empty
    return Rows(
        "rain", moments, np.array(leads, dtype=np.int64), np.array(members, dtype=np.int64), fields.astype(np.float32)
    )


def _availability(
    known: xr.DataArray | None, issued: xr.DataArray, available: Availability | None, path: Path
) -> Availability:
    """Of a file that says when each of its issues could be had, or of one that does not."""
    if known is not None:
        pairs = xr.broadcast(known, issued)
        moments = dict(zip(pairs[1].values.reshape(-1).tolist(), pairs[0].values.reshape(-1).tolist(), strict=True))
        return lambda issues: np.array(
            [moments[moment] for moment in issues.astype("datetime64[ns]").tolist()], dtype="datetime64[ns]"
        )
    if available is None:
        raise InputError(path, "does not say when its forecasts could be had", "state 'delay_hours'")
    return available
