"""Fragility of an embankment: the probability that a stretch breaches, given the sea level in front of it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats, Indices
from strandline.observations.exposure.assets import EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION

HIGHLY_LIKELY = 0.85
"""Probability that an embankment holds at its probable non-failure point, and breaches at its probable failure point.
Source: US Army Corps of Engineers (1999), EP 1165-2-1, reliability of existing levees: 85 per cent or more."""
BETWEEN_POINTS = 0.5
"""Height between the two points [m]; an assumption."""
FAILURE_POINT = {"good": 0.5, "fair": 0.0, "poor": -0.5}
"""Probable failure point above the crest [m]. Fair: where the embankment is first overtopped, which EP 1165-2-1 takes
where nothing else is known; good and poor: half a metre to either side, an assumption. Sound grass slopes stand some
overflow; neglected ones fail by piping and slides before the water is at the crest (shape: Vorogushyn, Merz and Apel
2009, NHESS 9, 1383-1401)."""
SPREAD = BETWEEN_POINTS / (2 * float(ndtri(HIGHLY_LIKELY)))
"""Standard deviation of the level at which a stretch fails [m]."""
HIGHEST_ABOVE_GROUND = 4.0
"""Height of an embankment of unknown crest above its toe: anything between nothing and this [m]; an assumption."""
_HEIGHTS = 32
"""Equally likely heights that stand for an unknown one."""
_GRID = 4001


@dataclass(frozen=True, eq=False)
class Fragility:
    """The level at which a stretch fails: normal with ``SPREAD`` about one of equally likely ``medians``.

    Attributes:
        medians: (Q,) [m, region datum]: one for each condition and crest that the stretch may have.
    """

    medians: Floats

    @classmethod
    def of(cls, crest: float, condition: str, toe: float) -> Self:
        """Fragility of a stretch.

        Args:
            crest: [m, region datum]; NaN = unknown: anything up to ``HIGHEST_ABOVE_GROUND`` above the toe.
            condition: one of ``EMBANKMENT_CONDITIONS``, or unknown: each of them is equally likely.
            toe: of the embankment, or ground beside it [m, region datum]; read where the crest is unknown.

        Raises:
            InputError: another condition; neither crest nor toe.
        """
        conditions = EMBANKMENT_CONDITIONS if condition == UNKNOWN_CONDITION else (condition,)
        if not set(conditions) <= set(FAILURE_POINT):
            known = ", ".join((*EMBANKMENT_CONDITIONS, UNKNOWN_CONDITION))
            raise InputError("embankment", f"condition '{condition}' is unknown", f"write one of {known}")
        crests = np.array([crest])
        if np.isnan(crest):
            crests = toe + HIGHEST_ABOVE_GROUND * (np.arange(_HEIGHTS) + 0.5) / _HEIGHTS
        if np.isnan(crests).any():
            raise InputError("embankment", "has neither crest nor toe", "give one of them, on known ground")
        heads = np.array([FAILURE_POINT[each] - BETWEEN_POINTS / 2 for each in conditions])
        return cls((crests[:, None] + heads).ravel())

    def probability(self, level: Floats | float) -> Floats:
        """Probability of breach [-] at sea levels [m, region datum], of their shape."""
        below = (np.asarray(level, dtype=float)[..., None] - self.medians) / SPREAD
        return np.asarray(ndtr(below).mean(axis=-1))

    def failure_level(self, strength: Floats) -> Floats:
        """Level [m, region datum] at which stretches of standard normal ``strength`` fail, of its shape.

        The share of strengths that fail up to a level is ``probability`` of it.
        """
        if self.medians.size == 1:
            return np.asarray(self.medians[0] + SPREAD * strength)
        level = np.linspace(self.medians.min() - 9 * SPREAD, self.medians.max() + 9 * SPREAD, _GRID)
        below, above = self.probability(level), self._probability_to_hold(level)
        normal = np.where(below < 0.5, ndtri(below), -ndtri(above))
        return np.asarray(np.interp(strength, normal, level))

    def _probability_to_hold(self, level: Floats) -> Floats:
        return np.asarray(ndtr((self.medians - level[:, None]) / SPREAD).mean(axis=-1))


def draw_strengths(line_of: Indices, samples: int, correlation: float, rng: np.random.Generator) -> Floats:
    """(S, K) standard normal strengths of stretches, the same at every sea level; high = strong.

    Stretches of a line share a part of theirs. The samples of a stretch are spread evenly: their order alone is drawn,
    so that any share that fails is exact to within one sample.

    Args:
        line_of: (K,) number of the line that each stretch belongs to.
        correlation: of two stretches of one line [-].
    """
    lines, number = np.unique(line_of, return_inverse=True)
    common = rng.standard_normal((samples, lines.size))[:, number]
    own = rng.standard_normal((samples, len(line_of)))
    drawn = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    rank = drawn.argsort(axis=0).argsort(axis=0)
    return np.asarray(ndtri((rank + 0.5) / samples))
