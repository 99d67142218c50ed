"""STAC: satellite scenes of the region, and their URLs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pystac_client import Client

from strandline.observations.fetch.transfer.http import Service
from strandline.observations.fetch.transfer.stac_requests import NOT_STAC, StacRequests
from strandline.observations.region_file.watch.feed_sections import StacStreamSection
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
            search = Client.open(url, stac_io=_requests(self.service, url)).search(
                collections=list(self.section.collections),
                bbox=self.bounds,
                datetime=f"{oldest.isoformat()}Z/{until.isoformat()}Z",
                max_items=_MOST_SCENES,
            )
            readings = [self._reading(item) for item in search.items_as_dicts()]
        except NOT_STAC as error:
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


def _requests(service: Service, root: str) -> StacRequests:
    """Those of a ``Service``: one attempt each."""

    def text(response: httpx.Response) -> str:
        service.json(response)  # refuses errors, redirects and what is no JSON
        return response.text

    return StacRequests(
        root,
        lambda url, parameters: text(service.get(url, parameters)),
        lambda url, content: text(service.post(url, content)),
        service.refusal,
        _MOST_REQUESTS,
    )
