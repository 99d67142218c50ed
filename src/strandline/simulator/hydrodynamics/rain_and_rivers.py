"""Rain and rivers of a real place as they drive the solver: what soaks away, and what a river's bed does not carry."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyproj import Transformer

from strandline.observations.arrays import Floats, Indices, Mask, Times
from strandline.observations.observations import Observations
from strandline.observations.weather.land_drivers import discharging_rivers, hourly_discharge, hourly_rain

SOAKS, ROOM = 3.0 / 3.6e6, 0.05
"""Rate at which soil takes water [m s-1], as clay loam (Rawls et al. 1983, J. Hydraul. Eng. 109, table 2), and the room
that an event finds in it [m]: an assumption."""
BANKFULL_PERIOD = 2.0
"""Return period of the discharge that a bed just carries [years]: the flood of every 1.5 to 2 years for most rivers
(Leopold, Wolman and Miller 1964, Fluvial Processes in Geomorphology, chapter 7; Williams 1978, Water Resources Research
14, 1141-1154)."""
M_PER_MM_H = 1.0 / 3.6e6
"""[m s-1] in a millimetre an hour."""


@dataclass(frozen=True, eq=False)
class RainAndRivers:
    """Rain and what rivers pour on land, in the hours of E storms.

    Attributes:
        rain: (E, T) [m s-1]; ``None`` = not known in any storm.
        discharge: (E, T, R) above what the beds carry [m3 s-1]; ``None`` = no river is known in any storm.
        cells: row and column at which each river enters.
    """

    rain: Floats | None
    discharge: Floats | None
    cells: tuple[tuple[int, int], ...]


def rain_and_rivers(
    observations: Observations, hours: Times, window: Indices, land: Mask, open_boundary: Mask
) -> RainAndRivers:
    """What is known of rain and rivers in storms; a storm with a gap in one of them has none of it.

    No product holds the bed of a river. It is taken to carry the discharge of every ``BANKFULL_PERIOD`` years; only
    what is above enters the land, at the water cell nearest to the position of the river.

    Args:
        hours: (N,) of the record; ``window`` (E, T): index of each storm's hours in it.
        land, open_boundary: (H, W).
    """
    rain, discharge = hourly_rain(observations, hours), hourly_discharge(observations, hours)
    falls = None
    if rain is not None:
        falls = _without_gaps(rain[window], axis=1) * M_PER_MM_H
    rivers = discharging_rivers(observations)
    if discharge is None or rivers is None:
        return RainAndRivers(falls, None, ())
    above = np.stack([np.maximum(each - bankfull(hours, each), 0.0) for each in discharge], axis=1)  # (N, R)
    cells = tuple(
        entry_cell(observations, float(x), float(y), land, open_boundary)
        for x, y in zip(rivers["longitude"].values, rivers["latitude"].values, strict=True)
    )
    return RainAndRivers(falls, _without_gaps(above[window], axis=1), cells)


def bankfull(hours: Times, discharge: Floats) -> float:
    """Discharge of every ``BANKFULL_PERIOD`` years [m3 s-1]: that quantile of the annual maxima of a record (N,)."""
    yearly = pd.Series(discharge).groupby(pd.DatetimeIndex(hours).year).max().dropna()
    return float(np.quantile(yearly.to_numpy(), 1 - 1 / BANKFULL_PERIOD)) if len(yearly) else 0.0


def entry_cell(
    observations: Observations, longitude: float, latitude: float, land: Mask, open_boundary: Mask
) -> tuple[int, int]:
    """The known cell of inland water nearest to a position [degrees]; without inland water the nearest known cell."""
    region, known = observations.region, ~np.isnan(observations.terrain["elevation"].values)
    x, y = Transformer.from_crs("EPSG:4326", region.crs, always_xy=True).transform(longitude, latitude)
    candidates = known & ~land & ~open_boundary
    if not candidates.any():
        candidates = known & ~open_boundary
    rows, columns = np.nonzero(candidates)
    nearest = int(np.hypot(region.x[columns] - x, region.y[rows] - y).argmin())
    return int(rows[nearest]), int(columns[nearest])


def _without_gaps(values: Floats, axis: int) -> Floats:
    """The same values, 0 in every storm that has a gap."""
    return np.where(np.isnan(values).any(axis=axis, keepdims=True), 0.0, values)
