"""Requests to a web service; failures become a ``FeedError`` that contains no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from strandline.errors import FeedError

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""[s] For each step of a request; ``FeedClient`` limits the whole poll."""


@dataclass(frozen=True)
class Service:
    """A web service, used by one stream.

    Attributes:
        headers: sent with each request; may hold a token.
    """

    stream: str
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to a GET request, with any status.

        Raises:
            FeedError: no answer.
        """
        try:
            return self.client.get(url, params=parameters, headers=self.headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            host = "its address" if isinstance(error, httpx.InvalidURL) else httpx.URL(url).host
            raise self.refusal(f"{host} gives no answer ({type(error).__name__})", "is it up, and the net?") from error

    def json(self, response: httpx.Response, also_accept: int = 200) -> Any:
        """The content of an answer with a good status, or with the status ``also_accept``.

        Raises:
            FeedError: it reports an error, redirects (a token would be sent along), or is no JSON.
        """
        if response.is_redirect:
            target = response.url.join(response.headers.get("location", ""))
            raise self.refusal(f"{response.url.host} sends to {target.host}{target.path}", "give that address")
        if response.is_error and response.status_code != also_accept:
            what = f"{response.url.host} answers {response.status_code} {response.reason_phrase}"
            raise self.refusal(what, "check the address, the station and the token")
        try:
            return response.json()
        except ValueError as error:
            start = response.text[:40].strip()
            what = f"{response.url.host} answers '{start}', which is no JSON"
            raise self.refusal(what, "check the address") from error

    def refusal(self, what: str, remedy: str) -> FeedError:
        """The error to raise."""
        return FeedError(f"stream '{self.stream}': {what}; {remedy}")
