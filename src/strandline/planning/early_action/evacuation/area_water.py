"""The water of an evacuation area: how long before the sea's level it may come, and how long it stands."""

import math
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.risk.timing.by_zone import EARLIER_HOURS, LONGER_HOURS, ZoneTimes
from strandline.risk.timing.simulated_floods import AFTER_HOURS


@dataclass(frozen=True)
class AreaWater:
    """When water comes to an area, counted from the sea at the gauge: bounds over simulated storms.

    Attributes:
        ahead_hours: how long before the sea passes the area's level dangerous water may be in one of its zones, rounded
            up [h]; the allowance for the ground alone where no simulated storm shows it.
        storms: simulated storms that show it; 0 = none.
        standing_hours: how long water may stand after the sea was last at that level, rounded up [h]; ``None`` = no
            simulated storm wets the area.
        has_no_end: it may stand longer than that: no end was seen.
    """

    ahead_hours: int
    storms: int
    standing_hours: int | None
    has_no_end: bool

    @property
    def standing_in_words(self) -> str:
        """How long water may stand, as ``up to 20 hours``."""
        if self.standing_hours is None:
            return "for an unknown time"
        return f"more than {self.standing_hours} hours" if self.has_no_end else f"up to {self.standing_hours} hours"


def water_of(times: ZoneTimes, zones: Indices, level: float) -> AreaWater:
    """The water of an area of some zones that the sea endangers from ``level`` [m, region datum] on.

    A storm counts where dangerous water comes in it and the sea passes the level, or the lowest peak of those storms if
    that is lower: how wrong the level is, the trigger knows by itself.
    """
    dangerous = _or_infinite(times.dangerous_from[zones]).min(axis=0)  # (E,)
    in_danger = np.isfinite(dangerous)
    lowest = min(level, float(times.peaks[in_danger].min())) if in_danger.any() else level
    ahead = [
        _first(sea, times.hours, lowest) - (moment - EARLIER_HOURS)
        for sea, moment, counts in zip(times.sea, dangerous, in_danger, strict=True)
        if counts and sea.max() >= lowest
    ]
    standing, has_no_end = _standing(times, zones, lowest)
    return AreaWater(
        ahead_hours=math.ceil(max([*ahead, EARLIER_HOURS if not ahead else 0.0]) - 1e-9),
        storms=len(ahead),
        standing_hours=standing,
        has_no_end=has_no_end,
    )


def _standing(times: ZoneTimes, zones: Indices, level: float) -> tuple[int | None, bool]:
    """Hours from when the sea was last at a level, or from its peak below that, until the last zone is dry."""
    until = _or_infinite(times.wet_until[zones]).max(axis=0)  # (E,); unknown has no end
    is_wet = until > -np.inf
    if not is_wet.any():
        return None, False
    if np.isposinf(until).any():
        return AFTER_HOURS, True
    last = [
        float(times.hours[sea >= level][-1]) if sea.max() >= level else float(times.hours[np.argmax(sea)])
        for sea in times.sea[is_wet]
    ]
    return math.ceil(max(0.0, float((until[is_wet] - np.array(last)).max())) + LONGER_HOURS), False


def _or_infinite(times: Floats) -> Floats:
    return np.where(np.isnan(times), np.inf, times)


def _first(sea: Floats, hours: Floats, level: float) -> float:
    """Moment at which the sea, linear between its hours, first comes up to a level that it reaches [h]."""
    at = int(np.argmax(sea >= level))
    if at == 0:
        return float(hours[0])
    share = (level - sea[at - 1]) / (sea[at] - sea[at - 1])
    return float(hours[at - 1] + share * (hours[at] - hours[at - 1]))
