"""What a run asks of its inputs beside a long enough record; `strandline check` asks the same, before anything runs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from strandline.errors import InputError
from strandline.models.batch import OPTICAL_CHANNELS
from strandline.models.terrain_features import sea_of
from strandline.observations.checks.findings import Finding
from strandline.observations.region import Region
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.data_sections import OpticalSection, SarSection
from strandline.observations.weather.storms import find_whole_storms
from strandline.pipeline.study_area.requirements import MOST_STORMS
from strandline.simulator.radar_archive import whole_windows


def refused_inputs(
    region_file: RegionFile, terrain: xr.Dataset | None, gauge: xr.Dataset | None
) -> tuple[Finding, ...]:
    """Inputs that can be read and that a run cannot use, each with its remedy.

    Args:
        terrain, gauge: the modalities ``terrain`` and ``tide_gauge``; ``None`` = absent, or cannot be read.
    """
    return tuple(_refused(region_file, terrain, gauge))


def _refused(region_file: RegionFile, terrain: xr.Dataset | None, gauge: xr.Dataset | None) -> Iterator[Finding]:
    if region_file.sar is not None:
        yield from _of_radar(region_file.sar)
    elif gauge is not None:
        yield from _of_archive(gauge)
    if region_file.optical is not None:
        yield from _of_optical(region_file.optical)
    if terrain is not None:
        yield from _of_sea_point(region_file.region, terrain)
    yield from _of_future_years(region_file)


def _of_radar(section: SarSection) -> Iterator[Finding]:
    lacking = [
        name
        for name, given in (("VH (bands.vh)", section.bands.vh), ("dry scenes ('reference')", section.reference))
        if not given
    ]
    if lacking:
        what = f"lacks {' and '.join(lacking)}: the networks compare both polarisations with a dry-season mean"
        remedy = "add them, or leave [sar] out: floods of past storms are then computed by physics"
        yield Finding("[sar]", what, remedy, refuses=True)


def _of_optical(section: OpticalSection) -> Iterator[Finding]:
    lacking = [name for name in OPTICAL_CHANNELS if getattr(section.bands, name) is None]
    if lacking:
        what = f"lacks {' and '.join(lacking)}: the networks need {', '.join(OPTICAL_CHANNELS)}"
        yield Finding("[optical.bands]", what, "name those bands, or leave [optical] out", refuses=True)


def _of_archive(gauge: xr.Dataset) -> Iterator[Finding]:
    """Without radar, floods are simulated from whole storms of the own gauge."""
    time, level = gauge["time"].values, gauge["water_level"].values[0]
    level = np.where(gauge["quality"].values[0] == 0, level, np.nan)
    storms = find_whole_storms(time, level, MOST_STORMS)
    try:
        if storms:
            whole_windows(time, level, storms)
    except InputError as error:
        yield Finding(error.where, error.what, error.remedy, refuses=True)


def _of_sea_point(region: Region, terrain: xr.Dataset) -> Iterator[Finding]:
    try:
        sea_of(region, terrain)
    except InputError as error:
        yield Finding(error.where, error.what, error.remedy, refuses=True)


def _of_future_years(region_file: RegionFile) -> Iterator[Finding]:
    scenarios = region_file.scenarios
    if scenarios is None:
        return
    baseline = scenarios.baseline_year or pd.Timestamp.now("UTC").year
    for each in scenarios.sea_level_rise:
        if each.year is not None and each.year <= baseline:
            what = f"the year {each.year} of {each.scenario} is not after the baseline year {baseline}"
            yield Finding("[[scenarios.sea_level_rise]]", what, "name a later year, or leave it out", refuses=True)
