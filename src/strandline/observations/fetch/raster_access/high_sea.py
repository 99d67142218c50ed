"""Which scenes show a high sea, and which a low one: by a predicted tide or a gauge's record."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.observations.fetch.source import SeaLevelAt
from strandline.observations.sea_level.harmonic_tide import TidalConstants, predict_tide

Times = npt.NDArray[np.datetime64]
_NEAREST = np.timedelta64(45, "m")
"""Between a scene and the reading that tells its sea level."""


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
