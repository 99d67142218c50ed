"""Scripts, styles, fonts and libraries of the dashboard: compressed once, under a path that changes with them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import Literal

import brotli

SCRIPT, STYLE, FONT = "text/javascript; charset=utf-8", "text/css; charset=utf-8", "font/woff2"
OWN_FILES = (
    *("dashboard.js", "theme.js", "number_format.js", "charts.js", "sea_level.js", "live.js", "confirm.js"),
    *("compare.js", "dashboard.css", "map/flood_map.js", "map/views.js", "map/legend.js", "map/webgl_map.js"),
    *(
        "map/labels.js",
        "map/assets.js",
        "map/plain_map.js",
        "map/hours.js",
        "map/frame.js",
        "map/gestures.js",
        "map/map.css",
    ),
    *("studio/studio.js", "studio/surface.js", "studio/works.js", "studio/outcome.js", "studio/strategies.js"),
    *("studio/requests.js", "studio/studio.css"),
    *(
        "places/places.js",
        "places/choose_place.js",
        "places/world_map.js",
        "places/world_land.js",
        "places/findings.js",
    ),
    *("places/scenario.js", "places/requests.js", "places/places.css"),
)
LIBRARIES = {
    "plotly.min.js": ("plotly", "plotly/package_data/plotly.min.js"),
    "maplibre-gl.js": ("maplibre", "maplibre/srcjs/maplibre-gl.js"),
    "maplibre-gl.css": ("maplibre", "maplibre/srcjs/maplibre-gl.css"),
}
"""Name → the installed package that brings it, and where."""
FONTS = ("noto-sans-bengali-400.woff2", "noto-sans-bengali-700.woff2")
"""Those of the printed documents: for a machine that has no letters of a script of the place."""

STYLES = ("dashboard.css", "map/map.css", "studio/studio.css")
"""Of the dashboard: sent as one file, because a browser asks for six at a time."""
PAGE_STYLE = "page.css"

MAP_MODULES = (
    *("dashboard.js", "charts.js", "confirm.js", "live.js", "number_format.js", "map/flood_map.js"),
    *(
        "map/assets.js",
        "map/frame.js",
        "map/gestures.js",
        "map/hours.js",
        "map/labels.js",
        "map/legend.js",
        "map/plain_map.js",
        "map/views.js",
    ),
)
"""Modules before the map: the page names them all, because a browser finds each only in the one that imports it."""
LARGE = 2_000_000
"""[bytes] from which Brotli works less hard: 0.5 s for Plotly instead of 4 s."""
Coding = Literal["br", "gzip", "identity"]


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent; ``digest`` from SHA-256."""

    content: bytes
    media_type: str
    digest: str


@cache
def load_static_file(name: str) -> StaticFile:
    """Return one of ``OWN_FILES``, ``FONTS`` or ``LIBRARIES``, or ``PAGE_STYLE``.

    Raises:
        KeyError: the name is none of them.
    """
    if name == PAGE_STYLE:
        content = b"".join(load_static_file(each).content for each in STYLES)
    elif name in OWN_FILES:
        content = (files("strandline.web.dashboard") / "static" / name).read_bytes()
    elif name in FONTS:
        content = (files("strandline.report.documents") / "fonts" / name).read_bytes()
    else:
        package, path = LIBRARIES[name]
        content = Path(str(distribution(package).locate_file(path))).read_bytes()
    media_type = STYLE if name.endswith(".css") else FONT if name in FONTS else SCRIPT
    return StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:16])


def choose_coding(accepted: str) -> Coding:
    """Return the densest coding of an ``Accept-Encoding``; browsers offer Brotli over TLS and to localhost only."""
    offered = {each.strip().lower() for each in accepted.split(",")}
    names = {each.partition(";")[0].strip() for each in offered if not each.replace(" ", "").endswith(";q=0")}
    return "br" if "br" in names else "gzip" if "gzip" in names else "identity"


@cache
def coded(name: str, coding: Coding) -> bytes:
    """Return a file in a coding."""
    content = load_static_file(name).content
    if coding == "br":
        return brotli.compress(content, quality=9 if len(content) > LARGE else 10)  # type: ignore[no-any-return]
    return gzip.compress(content, 9, mtime=0) if coding == "gzip" else content


@cache
def bundle_version() -> str:
    """Return a digest of all files, as part of their paths."""
    digests = "".join(load_static_file(name).digest for name in (*OWN_FILES, *FONTS, *LIBRARIES))
    return hashlib.sha256(digests.encode("ascii")).hexdigest()[:12]
