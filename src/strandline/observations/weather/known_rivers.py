"""The readings of rivers that were known at an hour of issue: the only way from a river to a network or a forecast."""

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.weather.known_weather import HOUR

LONGEST_STEP = 36
"""Between two readings that hours are interpolated between [h]: daily values with one missing hour, not two days."""


def river_readings(river: xr.Dataset) -> tuple[Floats, Mask]:
    """(R, T) readings of each river at full hours [m3 s-1, or m above its gauge's zero], and (R,) which are levels."""
    shape = (river.sizes["river"], river.sizes["time"])
    flow, stage = (river[name].values if name in river else np.full(shape, np.nan) for name in ("discharge", "stage"))
    is_stage: Mask = ~np.isfinite(flow).any(axis=1)
    return np.where(is_stage[:, None], stage, flow).astype(float), is_stage


def river_delays(river: xr.Dataset) -> npt.NDArray[np.timedelta64]:
    """(R,) time from a reading until it can be had, rounded up to seconds: nothing is heard too early."""
    return np.asarray(np.ceil(river["available_after_h"].values.astype(float) * 3600).astype("timedelta64[s]"))


def known_rivers(observations: Observations, issue: Times, hours: Indices) -> Floats:
    """(N, H, R) readings at hours relative to each issue, as far as they could be had by then; NaN = none.

    A reading counts from the hour it could be had, and nothing is put between two readings: the later one is needed for
    that.

    Args:
        observations: of a place with rivers.
        issue: (N,) UTC.
        hours: (H,) relative to the issue.
    """
    river = observations.require("river")
    readings, _ = river_readings(river)
    time = river["time"].values.astype("datetime64[ns]")
    valid = issue.astype("datetime64[ns]")[:, None] + hours * HOUR
    position = ((valid - time[0]) // HOUR).astype(np.int64)  # the record holds every hour
    inside = (position >= 0) & (position < time.size)
    found = np.moveaxis(readings[:, np.clip(position, 0, time.size - 1)], 0, -1)  # (N, H, R)
    late = valid[..., None] + river_delays(river) > issue.astype("datetime64[ns]")[:, None, None]
    return np.where(inside[..., None] & ~late, found, np.nan)


def between_readings(values: Floats) -> Floats:
    """(T,) hours between two readings that are at most ``LONGEST_STEP`` apart, interpolated; NaN = not known.

    Every value between rests on the later reading: of what was known at an issue, or of what is known by now.
    """
    read = np.flatnonzero(np.isfinite(values))
    if not read.size:
        return np.full(values.size, np.nan)
    hours = np.arange(values.size)
    found = np.interp(hours, read, values[read], left=np.nan, right=np.nan)
    before = read[np.maximum(np.searchsorted(read, hours, side="right") - 1, 0)]
    after = read[np.minimum(np.searchsorted(read, hours), read.size - 1)]
    return np.where(after - before <= LONGEST_STEP, found, np.nan)
