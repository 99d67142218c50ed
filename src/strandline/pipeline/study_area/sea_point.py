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


def sea_on_terrain(region_file: RegionFile) -> FoundSea | None:
    """The sea that the terrain shows; ``None`` = none, or the terrain cannot be read."""
    region = region_file.region
    try:
        return find_sea(read_elevation(region_file.terrain, region), region)
    except InputError:  # whoever reads the terrain next says why
        return None


def write_sea_point(path: Path, data: Path | None) -> FoundSea | None:
    """Write the sea of the terrain into a region file that has no sea point; everything else stays as it is.

    Returns:
        The sea that was written; ``None`` = the file has a point, or no sea was found.

    Raises:
        InputError: the file cannot be read or written.
    """
    region_file, faults = examine_region_file(path, data)
    if region_file is None or not any(SEA_POINT in each.where for each in faults):
        return None
    sea = sea_on_terrain(region_file)
    if sea is None:
        return None
    text, line = path.read_text(encoding="utf-8"), f"sea_point = [{sea.x:.1f}, {sea.y:.1f}]"
    table = _TABLE.search(text)
    if _LINE.search(text):
        text = _LINE.sub(f"{line}  # found on the terrain", text, count=1)
    elif table is not None:
        text = f"{text[: table.end()]}\n{line}  # found on the terrain{text[table.end() :]}"
    if tomllib.loads(text)["region"].get("sea_point") is None:
        return None
    write_bytes(path, text.encode("utf-8"))
    return sea
