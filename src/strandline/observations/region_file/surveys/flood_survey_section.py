"""The ``[[flood_survey]]`` sections of a region file: what people saw and measured of a flood."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from strandline.observations.region_file.data_sections import LevelUnit
from strandline.observations.region_file.values import (
    Band,
    Character,
    DataPath,
    Latitude,
    Longitude,
    NoData,
    ObservationTime,
    Section,
    Sourced,
    TimeZone,
)
from strandline.observations.region_file.vertical_datum import OptionalHeights

StatedDepth = Annotated[float, Field(gt=0, le=30)]
"""[m]"""


class SurveySection(Sourced):
    """Keys of every survey.

    Attributes:
        path: of the file.
        time: of the flood's highest water, UTC; a day is enough. Surveys of one time form one map.
    """

    path: DataPath
    time: ObservationTime


class MarkColumns(Section):
    """Columns of a table or vector file of points.

    Attributes:
        longitude, latitude: of a table [degrees].
        position: of a table, a question of KoBo or ODK that was answered with a place: a column with latitude,
            longitude, altitude and accuracy in one cell, or its parts in columns of their own
            (``NAME-Latitude``, ``_NAME_latitude``).
        depth: of the water above the ground; 0 = seen dry.
        level: of the water above the section's datum, in the place of ``depth``.
        accuracy: of the position [m].
    """

    longitude: str | None = None
    latitude: str | None = None
    position: str | None = None
    depth: str | None = None
    level: str | None = None
    accuracy: str | None = None


class MarksSection(SurveySection, OptionalHeights):
    """Points with a depth, or with a level above a datum: high-water marks, photographs, answers to a questionnaire.

    The file is a table (CSV, also of KoBo and ODK), or GeoJSON, GeoPackage, GeoParquet, a shapefile, or the waypoints
    of a GPX.
    """

    kind: Literal["marks"]
    columns: MarkColumns
    unit: LevelUnit
    delimiter: Character = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "MarksSection":
        columns = self.columns
        if (columns.depth is None) == (columns.level is None):
            raise ValueError("give either columns.depth (above the ground) or columns.level (above a datum), not both")
        if self.states_datum != (columns.level is not None):
            raise ValueError(
                "columns.level and 'vertical_datum' belong together, since levels are heights; add 'vertical_datum ="
                " \"region\"' if they are above the region's datum, or name columns.depth and leave it out"
            )
        if (columns.longitude is None) != (columns.latitude is None):
            raise ValueError("columns.longitude and columns.latitude belong together; name both or neither")
        if columns.position is not None and columns.longitude is not None:
            raise ValueError("the place is given twice; keep columns.position, or longitude and latitude")
        return self


class PolygonColumns(Section):
    """Columns of polygons: ``depth`` of the water [``unit``]."""

    depth: str | None = None


class PolygonsSection(SurveySection):
    """Outlines of flooded land (GeoJSON, GeoPackage, GeoParquet, shapefile).

    Attributes:
        depth: typical depth inside [m], where the polygons have no column of it. Maps and scores ask first whether a
            cell was flooded; how deep it counts as is then this statement.
        outside: ``dry`` where people looked and saw no water, else ``unknown``.
        surveyed: polygons in which people looked; outside of them nothing is known. The whole region when ``None``.
    """

    kind: Literal["polygons"]
    columns: PolygonColumns = PolygonColumns()
    unit: LevelUnit | None = None
    depth: StatedDepth | None = None
    outside: Literal["dry", "unknown"]
    surveyed: DataPath | None = None

    @model_validator(mode="after")
    def _complete(self) -> "PolygonsSection":
        if (self.columns.depth is None) == (self.depth is None):
            raise ValueError("give either columns.depth, or 'depth', the typical depth inside [m]; not both")
        if (self.columns.depth is None) != (self.unit is None):
            raise ValueError("columns.depth and its 'unit' belong together; add or leave out both")
        if self.surveyed is not None and self.outside == "unknown":
            raise ValueError("'surveyed' says where land outside is dry; set outside = \"dry\", or leave it out")
        return self


class FloodRasterSection(SurveySection):
    """A raster of depths [``unit``], or of 1 = flooded and 0 = dry with a typical ``depth`` [m]; nodata = unknown."""

    kind: Literal["raster"]
    band: Band = 1
    unit: LevelUnit | None = None
    depth: StatedDepth | None = None
    nodata: NoData | None = None

    @model_validator(mode="after")
    def _complete(self) -> "FloodRasterSection":
        if (self.unit is None) == (self.depth is None):
            raise ValueError(
                "give 'unit' of a raster of depths, or 'depth' [m] of one of 1 = flooded, 0 = dry; not both"
            )
        return self


class LoggerColumns(Section):
    """Columns of a logger's table."""

    time: str
    depth: str


class LoggerSection(SurveySection):
    """A water logger in the floodplain: depths above the ground at one place; the greatest within the flood counts."""

    kind: Literal["logger"]
    longitude: Longitude
    latitude: Latitude
    columns: LoggerColumns
    unit: LevelUnit
    time_zone: TimeZone
    delimiter: Character = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()


AnyFloodSurvey = Annotated[
    MarksSection | PolygonsSection | FloodRasterSection | LoggerSection, Field(discriminator="kind")
]
