"""Pictures of rasters in colour classes, alone or on the ground; unknown cells are hatched."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

from strandline.observations.arrays import Bytes, Mask, Reals
from strandline.observations.variables import DEPTH_EDGES
from strandline.report.figures.ground import SHADES, WATER, ground_colours
from strandline.report.figures.maps import ANNUAL_EDGES, EPISTEMIC_SD_EDGES, PROBABILITY_COLOURS, PROBABILITY_EDGES
from strandline.report.figures.scene import scene_colours
from strandline.report.figures.style import MAP_INK, MUTED, SEA, UNKNOWN, as_rgb
from strandline.web.schemas import BoundingBox, LegendClass

TILE = 256
MAX_SIZE = 1024
"""Longest side of an image [px]."""
PERIOD, WIDTH = 8, 2
"""Of hatches and of the level lines on water [px]; 8 divides 256, so that they continue from tile to tile."""
HATCH_OPACITY = 150
"""Of hatches; on the ground they are mixed with the colour of the unknown."""
WAVE_OPACITY = 70
"""Of the level lines on water."""
KEPT_BLOCKS = 128_000_000
"""[bytes] that GDAL keeps of all rasters, instead of a twentieth of the machine; fewer are read again for each tile."""
KEPT_BANDS, MOST_KEPT_CELLS = 8, 2_000_000
"""Bands kept in memory, and cells of each: 64 MB at most."""
DEGREES = CRS.from_epsg(4326)
Paint: TypeAlias = Literal["layer", "map", "ground", "unknown"]
"""The classes and the hatches, else transparent; the same on the ground, opaque, where permanent water is no flood; the
ground and the hatches alone; the hatches alone, else transparent."""


@dataclass(frozen=True)
class ColourScale:
    """Colour classes between ``edges``; values below the first edge have none."""

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
        """Return red, green, blue and opacity (H, W, 4) of values (H, W)."""
        palette = np.zeros((len(self.colours) + 1, 4), dtype=np.uint8)
        palette[1:] = [_ink(colour) for colour in self.colours]
        return palette[np.digitize(np.where(is_unknown, -inf, values), self.edges[:-1]).astype(np.uint8)]


@dataclass(frozen=True)
class Layer:
    """A band of a raster, its colours, and what lies below it.

    Attributes:
        ground: ``None`` = land and water look alike.
        scene: a satellite scene in place of the colours of the ground; ``None`` = none.
    """

    path: Path
    band: int
    scale: ColourScale
    ground: Path | None
    scene: Path | None = None


SCALES: Mapping[str, ColourScale] = {
    "flood_probability": ColourScale((*PROBABILITY_EDGES[:-1], inf), PROBABILITY_COLOURS, "1"),
    "annual_flood_probability": ColourScale((*ANNUAL_EDGES[:-1], inf), PROBABILITY_COLOURS, "1/yr"),
    "annual_flood_probability_all_drivers": ColourScale((*ANNUAL_EDGES[:-1], inf), PROBABILITY_COLOURS, "1/yr"),
    "flood_depth": ColourScale((*DEPTH_EDGES, inf), PROBABILITY_COLOURS, "m"),
    "flood_disagreement": ColourScale((*EPISTEMIC_SD_EDGES[:-1], inf), PROBABILITY_COLOURS, "1"),
    "flooded": ColourScale((0.5, inf), (PROBABILITY_COLOURS[-1],), "1"),
}
"""Raster file name → scale, in the colours of the report."""
CHANGE = ColourScale((-1.0, -0.33, -0.10, -0.05, 0.05, 0.10, 0.33, inf),
                     ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d8daeb", "#998ec3", "#542788"), "1")  # fmt: skip
"""Of a change of probability; ColorBrewer's PuOr, readable without colour vision: orange = less, purple = more."""


def draw_part(layer: Layer, paint: Paint, bounds: BoundingBox, width: int, height: int) -> bytes:
    """Return a PNG of a layer within a bounding box; cells outside the raster are unknown."""
    values, is_unknown = _part(layer.path, layer.band, bounds, width, height)
    ground, scene = (
        None if path is None else _filled(*_part(path, 1, bounds, width, height))
        for path in (layer.ground, layer.scene)
    )
    return _as_png(_painted(layer.scale, paint, values, is_unknown, ground, scene))


def draw_tile(layer: Layer, paint: Paint, z: int, x: int, y: int) -> bytes:
    """Return a PNG of a web Mercator tile of a layer; cells outside the raster are unknown."""
    values, is_unknown = _tile(layer.path, layer.band, z, x, y)
    ground, scene = (
        None if path is None else _filled(*_tile(path, 1, z, x, y)) for path in (layer.ground, layer.scene)
    )
    return _as_png(_painted(layer.scale, paint, values, is_unknown, ground, scene))


def draw_change(
    first: tuple[Path, int], second: tuple[Path, int], bounds: BoundingBox, width: int, height: int
) -> bytes:
    """Return a PNG of the second band minus the first; unknown where either is."""
    (before, no_before), (after, no_after) = (
        _part(path, band, bounds, width, height) for path, band in (first, second)
    )
    return _as_png(_painted(CHANGE, "layer", after - before, no_before | no_after, None))


def geographic_bounds(path: Path) -> BoundingBox:
    """Return west, south, east, north [degrees, WGS 84] of a raster."""
    with _environment(), Reader(str(path)) as source:
        west, south, east, north = source.get_geographic_bounds(DEGREES)
    return west, south, east, north


def _part(path: Path, band: int, bounds: BoundingBox, width: int, height: int) -> tuple[Reals, Mask]:
    """Return values (H, W) by nearest neighbour, and a mask of unknown cells."""
    with _environment(), _opened(path, band) as (source, number):
        image = source.part(bounds, dst_crs=DEGREES, bounds_crs=DEGREES, indexes=(number,), width=width, height=height)
    return image.array.data[0], np.ma.getmaskarray(image.array)[0]


def _tile(path: Path, band: int, z: int, x: int, y: int) -> tuple[Reals, Mask]:
    with _environment(), _opened(path, band) as (source, number):
        try:
            image = source.tile(x, y, z, tilesize=TILE, indexes=(number,))
        except TileOutsideBounds:
            return np.zeros((TILE, TILE)), np.ones((TILE, TILE), dtype=bool)
    return image.array.data[0], np.ma.getmaskarray(image.array)[0]


@contextmanager
def _opened(path: Path, band: int) -> Iterator[tuple[Reader, int]]:
    """Open a band, from memory where it is small; yield the source and the band's number there."""
    found = path.stat()
    one = _one_band(path, band, (found.st_mtime_ns, found.st_size))  # stays in memory as long as it is read
    with Reader(str(path) if one is None else one.name) as source:
        yield source, band if one is None else 1


@lru_cache(maxsize=KEPT_BANDS)
def _one_band(path: Path, band: int, _: tuple[int, int]) -> MemoryFile | None:
    """Return a band as a file in memory, because a run's file must decode all its bands for one; ``None`` = large."""
    with rasterio.open(path) as raster:
        if raster.width * raster.height > MOST_KEPT_CELLS:
            return None
        profile = {
            "driver": "GTiff", "dtype": raster.dtypes[band - 1], "count": 1, "width": raster.width,
            "height": raster.height, "crs": raster.crs, "transform": raster.transform, "nodata": raster.nodata,
        }  # fmt: skip
        values, coarser = raster.read(band), raster.overviews(band)
    memory = MemoryFile()
    with memory.open(**profile) as copy:
        copy.write(values, 1)
        if coarser:
            copy.build_overviews(coarser, Resampling.nearest)
    return memory


def _filled(values: Reals, is_unknown: Mask) -> Reals:
    return np.where(is_unknown, np.nan, values)


def _painted(
    scale: ColourScale, paint: Paint, values: Reals, is_unknown: Mask, ground: Reals | None, scene: Reals | None = None
) -> Bytes:
    """Return red, green, blue and opacity (H, W, 4)."""
    rows, columns = (np.arange(size, dtype=np.int16) for size in values.shape)
    is_line = is_unknown & ((rows[:, np.newaxis] + columns) % PERIOD < WIDTH)
    if paint in ("layer", "unknown"):
        image = scale.paint(values, is_unknown) if paint == "layer" else np.zeros((*values.shape, 4), dtype=np.uint8)
        image[is_line] = _ink(MAP_INK, HATCH_OPACITY)
        return image
    image, is_water = _painted_ground(np.full(values.shape, np.nan) if ground is None else ground)
    if scene is not None:
        is_seen = ~np.isnan(scene)
        image[is_seen, :3] = np.round(scene_colours(scene[is_seen]) * 255)
    if paint == "map":
        classes = scale.paint(values, is_unknown)
        is_flood = (classes[..., 3] > 0) & ~is_water
        image[is_flood] = classes[is_flood]
    image[is_water & (rows[:, np.newaxis] % PERIOD < WIDTH)] = _mixed(MUTED, SEA, WAVE_OPACITY)
    image[is_unknown] = _ink(UNKNOWN)
    image[is_line] = _mixed(MAP_INK, UNKNOWN, HATCH_OPACITY)
    return image


def _painted_ground(ground: Reals) -> tuple[Bytes, Mask]:
    """Return red, green, blue and opacity (H, W, 4) of land and water, and where water is."""
    shades = np.array([np.nan, WATER, *np.arange(SHADES + 1) / SHADES])
    palette = np.full((shades.size, 4), 255, dtype=np.uint8)
    palette[:, :3] = np.round(ground_colours(shades) * 255)
    is_water = ground == WATER
    number = np.where(np.isnan(ground), 0.0, np.where(is_water, 1.0, 2.0 + np.round(ground * SHADES)))
    return palette[number.astype(np.uint8)], is_water


def _ink(colour: str, opacity: int = 255) -> Bytes:
    return np.array([*np.round(as_rgb(colour) * 255), opacity], dtype=np.uint8)


def _mixed(colour: str, below: str, opacity: int) -> Bytes:
    above = as_rgb(colour) * opacity + as_rgb(below) * (255 - opacity)
    return np.array([*np.round(above), 255], dtype=np.uint8)


def _as_png(image: Bytes) -> bytes:
    written = BytesIO()  # rio-tiler would silence warnings in all threads while it writes
    Image.fromarray(image).save(written, format="PNG")
    return written.getvalue()


def _environment() -> rasterio.Env:
    return rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED=False, GDAL_CACHEMAX=KEPT_BLOCKS
    )  # fmt: skip
