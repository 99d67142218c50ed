"""How pygeoapi reads a published run; its own readers would answer where nothing is known.

pygeoapi 0.21 answers for a position outside a grid with the value of the nearest cell, joins the bands of a GeoTIFF to
one parameter without a name, and takes a missing file for a layer without features. Here a position has the value of
the cell that holds it, or null; each band says what it is given; and a missing file is an error.

Only pygeoapi imports this module, by the names in its configuration.

Source: OGC API – Features 17-069r4; OGC API – Environmental Data Retrieval 19-086r6; OGC CoverageJSON 21-069r2.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pygeoapi.provider.base import (
    BaseProvider,
    ProviderConnectionError,
    ProviderInvalidQueryError,
    ProviderRequestEntityTooLargeError,
)
from pygeoapi.provider.base_edr import BaseEDRProvider
from pygeoapi.provider.geojson import GeoJSONProvider
from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.warp import transform_bounds
from rasterio.windows import Window, from_bounds

from strandline.observations.arrays import Reals
from strandline.pipeline.export.gis.finished_run import slug
from strandline.pipeline.export.ogc.configuration import LONGITUDE_LATITUDE, without_markup

GEOTIFF = "GTiff"
MOST_NUMBERS = 1_000_000
"""Numbers in one answer as CoverageJSON; a GeoTIFF takes a twentieth of the bytes."""
Json = dict[str, Any]


class Layer(GeoJSONProvider):  # type: ignore[misc]
    """The features of a layer; its file holds titles, units and meanings of the fields in the member ``fields``."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        """As pygeoapi calls it.

        Raises:
            ProviderConnectionError: the file is missing or is no layer.
        """
        path = file_of(provider_def)
        try:
            self._described: Json = json.loads(path.read_text("utf-8"))["fields"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ProviderConnectionError(f"{path}: {error}") from error
        super().__init__({**provider_def, "data": str(path)})

    def get_fields(self) -> Json:
        """Field → type, title, unit and meaning."""
        self._fields = self._described
        return self._described

    def query(self, **asked: Any) -> Json:
        """As pygeoapi calls it; a filter that would be passed over is refused."""
        if asked.get("filterq") is not None or asked.get("q") or asked.get("sortby"):
            raise ProviderInvalidQueryError(user_msg="filter, q and sortby are not served; use bbox or a field's value")
        found: Json = super().query(**asked)
        found.pop("fields", None)
        return found


class _Raster:
    """A GeoTIFF of a run: a parameter for each band, with what its values are given."""

    _fields: Json
    _path: Path

    def _describe(self, provider_def: Mapping[str, Any]) -> None:
        self._path = file_of(provider_def)
        with self._opened() as raster:
            names, tags = raster.descriptions, raster.tags()
            quantity = tags["QUANTITY"].split(",")[0]
            for identifier, name in zip(parameters_of(names, tags["SCENARIO"]), names, strict=True):
                title = without_markup(f"{quantity}, {name}")
                self._fields[identifier] = {"type": "number", "title": title, "x-ogc-unit": tags["UNIT"]}

    def _opened(self) -> DatasetReader:
        try:
            return rasterio.open(self._path)
        except (OSError, RasterioError) as error:
            raise ProviderConnectionError(f"{self._path}: {error}") from error

    def get_fields(self) -> Json:
        """Parameter → type, title and unit."""
        return self._fields

    def instances(self) -> list[str]:
        """None: a run has one version."""
        return []

    def _bands(self, named: Sequence[str]) -> dict[str, int]:
        """Parameter → number of its band, of those that are named; of all where none is.

        Raises:
            ProviderInvalidQueryError: there is none of a name.
        """
        numbers = {identifier: number for number, identifier in enumerate(self._fields, start=1)}
        if unknown := sorted(set(named) - numbers.keys()):
            raise ProviderInvalidQueryError(user_msg=f"there is no parameter {unknown[0]}")
        return {identifier: numbers[identifier] for identifier in (named or numbers)}

    def _coverage(self, domain: Json, values: Mapping[str, Reals]) -> Json:
        """CoverageJSON of one coverage; NaN becomes null.

        Args:
            values: parameter → (y, x).
        """
        parameters, ranges = {}, {}
        for identifier, grid in values.items():
            field = self._fields[identifier]
            title = {"en": field["title"]}
            parameters[identifier] = {
                "type": "Parameter", "description": title, "unit": {"symbol": field["x-ogc-unit"]},
                "observedProperty": {"id": identifier, "label": title},
            }  # fmt: skip
            ranges[identifier] = {
                "type": "NdArray", "dataType": "float", "axisNames": ["y", "x"], "shape": list(grid.shape),
                "values": [None if math.isnan(value) else value for value in grid.ravel().tolist()],
            }  # fmt: skip
        return {"type": "Coverage", "domain": domain, "parameters": parameters, "ranges": ranges}


class Positions(_Raster, BaseEDRProvider):  # type: ignore[misc]
    """Values at a position, in longitude and latitude."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        """As pygeoapi calls it."""
        BaseEDRProvider.__init__(self, provider_def)
        self._describe(provider_def)

    def get_instance(self, instance: str) -> bool:
        """None: a run has one version."""
        return False

    def position(self, **asked: Any) -> Json:
        """Values of the cell that holds the position; null = unknown, or outside the map."""
        point = asked["wkt"]
        if point.geom_type != "Point" or point.is_empty:
            raise ProviderInvalidQueryError(user_msg="coords must be one POINT(longitude latitude)")
        bands = self._bands(asked.get("select_properties") or ())
        with self._opened() as raster:
            transformer = Transformer.from_crs("EPSG:4326", raster.crs, always_xy=True)
            column, row = ~raster.transform @ transformer.transform(point.x, point.y)
            values = np.full(len(bands), np.nan)
            if 0 <= column < raster.width and 0 <= row < raster.height:
                cell = Window(math.floor(column), math.floor(row), 1, 1)
                values = raster.read(list(bands.values()), window=cell)[:, 0, 0]
        domain = {
            "type": "Domain", "domainType": "Point",
            "axes": {"x": {"values": [point.x]}, "y": {"values": [point.y]}},
            "referencing": [_reference("GeographicCRS", LONGITUDE_LATITUDE)],
        }  # fmt: skip
        return self._coverage(domain, {name: value.reshape(1, 1) for name, value in zip(bands, values, strict=True)})


class Grid(_Raster, BaseProvider):  # type: ignore[misc]
    """The whole map or a box of it, on its own cells."""

    def __init__(self, provider_def: Mapping[str, Any]) -> None:
        """As pygeoapi calls it."""
        BaseProvider.__init__(self, provider_def)
        self._describe(provider_def)
        with self._opened() as raster:
            self.axes, self.num_bands, self.filename = ["x", "y"], raster.count, self._path.name
            self._coverage_properties = {
                "width": raster.width, "height": raster.height, "resx": raster.res[0], "resy": raster.res[1],
            }  # fmt: skip

    def query(self, **asked: Any) -> Json | bytes:
        """CoverageJSON or a GeoTIFF of the cells that a box touches.

        Raises:
            ProviderInvalidQueryError: the box is none, or outside the map.
            ProviderRequestEntityTooLargeError: too many numbers for CoverageJSON.
        """
        bands = self._bands(asked.get("properties") or ())
        with self._opened() as raster:
            window = _window(raster, asked)
            if asked.get("format_") == GEOTIFF:
                return _geotiff(raster, window, list(bands.values()))
            if (count := len(bands) * window.width * window.height) > MOST_NUMBERS:
                message = f"{count} numbers are too many; name properties, a smaller bbox, or f={GEOTIFF}"
                raise ProviderRequestEntityTooLargeError(message)
            values = raster.read(list(bands.values()), window=window)
            transform, authority = raster.window_transform(window), raster.crs.to_authority()
        rows, columns = values.shape[1:]
        left, top = transform @ (0.5, 0.5)
        right, bottom = transform @ (columns - 0.5, rows - 0.5)
        system = "http://www.opengis.net/def/crs/{}/0/{}".format(*authority) if authority else None
        domain = {
            "type": "Domain", "domainType": "Grid",
            "axes": {"x": {"start": left, "stop": right, "num": columns},
                     "y": {"start": top, "stop": bottom, "num": rows}},
            "referencing": [_reference("ProjectedCRS", system)],
        }  # fmt: skip
        return self._coverage(domain, dict(zip(bands, values, strict=True)))


def file_of(provider_def: Mapping[str, Any]) -> Path:
    """A file of the configuration, whose folder may be moved and served from anywhere."""
    return Path(os.environ.get("PYGEOAPI_CONFIG", "")).absolute().parent / str(provider_def["data"])


def parameters_of(names: Sequence[str], scenario: str) -> list[str]:
    """An identifier for each band: its condition in small letters, digits and hyphens."""
    slugs = [slug(name.removeprefix(f"{scenario}, ")) for name in names]
    return [each if slugs.count(each) == 1 else f"{each}-{number}" for number, each in enumerate(slugs, start=1)]


def _reference(kind: str, system: str | None) -> Json:
    return {"coordinates": ["x", "y"], "system": {"type": kind, **({"id": system} if system else {})}}


def _window(raster: DatasetReader, asked: Mapping[str, Any]) -> Window:
    """The cells that ``bbox`` (longitude and latitude) or ``subsets`` (the map's own coordinates) touch."""
    box, subsets = asked.get("bbox") or [], asked.get("subsets") or {}
    if asked.get("bbox_crs") not in (None, LONGITUDE_LATITUDE) or len(box) == 6 or (box and subsets):
        raise ProviderInvalidQueryError(user_msg="give bbox with four numbers in longitude and latitude, or subset")
    west, south, east, north = raster.bounds
    try:
        if box:
            west, south, east, north = transform_bounds("EPSG:4326", raster.crs, *box)
        if "x" in subsets:
            west, east = (float(subsets["x"][index]) for index in (0, -1))
        if "y" in subsets:
            south, north = (float(subsets["y"][index]) for index in (0, -1))
        edges = from_bounds(west, south, east, north, raster.transform)
        first = math.floor(max(edges.col_off, 0)), math.floor(max(edges.row_off, 0))
        last = (
            math.ceil(min(edges.col_off + edges.width, raster.width)),
            math.ceil(min(edges.row_off + edges.height, raster.height)),
        )
    except (ValueError, TypeError, OverflowError, RasterioError) as error:
        raise ProviderInvalidQueryError(f"{error}", user_msg="this is no box") from error
    if last[0] <= first[0] or last[1] <= first[1]:
        raise ProviderInvalidQueryError(user_msg="the box is outside the map; nothing is known there")
    return Window(*first, last[0] - first[0], last[1] - first[1])


def _geotiff(raster: DatasetReader, window: Window, bands: Sequence[int]) -> bytes:
    """A GeoTIFF with names, units and statements of the bands."""
    profile = raster.profile | {
        "driver": GEOTIFF, "count": len(bands), "width": window.width, "height": window.height,
        "transform": raster.window_transform(window), "tiled": False,
    }  # fmt: skip
    for name in ("blockxsize", "blockysize", "interleave"):
        profile.pop(name, None)
    with MemoryFile() as memory:
        with memory.open(**profile) as part:
            part.write(raster.read(list(bands), window=window))
            part.update_tags(**{name: text for name, text in raster.tags().items() if name != "AREA_OR_POINT"})
            for number, band in enumerate(bands, start=1):
                part.set_band_description(number, raster.descriptions[band - 1])
                part.set_band_unit(number, raster.units[band - 1])
        return bytes(memory.read())
