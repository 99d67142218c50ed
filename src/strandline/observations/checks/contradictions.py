"""The data sets of a region against one another, and against the datums that its file states: all such checks."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from strandline.observations.checks.datums import check_datums
from strandline.observations.checks.datums.datum_jumps import doubts_about_zero
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.positions import doubts_about_own_gauge
from strandline.observations.checks.published import Published
from strandline.observations.checks.published_tide import compare_tide_with_readings
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.values import as_datetime64
from strandline.observations.sea_level.scenes.clock import far_from_a_pass
from strandline.observations.weather.storms import Window


def find_contradictions(
    region_file: RegionFile, terrain: xr.Dataset | None, gauge: xr.Dataset | None, published: Published
) -> tuple[Finding, ...]:
    """Where the data sets of a region contradict one another; what is absent contradicts nothing.

    Args:
        terrain, gauge: the modalities ``terrain`` and ``tide_gauge``, of every gauge of the region file.
    """
    found = (*doubts_about_own_gauge(region_file), *_of_radar_clock(region_file))
    if gauge is None:
        return found
    return (
        *found,
        *_of_own_gauge(gauge, published, region_file.split.windows),
        *check_datums(region_file, terrain, gauge, published),
    )


def _of_radar_clock(region_file: RegionFile) -> Iterator[Finding]:
    """Radar scenes at an hour at which no satellite of a dawn-dusk orbit passes."""
    section = region_file.sar
    if section is None:
        return
    times = np.array([as_datetime64(scene.time) for scene in section.scenes])
    far = far_from_a_pass(times, region_file.region.centre_lonlat[0])
    if far.size:
        what = (
            f"{far.size} of {times.size} scenes, {np.datetime_as_string(far[0], 'm')}Z the first, were taken far from"
            " 6 and 18 h of local solar time, when Sentinel-1 passes"
        )
        yield Finding("[sar]", what, "give their times in UTC; right as they are only for another satellite")


def _of_own_gauge(gauge: xr.Dataset, published: Published, held_out: Sequence[Window]) -> Iterator[Finding]:
    """What contradicts the region's own gauge, station 0, whatever the datums."""
    name = f"gauge '{gauge['station'].values[0]}'"
    time, level = gauge["time"].values, gauge["water_level"].values[0]
    readings = np.where(gauge["quality"].values[0] == 0, level, np.nan)
    if np.isnan(readings).all():
        what = "every reading is flagged as a spike, stuck or on another datum"
        yield Finding(name, what, "check the file: column, unit and missing markers", refuses=True)
        return
    yield from doubts_about_zero(name, time, level, gauge["quality"].values[0])
    if published.constants is not None:
        yield from compare_tide_with_readings(published.constants, time, readings, published.constants_from, name)
    for start, end in held_out:
        if not (~np.isnan(readings[(time >= start) & (time <= end)])).any():
            first, last = (np.datetime_as_string(each, "m") for each in (start, end))
            what = f"the gauge has no reading in the held-out window {first} to {last}"
            yield Finding("split.held_out", what, "check its dates, or leave it out")
