"""Requests to a web service, limited in time and size; failures become a ``FeedError`` that contains no secret."""

import socket
import threading
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from strandline.errors import FeedError
from strandline.observations.readers.formats.file_limits import unpack

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""[s] For each step of a request."""
_HEADERS = {"Accept-Encoding": "gzip", "Connection": "close"}
"""The next request is an hour away."""
_MOST_ELEMENTS, _MOST_VALUES = 250_000, 1_000_000
"""Objects and lists in an answer, and values: each takes a hundred bytes of memory or more, however short as text."""


@dataclass(frozen=True)
class AnswerLimits:
    """Limits of one answer.

    Attributes:
        seconds: from the request to the answer's end [s].
        size: of the body, as sent and when unpacked [bytes]: ten days of one-minute readings of ten sensors.
    """

    seconds: float = 15.0
    size: int = 8 << 20


@dataclass(frozen=True)
class Service:
    """A web service, used by one stream.

    Attributes:
        headers: sent with each request; may hold a token.
    """

    stream: str
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: AnswerLimits = AnswerLimits()

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to a GET request, with any status, read to its end.

        Raises:
            FeedError: no answer, or one that is too slow, too large or damaged.
        """
        return self._answer("GET", url, params=parameters)

    def post(self, url: str, content: object) -> httpx.Response:
        """The answer to a POST request with JSON; as ``get``."""
        return self._answer("POST", url, json=content)

    def json(self, response: httpx.Response, also_accept: int = 200) -> Any:
        """The content of an answer with a good status, or with the status ``also_accept``.

        Raises:
            FeedError: it reports an error, redirects (a token would be sent along), or is no JSON.
        """
        host = response.url.host
        if response.is_redirect:
            raise self.refusal(f"{host} sends to {_target(response)}", "give that address")
        if response.is_error and response.status_code != also_accept:
            what = f"{host} answers {response.status_code} {response.reason_phrase}"
            raise self.refusal(what, "check the address, the station and the token")
        content = response.content
        if content.count(b"{") + content.count(b"[") > _MOST_ELEMENTS or content.count(b",") > _MOST_VALUES:
            raise self.refusal(f"{host} answers with too many elements", "is it the right service?")
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            start = response.text[:40].strip()
            raise self.refusal(f"{host} answers '{start}', which is no JSON", "check the address") from error

    def refusal(self, what: str, remedy: str) -> FeedError:
        """The error to raise."""
        return FeedError(f"stream '{self.stream}': {what}; {remedy}")

    def _answer(self, method: str, url: str, **sent: Any) -> httpx.Response:
        deadline = _Deadline(self.limits.seconds)
        try:
            with (
                deadline,
                self.client.stream(
                    method,
                    url,
                    headers=_HEADERS | dict(self.headers),
                    follow_redirects=False,
                    extensions={"trace": deadline.watch},
                    **sent,
                ) as response,
            ):
                body = self._body(response)
        except httpx.InvalidURL as error:
            raise self.refusal("its address is none", "correct it") from error
        except (httpx.HTTPError, OSError) as error:
            if not deadline.has_passed:
                what = f"{httpx.URL(url).host} gives no answer ({type(error).__name__})"
                raise self.refusal(what, "is it up, and the net?") from error
        if deadline.has_passed:  # a body without a stated length ends there like a complete one
            what = f"{httpx.URL(url).host} does not end its answer within {self.limits.seconds:g} s"
            raise self.refusal(what, "it is overloaded or broken: ask its operator")
        location = {name: value for name, value in response.headers.items() if name == "location"}
        return httpx.Response(response.status_code, headers=location, content=body, request=response.request)

    def _body(self, response: httpx.Response) -> bytes:
        """Raises: FeedError: it is too large, or packed in another way than was asked for."""
        host, most = response.url.host, self.limits.size
        too_large = self.refusal(
            f"{host} sends more than {most / 1e6:.0f} MB", "is it the right service? ask its operator"
        )
        stated = response.headers.get("content-length", "")
        if stated.isdecimal() and (len(stated) > 18 or int(stated) > most):
            raise too_large
        packed = bytearray()
        for piece in response.iter_raw():
            packed += piece
            if len(packed) > most:
                raise too_large
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            return bytes(packed)
        if encoding not in ("gzip", "x-gzip"):
            raise self.refusal(f"{host} packs its answer as '{encoding}'", "only gzip was asked for")
        try:
            body = unpack(bytes(packed), most + 1)
        except (EOFError, zlib.error) as error:
            raise self.refusal(f"{host} sends a damaged answer ({error})", "ask its operator") from error
        if len(body) > most:
            raise too_large
        return body


class _Deadline:
    """Shuts the connections of a request down when its time is over.

    The time-outs of a client limit the pause between two bytes; a header or body that trickles in has no end.
    """

    def __init__(self, seconds: float) -> None:
        self.has_passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of a connection: the ``trace`` extension of a request (httpx manual, "Extensions")."""
        if event != "connection.connect_tcp.complete":
            return
        own = info["return_value"].get_extra_info("socket").dup()  # TLS takes the first one over
        with self._lock:
            self._sockets.append(own)
        if self.has_passed:
            self._pass()

    def _pass(self) -> None:
        self.has_passed = True
        with self._lock:
            for each in self._sockets:
                with suppress(OSError):  # closed by the other side
                    each.shutdown(socket.SHUT_RDWR)


def _target(response: httpx.Response) -> str:
    """Where a redirect leads."""
    try:
        target = response.url.join(response.headers.get("location", ""))
    except (httpx.InvalidURL, ValueError):
        return "no address"
    return f"{target.host}{target.path}"
