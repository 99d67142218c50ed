"""Scripts and styles of the dashboard, and Plotly: compressed once, under a path that changes with their content."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SCRIPT, STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
STATIC_FILES = {
    "dashboard.js": SCRIPT,
    "theme.js": SCRIPT,
    "number_format.js": SCRIPT,
    "charts.js": SCRIPT,
    "sea_level.js": SCRIPT,
    "map.js": SCRIPT,
    "live.js": SCRIPT,
    "confirm.js": SCRIPT,
    "compare.js": SCRIPT,
    "dashboard.css": STYLE,
}
PLOTLY = "plotly.min.js"


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent; ``compressed`` with gzip, ``digest`` from SHA-256."""

    content: bytes
    compressed: bytes
    media_type: str
    digest: str


@cache
def load_static_file(name: str) -> StaticFile:
    """Return one of ``STATIC_FILES``, or Plotly.

    Raises:
        KeyError: the name is neither.
    """
    media_type = SCRIPT if name == PLOTLY else STATIC_FILES[name]
    folder = files("plotly") / "package_data" if name == PLOTLY else files("strandline.web.dashboard") / "static"
    content = (folder / name).read_bytes()
    return StaticFile(content, gzip.compress(content, 9, mtime=0), media_type, hashlib.sha256(content).hexdigest()[:16])


@cache
def bundle_version() -> str:
    """Return a digest of all files, as part of their paths."""
    digests = "".join(load_static_file(name).digest for name in (*STATIC_FILES, PLOTLY))
    return hashlib.sha256(digests.encode("ascii")).hexdigest()[:12]
