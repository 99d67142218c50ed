"""A gauge whose zero moves within its record."""

from collections.abc import Iterator

import numpy as np

from strandline.observations.arrays import Bytes, Floats, Times
from strandline.observations.checks.findings import Finding
from strandline.observations.checks.quality import DATUM_JUMP

LEAST_SHARE = 0.02
"""Of the readings on another zero, from which they are reported: less is a week of a year. An assumption."""
_MONTH = np.timedelta64(30, "D")
REMEDY = (
    "ask its operator when the staff was moved; bring all readings to one zero in the file, or give the part that"
    " stands on the zero of 'offset_to_region_datum' alone"
)


def doubts_about_zero(name: str, time: Times, level: Floats, quality: Bytes) -> Iterator[Finding]:
    """Readings that stand on another zero than the longest part of the record, and are not used.

    Args:
        time, level, quality: (T,) UTC, [m] and flags; NaN = missing.
    """
    known = np.flatnonzero(~np.isnan(level))
    moved = (quality[known] & DATUM_JUMP) > 0
    changes = np.flatnonzero(np.diff(moved))
    if not changes.size or moved.mean() < LEAST_SHARE:
        return
    when = time[known[changes[0] + 1]]
    seen, levels = time[known], level[known]
    before = levels[(seen < when) & (seen >= when - _MONTH)].mean()
    after = levels[(seen >= when) & (seen < when + _MONTH)].mean()
    what = (
        f"its level steps by about {after - before:+.1f} m on {np.datetime_as_string(when, 'D')}, as after a move of"
        f" its staff; {moved.mean():.0%} of the readings stand on another zero than the longest part, and are not used"
    )
    yield Finding(name, what, REMEDY)
