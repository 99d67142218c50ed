"""The sections of a region file that name data."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from strandline.observations.region_file.surveys.exposure_sections import (
    AssetsSections,
    PeopleSection,
    PlaceNamesSection,
)
from strandline.observations.region_file.values import (
    Band,
    Character,
    DataPath,
    DataPaths,
    Instant,
    Latitude,
    Longitude,
    NoData,
    ObservationTime,
    ObservationYear,
    Section,
    Share,
    Sourced,
    TimeZone,
)
from strandline.observations.region_file.vertical_datum import Heights
from strandline.observations.region_file.weather_sections import (
    SurgeForecastSection,
    WavesSection,
    WeatherForecastSection,
)

ERA5_DELAY_H = 120.0
"""[h] ERA5 is published with five days of delay: Copernicus Climate Data Store, ERA5 hourly data on single levels."""
GLOFAS_DELAY_H = 24.0 + ERA5_DELAY_H
"""[h] From the midnight that a daily mean is written at: GloFAS-ERA5 is 2 to 5 days behind (Harrigan et al. 2020, Earth
System Science Data 12, 2043-2060, abstract)."""
LevelUnit = Literal["m", "cm", "mm", "ft"]
GaugeFormat = Literal["wide", "long", "uhslc", "erddap", "noaa_coops", "netcdf"]


class PermanentWaterSection(Section):
    """Either a raster (1 = water), or the cells below a level [m, region datum] that join the sea point."""

    path: DataPath | None = None
    below: Annotated[float, Field(ge=-50, le=200)] | None = None

    @model_validator(mode="after")
    def _either(self) -> "PermanentWaterSection":
        if (self.path is None) == (self.below is None):
            raise ValueError("give either 'path' (a raster) or 'below' (a level), not both and not neither")
        return self


class TerrainSection(Sourced, Heights):
    """The elevation product; ``elevation_error`` [m] is its deviation, ``year`` that of its survey."""

    path: DataPath
    elevation_error: Annotated[float, Field(ge=0, le=20)]
    permanent_water: PermanentWaterSection
    nodata: NoData | None = None
    year: ObservationYear | None = None


class GaugeColumns(Section):
    """Names of the columns (or NetCDF variables) of a gauge file."""

    time: str | None = None
    level: str | None = None
    station: str | None = None


class GaugeFileSection(Heights):
    """Files of one station, and their format.

    ``station`` is the value of ``columns.station`` in a long file (the name, when left out).
    """

    name: str
    paths: DataPaths
    format: GaugeFormat
    columns: GaugeColumns = GaugeColumns()
    station: str | None = None
    unit: LevelUnit | None = None
    time_zone: TimeZone | None = None
    delimiter: Character = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _stated(self) -> "GaugeFileSection":
        if self.format in ("wide", "long", "noaa_coops"):
            for key in ("unit", "time_zone"):
                if getattr(self, key) is None:
                    raise ValueError(f"format '{self.format}' does not state its {key}; add '{key}'")
        elif self.time_zone not in (None, "UTC"):
            raise ValueError(f"format '{self.format}' is in UTC; leave 'time_zone' out")
        elif self.format == "uhslc" and self.unit not in (None, "mm"):
            raise ValueError("format 'uhslc' is in millimetres; leave 'unit' out")
        needed = {"wide": ("time", "level"), "long": ("time", "level", "station")}.get(self.format, ())
        for key in needed:
            if getattr(self.columns, key) is None:
                raise ValueError(f"format '{self.format}' needs columns.{key}; name the column")
        return self


class TideGaugeSection(GaugeFileSection, Sourced):
    """One station. The first is the region's own gauge, the others are its neighbours.

    ``mean_sea_level`` is a level [m, region datum] or the window ``[start, end]`` of the record to average.
    ``minimum_share`` of the samples within ±30 min must be there for an hour to have a value.
    """

    longitude: Longitude
    latitude: Latitude
    mean_sea_level: Annotated[float, Field(ge=-15, le=20)] | tuple[Instant, Instant]
    minimum_share: Share


class SceneSection(Section):
    """One satellite image: file, acquisition time and, for optical images, the cloud mask."""

    path: DataPath
    time: ObservationTime
    cloud_mask: DataPath | None = None


class RadarBands(Section):
    """Band numbers, from 1."""

    vv: Band
    vh: Band | None = None


class SarSection(Sourced):
    """Radar scenes, all in one scale; ``reference`` are dry-season scenes, averaged in linear power."""

    scale: Literal["dB", "linear"]
    bands: RadarBands
    scenes: Annotated[tuple[SceneSection, ...], Field(min_length=1)]
    reference: tuple[DataPath, ...] = ()
    nodata: NoData | None = None


class OpticalBands(Section):
    """Band numbers, from 1."""

    green: Band
    near_infrared: Band
    shortwave_infrared: Band | None = None


class OpticalSection(Sourced):
    """Optical scenes. Reflectance = stored value times ``reflectance_scale``.

    Clouds come from a scene's ``cloud_mask`` raster or from ``cloud_band`` of the scene itself;
    ``cloud_values`` are the values that mean cloud, ``clear_values`` those that do not; any other is refused.
    """

    bands: OpticalBands
    reflectance_scale: Annotated[float, Field(gt=0, le=1)]
    scenes: Annotated[tuple[SceneSection, ...], Field(min_length=1)]
    cloud_band: Band | None = None
    cloud_values: tuple[int, ...] = (1,)
    clear_values: tuple[int, ...] = (0,)
    nodata: NoData | None = None


class WeatherColumns(Section):
    """Column names of a weather station: wind as speed and direction *from*, or as components."""

    time: str
    pressure: str | None = None
    wind_speed: str | None = None
    wind_direction: str | None = None
    wind_east: str | None = None
    wind_north: str | None = None
    rain: str | Annotated[tuple[str, ...], Field(min_length=1)] | None = None


class WeatherStationSection(Section):
    """A weather station's CSV, used as a field of one cell; hourly means follow the rule of the tide gauges.

    Rain is a rate, or what fell since the row before. Several columns of rain are gauges of one catchment: their mean
    counts, of rows in which all were read.
    """

    paths: DataPaths
    columns: WeatherColumns
    time_zone: TimeZone
    longitude: Longitude
    latitude: Latitude
    minimum_share: Share
    pressure_unit: Literal["Pa", "hPa"] | None = None
    wind_unit: Literal["m s-1", "kt", "km h-1"] | None = None
    rain_unit: Literal["mm h-1", "mm"] | None = None
    delimiter: Character = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "WeatherStationSection":
        columns = self.columns
        for first, second in (("wind_speed", "wind_direction"), ("wind_east", "wind_north")):
            if (getattr(columns, first) is None) != (getattr(columns, second) is None):
                raise ValueError(f"columns.{first} and columns.{second} belong together; name both or neither")
        winds = (columns.wind_speed is not None) + (columns.wind_east is not None)
        if winds == 2:
            raise ValueError("wind is given twice; keep speed and direction, or the components")
        if columns.pressure is None and not winds and columns.rain is None:
            raise ValueError("neither pressure nor wind nor rain is named; name at least one column")
        if columns.rain is not None and self.rain_unit is None:
            raise ValueError("the unit of rain is missing; add 'rain_unit' (mm h-1, or mm since the row before)")
        if columns.pressure is not None and self.pressure_unit is None:
            raise ValueError("the unit of pressure is missing; add 'pressure_unit' (Pa or hPa)")
        if winds and self.wind_unit is None:
            raise ValueError("the unit of wind is missing; add 'wind_unit' (m s-1, kt or km h-1)")
        return self


class WeatherSection(Sourced):
    """Either gridded fields (NetCDF file or Zarr folder, CF names or ``names``), or one weather station.

    ``margin`` [degrees] of field is kept around the region. ``sea_level`` states the datum of a sea level in
    the fields. ``available_after_h``: hours from a value's time until it could be had: up to 1 for a station's reading,
    about 6 for a centre's analysis, 120 for ERA5. The default is the longest, so that nothing is used too early.
    """

    path: DataPath | None = None
    station: WeatherStationSection | None = None
    names: dict[Literal["pressure", "wind_east", "wind_north", "sea_level"], str] = Field(default_factory=dict)
    margin: Annotated[float, Field(ge=0, le=90)] = 2.0
    sea_level: Heights | None = None
    available_after_h: Annotated[float, Field(ge=0, le=8766)] = ERA5_DELAY_H

    @model_validator(mode="after")
    def _either(self) -> "WeatherSection":
        if (self.path is None) == (self.station is None):
            raise ValueError("give either 'path' (fields) or 'station' (a weather station); not both")
        return self


class RiverColumns(Section):
    """Names of the columns of a river's table: of its discharge, or of its level."""

    time: str = "time"
    discharge: str | None = None
    level: str | None = None


class RiverSection(Sourced):
    """A river where it enters the region: a table with readings at any spacing, or daily means.

    Its unit says whether it holds discharge, or levels above the gauge's own zero. ``centre_h``: hours from a row's
    time to the middle of what it is the mean of: 12 for a daily mean that is written at midnight, 0 for a reading.
    ``available_after_h``: hours from a row's time until it could be had: up to 1 for a gauge that reports by itself.
    The default is that of GloFAS, so that nothing is used too early.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    paths: DataPaths
    columns: RiverColumns = RiverColumns()
    unit: Literal["m3 s-1", "ft3 s-1", "m", "cm", "ft"]
    time_zone: TimeZone
    longitude: Longitude
    latitude: Latitude
    centre_h: Annotated[float, Field(ge=-24, le=24)] = 0.0
    available_after_h: Annotated[float, Field(ge=0, le=8766)] = GLOFAS_DELAY_H
    delimiter: Character = ","
    decimal: Literal[".", ","] = "."
    missing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "RiverSection":
        columns = self.columns
        unwanted, wanted = ("discharge", "level") if self.is_stage else ("level", "discharge")
        if getattr(columns, unwanted) is not None:
            raise ValueError(f"the unit {self.unit} is one of a {wanted}; name the column as columns.{wanted}")
        if self.available_after_h < 2 * self.centre_h:
            raise ValueError(
                f"a mean about {self.centre_h:g} h after its row's time ends {2 * self.centre_h:g} h after it and"
                f" cannot be had {self.available_after_h:g} h after it; raise 'available_after_h'"
            )
        return self

    @property
    def is_stage(self) -> bool:
        """Whether the readings are levels."""
        return self.unit in ("m", "cm", "ft")


class StormsSection(Sourced):
    """Cyclone tracks (IBTrACS CSV, knots and hPa): every storm that comes within ``distance`` [km]."""

    path: DataPath
    distance: Annotated[float, Field(gt=0, le=20_100)]


class TidesSection(Sourced):
    """The tide: published constants, or a fit to the record outside the held-out windows.

    ``station`` is its id in the table, or its name; several are stations between which the tide is interpolated.
    ``stations`` is the table of positions, which give the distance.
    """

    constants: DataPath | None = None
    station: str | Annotated[tuple[str, ...], Field(min_length=2, max_length=3)] | None = None
    stations: DataPath | None = None
    fit: bool = False

    @model_validator(mode="after")
    def _either(self) -> "TidesSection":
        if (self.constants is None) != (self.station is None):
            raise ValueError("'constants' and 'station' belong together; give both or neither")
        if isinstance(self.station, tuple) and (self.stations is None or len(set(self.station)) < len(self.station)):
            raise ValueError("the tide is interpolated between different stations whose positions 'stations' gives")
        if self.stations is not None and self.constants is None:
            raise ValueError("'stations' holds the positions of 'constants'; add those, or leave it out")
        if (self.constants is None) == (not self.fit):
            raise ValueError("give either 'constants' with 'station', or 'fit = true'")
        return self


class ExtremesSection(Sourced, Heights):
    """Published annual maxima of a longer record than the region's own: one row a year, two columns.

    ``year`` and ``maximum`` name the columns; ``trend`` states whether sea level rose during the record: its trend is
    then carried on to the baseline year. Without one the maxima are of the sea of ``epoch``, the middle of the record
    when ``None``, and are raised by the rise of the global mean.
    """

    source: str
    path: DataPath
    year: str
    maximum: str
    unit: LevelUnit
    trend: bool
    epoch: ObservationYear | None = None

    @model_validator(mode="after")
    def _one_epoch(self) -> "ExtremesSection":
        if self.trend and self.epoch is not None:
            raise ValueError("maxima with a trend have no single epoch; leave 'epoch' out")
        return self


class ZonesSection(Sourced):
    """Zones of the watch's reports: polygons (GeoJSON, GeoPackage, GeoParquet) and the column of their names."""

    path: DataPath
    name_column: str


class DataSections(Section):
    """The keys of a region file that name data. A section that is missing is ``None``, or empty."""

    terrain: TerrainSection
    tide_gauge: tuple[TideGaugeSection, ...] = ()
    sar: SarSection | None = None
    optical: OpticalSection | None = None
    weather: WeatherSection | None = None
    weather_forecast: tuple[WeatherForecastSection, ...] = ()
    surge_forecast: tuple[SurgeForecastSection, ...] = ()
    storms: StormsSection | None = None
    waves: WavesSection | None = None
    river: tuple[RiverSection, ...] = ()
    tides: TidesSection | None = None
    extremes: ExtremesSection | None = None
    assets: AssetsSections = ()
    people: PeopleSection | None = None
    place_names: PlaceNamesSection | None = None
    zones: ZonesSection | None = None
