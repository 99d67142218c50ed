"""Images of rasters in colour classes; values below the first class are transparent, unknown cells are hatched."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from math import inf
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

from strandline.observations.arrays import Bytes, Mask, Reals
from strandline.observations.variables import DEPTH_EDGES
from strandline.report.figures.maps import ANNUAL_EDGES, EPISTEMIC_SD_EDGES, PROBABILITY_COLOURS, PROBABILITY_EDGES
from strandline.report.figures.style import MAP_INK, as_rgb
from strandline.web.schemas import BoundingBox, LegendClass

TILE = 256
MAX_SIZE = 1024
"""Longest side of an image [px]."""
HATCH_PERIOD, HATCH_WIDTH = 8, 2
"""[px]; 8 divides 256, so that hatches continue from tile to tile."""
HATCH_OPACITY = 150
DEGREES = CRS.from_epsg(4326)


@dataclass(frozen=True)
class ColourScale:
    """Colour classes between ``edges``; values below the first edge are transparent."""

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    unit: str

    def legend(self) -> list[LegendClass]:
        """Return the classes in ascending order; the last one has no upper end."""
        ends = [None if edge == inf else edge for edge in self.edges[1:]]
        return [
            LegendClass(above=above, below=below, colour=colour)
            for above, below, colour in zip(self.edges, ends, self.colours, strict=False)
        ]

    def paint(self, values: Reals, is_unknown: Mask) -> Bytes:
        """Return red, green, blue and opacity (4, H, W) of values (H, W)."""
        palette = np.zeros((len(self.colours) + 1, 4), dtype=np.uint8)
        palette[1:, :3] = np.round([as_rgb(colour) * 255 for colour in self.colours])
        palette[1:, 3] = 255
        known = np.where(is_unknown, -inf, values)
        painted = palette[np.digitize(known, self.edges[:-1])]  # (H, W, 4)
        return _hatch(np.moveaxis(painted, -1, 0), is_unknown)


SCALES: Mapping[str, ColourScale] = {
    "flood_probability": ColourScale((*PROBABILITY_EDGES[:-1], inf), PROBABILITY_COLOURS, "1"),
    "annual_flood_probability": ColourScale((*ANNUAL_EDGES[:-1], inf), PROBABILITY_COLOURS, "1/yr"),
    "flood_depth": ColourScale((*DEPTH_EDGES, inf), PROBABILITY_COLOURS, "m"),
    "flood_disagreement": ColourScale((*EPISTEMIC_SD_EDGES[:-1], inf), PROBABILITY_COLOURS, "1"),
    "flooded": ColourScale((0.5, inf), (PROBABILITY_COLOURS[-1],), "1"),
}
"""Raster file name → scale, in the colours of the report."""
CHANGE = ColourScale((-1.0, -0.33, -0.10, -0.05, 0.05, 0.10, 0.33, inf),
                     ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"), "1")  # fmt: skip
"""Of a change of probability; ColorBrewer's PuOr, readable without colour vision: orange = less, purple = more."""


def draw_part(path: Path, band: int, scale: ColourScale, bounds: BoundingBox, width: int, height: int) -> bytes:
    """Return a PNG of a band within a bounding box; cells outside the raster are unknown."""
    return _as_png(scale.paint(*_part(path, band, bounds, width, height)))


def draw_tile(path: Path, band: int, scale: ColourScale, z: int, x: int, y: int) -> bytes:
    """Return a PNG of a web Mercator tile of a band."""
    with _environment(), Reader(str(path)) as source:
        try:
            image = source.tile(x, y, z, tilesize=TILE, indexes=(band,))
        except TileOutsideBounds:
            return _as_png(scale.paint(np.zeros((TILE, TILE)), np.ones((TILE, TILE), dtype=bool)))
    return _as_png(scale.paint(image.array.data[0], np.ma.getmaskarray(image.array)[0]))


def draw_unknown_mask(path: Path, band: int, bounds: BoundingBox, width: int, height: int) -> bytes:
    """Return a PNG of the hatching alone."""
    _, is_unknown = _part(path, band, bounds, width, height)
    return _as_png(_hatch(np.zeros((4, height, width), dtype=np.uint8), is_unknown))


def draw_change(
    first: tuple[Path, int], second: tuple[Path, int], bounds: BoundingBox, width: int, height: int
) -> bytes:
    """Return a PNG of the second band minus the first; unknown where either is."""
    (before, no_before), (after, no_after) = (
        _part(path, band, bounds, width, height) for path, band in (first, second)
    )
    return _as_png(CHANGE.paint(after - before, no_before | no_after))


def geographic_bounds(path: Path) -> BoundingBox:
    """Return west, south, east, north [degrees, WGS 84] of a raster."""
    with _environment(), Reader(str(path)) as source:
        west, south, east, north = source.get_geographic_bounds(DEGREES)
    return west, south, east, north


def _part(path: Path, band: int, bounds: BoundingBox, width: int, height: int) -> tuple[Reals, Mask]:
    """Return values (H, W) by nearest neighbour, and a mask of unknown cells."""
    with _environment(), Reader(str(path)) as source:
        image = source.part(bounds, dst_crs=DEGREES, bounds_crs=DEGREES, indexes=(band,), width=width, height=height)
    return image.array.data[0], np.ma.getmaskarray(image.array)[0]


def _hatch(image: Bytes, where: Mask) -> Bytes:
    rows, columns = np.indices(where.shape)
    is_line = where & ((rows + columns) % HATCH_PERIOD < HATCH_WIDTH)
    hatched = np.where(where, np.uint8(0), image)
    ink = np.array([*np.round(as_rgb(MAP_INK) * 255), HATCH_OPACITY], dtype=np.uint8)
    return np.where(is_line, ink[:, None, None], hatched)


def _as_png(image: Bytes) -> bytes:
    written = BytesIO()  # rio-tiler would silence warnings in all threads while it writes
    Image.fromarray(np.moveaxis(image, 0, -1)).save(written, format="PNG")
    return written.getvalue()


def _environment() -> rasterio.Env:
    return rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED=False)
