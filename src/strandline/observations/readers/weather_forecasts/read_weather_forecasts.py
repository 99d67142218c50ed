"""Reads the ``[[weather_forecast]]`` sections of a region file into one modality."""

import logging
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.readers.weather_forecasts.advisories.advisory_weather import read_advisories
from strandline.observations.readers.weather_forecasts.assemble import Availability, after, combine
from strandline.observations.readers.weather_forecasts.cf_forecasts import read_cf
from strandline.observations.readers.weather_forecasts.grib import read_grib
from strandline.observations.readers.weather_forecasts.open_meteo_answers import forecast_of, parse_answer
from strandline.observations.readers.weather_forecasts.tables import read_forecast_table
from strandline.observations.readers.weather_forecasts.window import Window, at_place
from strandline.observations.region import Region
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.region_file.weather_sections import WeatherForecastSection

_log = logging.getLogger(__name__)


def read_weather_forecasts(sections: Sequence[WeatherForecastSection], region: Region) -> xr.Dataset:
    """The ``weather_forecast`` modality: all sections on the grid of the first one.

    Where two sections give the same issue, lead and member, the first one stands. One that is on another grid is taken
    at the places of the first.

    Raises:
        InputError: with file, variable or row, and remedy.
    """
    longitude, latitude = region.centre_lonlat
    parts = [read_section(section, Window(longitude, latitude, section.margin)) for section in sections]
    first = parts[0]
    forecast = combine([first, *(_on_grid_of(first, part, number) for number, part in enumerate(parts[1:], start=2))])
    _log.info(
        "weather forecasts: %s of %d issues, %d leads and %d members", ", ".join(map(str, forecast.data_vars)),
        *(forecast.sizes[name] for name in ("issued", "lead", "member")),
    )  # fmt: skip
    return forecast


def read_section(section: WeatherForecastSection, window: Window) -> xr.Dataset:
    """The forecasts of one section, around a place; see ``assemble``.

    Raises:
        InputError: with file, variable or row, and remedy.
    """
    available: Availability | None = None
    if section.delay_hours is not None:
        available = after(timedelta(hours=section.delay_hours))
    match section.format:
        case "grib" if available is not None:
            return read_grib(section.paths, window, available)
        case "advisory" if available is not None:
            return read_advisories(
                section.paths, window.longitude, window.latitude, available, technique=section.technique,
                members=section.members,
            )  # fmt: skip
        case "netcdf":
            return read_cf(section.paths, window, available, {str(key): name for key, name in section.names.items()})
        case "open_meteo" if section.issued is not None and section.available is not None:
            issued, moment = as_datetime64(section.issued), as_datetime64(section.available)
            answers = [
                forecast_of(
                    parse_answer(read_text(path), path), issued, lambda issues: np.full(issues.shape, moment), path
                )
                for path in section.paths
            ]
            return combine(answers)
        case "table" if section.longitude is not None and section.latitude is not None:
            longitude, latitude = section.longitude, section.latitude
            return combine([read_forecast_table(path, longitude, latitude) for path in section.paths])
    raise InputError("[[weather_forecast]]", f"format '{section.format}' is not complete", "see its keys")


def _on_grid_of(first: xr.Dataset, part: xr.Dataset, number: int) -> xr.Dataset:
    """A forecast at the places of another one."""
    axes = {name: first[name].values for name in ("latitude", "longitude")}
    if all(np.array_equal(part[name].values, axis) for name, axis in axes.items()):
        return part
    where = f"[[weather_forecast]] {number}"
    rows = [
        xr.concat([at_place(part, float(x), float(y), where) for x in axes["longitude"]], dim="longitude")
        for y in axes["latitude"]
    ]
    return xr.concat(rows, dim="latitude").transpose("issued", "lead", "member", "latitude", "longitude")
