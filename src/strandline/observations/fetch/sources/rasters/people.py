"""People: the population grid GHS-POP of the Joint Research Centre."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strandline.errors import FeedError, InputError
from strandline.files import write_atomically
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.plans import name_of
from strandline.observations.fetch.raster_access.remote_rasters import Layer, raster_item, read_layers, write_geotiff
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

_CELL, _NODATA, _YEAR = 100.0, -200.0, 2025
_TOP, _LEFT, _TILE = 89.0995831776, -180.0079166, 10.0
"""[degrees] North-west corner of the first tile, and the size of a tile."""
_TILE_BYTES = 20_000_000
"""Of one packed tile: an estimate; they have 12 000 x 12 000 pixels, most of them empty."""


@dataclass(frozen=True)
class PeopleGrid:
    """Residents by cell of 100 m, of 2025 (a projection).

    Packed tiles of 10 degrees by row (from the north) and column (from the west), read whole: the server does not
    serve parts. Source: https://human-settlement.emergency.copernicus.eu/download.php?ds=pop; tile scheme, names and no
    data are claimed (docs/reference/data-sources.md). Licence: reuse authorised with attribution, CC BY 4.0
    (https://developers.google.com/earth-engine/datasets/catalog/JRC_GHSL_P2023A_GHS_POP).
    """

    address: str = (
        "https://jeodpp.jrc.ec.europa.eu/ftp/jrc-opendata/GHSL/GHS_POP_GLOBE_R2023A/"
        "GHS_POP_E2025_GLOBE_R2023A_4326_3ss/V1-0/tiles"
    )
    name: str = "ghs-pop"
    kind: SourceKind = "people"
    licence: str = "CC-BY-4.0"
    attribution: str = "GHS-POP R2023A, Schiavina et al. (2023), European Commission, Joint Research Centre"
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file: the tiles over the box, joined."""
        tiles = tiles_over(UtmGrid.around(box, _CELL).bounds_lonlat)
        return [
            PlannedFile(
                self.name, name_of("people", self.name, box), "https://human-settlement.emergency.copernicus.eu",
                f"residents of {_YEAR} by cell of {_CELL:g} m", _TILE_BYTES * len(tiles),
                details=with_box(box, tiles=" ".join(tiles)),
            )
        ]  # fmt: skip

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Bring the packed tiles, cut the box out of them, and remove them."""
        grid, items, packed_tiles = UtmGrid.around(box_of(planned), _CELL), [], []
        try:
            for tile in planned.details["tiles"].split():
                archive = to.with_name(f"{tile}.zip")
                packed_tiles.append(archive)
                try:
                    client.download(f"{self.address}/{tile}.zip", archive, "zip")
                except FeedError as error:
                    if " answers 404" not in str(error):
                        raise
                    continue  # a tile without land
                items.append(raster_item(tile, f"/vsizip/{archive}/{tile}.tif", tile_bounds(tile)))
            if not items:
                what = f"there is no tile over {box_of(planned)}"
                raise InputError(f"source '{self.name}'", what, "choose a box with land in it")
            (people,) = read_layers(items, [Layer("data", _NODATA, "sum")], grid, OpenAccess(), client)
        finally:
            for archive in packed_tiles:
                archive.unlink(missing_ok=True)
        people = np.where(people >= 0, people, np.nan)
        tags = {"attribution": self.attribution, "units": "people per cell"}
        with write_atomically(to) as part:
            bands = [people.astype(np.float32)]
            write_geotiff(part, bands, grid, nodata=np.nan, names=["people per cell"], tags=tags)
        notes = (
            f"about {float(np.nansum(people)):,.0f} people live in the box, of {_YEAR}, by a model of census data",
        )
        values: dict[str, TomlValue] = {
            "path": planned.region_path, "year": _YEAR, "source": self.attribution, "licence": self.licence,
        }  # fmt: skip
        comment = (
            "People of each cell by a model of census data, projected to its year; used where no survey counts people."
            " ASSUMPTION: wrong by a factor of 2 either way, since its publisher states no error."
        )
        return cached(self, planned, to, RegionSection("people", values, comments=(comment,)), notes=notes)


def tiles_over(bounds: tuple[float, float, float, float]) -> list[str]:
    """Names of the tiles over west, south, east, north [degrees]."""
    west, south, east, north = bounds
    rows = range(math.floor((_TOP - north) / _TILE), math.floor((_TOP - south) / _TILE) + 1)
    columns = range(math.floor((west - _LEFT) / _TILE), math.floor((east - _LEFT) / _TILE) + 1)
    return [
        f"GHS_POP_E{_YEAR}_GLOBE_R2023A_4326_3ss_V1_0_R{row + 1}_C{column + 1}"
        for row in rows
        for column in columns
        if 0 <= row < 18 and 0 <= column < 36
    ]


def tile_bounds(name: str) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of a tile."""
    row, column = (int(part[1:]) for part in name.split("_")[-2:])
    west, north = _LEFT + (column - 1) * _TILE, _TOP - (row - 1) * _TILE
    return west, north - _TILE, west + _TILE, north
