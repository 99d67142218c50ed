"""What is demanded before anything is learned: names that exist, enough storms, enough years for the return levels."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from strandline.distillation.adaptation.recipe import recipe_faults
from strandline.errors import InputError, RefusedByTheory
from strandline.observations.checks.published import Published
from strandline.observations.region_file import RegionFile
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.region_file import DistillationSection
from strandline.observations.weather.storms import Split, Storm, find_whole_storms, split_by_storm
from strandline.planning.settings import read_planning_settings
from strandline.risk.hazard.short_maxima import fit_annual_maxima

RETURN_PERIODS = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)
"""[years] Of the hazard, where a region file names none."""
MOST_STORMS, CALIBRATION_STORMS, TEST_STORMS = 40, 9, 1
"""Of a real place: taken from its record at most, held out for calibration (nine can keep a
miss rate of 10 %), and for tests."""


def require_storms(name: str, storms: Sequence[Storm], split: Split, calibration: int, test: int) -> None:
    """Check that a record holds enough storms.

    Args:
        name: of the place; ``calibration``, ``test``: storms that are needed for each.

    Raises:
        RefusedByTheory: it holds too few.
    """
    if len(split.calibration) < calibration or not split.training or not split.test:
        needed = calibration + max(test, len(split.test), 1) + 1
        raise RefusedByTheory(
            f"the record of '{name}' holds {len(storms)} storms; {needed} or more are needed"
            f" to train on some, calibrate on {calibration} and test on the others"
        )


def refused_by_planning(region_file: RegionFile) -> Iterator[str]:
    """What a run would refuse about [planning], in a sentence: an unknown measure, or an amount without a rate."""
    try:
        read_planning_settings(region_file.planning or PlanningSection())
    except InputError as error:
        yield str(error)


def refused_names(section: DistillationSection) -> list[InputError]:
    """Names in [distillation] that do not exist, or that its recipe does not have."""
    faults = recipe_faults(section.recipe, section.without, section.alignment)
    return [InputError(f"[distillation.{fault.where}]", fault.what, fault.remedy) for fault in faults]


def refused_by_theory(region_file: RegionFile, gauge: xr.Dataset, published: Published) -> Iterator[str]:
    """What a run of a real place would refuse about its record, each in a sentence.

    Args:
        gauge: the own gauge is station 0.
    """
    name, time = region_file.region.name, gauge["time"].values
    level = np.where(gauge["quality"].values[0] == 0, gauge["water_level"].values[0], np.nan)
    storms = find_whole_storms(time, level, MOST_STORMS)
    held_out, rng = region_file.split.windows, np.random.default_rng(0)
    split = split_by_storm(storms, CALIBRATION_STORMS, TEST_STORMS, held_out, rng)
    try:
        require_storms(name, storms, split, CALIBRATION_STORMS, TEST_STORMS)
    except RefusedByTheory as error:
        yield str(error)
    section, maxima = region_file.extremes, published.maxima
    if section is None or maxima is None:
        return
    try:
        fit_annual_maxima(maxima.levels, maxima.years, source=section.source, trend=section.trend)
    except (RefusedByTheory, InputError) as error:
        yield str(error)
