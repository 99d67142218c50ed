"""University of Hawaii Sea Level Center: hourly tide gauges of the world, from its ERDDAP server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from strandline.errors import require_extra
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.source import CachedFile, FetchChoice, Needs, PlannedFile, SourceKind, cached
from strandline.observations.fetch.sources.gauges.record import gauge_section
from strandline.observations.fetch.sources.gauges.stations import (
    GaugeStation,
    east_of_greenwich,
    nearest_with_record,
)

_DATASET = "global_hourly_fast"
"""Fast delivery: research quality up to ``last_rq_date``, then readings of one or two months ago with basic checks."""
_ROW = 38
"""[bytes] Of a row of time, level and record: ``1977-01-01T00:00:00Z,1234.0,1340``."""


@dataclass(frozen=True)
class Uhslc:
    """Hourly levels [mm] above each station's own zero, UTC.

    Source: https://uhslc.soest.hawaii.edu/datainfo (data sets, citation); https://uhslc.soest.hawaii.edu/data/meta.geojson
    (stations, longitudes of 0 to 360 degrees, ``fd_span`` of oldest and latest day; read as public clients do, for
    there is no page on it); https://coastwatch.pfeg.noaa.gov/erddap/tabledap/documentation.html.
    """

    address: str = "https://uhslc.soest.hawaii.edu"
    name: str = "uhslc"
    kind: SourceKind = "gauge"
    licence: str = "no licence stated; free with citation (claimed)"
    attribution: str = (
        "Caldwell, P. C., M. A. Merrifield, P. R. Thompson (2015), Sea level measured by tide gauges from global oceans"
        " - the Joint Archive for Sea Level holdings, NOAA NCEI, doi:10.7289/V5V40S7W"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """See ``Source``: the nearest stations with a record."""
        require_extra(f"source '{self.name}'", "fetch", "erddapy")
        found = nearest_with_record(box, self._stations(client), choice.since)
        return [self._planned(station, distance, choice.since) for station, distance in found]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """See ``Source``."""
        client.download(planned.url, to, "CSV")
        details = planned.details
        station = GaugeStation(
            details["station"], details["name"], float(details["longitude"]), float(details["latitude"]),
            datum=details["datum"],
        )  # fmt: skip
        file = {"format": "uhslc"}
        section, notes = gauge_section(planned, to, station, float(details["distance"]), file, self.licence)
        return cached(self, planned, to, section, notes=notes)

    def _stations(self, client: Downloader) -> Iterator[GaugeStation]:
        """Raises: FeedError: the catalogue is not as expected."""
        answer = client.json(f"{self.address}/data/meta.geojson")
        features = answer.get("features") if isinstance(answer, dict) else None
        if not isinstance(features, list):
            raise client.refusal("the list of stations has no 'features'", "has the service changed? update strandline")
        for feature in features:
            station = _station(feature)
            if station is not None:
                yield station

    def _planned(self, station: GaugeStation, distance: float, since: date | None) -> PlannedFile:
        from erddapy import ERDDAP

        constraints: dict[str, object] = {"uhslc_id=": int(station.identifier)}
        if since is not None:
            constraints["time>="] = f"{since.isoformat()}T00:00:00Z"
        url = ERDDAP(server=f"{self.address}/erddap", protocol="tabledap").get_download_url(
            dataset_id=_DATASET, variables=["time", "sea_level", "record_id"], constraints=constraints, response="csv"
        )
        first = max(filter(None, (station.first, since)), default=None)
        hours = None if first is None or station.last is None else max((station.last - first).days + 1, 1) * 24
        code = f"{int(station.identifier):03d}"
        return PlannedFile(
            self.name,
            f"gauges/uhslc-{code}{'' if since is None else f'-since-{since.isoformat()}'}.csv",
            url,
            f"hourly sea level of {station.described(distance)}",
            None if hours is None else hours * _ROW,
            date=station.last,
            details={
                "station": station.identifier, "name": station.name, "longitude": str(station.longitude),
                "latitude": str(station.latitude), "datum": station.datum, "distance": str(distance),
            },
        )  # fmt: skip


def _station(feature: Any) -> GaugeStation | None:
    """A station of the catalogue; ``None`` where it has no hourly record or no place."""
    try:
        properties, (longitude, latitude) = feature["properties"], feature["geometry"]["coordinates"][:2]
        span = properties["fd_span"]
        first, last = (date.fromisoformat(str(span[key])[:10]) for key in ("oldest", "latest"))
        identifier = int(properties["uhslc_id"])
        return GaugeStation(
            str(identifier),
            str(properties["name"]).strip(),
            east_of_greenwich(float(longitude)),
            float(latitude),
            first,
            last,
            f"the zero of UHSLC station {identifier:03d}",
        )
    except (KeyError, TypeError, ValueError):
        return None
