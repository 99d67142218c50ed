"""The cost-loss rule: warning levels at which acting pays, and the relative value of decisions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats


def lowest_levels(
    probabilities: Sequence[float], cost: float, avoidable_loss: Callable[[float], float], levels: Floats
) -> dict[float, float]:
    """Probability → lowest of the levels at which acting pays if it is reached with this probability, highest first.

    Acting pays where probability · avoidable loss exceeds the cost. A probability without such a level is left out, and
    one for whose level a smaller probability suffices. Acting as soon as one of the pairs holds is never wrong by the
    forecast: where loss grows with level, E[loss] ≥ P(level ≥ x) · loss(x) for every x (Markov's inequality). It may be
    late, since E[loss] may exceed the cost before any single pair holds; more pairs come closer.

    Args:
        avoidable_loss: of an event of this level.
        levels: (N,) ascending, those that are tried.

    Source: Murphy (1977), Monthly Weather Review 105, 803-816; Richardson (2000), QJRMS 126, 649-667, section 2.
    """
    avoidable = np.array([avoidable_loss(level) for level in levels])
    found: dict[float, float] = {}
    for probability in sorted(probabilities):
        pays = probability * avoidable > cost
        if pays.any() and levels[int(np.argmax(pays))] not in found.values():
            found[probability] = float(levels[int(np.argmax(pays))])
    return dict(reversed(found.items()))


@dataclass(frozen=True)
class Expenses:
    """Expenses of the same events under four ways to decide, in one currency.

    Attributes:
        decided: of the decisions taken [EUR 2010 in a plan].
        perfect: of acting for each event for which it pays, and never else [as above].
        never: of doing nothing [as above].
        always: of being prepared all the time [as above].
    """

    decided: float
    perfect: float
    never: float
    always: float

    @property
    def relative_value(self) -> float:
        """[-]: 1 = as good as perfect, 0 = as good as the climate alone, below = worse; NaN = nothing to gain.

        Source: Richardson (2000), eq. 7: (E_climate - E_forecast) / (E_climate - E_perfect), where the climate's
        expense is the smaller of always and never acting.
        """
        climate = min(self.never, self.always)
        gain = climate - self.perfect
        return (climate - self.decided) / gain if gain > 0 else float("nan")
