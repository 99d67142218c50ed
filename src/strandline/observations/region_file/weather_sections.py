"""The ``[[weather_forecast]]`` sections of a region file: forecasts of pressure, wind and rain, as they were issued."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from strandline.observations.region_file.values import DataPaths, Instant, Latitude, Longitude, Sourced

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
