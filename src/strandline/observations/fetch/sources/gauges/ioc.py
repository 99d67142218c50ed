"""IOC Sea Level Station Monitoring Facility: real-time tide gauges of the world, of the last months."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from strandline.files import write_text
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    SourceKind,
    TomlValue,
    cached,
)
from strandline.observations.fetch.sources.gauges.record import gauge_section
from strandline.observations.fetch.sources.gauges.stations import (
    GaugeStation,
    east_of_greenwich,
    nearest_with_record,
)

_SERVICE = "/service.php"
LONGEST_REQUEST = timedelta(days=15)
"""Of one request: the service allows 30 days, which are 43,200 rows for each sensor that reads every minute."""
_USUAL_SPAN = timedelta(days=365)
"""Without ``--since``: a year shows the tide and its seasons."""
_ROW = 26
_NO_LEVELS = ("bat", "sw1", "sw2", "atm", "wat", "air")
"""Sensors that measure no level: battery, switches, air pressure and temperatures."""


@dataclass(frozen=True)
class Ioc:
    """Levels [m] of every sensor above zeros of their own, which nobody maintains, UTC; without quality control.

    Its operator asks every user to register by mail, and forbids commercial use: it is asked only where ``--only``
    names it.

    Source: https://www.ioc-sealevelmonitoring.org/service.php?query=help (registration, data policy, no mean sea
    level); the station list (``Code``, ``Location``, ``Lat``, ``Lon``, ``date_created``, ``lasttime``) is read as
    public clients do, for there is no page on it.
    """

    address: str = "https://www.ioc-sealevelmonitoring.org"
    name: str = "ioc"
    kind: SourceKind = "gauge"
    licence: str = "not for commercial use (IOC Oceanographic Data Exchange Policy); register with the facility first"
    attribution: str = (
        "Flanders Marine Institute (VLIZ); Intergovernmental Oceanographic Commission (IOC): Sea level station"
        " monitoring facility, doi:10.14284/482"
    )
    needs: Needs = "login"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the nearest stations."""
        today = datetime.now(UTC).date()
        since = choice.since or today - _USUAL_SPAN
        found = nearest_with_record(box, self._stations(client), since)
        return [self._planned(station, distance, since, today) for station, distance in found]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: the sensor with most readings becomes the gauge; the others are in the file too."""
        details = planned.details
        first, last = (date.fromisoformat(details[key]) for key in ("first", "last"))
        rows = sorted(
            {row for begin, end in spans(first, last) for row in self._rows(details["station"], begin, end, client)}
        )
        count = Counter(sensor for _, sensor, _ in rows)
        if not rows:
            what = f"station '{details['station']}' has no level from {first} to {last}"
            raise client.refusal(what, "choose another gauge")
        lines = "".join(f"{at},{sensor},{metres}\n" for at, sensor, metres in _first_of_each_time(rows))
        write_text(to, "time,sensor,level\n" + lines)
        sensor = count.most_common(1)[0][0]
        station = GaugeStation(
            details["station"], details["name"], float(details["longitude"]), float(details["latitude"]), first, last,
            f"the zero of sensor {sensor} of IOC station {details['station']}",
        )  # fmt: skip
        columns = {"time": "time", "level": "level", "station": "sensor"}
        file: dict[str, TomlValue] = {
            "format": "long",
            "columns": columns,
            "station": sensor,
            "unit": "m",
            "time_zone": "UTC",
        }
        section, notes = gauge_section(planned, to, station, float(details["distance"]), file, self.licence)
        others = sorted(set(count) - {sensor})
        notes += (f"{station.name} is read by sensor {sensor}; others: {', '.join(others) or 'none'}",)
        return cached(self, planned, to, section, notes=(*notes, "real-time readings without quality control"))

    def _stations(self, client: Downloader) -> Iterator[GaugeStation]:
        """Stations in UTC, each once, though the list has a row for each sensor.

        Raises:
            FeedError: the list is not as expected.
        """
        answer = client.json(self.address + _SERVICE, {"query": "stationlist", "showall": "all", "format": "json"})
        if not isinstance(answer, list):
            raise client.refusal("IOC lists no stations", "has the service changed? update strandline")
        seen: set[str] = set()
        for row in answer:
            station = _station(row)
            if station is not None and station.identifier not in seen:
                seen.add(station.identifier)
                yield station

    def _planned(self, station: GaugeStation, distance: float, since: date, today: date) -> PlannedFile:
        first, last = max(filter(None, (station.first, since))), min(filter(None, (station.last, today)))
        return PlannedFile(
            self.name,
            f"gauges/ioc-{station.identifier}-since-{first.isoformat()}.csv",
            f"{self.address}{_SERVICE}?query=data&code={station.identifier}",
            f"sea level each minute of {station.described(distance)}",
            ((last - first).days + 1) * 1440 * _ROW,
            date=last,
            details={
                "station": station.identifier, "name": station.name, "longitude": str(station.longitude),
                "latitude": str(station.latitude), "distance": str(distance), "first": first.isoformat(),
                "last": last.isoformat(),
            },
        )  # fmt: skip

    def _rows(self, code: str, begin: date, end: date, client: Downloader) -> list[tuple[str, str, str]]:
        """Time, sensor and level of one request.

        Raises:
            FeedError: the service refuses, or answers with something else.
        """
        asked = {
            "query": "data", "code": code, "format": "json", "timestart": f"{begin}T00:00:00",
            "timestop": f"{end}T23:59:59",
        }  # fmt: skip
        rows = client.json(self.address + _SERVICE, asked)
        keys = {"slevel", "stime", "sensor"}
        if not isinstance(rows, list) or not all(isinstance(row, dict) and keys <= row.keys() for row in rows):
            raise client.refusal(f"IOC answers {str(rows)[:80]} for '{code}'", "choose another gauge")
        read = [(str(row["stime"]).strip(), str(row["sensor"]).strip(), row["slevel"]) for row in rows]
        return [
            (at, sensor, str(metres)) for at, sensor, metres in read if metres is not None and sensor not in _NO_LEVELS
        ]


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of requests that together cover a span, none longer than ``LONGEST_REQUEST``."""
    while first <= last:
        end = min(first + LONGEST_REQUEST - timedelta(days=1), last)
        yield first, end
        first = end + timedelta(days=1)


def _first_of_each_time(rows: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Rows in order, without those that repeat the time of their sensor: the service sends such."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row[:2] not in seen:
            seen.add(row[:2])
            yield row


def _station(row: Any) -> GaugeStation | None:
    """A station of the list; ``None`` where it has no place or its clock is not UTC."""
    try:
        if float(row.get("UTCOffset") or 0) != 0:
            return None
        first, last = (_day(row.get(key)) for key in ("date_created", "lasttime"))
        place = east_of_greenwich(float(row["Lon"])), float(row["Lat"])
        return GaugeStation(str(row["Code"]), str(row.get("Location") or row["Code"]).strip(), *place, first, last)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None
