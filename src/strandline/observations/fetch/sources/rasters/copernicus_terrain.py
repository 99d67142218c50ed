"""Terrain: the Copernicus DEM GLO-30 from its open bucket."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.observations.arrays import Floats
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.plans import name_of
from strandline.observations.fetch.raster_access.remote_rasters import (
    Layer,
    raster_item,
    read_layers,
    read_volume,
    write_geotiff,
)
from strandline.observations.fetch.raster_access.signatures import OpenAccess
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    RegionSection,
    SourceKind,
    TomlValue,
    box_of,
    cached,
    with_box,
)

CELL = 30.0
"""[m] One arc second is 31 m along a meridian."""
EGM2008 = {"name": "EGM2008", "kind": "geoid model"}
ELEVATION_ERROR = 2.4
"""[m] Of the surface: less than 4 m at 90 % (LE90), divided by 1.645. Trees and roofs come on top of it."""
HIGHEST = 180.0
"""[m] Higher ground is written as this: no sea reaches it, and terrain above 200 m is refused as another unit."""
_NODATA = -32767.0


@dataclass(frozen=True)
class CopernicusTerrain:
    """Elevation of the surface, 1 arc second, above the geoid EGM2008.

    Tiles of one degree by their south-west corner; where the bucket has no tile there is open sea, at 0 m. Source:
    https://copernicus-dem-30m.s3.amazonaws.com/readme.html (tiles, sea) and its ``tileList.txt``; datum EPSG:3855 and
    the countries that are not released (Armenia, Azerbaijan):
    https://developers.google.com/earth-engine/datasets/catalog/COPERNICUS_DEM_GLO30; accuracy: Copernicus DEM Product
    Handbook, GEO1988-CopernicusDEM-SPE-002.

    Attributes:
        address: of the bucket.
    """

    address: str = "https://copernicus-dem-30m.s3.amazonaws.com"
    name: str = "copernicus-glo30"
    kind: SourceKind = "terrain"
    licence: str = "Copernicus DEM licence (free, with attribution)"
    attribution: str = (
        "produced using Copernicus WorldDEM-30 © DLR e.V. 2010-2014 and © Airbus Defence and Space GmbH 2014-2018"
        " provided under COPERNICUS by the European Union and ESA; all rights reserved"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file: the tiles over the box, joined.

        Raises:
            FeedError: the bucket does not answer.
            InputError: it has no tile there.
        """
        grid = UtmGrid.around(box, CELL)
        tiles = self.tiles(grid.bounds_lonlat, client)
        if not tiles:
            what = f"there is no tile over {box}: open sea, or a country whose tiles are not released"
            raise InputError(f"source '{self.name}'", what, "choose a box on a coast, or give your own elevation model")
        planned = PlannedFile(
            self.name, name_of("terrain", self.name, box), f"{self.address}/readme.html",
            f"elevation of the surface, {len(tiles)} tiles of GLO-30, cells of {CELL:g} m",
            read_volume(grid, 1, 3.0, 31), details=with_box(box, tiles=" ".join(tiles)),
        )  # fmt: skip
        return [planned]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Read the tiles over the box and join them."""
        grid = UtmGrid.around(box_of(planned), CELL)
        elevation = self.elevation(planned.details["tiles"].split(), grid, client)
        write_elevation(to, elevation, grid, self.attribution)
        section = elevation_section(planned, f"Copernicus DEM GLO-30, {self.address}", self.licence, ELEVATION_ERROR)
        note = (
            "GLO-30 is a surface: roofs and trees stand on it, so that land under mangroves or a town lies lower than"
            " stated; the sea bed is not in it"
        )
        return cached(self, planned, to, section, notes=(note,))

    def tiles(self, bounds: tuple[float, float, float, float], client: Downloader) -> list[str]:
        """Names of the tiles over west, south, east, north [degrees] that the bucket has."""
        west_end, south_end, east_end, north_end = bounds
        wanted = [
            tile_name(south, west)
            for south in range(math.floor(south_end), math.ceil(north_end))
            for west in range(math.floor(west_end), math.ceil(east_end))
        ]
        listed = set(client.text(f"{self.address}/tileList.txt").split())
        return [tile for tile in wanted if tile in listed]

    def elevation(self, tiles: list[str], grid: UtmGrid, client: Downloader) -> Floats:
        """(H, W) [m, EGM2008]; 0 where the sea has no tile."""
        items = [raster_item(tile, f"{self.address}/{tile}/{tile}.tif", tile_bounds(tile)) for tile in tiles]
        (elevation,) = read_layers(items, [Layer("data", _NODATA)], grid, OpenAccess(), client)
        return np.where(np.isnan(elevation), 0.0, elevation)


def tile_name(south: int, west: int) -> str:
    """Of the tile with this south-west corner [degrees], as ``Copernicus_DSM_COG_10_N22_00_E089_00_DEM``."""
    northing = f"{'N' if south >= 0 else 'S'}{abs(south):02d}"
    easting = f"{'E' if west >= 0 else 'W'}{abs(west):03d}"
    return f"Copernicus_DSM_COG_10_{northing}_00_{easting}_00_DEM"


def tile_bounds(name: str) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of a tile."""
    northing, easting = name.split("_")[4], name.split("_")[6]
    south = int(northing[1:]) * (1 if northing[0] == "N" else -1)
    west = int(easting[1:]) * (1 if easting[0] == "E" else -1)
    return west, south, west + 1, south + 1


def write_elevation(to: Path, elevation: Floats, grid: UtmGrid, attribution: str) -> None:
    """One band, metres above EGM2008, ``HIGHEST`` at most."""
    elevation = np.minimum(elevation, HIGHEST)
    tags = {"attribution": attribution, "vertical_datum": "EGM2008 (EPSG:3855)", "units": "m"}
    with write_atomically(to) as part:
        write_geotiff(
            part, [elevation.astype(np.float32)], grid, nodata=np.nan, names=["elevation [m, EGM2008]"], tags=tags
        )


def elevation_section(
    planned: PlannedFile, source: str, licence: str, error: float, comments: tuple[str, ...] = ()
) -> RegionSection:
    """``[terrain]`` for heights above EGM2008."""
    values: dict[str, TomlValue] = {
        "path": planned.region_path, "source": source, "licence": licence, "vertical_datum": EGM2008,
        "elevation_error": error,
    }  # fmt: skip
    return RegionSection("terrain", values, comments=comments)
