"""Land cover and permanent water: ESA WorldCover."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.plans import name_of, packed, unpacked
from strandline.observations.fetch.raster_access.remote_rasters import Layer, read_layers, read_volume, write_geotiff
from strandline.observations.fetch.raster_access.signatures import PlanetaryComputer
from strandline.observations.fetch.raster_access.stac_catalogue import find_items, require_assets
from strandline.observations.fetch.source import (
    CachedFile,
    FetchChoice,
    Needs,
    PlannedFile,
    RegionSection,
    SourceKind,
    box_of,
    cached,
    with_box,
)

CLASSES = {
    10: "trees", 20: "shrubs", 30: "grass", 40: "crops", 50: "built-up", 60: "bare", 70: "snow and ice",
    80: "permanent water", 90: "herbaceous wetland", 95: "mangroves", 100: "moss and lichen",
}  # fmt: skip
"""Source: ``classification:classes`` of the collection, and the product user manual."""
WATER, _NODATA = 80, 0
_CELL, _YEAR = 10.0, 2021


@dataclass(frozen=True)
class WorldCover:
    """Land cover of 2021 on cells of 10 m; its water is the permanent water of the terrain.

    The product maps all land between 60 S and 82.75 N; what it leaves open there (class 0) is taken for sea, an
    assumption. Source: collection ``esa-worldcover``, asset ``map``, uint8, no data 0
    (github.com/microsoft/planetary-computer-tasks, ``datasets/esa-worldcover/collection/template.json``); licence and
    attribution: https://worldcover2021.esa.int/download.
    """

    address: str = "https://planetarycomputer.microsoft.com"
    collection: str = "esa-worldcover"
    asset: str = "map"
    name: str = "esa-worldcover"
    kind: SourceKind = "land_cover"
    licence: str = "CC-BY-4.0"
    attribution: str = (
        "© ESA WorldCover project / Contains modified Copernicus Sentinel data (2021) processed by ESA WorldCover"
        " consortium"
    )
    needs: Needs = "nothing"

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file: classes and water of the tiles over the box, joined.

        Raises:
            FeedError: the catalogue does not answer.
            InputError: it has no tile there, or its assets have other names.
        """
        grid = UtmGrid.around(box, _CELL)
        year = datetime(_YEAR, 1, 1, tzinfo=UTC), datetime(_YEAR, 12, 31, tzinfo=UTC)
        items = find_items(client, f"{self.address}/api/stac/v1", self.collection, grid.bounds_lonlat, *year)
        items = require_assets(items, [self.asset], client)
        if not items:
            raise InputError(f"source '{self.name}'", f"there is no land in {box}", "choose a box on a coast")
        planned = PlannedFile(
            source=self.name,
            name=name_of("land_cover", self.name, box),
            url=f"{self.address}/api/stac/v1/collections/{self.collection}",
            what=f"land cover and permanent water of {_YEAR}, cells of {_CELL:g} m",
            size=read_volume(grid, 1, 0.25, _CELL),
            details=with_box(box, items=packed(items)),
        )
        return [planned]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Read the tiles; band 1 is the water (1, else 0), band 2 the class."""
        grid = UtmGrid.around(box_of(planned), _CELL)
        layer = Layer(self.asset, _NODATA, "nearest")
        access = PlanetaryComputer(self.address, self.collection)
        (classes,) = read_layers(unpacked(planned.details["items"]), [layer], grid, access, client)
        open_sea = np.isnan(classes)
        water = open_sea | (classes == WATER)
        bands = [water.astype(np.uint8), np.where(open_sea, _NODATA, classes).astype(np.uint8)]
        names = ["permanent water (1)", "land cover class"]
        with write_atomically(to) as part:
            write_geotiff(part, bands, grid, nodata=255, names=names, tags={"attribution": self.attribution})
        comments = (f"Permanent water: ESA WorldCover {_YEAR}; where it maps no land there is sea.",)
        section = RegionSection("terrain.permanent_water", {"path": planned.region_path}, comments=comments)
        notes: tuple[str, ...] = (
            f"{water.mean():.0%} of the box is permanent water, {open_sea.mean():.0%} of it unmapped sea",
        )
        if not water.any():
            notes += ("there is no water in this box at all: without a sea nothing can be computed here",)
        return cached(self, planned, to, section, notes=notes)
