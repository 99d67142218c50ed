"""Intervals that keep their coverage in the long run while coast, gauge and weather change.

Nothing is exchangeable in a watch that runs for years. Both rules here assume nothing of what is observed: they look
at which intervals missed, and the share of misses comes back to what was promised, whatever happens.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError, RefusedByTheory


@dataclass(frozen=True)
class AdaptiveLevel:
    """Adaptive conformal inference: the level that is asked of conformal prediction follows the misses.

    At every time from 1 to T the interval is that of level ``level``: `adaptive_radius`, or any that is the whole line
    from 0 down and empty from 1 up. Then |share of misses − ``miss_rate``| ≤ `long_run_bound` for every sequence.

    Attributes:
        miss_rate: α, 1 − the promised coverage.
        gain: γ > 0, how far one miss moves the level; 0.005 in the paper, more follows faster and swings wider.
        level: α_t, the miss rate to ask for now.

    Raises:
        RefusedByTheory: a miss rate outside 0…1, or a gain that is not above 0.

    Source: Gibbs and Candès (2021), Adaptive conformal inference under distribution shift, eq. 2.
    """

    miss_rate: float
    gain: float
    level: float

    def __post_init__(self) -> None:
        _check(self.miss_rate, self.gain)

    def update(self, covered: bool) -> Self:
        """α_t + γ(α − 1{missed}).

        Raises:
            InputError: a miss of the whole line, or a hit of nothing: the interval given was not that of this level.
        """
        if (self.level <= 0 and not covered) or (self.level >= 1 and covered):
            was = "the whole line was missed" if self.level <= 0 else "an empty interval was hit"
            raise InputError("adaptive level", f"{was} at level {self.level:.3f}", "give the interval of this level")
        return replace(self, level=self.level + self.gain * (self.miss_rate - (not covered)))

    def long_run_bound(self, steps: int) -> float:
        """Furthest that the share of misses in the next ``steps`` can be from the miss rate (their prop. 4.1)."""
        return (max(self.level, 1 - self.level) + self.gain) / (self.gain * steps)


def adaptive_radius(state: AdaptiveLevel, scores: npt.NDArray[np.floating]) -> float:
    """Radius of the interval to give now: the score that the share ``state.level`` of past scores exceeds.

    The ⌈(n + 1)(1 − level)⌉-th smallest of n scores (any number of recent ones); ∞, the whole line, where there are
    too few for it or the level is 0 or less; −∞, nothing, from level 1 on. An hour is covered when its score is not
    above the radius.
    """
    if state.level >= 1:
        return -math.inf
    rank = math.ceil(round((scores.size + 1) * (1 - state.level), 9))
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= scores.size else math.inf


@dataclass(frozen=True)
class TrackedRadius:
    """Quantile tracking: the radius itself follows the misses, so that it needs no past scores and is never infinite.

    For scores from 0 to ``b``: |share of misses − ``miss_rate``| ≤ `long_run_bound`, for every sequence.

    Attributes:
        miss_rate: 1 − the promised coverage; ``gain``: how far one miss widens the radius, in units of the score.
        radius: of the interval to give now; below 0 it holds nothing.

    Raises:
        RefusedByTheory: a miss rate outside 0…1, or a gain that is not above 0.

    Source: Angelopoulos, Candès, Tibshirani (2023), Conformal PID control for time series prediction, eq. 5 and
    proposition 1.
    """

    miss_rate: float
    gain: float
    radius: float

    def __post_init__(self) -> None:
        _check(self.miss_rate, self.gain)

    def update(self, score: float) -> Self:
        """q_t + η(1{score > q_t} − α), from the score of what was observed; an hour without a reading changes nothing.

        Raises:
            InputError: a score below 0, or none.
        """
        if not score >= 0:
            raise InputError("tracked radius", f"a score of {score}", "give |observed − mean|; leave gaps out before")
        return replace(self, radius=self.radius + self.gain * ((score > self.radius) - self.miss_rate))

    def long_run_bound(self, steps: int, largest_score: float) -> float:
        """Furthest that the share of misses in the next ``steps`` can be from the miss rate."""
        return (max(self.radius, largest_score - self.radius) + self.gain) / (self.gain * steps)


def _check(miss_rate: float, gain: float) -> None:
    if not 0 < miss_rate < 1:
        raise RefusedByTheory(f"a coverage of {1 - miss_rate:.0%} cannot be kept; name one between 0 and 1")
    if not 0 < gain < math.inf:
        raise RefusedByTheory(f"a gain of {gain:g} follows nothing; name one above 0")
