"""The levels of a region's gauges, as the checks of datums need them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from strandline.observations.arrays import Floats, Times
from strandline.observations.region_file.data_sections import TideGaugeSection
from strandline.observations.region_file.values import as_datetime64

FEWEST_DAYS = 14
"""Below a spring-neap cycle neither a mean level nor a mean high water is worth comparing."""
DECORRELATION_DAYS = 5.0
"""Days after which daily means are independent; an assumption, as in the adoption of published tides."""
DAYS_PER_YEAR = 365.25
_DAY_HOURS, _KNOWN_HOURS = 24, 20


@dataclass(frozen=True, eq=False)
class GaugeRecord:
    """One gauge: its section of the region file, and its usable hourly levels.

    Attributes:
        time: (T,) UTC, hourly.
        level: (T,) [m, region datum]; NaN = gap or flagged.
        mean_sea_level: as stated, or averaged over the stated window [m, region datum].
        daily: (D, 3) mean, highest and lowest level of each day that is known [m, region datum].
    """

    section: TideGaugeSection
    time: Times
    level: Floats
    mean_sea_level: float
    daily: Floats

    @property
    def where(self) -> str:
        """For messages."""
        return f"gauge '{self.section.name}'"

    @property
    def is_long_enough(self) -> bool:
        """Whether its mean and its high water can be compared with anything."""
        return len(self.daily) >= FEWEST_DAYS

    @property
    def mean(self) -> float:
        """Of the record [m, region datum]."""
        return float(self.daily[:, 0].mean())

    @property
    def standard_error(self) -> float:
        """Of ``mean`` under weather [m]."""
        independent = max(len(self.daily) / DECORRELATION_DAYS, 2.0)
        return float(self.daily[:, 0].std() / np.sqrt(independent))

    @property
    def mean_high_water(self) -> float:
        """Above the mean [m]: the average of the highest level of each day."""
        return float(self.daily[:, 1].mean()) - self.mean

    @property
    def mean_low_water(self) -> float:
        """Below the mean [m, positive]: the average of the lowest level of each day."""
        return self.mean - float(self.daily[:, 2].mean())

    @property
    def years(self) -> float:
        """Of known days."""
        return len(self.daily) / DAYS_PER_YEAR

    @property
    def middle_year(self) -> float:
        """Calendar year of the middle of the record."""
        middle = self.time[0] + (self.time[-1] - self.time[0]) / 2
        return float(1970.0 + (middle - np.datetime64(0, "s")) / np.timedelta64(1, "D") / DAYS_PER_YEAR)

    @property
    def span(self) -> str:
        """First and last day with a reading, for messages."""
        known = self.time[~np.isnan(self.level)]
        first, last = (np.datetime_as_string(each, "D") for each in (known[0], known[-1]))
        return f"{first} to {last}"

    @property
    def states_mean_sea_level(self) -> bool:
        """Whether mean sea level is a level in the region file, not the average of readings."""
        return not isinstance(self.section.mean_sea_level, tuple)


def gauge_records(sections: tuple[TideGaugeSection, ...], gauge: xr.Dataset) -> list[GaugeRecord]:
    """The gauges with a usable reading, in the order of the region file.

    Args:
        gauge: the ``tide_gauge`` modality of these sections.
    """
    time = gauge["time"].values
    start = int(np.searchsorted(time, time[0].astype("datetime64[D]").astype(time.dtype) + np.timedelta64(1, "D")))
    records = []
    for index, section in enumerate(sections):
        level = np.where(gauge["quality"].values[index] == 0, gauge["water_level"].values[index], np.nan)
        if np.isnan(level).all():
            continue
        whole = level[start : start + (level.size - start) // _DAY_HOURS * _DAY_HOURS].reshape(-1, _DAY_HOURS)
        days = whole[(~np.isnan(whole)).sum(axis=1) >= _KNOWN_HOURS]  # (D, 24)
        daily = (
            np.stack([np.nanmean(days, axis=1), np.nanmax(days, axis=1), np.nanmin(days, axis=1)], axis=1)
            if len(days)
            else np.empty((0, 3))
        )
        records.append(GaugeRecord(section, time, level, float(gauge["mean_sea_level"].values[index]), daily))
    return records


def window_of(section: TideGaugeSection) -> str:
    """How the region file states mean sea level, for messages."""
    if isinstance(section.mean_sea_level, tuple):
        first, last = (np.datetime_as_string(as_datetime64(each), "D") for each in section.mean_sea_level)
        return f"the average of {first} to {last}"
    return f"mean_sea_level = {section.mean_sea_level:g}"
