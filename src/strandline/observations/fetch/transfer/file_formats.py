"""What a downloaded file is, by the type that its service states and by its first bytes."""

from pathlib import Path
from typing import Literal

FileFormat = Literal["GeoTIFF", "NetCDF", "GRIB", "Parquet", "zip", "gzip", "JSON", "CSV"]
_BEGINNINGS: dict[FileFormat, tuple[bytes, ...]] = {
    "GeoTIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "NetCDF": (b"CDF\1", b"CDF\2", b"CDF\5", b"\x89HDF\r\n\x1a\n"),
    "GRIB": (b"GRIB",),
    "Parquet": (b"PAR1",),
    "zip": (b"PK\3\4",),
    "gzip": (b"\x1f\x8b",),
}
"""Source: TIFF 6.0, BigTIFF; NetCDF classic format, HDF5 superblock; WMO FM 92; Parquet; APPNOTE 4.3; RFC 1952."""
_PAGES = ("text/html", "application/xhtml+xml")
_LOOKED_AT = 512


def wrong_type(content_type: str, expects: FileFormat) -> str | None:
    """What an answer is by its ``Content-Type``, if that is not what was asked for."""
    stated = content_type.partition(";")[0].strip().lower()
    if stated in _PAGES:
        return f"a web page ({stated})"
    if expects not in ("JSON", "CSV") and (stated == "application/json" or stated.endswith("+json")):
        return f"a message ({stated})"
    return None


def wrong_content(path: Path, expects: FileFormat) -> str | None:
    """What a file is by its first bytes, if that is not what was asked for."""
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    if expects in _BEGINNINGS:
        if beginning.startswith(_BEGINNINGS[expects]):
            return None
        other = next((name for name, begin in _BEGINNINGS.items() if beginning.startswith(begin)), None)
        return other or _text(beginning) or "of an unknown kind"
    text = beginning.lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"\0" in beginning:
        return "binary"
    if text.startswith(b"<"):
        return "a web page or XML"
    if expects == "JSON" and not text.startswith((b"{", b"[")):
        return _text(beginning)
    return None


def _text(beginning: bytes) -> str | None:
    """The beginning of a text, in quotation marks, or ``None`` where it is none."""
    try:
        text = beginning[:40].decode("ascii")
    except UnicodeDecodeError:
        return None
    return f"'{text.strip()}'" if text.strip().isprintable() else None
