"""Intervals whose coverage holds in the long run while coast, gauge and weather change.

Data of a watch that runs for years is not exchangeable. The rule assumes nothing about it: it follows the misses, so
that their share returns to the nominal one for every sequence.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

from strandline.errors import InputError, RefusedByTheory


@dataclass(frozen=True)
class TrackedRadius:
    """Quantile tracking: the radius follows the misses, so that it needs no past scores and is never infinite.

    For scores from 0 to ``b``: |share of misses − ``miss_rate``| ≤ `long_run_bound`, for every sequence.

    Attributes:
        miss_rate: 1 − nominal coverage; ``gain``: step of the radius per miss, in units of the score.
        radius: of the interval to issue now; an interval below 0 is empty.

    Raises:
        RefusedByTheory: a miss rate outside 0…1, or a gain that is not above 0.

    Source: Angelopoulos, Candès, Tibshirani (2023), Conformal PID control for time series prediction, eq. 5 and
    proposition 1.
    """

    miss_rate: float
    gain: float
    radius: float

    def __post_init__(self) -> None:
        if not 0 < self.miss_rate < 1:
            raise RefusedByTheory(f"a coverage of {1 - self.miss_rate:.0%} cannot be kept; name one between 0 and 1")
        if not 0 < self.gain < math.inf:
            raise RefusedByTheory(f"a gain of {self.gain:g} follows no miss; name one above 0")

    def update(self, score: float) -> Self:
        """q_t + η(1{score > q_t} − α), from the score of an observation; skip hours without a reading.

        Raises:
            InputError: a score below 0, or NaN.
        """
        if not score >= 0:
            raise InputError("tracked radius", f"a score of {score}", "give |observed − mean|; leave gaps out before")
        return replace(self, radius=self.radius + self.gain * ((score > self.radius) - self.miss_rate))

    def long_run_bound(self, steps: int, largest_score: float) -> float:
        """Greatest difference of the share of misses in the next ``steps`` from the miss rate."""
        return (max(self.radius, largest_score - self.radius) + self.gain) / (self.gain * steps)
