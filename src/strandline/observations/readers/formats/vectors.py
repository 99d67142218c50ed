"""Shapes with columns, from any common vector format."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio.errors
from pyproj.exceptions import ProjError

from strandline.errors import InputError


def read_vectors(path: Path, columns: Iterable[str]) -> gpd.GeoDataFrame:
    """The shapes of a GeoJSON, GeoPackage or GeoParquet file, none of them empty, in the file's own CRS.

    Args:
        columns: names that it must have.

    Raises:
        InputError: the file cannot be read, or has no shapes, not these columns, no CRS, or a row without geometry.
    """
    if not path.is_file():
        raise InputError(path, "does not exist", "check the path")
    if path.stat().st_size == 0:
        raise InputError(path, "is empty", "give the file with its data")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's remarks on files that it then refuses
            frame = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path, engine="pyogrio")
    except ImportError as error:
        raise InputError(path, "is GeoParquet", "pip install 'strandline[parquet]' to read it") from error
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise InputError(path, f"cannot be read ({error})", "give a whole GeoJSON, GeoPackage or GeoParquet") from error
    except (OSError, ValueError, KeyError, TypeError, ProjError) as error:
        raise InputError(path, f"cannot be read ({error})", "give a whole GeoJSON, GeoPackage or GeoParquet") from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        raise InputError(path, "holds no shapes", "give a file with at least one shape")
    for name in columns:
        if name not in frame.columns:
            there = ", ".join(str(column) for column in frame.columns if column != "geometry")
            raise InputError(path, f"has no column '{name}'", f"its columns are {there}")
    if frame.crs is None:
        raise InputError(path, "has no coordinate reference system", "write one into it (GeoJSON: longitude, latitude)")
    empty = np.flatnonzero(frame.geometry.isna() | frame.geometry.is_empty)
    if empty.size:
        raise InputError(f"{path} row {empty[0] + 1}", f"has no geometry ({empty.size} such rows)", "drop such rows")
    return frame
