"""Optical: Sentinel-2 surface reflectance, with the scene classification as the cloud mask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pystac import Item

from strandline.errors import FeedError, InputError
from strandline.files import write_atomically
from strandline.observations.arrays import Floats
from strandline.observations.fetch.box import Box
from strandline.observations.fetch.downloader import Downloader
from strandline.observations.fetch.raster_access.grid import UtmGrid
from strandline.observations.fetch.raster_access.plans import name_of, packed, unpacked
from strandline.observations.fetch.raster_access.remote_rasters import Layer, read_layers, read_volume, write_geotiff
from strandline.observations.fetch.raster_access.scenes import Scene, covering_scenes
from strandline.observations.fetch.raster_access.signatures import PlanetaryComputer
from strandline.observations.fetch.raster_access.stac_catalogue import find_items, require_assets, taken
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

BANDS = {"green": "B03", "near_infrared": "B08", "shortwave_infrared": "B11"}
SCENE_CLASSES = "SCL"
CLOUD_VALUES, CLEAR_VALUES = (1, 3, 8, 9, 10, 11), (2, 4, 5, 6, 7)
"""Of the scene classification: saturated, cloud shadow, cloud of medium and high probability, cirrus, snow hide the
ground; dark or shaded, vegetation, bare, water and unclassified do not. 0 is no data. Source:
https://custom-scripts.sentinel-hub.com/sentinel-2/scene-classification"""
OFFSET_FROM, OFFSET = (4, 0), 1000
"""Processing baseline 04.00 (25 January 2022) and what it adds to the stored reflectance. Source: ESA, "Copernicus
Sentinel-2 major products upgrade"; PlanetaryComputerExamples, ``sentinel-2-l2a/baseline-change.ipynb``."""
SCALE = 1e-4
"""Quantification value 10 000."""
_NODATA, _STORED_NODATA = 0.0, -32768
_CELL, _YEARS = 20.0, 2
"""[m] of the short-wave infrared and the classification; years to choose from."""


@dataclass(frozen=True)
class OpticalScenes:
    """The least cloudy scenes, on cells of 20 m: reflectance times 10 000 without the offset of newer baselines.

    Source: collection ``sentinel-2-l2a`` (github.com/microsoft/planetary-computer-tasks,
    ``datasets/sentinel-2/collection/template.json``); fields ``eo:cloud_cover`` and ``s2:processing_baseline``.

    Attributes:
        scenes: how many to bring.
    """

    address: str = "https://planetarycomputer.microsoft.com"
    collection: str = "sentinel-2-l2a"
    name: str = "sentinel-2-l2a"
    kind: SourceKind = "optical"
    licence: str = "Copernicus Sentinel data terms (free, full and open)"
    attribution: str = "Contains modified Copernicus Sentinel data, hosted by the Planetary Computer"
    needs: Needs = "nothing"
    scenes: int = 4

    def plan(self, box: Box, choice: FetchChoice, client: Downloader) -> list[PlannedFile]:
        """One file a scene, the least cloudy ones below the limit.

        Raises:
            FeedError: the catalogue does not answer, or an item states no processing baseline.
            InputError: its assets have other names.
        """
        since = (
            datetime.now(UTC) - timedelta(days=365 * _YEARS)
            if choice.since is None
            else datetime(choice.since.year, choice.since.month, choice.since.day, tzinfo=UTC)
        )
        url = f"{self.address}/api/stac/v1"
        items = find_items(client, url, self.collection, box.bounds, since, most_cloud=choice.max_cloud)
        items = newest_processing(require_assets(items, [*BANDS.values(), SCENE_CLASSES], client))
        clearest = sorted(covering_scenes(items, box), key=_cloud)[: self.scenes]
        return [self._planned(box, scene) for scene in sorted(clearest, key=lambda scene: scene.time)]

    def download(self, planned: PlannedFile, to: Path, client: Downloader) -> CachedFile:
        """Read one scene: bands green, near and short-wave infrared, and the classification."""
        grid, items = UtmGrid.around(box_of(planned), _CELL), unpacked(planned.details["items"])
        reflectance, classes = self._read(items, grid, client)
        if not np.isfinite(classes).any():
            what = f"the scene of {planned.details['time']} holds no measurement in this box"
            raise InputError(f"source '{self.name}'", what, "leave it out: choose another period by --since")
        bands = [_stored(band) for band in (*reflectance, classes)]
        tags = {"attribution": self.attribution, "TIFFTAG_DATETIME": planned.details["time"]}
        names = [*(f"{name} [reflectance x 10000]" for name in BANDS), "scene classification"]
        with write_atomically(to) as part:
            write_geotiff(part, bands, grid, nodata=_STORED_NODATA, names=names, tags=tags)
        hidden = float(np.mean(np.isnan(classes) | np.isin(classes, CLOUD_VALUES)))
        return cached(self, planned, to, self._section(planned), notes=(f"{hidden:.0%} of the box lie under cloud",))

    def _read(self, items: Sequence[Item], grid: UtmGrid, client: Downloader) -> tuple[list[Floats], Floats]:
        """Reflectance times 10 000 and classes, (H, W); items of older and newer baselines are read apart."""
        access = PlanetaryComputer(self.address, self.collection)
        layers = [*(Layer(key, _NODATA) for key in BANDS.values()), Layer(SCENE_CLASSES, _NODATA, "nearest")]
        joined: list[Floats] = [np.full(grid.shape, np.nan) for _ in layers]
        for offset in sorted({offset_of(item) for item in items}):
            some = [item for item in items if offset_of(item) == offset]
            *bands, classes = read_layers(some, layers, grid, access, client)
            read = [*(band - offset for band in bands), classes]
            joined = [np.where(np.isnan(old), new, old) for old, new in zip(joined, read, strict=True)]
        return joined[:-1], joined[-1]

    def _planned(self, box: Box, scene: Scene) -> PlannedFile:
        size = read_volume(UtmGrid.around(box, _CELL), 4, 1.4, _CELL)
        return PlannedFile(
            self.name, name_of("optical", self.name, box, f"{scene.time:%Y%m%dT%H%M}"),
            f"{self.address}/api/stac/v1/collections/{self.collection}/items/{scene.items[0].id}",
            f"optical scene of {scene.time:%Y-%m-%d %H:%M} UTC, {_cloud(scene):.0f} % cloud", size,
            date=scene.time.date(),
            details=with_box(box, items=packed(scene.items), time=f"{scene.time:%Y-%m-%dT%H:%M:%SZ}"),
        )  # fmt: skip

    def _section(self, planned: PlannedFile) -> RegionSection:
        numbers = {name: number for number, name in enumerate(BANDS, start=1)}
        time = datetime.fromisoformat(planned.details["time"])
        values: dict[str, TomlValue] = {
            "source": f"{self.collection}, surface reflectance", "licence": self.licence, "bands": numbers,
            "reflectance_scale": SCALE, "cloud_band": len(BANDS) + 1,
            "cloud_values": list(CLOUD_VALUES), "clear_values": list(CLEAR_VALUES),
            "scenes": [{"path": planned.region_path, "time": time}],
        }  # fmt: skip
        return RegionSection("optical", values)


def offset_of(item: Item) -> int:
    """What the processing baseline of an item adds to stored reflectance.

    Raises:
        FeedError: the item does not state its baseline, and the offset is not to be guessed.
    """
    return OFFSET if _baseline(item) >= OFFSET_FROM else 0


def newest_processing(items: Sequence[Item]) -> list[Item]:
    """Of scenes that were processed more than once, the newest processing; by time.

    Raises:
        FeedError: an item does not state its baseline.
    """
    newest: dict[tuple[object, ...], Item] = {}
    for item in sorted(items, key=_baseline):
        newest[item.properties.get("s2:mgrs_tile", item.id), item.properties.get("platform"), taken(item)] = item
    return sorted(newest.values(), key=lambda item: (taken(item), item.id))


def _baseline(item: Item) -> tuple[int, int]:
    stated = str(item.properties.get("s2:processing_baseline", ""))
    major, _, minor = stated.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise FeedError(
            f"item '{item.id}' states no processing baseline ('{stated}'), on which its offset depends; the catalogue"
            " has changed: update strandline"
        )
    return int(major), int(minor)


def _cloud(scene: Scene) -> float:
    """Mean cloud cover of the items [%]."""
    return float(np.mean([float(item.properties["eo:cloud_cover"]) for item in scene.items]))


def _stored(values: Floats) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    whole = np.clip(np.round(values), -32767, 32767)
    return np.where(np.isnan(values), _STORED_NODATA, whole).astype(np.int16)
