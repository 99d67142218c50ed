"""Which scenes show a high sea, and which a low one: by a predicted tide or a gauge's record."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.fetch.source import SeaLevelAt
from strandline.observations.readers.published.tidal_constants import read_tidal_constants
from strandline.observations.readers.tide_gauges import read_readings
from strandline.observations.region_file.data_sections import TideGaugeSection, TidesSection
from strandline.observations.region_file.toml_file import read_toml
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

_log = logging.getLogger(__name__)

Times = npt.NDArray[np.datetime64]
_NEAREST = np.timedelta64(45, "m")
"""Between a scene and the reading that tells its sea level."""


def sea_level_of_region(path: Path, data: Path, latitude: float) -> SeaLevelAt | None:
    """The sea's level about its mean [m], as the files of a region file know it: its first gauge, elsewhere its tide.

    A file that is not there yet, or cannot be read, is left out: ``check`` says what is wrong with it.

    Args:
        data: folder that the paths start from.
        latitude: of the coast [degrees].
    """
    raw, context = read_toml(path), {"data": data}
    gauge, tide = None, None
    try:
        if first := next(iter(raw.get("tide_gauge", ())), None):
            time, level = read_readings(TideGaugeSection.model_validate(first, context=context))
            gauge = readings_at(time, level - np.nanmean(level))
    except (InputError, ValidationError) as error:
        _log.info("no gauge tells the sea's level: %s", error)
    try:
        if table := raw.get("tides"):
            tides = TidesSection.model_validate(table, context=context)
            if tides.constants is not None and tides.station is not None:
                tide = tide_at(read_tidal_constants(tides.constants, tides.station, latitude).value)
    except (InputError, ValidationError) as error:
        _log.info("no tide tells the sea's level: %s", error)
    if gauge is None or tide is None:
        return gauge or tide
    known, predicted = gauge, tide

    def at(when: Times) -> Floats:
        levels = known(when)
        return np.where(np.isnan(levels), predicted(when), levels)

    return at


def tide_at(constants: TidalConstants) -> SeaLevelAt:
    """The predicted tide [m], by time."""
    return partial(predict_tide, constants)


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

    Levels that are unknown (NaN) are taken last, and never as lowest.
    """
    order = np.argsort(-np.where(np.isnan(levels), -np.inf, levels), kind="stable")
    high = [int(place) for place in order[:scenes]]
    low = [int(place) for place in order[scenes:][::-1] if not np.isnan(levels[place])]
    return high, low[:references]
