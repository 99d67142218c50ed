"""Searches a STAC API for items over a box, by pystac-client, through the limits of a ``Downloader``."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pystac import Item
from pystac_client import Client

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.transfer.stac_requests import NOT_STAC, StacRequests

_MOST_ITEMS, _A_PAGE, _MOST_PAGES = 4000, 250, 60
"""Of one search: ten years of both satellites over a box on the edge of four tiles."""


def find_items(
    client: Downloader,
    url: str,
    collection: str,
    bounds: tuple[float, float, float, float],
    since: datetime | None = None,
    until: datetime | None = None,
    most_cloud: float | None = None,
) -> list[Item]:
    """The items of a collection over a box, by time; none where there are none.

    Args:
        url: root of the API.
        bounds: west, south, east, north [degrees].
        most_cloud: upper limit of ``eo:cloud_cover`` [%]; items that do not state it are left out.

    Source: STAC API 1.0.0, item search and its query extension, https://api.stacspec.org; field ``eo:cloud_cover`` of
        the electro-optical extension.

    Raises:
        FeedError: no answer, one that is no STAC, or no such collection.
    """
    asked: dict[str, Any] = {} if most_cloud is None else {"query": {"eo:cloud_cover": {"lte": most_cloud}}}
    if since or until:
        asked["datetime"] = f"{_instant(since)}/{_instant(until)}"
    try:
        api = Client.open(url, stac_io=_requests(client, url))
        search = api.search(collections=[collection], bbox=bounds, max_items=_MOST_ITEMS, limit=_A_PAGE, **asked)
        items = [_item(found) for found in search.items_as_dicts()]
    except NOT_STAC as error:
        what = f"{url} does not answer as a STAC API ({type(error).__name__}: {error})"
        raise FeedError(f"source '{client.source}': {what}; the service has changed: update strandline") from None
    if not items:
        client.json(f"{url.rstrip('/')}/collections/{collection}")  # an unknown collection is no empty sky
    if most_cloud is not None:
        items = [item for item in items if float(item.properties.get("eo:cloud_cover", 101)) <= most_cloud]
    return sorted(items, key=lambda item: (taken(item), item.id))


def taken(item: Item) -> datetime:
    """When an item was taken (UTC, with its zone).

    Raises:
        FeedError: it does not say so.
    """
    time = item.datetime or item.common_metadata.start_datetime
    if time is None:
        raise FeedError(f"item '{item.id}' states no time; its catalogue has changed: update strandline")
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def require_assets(items: Sequence[Item], assets: Sequence[str], client: Downloader) -> list[Item]:
    """The items that have all these assets.

    Raises:
        InputError: items there are, but none has them.
    """
    complete = [item for item in items if set(assets) <= set(item.assets)]
    if items and not complete:
        what = f"no item has the assets {', '.join(assets)}; '{items[0].id}' has {', '.join(sorted(items[0].assets))}"
        raise InputError(f"source '{client.source}'", what, "the collection has changed: update strandline")
    return complete


def unsigned(url: str) -> str:
    """An address without what signs it."""
    return url.partition("?")[0]


def _item(found: dict[str, Any]) -> Item:
    item = Item.from_dict(found, migrate=False, preserve_dict=False)
    item.clear_links()
    return item


def _instant(time: datetime | None) -> str:
    return ".." if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _requests(client: Downloader, root: str) -> StacRequests:
    """Those of a ``Downloader``, which is patient."""
    return StacRequests(
        root,
        lambda url, parameters: json.dumps(client.json(url, parameters)),
        lambda url, content: json.dumps(client.post_json(url, content)),
        lambda what, remedy: FeedError(f"source '{client.source}': {what}; {remedy}"),
        _MOST_PAGES,
    )
