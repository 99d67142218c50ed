"""Assets of surveys and maps, in common vector formats."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Mask
from strandline.observations.checks.findings import Checked
from strandline.observations.checks.survey import (
    HIGHEST,
    doubts_about_a_map,
    doubts_about_joining,
    doubts_about_rows,
    doubts_about_values,
)
from strandline.observations.checks.times import REMEDY, implausible_years
from strandline.observations.exposure.assets import (
    ASSET_CLASSES,
    ASSET_DETAILS,
    ASSET_LEVELS,
    BUILDINGS,
    EMBANKMENT_CONDITIONS,
    ROADS,
    UNKNOWN_CONDITION,
)
from strandline.observations.exposure.joining import AssetFile, count_by_cell, join_files
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.greatest_damage import BUILDINGS as MATERIALS
from strandline.observations.region_file.prices.greatest_damage import greatest_damage, value_of_mapped
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.region_file.surveys.exposure_sections import AssetsSection
from strandline.observations.variables import VARIABLES

_log = logging.getLogger(__name__)
_SWAPPED_SHARE = 0.1
"""Of the rows outside the region, that lie inside once longitude and latitude are swapped."""


def read_all_assets(
    sections: Sequence[AssetsSection], region: Region, planning: PlanningSection | None = None
) -> Checked[gpd.GeoDataFrame]:
    """The assets of every ``[[assets]]``, each thing once; buildings of a map are counted by cell.

    Raises:
        InputError: with file, row and remedy.
    """
    read = [read_assets(section, region, planning) for section in sections]
    joined = join_files(
        [AssetFile(each.path.stem, part.value, each.kind == "map") for each, part in zip(sections, read, strict=True)]
    )
    findings = [finding for part in read for finding in part.findings]
    names = ", ".join(_name_of(each.path) for each in sections)
    findings += doubts_about_joining(joined.merged, names)
    return Checked(count_by_cell(joined, region), tuple(findings))


def read_assets(
    settings: AssetsSection, region: Region, planning: PlanningSection | None = None
) -> Checked[gpd.GeoDataFrame]:
    """The assets whose centroid is inside the region, with ``ASSET_COLUMNS``, in the region's CRS.

    How many lie outside is a finding.

    Args:
        planning: states the money of all values; ``None`` = EUR 2010.

    Raises:
        InputError: with file, row and remedy.
    """
    columns, path = settings.columns, settings.path
    prices = (planning or PlanningSection()).prices
    money, highest = prices.unit, HIGHEST["value"] * prices.factor(EUR_2010)
    frame = read_vectors(path, columns.model_dump(exclude_none=True).values())
    projected = frame.to_crs(region.crs)
    points = projected.geometry.centroid
    row, _ = region.cells_of(_finite(points.x), _finite(points.y))
    inside = row >= 0
    if not inside.any():
        _raise_outside(frame, path, region)
    _refuse_swapped(frame[~inside], path, region)
    nowhere = ~(np.isfinite(points.x) & np.isfinite(points.y)).to_numpy()
    if nowhere.any():
        what = f"lies nowhere on the map of {region.crs} ({nowhere.sum()} such rows)"
        raise InputError(f"{path} row {int(nowhere.argmax()) + 1}", what, "check its coordinates and the file's CRS")
    _log.info("assets: %d of %d lie in the region", inside.sum(), len(frame))
    chosen = frame[inside]
    mapped: dict[str, np.ndarray] = {}
    if settings.kind == "map":
        value, mapped = _of_a_map(settings, chosen, path, planning or PlanningSection())
    elif columns.value is not None:
        value = _numbers(chosen, columns.value, path, "value", highest)
    else:
        per_area = _value_per_area(settings, chosen, path, planning or PlanningSection())
        value = _numbers(chosen, str(columns.floor_area), path, "floor_area", HIGHEST["floor_area"]) * per_area
        _refuse(chosen, value > highest, str(columns.floor_area), *_too_much("value", highest), path=path)
    year = np.full(len(chosen), settings.survey_year)
    if columns.survey_year is not None:
        year = _numbers(chosen, columns.survey_year, path, None)
        _refuse(
            chosen, implausible_years(year), columns.survey_year, "cannot be the year of a survey", REMEDY, path=path
        )
    identity = np.array([f"asset_{i + 1}" for i in np.flatnonzero(inside)])
    if columns.asset_id is not None:
        identity = chosen[columns.asset_id].astype(str).to_numpy()
    repeated = pd.Series(identity).duplicated()
    if repeated.any():
        raise InputError(path, f"asset_id '{identity[repeated.argmax()]}' occurs twice", "give every asset one id")
    classes = _classes(settings, chosen, path)
    drawn_wrong = np.isin(classes, ROADS) & ~chosen.geometry.geom_type.str.endswith("LineString").to_numpy()
    if drawn_wrong.any():
        first = int(drawn_wrong.argmax())
        what = f"{classes[first]} '{identity[first]}' is not a line ({drawn_wrong.sum()} such rows)"
        raise InputError(f"{path} row {chosen.index[first] + 1}", what, "draw roads and bridges as lines")
    assets = gpd.GeoDataFrame(
        {
            "asset_id": identity,
            "asset_class": classes,
            "value": value,
            "survey_year": year.astype(int),
            **mapped,
            **_details(settings, chosen, path),
        },
        geometry=projected.geometry[inside].to_numpy(),
        crs=region.crs,
    )
    if settings.kind == "map":
        return Checked(assets, tuple(doubts_about_a_map(_stated(settings, chosen), _name_of(path))))
    findings = [
        *doubts_about_rows(len(assets), len(frame), str(path)),
        *doubts_about_values(assets["value"].to_numpy(), list(assets["asset_id"]), str(path), money),
    ]
    return Checked(assets, tuple(findings))


def _name_of(path: Path) -> str:
    """What a person calls a file: a fetched one without its release and box."""
    return re.split(r"[-_]\d", path.stem)[0]


def _raise_outside(frame: gpd.GeoDataFrame, path: Path, region: Region) -> None:
    """Raise InputError because no asset lies inside; the remedy tells whether x and y are swapped."""
    row, _ = _cells_when_swapped(frame, region)
    left, bottom, right, top = frame.total_bounds
    raise InputError(
        path,
        f"no asset lies in region '{region.name}' (they span {left:g} to {right:g}, {bottom:g} to {top:g} in "
        f"{frame.crs.to_string()})",
        "x and y are swapped: write longitude first" if (row >= 0).any() else "check CRS and region",
    )


def _refuse_swapped(outside: gpd.GeoDataFrame, path: Path, region: Region) -> None:
    """Raise InputError if many of the rows outside lie inside once their coordinates are swapped."""
    if outside.empty or abs(np.subtract(*region.centre_lonlat)) < 2.0:  # a point and its mirror image lie close
        return
    row, _ = _cells_when_swapped(outside, region)
    if (row >= 0).sum() > _SWAPPED_SHARE * len(outside):
        first = int(outside.index[int((row >= 0).argmax())]) + 1
        what = f"lies in region '{region.name}' only with x and y swapped ({(row >= 0).sum()} such rows)"
        raise InputError(f"{path} row {first}", what, "write longitude first in every row")


def _cells_when_swapped(frame: gpd.GeoDataFrame, region: Region) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each feature with x and y swapped; −1 outside."""
    points = frame.geometry.centroid if frame.crs.is_projected else frame.geometry.representative_point()
    swapped = gpd.GeoSeries(gpd.points_from_xy(points.y, points.x), crs=frame.crs).to_crs(region.crs)
    return region.cells_of(_finite(swapped.x), _finite(swapped.y))


def _finite(values: pd.Series) -> np.ndarray:
    """Coordinates; those that cannot be projected become a point far outside every region."""
    numbers = values.to_numpy(dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, -1e12)


def _details(settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path) -> dict[str, np.ndarray]:
    """The columns of ``ASSET_DETAILS`` that the survey has; an empty cell is NaN, any other must be a number.

    Crests and toes are brought to the region's datum.
    """
    details: dict[str, np.ndarray] = {}
    for name in ASSET_DETAILS:
        column = getattr(settings.columns, name)
        if column is None:
            continue
        if name == "name":
            details[name] = np.array([str(text).strip() or None if pd.notna(text) else None for text in frame[column]])
            continue
        if name == "district":
            details[name] = frame[column].to_numpy()
            continue
        if name == "condition":
            details[name] = _conditions(frame, column, path)
            continue
        is_level = name in ASSET_LEVELS
        numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
        wrong = frame[column].notna().to_numpy() & (~np.isfinite(numbers) | ((numbers < 0) & (not is_level)))
        what = "is not a number" + ("" if is_level else " of 0 or more")
        _refuse(frame, wrong, column, what, "correct it, or leave the cell empty if unknown", path=path)
        low, high = (VARIABLES["elevation"].low, VARIABLES["elevation"].high) if is_level else (0, HIGHEST[name])
        beyond = (numbers < low) | (numbers > high)
        _refuse(frame, beyond, column, f"lies outside {low:g} to {high:g}", "correct its unit", path=path)
        details[name] = numbers + settings.datum_shift if is_level else numbers
    if "crest" in details and "toe" in details:
        below = details["crest"] < details["toe"]
        remedy = "the crest is the higher one: correct either, or leave it empty if unknown"
        _refuse(frame, below, str(settings.columns.crest), "is a crest below its toe", remedy, path=path)
    return details


def _conditions(frame: gpd.GeoDataFrame, column: str, path: Path) -> np.ndarray:
    """(A,) condition of an embankment, in lower case; an empty cell is unknown."""
    stated = frame[column].map(lambda text: text.strip().lower() if isinstance(text, str) else text)
    stated = stated.where(stated.notna() & (stated != ""), UNKNOWN_CONDITION)
    known = (*EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION)
    remedy = f"write {', '.join(known)}, or leave the cell empty if nobody looked"
    _refuse(frame, ~stated.isin(known).to_numpy(), column, "is no condition of an embankment", remedy, path=path)
    return np.asarray(stated.to_numpy(dtype=object))


def _value_per_area(
    settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path, planning: PlanningSection
) -> np.ndarray:
    """Value of a square metre of floor [money of the plan]: the file's, or structure and contents of the preset."""
    preset = planning.preset_of_country
    if settings.value_per_m2 is not None or preset is None:
        return np.full(len(frame), settings.value_per_m2 or np.nan)
    column = settings.columns.building
    building = np.full(len(frame), settings.building or "masonry") if column is None else frame[column].to_numpy()
    known = np.isin(building.astype(str), MATERIALS)
    _refuse(frame, ~known, str(column), "is no kind of building", f"write {', '.join(MATERIALS)}", path=path)
    damage, classes = greatest_damage(preset, planning.prices), _classes(settings, frame, path)
    total = np.array(
        [damage[key].total if key in damage else np.nan for key in zip(classes, building.astype(str), strict=True)]
    )
    if np.isnan(total).any():
        without = classes[int(np.isnan(total).argmax())]
        what = f"the preset knows no value per m2 for the class '{without}'"
        raise InputError(f"{path} [assets]", what, "add 'value_per_m2', or a column of values")
    return total


def _of_a_map(
    settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path, planning: PlanningSection
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(A,) likely value [money]; and the columns ``MAP_DETAILS`` that the map has. NaN = nobody stated a price."""
    columns, empty = settings.columns, np.full(len(frame), np.nan)
    if columns.value is not None:
        value = pd.to_numeric(frame[columns.value], errors="coerce").to_numpy(dtype=np.float64)
        _refuse(frame, value < 0, columns.value, "is negative", "correct it, or leave it empty", path=path)
        return value, {}
    if columns.floor_area is None:
        return empty, {}
    likely = _numbers(frame, columns.floor_area, path, "floor_area", HIGHEST["floor_area"])
    low, high = (
        likely if column is None else _numbers(frame, column, path, "floor_area", HIGHEST["floor_area"])
        for column in (columns.floor_area_low, columns.floor_area_high)
    )
    disordered = ~((low <= likely) & (likely <= high))
    _refuse(frame, disordered, columns.floor_area, "lies outside its bounds", "order low, likely and high", path=path)
    details = {"floor_area": likely}
    price = np.full((3, len(frame)), settings.value_per_m2 or np.nan)
    preset = planning.preset_of_country
    if settings.value_per_m2 is None and preset is not None:
        classes, stated = _classes(settings, frame, path), _stated(settings, frame)
        found = value_of_mapped(preset, planning.prices, settings.building)
        unstated = found["unstated"]
        for row, (name, is_stated) in enumerate(zip(classes, stated, strict=True)):
            price[:, row] = (found.get(name) if is_stated or name not in BUILDINGS else unstated) or (np.nan,) * 3
    if np.isnan(price).all():
        return empty, details
    return likely * price[1], details | {"value_low": low * price[0], "value_high": high * price[2]}


def _stated(settings: AssetsSection, frame: gpd.GeoDataFrame) -> Mask:
    """(A,) whether somebody stated the class; where no column tells, yes."""
    column = settings.columns.class_is_stated
    if column is None:
        return np.ones(len(frame), dtype=bool)
    return np.asarray(frame[column].astype(str).str.lower().isin(["true", "1", "1.0", "yes"]))


def _too_much(quantity: str, highest: float) -> tuple[str, str]:
    """What is wrong with a number beyond the ``highest``, and the remedy."""
    what = f"gives a {quantity.replace('_', ' ')} above {highest:g}, which no asset has"
    return what, "correct the row or its unit: values are in the money of [planning] (without it EUR of 2010), areas m2"


def _numbers(
    frame: gpd.GeoDataFrame, column: str, path: Path, quantity: str | None, highest: float = np.inf
) -> np.ndarray:
    numbers: np.ndarray = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(numbers) | (numbers < 0)
    _refuse(frame, wrong, column, "is not a number of 0 or more", "correct it, or drop the row", path=path)
    if quantity is not None:
        _refuse(frame, numbers > highest, column, *_too_much(quantity, highest), path=path)
    return numbers


def _classes(settings: AssetsSection, frame: gpd.GeoDataFrame, path: Path) -> np.ndarray:
    column = settings.columns.asset_class
    if column is None:
        return np.full(len(frame), settings.asset_class)
    classes = frame[column].astype(str).map(lambda label: settings.classes.get(label, label))
    remedy = f"map it in assets.classes to one of {', '.join(ASSET_CLASSES)}"
    _refuse(frame, ~classes.isin(ASSET_CLASSES).to_numpy(), column, "is not an asset class", remedy, path=path)
    return np.asarray(classes)


def _refuse(frame: gpd.GeoDataFrame, wrong: Mask, column: str, what: str, remedy: str, *, path: Path) -> None:
    """Raise InputError with the first wrong row, if there is one."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        text = f"'{frame[column].iloc[rows[0]]}' in column '{column}' {what} ({rows.size} such rows)"
        raise InputError(f"{path} row {frame.index[rows[0]] + 1}", text, remedy)
