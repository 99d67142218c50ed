"""A folder that receives forecasts of the sea level as NetCDF, with issue, lead and member."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from strandline.errors import InputError
from strandline.observations.readers.published.surge_forecast_fields import ForecastRows, read_forecast
from strandline.observations.region_file.watch.feed_sections import ForecastStreamSection
from strandline.watch.feeds.files.folders import arrived_since
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.windowing import MOST_READINGS, before
from strandline.watch.readings import Reading


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
            rows = self.files.read(path, partial(read_issued, path, section, oldest, until))
            return [
                Reading(self.stream, variable, time, issue, value, member=member)
                for time, issue, value, member in zip(*(column.tolist() for column in rows), strict=True)
            ]

        readings = self.files.read_each(self.stream, paths, read)
        return sorted(readings, key=lambda reading: (reading.issued, reading.time, reading.member))


def read_issued(path: Path, section: ForecastStreamSection, oldest: datetime, until: datetime) -> ForecastRows:
    """The forecasts in a file that were issued after ``oldest`` and by ``until``.

    Raises:
        InputError: it cannot be read, lacks something, or holds more than one location's forecasts can be.
    """
    times, issues, metres, numbers = read_forecast(path, section)
    kept = (issues > np.datetime64(oldest)) & (issues <= np.datetime64(until))
    if np.count_nonzero(kept) > MOST_READINGS:
        where = f"{path} '{section.level}'"
        raise InputError(where, f"holds {np.count_nonzero(kept)} forecasts", "give one location, hourly")
    times, issues = times[kept].astype("datetime64[us]"), issues[kept].astype("datetime64[us]")
    return times, issues, metres[kept], numbers[kept]
