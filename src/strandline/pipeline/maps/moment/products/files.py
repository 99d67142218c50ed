"""The files of a map of one moment."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import shapely
from pyproj import Transformer
from rasterio import shutil as raster_files
from rasterio.errors import RasterioError
from rasterio.features import shapes, sieve
from rasterio.windows import Window as RasterWindow
from shapely.geometry import mapping, shape

from strandline.errors import InputError
from strandline.files import write_atomically, write_text
from strandline.observations.region import Region
from strandline.pipeline.maps.moment.layers import BLOCK, EXTENTS, FLOODED, PERMANENT, UNKNOWN_EXTENT, Layers
from strandline.pipeline.maps.moment.products.findings import MomentFindings, as_plain
from strandline.pipeline.maps.tiles import Window
from strandline.report.products import write_json

LEAST_POLYGON = 4
"""[cells] Smaller ones are in the rasters alone."""
COG = {"compress": "DEFLATE", "resampling": "NEAREST"}
POLYGONS, FINDINGS, PICTURE = "flood.geojson", "flood.json", "flood.png"


@dataclass(frozen=True)
class Raster:
    """A raster: its layers with the names of their bands.

    Attributes:
        needs_ground: whether it is left out without ground.
    """

    file: str
    layers: tuple[tuple[str, str], ...]
    unit: str
    quantity: str
    needs_ground: bool = False

    @property
    def is_code(self) -> bool:
        """Whether its values are codes."""
        return self.layers[0][0] == "extent"


RASTERS = (
    Raster(
        "flood_probability.tif",
        (("probability", "probability of water"), ("spread", "standard deviation between members")),
        "1",
        "probability that a cell is under water at the moment",
    ),
    Raster(
        "flood_extent.tif",
        (
            ("extent", "0 dry, 1 flooded, 2 permanent water, 255 unknown"),
            ("source", "0 unknown, 1 images, 2 the sea's flood, 3 both, 4 seen by people, 5 inferred from around"),
        ),
        "1",
        "extent of the flood at the moment",
    ),
    Raster(
        "flood_depth.tif",
        (("depth_low", "p10"), ("depth_middle", "p50"), ("depth_high", "p90")),
        "m",
        "depth of the water above the ground at the moment",
        needs_ground=True,
    ),
)


def write_products(out: Path, region: Region, layers: Layers, findings: MomentFindings) -> list[Path]:
    """Write rasters, polygons and numbers; each complete or not at all.

    Raises:
        InputError: a file cannot be written.
    """
    tags = _tags(findings)
    written = []
    try:
        for raster in RASTERS:
            path = out / raster.file
            if raster.needs_ground and findings.ground is None:
                path.unlink(missing_ok=True)  # of an earlier map, of another flood
                continue
            _write_raster(path, raster, region, layers, tags)
            written.append(path)
    except (OSError, RasterioError) as error:
        raise InputError(out, f"cannot be written ({error})", "free space or choose another folder") from error
    _write_polygons(out / POLYGONS, region, layers, findings)
    write_json(out / FINDINGS, as_plain(findings))
    return [*written, out / POLYGONS, out / FINDINGS]


def _tags(findings: MomentFindings) -> dict[str, str]:
    return {
        "MOMENT": findings.time or "not stated",
        "ADAPTATION": findings.adapted,
        "MEMBERS": "; ".join((*findings.members, *([findings.sea_by] if findings.sea_by else []))),
        "SOURCES": "; ".join(f"{image.layer}: {image.source}" for image in findings.images),
        "CREDITS": "; ".join(findings.credits),
        "MEANING": findings.means,
        "WARNINGS": " ".join(findings.warnings),
    }


def _write_raster(path: Path, raster: Raster, region: Region, layers: Layers, tags: dict[str, str]) -> None:
    rows, columns = region.shape
    kind, nodata = ("uint8", float(UNKNOWN_EXTENT)) if raster.is_code else ("float32", math.nan)
    profile = {
        "driver": "GTiff", "dtype": kind, "count": len(raster.layers), "height": rows, "width": columns,
        "crs": region.crs, "transform": region.transform, "nodata": nodata, "tiled": True, "blockxsize": 512,
        "blockysize": 512, "compress": "DEFLATE", "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    plain = path.with_name(f".plain-{path.name}")
    try:
        with rasterio.open(plain, "w", **profile) as file:
            file.update_tags(**tags, UNIT=raster.unit, QUANTITY=raster.quantity)
            for number, (_, name) in enumerate(raster.layers, start=1):
                file.set_band_description(number, name)
            for block, values in _blocks(raster, layers):
                file.write(values, window=RasterWindow.from_slices(*block))
        with write_atomically(path) as complete:
            predictor = {} if raster.is_code else {"predictor": "YES"}
            raster_files.copy(plain, complete, driver="COG", **COG, **predictor)
    finally:
        plain.unlink(missing_ok=True)


def _blocks(raster: Raster, layers: Layers) -> Iterator[tuple[Window, npt.NDArray[np.generic]]]:
    for block in layers.blocks(BLOCK):
        yield block, np.stack([np.asarray(layers.array(name)[block]) for name, _ in raster.layers])


def _write_polygons(path: Path, region: Region, layers: Layers, findings: MomentFindings) -> None:
    """Flooded, permanent and unknown parts in longitude and latitude (RFC 7946)."""
    extent = np.asarray(layers.array("extent"))
    rows, columns = extent.shape
    if min(rows, columns) > 1:
        extent = sieve(extent, LEAST_POLYGON)
    to_degrees = Transformer.from_crs(region.crs, "EPSG:4326", always_xy=True)
    shown = np.isin(extent, (FLOODED, PERMANENT, UNKNOWN_EXTENT))
    features = [
        _feature(polygon, int(code), to_degrees)
        for polygon, code in shapes(extent, mask=shown, transform=region.transform)
    ]
    collection = {
        "type": "FeatureCollection",
        "name": f"{findings.name}, {findings.time or 'time not stated'}",
        "adaptation": findings.adapted,
        "meaning": findings.means,
        "credits": list(findings.credits),
        "warnings": list(findings.warnings),
        "features": features,
    }
    write_text(path, json.dumps(collection, allow_nan=False, ensure_ascii=False) + "\n")


def _feature(polygon: object, code: int, to_degrees: Transformer) -> dict[str, object]:
    outline = shape(polygon)

    def project(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.round(np.column_stack(to_degrees.transform(*points.T)), 7)

    return {
        "type": "Feature",
        "properties": {"state": EXTENTS[code], "area_m2": round(outline.area, 1)},
        "geometry": mapping(shapely.transform(outline, project)),
    }
