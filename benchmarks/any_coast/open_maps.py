"""Buildings, lifelines and towns of a place, as OpenStreetMap's Overpass API and Overture's bucket give them."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

from benchmarks.any_coast.places import ABOUT, STAND_IN
from benchmarks.any_coast.protocols.data_service import Reply

RELEASE = "2026-10-21.0"
BUCKET = "overturemaps-us-west-2"
PARQUET = f"release/{RELEASE}/theme=buildings/type=building/part-00000.zstd.parquet"
_TAGS = {
    "road": {"highway": "tertiary"},
    "bridge": {"highway": "tertiary", "bridge": "yes"},
    "hospital": {"amenity": "hospital", "name": f"Upazila hospital ({STAND_IN})"},
    "shelter": {"amenity": "school", "name": f"Cyclone shelter cum school ({STAND_IN})"},
    "embankment": {"man_made": "dyke"},
}
_FIRST_PLACE, _FIRST_WAY = 10**9, 10**10
"""Identifiers of points with tags, and of ways."""
_BOUNDS = re.compile(r"\((-?[\d.]+),(-?[\d.]+),(-?[\d.]+),(-?[\d.]+)\)")


def write_buildings(buildings: gpd.GeoDataFrame, path: Path) -> None:
    """As GeoParquet in the columns of Overture that are read, with ``bbox`` as a struct."""
    bounds = buildings.bounds.to_numpy(dtype=np.float32)
    names = ("xmin", "ymin", "xmax", "ymax")
    bbox = pa.StructArray.from_arrays([pa.array(bounds[:, column]) for column in range(4)], names=names)
    subtype = [text or None for text in buildings["subtype"]]
    table = pa.table(
        {
            "id": [f"{number:08x}-{STAND_IN.replace(' ', '-')}" for number in range(len(buildings))],
            "geometry": pa.array(shapely.to_wkb(buildings.geometry.to_numpy())),
            "bbox": bbox,
            "subtype": pa.array(subtype, pa.string()),
            "height": pa.nulls(len(buildings), pa.float64()),
            "num_floors": pa.array(buildings["floors"].to_numpy(), pa.float64(), from_pandas=True),
        }
    )
    geo = b'{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB",'
    geo += b'"geometry_types":["Polygon"]}}}'
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({b"geo": geo}), path)


class Overpass:
    """Answers Overpass QL for a box with what lies in it: buildings or towns where they are asked for, else lifelines.

    Args:
        towns: real ones, name → latitude, longitude.
    """

    def __init__(
        self, buildings: gpd.GeoDataFrame, lifelines: gpd.GeoDataFrame, towns: dict[str, tuple[float, float]]
    ) -> None:
        self._buildings, self._lifelines = buildings, lifelines
        names = [name.partition(",")[0] for name in towns]
        points = [shapely.Point(longitude, latitude) for latitude, longitude in towns.values()]
        self._towns = gpd.GeoDataFrame({"town": names}, geometry=points, crs="EPSG:4326")

    def __call__(self, asked: dict[str, str]) -> Reply:
        question = asked.get("data", "")
        found = _BOUNDS.search(question)
        if found is None:
            return Reply("<html><body>Error: no bounds</body></html>", 400, "text/html")
        south, west, north, east = map(float, found.groups())
        features = self._buildings if '"building"' in question else self._lifelines
        if '"place"' in question:
            features = self._towns
        inside = features.iloc[features.sindex.query(shapely.box(west, south, east, north))]
        return Reply(as_osm(inside), kind="application/osm3s+xml")


def as_osm(features: gpd.GeoDataFrame) -> str:
    """OSM XML; each shape has nodes of its own, but where it is closed."""
    nodes: list[str] = []
    elements: list[str] = []
    for _, feature in features.iterrows():
        tags = _tags(feature)
        for part in _parts(feature.geometry):
            if part.geom_type == "Point":
                elements.append(_element("node", _FIRST_PLACE + len(elements), tags, part.x, part.y))
                continue
            points = part.exterior.coords if part.geom_type == "Polygon" else part.coords
            first, references = len(nodes) + 1, []
            for longitude, latitude in points[:-1] if part.is_ring or part.geom_type == "Polygon" else points:
                nodes.append(f'<node id="{len(nodes) + 1}" lat="{latitude:.7f}" lon="{longitude:.7f}"/>')
                references.append(len(nodes))
            if part.is_ring or part.geom_type == "Polygon":
                references.append(first)
            inner = "".join(f'<nd ref="{reference}"/>' for reference in references)
            elements.append(f'<way id="{_FIRST_WAY + len(elements)}">{inner}{_inner(tags)}</way>')
    note = f"<note>{escape(ABOUT)}</note>"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="Overpass API">\n'
    return f"{head}{note}\n" + "\n".join([*nodes, *elements]) + "\n</osm>\n"


def _tags(feature: object) -> dict[str, str]:
    if (town := getattr(feature, "town", None)) is not None:
        return {"place": "town", "name": str(town)}
    kind = getattr(feature, "asset_class", None)
    if kind is not None:
        return _TAGS[str(kind)]
    levels = getattr(feature, "floors", np.nan)
    return {"building": "yes", **({"building:levels": f"{levels:.0f}"} if np.isfinite(levels) else {})}


def _parts(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    """Points, lines and polygons; lines that meet are joined."""
    merged = shapely.line_merge(shape) if shape.geom_type == "MultiLineString" else shape
    yield from getattr(merged, "geoms", [merged])


def _element(kind: str, number: int, tags: dict[str, str], longitude: float, latitude: float) -> str:
    return f'<{kind} id="{number}" lat="{latitude:.7f}" lon="{longitude:.7f}">{_inner(tags)}</{kind}>'


def _inner(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{escape(key)}" v="{escape(value)}"/>' for key, value in tags.items())
