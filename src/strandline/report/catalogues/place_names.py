"""Names of the places of a run as a file of its folder, for maps."""

import json

import geopandas as gpd

from strandline.observations.exposure.place_names import NAME_IN
from strandline.observations.fetch.credits.data_files import DataFile, attributions

PLACE_NAMES_FILE = "place_names.geojson"
SECTION = "place_names"
"""Of the region file."""


def place_names_geojson(places: gpd.GeoDataFrame, files: tuple[DataFile, ...]) -> str:
    """The places in longitude and latitude (RFC 7946), the largest first, with licence and credit of their file.

    ``null`` = not stated; languages in which no place has a name are left out.
    """
    unused = [name for name in places.columns if name.startswith(NAME_IN) and places[name].isna().all()]
    degrees = places.drop(columns=unused).to_crs("EPSG:4326")
    points = degrees.set_geometry(degrees.geometry.set_precision(1e-6))
    collection = json.loads(points.to_json(na="null", drop_id=True, to_wgs84=True))
    own = tuple(each for each in files if SECTION in each.used_for.split(", "))
    collection["licence"] = ", ".join(dict.fromkeys(each.licence for each in own))
    collection["credits"] = list(attributions(own))
    return json.dumps(collection, ensure_ascii=False, allow_nan=False) + "\n"
