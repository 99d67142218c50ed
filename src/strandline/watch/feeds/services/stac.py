"""STAC: satellite scenes of the region, and their URLs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pystac import Link, STACError, STACObject
from pystac.serialization import identify_stac_object_type
from pystac_client import Client
from pystac_client.errors import ClientTypeError
from pystac_client.stac_api_io import StacApiIO

from strandline.observations.fetch.transfer.http import Service
from strandline.observations.region_file.feed_sections import StacStreamSection
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

_MOST_SCENES, _MOST_REQUESTS = 500, 20
"""In one poll."""


@dataclass(frozen=True)
class Stac:
    """Scenes announced by a STAC API.

    Source: https://api.stacspec.org (item search) through pystac-client; cloud cover is ``eo:cloud_cover`` [%] of the
    electro-optical extension.

    Attributes:
        bounds: of the region, west, south, east, north [degrees].
        longest_delay: longest delay from acquisition to publication.
    """

    service: Service
    section: StacStreamSection
    bounds: tuple[float, float, float, float]
    longest_delay: timedelta = timedelta(days=10)

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.section.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``scene``: one reading for each scene, at its acquisition time; its place is the scene's URL.

        The value is the cloud cover [-], 0 if the item states none (radar).

        Raises:
            FeedError: no answer, or one that is no STAC.
        """
        oldest, url = before(since, self.longest_delay), self.section.url
        try:
            search = Client.open(url, stac_io=_LimitedIO(self.service, url)).search(
                collections=list(self.section.collections),
                bbox=self.bounds,
                datetime=f"{oldest.isoformat()}Z/{until.isoformat()}Z",
                max_items=_MOST_SCENES,
            )
            readings = [self._reading(item) for item in search.items_as_dicts()]
        except (
            ClientTypeError, STACError, AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError,
            RecursionError, NotImplementedError,
        ) as error:  # fmt: skip
            what = f"{url} does not answer as a STAC API ({type(error).__name__}: {error})"
            raise self.service.refusal(what, "give the root of one that can search") from error
        return sorted(reading for reading in readings if oldest < reading.time <= until)

    def _reading(self, item: Mapping[str, Any]) -> Reading:
        properties = item["properties"]
        acquired = datetime.fromisoformat(properties.get("datetime") or properties["start_datetime"])
        time = (acquired if acquired.tzinfo else acquired.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None)
        cloud = min(1.0, max(0.0, float(properties.get("eo:cloud_cover") or 0.0) / 100.0))
        own = next((str(link["href"]) for link in item.get("links", ()) if link.get("rel") == "self"), item["id"])
        place = str(own).encode("utf-8", errors="replace").decode()
        return Reading(self.stream, "scene", time, time, cloud, place=place)


class _LimitedIO(StacApiIO):
    """Requests of the STAC client through a ``Service``: limited, to one host, and never to a file."""

    def __init__(self, service: Service, root: str) -> None:
        super().__init__(max_retries=0)
        self._service, self._host, self._requests = service, httpx.URL(root).host, 0

    def read_text(self, source: Any, *arguments: Any, **keywords: Any) -> str:
        """The content of an address or of a link."""
        if isinstance(source, Link):
            return super().read_text(source, *arguments, **keywords)
        return self.request(str(source), *arguments, **keywords)

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """The body of an answer; headers that a link asks for are not sent.

        Raises:
            FeedError: no such answer, another host, or too many requests.
        """
        self._requests += 1
        if self._requests > _MOST_REQUESTS:
            raise self._service.refusal(f"{self._host} gives more than {_MOST_REQUESTS} pages", "ask its operator")
        try:
            host = httpx.URL(href).host
        except httpx.InvalidURL:
            host = ""
        if host != self._host:
            raise self._service.refusal(f"{self._host} sends to '{host}'", "the token stays with the first host")
        if (method or "GET").upper() == "POST":
            response = self._service.post(href, parameters)
        else:
            response = self._service.get(href, {name: _as_text(value) for name, value in (parameters or {}).items()})
        self._service.json(response)
        return response.text

    def stac_object_from_dict(self, d: dict[str, Any], *arguments: Any, **keywords: Any) -> STACObject:
        """A catalogue; for an old item the client would fetch what its links name, without limits."""
        if identify_stac_object_type(d) != "Catalog":
            raise ValueError("it is no catalogue")
        return super().stac_object_from_dict(d, *arguments, **keywords)


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
