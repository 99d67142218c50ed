"""How the members of a committee are joined: each recalibrated, then weighted by the overlap that it expects of itself.

A member that parts water from land sharply in a scene expects a high overlap with the truth; one that its sensor leaves
in doubt does not. On floods that no member was trained on, the expected overlap tells which member is right in this
flood, without a label.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Reals

LARGEST_ODDS = 6.0
"""Log odds beyond which a member's certainty is not heard."""
LARGEST_SAMPLE = 100_000
"""Cells that an overlap is expected from; of more every n-th."""
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.3, 0.5
"""Between which a scene's threshold lies: a cell that is likelier wet than dry counts as wet, and a dry scene is not
mapped wet where it is least dry."""
SMALLEST_QUALITY = 0.02
"""Expected overlap below which a member's weight falls no further."""


def log_odds(probability: Reals) -> Floats:
    """Log odds, clipped to ±``LARGEST_ODDS``; NaN stays NaN."""
    exact = np.asarray(probability, dtype=np.float64)  # in single precision 1 - 1e-9 is 1
    odds: Floats = np.log(exact + 1e-9) - np.log1p(1e-9 - exact)
    return np.clip(odds, -LARGEST_ODDS, LARGEST_ODDS)


@dataclass(frozen=True)
class Recalibration:
    """New log odds = ``slope`` × log odds + ``shift``.

    Source: Platt (1999), Advances in Large Margin Classifiers, 61–74.
    """

    slope: float = 1.0
    shift: float = 0.0

    def apply(self, probability: Reals) -> Floats:
        """The recalibrated probability; NaN stays NaN."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * log_odds(probability) + self.shift))))


@dataclass(frozen=True)
class Stacking:
    """How members are joined where certain sensors show the moment.

    Attributes:
        members: name → recalibration.
        exponent: of the expected overlaps in the weights; 0 = all equal.
        joined: recalibration of the weighted mean.
        untrained: a further member that has half of the weight wherever it answers; empty = none.
    """

    members: Mapping[str, Recalibration]
    exponent: float = 0.0
    joined: Recalibration = Recalibration()
    untrained: str = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the members that it joins."""
        return (*self.members, *((self.untrained,) if self.untrained else ()))

    def qualities(self, probabilities: Mapping[str, Reals]) -> dict[str, float]:
        """Overlap that each member expects of itself on the cells of a scene, region or flood."""
        return {name: expected_overlap(each.apply(probabilities[name]))[0] for name, each in self.members.items()}

    def weights(self, qualities: Mapping[str, float]) -> dict[str, float]:
        """Weight of each member; they sum to 1."""
        raw = {name: max(qualities[name], SMALLEST_QUALITY) ** self.exponent for name in self.members}
        total = sum(raw.values())
        return {name: weight / total for name, weight in raw.items()}

    def join(self, probabilities: Mapping[str, Reals], qualities: Mapping[str, float]) -> Floats:
        """Probability of water from those of the members, all of one shape; NaN where one of them is NaN."""
        weights = self.weights(qualities)
        mean = sum(weights[name] * each.apply(probabilities[name]) for name, each in self.members.items())
        joined = self.joined.apply(np.asarray(mean))
        if not self.untrained:
            return joined
        other = probabilities[self.untrained]
        return np.where(np.isfinite(other), (joined + other) / 2, joined)


def scene_threshold(probability: Reals) -> float:
    """Probability from which a cell of a scene or flood counts as wet: the highest overlap is expected there."""
    return float(np.clip(expected_overlap(probability)[1], LOWEST_THRESHOLD, HIGHEST_THRESHOLD))


def expected_overlap(probability: Reals) -> tuple[float, float]:
    """Largest overlap (intersection over union) that probabilities let expect, and the threshold that gives it.

    The intersection with the cells above a threshold is expected to be the sum of their probabilities. NaN does not
    count; 0 and 0.5 where nothing is known.

    Source: the ratio of expectations, as for the F-measure in Lipton et al. (2014), ECML PKDD, 225–239.
    """
    known = probability[np.isfinite(probability)]
    if not known.size:
        return 0.0, 0.5
    falling = np.sort(known[:: -(-known.size // LARGEST_SAMPLE)].astype(np.float64))[::-1]
    both = np.cumsum(falling)
    overlap = both / (np.arange(1, falling.size + 1) + both[-1] - both)
    best = int(np.argmax(overlap))
    return float(overlap[best]), float(falling[best])
