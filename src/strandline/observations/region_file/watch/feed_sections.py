"""The ``[[stream]]`` sections of a region file: live feeds that the watch polls every hour."""

from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from strandline.observations.region_file.data_sections import GaugeFileSection, LevelUnit
from strandline.observations.region_file.values import (
    Band,
    DataPath,
    Latitude,
    Longitude,
    Positive,
    Section,
    TimeZone,
)
from strandline.observations.region_file.vertical_datum import Heights, OptionalHeights
from strandline.observations.region_file.weather_sections import AdvisoryMembers, ForecastVariable, Technique

EnvironmentVariable = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]


def _web_address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError(f"'{text}' is not a web address; start with https://")
    return text


def _template(text: str) -> str:
    unknown = {name for _, name, _, _ in Formatter().parse(_web_address(text)) if name not in (None, "since", "until")}
    if unknown:
        raise ValueError(f"the address has {{{min(unknown)}}}; use only {{since}} and {{until}}")
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]
AddressTemplate = Annotated[str, AfterValidator(_template)]


class StreamSection(Section):
    """Keys of every stream.

    ``interval_hours``: between readings (or issues of a forecast); ``delay_hours``: until a reading is available;
    ``silent_after_hours``: age from which the last reading is ignored. A stream with the name of a ``[[tide_gauge]]``
    continues the record of that gauge.
    """

    name: str
    interval_hours: Positive
    delay_hours: Annotated[float, Field(ge=0)]
    silent_after_hours: Positive

    @model_validator(mode="after")
    def _late_before_silent(self) -> "StreamSection":
        late = self.delay_hours + 1.5 * self.interval_hours
        if self.silent_after_hours < late:
            raise ValueError(
                f"silent_after_hours = {self.silent_after_hours:g} ends before a reading is late; "
                f"give {late:g} (delay and one and a half intervals) or more"
            )
        return self


class WebSection(StreamSection):
    """A stream polled over HTTP; a secret is read from an environment variable, never from the file.

    The value of the variable is sent as header ``token_header``, after ``Bearer`` if that is ``Authorization``.
    """

    token_variable: EnvironmentVariable | None = None
    token_header: str = "Authorization"


class FileStreamSection(StreamSection, GaugeFileSection):
    """A growing tide gauge file; the keys of a ``[[tide_gauge]]`` describe its format."""

    kind: Literal["file"]


class CoopsStreamSection(StreamSection, Heights):
    """NOAA CO-OPS: ``station`` (seven digits), ``datum`` of the request, which ``vertical_datum`` describes."""

    kind: Literal["noaa_coops"]
    station: Annotated[str, Field(pattern="^[0-9]{7}$")]
    datum: str
    product: Literal["water_level", "one_minute_water_level", "hourly_height"] = "water_level"


class IocStreamSection(StreamSection, Heights):
    """IOC Sea Level Station Monitoring Facility: ``code`` of the station, ``sensor`` where it has several."""

    kind: Literal["ioc"]
    code: str
    sensor: str | None = None


class ErddapStreamSection(WebSection, Heights):
    """A table of an ERDDAP server: ``url`` up to the data set's name, ``constraints`` on its columns.

    ``unit`` where the server does not provide it.
    """

    kind: Literal["erddap"]
    url: WebAddress
    constraints: dict[str, int | float | str] = Field(default_factory=dict)
    level: str
    time: str = "time"
    unit: LevelUnit | None = None


class JsonStreamSection(WebSection, Heights):
    """Any service that returns JSON.

    ``url`` holds ``{since}`` and ``{until}``, with a date format if not ISO 8601 (``{since:%Y%m%d}``). ``time`` and
    ``level`` are paths of keys (``data.*.t``); ``*`` means every element of a list.
    """

    kind: Literal["json"]
    url: AddressTemplate
    time: str
    level: str
    unit: LevelUnit
    time_format: Literal["iso", "unix", "unix_ms"] = "iso"
    time_zone: TimeZone = "UTC"
    missing: tuple[float, ...] = ()


class ForecastStreamSection(StreamSection, OptionalHeights):
    """A folder that receives NetCDF forecasts: ``variable`` is the quantity, ``level`` its name in the files.

    ``at`` selects one point of a file that holds several (``{ station = "Venice" }``); only water levels have a
    datum.
    """

    kind: Literal["forecast"]
    variable: Literal["surge_forecast", "water_level_forecast"]
    folder: DataPath
    pattern: str = "*.nc"
    level: str
    at: dict[str, int | float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _on_a_datum(self) -> "ForecastStreamSection":
        if (self.variable == "water_level_forecast") != self.states_datum:
            raise ValueError("a water level needs 'vertical_datum' and a surge has none; add or remove it")
        return self


class FloodSceneStreamSection(StreamSection):
    """A folder that receives water maps or images (GeoTIFF); ``time_format`` parses the time [UTC] in the file name.

    ``zones`` is a vector file, ``zone_name`` its column. ``flooded``: values of ``band`` that mean water in a map.
    ``images`` in its place says that the files are images, which are mapped as `strandline map` maps them; ``before``
    is one of before the flood, whose water is not counted.
    """

    kind: Literal["flood_scene"]
    folder: DataPath
    pattern: str = "*.tif"
    time_format: str
    zones: DataPath
    zone_name: str
    flooded: tuple[float, ...] = ()
    images: Literal["radar", "optical"] | None = None
    before: DataPath | None = None
    band: Band = 1
    nodata: float | None = None

    @model_validator(mode="after")
    def _either(self) -> "FloodSceneStreamSection":
        if bool(self.flooded) == (self.images is not None):
            raise ValueError(
                "give either 'flooded' (the values that mean water in a map), or 'images' (radar or optical, which are"
                " mapped here)"
            )
        if self.before is not None and self.images is None:
            raise ValueError("'before' is an image, and the files are maps; leave it out, or name 'images'")
        return self


class StacStreamSection(WebSection):
    """A STAC API that announces satellite scenes over the region: ``url`` of its root, ``collections``."""

    kind: Literal["stac"]
    url: WebAddress
    collections: Annotated[tuple[str, ...], Field(min_length=1)]


class WeatherStreamSection(StreamSection):
    """Keys of both feeds of weather forecasts: one place, and leads up to ``longest_lead_hours``.

    Of these the multiples of ``lead_step_hours`` are kept, since a store holds each as a reading: an ensemble of 51
    members has 27 000 a day in steps of three hours, which are those of the models. ``longitude``, ``latitude``: of the
    place; the region's sea point where they are left out.
    """

    longitude: Longitude | None = None
    latitude: Latitude | None = None
    longest_lead_hours: Annotated[int, Field(ge=1, le=384)] = 96
    lead_step_hours: Annotated[int, Field(ge=1, le=24)] = 3

    @model_validator(mode="after")
    def _one_place(self) -> "WeatherStreamSection":
        if (self.longitude is None) != (self.latitude is None):
            raise ValueError("'longitude' and 'latitude' belong together; give both or neither")
        return self


class WeatherForecastStreamSection(WeatherStreamSection):
    """A folder that receives forecasts of one model; ``format``, ``names`` as in a ``[[weather_forecast]]``.

    When a forecast could be had is when its file arrived.
    """

    kind: Literal["weather_forecast"]
    folder: DataPath
    pattern: str = "*"
    format: Literal["grib", "netcdf", "advisory"]
    names: dict[ForecastVariable, str] = Field(default_factory=dict)
    technique: Technique | None = None
    members: AdvisoryMembers = 50


class OpenMeteoStreamSection(WeatherStreamSection):
    """Open-Meteo's forecast or ensemble of one model.

    ``model`` as the API names it, ``metadata`` as the model metadata does (``ecmwf_ifs025_ensemble``).
    """

    kind: Literal["open_meteo"]
    product: Literal["forecast", "ensemble"]
    model: Annotated[str, Field(pattern="^[a-z0-9_]+$")] = "ecmwf_ifs025"
    metadata: Annotated[str, Field(pattern="^[a-z0-9_]+$")]
    url: WebAddress | None = None

    @property
    def address(self) -> str:
        """Of the service, without a path."""
        known = {"forecast": "https://api.open-meteo.com", "ensemble": "https://ensemble-api.open-meteo.com"}
        return (self.url or known[self.product]).rstrip("/")


AnyStream = Annotated[
    FileStreamSection
    | CoopsStreamSection
    | IocStreamSection
    | ErddapStreamSection
    | JsonStreamSection
    | ForecastStreamSection
    | WeatherForecastStreamSection
    | OpenMeteoStreamSection
    | FloodSceneStreamSection
    | StacStreamSection,
    Field(discriminator="kind"),
]
