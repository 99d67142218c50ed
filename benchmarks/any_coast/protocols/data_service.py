"""A server on this machine that answers as public data services do."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Reply:
    """An answer; ``stated`` is its Content-Length where that is a lie."""

    body: str | bytes
    status: int = 200
    kind: str = "text/csv"
    headers: Mapping[str, str] = field(default_factory=dict)
    stated: int | None = None


Respond: TypeAlias = Callable[[dict[str, str]], Reply]


class DataService:
    """Paths and what answers there.

    Attributes:
        routes: path → answer to the parameters of a query or form.
        asked: path and parameters of each request; the bare query, unquoted, under "".
        agents: User-Agent of each request.
    """

    def __init__(self) -> None:
        self.routes: dict[str, Respond] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.agents: list[str] = []
        self.address = ""

    def reply(self, path: str, *replies: Reply) -> None:
        """Answer with one reply after the other; the last one for ever."""
        left = list(replies)
        self.routes[path] = lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving_data() -> Iterator[DataService]:
    """A ``DataService`` on 127.0.0.1; a path without a route is 404."""
    service = DataService()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, content: str = "") -> None:
            parts = urlsplit(self.path)
            asked = dict(parse_qsl(content or parts.query, keep_blank_values=True)) | {"": unquote(parts.query)}
            service.asked.append((parts.path, asked))
            service.agents.append(self.headers.get("User-Agent", ""))
            respond = service.routes.get(parts.path)
            reply = Reply("not found", 404, "text/plain") if respond is None else respond(asked)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            self.send_response(reply.status)
            for name, value in {"Content-Type": reply.kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if reply.stated is None else reply.stated))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield service
    server.shutdown()
    server.server_close()
    thread.join()
