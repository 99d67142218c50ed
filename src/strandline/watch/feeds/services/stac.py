"""STAC: satellite scenes of the region, and their URLs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pystac import Item, STACError
from pystac_client import Client
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO

from strandline.errors import FeedError
from strandline.observations.region_file.feed_sections import StacStreamSection
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

_TIMEOUT = (5.0, 10.0)
"""[s] To connect, and between two parts of an answer; ``FeedClient`` limits the whole poll."""


@dataclass(frozen=True)
class Stac:
    """Scenes announced by a STAC API.

    Source: https://api.stacspec.org (item search) through pystac-client; cloud cover is ``eo:cloud_cover`` [%] of the
    electro-optical extension.

    Attributes:
        bounds: of the region, west, south, east, north [degrees].
        headers: sent with each request; may hold a token.
        longest_delay: longest delay from acquisition to publication.
    """

    section: StacStreamSection
    bounds: tuple[float, float, float, float]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
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
        oldest = before(since, self.longest_delay)
        try:
            io = StacApiIO(headers=dict(self.headers), timeout=_TIMEOUT, max_retries=0)
            search = Client.open(self.section.url, stac_io=io).search(
                collections=list(self.section.collections),
                bbox=self.bounds,
                datetime=f"{oldest.isoformat()}Z/{until.isoformat()}Z",
            )
            readings = [self._reading(item) for item in search.items()]
        except APIError as error:
            status = getattr(error, "status_code", None)
            what = f"answers {status}" if status else "gives no answer"
            raise FeedError(
                f"stream '{self.stream}': {self.section.url} {what}; check the address and the token"
            ) from error
        except (ClientTypeError, STACError, KeyError, TypeError, ValueError, NotImplementedError) as error:
            what = f"{self.section.url} does not answer as a STAC API ({type(error).__name__}: {error})"
            raise FeedError(f"stream '{self.stream}': {what}; give the root of one that can search") from error
        return sorted(reading for reading in readings if oldest < reading.time <= until)

    def _reading(self, item: Item) -> Reading:
        acquired = item.datetime or item.common_metadata.start_datetime
        if acquired is None:
            raise ValueError(f"item {item.id} has no acquisition time")
        time = acquired.astimezone(UTC).replace(tzinfo=None)
        cloud = min(1.0, max(0.0, float(item.properties.get("eo:cloud_cover") or 0.0) / 100.0))
        return Reading(self.stream, "scene", time, time, cloud, place=item.get_self_href() or item.id)
