"""Scripts and styles of the dashboard, Plotly and MapLibre: compressed once, under a path that changes with them."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

SCRIPT, STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
OWN_FILES = (
    *("dashboard.js", "theme.js", "number_format.js", "charts.js", "sea_level.js", "live.js", "confirm.js"),
    *("compare.js", "dashboard.css", "map/flood_map.js", "map/views.js", "map/legend.js", "map/webgl_map.js"),
    *("map/labels.js", "map/assets.js", "map/plain_map.js", "map/map.css"),
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


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent; ``compressed`` with gzip, ``digest`` from SHA-256."""

    content: bytes
    compressed: bytes
    media_type: str
    digest: str


@cache
def load_static_file(name: str) -> StaticFile:
    """Return one of ``OWN_FILES`` or ``LIBRARIES``.

    Raises:
        KeyError: the name is neither.
    """
    if name in OWN_FILES:
        content = (files("strandline.web.dashboard") / "static" / name).read_bytes()
    else:
        package, path = LIBRARIES[name]
        content = Path(str(distribution(package).locate_file(path))).read_bytes()
    media_type = STYLE if name.endswith(".css") else SCRIPT
    return StaticFile(content, gzip.compress(content, 9, mtime=0), media_type, hashlib.sha256(content).hexdigest()[:16])


@cache
def bundle_version() -> str:
    """Return a digest of all files, as part of their paths."""
    digests = "".join(load_static_file(name).digest for name in (*OWN_FILES, *LIBRARIES))
    return hashlib.sha256(digests.encode("ascii")).hexdigest()[:12]
