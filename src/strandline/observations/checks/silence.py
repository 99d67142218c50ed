"""How much of the time a regular series was silent: one definition for what is checked and what is reported."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Mask, Times


@dataclass(frozen=True)
class Coverage:
    """When a series was read.

    Attributes:
        first, last: UTC time of its first and last reading.
        silent_share: share of the steps from the first to the last that have none [-]; what lies before and after is
            not silence but no record.
    """

    first: np.datetime64
    last: np.datetime64
    silent_share: float


def coverage(time: Times, known: Mask) -> Coverage | None:
    """When a regular series (T,) was read; ``None`` = never."""
    read = np.flatnonzero(known)
    if not read.size:
        return None
    first, last = int(read[0]), int(read[-1])
    return Coverage(time[first], time[last], 1.0 - float(known[first : last + 1].mean()))
