"""Times and years that an observation can have: since there are instruments, and no later than now."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from strandline.errors import InputError
from strandline.observations.arrays import Mask, Times

FIRST_YEAR = 1850
"""Of any observation; a year before it is taken for a typing error. An assumption: few hourly records, and no tables of
storms or images, are older."""
FIRST_STORABLE, LAST_STORABLE = 1678, 2261
"""Whole years of ``datetime64[ns]``. Beyond them it wraps around: 3022 becomes 1853."""
CLOCK_TOLERANCE = np.timedelta64(2, "D").astype("timedelta64[ns]")
"""After the present time: a time zone that was misread, and a clock that runs fast. An assumption."""
REMEDY = f"an observation lies between {FIRST_YEAR} and now: check the year, the format of the time and the time zone"


def latest_time() -> np.datetime64:
    """The latest time that an observation can have, UTC."""
    latest: np.datetime64 = np.datetime64("now", "ns") + CLOCK_TOLERANCE
    return latest


def implausible_times(time: Times) -> Mask:
    """Mask of the times before ``FIRST_YEAR`` or after now; NaT is plausible."""
    wrong: Mask = (time < np.datetime64(str(FIRST_YEAR), "ns")) | (time > latest_time())
    return wrong


def implausible_years(years: npt.NDArray[np.floating] | npt.NDArray[np.integer]) -> Mask:
    """Mask of the numbers that are no whole year between ``FIRST_YEAR`` and now; NaN is none."""
    last = pd.Timestamp(latest_time()).year
    wrong: Mask = ~((years >= FIRST_YEAR) & (years <= last) & (np.mod(years, 1) == 0))
    return wrong


def check_times(time: Times, where: object) -> None:
    """Check that all times can be those of observations.

    Raises:
        InputError: names the first that cannot.
    """
    wrong = np.flatnonzero(implausible_times(time))
    if wrong.size:
        first = pd.Timestamp(time[wrong[0]])
        raise InputError(where, f"{first} cannot be the time of an observation ({wrong.size} such times)", REMEDY)
