"""A STAC catalogue of a run: one item, whose assets are the run's products with checksums.

Source: SpatioTemporal Asset Catalog specification 1.1.0, and its extensions for projections 2.0.0, rasters 2.0.0 and
files 2.1.0.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rasterio
from pyproj import CRS
from rasterio.io import DatasetReader
from rasterio.warp import transform_bounds

from strandline.pipeline.export.gis.finished_run import FinishedRun, slug
from strandline.pipeline.export.gis.layers import Layer
from strandline.pipeline.export.gis.rasters import ScenarioRaster
from strandline.pipeline.run_folder.generations import GIS, products_of, sha256_of
from strandline.pipeline.run_folder.media_types import MEDIA_TYPES, media_type_of

CATALOGUE, ITEM = "catalog.json", "item.json"
VERSION = "1.1.0"
_EXTENSIONS = [
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in ("projection/v2.0.0", "raster/v2.0.0", "file/v2.1.0")
]
_SHA256 = "1220"
"""Prefix of a multihash: SHA-256 (0x12) of 32 (0x20) bytes."""
_ROLES = {
    "report.html": "overview", "summary.json": "metadata", "plan.schema.json": "metadata", "student.json": "metadata",
    "risk_data_library.json": "metadata", "data_sources.md": "metadata",
}  # fmt: skip
"""Products of the run that are more than data, or describe it."""
Json = dict[str, Any]


def describe_run(
    out: Path, run: FinishedRun, layers: Sequence[Layer], rasters: Sequence[ScenarioRaster]
) -> Mapping[str, Json]:
    """Return file name → content of the catalogue and of its item.

    Args:
        out: folder of the products for a GIS, all written.
    """
    with rasterio.open(out / rasters[0].file) as raster:
        left, bottom, right, top = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds)
        grid = _grid(raster, run)
    west, south, east, north = (round(edge, 7) for edge in (left, bottom, right, top))
    title = f"{'SIMULATED: ' if run.is_simulated else ''}Flood maps and plan of {run.place}"
    name = f"{slug(run.place)}-{run.started:%Y%m%dT%H%M%SZ}".lower()
    catalogue: Json = {
        "type": "Catalog", "id": slug(run.place), "stac_version": VERSION, "title": title, "description": run.notice,
        "links": [
            {"rel": "root", "href": f"./{CATALOGUE}", "type": "application/json"},
            {"rel": "item", "href": f"./{ITEM}", "type": "application/geo+json", "title": title},
        ],
    }  # fmt: skip
    item: Json = {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": _EXTENSIONS,
        "id": name,
        "bbox": [west, south, east, north],
        "geometry": _footprint(west, south, east, north),
        "properties": {
            "title": title,
            "description": run.notice,
            "datetime": f"{run.started:%Y-%m-%dT%H:%M:%SZ}",
            "created": f"{run.started:%Y-%m-%dT%H:%M:%SZ}",
            "providers": [{"name": "Strandline", "roles": ["processor"], "description": run.software}],
            "strandline:provenance": "simulated" if run.is_simulated else "real",
            "strandline:vertical_datum": run.vertical_datum,
            **grid,
        },
        "links": [
            {"rel": "root", "href": f"./{CATALOGUE}", "type": "application/json"},
            {"rel": "parent", "href": f"./{CATALOGUE}", "type": "application/json"},
        ],
        "assets": {**_of_gis(out, run, layers, rasters), **_of_run(run)},
    }
    return {CATALOGUE: catalogue, ITEM: item}


def _of_gis(out: Path, run: FinishedRun, layers: Sequence[Layer], rasters: Sequence[ScenarioRaster]) -> dict[str, Json]:
    """The assets in ``gis/``."""
    by_file = {raster.file: raster for raster in rasters}
    titles = {
        "vectors.gpkg": f"Layers: {', '.join(layer.title for layer in layers)}",
        "project.qgz": "QGIS project with every layer",
        "maps.nc": "All maps as NetCDF by the CF conventions",
    }
    assets = {}
    for path in sorted(out.iterdir()):
        asset: Json = {
            "href": f"./{path.name}",
            "type": media_type_of(f"{GIS}/{path.name}"),
            "title": titles.get(path.name, path.name),
            "roles": ["metadata"] if path.suffix == ".qml" else ["data"],
            "file:size": path.stat().st_size,
            "file:checksum": _SHA256 + sha256_of(path),
        }
        if path.name in by_file:
            raster = by_file[path.name]
            asset["title"] = f"{raster.quantity.long_name}: {raster.scenario}"
            asset |= _of_raster(path, run)
        elif path.suffix == ".qml":
            asset["title"] = f"QGIS style of {path.stem}.tif"
        assets[path.name] = asset
    return assets


def _of_run(run: FinishedRun) -> dict[str, Json]:
    """The assets beside ``gis/``, except the drafts of warnings, which a person may change."""
    digests = products_of(run.folder)
    assets = {}
    for name in (name for name in MEDIA_TYPES if name in digests):
        asset: Json = {
            "href": f"../{name}",
            "type": media_type_of(name),
            "title": name,
            "roles": [_ROLES.get(name, "data")],
            "file:size": (run.folder / name).stat().st_size,
            "file:checksum": _SHA256 + digests[name],
        }
        if name.endswith(".tif"):
            asset |= _of_raster(run.folder / name, run)
        assets[name] = asset
    return assets


def _of_raster(path: Path, run: FinishedRun) -> Json:
    with rasterio.open(path) as raster:
        return {**_grid(raster, run), "bands": [_band(raster, number) for number in raster.indexes]}


def _grid(raster: DatasetReader, run: FinishedRun) -> Json:
    crs = CRS.from_user_input(run.crs)
    authority = crs.to_authority()
    named: Json = {"proj:code": ":".join(authority)} if authority else {"proj:code": None, "proj:wkt2": crs.to_wkt()}
    return {**named, "proj:shape": list(raster.shape), "proj:transform": list(raster.transform)[:6],
            "proj:bbox": list(raster.bounds)}  # fmt: skip


def _band(raster: DatasetReader, number: int) -> Json:
    band: Json = {
        "name": str(raster.descriptions[number - 1]),
        "data_type": raster.dtypes[number - 1],
        "nodata": "nan",
        "raster:spatial_resolution": raster.transform.a,
        "raster:sampling": "area",
    }
    unit = raster.tags(number).get("UNIT")
    if unit:
        band["unit"] = unit
    own = {
        name.removeprefix("STATISTICS_").lower(): float(text)
        for name, text in raster.tags(number).items()
        if name.startswith("STATISTICS_")
    }
    return {**band, "statistics": own} if own else band


def _footprint(west: float, south: float, east: float, north: float) -> Json:
    """The box, cut where it crosses the antimeridian (RFC 7946, section 3.1.9)."""
    pieces = [(west, east)] if west < east else [(west, 180.0), (-180.0, east)]
    rings = [[[[low, south], [high, south], [high, north], [low, north], [low, south]]] for low, high in pieces]
    return {"type": "Polygon", "coordinates": rings[0]} if len(rings) == 1 else {
        "type": "MultiPolygon", "coordinates": rings,
    }  # fmt: skip
