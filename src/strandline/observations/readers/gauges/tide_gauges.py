"""Tide gauges: hourly levels on the region's datum, with quality flags."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from strandline.errors import InputError
from strandline.observations.checks.quality import MISSING, flag_quality
from strandline.observations.checks.times import check_times
from strandline.observations.readers.formats.resampling import hourly_flags, hourly_mean, hours_between
from strandline.observations.readers.formats.tide_gauge_formats import READERS, Readings
from strandline.observations.region_file.data_sections import TideGaugeSection
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.variables import as_variable

_log = logging.getLogger(__name__)


def read_tide_gauges(gauges: Sequence[TideGaugeSection]) -> xr.Dataset:
    """The ``tide_gauge`` modality: hourly ``water_level`` and ``quality`` (station, time), station 0 the region's own.

    Raises:
        InputError: with file, row and remedy.
    """
    names = [gauge.name for gauge in gauges]
    if len(set(names)) < len(names):
        raise InputError("tide_gauge", f"the names {names} are not all different", "give every station one name")
    readings = [read_readings(gauge) for gauge in gauges]
    hours = hours_between(min(time[0] for time, _ in readings), max(time[-1] for time, _ in readings))
    levels, flags, mean_sea_levels = [], [], []
    for gauge, (time, level) in zip(gauges, readings, strict=True):
        hourly = hourly_mean(time, level, hours, gauge.minimum_share)
        if np.isnan(hourly).all():
            what = f"no hour has {gauge.minimum_share:.0%} of its readings"
            raise InputError(f"gauge '{gauge.name}'", what, "lower 'minimum_share'")
        hour_flags = hourly_flags(time, flag_quality(time, level) & ~MISSING, hours)
        levels.append(hourly)
        flags.append(hour_flags | np.where(np.isnan(hourly), MISSING, np.uint8(0)))
        mean_sea_levels.append(_mean_sea_level(gauge, hours, hourly, flags[-1]))
        _log.info("gauge '%s': %d of %d hours known", gauge.name, (~np.isnan(hourly)).sum(), hours.size)
    return xr.Dataset(
        {
            "water_level": as_variable("water_level", ("station", "time"), np.stack(levels)),
            "quality": as_variable("quality", ("station", "time"), np.stack(flags)),
        },
        {
            "station": names,
            "time": hours,
            "longitude": ("station", [gauge.longitude for gauge in gauges]),
            "latitude": ("station", [gauge.latitude for gauge in gauges]),
            "mean_sea_level": ("station", mean_sea_levels),
            "gauge_zero": ("station", [gauge.datum_shift for gauge in gauges]),
        },
    )


def read_readings(gauge: TideGaugeSection) -> Readings:
    """All files of one gauge at their own spacing: UTC times and levels [m, region datum], NaN = missing.

    Raises:
        InputError: a file cannot be read, files overlap, or every level is missing.
    """
    parts = sorted((READERS[gauge.format](path, gauge) for path in gauge.paths), key=lambda part: part[0][0])
    time = np.concatenate([part[0] for part in parts])
    level = np.concatenate([part[1] for part in parts]) + gauge.datum_shift
    files = ", ".join(str(path) for path in gauge.paths)
    if (np.diff(time) <= np.timedelta64(0)).any():
        raise InputError(files, f"the files of gauge '{gauge.name}' overlap in time", "keep each time in one file")
    check_times(time, files)
    if np.isnan(level).all():
        raise InputError(
            files, f"gauge '{gauge.name}' has no reading: every level is missing", "check column and markers"
        )
    return time, level


def on_own_zero(gauge: Mapping[str, Any], data: Path) -> TideGaugeSection:
    """A table ``[[tide_gauge]]`` whose levels count from the gauge's own zero, whatever it states of its datum.

    Args:
        data: folder that its paths start from.

    Raises:
        InputError, ValidationError: the table describes no gauge.
    """
    kept = {key: value for key, value in gauge.items() if key != "offset_to_region_datum"}
    stated = {**kept, "vertical_datum": "region", "mean_sea_level": 0.0}
    return TideGaugeSection.model_validate(stated, context={"data": data})


def _mean_sea_level(gauge: TideGaugeSection, hours: np.ndarray, level: np.ndarray, quality: np.ndarray) -> float:
    """[m, region datum] as given, or the mean of the unflagged hours of the given window."""
    if not isinstance(gauge.mean_sea_level, tuple):
        return gauge.mean_sea_level
    start, end = (as_datetime64(instant) for instant in gauge.mean_sea_level)
    chosen = (hours >= start) & (hours <= end) & (quality == 0)
    if not chosen.any():
        what = f"has no reading from {start} to {end} to average"
        remedy = "choose another window for 'mean_sea_level', or give the level"
        raise InputError(f"gauge '{gauge.name}'", what, remedy)
    return float(level[chosen].mean())
