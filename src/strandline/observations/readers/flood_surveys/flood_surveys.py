"""What people saw and measured of floods, as maps of the greatest depth on the region's grid.

Every survey ends as cells with a depth, dry cells and cells of which nothing is known. Where several know one cell, a
logger comes before a mark, a mark before a raster, a raster before a polygon.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.features
import xarray as xr
from rasterio.enums import Resampling
from shapely.geometry.base import BaseGeometry

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Mask
from strandline.observations.checks.findings import Checked, Finding
from strandline.observations.checks.survey import doubts_about_marks, doubts_about_rows
from strandline.observations.readers.flood_surveys.marks import Marks, read_marks, refuse_outside
from strandline.observations.readers.formats.rasters import open_raster, read_on_grid
from strandline.observations.readers.formats.tables import read_table
from strandline.observations.readers.formats.timestamps import read_times
from strandline.observations.readers.formats.units import to_si
from strandline.observations.readers.formats.vectors import read_vectors
from strandline.observations.readers.terrain import read_elevation
from strandline.observations.readers.zones import POLYGONS
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import TerrainSection
from strandline.observations.region_file.surveys.flood_survey_section import (
    AnyFloodSurvey,
    FloodRasterSection,
    LoggerSection,
    MarksSection,
    PolygonsSection,
)
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.variables import DEPTH_EDGES, VARIABLES, as_variable, check_variables
from strandline.observations.weather.storms import BEFORE_PEAK

_log = logging.getLogger(__name__)
_FIRST = ("logger", "marks", "raster", "polygons")
"""Kinds in the order in which they are believed."""
AROUND = BEFORE_PEAK
"""Of a flood's stated time, in which a logger's greatest depth is that flood's."""
_BELOW_SENSOR = 0.1
"""[m] Below zero that a dry sensor may read; an assumption."""


def read_flood_surveys(
    surveys: Sequence[AnyFloodSurvey], region: Region, terrain: TerrainSection
) -> Checked[xr.Dataset]:
    """The ``flood_survey`` modality: ``flood_depth`` (scene, y, x) [m above the ground], one scene a flood.

    Args:
        terrain: what levels above a datum are measured against.

    Raises:
        InputError: with file, row and remedy.
    """
    maps: dict[np.datetime64, Floats] = {}
    findings: list[Finding] = []
    for survey in sorted(surveys, key=lambda each: _FIRST.index(each.kind)):
        read = _read(survey, region, terrain)
        findings += read.findings
        time = as_datetime64(survey.time)
        known = maps.setdefault(time, np.full(region.shape, np.nan))
        maps[time] = np.where(np.isnan(known), read.value, known)
    times = sorted(maps)
    depth = as_variable("flood_depth", ("scene", "y", "x"), np.stack([maps[time] for time in times]))
    scenes = {"scene": np.arange(len(times)), "time": ("scene", np.array(times, dtype="datetime64[ns]"))}
    dataset = xr.Dataset({"flood_depth": depth}, {**scenes, "y": region.y, "x": region.x})
    check_variables(dataset, ", ".join(str(survey.path) for survey in surveys))
    _log.info("flood surveys: %d floods, %d cells known", len(times), int(dataset["flood_depth"].count()))
    return Checked(dataset, tuple(findings))


def _read(survey: AnyFloodSurvey, region: Region, terrain: TerrainSection) -> Checked[Floats]:
    """(H, W) depth [m]; NaN = unknown."""
    if isinstance(survey, MarksSection):
        return _from_marks(survey, region, terrain)
    if isinstance(survey, PolygonsSection):
        return Checked(_from_polygons(survey, region))
    if isinstance(survey, FloodRasterSection):
        return Checked(_from_raster(survey, region))
    return Checked(_from_logger(survey, region))


def _from_marks(survey: MarksSection, region: Region, terrain: TerrainSection) -> Checked[Floats]:
    """Median of the marks in each cell. A mark says that water stood there: its cell is flooded, at the least shallow.

    Levels count from the mean ground of their cell, within the terrain's error.
    """
    marks, where = read_marks(survey, region), str(survey.path)
    row, column = region.cells_of(marks.x, marks.y)
    inside = row >= 0
    if not inside.any():
        refuse_outside(marks, survey.path, region)
    findings = list(doubts_about_rows(int(inside.sum()), inside.size, where, "marks"))
    row, column, height = row[inside], column[inside], marks.height[inside]
    accuracy = marks.accuracy[inside]
    findings += doubts_about_marks(accuracy, marks.empty, region.cell_size, where)
    if survey.columns.level is not None:
        ground = read_elevation(terrain, region)[row, column]
        depth = height + survey.datum_shift - ground
        margin = 2.0 * terrain.elevation_error + survey.datum_uncertainty
        above_ground = ~np.isnan(depth) & (depth >= -margin)
        findings += _below_ground(depth, above_ground, where, margin)
        row, column, depth = row[above_ground], column[above_ground], np.maximum(depth[above_ground], DEPTH_EDGES[0])
    else:
        depth = height
    result = np.full(region.shape, np.nan)
    for cell in sorted(set(zip(row.tolist(), column.tolist(), strict=True))):
        result[cell] = np.median(depth[(row == cell[0]) & (column == cell[1])])
    return Checked(result, tuple(findings))


def _below_ground(depth: Floats, kept: Mask, where: str, margin: float) -> list[Finding]:
    """Levels below the terrain by more than both errors; most of them mean another datum or unit.

    Raises:
        InputError: no mark is above known ground.
    """
    below = int((depth < -margin).sum())
    remedy = "check unit, vertical_datum and offset_to_region_datum of the marks, and the terrain"
    if not kept.any():
        raise InputError(where, f"no mark lies above known ground ({below} lie below it)", remedy)
    if kept.all():
        return []
    what = f"{kept.sum()} of {kept.size} marks are kept; {below} lie more than {margin:.1f} m below the terrain"
    if kept.size - below - kept.sum():
        what += f", {kept.size - below - kept.sum()} where it is unknown"
    return [Finding(where, what, remedy, refuses=bool(below > 0.5 * kept.size))]


def _from_polygons(survey: PolygonsSection, region: Region) -> Floats:
    """A cell is flooded if its centre lies inside; the deepest of several polygons counts."""
    name = survey.columns.depth
    frame = _polygons(survey.path, [] if name is None else [name], region)
    depth = np.full(len(frame), survey.depth or np.nan)
    if name is not None and survey.unit is not None:
        depth = to_si(pd.to_numeric(frame[name], errors="coerce"), survey.unit)
        wrong = ~((depth > 0) & (depth <= VARIABLES["flood_depth"].high))
        if wrong.any():
            text = f"'{frame[name].iloc[int(wrong.argmax())]}' in column '{name}' is no depth ({wrong.sum()} such rows)"
            raise InputError(
                f"{survey.path} row {int(wrong.argmax()) + 1}", text, "give depths above 0, and check 'unit'"
            )
    result = np.full(region.shape, 0.0 if survey.outside == "dry" else np.nan)
    if survey.surveyed is not None:
        seen = _burn([(shape, 1.0) for shape in _polygons(survey.surveyed, [], region).geometry], region)
        result[np.isnan(seen)] = np.nan
    order = np.argsort(depth, kind="stable")  # the deepest is burnt last
    burnt = _burn([(frame.geometry.iloc[i], float(depth[i])) for i in order], region)
    if np.isnan(burnt).all():
        raise InputError(
            survey.path,
            f"no polygon covers the centre of a cell of region '{region.name}'",
            "check its CRS and the order of longitude and latitude, or give smaller cells",
        )
    return np.where(np.isnan(burnt), result, burnt)


def _from_raster(survey: FloodRasterSection, region: Region) -> Floats:
    """Depths averaged over each cell; of flooded and dry the larger part of a cell."""
    path = survey.path

    def zeros_and_ones(values: Floats) -> Floats:
        other = ~np.isnan(values) & ~np.isin(values, (0.0, 1.0))
        if other.any():
            remedy = (
                "give 1 = flooded, 0 = dry, name what means unknown as 'nodata'; or state 'unit' if it holds depths"
            )
            raise InputError(path, f"holds {values[other][0]:g}, which is neither flooded nor dry", remedy)
        return values

    with open_raster(path) as dataset:
        if survey.unit is not None:
            return to_si(read_on_grid(dataset, survey.band, region, survey.nodata), survey.unit)
        share = read_on_grid(dataset, survey.band, region, survey.nodata, zeros_and_ones, Resampling.average)
    return np.where(np.isnan(share), np.nan, np.where(share >= 0.5, survey.depth or np.nan, 0.0))


def _from_logger(survey: LoggerSection, region: Region) -> Floats:
    """The greatest depth within ``AROUND`` of the flood's time, in the logger's cell."""
    table, name = read_table(survey.path, survey.delimiter), survey.columns.depth
    time = read_times(table, survey.columns.time, survey.time_zone)
    depth = to_si(table.numbers(name, survey.missing, survey.decimal), survey.unit)
    beyond = (depth < -_BELOW_SENSOR) | (depth > VARIABLES["flood_depth"].high)
    table.refuse(beyond, [name], f"{survey.unit} is no depth of a flood", "check 'unit', and name markers in 'missing'")
    peak = as_datetime64(survey.time)
    inside = (time >= peak - AROUND) & (time <= peak + AROUND) & ~np.isnan(depth)
    if not inside.any():
        what = f"has no reading within 3 days of the flood of {np.datetime_as_string(peak, 'D')}"
        raise InputError(survey.path, what, "check 'time' and 'time_zone'")
    marks = Marks.at([survey.longitude], [survey.latitude], region)
    row, column = region.cells_of(marks.x, marks.y)
    if row[0] < 0:
        refuse_outside(marks, survey.path, region)
    result = np.full(region.shape, np.nan)
    result[row[0], column[0]] = max(float(depth[inside].max()), 0.0)
    return result


def _polygons(path: Path, columns: Sequence[str], region: Region) -> gpd.GeoDataFrame:
    """Polygons in the region's CRS.

    Raises:
        InputError: a shape of another kind.
    """
    frame = read_vectors(path, columns)
    kinds = frame.geometry.geom_type
    wrong = ~kinds.isin(POLYGONS).to_numpy()
    if wrong.any():
        first = int(wrong.argmax())
        raise InputError(
            f"{path} row {first + 1}",
            f"is a {kinds.iloc[first]} ({wrong.sum()} such rows)",
            "give outlines as polygons",
        )
    shapes = frame.geometry.to_crs(region.crs).make_valid()
    finite = np.isfinite(shapes.bounds.to_numpy()).all(axis=1)
    if not finite.all():
        where = f"{path} row {int((~finite).argmax()) + 1}"
        raise InputError(where, f"lies nowhere on the map of {region.crs}", "check its coordinates and the file's CRS")
    return frame.set_geometry(shapes)


def _burn(shapes: Sequence[tuple[BaseGeometry, float]], region: Region) -> Floats:
    """(H, W) value of the last shape that covers a cell's centre; NaN = none."""
    return np.asarray(
        rasterio.features.rasterize(
            shapes, out_shape=region.shape, transform=region.transform, fill=np.nan, dtype="float64"
        )
    )
