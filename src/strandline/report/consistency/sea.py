"""The sea: a rarer level is a higher one."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from strandline.risk.hazard.hazard import Hazard

LEAST_STEP = -1e-6
"""Fall of a level that is rounding [m]."""


def levels_ascend(hazard: Hazard) -> Iterator[str]:
    """In every sample the level rises with the return period."""
    steps = np.diff(hazard.level_draws, axis=1)  # (N, R - 1)
    for number, (shorter, longer) in enumerate(pairwise(hazard.return_periods)):
        wrong = int((steps[:, number] < LEAST_STEP).sum())
        if wrong:
            yield (
                f"In {wrong} of {len(steps)} samples the {longer:g}-year sea level lies below the {shorter:g}-year one."
            )
