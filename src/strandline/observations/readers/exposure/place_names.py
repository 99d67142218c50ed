"""Names of places, in common vector formats."""

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Mask
from strandline.observations.exposure.place_names import KINDS, NAME_IN, largest_first
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.exposure_sections import PlaceNamesSection

MOST_PEOPLE = 1e8
"""[-] No city has more."""


def read_place_names(settings: PlaceNamesSection, region: Region) -> gpd.GeoDataFrame:
    """The named places within the region, the largest first; none is no error: an empty coast has none.

    Columns ``name``, ``kind`` (of ``KINDS``), ``population`` [-] and one of each language, as ``name_en``; ``None`` or
    NaN = not stated. Points in the region's CRS: of an area one within it. What has no name is left out.

    Raises:
        InputError: with file, row and remedy; also where all places lie in the region once x and y are swapped.
    """
    path, columns = settings.path, settings.columns
    stated = [columns.kind, columns.population, *columns.name_in.values()]
    frame = read_vectors(path, [columns.name, *filter(None, stated)])
    kind = _kinds(frame, columns.kind, settings)
    people = _people(frame, columns.population, settings)
    places = gpd.GeoDataFrame(
        {
            "name": _texts(frame[columns.name]),
            "kind": kind,
            "population": people,
            **{f"{NAME_IN}{language}": _texts(frame[column]) for language, column in sorted(columns.name_in.items())},
        },
        geometry=_points(frame).to_numpy(),
        crs=frame.crs,
    )
    projected = places.to_crs(region.crs)
    inside = _inside(projected.geometry, region)
    if not inside.any():
        swapped = gpd.GeoSeries(gpd.points_from_xy(places.geometry.y, places.geometry.x), crs=frame.crs)
        if _inside(swapped.to_crs(region.crs), region).any():
            what = f"no place lies in region '{region.name}' unless x and y are swapped"
            raise InputError(path, what, "write longitude first")
    return largest_first(projected[inside & projected["name"].notna().to_numpy()])


def _points(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """A point of each feature, within it."""
    shapes = frame.geometry
    return shapes.where(shapes.geom_type == "Point", shapes.representative_point())


def _inside(points: gpd.GeoSeries, region: Region) -> Mask:
    x, y = (np.nan_to_num(each.to_numpy(dtype=float), nan=np.inf) for each in (points.x, points.y))
    left, bottom, right, top = region.bounds
    return np.asarray((left <= x) & (x < right) & (bottom < y) & (y <= top))


def _texts(column: pd.Series) -> np.ndarray:
    """Each text on one line; ``None`` = empty."""
    texts = [(" ".join(str(text).split()) or None) if pd.notna(text) else None for text in column]
    return np.array(texts, dtype=object)


def _kinds(frame: gpd.GeoDataFrame, column: str | None, settings: PlaceNamesSection) -> np.ndarray:
    if column is None:
        return np.full(len(frame), None)
    kinds = _texts(frame[column])
    for row, kind in enumerate(kinds, start=1):
        if kind is not None and kind not in KINDS:
            remedy = f"write {', '.join(KINDS)}, or leave the cell empty"
            raise InputError(f"{settings.path} row {row}", f"'{kind}' in column '{column}' is no kind of place", remedy)
    return kinds


def _people(frame: gpd.GeoDataFrame, column: str | None, settings: PlaceNamesSection) -> np.ndarray:
    if column is None:
        return np.full(len(frame), np.nan)
    people = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = frame[column].notna().to_numpy() & ~((people >= 0) & (people <= MOST_PEOPLE))
    if wrong.any():
        row = int(wrong.argmax())
        what = f"'{frame[column].iloc[row]}' in column '{column}' is no number of people"
        raise InputError(f"{settings.path} row {row + 1}", what, "correct it, or leave the cell empty")
    return np.asarray(people)
