"""Stations of a tide gauge service: the nearest to a box that have a record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from strandline.observations.fetch.box import Box

FARTHEST = 150.0
"""[km] From the box to a gauge that is fetched. ASSUMPTION: surge is shared along a shelf over 100 to 200 km, the tide
is not; every distance is stated."""
MOST = 3
"""Stations of one service: the own gauge, and neighbours for when it fails."""


@dataclass(frozen=True)
class GaugeStation:
    """A station of a service.

    Attributes:
        identifier: by which the service knows it.
        longitude, latitude: [degrees east, -180 to 180; north].
        first, last: days of its record; ``None`` = the service does not say.
        datum: what its levels are measured from, in the service's words.
    """

    identifier: str
    name: str
    longitude: float
    latitude: float
    first: date | None = None
    last: date | None = None
    datum: str = ""

    def described(self, distance: float) -> str:
        """Name, distance [km] and span in a few words."""
        begin, end = (str(day.year) if day else "?" for day in (self.first, self.last))
        return f"{self.name}, {distance:.0f} km from the box, {begin} to {end}"


def nearest_with_record(
    box: Box, stations: Iterable[GaugeStation], since: date | None
) -> list[tuple[GaugeStation, float]]:
    """At most ``MOST`` stations within ``FARTHEST`` whose record reaches ``since``; nearest first [km]."""
    found = [
        (station, box.distance(station.longitude, station.latitude))
        for station in stations
        if since is None or station.last is None or station.last >= since
    ]
    within = [(station, distance) for station, distance in found if distance <= FARTHEST]
    return sorted(within, key=lambda each: (each[1], each[0].identifier))[:MOST]


def east_of_greenwich(longitude: float) -> float:
    """A longitude of 0 to 360 degrees as -180 to 180."""
    return (longitude + 180.0) % 360.0 - 180.0
