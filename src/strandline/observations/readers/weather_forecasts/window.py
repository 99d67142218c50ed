"""The part of a global grid that is kept, around a place; and the value at a place."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices

_SAME_CELL = 0.5
"""[degrees] Within which a forecast of one cell is taken for a place: two cells of a global model, an assumption."""


@dataclass(frozen=True)
class Window:
    """A place and what is kept around it.

    Attributes:
        longitude, latitude: of the place [degrees].
        margin: on each side [degrees]; the cells around the place are kept in any case.
    """

    longitude: float
    latitude: float
    margin: float

    def cut(self, latitude: Floats, longitude: Floats, where: object) -> tuple[Indices, Indices, Floats, Floats]:
        """Indices of the rows and columns that are kept, so that both ascend, and their latitudes and longitudes.

        Longitudes are given about the place, so that they ascend across the antimeridian and that of Greenwich.

        Raises:
            InputError: the grid does not cover the place.
        """
        if latitude.size == 0 or longitude.size == 0 or np.abs(latitude).max() > 90:
            raise InputError(where, "has no latitudes, or some beyond 90 degrees", "swap latitude and longitude")
        about = np.round(self.longitude + (longitude - self.longitude + 180.0) % 360.0 - 180.0, 6)
        rows, columns = self._near(latitude, self.latitude, where), self._near(about, self.longitude, where)
        return rows, columns, latitude[rows], about[columns]

    def _near(self, axis: Floats, centre: float, where: object) -> Indices:
        order = np.argsort(axis, kind="stable")
        ascending = axis[order]
        spacing = float(np.median(np.diff(ascending))) if axis.size > 1 else max(self.margin, _SAME_CELL)
        if not ascending[0] - spacing <= centre <= ascending[-1] + spacing:
            what = f"spans {ascending[0]:g} to {ascending[-1]:g} degrees, and the place lies at {centre:g}"
            raise InputError(where, what, "get fields that cover it")
        kept = np.abs(ascending - centre) <= self.margin
        upper = int(np.searchsorted(ascending, centre))
        kept[max(upper - 1, 0) : upper + 1] = True
        return order[np.flatnonzero(kept)]


def at_place(forecast: xr.Dataset, longitude: float, latitude: float, where: object) -> xr.Dataset:
    """A forecast at one place [degrees], (issued, lead, member, 1, 1), bilinear between the cells around it.

    A cell that is not given leaves the place unknown; a forecast of one cell is taken as it stands if it is near.

    Raises:
        InputError: the forecast lies elsewhere.
    """
    placed = forecast
    for name, given in (("latitude", latitude), ("longitude", longitude)):
        axis = placed[name].values
        value = given if name == "latitude" else float(axis[0] + (given - axis[0] + 180.0) % 360.0 - 180.0)
        spacing = float(np.diff(axis).max()) if axis.size > 1 else _SAME_CELL
        if not axis[0] - spacing <= value <= axis[-1] + spacing:
            what = f"is of {name} {axis[0]:g} to {axis[-1]:g}, and the place lies at {value:g}"
            raise InputError(where, what, "get a forecast of this place")
        if axis.size > 1:
            upper = int(np.clip(np.searchsorted(axis, value), 1, axis.size - 1))
            share = float(np.clip((value - axis[upper - 1]) / (axis[upper] - axis[upper - 1]), 0.0, 1.0))
            placed = _between(placed, name, upper, share)
        placed = placed.assign_coords({name: [given]})
    return placed


def _between(forecast: xr.Dataset, name: str, upper: int, share: float) -> xr.Dataset:
    """Linear between two neighbours; one without weight is not needed."""
    low, high = (forecast.isel({name: [index]}) for index in (upper - 1, upper))
    if share in (0.0, 1.0):
        return high if share else low
    mixed = forecast.isel({name: [upper]})
    return mixed.assign(
        {
            key: mixed[key].copy(data=(1.0 - share) * low[key].values + share * high[key].values)
            for key in map(str, forecast.data_vars)
        }
    )
