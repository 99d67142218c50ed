"""Requests of the STAC client, by whatever limits them: to one host, so many, and never to a file."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from pystac import Link, STACError, STACObject
from pystac.serialization import identify_stac_object_type
from pystac_client.errors import ClientTypeError
from pystac_client.stac_api_io import StacApiIO

from strandline.errors import FeedError

NOT_STAC = (
    ClientTypeError, STACError, AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError,
    RecursionError, NotImplementedError,
)  # fmt: skip
"""Exceptions of pystac and its client on an answer that is no STAC."""


class StacRequests(StacApiIO):
    """Asks one host.

    Args:
        root: address of the API.
        get: the text that an address with parameters is answered with.
        post: the text that JSON is answered with.
        refusal: makes the error of what and remedy.
        most: requests of one search.
    """

    def __init__(
        self,
        root: str,
        get: Callable[[str, Mapping[str, str]], str],
        post: Callable[[str, object], str],
        refusal: Callable[[str, str], FeedError],
        most: int,
    ) -> None:
        super().__init__(max_retries=0)
        self._host, self._get, self._post, self._refusal, self._most = httpx.URL(root).host, get, post, refusal, most
        self._requests = 0

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
        if self._requests > self._most:
            raise self._refusal(f"{self._host} gives more than {self._most} pages", "ask its operator")
        try:
            host = httpx.URL(href).host
        except httpx.InvalidURL:
            host = ""
        if host != self._host:
            raise self._refusal(f"{self._host} sends to '{host}'", "the token stays with the first host")
        if (method or "GET").upper() == "POST":
            return self._post(href, parameters)
        return self._get(href, {name: _as_text(value) for name, value in (parameters or {}).items()})

    def stac_object_from_dict(self, d: dict[str, Any], *arguments: Any, **keywords: Any) -> STACObject:
        """A catalogue; for an old item the client would fetch what its links name, without limits."""
        if identify_stac_object_type(d) != "Catalog":
            raise ValueError("it is no catalogue")
        return super().stac_object_from_dict(d, *arguments, **keywords)


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
