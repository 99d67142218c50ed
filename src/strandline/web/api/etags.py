"""ETags: a browser that has the newest state is told so before anything is worked out."""

import hashlib
from importlib.metadata import version

from fastapi import Request
from fastapi.responses import Response

VERSION = version("strandline")


class NotModified(Exception):
    """The one who asks has what would be answered."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__()
        self.headers = headers


def cache_headers(request: Request, *state: object) -> dict[str, str]:
    """Headers of an answer that depends on its URL, this program's version and ``state`` alone.

    Raises:
        NotModified: the ``If-None-Match`` of the request says that this very answer is known.
    """
    key = repr((VERSION, request.url.path, request.url.query, state))
    tag = f'W/"{hashlib.sha256(key.encode("utf-8")).hexdigest()[:24]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip() for each in known.split(",")) or known.strip() == "*":
        raise NotModified(headers)
    return headers


def handle_not_modified(_: Request, known: Exception) -> Response:
    """304, for FastAPI's exception handlers."""
    assert isinstance(known, NotModified)
    return Response(status_code=304, headers=known.headers)
