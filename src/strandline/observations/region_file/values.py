"""Types of values in a region file, and the base class of its sections."""

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pyproj import CRS
from pyproj.exceptions import CRSError

from strandline.observations.checks.times import (
    FIRST_STORABLE,
    LAST_STORABLE,
    REMEDY,
    implausible_times,
    implausible_years,
)

LEADS_OUT = "leads out of the place's folder"
"""Of a path, where ``within`` of the validation's context names the folder that it may not leave."""


def parse_time_zone(text: str) -> tzinfo:
    """A time zone from ``UTC``, a fixed offset (``+01:00``) or a name of the time zone database.

    Raises:
        ValueError: the text is none of these.
    """
    if text.upper() == "UTC":
        return UTC
    if text[:1] in "+-" and len(text) == 6 and text[3] == ":" and (text[1:3] + text[4:]).isdigit():
        offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
        if offset < timedelta(hours=24):
            return timezone(offset if text[0] == "+" else -offset)
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"{text!r} is not a time zone; write UTC, an offset (+01:00) or a name (Asia/Dhaka)"
        raise ValueError(message) from error


def _valid_time_zone(text: str) -> str:
    parse_time_zone(text)
    return text


def _valid_crs(text: str) -> str:
    try:
        CRS.from_user_input(text)
    except CRSError as error:
        raise ValueError(f"{text!r} is not a coordinate reference system; write e.g. EPSG:32633") from error
    return text


def _to_utc(value: object) -> object:
    """A TOML date (midnight UTC) or a date-time with its offset, as an aware UTC ``datetime``."""
    if isinstance(value, date) and not FIRST_STORABLE <= value.year <= LAST_STORABLE:
        raise ValueError(f"{value} is no time of this place; check the year")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; write {value.isoformat()}Z for UTC")
        return value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueError(f"{value!r} is not a date; write 2022-11-22 or 2022-11-22T08:00:00Z without quotes")


def _observed(instant: datetime) -> datetime:
    if implausible_times(np.array([as_datetime64(instant)])).any():
        raise ValueError(f"{instant} cannot be the time of an observation; {REMEDY}")
    return instant


def _observed_year(year: int) -> int:
    if implausible_years(np.array([year])).any():
        raise ValueError(f"{year} cannot be the year of an observation; {REMEDY}")
    return year


def _from_data_folder(path: Path, info: ValidationInfo) -> Path:
    if "\0" in str(path):
        raise ValueError(f"{str(path)!r} holds a NUL, which no path does; write the file's path")
    folder: Path = info.context["data"] if info.context else Path()
    within: Path | None = info.context.get("within") if info.context else None
    if within is not None and not (folder / path).resolve().is_relative_to(within.resolve()):
        raise ValueError(f"{str(path)!r} {LEADS_OUT}; name a file within that folder, by a path that starts there")
    return folder / path


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Instant = Annotated[datetime, BeforeValidator(_to_utc)]
ObservationTime = Annotated[Instant, AfterValidator(_observed)]
ObservationYear = Annotated[int, AfterValidator(_observed_year)]
DataPath = Annotated[Path, AfterValidator(_from_data_folder)]
DataPaths = Annotated[tuple[DataPath, ...], BeforeValidator(_as_list), Field(min_length=1)]
TimeZone = Annotated[str, AfterValidator(_valid_time_zone)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
NoData = Annotated[float, AllowInfNan(True)]
Character = Annotated[str, Field(min_length=1, max_length=1)]
Band = Annotated[int, Field(ge=1)]
Crs = Annotated[str, AfterValidator(_valid_crs)]


def as_datetime64(instant: datetime) -> np.datetime64:
    """A time-zone-aware instant as UTC ``datetime64[ns]``."""
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "ns")


class Section(BaseModel):
    """A table of the region file: immutable, without unknown keys; every number is finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class Sourced(Section):
    """A section with source and licence of its files, for the report's provenance.

    ``simulated`` says that they hold no observation, but an exercise or the output of a model.
    """

    source: str | None = None
    licence: str = "not stated"
    simulated: bool = False
