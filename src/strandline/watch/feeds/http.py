"""One question to a web service: its answer, or a ``FeedError`` that says what came instead and betrays no secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from strandline.errors import FeedError

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""[s] For each step of an exchange; ``FeedClient`` bounds them all together."""


@dataclass(frozen=True)
class Service:
    """A web service as one stream knows it.

    Attributes:
        stream: whose it is, for messages.
        client: holds the time-outs.
        headers: sent with each question; a token among them.
    """

    stream: str
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to a GET, whatever its status.

        Raises:
            FeedError: no answer came.
        """
        try:
            return self.client.get(url, params=parameters, headers=self.headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            host = "its address" if isinstance(error, httpx.InvalidURL) else httpx.URL(url).host
            raise self.refusal(f"{host} gives no answer ({type(error).__name__})", "is it up, and the net?") from error

    def json(self, response: httpx.Response, even: int = 200) -> Any:
        """What an answer holds, where its status is good or ``even`` this one.

        Raises:
            FeedError: it reports an error, sends elsewhere (where a token would go along), or is no JSON.
        """
        if response.is_redirect:
            target = response.url.join(response.headers.get("location", ""))
            raise self.refusal(f"{response.url.host} sends to {target.host}{target.path}", "give that address")
        if response.is_error and response.status_code != even:
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
