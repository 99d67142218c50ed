"""A region file for a box on the map: every choice with its reason, and what is not there yet as commented lines."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.readers.formats.rasters import NoCoverage, open_raster, read_on_grid
from strandline.observations.readers.sea_point import FoundSea, find_sea
from strandline.observations.region import Region
from strandline.pipeline.study_area.new_place.new_region_sections import OPEN_SECTIONS, OPEN_TERRAIN

CELL_SIZES = (30.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, 500.0)
"""[m] From the cells of global elevation products on."""
MOST_CELLS = 25_000
"""Of a run: 30 × 30 km in cells of 200 m, a little more than the example, which takes some minutes on two cores."""
LEAST_EDGE = 16
"""Cells along an edge: fewer hold no map."""
HIGHEST_LOWLAND = 15.0
"""[m] A box whose lowest ground lies above it has no sea and no low land. An assumption."""
GEOID = "EGM2008"


@dataclass(frozen=True)
class NewRegion:
    """A region file that is to be written.

    Attributes:
        text: of the file (TOML).
        doubts: what a person should look at, a sentence each.
    """

    text: str
    doubts: tuple[str, ...] = ()


def box_around(place: str, size: float) -> Box:
    """The square of ``size`` [km] around a place ``LATITUDE, LONGITUDE``.

    Raises:
        InputError: no such place, or no size.
    """
    where = f"--near {place!r}"
    try:
        latitude, longitude = (float(part) for part in place.replace(",", " ").split())
    except ValueError as error:
        raise InputError(where, "is no place", 'write "LATITUDE, LONGITUDE" in degrees, as "22.34, 89.30"') from error
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        remedy = "latitude comes first" if abs(longitude) <= 90 else "write degrees, latitude first"
        raise InputError(where, "is no place on earth", remedy)
    if not 0 < size < np.inf:
        raise InputError("--size", f"{size:g} km is no size", "give the edge of the square in km, as 30")
    high = size / 2 / 111.2  # [degrees of latitude]
    wide = high / max(float(np.cos(np.deg2rad(latitude))), 0.05)
    return Box(longitude - wide, latitude - high, longitude + wide, latitude + high)


def new_region(
    box: Box, name: str, terrain: Path | None = None, written_as: str | None = None, found_by: str = ""
) -> NewRegion:
    """The region file of a box.

    Args:
        terrain: an elevation raster; the sea is looked for on it.
        written_as: its path in the region file, which starts from that file's folder.
        found_by: the place in the middle of the box as a gazetteer has it, and whose gazetteer that is.

    Raises:
        InputError: no UTM zone, a box that is too small, or a terrain without sea or low land.
    """
    crs, zone = _utm(box)
    cell_size, bounds = _grid(box, crs)
    region = Region(name, crs, bounds, cell_size, GEOID, (bounds[0], bounds[1]), _continent(*box.centre))
    doubts: list[str] = []
    found, datum, lines = None, None, OPEN_TERRAIN
    if terrain is not None:
        found, datum, lines = _on_terrain(terrain, written_as or terrain.name, region, doubts)
    text = "\n".join([*_region_lines(box, region, zone, found, found_by), "", *lines, "", *OPEN_SECTIONS]) + "\n"
    if datum is None and terrain is not None:
        doubts.append(
            f"{terrain.name} does not say what its heights count from: state vertical_datum in [terrain]; `strandline"
            " check` asks for it"
        )
    return NewRegion(text, tuple(doubts))


def _quoted(text: str) -> str:
    """A string of TOML: that of JSON, which leaves the delete character as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _utm(box: Box) -> tuple[str, str]:
    """EPSG code and name of the UTM zone of the middle of the box."""
    longitude, latitude = box.centre
    found = query_utm_crs_info("WGS 84", AreaOfInterest(longitude, latitude, longitude, latitude))
    if not found:
        raise InputError(f"box {box}", "lies in no UTM zone", "choose a coast between 80 S and 84 N")
    return f"EPSG:{found[0].code}", found[0].name.rpartition("UTM ")[2]


def _grid(box: Box, crs: str) -> tuple[float, tuple[float, float, float, float]]:
    """Cell size [m], and bounds [m, ``crs``] of whole cells around the box."""
    to_crs = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    left, bottom, right, top = to_crs.transform_bounds(*box.bounds)
    fitting = [size for size in CELL_SIZES if (right - left) * (top - bottom) <= MOST_CELLS * size**2]
    size = fitting[0] if fitting else CELL_SIZES[-1]
    edges = np.array([np.floor(left / size), np.floor(bottom / size), np.ceil(right / size), np.ceil(top / size)])
    if min(edges[2] - edges[0], edges[3] - edges[1]) < LEAST_EDGE:
        what = f"is {(right - left) / 1000:.2g} × {(top - bottom) / 1000:.2g} km: too small to map a flood"
        raise InputError(f"box {box}", what, f"give {LEAST_EDGE * CELL_SIZES[0] / 1000:.2g} km or more to each side")
    x0, y0, x1, y1 = (float(edge) for edge in edges * size)
    return size, (x0, y0, x1, y1)


def _on_terrain(
    path: Path, written_as: str, region: Region, doubts: list[str]
) -> tuple[FoundSea | None, str | None, tuple[str, ...]]:
    """The sea on a terrain, what its heights count from (``None`` = not stated), and the lines of [terrain]."""
    with open_raster(path) as dataset:
        try:
            elevation = read_on_grid(dataset, 1, region, None)
        except NoCoverage as error:
            raise InputError(path, "covers nothing of the box", "check the box, or give another raster") from error
        datum = _datum_of(path, CRS.from_wkt(dataset.crs.to_wkt()))
    lowest, unknown = float(np.nanmin(elevation)), float(np.isnan(elevation).mean())
    if lowest > HIGHEST_LOWLAND:
        what = f"the box lies inland or high: its lowest ground is {lowest:.0f} m"
        raise InputError(path, what, "choose a box on a low coast that holds some of its sea")
    found = find_sea(elevation, region)
    if found is None:
        sea = f"; {unknown:.0%} of the box are unknown there, which may be the sea" if unknown > 0.01 else ""
        doubts.append(
            f"no sea was found on {path.name} (lowest ground {lowest:.1f} m{sea}): the box may lie inland; name"
            " sea_point yourself"
        )
    below = 0.0 if found is None else found.below
    drawn = "at one height" if found is not None and found.is_flat else "with its bed"
    stated = (
        ("# Its heights are those of the region.", 'vertical_datum = "region"')
        if datum is not None
        else (
            "# OPEN: what its heights count from, and what leads from there to the region's datum.",
            '#vertical_datum = { name = "NAME", kind = "local" }',
            '#offset_to_region_datum = { metres = 0.0, uncertainty = 0.3, source = "WHO MEASURED IT" }',
        )
    )
    lines = (
        "[terrain]",
        f"path = {_quoted(written_as)}",
        *stated,
        "# ASSUMPTION [m]: the error of a global elevation product on low land. State that of your own survey.",
        "elevation_error = 2.0",
        f"# The terrain draws the sea {drawn}: cells below this [m] that join sea_point are water. A raster of water is"
        " better",
        "# ({ path = RASTER }, 1 = water), since it holds rivers and ponds.",
        f"permanent_water = {{ below = {below:g} }}",
        "#year = 2015",
        '#source = "WHO MADE IT"',
        '#licence = "ITS LICENCE"',
    )
    return found, datum, lines


def _datum_of(path: Path, crs: CRS) -> str | None:
    """``GEOID`` where file or name say so; ``None`` = not stated, or another."""
    parts = crs.sub_crs_list
    if any(GEOID in part.name for part in parts) or path.name.startswith("Copernicus_DSM"):
        return GEOID
    return None


def _region_lines(box: Box, region: Region, zone: str, found: FoundSea | None, found_by: str) -> list[str]:
    rows, columns = region.shape
    x0, y0, x1, y1 = region.bounds
    sea = [
        "# OPEN: x and y [m, crs] of a point on open water, from which floods enter. `strandline check` finds one once",
        "# there is a terrain.",
        f"#sea_point = [{(x0 + x1) / 2:.1f}, {(y0 + y1) / 2:.1f}]",
    ]
    if found is not None:
        sea = [
            f"# Found on the terrain: the largest water that reaches the edge of the box ({found.share:.0%} of it), far"
            " from its shores.",
            f"sea_point = [{found.x:.1f}, {found.y:.1f}]",
        ]
    return [
        f"# A coast in the box {box} (west, south, east, north; degrees), written by `strandline new`.",
        *([] if not found_by else [f"# In its middle lies {''.join(filter(str.isprintable, found_by))}."]),
        "# A line that begins with # and a key is a choice that is still open: fill it in and take the # away.",
        "# `strandline check` names everything that is missing; examples/README.md explains every key.",
        "",
        "[region]",
        f"name = {_quoted(region.name)}",
        f"# UTM {zone}, in which the middle of the box lies.",
        f'crs = "{region.crs}"',
        "# left, bottom, right, top [m]: the box, widened to whole cells.",
        f"bounds = [{x0:.1f}, {y0:.1f}, {x1:.1f}, {y1:.1f}]",
        f"# [m] {rows} × {columns} cells: the finest with {MOST_CELLS:,} at most, so that a run takes minutes.",
        f"cell_size = {region.cell_size:.1f}",
        "# What every height and level counts from. EGM2008 is that of global elevation models (Copernicus GLO-30).",
        f'vertical_datum = {{ name = "{GEOID}", kind = "geoid model" }}',
        *sea,
        "# Whose depth-damage curves apply; by the box, correct it where that is wrong.",
        f'continent = "{region.continent}"',
        '#country = "ISO"',
    ]


def _continent(longitude: float, latitude: float) -> str:
    """The continent of a coast, by rectangles that are rough where continents meet."""
    for name, (west, south, east, north) in _CONTINENTS:
        if west <= longitude <= east and south <= latitude <= north:
            return name
    return "asia"


_CONTINENTS = (
    ("oceania", (110.0, -50.0, 180.0, -10.5)),
    ("oceania", (141.0, -10.5, 180.0, 20.0)),
    ("oceania", (-180.0, -50.0, -125.0, 29.0)),
    ("europe", (-32.0, 37.5, 26.0, 82.0)),
    ("europe", (14.0, 34.5, 26.0, 37.5)),
    ("europe", (26.0, 42.5, 60.0, 82.0)),
    ("africa", (-32.0, -40.0, 34.0, 37.5)),
    ("africa", (34.0, -40.0, 52.0, 12.5)),
    ("africa", (34.0, 12.5, 39.0, 23.0)),
    ("south america", (-93.0, -60.0, -30.0, 7.5)),
    ("south america", (-77.5, 7.5, -50.0, 12.6)),
    ("central america", (-98.0, 7.0, -58.0, 24.3)),
    ("central america", (-118.0, 14.0, -98.0, 24.3)),
    ("north america", (-180.0, 24.3, -50.0, 84.0)),
)
"""Name → west, south, east, north [degrees], the first that holds a place. An assumption that a person checks."""
