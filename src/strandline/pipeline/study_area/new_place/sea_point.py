"""The sea point of a region file, found on its terrain and written into it where it is still open."""

import re
import tomllib
from pathlib import Path

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.observations.readers.sea_point import FoundSea, find_sea
from strandline.observations.readers.terrain import read_elevation
from strandline.observations.region_file import RegionFile, examine_region_file

SEA_POINT = "region.sea_point"
"""Its key, as faults of a region file name it."""
_LINE = re.compile(r"^#?sea_point *=.*$", re.MULTILINE)
_TABLE = re.compile(r"^\[region\].*$", re.MULTILINE)
WATER = "terrain.permanent_water"
_TERRAIN = re.compile(r"^\[terrain\].*$", re.MULTILINE)


def sea_on_terrain(region_file: RegionFile) -> FoundSea | None:
    """The sea that the terrain shows; ``None`` = none, or the terrain cannot be read."""
    region = region_file.region
    try:
        return find_sea(read_elevation(region_file.terrain, region), region)
    except InputError:  # whoever reads the terrain next says why
        return None


def write_sea_point(path: Path, data: Path | None) -> FoundSea | None:
    """Write the sea of the terrain into a region file that has no sea point, or no permanent water; all else stays.

    Returns:
        The sea that was written; ``None`` = the file has both, or no sea was found.

    Raises:
        InputError: the file cannot be read or written.
    """
    region_file, faults = examine_region_file(path, data)
    missing = {key for key in (SEA_POINT, WATER) if any(f"[{key}]" in each.where for each in faults)}
    if region_file is None or not missing:
        return None
    sea = sea_on_terrain(region_file)
    if sea is None:
        return None
    text, line = path.read_text(encoding="utf-8"), f"sea_point = [{sea.x:.1f}, {sea.y:.1f}]  # found on the terrain"
    if SEA_POINT in missing:
        text = _LINE.sub(line, text, count=1) if _LINE.search(text) else _after(_TABLE, line, text)
    if WATER in missing:
        line = f"permanent_water = {{ below = {sea.below:g} }}  # [m] of what joins sea_point, by the terrain alone"
        text = _after(_TERRAIN, line, text)
    written = tomllib.loads(text)
    if "sea_point" not in written["region"] or "permanent_water" not in written["terrain"]:
        return None
    write_bytes(path, text.encode("utf-8"))
    return sea


def _after(header: re.Pattern[str], line: str, text: str) -> str:
    """A text with a line after a header, if it has that."""
    found = header.search(text)
    return text if found is None else f"{text[: found.end()]}\n{line}{text[found.end() :]}"
