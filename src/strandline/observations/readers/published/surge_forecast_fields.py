"""Forecasts of the sea level in NetCDF files: one location, with issue, lead and member."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.fields import load, open_fields
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.readers.weather_forecasts.forecast_times import issue_of, member_dimension, valid_times

ForecastRows = tuple[Times, Times, Floats, npt.NDArray[np.int64]]
"""(N,) each: valid time, issue, value [m] and member."""


class LevelInFields(Protocol):
    """Which variable of the files, at which point of them, and what leads to the region's datum [m]."""

    @property
    def level(self) -> str:
        """Name of the variable."""

    @property
    def at(self) -> Mapping[str, int | float | str]:
        """Dimension → label or coordinate."""

    @property
    def datum_shift(self) -> float:
        """[m]"""


def read_forecast(path: Path, section: LevelInFields) -> ForecastRows:
    """The forecasts in a file.

    Raises:
        InputError: it cannot be read, lacks something, or holds more than one location's forecasts.
    """
    with open_fields(path) as dataset:
        if section.level not in dataset.variables:
            raise InputError(path, f"has no variable '{section.level}'", f"it has {', '.join(map(str, dataset))}")
        level = _at_location(dataset[section.level], section, path)
        issued, valid = issue_of(dataset, path), valid_times(dataset, path)
        load(level, path)
    where = f"{path} '{section.level}'"
    unit = parse_unit_attribute(level.attrs.get("units"), "m", where)
    members = member_dimension(level)
    extra = set(level.dims) - set(issued.dims) - set(valid.dims) - {members}
    if extra:
        raise InputError(
            where, f"has dimensions {sorted(map(str, extra))} beside time", "select one location with 'at'"
        )
    number = xr.DataArray(np.arange(level.sizes[members]), dims=members) if members else xr.DataArray(0)
    values, issues, times, numbers = (array.values.reshape(-1) for array in xr.broadcast(level, issued, valid, number))
    metres = to_si(values, unit) + section.datum_shift
    kept = ~np.isnan(metres) & ~np.isnat(times) & ~np.isnat(issues)
    return times[kept], issues[kept], metres[kept], numbers[kept]


def _at_location(level: xr.DataArray, section: LevelInFields, path: Path) -> xr.DataArray:
    for dimension, label in section.at.items():
        where = f"{path} '{dimension}'"
        if dimension not in level.dims or dimension not in level.coords:
            raise InputError(
                where, "is no dimension with labels", f"'{level.name}' has {', '.join(map(str, level.dims))}"
            )
        known = level[dimension].values
        known = np.char.strip(known.astype(str)) if isinstance(label, str) else known
        found = np.flatnonzero(known == label) if isinstance(label, str) else np.array([np.abs(known - label).argmin()])
        if not found.size:
            raise InputError(where, f"has no '{label}'", f"it has {', '.join(map(str, known[:8]))}")
        level = level.isel({dimension: int(found[0])})
    return level.squeeze(drop=True)
