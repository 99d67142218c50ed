"""Assets from a survey in a common vector format, or as a lattice in place of a survey."""

import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Mask
from strandline.observations.assets import ASSET_CLASSES, ASSET_DETAILS
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import AssetsSection, LatticeSection

_log = logging.getLogger(__name__)


def read_assets(settings: AssetsSection, region: Region, terrain: xr.Dataset) -> gpd.GeoDataFrame:
    """The assets whose centroid is inside the region, with ``ASSET_COLUMNS``, in the region's CRS.

    Raises:
        InputError: with file, row and remedy.
    """
    if settings.lattice is not None:
        return build_asset_lattice(settings.lattice, int(settings.survey_year or 0), region, terrain)
    columns, path = settings.columns, settings.path or Path()  # the section has one where it has no lattice
    frame = read_vectors(path, columns.model_dump(exclude_none=True).values())
    projected = frame.to_crs(region.crs)
    points = projected.geometry.centroid
    row, _ = region.cells_of(_finite(points.x), _finite(points.y))
    inside = row >= 0
    if not inside.any():
        _raise_outside(frame, path, region)
    _log.info("assets: %d of %d lie in the region", inside.sum(), len(frame))
    chosen = frame[inside]
    if columns.value is not None:
        value = _numbers(chosen, columns.value, path)
    else:
        value = _numbers(chosen, str(columns.floor_area), path) * float(settings.value_per_m2 or np.nan)
    year = np.full(len(chosen), settings.survey_year)
    if columns.survey_year is not None:
        year = _numbers(chosen, columns.survey_year, path)
    identity = np.array([f"asset_{i + 1}" for i in np.flatnonzero(inside)])
    if columns.asset_id is not None:
        identity = chosen[columns.asset_id].astype(str).to_numpy()
    repeated = pd.Series(identity).duplicated()
    if repeated.any():
        raise InputError(path, f"asset_id '{identity[repeated.argmax()]}' occurs twice", "give every asset one id")
    return gpd.GeoDataFrame(
        {
            "asset_id": identity,
            "asset_class": _classes(settings, chosen, path),
            "value": value,
            "survey_year": year.astype(int),
            **_details(settings, chosen, path),
        },
        geometry=projected.geometry[inside].to_numpy(),
        crs=region.crs,
    )


def build_asset_lattice(lattice: LatticeSection, year: int, region: Region, terrain: xr.Dataset) -> gpd.GeoDataFrame:
    """The same building on every lattice node of known land, in place of a survey."""
    left, bottom, right, top = region.bounds
    x, y = np.meshgrid(
        np.arange(left + lattice.spacing / 2, right, lattice.spacing),
        np.arange(top - lattice.spacing / 2, bottom, -lattice.spacing),
    )
    row, column = region.cells_of(x.ravel(), y.ravel())
    known = ~np.isnan(terrain["elevation"].values[row, column])
    land = known & (terrain["permanent_water"].values[row, column] == 0) & (row >= 0)
    if not land.any():
        raise InputError(
            "assets.lattice", f"no node of {lattice.spacing:g} m is on known land", "use a smaller spacing"
        )
    count = int(land.sum())
    return gpd.GeoDataFrame(
        {
            "asset_id": [f"lattice_{i + 1:04d}" for i in range(count)],
            "asset_class": [lattice.asset_class] * count,
            "value": np.full(count, lattice.floor_area * lattice.value_per_m2),
            "survey_year": np.full(count, year),
        },
        geometry=gpd.points_from_xy(x.ravel()[land], y.ravel()[land]),
        crs=region.crs,
    )


def _raise_outside(frame: gpd.GeoDataFrame, path: Path, region: Region) -> None:
    """Raise InputError because no asset lies inside; the remedy tells whether x and y are swapped."""
    points = frame.geometry.centroid if frame.crs.is_projected else frame.geometry.representative_point()
    swapped = gpd.GeoSeries(gpd.points_from_xy(points.y, points.x), crs=frame.crs).to_crs(region.crs)
    row, _ = region.cells_of(_finite(swapped.x), _finite(swapped.y))
    left, bottom, right, top = frame.total_bounds
    raise InputError(
        path,
        f"no asset lies in region '{region.name}' (they span {left:g} to {right:g}, {bottom:g} to {top:g} in "
        f"{frame.crs.to_string()})",
        "x and y are swapped: write longitude first" if (row >= 0).any() else "check CRS and region",
    )


def _finite(values: pd.Series) -> np.ndarray:
    """Coordinates; those that cannot be projected become a point far outside every region."""
    numbers = values.to_numpy(dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, -1e12)


def _details(settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path) -> dict[str, np.ndarray]:
    """The columns of ``ASSET_DETAILS`` that the survey has; an empty cell is NaN, any other must be a number.

    Crests are brought to the region's datum.
    """
    details: dict[str, np.ndarray] = {}
    for name in ASSET_DETAILS:
        column = getattr(settings.columns, name)
        if column is None:
            continue
        if name == "district":
            details[name] = frame[column].to_numpy()
            continue
        numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
        wrong = frame[column].notna().to_numpy() & (~np.isfinite(numbers) | ((numbers < 0) & (name != "crest")))
        what = "is not a number" + ("" if name == "crest" else " of 0 or more")
        _refuse(frame, wrong, column, what, path, "correct it, or leave the cell empty if unknown")
        details[name] = numbers + settings.datum_shift if name == "crest" else numbers
    return details


def _numbers(frame: gpd.GeoDataFrame, column: str, path: Path) -> np.ndarray:
    numbers: np.ndarray = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    _refuse(frame, wrong, column, "is not a number of 0 or more", path, "correct it, or drop the row")
    return numbers


def _classes(settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path) -> np.ndarray:
    column = settings.columns.asset_class
    if column is None:
        return np.full(len(frame), settings.asset_class)
    classes = frame[column].astype(str).map(lambda label: settings.classes.get(label, label))
    remedy = f"map it in assets.classes to one of {', '.join(ASSET_CLASSES)}"
    _refuse(frame, ~classes.isin(ASSET_CLASSES).to_numpy(), column, "is not an asset class", path, remedy)
    return np.asarray(classes)


def _refuse(frame: gpd.GeoDataFrame, wrong: Mask, column: str, what: str, path: Path, remedy: str) -> None:
    """Raise InputError with the first wrong row, if there is one."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        text = f"'{frame[column].iloc[rows[0]]}' in column '{column}' {what} ({rows.size} such rows)"
        raise InputError(f"{path} row {frame.index[rows[0]] + 1}", text, remedy)
