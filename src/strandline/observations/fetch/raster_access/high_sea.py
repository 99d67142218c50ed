"""Which scenes show a high sea, and which a low one: by a gauge's record or a predicted tide."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from strandline.errors import InputError, RefusedByTheory
from strandline.observations.arrays import Floats
from strandline.observations.fetch.source import SeaLevelAt
from strandline.observations.readers.gauges.tide_gauges import on_own_zero, read_readings
from strandline.observations.readers.published.tide_of_place import read_tide_of_place
from strandline.observations.region_file.data_sections import TidesSection
from strandline.observations.sea_level.harmonic_tide import TidalConstants, fit_tide, predict_tide

_log = logging.getLogger(__name__)

Times = npt.NDArray[np.datetime64]
_NEAREST = np.timedelta64(45, "m")
"""Between a scene and the reading that tells its sea level."""
_FITTED = np.timedelta64(2 * 366, "D")
"""End of a record to which its tide is fitted: two years separate all main constituents."""


def sea_level_of_region(stated: Mapping[str, Any], data: Path, longitude: float, latitude: float) -> SeaLevelAt | None:
    """The sea's level about its mean [m], as the files of a region file know it.

    It is what its first gauge read; where that has no reading its published tide, else the tide of the gauge's own
    record. A file that is not there yet, or cannot be read, is left out: ``check`` says what is wrong with it.

    Args:
        stated: the region file's tables.
        data: folder that the paths start from.
        longitude, latitude: of the coast [degrees].
    """
    gauge, tide = None, None
    try:
        if first := next(iter(stated.get("tide_gauge", ())), None):
            time, level = read_readings(on_own_zero(first, data))
            gauge = readings_at(time, level - np.nanmean(level))
            tide = _tide_of_record(time, level, latitude)
    except (InputError, ValidationError) as error:
        _log.info("no gauge tells the sea's level: %s", error)
    try:
        if table := stated.get("tides"):
            tides = TidesSection.model_validate(table, context={"data": data})
            if tides.constants is not None:
                tide = tide_at(read_tide_of_place(tides, longitude, latitude).value.constants)
    except (InputError, ValidationError) as error:
        _log.info("no tide tells the sea's level: %s", error)
    if gauge is None or tide is None:
        return gauge or tide
    known, predicted = gauge, tide

    def at(when: Times) -> Floats:
        levels = known(when)
        missing = np.isnan(levels)
        levels[missing] = predicted(when[missing])
        return levels

    return at


def tide_at(constants: TidalConstants) -> SeaLevelAt:
    """The predicted tide [m], by time."""
    return partial(predict_tide, constants)


def _tide_of_record(time: Times, level: Floats, latitude: float) -> SeaLevelAt:
    """The tide [m] fitted to the end of a record, hour by hour; NaN where the record is too short for one."""

    def at(when: Times) -> Floats:
        recent = time > time[-1] - _FITTED
        hours, first = np.unique(time[recent].astype("datetime64[h]"), return_index=True)
        try:
            fitted = fit_tide(time[recent][first], level[recent][first], latitude, name="the record", source="itself")
        except RefusedByTheory as error:
            _log.info("no tide tells the sea's level: %s (%d hours)", error, hours.size)
            return np.full(when.shape, np.nan)
        return predict_tide(fitted.constants, when)

    return at


def readings_at(time: Times, level: Floats) -> SeaLevelAt:
    """A gauge's level [m], by time; NaN further than 45 minutes from a reading. ``time`` ascends."""
    known = np.isfinite(level)
    times, levels = time[known], level[known]

    def at(when: Times) -> Floats:
        if not times.size:
            return np.full(when.shape, np.nan)
        after = np.clip(np.searchsorted(times, when), 1, max(times.size - 1, 1))
        nearest = np.where(
            np.abs(when - times[after - 1]) <= np.abs(when - times[np.minimum(after, times.size - 1)]),
            after - 1,
            np.minimum(after, times.size - 1),
        )
        return np.where(np.abs(when - times[nearest]) <= _NEAREST, levels[nearest], np.nan)

    return at


def highest_and_lowest(levels: Floats, scenes: int, references: int) -> tuple[Sequence[int], Sequence[int]]:
    """Places of the ``scenes`` highest levels and of the ``references`` lowest; no place is in both.

    Of few scenes a third, one at least, are the lowest: without a dry state none can be read. Levels that are unknown
    (NaN) are taken last, the newest first, and never as lowest.

    Args:
        levels: by time [m].
    """
    unknown, number = np.isnan(levels), np.arange(levels.size)
    order = np.lexsort((np.where(unknown, -number, number), np.where(unknown, np.inf, -levels)))
    known = [int(place) for place in order if not unknown[place]]
    low = known[::-1][: min(references, max(1, len(known) // 3))] if len(known) > 1 else []
    return [int(place) for place in order if place not in low][:scenes], low
