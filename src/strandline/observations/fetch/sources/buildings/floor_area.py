"""Class and floor area of mapped buildings, and the file that the region file names as its survey."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.files import write_atomically
from strandline.observations.arrays import Floats
from strandline.observations.fetch.source import PlannedFile, RegionSection, TomlValue

STOREY = 3.0
"""[m] ASSUMPTION: height of a storey, by which a height is turned into floors."""
OVERHANG = 0.15
"""[-] ASSUMPTION: by which a roof seen from above may be larger than the floor below."""
UNSTATED_FLOORS = (1.0, 2.0)
"""ASSUMPTION: floors of a building whose floors and height nobody stated, the likely and the most."""
_SMALLEST = 4.0
"""[m2] Below which it is no building."""
_FLOORS = 100.0


def exposure_of(
    footprints: gpd.GeoDataFrame,
    asset_id: pd.Series,
    asset_class: pd.Series,
    floors: npt.ArrayLike,
    height: npt.ArrayLike,
) -> gpd.GeoDataFrame:
    """A point a building (EPSG:4326), with class, floor area [m2] and its bounds.

    Args:
        footprints: polygons (EPSG:4326).
        asset_class: empty = not stated; such a building is taken for a home.
        floors: storeys above ground; NaN = not stated.
        height: [m]; NaN = not stated.

    Returns:
        Columns ``asset_id``, ``asset_class``, ``class_is_stated``, ``floor_area``, ``floor_area_low``,
        ``floor_area_high``.
    """
    projected = footprints.geometry.to_crs(footprints.estimate_utm_crs())
    area = projected.area.to_numpy()
    likely, most = storeys(np.asarray(floors, dtype=float), np.asarray(height, dtype=float))
    chosen = np.isfinite(area) & (area >= _SMALLEST)
    stated = (asset_class != "").to_numpy()
    return gpd.GeoDataFrame(
        {
            "asset_id": asset_id.to_numpy()[chosen],
            "asset_class": np.where(stated, asset_class, "residential")[chosen],
            "class_is_stated": stated[chosen],
            "floor_area": np.round(area * likely, 1)[chosen],
            "floor_area_low": np.round(area * likely * (1 - OVERHANG), 1)[chosen],
            "floor_area_high": np.round(area * most, 1)[chosen],
        },
        geometry=projected.centroid.to_crs(4326).to_numpy()[chosen],
        crs="EPSG:4326",
    )


def storeys(floors: Floats, height: Floats) -> tuple[Floats, Floats]:
    """Likely and most storeys (N,): as stated, else by the height, else ``UNSTATED_FLOORS``; NaN = not stated."""
    by_height = np.maximum(np.round(height / STOREY), 1.0)
    known = np.where(np.isfinite(floors) & (floors >= 1), floors, by_height)
    likely, most = (np.where(np.isfinite(known), known, unstated) for unstated in UNSTATED_FLOORS)
    return np.clip(likely, 1.0, _FLOORS), np.clip(most, 1.0, _FLOORS)


def write_exposure(buildings: gpd.GeoDataFrame, to: Path) -> None:
    """Raises: InputError: the disk is full."""
    with write_atomically(to) as path:
        buildings.to_file(path, layer="buildings", driver="GPKG", engine="pyogrio")


def section_of(planned: PlannedFile, year: int, source: str, licence: str) -> RegionSection:
    """The ``[[assets]]`` of the file; bounds of values come from the preset of the country, or ``value_per_m2``."""
    names = ("asset_id", "asset_class", "floor_area", "floor_area_low", "floor_area_high", "class_is_stated")
    columns: TomlValue = {name: name for name in names}
    values: dict[str, TomlValue] = {
        "kind": "map", "path": planned.region_path, "columns": columns, "survey_year": year, "source": source,
        "licence": licence,
    }  # fmt: skip
    comment = (
        "Buildings as mapped, most of them from above: no survey. ASSUMPTION: what has no class is a home, what has no"
        " floors has one, two at most. Money needs 'value_per_m2' here, or the preset of a country in [planning]; it is"
        " then a wide range."
    )
    return RegionSection("assets", values, is_repeated=True, comments=(comment,))


def notes_of(buildings: gpd.GeoDataFrame) -> tuple[str, ...]:
    """What a user must know of the buildings."""
    area, low, high = (float(buildings[name].sum()) for name in ("floor_area", "floor_area_low", "floor_area_high"))
    return (
        f"{len(buildings):,} buildings; {buildings['class_is_stated'].mean():.0%} have a class, the others are taken"
        " for homes",
        f"their floor area is {area / 1e6:.2f} km2, between {low / 1e6:.2f} and {high / 1e6:.2f} by what is not stated",
    )
