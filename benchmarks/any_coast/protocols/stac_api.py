"""A server on this machine that speaks STAC, signs like the Planetary Computer and serves COGs by HTTP ranges."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlparse

SIGNATURE = "sig=very-secret"


@dataclass
class Sky:
    """What the server holds, and what was asked of it.

    Attributes:
        files: path below ``/files`` → content.
        texts: path → text.
        collections: name → items.
        signature: that opens the files; another one is refused.
        issued: signature that the token service gives out next.
        expires: of that signature, from now.
        key: that the token service asks for, if any.
        failures: path → statuses to answer with, one by one, before the content.
        log: paths of the requests, with their queries.
        ranges: what was asked of the files.
        about: what the collections say of themselves; an item says it too.
    """

    files: dict[str, bytes | Path] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    collections: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    signature: str = SIGNATURE
    issued: list[str] = field(default_factory=lambda: [SIGNATURE])
    expires: timedelta = timedelta(hours=1)
    key: str | None = None
    failures: dict[str, list[int]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    address: str = ""
    about: str = "made up"


AnySky = TypeVar("AnySky", bound=Sky)


@contextmanager
def serving(sky: AnySky) -> Iterator[AnySky]:
    """Serve on 127.0.0.1; ``sky.address`` is the root."""

    class Handler(_Handler):
        pass

    Handler.sky = sky
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    sky.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield sky
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    sky: Sky
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlparse(self.path)
        self.sky.log.append(self.path)
        if failures := self.sky.failures.get(address.path):
            self._send(failures.pop(0), b"not now", "text/plain")
            return
        path = address.path
        if path in self.sky.texts:
            self._send(200, self.sky.texts[path].encode(), "text/plain")
        elif path.startswith("/files/"):
            self._file(path.removeprefix("/files/"), address.query)
        elif path.startswith("/open/"):
            self._file(path.removeprefix("/open/"), self.sky.signature)
        elif path.startswith("/api/sas/v1/token/"):
            self._token()
        elif path.rstrip("/") == "/api/stac/v1":
            self._json(landing_page(self.sky))
        elif found := re.fullmatch(r"/api/stac/v1/collections/([^/]+)", path):
            self._collection(found[1])
        elif path == "/api/stac/v1/search":
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            self._json(search(self.sky, asked))
        else:
            self._send(404, b"{}", "application/json")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.sky.log.append(self.path)
        self._json(search(self.sky, asked))

    def log_message(self, *_: object) -> None:
        pass

    def _token(self) -> None:
        if self.sky.key and self.headers.get("Ocp-Apim-Subscription-Key") != self.sky.key:
            self._send(403, b"{}", "application/json")
            return
        token = self.sky.issued.pop(0) if len(self.sky.issued) > 1 else self.sky.issued[0]
        expiry = (datetime.now(UTC) + self.sky.expires).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._json({"msft:expiry": expiry, "token": token})

    def _collection(self, name: str) -> None:
        if name in self.sky.collections:
            self._json(collection(self.sky, name))
        else:
            self._send(404, b'{"code": "NotFoundError"}', "application/json")

    def _file(self, name: str, query: str) -> None:
        content = self.sky.files.get(name)
        content = content.read_bytes() if isinstance(content, Path) else content
        if content is None:
            self._send(404, b"no such blob", "text/plain")
        elif query != self.sky.signature:
            self._send(403, b"AuthenticationFailed", "application/xml")
        elif asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            start, end = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
            self.sky.ranges.append(f"{name} {start}-{end}")
            part = content[start : end + 1]
            self._send(206, part, "image/tiff", {"Content-Range": f"bytes {start}-{end}/{len(content)}"})
        else:
            if self.command == "GET":
                self.sky.ranges.append(f"{name} whole")
            self._send(200, content, "application/zip" if name.endswith(".zip") else "image/tiff")

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).replace("{address}", self.sky.address).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Accept-Ranges", "bytes")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def landing_page(sky: Sky) -> dict[str, Any]:
    """The root of the API."""
    root = "{address}/api/stac/v1"
    return {
        "type": "Catalog", "stac_version": "1.1.0", "id": "sky", "title": sky.about, "description": sky.about,
        "conformsTo": [
            "https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections",
            "https://api.stacspec.org/v1.0.0/item-search", "https://api.stacspec.org/v1.0.0/item-search#query",
            "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
        ],
        "links": [
            {"rel": "self", "type": "application/json", "href": root},
            {"rel": "root", "type": "application/json", "href": root},
            {"rel": "data", "type": "application/json", "href": f"{root}/collections"},
            {"rel": "search", "type": "application/geo+json", "method": "GET", "href": f"{root}/search"},
            {"rel": "search", "type": "application/geo+json", "method": "POST", "href": f"{root}/search"},
        ],
    }  # fmt: skip


def collection(sky: Sky, name: str) -> dict[str, Any]:
    """A collection of the API."""
    root = "{address}/api/stac/v1"
    return {
        "type": "Collection", "stac_version": "1.1.0", "id": name, "description": sky.about, "license": "CC-BY-4.0",
        "providers": [{"name": sky.about, "roles": ["producer", "host"]}],
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2014-01-01T00:00:00Z", None]]},
        },
        "links": [
            {"rel": "self", "type": "application/json", "href": f"{root}/collections/{name}"},
            {"rel": "root", "type": "application/json", "href": root},
        ],
    }  # fmt: skip


def search(sky: Sky, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Item search: collections, bbox, datetime, the query extension, pages."""
    names = asked["collections"]
    names = names.split(",") if isinstance(names, str) else names
    bbox = asked["bbox"]
    west, south, east, north = map(float, bbox.split(",") if isinstance(bbox, str) else bbox)
    start, _, end = str(asked.get("datetime", "../..")).partition("/")
    found = []
    for item in (item for name in names for item in sky.collections.get(name, [])):
        left, low, right, high = item["bbox"]
        if not (left <= east and right >= west and low <= north and high >= south):
            continue
        time = item["properties"]["datetime"]
        if (start not in ("..", "") and time < start) or (end not in ("..", "") and time > end):
            continue
        limit = asked.get("query", {}).get("eo:cloud_cover", {}).get("lte")
        if limit is not None and item["properties"].get("eo:cloud_cover", 0) > limit:
            continue
        found.append(item)
    page, size = int(asked.get("token", 0)), 3  # small pages, so that there are some
    links: list[dict[str, Any]] = [{"rel": "root", "type": "application/json", "href": "{address}/api/stac/v1"}]
    if found[(page + 1) * size :]:
        body = {**asked, "token": str(page + 1)}
        link: dict[str, Any] = {"rel": "next", "type": "application/geo+json", "method": "POST", "body": body}
        links.append({**link, "href": "{address}/api/stac/v1/search"})
    return {"type": "FeatureCollection", "features": found[page * size : (page + 1) * size], "links": links}


def item(
    name: str,
    collection: str,
    time: str,
    assets: Mapping[str, str],
    bounds: tuple[float, float, float, float] = (89.4, 22.3, 89.7, 22.6),
    **properties: object,
) -> dict[str, Any]:
    """An item: assets are paths of files."""
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    root = "{address}/api/stac/v1"
    kind = "image/tiff; application=geotiff; profile=cloud-optimized"
    return {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [], "id": name, "collection": collection,
        "bbox": list(bounds), "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": time, **properties},
        "links": [
            {"rel": "self", "type": "application/geo+json", "href": f"{root}/collections/{collection}/items/{name}"},
            {"rel": "collection", "type": "application/json", "href": f"{root}/collections/{collection}"},
            {"rel": "root", "type": "application/json", "href": root},
        ],
        "assets": {
            key: {"href": f"{{address}}/files/{path}", "type": kind, "roles": ["data"]} for key, path in assets.items()
        },
    }  # fmt: skip
