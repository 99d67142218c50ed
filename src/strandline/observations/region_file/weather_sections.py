"""Sections of a region file with forecasts as they were issued: of the weather, and of the surge."""

from math import hypot, pi
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
LEVELLED = 0.03
"""[m] Standard deviation of the offset between two zeros up to which they count as one; an assumption."""


STEEPEST_SEA = 1 / 7
"""Height over length of a deep-water wave, at which it breaks [-] (Michell 1893)."""


class WavesSection(Section):
    """Waves at the highest sea on record: significant ``height`` [m] and peak ``period`` [s], or their cause.

    The cause is the record's strongest wind over a ``fetch`` [m] of a mean ``depth`` [m]. ``beach_slope`` is the
    tangent of the shore where the waves break.
    """

    beach_slope: Annotated[float, Field(ge=1e-4, le=0.5)]
    height: Annotated[float, Field(gt=0, le=20)] | None = None
    period: Annotated[float, Field(gt=0, le=30)] | None = None
    fetch: Annotated[float, Field(ge=100, le=2e6)] | None = None
    depth: Annotated[float, Field(ge=0.1, le=11_000)] | None = None

    @model_validator(mode="after")
    def _either(self) -> "WavesSection":
        given = {name for name in ("height", "period", "fetch", "depth") if getattr(self, name) is not None}
        if given not in ({"height", "period"}, {"fetch", "depth"}):
            raise ValueError("give either 'height' and 'period', or 'fetch' and 'depth'; not both, and no half of them")
        if self.height is not None and self.period is not None:
            steepness = self.height / (9.81 * self.period**2 / (2 * pi))
            if steepness > STEEPEST_SEA:
                raise ValueError(
                    f"waves of {self.height:g} m and {self.period:g} s would break: none is steeper than 1 in 7; check"
                    " both, in metres and seconds"
                )
        return self


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

    def is_levelled_to(self, gauge: OptionalHeights) -> bool:
        """Whether its levels and those of a gauge are above one zero, to ``LEVELLED``; a surge has no zero."""
        return self.states_datum and hypot(self.datum_uncertainty, gauge.datum_uncertainty) <= LEVELLED
