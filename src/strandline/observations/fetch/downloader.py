"""Asks a source's service and brings its files, with limits, patience and resumption."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from strandline.errors import FeedError, InputError
from strandline.observations.fetch.transfer.file_formats import FileFormat, wrong_content, wrong_type
from strandline.observations.fetch.transfer.http import (
    AnswerLimits,
    NoAnswer,
    Service,
    pause_asked_for,
    redirect_target,
)
from strandline.observations.fetch.transfer.partial_file import PartialFile

TIMEOUT = httpx.Timeout(90.0, connect=10.0)
"""[s] Between two bytes of an answer: a catalogue or Overpass computes for a minute before it begins."""
_MOST_REDIRECTS = 5
_ANSWER = AnswerLimits(180.0, 64 << 20)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class DownloadLimits:
    """Limits of what one source may take.

    Attributes:
        attempts: of one request, the first included.
        first_pause: before the second attempt; each further one doubles [s].
        longest_pause: that a service may ask for before it is given up for now [s].
        answer: of a catalogue's answer.
        seconds: of one attempt to bring a file [s]; the next one continues it.
        size: of one file [bytes].
    """

    attempts: int = 5
    first_pause: float = 1.0
    longest_pause: float = 120.0
    answer: AnswerLimits = _ANSWER
    seconds: float = 3600.0
    size: int = 4 << 30


class Downloader:
    """What a source uses to ask its service.

    Args:
        source: its name, for messages.
        web: the connections.
        environment: holds the keys.
        pause: waits for some seconds, whatever the clock does meanwhile.
        progress: is given the bytes of the present file that are there, now and then.
    """

    def __init__(
        self,
        source: str,
        web: httpx.Client,
        *,
        environment: Mapping[str, str] = os.environ,
        limits: DownloadLimits = DownloadLimits(),
        pause: Callable[[float], None] = time.sleep,
        progress: Callable[[int], None] = lambda size: None,
    ) -> None:
        self.source, self.web, self.environment, self.limits = source, web, environment, limits
        self._pause, self._progress = pause, progress

    def refusal(self, what: str, remedy: str) -> FeedError:
        """The error to raise for an answer that is no good."""
        return self._service().refusal(what, remedy)

    def key(self, variable: str, how_to_get_it: str) -> str:
        """The key in an environment variable.

        Raises:
            InputError: it is not set.
        """
        if not (value := self.environment.get(variable, "").strip()):
            what = f"the environment variable {variable} is not set"
            raise InputError(f"source '{self.source}'", what, how_to_get_it)
        return value

    def json(
        self,
        url: str,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        also_accept: int = 200,
    ) -> Any:
        """The JSON that a GET request is answered with, with a good status or with ``also_accept``.

        Raises:
            FeedError: no answer after all attempts, one that reports an error or leads elsewhere, or no JSON.
        """
        service = self._service(headers)
        return self._patiently(lambda: service.json(_ready(service, service.get(url, parameters)), also_accept))

    def post_json(self, url: str, content: object, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that a POST request with JSON is answered with; as ``json``."""
        service = self._service(headers)
        return self._patiently(lambda: service.json(_ready(service, service.post(url, content))))

    def text(
        self, url: str, parameters: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> str:
        """The text that a GET request is answered with; as ``json``."""
        service = self._service(headers)
        return self._patiently(lambda: service.text(_ready(service, service.get(url, parameters))))

    def post_form(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> str:
        """The text that a POST request with form fields is answered with; as ``json``."""
        service = self._service(headers)
        return self._patiently(lambda: service.text(_ready(service, service.post_form(url, fields))))

    def part(self, url: str, first: int, length: int) -> bytes:
        """Some bytes of a file.

        Args:
            first: position of the first one.
            length: of the part [bytes].

        Raises:
            FeedError: no answer after all attempts, an error, or another part.
        """
        service = self._service({"Range": f"bytes={first}-{first + length - 1}", "Accept-Encoding": "identity"})

        def attempt() -> bytes:
            response = _ready(service, service.get(url))
            service.refuse_error(response)
            host, content = response.url.host, response.content
            if response.status_code != httpx.codes.PARTIAL_CONTENT:
                raise service.refusal(f"{host} sends the whole file for a part of it", "choose another mirror")
            if len(content) != length:
                what = f"{host} sends {len(content):,} bytes of the {length:,} that were asked for"
                raise NoAnswer(str(service.refusal(what, "fetch it again")))
            return content

        return self._patiently(attempt)

    def download(
        self,
        url: str | Callable[[], str],
        to: Path,
        expects: FileFormat,
        *,
        headers: Mapping[str, str] | None = None,
        sha256: str | None = None,
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        """Bring a file to ``to``; what an earlier attempt or process left of it is continued.

        Args:
            url: the address, or a function that signs a fresh one for each attempt.
            expects: what the file is; anything else is refused by its type and its first bytes.
            headers: sent to the host of ``url`` alone.
            sha256: as the publisher states it.
            hosts: to which the service may redirect, besides its own.

        Raises:
            FeedError: no answer after all attempts, an error, another host, or another content than was asked for.
            InputError: the disk is full or the folder cannot be written.
        """
        part = PartialFile(to, self.limits.size, self._service().refusal)

        def attempt() -> None:
            address = url() if callable(url) else url
            first = httpx.URL(address).host
            for _ in range(_MOST_REDIRECTS + 1):
                same_host = httpx.URL(address).host == first
                service = self._service(headers if same_host else None)
                target = self._bring(service, address, part, expects, is_signed_anew=callable(url))
                if target is None:
                    return
                address = _permitted(service, address, target, hosts | {first})
            raise self._service().refusal(f"{first} redirects in circles", "ask its operator")

        with part:
            self._patiently(attempt)
            part.close()
            if wrong := wrong_content(part.path, expects):
                part.discard()
                raise self._service().refusal(f"the file is {wrong}, no {expects}", "is it the right address?")
            part.finish(sha256)

    def _bring(
        self, service: Service, address: str, part: PartialFile, expects: FileFormat, *, is_signed_anew: bool
    ) -> str | None:
        """Add what is missing of a file; or the address that its host sends to.

        Raises:
            NoAnswer: a further attempt may succeed.
            FeedError, InputError: it will not.
        """
        asked = {"Accept-Encoding": "identity", **part.condition()}
        with service.open("GET", address, asked, self.limits.seconds) as response:
            host, status = response.url.host, response.status_code
            if response.is_redirect:
                if target := redirect_target(response):
                    return target
                raise service.refusal(f"{host} redirects to no address", "ask its operator")
            if status in (401, 403) and is_signed_anew:
                raise NoAnswer(f"source '{self.source}': {host} refuses the signed address ({status}); sign in anew")
            if status == 416:
                part.discard()
                raise NoAnswer(f"source '{self.source}': {host} cannot continue the file; fetch it anew")
            _ready(service, response)
            service.refuse_error(response)
            if wrong := wrong_type(response.headers.get("content-type", ""), expects):
                raise service.refusal(f"{host} answers with {wrong}, no {expects}", "is it the right address?")
            part.accept(response)
            for piece in response.iter_raw():
                part.write(piece)
                self._progress(part.size)
        if not part.size:
            part.discard()
            raise service.refusal(f"{host} answers with an empty file", "is there data for this box and period?")
        return None

    def _service(self, headers: Mapping[str, str] | None = None) -> Service:
        return Service(self.source, self.web, headers or {}, self.limits.answer, role="source")

    def _patiently(self, attempt: Callable[[], _Answer]) -> _Answer:
        """Repeat an attempt while it may succeed later; without a net twice, so that twenty sources cost seconds.

        Raises:
            FeedError: as the last attempt, or the service asks for too long a pause.
        """
        pause = self.limits.first_pause
        for number in range(1, self.limits.attempts):
            try:
                return attempt()
            except NoAnswer as error:
                if error.pause is not None and error.pause > self.limits.longest_pause:
                    raise
                if error.is_unreachable and number > 1:
                    raise
                self._pause(max(pause, error.pause or 0.0))
                pause *= 2
        return attempt()


def _ready(service: Service, response: httpx.Response) -> httpx.Response:
    """The answer, unless the service is too busy or broken for now.

    Raises:
        NoAnswer: with the pause that it asks for.
    """
    status = response.status_code
    if status != 429 and status < 500:
        return response
    pause = pause_asked_for(response.headers)
    what = f"{response.url.host} answers {status} {response.reason_phrase}".rstrip()
    remedy = "try again later" if pause is None else f"try again in {pause:,.0f} s"
    raise NoAnswer(f"source '{service.name}': {what}; {remedy}", pause)


def _permitted(service: Service, address: str, target: str, hosts: frozenset[str]) -> str:
    """Where a redirect leads, if it may lead there.

    Raises:
        FeedError: it leads to another host, or from https to http.
    """
    old, new = httpx.URL(address), httpx.URL(target)
    if new.host not in hosts:
        what = f"{old.host} sends to another host, {new.host}"
        raise service.refusal(what, "the service has moved: update strandline, or fetch the file by hand")
    if old.scheme == "https" and new.scheme != "https":
        raise service.refusal(f"{old.host} sends to an unencrypted address", "ask its operator")
    return target
