"""Hourly means, centred on the hour, of readings at any spacing. Hours with too few readings are NaN."""

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Bytes, Floats, Times

_HOUR = np.timedelta64(3600, "s").astype("timedelta64[ns]")
_HALF = _HOUR // 2


def hours_between(first: np.datetime64, last: np.datetime64) -> Times:
    """Every full hour that lies within ±30 min of ``[first, last]``."""
    ends = np.array([first - _HALF + _HOUR - np.timedelta64(1, "ns"), last + _HALF]).astype("datetime64[h]")
    return np.arange(ends[0], ends[1] + np.timedelta64(1, "h")).astype("datetime64[ns]")


def median_step_hours(time: Times) -> float:
    """The median spacing of readings [h]; one hour for a single reading."""
    return float(np.median(np.diff(time) / _HOUR)) if time.size > 1 else 1.0


def hourly_mean(time: Times, values: Floats, hours: Times, minimum_share: float) -> Floats:
    """The mean of the readings within ±30 min of each hour.

    A reading exactly between two hours counts half for each. An hour needs at least ``minimum_share`` of the
    readings expected from the median spacing of the record (one reading where the spacing exceeds an hour); otherwise
    it is NaN.

    Args:
        time: (N,) UTC, increasing.
        values: (N,) NaN = missing.
        hours: (T,) full hours, consecutive.
        minimum_share: 0–1 [-].

    Returns:
        (T,) NaN where there are too few readings.
    """
    expected = max(1.0, 1.0 / median_step_hours(time))
    present = ~np.isnan(values)
    index, weight = _hours_of(time[present], hours)  # (2 N',)
    value = np.tile(values[present], 2)
    inside = (index >= 0) & (index < hours.size) & (weight > 0)
    count = np.bincount(index[inside], weight[inside], minlength=hours.size)
    total = np.bincount(index[inside], weight[inside] * value[inside], minlength=hours.size)
    enough = (count > 0) & (count >= minimum_share * expected - 1e-9)
    return np.where(enough, total / np.where(enough, count, 1.0), np.nan)


def hourly_flags(time: Times, flags: Bytes, hours: Times) -> Bytes:
    """(T,) bitwise or of the flags of all readings within ±30 min of the hour."""
    result = np.zeros(hours.size, dtype=np.uint8)
    index, weight = _hours_of(time, hours)
    inside = (index >= 0) & (index < hours.size) & (weight > 0)
    np.bitwise_or.at(result, index[inside], np.tile(flags, 2)[inside])
    return result


def _hours_of(time: Times, hours: Times) -> tuple[npt.NDArray[np.int64], Floats]:
    """Indices in ``hours`` and weights of the one or two hours of each reading: all lower ones, then all upper."""
    since = (time - hours[0]).astype("timedelta64[ns]").astype(np.int64)
    half, hour = int(_HALF.astype(np.int64)), int(_HOUR.astype(np.int64))
    nearest = (since + half) // hour
    on_the_edge = (since + half) % hour == 0
    lower_weight = np.where(on_the_edge, 0.5, 0.0)
    upper_weight = np.where(on_the_edge, 0.5, 1.0)
    return np.concatenate([nearest - 1, nearest]), np.concatenate([lower_weight, upper_weight])
