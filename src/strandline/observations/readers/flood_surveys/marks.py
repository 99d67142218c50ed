"""Points at which people saw or measured the water, from tables, questionnaires and vector files."""

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.readers.formats.tables import TextTable, read_table
from strandline.observations.readers.formats.units import to_si
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.region import Region
from strandline.observations.region_file.surveys.flood_survey_section import MarksSection
from strandline.observations.variables import VARIABLES

TABLES = (".csv", ".txt", ".tsv")
_NOWHERE = -1e12
"""[m] Of a place that cannot be projected: far outside every region."""
PARTS = (
    ("{}-Latitude", "{}-Longitude", "{}-Accuracy"),
    ("_{}_latitude", "_{}_longitude", "_{}_precision"),
)
"""Columns that ODK Central and KoboToolbox make of a question for a place. Source: expected exports in the tests of
getodk/central-backend, and the header of a Formhub export (KoboToolbox's ancestor) in a connector's documentation."""


@dataclass(frozen=True, eq=False)
class Marks:
    """N points.

    Attributes:
        x, y: [m, region CRS].
        height: depth above the ground, or level above the survey's datum [m].
        accuracy: of the position [m]; NaN = not stated.
        swapped_x, swapped_y: where they would lie, were their coordinates swapped [m, region CRS].
        empty: rows without a place or a height, which are left out.
    """

    x: Floats
    y: Floats
    height: Floats
    accuracy: Floats
    swapped_x: Floats
    swapped_y: Floats
    empty: int = 0

    @classmethod
    def at(
        cls,
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        region: Region,
        crs: str = "EPSG:4326",
        height: Floats | None = None,
        accuracy: Floats | None = None,
        empty: int = 0,
    ) -> Self:
        """Points at coordinates x and y of a CRS; longitude and latitude where none is given."""
        to_region = Transformer.from_crs(crs, region.crs, always_xy=True)
        here, there = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
        x, y = map(_on_map, to_region.transform(here, there))
        swapped_x, swapped_y = map(_on_map, to_region.transform(there, here))
        unknown = np.full(here.shape, np.nan)
        return cls(
            x,
            y,
            unknown if height is None else height,
            unknown if accuracy is None else accuracy,
            swapped_x,
            swapped_y,
            empty,
        )


def _on_map(coordinate: Floats) -> Floats:
    return np.where(np.isfinite(coordinate), coordinate, _NOWHERE)


def read_marks(survey: MarksSection, region: Region) -> Marks:
    """The marks that have a place and a height; depths of 0 to 30 m, levels that the sea can have.

    Raises:
        InputError: with file, row and remedy.
    """
    names = [suffix.lower() for suffix in survey.path.suffixes]
    is_table = any(suffix in TABLES for suffix in names)
    return _from_table(survey, region) if is_table else _from_vectors(survey, region)


def refuse_outside(marks: Marks, path: Path, region: Region) -> NoReturn:
    """Raise InputError because no mark lies inside; the remedy tells whether the coordinates are swapped."""
    row, _ = region.cells_of(marks.swapped_x, marks.swapped_y)
    raise InputError(
        path,
        f"no mark lies in region '{region.name}'",
        "longitude and latitude are swapped" if (row >= 0).any() else "check its places and the region's bounds",
    )


def _from_table(survey: MarksSection, region: Region) -> Marks:
    table, columns = read_table(survey.path, survey.delimiter), survey.columns
    name = str(columns.depth or columns.level)
    longitude, latitude, accuracy, place = _places(table, survey)
    value = table.numbers(name, survey.missing, survey.decimal)
    height = to_si(value, survey.unit)
    table.refuse(_implausible(height, survey), [name], _what(survey), "check 'unit', and name markers in 'missing'")
    beyond = (np.abs(longitude) > 180) | (np.abs(latitude) > 90)
    table.refuse(beyond, place, "is no place on earth", "write degrees, longitude and latitude in their own columns")
    known = ~(np.isnan(longitude) | np.isnan(latitude) | np.isnan(height))
    if not known.any():
        raise InputError(survey.path, "has no row with both a place and a height", "check the names in 'columns'")
    if columns.accuracy is not None:
        accuracy = table.numbers(columns.accuracy, survey.missing, survey.decimal)
    return Marks.at(
        longitude[known], latitude[known], region, height=height[known], accuracy=accuracy[known],
        empty=int((~known).sum()),
    )  # fmt: skip


def _places(table: TextTable, survey: MarksSection) -> tuple[Floats, Floats, Floats, list[str]]:
    """Longitude, latitude [degrees] and accuracy [m] of each row, NaN = none; and the columns they come from.

    Raises:
        InputError: no column holds places.
    """
    columns = survey.columns
    unknown = np.full(len(table.frame), np.nan)
    if columns.longitude is not None and columns.latitude is not None:
        names = [columns.longitude, columns.latitude]
        longitude, latitude = (table.numbers(each, survey.missing, survey.decimal) for each in names)
        return longitude, latitude, unknown, names
    if columns.position is None:
        raise InputError(
            f"{survey.path} [flood_survey.columns]",
            "does not say where the marks lie",
            "name columns.longitude and columns.latitude, or columns.position of a KoBo or ODK export",
        )
    group, _, question = columns.position.rpartition("/")
    for parts in PARTS:
        names = [f"{group}/{part.format(question)}" if group else part.format(question) for part in parts]
        if set(names[:2]) <= set(table.frame.columns):
            numbers = [
                table.numbers(each, survey.missing, survey.decimal) if each in table.frame.columns else unknown
                for each in names
            ]
            return numbers[1], numbers[0], numbers[2], [names[1], names[0]]
    parts_of = table.column(columns.position).str.split(r"[\s,]+", regex=True)
    number = [pd.to_numeric(parts_of.str[i], errors="coerce").to_numpy(dtype=float) for i in (0, 1, 3)]
    written = (table.column(columns.position) != "").to_numpy()
    table.refuse(
        written & ~(np.isfinite(number[0]) & np.isfinite(number[1])), [columns.position], "is no place",
        "write latitude, longitude, altitude and accuracy, with spaces between them",
    )  # fmt: skip
    return number[1], number[0], np.where(np.isfinite(number[2]), number[2], np.nan), [columns.position]


def _from_vectors(survey: MarksSection, region: Region) -> Marks:
    columns, path = survey.columns, survey.path
    name = str(columns.depth or columns.level)
    frame = read_vectors(path, [each for each in (name, columns.accuracy) if each is not None])
    kinds = frame.geometry.geom_type
    if (kinds != "Point").any():
        first = int((kinds != "Point").argmax())
        raise InputError(f"{path} row {first + 1}", f"is a {kinds.iloc[first]}", "give marks as points")
    height = to_si(pd.to_numeric(frame[name], errors="coerce"), survey.unit)
    stated = frame[name].notna().to_numpy() & (frame[name].astype(str).str.strip() != "").to_numpy()
    unreadable = stated & ~np.isfinite(height)
    for wrong, what in ((unreadable, "is not a number"), (_implausible(height, survey), _what(survey))):
        if wrong.any():
            first = int(wrong.argmax())
            text = f"'{frame[name].iloc[first]}' in column '{name}' {what} ({wrong.sum()} such rows)"
            raise InputError(f"{path} row {first + 1}", text, "correct it, or check 'unit'")
    known = np.isfinite(height)
    if not known.any():
        raise InputError(path, f"has no value in column '{name}'", "check the names in 'columns'")
    accuracy = np.full(len(frame), np.nan)
    if columns.accuracy is not None:
        accuracy = pd.to_numeric(frame[columns.accuracy], errors="coerce").to_numpy(dtype=float)
    points = frame.geometry[known]
    return Marks.at(points.x, points.y, region, frame.crs.to_wkt(), height[known], accuracy[known], int((~known).sum()))


def _implausible(height: Floats, survey: MarksSection) -> Mask:
    """Depths and levels [m] that no flood has; NaN is none."""
    if survey.columns.depth is not None:
        known = VARIABLES["flood_depth"]
        return (height < known.low) | (height > known.high)
    known, level = VARIABLES["water_level"], height + survey.datum_shift
    return (level < known.low) | (level > known.high)


def _what(survey: MarksSection) -> str:
    return f"{survey.unit} is no {'depth' if survey.columns.depth is not None else 'level'} of a flood"
