"""Terrain from files that only the user can get: DeltaDTM; and why FABDEM is refused."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rasterio.warp import transform_bounds

from strandline.errors import InputError
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.plans import name_of
from strandline.observations.fetch.raster_access.remote_rasters import Layer, raster_item, read_layers
from strandline.observations.fetch.raster_access.signatures import OpenAccess
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    SourceKind,
    box_of,
    cached,
    with_box,
)
from strandline.observations.fetch.sources.rasters.copernicus_terrain import (
    CELL,
    CopernicusTerrain,
    elevation_section,
    write_elevation,
)
from strandline.observations.readers.formats.rasters import open_raster

_NODATA = -9999.0
_ERROR = 0.6
"""[m] Of the ground: a mean absolute error of 0.45 m, times the root of pi/2 as for a normal error, rounded up."""
_NOT_EGM2008 = ("mdt", "goco")
"""In the names of tiles that others have put on mean sea level."""


@dataclass(frozen=True)
class DeltaTerrain:
    """Elevation of the ground of low coasts, 1 arc second, above EGM2008, from tiles that the user has downloaded.

    It ends some 10 m above the sea (version 1.0; 30 m in 1.1) and at the shore; there GLO-30 fills it, of which it is
    made. Source: Pronk et al. (2024), DeltaDTM, Scientific Data 11, 273, doi:10.1038/s41597-024-03091-9 (accuracy);
    files: doi:10.4121/21997565 (CC-BY-4.0), tiles ``DeltaDTM_v1_1_N21E089.tif``, no data -9999 as the catalogue of the
    CoCliCo project states it (github.com/openearth/coclicodata).

    Attributes:
        surface: fills what lies outside.
    """

    surface: CopernicusTerrain = field(default_factory=CopernicusTerrain)
    name: str = "delta-dtm"
    address: str = ""
    kind: SourceKind = "terrain"
    licence: str = "CC-BY-4.0"
    attribution: str = "DeltaDTM, Pronk et al. (2024), Deltares and TU Delft, doi:10.4121/21997565"
    needs: Needs = "file"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file: the user's tiles over the box, filled with GLO-30.

        Raises:
            InputError: no file was named, it does not cover the box, or its heights are on another datum.
        """
        given = choice.files.get(self.name)
        if given is None:
            what = "its files lie in archives by continent, which only you can download"
            remedy = "get them from doi:10.4121/21997565 and give --file delta-dtm=FOLDER"
            raise InputError(f"source '{self.name}'", what, remedy)
        tiles = sorted(given.rglob("*.tif")) if given.is_dir() else [given]
        over = [tile for tile in tiles if box.intersects(_bounds(tile))]
        if not over:
            what = f"none of {len(tiles)} files covers {box}"
            raise InputError(f"source '{self.name}'", what, "download the archive of this continent, and unpack it")
        for tile in over:
            if any(part in tile.stem.lower() for part in _NOT_EGM2008):
                what = "is a version on mean sea level, while this source reads heights above EGM2008"
                raise InputError(tile, what, "name it in [terrain] yourself, with its vertical_datum")
        (surface,) = self.surface.plan(box, choice, client)
        return [
            PlannedFile(
                self.name, name_of("terrain", self.name, box), "https://doi.org/10.4121/21997565",
                f"elevation of the ground, {len(over)} tiles of DeltaDTM, filled with GLO-30, cells of {CELL:g} m",
                surface.size, details={**surface.details, **with_box(box, files="\n".join(map(str, over)))},
            )
        ]  # fmt: skip

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Join the user's tiles, and fill what they lack."""
        grid = UtmGrid.around(box_of(planned), CELL)
        items = [
            raster_item(Path(file).stem, file, _bounds(Path(file))) for file in planned.details["files"].split("\n")
        ]
        (ground,) = read_layers(items, [Layer("data", _NODATA)], grid, OpenAccess(), client)
        surface = self.surface.elevation(planned.details["tiles"].split(), grid, client)
        write_elevation(to, np.where(np.isnan(ground), surface, ground), grid, self.attribution)
        filled = float(np.isnan(ground).mean())
        section = elevation_section(planned, "DeltaDTM, doi:10.4121/21997565, filled with GLO-30", self.licence, _ERROR)
        note = f"{filled:.0%} of the cells, high ground and sea, are GLO-30: {self.surface.attribution}"
        return cached(self, planned, to, section, notes=(note,))


@dataclass(frozen=True)
class ForbiddenTerrain:
    """FABDEM, which is refused.

    Source: Hawker et al. (2022), doi:10.1088/1748-9326/ac4d4f; licence CC BY-NC-SA 4.0 (V1-2, University of Bristol).
    """

    name: str = "fabdem"
    address: str = ""
    kind: SourceKind = "terrain"
    licence: str = "CC-BY-NC-SA-4.0"
    attribution: str = "FABDEM, Hawker et al. (2022), University of Bristol"
    needs: Needs = "file"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """Raises: InputError: always."""
        what = (
            "its licence (CC BY-NC-SA 4.0) forbids commercial use and binds all that is made from it, while a plan is"
            " for whoever needs it"
        )
        remedy = (
            "use copernicus-glo30 or delta-dtm; if its terms suit you, name your file in [terrain] with its licence"
        )
        raise InputError(f"source '{self.name}'", what, remedy)

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Raises: InputError: always."""
        raise InputError(f"source '{self.name}'", "is refused", "plan it, to read why")


def _bounds(tile: Path) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of a raster.

    Raises:
        InputError: it is none.
    """
    with open_raster(tile) as dataset:
        west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    return float(west), float(south), float(east), float(north)
