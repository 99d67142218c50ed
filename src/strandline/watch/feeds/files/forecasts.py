"""A folder that receives forecasts of the sea level as NetCDF, with issue, lead and member."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Times
from strandline.observations.readers.formats.fields import load, open_fields
from strandline.observations.readers.formats.units import parse_unit_attribute, to_si
from strandline.observations.readers.weather_forecasts.forecast_times import issue_of, member_dimension, valid_times
from strandline.observations.region_file.watch.feed_sections import ForecastStreamSection
from strandline.watch.feeds.files.folders import arrived_since
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.windowing import MOST_READINGS, before
from strandline.watch.readings import Reading

ForecastRows = tuple[Times, Times, Floats, npt.NDArray[np.int64]]
"""(N,) each: valid time, issue, value [m] and member."""


@dataclass(frozen=True)
class ForecastFolder:
    """Forecasts of one model at one location; an incomplete file is read at a later step.

    Attributes:
        longest_delay: longest delay from issue to arrival.
        files: how they are read.
    """

    section: ForecastStreamSection
    longest_delay: timedelta = timedelta(days=3)
    files: ForeignFiles = field(default_factory=ForeignFiles)

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.section.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """Forecasts [m] that arrived after ``since``; issued at most ``longest_delay`` before it, and by ``until``.

        Raises:
            FeedError: the folder does not exist, or no new file can be read.
        """
        oldest, section = before(since, self.longest_delay), self.section
        paths = arrived_since(self.stream, section.folder, section.pattern, since, self.files.quarantine)
        variable = section.variable

        def read(path: Path) -> list[Reading]:
            rows = self.files.read(path, partial(read_forecast, path, section, oldest, until))
            return [
                Reading(self.stream, variable, time, issue, value, member=member)
                for time, issue, value, member in zip(*(column.tolist() for column in rows), strict=True)
            ]

        readings = self.files.read_each(self.stream, paths, read)
        return sorted(readings, key=lambda reading: (reading.issued, reading.time, reading.member))


def read_forecast(path: Path, section: ForecastStreamSection, oldest: datetime, until: datetime) -> ForecastRows:
    """The forecasts in a file that were issued after ``oldest`` and by ``until``.

    Raises:
        InputError: it cannot be read, lacks something, or holds more than one location's forecasts can be.
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
    kept = ~np.isnan(metres) & ~np.isnat(times) & (issues > np.datetime64(oldest)) & (issues <= np.datetime64(until))
    if np.count_nonzero(kept) > MOST_READINGS:
        raise InputError(where, f"holds {np.count_nonzero(kept)} forecasts", "give one location, hourly")
    microseconds = (array[kept].astype("datetime64[us]") for array in (times, issues))
    return (*microseconds, metres[kept], numbers[kept])


def _at_location(level: xr.DataArray, section: ForecastStreamSection, path: Path) -> xr.DataArray:
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
