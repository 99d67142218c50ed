"""Requests to a web service, limited in time and size; failures become a ``FeedError`` that contains no secret."""

import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from strandline.errors import FeedError
from strandline.observations.readers.formats.file_limits import unpack

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
"""[s] For each step of a request."""
_HEADERS = {"Accept-Encoding": "gzip", "Connection": "close"}
"""The next request is an hour away."""
_KEPT_HEADERS = ("location", "retry-after", "date")
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


class NoAnswer(FeedError):
    """No answer, or none for now; a further attempt may succeed.

    Attributes:
        pause: that the service asks for [s].
        is_unreachable: whether there was no connection at all, as without a net.
    """

    def __init__(self, sentence: str, pause: float | None = None, *, is_unreachable: bool = False) -> None:
        super().__init__(sentence)
        self.pause, self.is_unreachable = pause, is_unreachable

    def __reduce__(self) -> tuple[type[Self], tuple[str, float | None]]:
        return type(self), (str(self), self.pause)  # pickled when raised in a worker process


@dataclass(frozen=True)
class Service:
    """A web service, used by one stream of the watch or one source of a fetch.

    Attributes:
        name: of the stream or source, for messages.
        headers: sent with each request; may hold a token.
        role: what ``name`` is.
    """

    name: str
    client: httpx.Client
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: AnswerLimits = AnswerLimits()
    role: Literal["stream", "source"] = "stream"

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> httpx.Response:
        """The answer to a GET request, with any status, read to its end.

        Raises:
            FeedError: no answer, or one that is too slow, too large or damaged.
        """
        return self._answer("GET", url, params=parameters)

    def post(self, url: str, content: object) -> httpx.Response:
        """The answer to a POST request with JSON; as ``get``."""
        return self._answer("POST", url, json=content)

    def post_form(self, url: str, fields: Mapping[str, str]) -> httpx.Response:
        """The answer to a POST request with the fields of a form; as ``get``."""
        return self._answer("POST", url, data=dict(fields))

    def refuse_error(self, response: httpx.Response, also_accept: int = 200) -> None:
        """Check the status of an answer.

        Raises:
            FeedError: it reports an error, or redirects (a token would be sent along).
        """
        host = response.url.host
        if response.is_redirect:
            raise self.refusal(f"{host} sends to {_without_query(redirect_target(response))}", "give that address")
        if response.is_error and response.status_code != also_accept:
            what = f"{host} answers {response.status_code} {response.reason_phrase}"
            raise self.refusal(what, "check the address, the station and the token")

    def text(self, response: httpx.Response) -> str:
        """The text of an answer with a good status.

        Raises:
            FeedError: it reports an error, or redirects.
        """
        self.refuse_error(response)
        return response.text

    def json(self, response: httpx.Response, also_accept: int = 200) -> Any:
        """The content of an answer with a good status, or with the status ``also_accept``.

        Raises:
            FeedError: it reports an error, redirects, or is no JSON.
        """
        self.refuse_error(response, also_accept)
        host, content = response.url.host, response.content
        if content.count(b"{") + content.count(b"[") > _MOST_ELEMENTS or content.count(b",") > _MOST_VALUES:
            raise self.refusal(f"{host} answers with too many elements", "is it the right service?")
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            start = response.text[:40].strip()
            raise self.refusal(f"{host} answers '{start}', which is no JSON", "check the address") from error

    def refusal(self, what: str, remedy: str) -> FeedError:
        """The error to raise."""
        return FeedError(self._sentence(what, remedy))

    def _no_answer(self, what: str, remedy: str, *, is_unreachable: bool = False) -> NoAnswer:
        return NoAnswer(self._sentence(what, remedy), is_unreachable=is_unreachable)

    def _sentence(self, what: str, remedy: str) -> str:
        return f"{self.role} '{self.name}': {what}; {remedy}"

    def _answer(self, method: str, url: str, **sent: Any) -> httpx.Response:
        with self.open(method, url, _HEADERS, self.limits.seconds, **sent) as response:
            body = self._body(response)
        kept = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
        return httpx.Response(response.status_code, headers=kept, content=body, request=response.request)

    @contextmanager
    def open(
        self, method: str, url: str, headers: Mapping[str, str], seconds: float, **sent: Any
    ) -> Iterator[httpx.Response]:
        """An answer with any status whose body is read by the caller, within ``seconds`` [s] from the request on.

        Raises:
            FeedError: no answer, one that breaks off, or one that is too slow.
        """
        deadline = _Deadline(seconds)
        try:
            with (
                deadline,
                self.client.stream(
                    method,
                    url,
                    headers={**headers, **self.headers},
                    follow_redirects=False,
                    extensions={"trace": deadline.watch},
                    **sent,
                ) as response,
            ):
                yield response
        except httpx.InvalidURL as error:
            raise self.refusal("its address is none", "correct it") from error
        except (httpx.HTTPError, OSError) as error:
            if not deadline.has_passed:
                what = f"{httpx.URL(url).host} gives no answer ({type(error).__name__})"
                is_unreachable = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                raise self._no_answer(what, "is it up, and the net?", is_unreachable=is_unreachable) from error
        if deadline.has_passed:  # a body without a stated length ends there like a complete one
            what = f"{httpx.URL(url).host} does not end its answer within {seconds:g} s"
            raise self._no_answer(what, "it is overloaded or broken: ask its operator")

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


def redirect_target(response: httpx.Response) -> str:
    """Where a redirect leads; empty where that is no address."""
    try:
        return str(response.url.join(response.headers.get("location", "")))
    except (httpx.InvalidURL, ValueError):
        return ""


def pause_asked_for(headers: Mapping[str, str]) -> float | None:
    """The pause of ``Retry-After`` [s], a number or a date; a date counts from the service's own ``Date``.

    Source: RFC 9110, 10.2.3.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdecimal():
        return float(asked[:9])
    try:
        until, now = (parsedate_to_datetime(text) for text in (asked, headers.get("date", "")))
        return max((until - now).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


def _without_query(address: str) -> str:
    """Host and path of an address, for messages."""
    if not address:
        return "no address"
    url = httpx.URL(address)
    return f"{url.host}{url.path}"
