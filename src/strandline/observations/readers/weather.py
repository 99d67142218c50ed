"""Weather: pressure, wind and modelled sea level around the region, from fields or from one weather station."""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.checks.times import check_times
from strandline.observations.readers.formats.fields import find_variable, load, open_fields, times_of
from strandline.observations.readers.formats.resampling import hourly_mean, hours_between
from strandline.observations.readers.formats.tables import TextTable, read_table
from strandline.observations.readers.formats.tide_gauge_formats import LEVEL_STANDARD_NAMES
from strandline.observations.readers.formats.timestamps import read_times
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.region import Region
from strandline.observations.region_file.data_sections import WeatherSection, WeatherStationSection
from strandline.observations.variables import VARIABLES, as_variable, check_variables

_log = logging.getLogger(__name__)

NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "pressure": (
        ("air_pressure_at_mean_sea_level", "air_pressure_at_sea_level", "air_pressure_reduced_to_mean_sea_level"),
        ("msl", "psl", "prmsl", "slp", "mslp"),
    ),
    "wind_east": (("eastward_wind", "x_wind"), ("u10", "10u", "uas", "u10m")),
    "wind_north": (("northward_wind", "y_wind"), ("v10", "10v", "vas", "v10m")),
    "sea_level": (LEVEL_STANDARD_NAMES, ("zos", "ssh", "adt", "waterlevel")),
}
"""Variable → CF standard names, then the short names of ERA5, CMIP and CMEMS."""


def read_weather(settings: WeatherSection, region: Region) -> xr.Dataset:
    """The ``weather`` modality, (time, latitude, longitude); latitudes and longitudes ascend.

    Raises:
        InputError: with file, variable or row, and remedy.
    """
    if settings.station is not None:
        weather = read_weather_station(settings.station)
    else:
        weather = _read_fields(settings, region)
    return weather.assign_coords(available_after_h=settings.available_after_h)


def _read_fields(settings: WeatherSection, region: Region) -> xr.Dataset:
    path = settings.path or Path()  # the section has one where it has no station
    with open_fields(path) as dataset:
        available = ", ".join(map(str, dataset.data_vars))
        time = times_of(dataset, path)
        check_times(time.values.reshape(-1), path)
        found = {}
        for name, (standard_names, names) in NAMES.items():
            stated = settings.names.get(name)  # type: ignore[call-overload]
            if stated is not None and stated not in dataset.variables:
                raise InputError(path, f"has no variable '{stated}' for {name}", f"it has {available}")
            array = dataset[stated] if stated else find_variable(dataset, standard_names, names)
            if array is not None:
                found[name] = _select_around(array, dataset, time, region, settings.margin, path)
        if not found:
            raise InputError(path, f"holds no known variable; it has {available}", "name them in weather.names")
    layers = {}
    for name, array in found.items():
        where = f"{path} '{array.name}'"
        values = to_si(array.values, parse_unit_attribute(array.attrs.get("units"), VARIABLES[name].unit, where))
        if name == "sea_level":
            if settings.sea_level is None:
                raise InputError(
                    where,
                    "is a sea level on an unknown datum",
                    "add 'sea_level = { vertical_datum = … }', with 'offset_to_region_datum' if it is not the region's",
                )
            values = values + settings.sea_level.datum_shift
        if np.isnan(values).all():
            raise InputError(where, "has no value around the region", "check its area and missing values")
        layers[name] = as_variable(name, ("time", "latitude", "longitude"), values)
    first = next(iter(found.values()))
    coordinates = {name: first[name].values for name in ("time", "latitude", "longitude")}
    for name, array in found.items():
        if any(not np.array_equal(array[key].values, values) for key, values in coordinates.items()):
            raise InputError(path, f"'{array.name}' ({name}) is on another grid", "regrid all variables to one grid")
    weather = xr.Dataset(layers, coordinates)
    check_variables(weather, path)
    _log.info("weather: %s at %d times", ", ".join(layers), weather.sizes["time"])
    return weather


def read_weather_station(station: WeatherStationSection) -> xr.Dataset:
    """Pressure, wind and rain of one station as an hourly field of one cell; wind is averaged as a vector."""
    columns = station.columns
    layers: dict[str, list[Floats]] = {}
    times = []
    for path in station.paths:
        table = read_table(path, station.delimiter)
        times.append(read_times(table, columns.time, station.time_zone))

        def column(name: str, table: TextTable = table) -> Floats:
            return table.numbers(name, station.missing, station.decimal)

        if columns.pressure is not None:
            layers.setdefault("pressure", []).append(to_si(column(columns.pressure), str(station.pressure_unit)))
        if columns.wind_speed is not None and columns.wind_direction is not None:
            speed = to_si(column(columns.wind_speed), str(station.wind_unit))
            direction_from = np.deg2rad(column(columns.wind_direction))
            layers.setdefault("wind_east", []).append(-speed * np.sin(direction_from))
            layers.setdefault("wind_north", []).append(-speed * np.cos(direction_from))
        if columns.wind_east is not None and columns.wind_north is not None:
            layers.setdefault("wind_east", []).append(to_si(column(columns.wind_east), str(station.wind_unit)))
            layers.setdefault("wind_north", []).append(to_si(column(columns.wind_north), str(station.wind_unit)))
        if columns.rain is not None:
            gauges = (columns.rain,) if isinstance(columns.rain, str) else columns.rain
            rain = np.mean([column(name) for name in gauges], axis=0)
            layers.setdefault("rain", []).append(rain if station.rain_unit == "mm h-1" else _rate(rain, times[-1]))
    order = np.argsort([part[0] for part in times])
    time = np.concatenate([times[i] for i in order])
    where = ", ".join(str(path) for path in station.paths)
    if (np.diff(time) <= np.timedelta64(0)).any():
        raise InputError(where, "the files of the weather station overlap in time", "keep each time in one file")
    hours = hours_between(time[0], time[-1])
    variables = {}
    for name, parts in layers.items():
        values = np.concatenate([parts[i] for i in order])
        if np.isnan(values).all():
            raise InputError(where, f"has no reading of {name}", "check the column and the missing markers")
        hourly = hourly_mean(time, values, hours, station.minimum_share)
        variables[name] = as_variable(name, ("time", "latitude", "longitude"), hourly[:, None, None])
    weather = xr.Dataset(variables, {"time": hours, "latitude": [station.latitude], "longitude": [station.longitude]})
    check_variables(weather, f"{where} (pressure_unit, wind_unit?)")
    return weather


def _rate(amount: Floats, time: Times) -> Floats:
    """(N,) [mm h-1] of amounts [mm] since the row before; the first row's interval is that of the second."""
    hours = np.diff(time) / np.timedelta64(1, "h")
    return np.asarray(amount / np.concatenate([hours[:1] if hours.size else np.ones(1), hours]))


def _select_around(
    array: xr.DataArray, dataset: xr.Dataset, time: xr.DataArray, region: Region, margin: float, path: Path
) -> xr.DataArray:
    """Load the part of a field within ``margin`` [degrees] of the region's centre, or its nearest cell.

    Longitudes of 0–360 are converted to −180–180.
    """
    latitude = find_variable(dataset, ("latitude",), ("latitude", "lat"))
    longitude = find_variable(dataset, ("longitude",), ("longitude", "lon"))
    if latitude is None or longitude is None or latitude.ndim > 1 or longitude.ndim > 1:
        raise InputError(path, "has no one-dimensional latitude and longitude", "regrid it to a regular grid")
    names = {str(time.name): "time", str(latitude.name): "latitude", str(longitude.name): "longitude"}
    extra = [dim for dim in array.dims if str(dim) not in names]
    if any(array.sizes[dim] > 1 for dim in extra) or not set(names) <= set(map(str, array.dims)):
        raise InputError(path, f"'{array.name}' has dimensions {dict(array.sizes)}", "extract (time, lat, lon)")
    field = array.isel(dict.fromkeys(extra, 0), drop=True)
    field = field.assign_coords({str(time.name): time.values}).rename(names)
    field = field.transpose("time", "latitude", "longitude")
    if 0 in field.shape:
        raise InputError(path, f"'{array.name}' has no values", "give fields with times and positions")
    if np.abs(field["latitude"].values).max() > 90:
        raise InputError(path, "has latitudes beyond 90 degrees", "swap latitude and longitude")
    field = field.assign_coords(longitude=(field["longitude"].values + 180.0) % 360.0 - 180.0)
    centre_longitude, centre_latitude = region.centre_lonlat
    chosen = {
        "latitude": _indices_near(field["latitude"].values, centre_latitude, margin, f"{path} latitude"),
        "longitude": _indices_near(field["longitude"].values, centre_longitude, margin, f"{path} longitude"),
    }
    field = field.isel(chosen)
    load(field, path)
    return field.sortby("latitude").sortby("longitude")


def _indices_near(axis: Floats, centre: float, margin: float, where: str) -> npt.NDArray[np.int64]:
    """Indices within the margin; the nearest one where the grid is coarser than the margin.

    Raises:
        InputError: the fields do not cover the region.
    """
    distance = np.abs(axis - centre)
    spacing = float(np.abs(np.diff(np.sort(axis))).min()) if axis.size > 1 else margin
    if distance.min() > max(spacing, margin):
        raise InputError(
            where, f"spans {axis.min():g} to {axis.max():g}, the region lies at {centre:g}", "get fields that cover it"
        )
    near = np.flatnonzero(distance <= margin)
    return near if near.size else np.array([int(distance.argmin())])
