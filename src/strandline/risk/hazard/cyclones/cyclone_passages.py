"""When a cyclone was near a gauge, so that its maxima are kept apart from those of other weather."""

import numpy as np
import pandas as pd
import xarray as xr

from strandline.observations.checks.positions import great_circle_distance
from strandline.observations.weather.storms import Window

NEAR = 400.0
"""Greatest distance [km] of a cyclone's centre from the gauge at which its water counts as the cyclone's; the distance
of the simulated climatologies, of the order of the outer size of a cyclone's wind field."""
HOURS_BEFORE, HOURS_AFTER = np.timedelta64(12, "h"), np.timedelta64(24, "h")
"""Before the first and after the last near fix: tracks have six hours between fixes, and the shelf answers late."""
_STEP = np.timedelta64(1, "h")


def cyclone_passages(storms: xr.Dataset, longitude: float, latitude: float) -> list[Window]:
    """Windows in which a cyclone's centre was within ``NEAR`` of a gauge, merged where they overlap, in order of time.

    Args:
        storms: fixes of the ``storms`` modality; positions between them lie on a straight line.
        longitude, latitude: of the gauge [degrees].
    """
    fixes = pd.DataFrame({name: storms[name].values for name in ("storm", "time", "longitude", "latitude")})
    windows: list[Window] = []
    for _, track in fixes.sort_values("time").groupby("storm"):
        time = track["time"].to_numpy(dtype="datetime64[ns]")
        hours = np.arange(time[0], time[-1] + _STEP, _STEP)
        fix, hour = (each.astype("datetime64[s]").astype(np.float64) for each in (time, hours))
        east = np.interp(hour, fix, np.unwrap(track["longitude"].to_numpy(dtype=float), period=360.0))
        north = np.interp(hour, fix, track["latitude"].to_numpy(dtype=float))
        near = hours[great_circle_distance(east, north, longitude, latitude) <= NEAR]
        if near.size:
            windows.append((near[0] - HOURS_BEFORE, near[-1] + HOURS_AFTER))
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
