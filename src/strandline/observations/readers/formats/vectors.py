"""Vector files in common formats."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError

from strandline.errors import InputError
from strandline.observations.readers.formats.file_limits import check_file

_BROKEN = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    ShapelyError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    ProjError,
)
LARGEST_SURVEY = 2 << 30
"""[bytes] Some million buildings."""


def read_vectors(path: Path, columns: Iterable[str]) -> gpd.GeoDataFrame:
    """The features of a GeoJSON, GeoPackage, GeoParquet or shapefile, or the waypoints of a GPX, in its own CRS.

    Geometries are not empty.

    Args:
        columns: names of required columns.

    Raises:
        InputError: the file cannot be read, has no features or no CRS, lacks a column, or has a row without geometry.
    """
    if check_file(path, LARGEST_SURVEY).st_size == 0:
        raise InputError(path, "is empty", "give the file with its data")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL warns before it raises
            if path.suffix == ".parquet":
                frame = gpd.read_parquet(path)
            else:
                layer = {"layer": "waypoints"} if path.suffix.lower() == ".gpx" else {}
                frame = gpd.read_file(path, engine="pyogrio", **layer)
    except ImportError as error:
        raise InputError(path, "is GeoParquet", "pip install 'strandline[parquet]' to read it") from error
    except _BROKEN as error:
        raise InputError(
            path, f"cannot be read ({error})", "give a complete GeoJSON, GeoPackage, GeoParquet, shapefile or GPX"
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise InputError(path, "has no features", "give a file with at least one feature")
    for name in columns:
        if name not in frame.columns:
            available = ", ".join(str(column) for column in frame.columns if column != "geometry")
            raise InputError(path, f"has no column '{name}'", f"its columns are {available}")
    if frame.crs is None:
        raise InputError(path, "has no coordinate reference system", "write one into it (GeoJSON: longitude, latitude)")
    empty = np.flatnonzero(frame.geometry.isna() | frame.geometry.is_empty)
    if empty.size:
        raise InputError(f"{path} row {empty[0] + 1}", f"has no geometry ({empty.size} such rows)", "drop such rows")
    return frame
