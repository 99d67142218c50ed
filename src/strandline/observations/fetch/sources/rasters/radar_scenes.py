"""Radar: Sentinel-1, terrain-corrected, at high sea where the sea's level is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
from pystac import Item

from strandline.errors import InputError
from strandline.files import write_atomically
from strandline.observations.arrays import Floats
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.high_sea import highest_and_lowest
from strandline.observations.fetch.raster_access.plans import name_of, packed, unpacked
from strandline.observations.fetch.raster_access.remote_rasters import Layer, read_layers, read_volume, write_geotiff
from strandline.observations.fetch.raster_access.scenes import Scene, covering_scenes
from strandline.observations.fetch.raster_access.signatures import Access, EarthdataLogin, PlanetaryComputer
from strandline.observations.fetch.raster_access.stac_catalogue import find_items, require_assets
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

_CELL = 20.0
"""[m] The ground resolution of the interferometric wide swath is 20 x 22 m; pixels of 10 m hold no more."""
_YEARS = 5
_Use = Literal["scene", "reference"]


@dataclass(frozen=True)
class RadarScenes:
    """Gamma nought in linear power, VV and VH, from a STAC API.

    Zeros are not measurements: borders of some products are filled with them, without being declared
    (github.com/microsoft/PlanetaryComputer, issues 307 and 493). Gamma nought is sigma nought divided by the cosine of
    the incidence angle, 0.6 to 1.6 dB more (29 to 46 degrees).

    Attributes:
        catalogue: path of the API under ``address``.
        assets: polarisation → key of its asset.
        nodata: value of what was not seen.
        signed_by: who opens the files.
        pixel: of the overview that is read [m].
        scenes: how many to bring.
        references: how many at the lowest sea, as the dry state; only where the sea's level is known.
    """

    name: str
    address: str
    catalogue: str
    collection: str
    assets: Mapping[str, str]
    nodata: float
    signed_by: Literal["planetary computer", "earthdata login"]
    pixel: float
    licence: str
    attribution: str
    needs: Needs
    kind: SourceKind = "radar"
    scenes: int = 8
    references: int = 4

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file a scene.

        Raises:
            FeedError: the catalogue does not answer.
            InputError: its assets have other names.
        """
        since = (
            datetime.now(UTC) - timedelta(days=365 * _YEARS)
            if choice.since is None
            else datetime(choice.since.year, choice.since.month, choice.since.day, tzinfo=UTC)
        )
        items = find_items(client, f"{self.address}{self.catalogue}", self.collection, box.bounds, since)
        names = self._polarisations(items, client)
        usable = require_assets(items, [self.assets[name] for name in names], client)
        found = covering_scenes(usable, box)
        planned = []
        for use, scene, level in self._chosen(found, choice):
            planned.append(self._planned(box, scene, use, level, names))
        return planned

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Read one scene; a band for each polarisation."""
        grid, names = UtmGrid.around(box_of(planned), _CELL), planned.details["polarisations"].split()
        layers = [Layer(self.assets[name], self.nodata) for name in names]
        bands, access = [np.full(grid.shape, np.nan, np.float32) for _ in names], self._access()
        for item in unpacked(planned.details["items"]):  # one by one: the zeros of one would hide its neighbour
            power = read_layers([item], layers, grid, access, client)
            bands = [np.where(new > 0, new, old).astype(np.float32) for old, new in zip(bands, power, strict=True)]
        if not np.isfinite(bands[0]).any():
            what = f"the scene of {planned.details['time']} holds no measurement in this box"
            raise InputError(f"source '{self.name}'", what, "leave it out: choose another period by --since")
        tags = {
            "attribution": self.attribution,
            "units": "1 (linear power)",
            "TIFFTAG_DATETIME": planned.details["time"],
        }
        with write_atomically(to) as part:
            titles = [f"{name.upper()} gamma nought [linear power]" for name in names]
            write_geotiff(part, bands, grid, nodata=np.nan, names=titles, tags=tags)
        seen = float(np.isfinite(bands[0]).mean())
        notes = (f"{seen:.0%} of the box were seen",) if seen < 0.95 else ()
        return cached(self, planned, to, self._section(planned, names), notes=notes)

    def _polarisations(self, items: Sequence[Item], client: Downloader) -> list[str]:
        """Both where any item has both, so that all files have the same bands."""
        both = list(self.assets)
        if any({self.assets[name] for name in both} <= set(item.assets) for item in items):
            return both
        return both[:1]

    def _chosen(self, found: Sequence[Scene], choice: FetchChoice) -> list[tuple[_Use, Scene, float]]:
        """Use, scene and level [m] (NaN = unknown), by time.

        Scenes whose sea nothing tells have no dry state to be compared with and lie at no level: no run reads them, and
        they are brought only where they are asked for by name.
        """
        by_name = bool({self.name, self.kind} & choice.only)
        if choice.sea_level is None:
            count = self.scenes + (self.references if choice.sea_level_follows else 0)
            newest = found[-count:] if by_name or choice.sea_level_follows else []
            return [("scene", scene, float("nan")) for scene in newest]
        times = np.array([scene.time.replace(tzinfo=None) for scene in found], dtype="datetime64[ns]")
        levels: Floats = np.asarray(choice.sea_level(times), dtype=float)
        high, low = highest_and_lowest(levels, self.scenes, self.references)
        chosen: list[tuple[_Use, Scene, float]] = [("scene", found[place], float(levels[place])) for place in high]
        chosen += [("reference", found[place], float(levels[place])) for place in low]
        if not low and not by_name:
            return []
        return sorted(chosen, key=lambda each: each[1].time)

    def _planned(self, box: Box, scene: Scene, use: _Use, level: float, names: Sequence[str]) -> PlannedFile:
        time = f"{scene.time:%Y-%m-%dT%H:%M:%SZ}"
        sea = "" if np.isnan(level) else f", sea at {level:.2f} m"
        what = f"radar {'scene' if use == 'scene' else 'reference at low sea'} of {scene.time:%Y-%m-%d %H:%M} UTC{sea}"
        size = read_volume(UtmGrid.around(box, _CELL), len(names), 3.4, self.pixel)
        return PlannedFile(
            self.name, name_of("radar", self.name, box, f"{scene.time:%Y%m%dT%H%M}"),
            f"{self.address}{self.catalogue}/collections/{self.collection}/items/{scene.items[0].id}", what, size,
            date=scene.time.date(),
            details=with_box(
                box, items=packed(scene.items), time=time, use=use, polarisations=" ".join(names),
                level="" if np.isnan(level) else f"{level:.3f}",
            ),
        )  # fmt: skip

    def _section(self, planned: PlannedFile, names: Sequence[str]) -> RegionSection:
        values: dict[str, TomlValue] = {
            "source": f"{self.collection}, gamma nought in linear power",
            "licence": self.licence,
            "scale": "linear",
            "bands": {name: number for number, name in enumerate(names, start=1)},
        }
        if planned.details["use"] == "reference":
            values["reference"] = [planned.region_path]
        else:
            time = datetime.fromisoformat(planned.details["time"])
            values["scenes"] = [{"path": planned.region_path, "time": time}]
        return RegionSection("sar", values)

    def _access(self) -> Access:
        if self.signed_by == "earthdata login":
            return EarthdataLogin()
        return PlanetaryComputer(self.address, self.collection)


SENTINEL_1_RTC = RadarScenes(
    name="sentinel-1-rtc",
    address="https://planetarycomputer.microsoft.com",
    catalogue="/api/stac/v1",
    collection="sentinel-1-rtc",
    assets={"vv": "vv", "vh": "vh"},
    nodata=-32768.0,
    signed_by="planetary computer",
    pixel=_CELL,
    licence="CC-BY-4.0",
    attribution="Contains modified Copernicus Sentinel data, processed by Catalyst, hosted by the Planetary Computer",
    needs="nothing",
)
"""Source: github.com/microsoft/planetary-computer-tasks, ``datasets/sentinel-1-rtc/collection/template.json`` (assets,
no data, licence); linear power: PlanetaryComputerExamples, ``sentinel-1-rtc-example.ipynb``."""
OPERA_RTC = RadarScenes(
    name="opera-rtc",
    address="https://cmr.earthdata.nasa.gov",
    catalogue="/stac/ASF",
    collection="OPERA_L2_RTC-S1_V1_1",
    assets={"vv": "0_VV", "vh": "0_VH"},
    nodata=float("nan"),
    signed_by="earthdata login",
    pixel=30.0,
    licence="open data of NASA",
    attribution="OPERA RTC-S1, NASA JPL; contains modified Copernicus Sentinel data",
    needs="login",
)
"""Source: https://hyp3-docs.asf.alaska.edu/guides/opera_rtc_product_guide (gamma-0 power, 30 m, one file a burst);
collection and keys of the assets in NASA's CMR-STAC are claimed (docs/reference/data-sources.md)."""
