"""Named polygons for the watch's reports."""

import geopandas as gpd
from shapely import box

from strandline.errors import InputError
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import ZonesSection

POLYGONS = ("Polygon", "MultiPolygon")


def read_zones(settings: ZonesSection, region: Region) -> gpd.GeoDataFrame:
    """Columns ``name`` and ``geometry`` in the region's CRS, sorted by name; polygons of one name form one zone.

    Raises:
        InputError: with file, row and remedy.
    """
    path = settings.path
    frame = read_vectors(path, [settings.name_column])
    name = frame[settings.name_column]
    for row, (zone_name, kind) in enumerate(zip(name, frame.geometry.geom_type, strict=True), start=1):
        if not isinstance(zone_name, str) or not zone_name.strip():
            raise InputError(f"{path} row {row}", f"has no name in column '{settings.name_column}'", "name every zone")
        if kind not in POLYGONS:
            raise InputError(f"{path} row {row}", f"is a {kind}", "give zones as polygons")
    projected = frame.geometry.to_crs(region.crs).make_valid()
    zones = gpd.GeoDataFrame({"name": name.str.strip()}, geometry=projected).dissolve("name").reset_index()
    if not zones.intersects(box(*region.bounds)).any():
        raise InputError(
            path, f"no zone lies in region '{region.name}'", "check its CRS and the order of longitude and latitude"
        )
    return zones[["name", "geometry"]]
