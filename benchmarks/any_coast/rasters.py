"""The rasters of a place in the layouts of their publishers, and the catalogue that lists them."""

import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine, from_origin
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window

from benchmarks.any_coast.coast import PEOPLE_PER_HOME, PlaceCoast
from benchmarks.any_coast.places import ABOUT, STAND_IN
from benchmarks.any_coast.protocols.cog import Array, cog
from benchmarks.any_coast.protocols.stac_api import item
from strandline.observations.arrays import Floats, Indices
from strandline.observations.fetch.sources.rasters.copernicus_terrain import tile_name
from strandline.observations.fetch.sources.rasters.people import tile_bounds as people_bounds
from strandline.observations.fetch.sources.rasters.people import tiles_over
from strandline.observations.region import Region

PIXEL = 20.0
"""[m] Of the scenes; each cell of the simulated coast fills a block of pixels."""
_ARC_SECOND, _COVER_PIXEL, _PEOPLE_PIXEL = 1 / 3600, 1 / 12000, 1 / 1200
_INLAND = 3.0
"""[m] Of land outside the simulated delta."""
WATER, BUILT, CROPS, MANGROVES, BARE = 80, 50, 40, 95, 60
"""Classes of ESA WorldCover."""
_OFFSET, _SCALE = 1000, 10_000
"""Of reflectance from baseline 04.00 on."""
CLEAR, CLOUD = 5, 9
"""Of the scene classification."""


def write_rasters(coast: PlaceCoast, folder: Path) -> None:
    """Write all rasters: ``dem/``, ``people/`` and scenes."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_terrain(coast, folder)
    _write_cover(coast, folder)
    _write_people(coast, folder)
    bands = {"vv": coast.radar.bands["vv"], "vh": coast.radar.bands["vh"]}
    for name, band in bands.items():
        for time, values in zip(coast.radar.time, band, strict=True):
            _write_scene(folder / f"S1_{_stamp(time)}_{name}.tif", values.astype(np.float32), coast.region, -32768.0)
    named = {"B03": "green", "B08": "near_infrared", "B11": "shortwave_infrared"}
    for number, time in enumerate(coast.optical.time):
        for asset, name in named.items():
            stored = np.round(coast.optical.bands[name][number] * _SCALE + _OFFSET).astype(np.uint16)
            _write_scene(folder / f"S2_{_stamp(time)}_{asset}.tif", stored, coast.region, 0)
        classes = np.where(coast.optical.bands["cloud"][number] > 0, CLOUD, CLEAR).astype(np.uint8)
        _write_scene(folder / f"S2_{_stamp(time)}_SCL.tif", classes, coast.region, 0)


def catalogue(coast: PlaceCoast) -> dict[str, list[dict[str, Any]]]:
    """Collections → items. Each says that it is no observation."""
    bounds = lonlat_bounds(coast.region)
    said = {"description": ABOUT, "providers": [{"name": STAND_IN, "description": ABOUT, "roles": ["producer"]}]}
    radar = [
        item(
            f"S1A_{_stamp(time)}", "sentinel-1-rtc", _instant(time),
            {name: f"S1_{_stamp(time)}_{name}.tif" for name in ("vv", "vh")}, bounds, platform="SENTINEL-1A", **said,
        )
        for time in coast.radar.time
    ]  # fmt: skip
    optical = []
    for time, cloud in zip(coast.optical.time, coast.optical.bands["cloud"], strict=True):
        fields: dict[str, Any] = {
            "eo:cloud_cover": round(100 * float(cloud.mean()), 1), "s2:processing_baseline": "05.11",
            "s2:mgrs_tile": "00AAA", "platform": "Sentinel-2A", **said,
        }  # fmt: skip
        assets = {name: f"S2_{_stamp(time)}_{name}.tif" for name in ("B03", "B08", "B11", "SCL")}
        optical.append(item(f"S2A_{_stamp(time)}", "sentinel-2-l2a", _instant(time), assets, bounds, **fields))
    cover = item("cover", "esa-worldcover", "2021-01-01T00:00:00Z", {"map": "cover.tif"}, bounds, **said)
    return {"sentinel-1-rtc": radar, "sentinel-2-l2a": optical, "esa-worldcover": [cover]}


def lonlat_bounds(region: Region) -> tuple[float, float, float, float]:
    """West, south, east, north [degrees] of what holds a region."""
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*region.bounds)
    return float(west), float(south), float(east), float(north)


def _write_terrain(coast: PlaceCoast, folder: Path) -> None:
    """The tiles of one degree that the region touches, and their list."""
    west, south, east, north = lonlat_bounds(coast.region)
    names = []
    for low in range(math.floor(south), math.ceil(north)):
        for left in range(math.floor(west), math.ceil(east)):
            transform = from_origin(left, low + 1, _ARC_SECOND, _ARC_SECOND)
            tile = _in_degrees(coast.elevation, coast.region, transform, (3600, 3600), Resampling.bilinear)
            name = tile_name(low, left)
            (folder / "dem" / name).mkdir(parents=True, exist_ok=True)
            whole = np.where(np.isnan(tile), _INLAND, np.round(tile, 2)).astype(np.float32)
            (folder / "dem" / name / f"{name}.tif").write_bytes(cog(whole, transform, "EPSG:4326", None))
            names.append(name)
    (folder / "dem" / "tileList.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


def _write_cover(coast: PlaceCoast, folder: Path) -> None:
    terrain = coast.terrain
    classes = np.full(terrain.bed.shape, CROPS, dtype=float)
    classes[terrain.vegetation < 0.15] = BARE
    classes[terrain.woody > 0.4] = MANGROVES
    classes[terrain.settlement > 0.3] = BUILT
    classes[terrain.permanent_water] = WATER
    west, south, east, north = lonlat_bounds(coast.region)
    shape = round((north - south) / _COVER_PIXEL), round((east - west) / _COVER_PIXEL)
    transform = from_origin(west, north, _COVER_PIXEL, _COVER_PIXEL)
    cover = _in_degrees(classes, coast.region, transform, shape, Resampling.nearest)
    whole = np.where(np.isnan(cover), 0, cover).astype(np.uint8)
    (folder / "cover.tif").write_bytes(cog(whole, transform, "EPSG:4326", 0))


def _write_people(coast: PlaceCoast, folder: Path) -> None:
    """Packed tiles of ten degrees, empty but for the place."""
    (folder / "people").mkdir(exist_ok=True)
    homes = coast.buildings[coast.buildings["subtype"].isin(["", "residential"])].bounds
    x, y = ((homes[f"min{axis}"] + homes[f"max{axis}"]).to_numpy() / 2 for axis in "xy")
    for name in tiles_over(lonlat_bounds(coast.region)):
        west, _, _, north = people_bounds(name)
        column = np.floor((x - west) / _PEOPLE_PIXEL).astype(int)
        row = np.floor((north - y) / _PEOPLE_PIXEL).astype(int)
        inside = (column >= 0) & (column < 12_000) & (row >= 0) & (row < 12_000)
        if inside.any():
            _write_tile(
                name, row[inside], column[inside], from_origin(west, north, _PEOPLE_PIXEL, _PEOPLE_PIXEL), folder
            )


def _write_tile(name: str, row: Indices, column: Indices, transform: Affine, folder: Path) -> None:
    first_row, first_column = int(row.min()), int(column.min())
    counts = np.zeros((int(row.max()) - first_row + 1, int(column.max()) - first_column + 1), np.float32)
    np.add.at(counts, (row - first_row, column - first_column), PEOPLE_PER_HOME)
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / f"{name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=12_000, height=12_000, count=1, dtype="float32", crs="EPSG:4326",
            transform=transform, nodata=-200.0, tiled=True, compress="deflate", SPARSE_OK=True,
        ) as dataset:  # fmt: skip
            dataset.write(counts, 1, window=Window(first_column, first_row, counts.shape[1], counts.shape[0]))
        with zipfile.ZipFile(folder / "people" / f"{name}.zip", "w") as archive:
            archive.write(path, f"{name}.tif")


def _write_scene(path: Path, values: Array, region: Region, nodata: float) -> None:
    block = round(region.cell_size / PIXEL)
    fine = np.repeat(np.repeat(values, block, axis=0), block, axis=1)
    left, _, _, top = region.bounds
    path.write_bytes(cog(fine, from_origin(left, top, PIXEL, PIXEL), region.crs, nodata))


def _in_degrees(values: Floats, region: Region, transform: Affine, shape: tuple[int, int], rule: Resampling) -> Floats:
    """Values of a region's cells on a grid in degrees; NaN outside."""
    left, _, _, top = region.bounds
    found = np.full(shape, np.nan, np.float32)
    reproject(
        values.astype(np.float32), found, src_crs=region.crs, dst_crs="EPSG:4326", dst_nodata=np.nan,
        src_transform=from_origin(left, top, region.cell_size, region.cell_size), dst_transform=transform,
        resampling=rule,
    )  # fmt: skip
    return found.astype(np.float64)


def _stamp(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("-", "").replace(":", "")


def _instant(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[s]')}Z"


def files_of(folder: Path) -> dict[str, bytes | Path]:
    """Path below ``/files`` → file, of a folder of rasters."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
