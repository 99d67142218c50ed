"""ETags: a client that has the current state gets 304 before the answer is computed."""

import hashlib
from importlib.metadata import version

from fastapi import Request
from fastapi.responses import Response

VERSION = version("strandline")


class NotModified(Exception):
    """The client has the current answer."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


def edition_of(*state: object) -> str:
    """Return a digest of the program's version and ``state``, to be part of a URL whose answer never changes."""
    return hashlib.sha256(repr((VERSION, state)).encode("utf-8")).hexdigest()[:16]


def cache_headers(request: Request, *state: object) -> dict[str, str]:
    """Return the headers of an answer that depends only on its URL, the program's version and ``state``.

    A browser keeps an answer whose URL names its edition (``v``), and asks for no other again.

    Raises:
        NotModified: the ``If-None-Match`` of the request names this answer.
    """
    key = repr((VERSION, request.url.path, request.url.query, state))
    tag = f'W/"{hashlib.sha256(key.encode("utf-8")).hexdigest()[:24]}"'
    is_fixed = request.query_params.get("v") == edition_of(*state)
    headers = {"ETag": tag, "Cache-Control": "private, max-age=31536000, immutable" if is_fixed else "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip() for each in known.split(",")) or known.strip() == "*":
        raise NotModified(headers)
    return headers


def handle_not_modified(_: Request, error: Exception) -> Response:
    """Return 304; an exception handler of FastAPI."""
    assert isinstance(error, NotModified)
    return Response(status_code=304, headers=error.headers)
