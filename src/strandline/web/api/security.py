"""Checks of every request and security headers of every answer."""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_SIZE = 32 * 1024
"""Of a request [bytes]; those of a few paths may be larger."""
READING = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:\s/@]+))(?::\d{1,5})?", re.ASCII)
"""Of a ``Host`` header (RFC 9110, section 7.2): an IPv6 address in brackets, or a name, and a port."""
EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""Hash of an empty ``<style>``: Plotly creates one and inserts rules, which the policy does not check."""
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {EMPTY_STYLE}",
        "style-src-attr 'unsafe-inline'",  # Plotly writes `style` attributes into its SVG
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "worker-src blob:",  # MapLibre makes its worker from its own text
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityMiddleware:
    """Accepts known hosts only (against DNS rebinding), refuses large bodies, and adds security headers."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], large: Mapping[str, int] = MappingProxyType({})) -> None:
        """``large``: path → the largest body there [bytes], instead of ``MAX_BODY_SIZE``."""
        self._app, self._hosts, self._large = app, frozenset(host.lower() for host in hosts), large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, taken = Headers(scope=scope), 0
        most = self._large.get(str(scope["path"]), MAX_BODY_SIZE)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        async def receive_little() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, _too_large(most))
            return message

        refusal = self._refusal(str(scope["method"]), headers, most)
        await (refusal or self._app)(scope, receive_little, send_guarded)

    def _refusal(self, method: str, headers: Headers, most: int) -> JSONResponse | None:
        hosts, length = headers.getlist("host"), headers.get("content-length", "0")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            return JSONResponse({"detail": "this host is not served; name it by --allow-host"}, 421)
        if not length.isdigit() or int(length) > most:
            return JSONResponse({"detail": _too_large(most)}, 413)
        if method not in READING and _is_of_another_site(headers):
            return JSONResponse({"detail": "a page of another site asks for this; only this server's own may"}, 403)
        return None


def _too_large(most: int) -> str:
    return f"the body is larger than {most} bytes"


def host_name(host: str) -> str | None:
    """Return the name in a ``Host`` header, without its port; ``None`` = it is malformed."""
    found = _HOST.fullmatch(host)
    return None if found is None else (found[1] or found[2]).lower()


def _is_of_another_site(headers: Headers) -> bool:
    """Whether a browser says that a page of another origin made the request; a program that is none says nothing.

    Source: Fetch Metadata Request Headers (W3C), ``Sec-Fetch-Site``; else the ``Origin`` (RFC 6454, section 7).
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
