"""A folder that receives weather forecasts as GRIB, NetCDF or cyclone advisories; read at one place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import xarray as xr

from strandline.observations.readers.weather_forecasts.advisories.advisory_weather import read_advisories
from strandline.observations.readers.weather_forecasts.assemble import after
from strandline.observations.readers.weather_forecasts.cf_forecasts import read_cf
from strandline.observations.readers.weather_forecasts.grib import read_grib
from strandline.observations.readers.weather_forecasts.window import Window, at_place
from strandline.observations.region_file.watch.feed_sections import WeatherForecastStreamSection
from strandline.watch.clock import utc_now
from strandline.watch.feeds.files.folders import arrived_since
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.weather_readings import readings_of_forecast
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading


@dataclass(frozen=True)
class WeatherForecastFolder:
    """Forecasts of one model at one place; an incomplete file is read at a later step.

    A file for each lead is usual: what arrives later adds to its issue.

    Attributes:
        longitude, latitude: of the place [degrees].
        longest_delay: from issue to arrival.
        files: how they are read.
        clock: present time, naive UTC.
    """

    section: WeatherForecastStreamSection
    longitude: float
    latitude: float
    longest_delay: timedelta = timedelta(days=3)
    files: ForeignFiles = field(default_factory=ForeignFiles)
    clock: Callable[[], datetime] = utc_now

    @property
    def stream(self) -> str:
        """Name in the region file."""
        return self.section.name

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """Forecasts that arrived after ``since``; issued at most ``longest_delay`` before it, and by ``until``.

        One issued even after the present shows a wrong clock, and is returned for quality control to see.

        Raises:
            FeedError: the folder does not exist, or no new file can be read.
        """
        oldest, now, section = before(since, self.longest_delay), self.clock(), self.section
        paths = arrived_since(self.stream, section.folder, section.pattern, since, self.files.quarantine)

        def read(path: Path) -> list[Reading]:
            forecast = self.files.read(path, partial(read_at_place, path, section, self.longitude, self.latitude))
            readings = readings_of_forecast(self.stream, forecast, section.longest_lead_hours, section.lead_step_hours)
            return [one for one in readings if oldest < one.issued <= until or one.issued > now]

        readings = self.files.read_each(self.stream, paths, read)
        return sorted(readings, key=lambda one: (one.issued, one.time, one.variable, one.member))


def read_at_place(path: Path, section: WeatherForecastStreamSection, longitude: float, latitude: float) -> xr.Dataset:
    """The forecasts of a file at a place, (issued, lead, member, 1, 1).

    Raises:
        InputError: it cannot be read, lacks something, or is of another place.
    """
    window, available = Window(longitude, latitude, 0.0), after(timedelta(0))
    if section.format == "grib":
        forecast = read_grib([path], window, available)
    elif section.format == "advisory":
        forecast = read_advisories(
            [path], longitude, latitude, available, technique=section.technique, members=section.members
        )
    else:
        names = {str(key): name for key, name in section.names.items()}
        forecast = read_cf([path], window, available, names)
    return at_place(forecast, longitude, latitude, path)
