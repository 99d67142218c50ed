"""Maps of when simulated water arrives in each cell, and how long it stands there."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.risk.timing.by_zone import EARLIER_HOURS, LONGER_HOURS
from strandline.risk.timing.simulated_floods import SimulatedFloods


@dataclass(frozen=True, eq=False)
class TimeMap:
    """Bounds over the storms of one return period, with the allowances for the ground, (H, W) each.

    Attributes:
        return_period: [years].
        arrives: earliest hour of 0.15 m or more [h from the peak of the sea at the gauge]; infinite = in no simulated
            storm, NaN = unknown.
        stands: longest time from the first to the last such hour [h]; infinite = no end was seen, 0 = dry, NaN =
            unknown.
        ordinary: land that the tide wets without a storm.
    """

    return_period: float
    arrives: Floats
    stands: Floats
    ordinary: Mask


def time_map(floods: SimulatedFloods, return_periods: Floats) -> TimeMap:
    """The map at the longest of the return periods (E,) [years]."""
    longest = float(return_periods.max())
    storms = return_periods == longest
    wet, until = floods.wet_from[storms], floods.wet_until[storms]
    is_wet = np.isfinite(wet)
    stands = np.where(is_wet, until - np.where(is_wet, wet, 0.0), np.where(np.isnan(wet), np.nan, 0.0)).max(axis=0)
    arrives, stands = wet.min(axis=0) - EARLIER_HOURS, np.where(stands > 0, stands + LONGER_HOURS, stands)
    return TimeMap(longest, arrives, stands, floods.ordinary)
