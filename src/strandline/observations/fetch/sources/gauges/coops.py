"""NOAA CO-OPS: hourly tide gauges of the United States and its islands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from strandline.files import write_text
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import CachedFile, FetchChoice, Needs, PlannedFile, SourceKind, cached
from strandline.observations.fetch.sources.gauges.record import gauge_section
from strandline.observations.fetch.sources.gauges.stations import GaugeStation, nearest_with_record

_DATA, _METADATA = "/api/prod/datagetter", "/mdapi/prod/webapi"
LONGEST_REQUEST = timedelta(days=364)
"""Between first and last day of one request of hourly levels: the service gives a year at most."""
_FIRST = date(1980, 1, 1)
"""ASSUMPTION: readings before it add little to a record that reaches today."""
_ROW = 24
"""[bytes] Of a row of time and level."""


@dataclass(frozen=True)
class Coops:
    """Verified hourly heights [m] above station datum (``STND``), UTC.

    Source: CO-OPS API for data retrieval, https://api.tidesandcurrents.noaa.gov/api/prod/ (products, datums, clocks,
    a year of hourly values a request), and metadata API, https://api.tidesandcurrents.noaa.gov/mdapi/prod/ (stations,
    details).
    """

    address: str = "https://api.tidesandcurrents.noaa.gov"
    name: str = "noaa-coops"
    kind: SourceKind = "gauge"
    licence: str = "public domain (US government)"
    attribution: str = "NOAA Center for Operational Oceanographic Products and Services (CO-OPS)"
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the nearest stations; their details are asked for one by one."""
        near = nearest_with_record(box, self._stations(client), None)
        known = [(self._with_span(station, client), distance) for station, distance in near]
        return [
            self._planned(station, distance, choice.since)
            for station, distance in known
            if choice.since is None or station.last is None or station.last >= choice.since
        ]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``: the record is joined from requests of a year each; a year without data is left out."""
        details = planned.details
        first, last = (date.fromisoformat(details[key]) for key in ("first", "last"))
        rows = [row for begin, end in years(first, last) for row in self._year(details["station"], begin, end, client)]
        if not rows:
            raise client.refusal(f"station {details['station']} has no hourly heights", "choose another gauge")
        write_text(to, "Date Time,Water Level\n" + "".join(f"{at},{metres}\n" for at, metres in rows))
        station = GaugeStation(
            details["station"], details["name"], float(details["longitude"]), float(details["latitude"]), first, last,
            details["datum"],
        )  # fmt: skip
        file = {"format": "noaa_coops", "unit": "m", "time_zone": "UTC"}
        section, notes = gauge_section(planned, to, station, float(details["distance"]), file, self.licence)
        return cached(self, planned, to, section, notes=notes)

    def _stations(self, client: Downloader) -> Iterator[GaugeStation]:
        """Raises: FeedError: the list is not as expected."""
        answer = client.json(f"{self.address}{_METADATA}/stations.json", {"type": "waterlevels"})
        stations = answer.get("stations") if isinstance(answer, dict) else None
        if not isinstance(stations, list):
            raise client.refusal("CO-OPS lists no 'stations'", "has the service changed? update strandline")
        for each in stations:
            try:
                place = float(each["lng"]), float(each["lat"])
                yield GaugeStation(str(each["id"]), str(each["name"]), *place, datum=f"station datum of {each['id']}")
            except (KeyError, TypeError, ValueError):
                continue

    def _with_span(self, station: GaugeStation, client: Downloader) -> GaugeStation:
        """The station with its first and last day."""
        details = client.json(f"{self.address}{_METADATA}/stations/{station.identifier}/details.json")
        today = datetime.now(UTC).date()
        first = _day(details, "established") or _FIRST
        last = _day(details, "removed") or today
        place = station.longitude, station.latitude
        return GaugeStation(station.identifier, station.name, *place, max(first, _FIRST), last, station.datum)

    def _planned(self, station: GaugeStation, distance: float, since: date | None) -> PlannedFile:
        first = max(filter(None, (station.first, since)), default=_FIRST)
        last = station.last or datetime.now(UTC).date()
        hours = max((last - first).days + 1, 1) * 24
        return PlannedFile(
            self.name,
            f"gauges/coops-{station.identifier}{'' if since is None else f'-since-{since.isoformat()}'}.csv",
            f"{self.address}{_DATA}?station={station.identifier}&product=hourly_height&datum=STND",
            f"hourly sea level of {station.described(distance)}",
            hours * _ROW,
            date=last,
            details={
                "station": station.identifier, "name": station.name, "longitude": str(station.longitude),
                "latitude": str(station.latitude), "datum": station.datum, "distance": str(distance),
                "first": first.isoformat(), "last": last.isoformat(),
            },
        )  # fmt: skip

    def _year(self, station: str, begin: date, end: date, client: Downloader) -> list[tuple[str, str]]:
        """Times and levels of one request.

        Raises:
            FeedError: the service refuses, or answers with something else.
        """
        asked = {
            "product": "hourly_height", "station": station, "datum": "STND", "units": "metric", "time_zone": "gmt",
            "format": "json", "application": "strandline", "begin_date": f"{begin:%Y%m%d}", "end_date": f"{end:%Y%m%d}",
        }  # fmt: skip
        answer = client.json(self.address + _DATA, asked, also_accept=400)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            message = str(answer["error"].get("message", "")).strip()
            if "no data was found" in message.lower():
                return []
            raise client.refusal(f"CO-OPS refuses: {message}", "choose another gauge, or try again later")
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and {"t", "v"} <= row.keys() for row in rows):
            raise client.refusal("CO-OPS answers without 'data' of 't' and 'v'", "has the service changed?")
        return [(str(row["t"]), str(row["v"])) for row in rows if row["v"] not in ("", None)]


def years(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of requests that together cover a span, none longer than ``LONGEST_REQUEST``."""
    while first <= last:
        end = min(first + LONGEST_REQUEST, last)
        yield first, end
        first = end + timedelta(days=1)


def _day(details: Any, key: str) -> date | None:
    """A day of a station's details, as "1996-08-20 00:00:00.0"; ``None`` where it has none."""
    try:
        return date.fromisoformat(str(details[key])[:10])
    except (KeyError, TypeError, ValueError):
        return None
