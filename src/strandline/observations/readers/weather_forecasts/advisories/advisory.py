"""The forecast of one cyclone by one centre, as it was issued."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.observations.variables import VARIABLES

ErrorBasin = Literal["north atlantic", "north east pacific", "north west pacific", "north indian", "southern"]
_LONGEST = 240
"""[h] Of a forecast of ATCF."""


@dataclass(frozen=True, eq=False)
class CycloneAdvisory:
    """Positions and strength of a cyclone at some leads (L,), the analysis included.

    Attributes:
        storm: its number or name.
        where: of the file, for messages.
        issued: reference time, UTC ``datetime64[ns]``.
        lead: [h], ascending.
        longitude, latitude: of the centre [degrees].
        maximum_wind: sustained, 1-minute [m s-1].
        central_pressure: [Pa]; NaN = not stated.
        radius_of_maximum_wind: [m]; NaN = not stated.
        circle: radius [m] around the forecast position that holds the centre with ``circle_probability``; NaN = not
            stated.
        available: when it was published, where it says so.
    """

    storm: str
    where: str
    issued: np.datetime64
    lead: Indices
    longitude: Floats
    latitude: Floats
    maximum_wind: Floats
    central_pressure: Floats
    radius_of_maximum_wind: Floats
    circle: Floats
    circle_probability: float = 2.0 / 3.0
    available: np.datetime64 | None = None

    def __post_init__(self) -> None:
        where = f"{self.where} storm '{self.storm}' of {str(self.issued)[:16]}"
        if self.lead.size == 0 or (np.diff(self.lead) <= 0).any() or self.lead[0] < 0 or self.lead[-1] > _LONGEST:
            raise InputError(where, f"has the leads {self.lead.tolist()}", f"give 0 to {_LONGEST} h, ascending")
        position = np.abs(self.latitude).max() <= 90 and np.abs(self.longitude).max() <= 360
        if not (np.isfinite(self.latitude).all() and np.isfinite(self.longitude).all() and position):
            raise InputError(where, "has a position that is none", "give degrees")
        for name in ("maximum_wind", "central_pressure", "radius_of_maximum_wind"):
            values, known = getattr(self, name), VARIABLES[name]
            wrong = ~np.isnan(values) & ~((values >= known.low) & (values <= known.high))
            if wrong.any():
                what = f"has {name} of {values[wrong][0]:g} {known.unit}"
                raise InputError(where, what, "winds are in knots, pressures in hPa, radii in nautical miles or km")
        if np.isnan(self.maximum_wind).any():
            raise InputError(where, "has a position without a wind", "leave the position out")
        if not 0 < self.circle_probability < 1 or (self.circle <= 0).any():
            raise InputError(where, "has a circle without size or probability", "leave it out")
        if self.available is not None and self.available < self.issued:
            raise InputError(where, f"was published at {str(self.available)[:16]}, before it", "are both in UTC?")

    @property
    def basin(self) -> ErrorBasin:
        """By its first position; borders by the basins of IBTrACS."""
        longitude, latitude = (float(self.longitude[0]) + 180.0) % 360.0 - 180.0, float(self.latitude[0])
        if latitude < 0:
            return "southern"
        if 30 <= longitude < 100:
            return "north indian"
        if longitude >= 100:
            return "north west pacific"
        crossing = -77.0 if latitude < 8 else -77.0 - 28.0 * (latitude - 8.0) / 13.0
        return "north east pacific" if longitude < max(crossing, -105.0) else "north atlantic"
