"""Sections of a region file with forecasts as they were issued: of the weather, and of the surge."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from strandline.observations.region_file.values import (
    Character,
    DataPaths,
    Instant,
    Latitude,
    Longitude,
    Section,
    Sourced,
)
from strandline.observations.region_file.vertical_datum import OptionalHeights

ForecastFormat = Literal["grib", "netcdf", "open_meteo", "table", "advisory"]
ForecastVariable = Literal["pressure", "wind_east", "wind_north", "rain"]
Technique = Annotated[str, Field(pattern="^[A-Z0-9]{1,4}$")]
"""Of ATCF: OFCL of the NHC, JTWC, …"""
AdvisoryMembers = Annotated[int, Field(ge=0, le=1000)]
Delay = Annotated[float, Field(ge=0, le=72)]


class WeatherForecastSection(Sourced):
    """Forecasts of one model: GRIB files, CF NetCDF files or Zarr folders, answers of Open-Meteo, or plain tables.

    ``delay_hours``: from a cycle's reference time until it can be had, where the files do not say so (``grib``,
    ``netcdf``, ``advisory``). ``longitude``, ``latitude``: of a ``table``. ``issued``, ``available``: of an answer of
    Open-Meteo, which does not state its cycle. ``margin`` [degrees] of field is kept around the region, and ``names``
    finds variables of NetCDF files. Of cyclone advisories: ``technique``, whose forecast of an ATCF file is used;
    ``members`` are drawn from their uncertainty, beside member 0, the advisory itself.
    """

    format: ForecastFormat
    paths: DataPaths
    delay_hours: Delay | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    issued: Instant | None = None
    available: Instant | None = None
    margin: Annotated[float, Field(ge=0, le=45)] = 2.0
    names: dict[ForecastVariable, str] = Field(default_factory=dict)
    technique: Technique | None = None
    members: AdvisoryMembers = 50

    @model_validator(mode="after")
    def _stated(self) -> "WeatherForecastSection":
        needed: dict[ForecastFormat, tuple[str, ...]] = {
            "grib": ("delay_hours",), "open_meteo": ("issued", "available"), "table": ("longitude", "latitude"),
            "advisory": ("delay_hours",),
        }  # fmt: skip
        for key in needed.get(self.format, ()):
            if getattr(self, key) is None:
                raise ValueError(f"format '{self.format}' does not state its {key}; add '{key}'")
        if self.issued is not None and self.available is not None and self.available < self.issued:
            raise ValueError("'available' lies before 'issued'; a forecast cannot be had before its cycle")
        if self.names and self.format != "netcdf":
            raise ValueError("'names' are of NetCDF files; leave them out")
        return self


class SurgeForecastColumns(Section):
    """Names of the columns of a table of surge forecasts: ``valid`` or ``lead`` [h], and one of the spreads or none.

    ``low`` and ``high`` are the levels with 10 and 90 % of the members below them; members stand in a row each.
    """

    issued: str = "issued"
    valid: str | None = None
    lead: str | None = None
    level: str = "level"
    low: str | None = None
    high: str | None = None
    member: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "SurgeForecastColumns":
        if (self.valid is None) == (self.lead is None):
            raise ValueError("give either columns.valid (a time) or columns.lead (hours), not both and not neither")
        if (self.low is None) != (self.high is None):
            raise ValueError("columns.low and columns.high belong together; name both or neither")
        if self.low is not None and self.member is not None:
            raise ValueError("the spread is given twice; keep columns.member, or columns.low and columns.high")
        return self


class SurgeForecastSection(Sourced, OptionalHeights):
    """Past and present forecasts of the sea at the region's gauge, by one operational service.

    ``variable`` is a level with the tide, on a datum, or a surge about the tide. ``delay_hours``: from a cycle until it
    can be had. A ``table`` (CSV, times in UTC) has ``columns`` and ``unit``; of ``netcdf`` files ``level`` names the
    variable and ``at`` one point. A ``[[stream]]`` of the same name continues it.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    format: Literal["table", "netcdf"]
    paths: DataPaths
    variable: Literal["surge_forecast", "water_level_forecast"]
    delay_hours: Delay
    columns: SurgeForecastColumns | None = None
    unit: Literal["m", "cm", "mm", "ft"] | None = None
    delimiter: Character = ","
    missing: tuple[str, ...] = ()
    level: str = ""
    at: dict[str, int | float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _stated(self) -> "SurgeForecastSection":
        if (self.variable == "water_level_forecast") != self.states_datum:
            raise ValueError("a water level needs 'vertical_datum' and a surge has none; add or remove it")
        is_table = self.format == "table"
        if is_table != (self.columns is not None) or is_table != (self.unit is not None):
            raise ValueError("a table states 'columns' and 'unit', and NetCDF files do not; add or remove them")
        if is_table == bool(self.level) or (is_table and self.at):
            raise ValueError("'level' names the variable of NetCDF files, 'at' a point of them; add or remove them")
        return self
