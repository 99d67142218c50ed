"""Zones that the watch speaks of: polygons with names, as a place's own people drew them."""

import geopandas as gpd
from shapely import box

from strandline.errors import InputError
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import ZonesSection

POLYGONS = ("Polygon", "MultiPolygon")


def read_zones(settings: ZonesSection, region: Region) -> gpd.GeoDataFrame:
    """Columns ``name`` and ``geometry`` in the region's CRS, by name; what bears the same name is one zone.

    Raises:
        InputError: names the file, the row and what would be right.
    """
    path = settings.path
    frame = read_vectors(path, [settings.name_column])
    name = frame[settings.name_column]
    for row, (word, kind) in enumerate(zip(name, frame.geometry.geom_type, strict=True), start=1):
        if not isinstance(word, str) or not word.strip():
            raise InputError(f"{path} row {row}", f"has no name in column '{settings.name_column}'", "name every zone")
        if kind not in POLYGONS:
            raise InputError(f"{path} row {row}", f"is a {kind}", "draw zones as polygons")
    placed = frame.geometry.to_crs(region.crs).make_valid()
    joined = gpd.GeoDataFrame({"name": name.str.strip()}, geometry=placed).dissolve("name").reset_index()
    if not joined.intersects(box(*region.bounds)).any():
        raise InputError(
            path, f"no zone lies in region '{region.name}'", "check its CRS, and longitude before latitude"
        )
    return joined[["name", "geometry"]]
