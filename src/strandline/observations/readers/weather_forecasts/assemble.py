"""The ``weather_forecast`` modality from the fields or series of files: issue, lead, member and place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices, SingleFloats, Times
from strandline.observations.checks.times import check_times
from strandline.observations.variables import as_variable, check_variables

DIMENSIONS = ("issued", "lead", "member", "latitude", "longitude")
VARIABLES = ("pressure", "wind_east", "wind_north", "rain")
HOUR = np.timedelta64(1, "h")
LONGEST_LEAD = 16 * 24
"""[h] Of any global model that is published free of charge (GFS)."""
_MOST_VALUES = 100_000_000
"""Of one variable: 400 MB."""
Availability = Callable[[Times], Times]
"""Issues (N,) → when each could be had (N,), UTC."""


@dataclass(frozen=True)
class Rows:
    """Forecasts of one variable, each with its issue, lead and member.

    Attributes:
        issued: (N,) reference time of the model's cycle, UTC ``datetime64[ns]``.
        lead: (N,) [h]
        member: (N,) 0 = control or deterministic.
        values: (N, H, W) [SI; rain in mm h-1], latitudes and longitudes ascending; NaN = not given.
    """

    variable: str
    issued: Times
    lead: Indices
    member: Indices
    values: npt.NDArray[np.floating]


def after(delay: timedelta) -> Availability:
    """Availability some time after the issue."""
    return lambda issued: np.asarray(issued + np.timedelta64(delay), dtype="datetime64[ns]")


def assemble(
    rows: Sequence[Rows], latitude: Floats, longitude: Floats, available: Availability, where: object
) -> xr.Dataset:
    """One data set with ``DIMENSIONS``; what no row gives is NaN.

    Coordinates: ``issued``, ``lead`` [h], ``member``, ``latitude``, ``longitude`` [degrees], all ascending, and
    ``available`` (issued), UTC. ``rain`` at a lead is the mean since the lead before it that the model gives, at least
    an hour.

    Raises:
        InputError: nothing is given, a forecast is given twice with other values, leads are negative or longer than any
            model's, a cycle is available before it was issued, or values are beyond their plausible range.
    """
    if not any(part.issued.size for part in rows):
        raise InputError(where, "holds no forecast of pressure, wind or rain", "give files with at least one of them")
    issued, lead, member = (
        np.unique(np.concatenate([np.asarray(getattr(part, name)) for part in rows]))
        for name in ("issued", "lead", "member")
    )
    if np.isnat(issued).any():
        raise InputError(where, "holds a forecast without a time of issue", "give each one its cycle")
    check_times(issued, where)
    if lead[0] < 0 or lead[-1] > LONGEST_LEAD:
        worst = lead[0] if lead[0] < 0 else lead[-1]
        remedy = f"are issue and valid times in UTC, and leads in hours? they must be 0 to {LONGEST_LEAD} h"
        raise InputError(where, f"holds a forecast {worst:g} h after its issue", remedy)
    shape = (issued.size, lead.size, member.size, latitude.size, longitude.size)
    _refuse_size(shape, where)
    layers: dict[str, SingleFloats] = {}
    for part in rows:
        layer = layers.setdefault(part.variable, np.full(shape, np.nan, dtype=np.float32))
        _fill(layer, part, (issued, lead, member), where)
    moments = np.asarray(available(issued), dtype="datetime64[ns]")
    forecast = xr.Dataset(
        {name: as_variable(name, DIMENSIONS, layers[name]) for name in VARIABLES if name in layers},
        {"issued": issued.astype("datetime64[ns]"), "lead": lead.astype(np.int64), "member": member.astype(np.int64),
         "latitude": latitude, "longitude": longitude, "available": ("issued", moments)},
    )  # fmt: skip
    check_forecast(forecast, where)
    return forecast


def check_forecast(forecast: xr.Dataset, where: object) -> None:
    """Check times and ranges.

    Raises:
        InputError: a cycle is available before it was issued, or values are beyond their plausible range.
    """
    early = np.flatnonzero(forecast["available"].values < forecast["issued"].values)
    if early.size:
        issue, moment = (str(forecast[name].values[early[0]])[:16] for name in ("issued", "available"))
        remedy = "state when it could be had, in UTC"
        raise InputError(where, f"the cycle of {issue} is stated as available at {moment}, before it", remedy)
    check_variables(forecast, where)


def combine(forecasts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Forecasts on one grid as one; where two give the same issue, lead and member, the first one stands.

    An issue that several give can be had when the last of them can, since values of each may be in it.

    Raises:
        InputError: there are too many issues, leads and members together.
    """
    axes = [np.unique(np.concatenate([each[name].values for each in forecasts])) for name in DIMENSIONS]
    _refuse_size([axis.size for axis in axes], "[[weather_forecast]]")
    combined = forecasts[0]
    for further in forecasts[1:]:
        parts = [each.drop_vars("available") for each in (combined, further)]
        merged = parts[0].combine_first(parts[1])
        first, second = (each["available"].to_series() for each in (combined, further))
        moments = pd.concat([first, second], axis=1).max(axis=1).reindex(merged["issued"].values)
        for name in merged.data_vars:
            merged[name] = as_variable(str(name), DIMENSIONS, merged[name].transpose(*DIMENSIONS).values)
        combined = merged.assign_coords(available=("issued", moments.to_numpy(dtype="datetime64[ns]")))
    return combined


def _refuse_size(shape: Sequence[int], where: object) -> None:
    if (count := np.prod(shape, dtype=float)) > _MOST_VALUES:
        axes = ", ".join(f"{size} {name}" for name, size in zip(DIMENSIONS, shape, strict=True))
        remedy = "give fewer issues or members, shorter leads, or a smaller margin around the region"
        raise InputError(where, f"holds {count:.1e} values of a variable ({axes})", remedy)


def _fill(layer: SingleFloats, part: Rows, axes: tuple[npt.NDArray, npt.NDArray, npt.NDArray], where: object) -> None:
    """Put rows where they belong; a repeat must be the same."""
    places = tuple(
        np.searchsorted(axis, own) for axis, own in zip(axes, (part.issued, part.lead, part.member), strict=True)
    )
    keys = np.ravel_multi_index(places, tuple(axis.size for axis in axes))
    order = np.argsort(keys, kind="stable")
    repeats = np.flatnonzero(np.diff(keys[order]) == 0)
    first, second = part.values[order[repeats]], part.values[order[repeats + 1]]
    differ = np.flatnonzero(~np.isclose(first, second, rtol=1e-4, equal_nan=True).all(axis=(1, 2)))
    there = layer[places]
    known = ~np.isnan(there) & ~np.isnan(part.values)
    clash = np.flatnonzero((known & ~np.isclose(there, part.values, rtol=1e-4)).any(axis=(1, 2)))
    doubtful = [*order[repeats[differ] + 1].tolist(), *clash.tolist()]
    if doubtful:
        row = doubtful[0]
        what = (
            f"gives {part.variable} twice, and otherwise, for the issue of {str(part.issued[row])[:16]}, lead "
            f"{int(part.lead[row])} h, member {int(part.member[row])}"
        )
        raise InputError(where, what, "keep one model in one section; give another a section of its own")
    layer[places] = np.where(np.isnan(part.values), there, part.values)
