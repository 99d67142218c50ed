"""When acting is worth it: the cost-loss rule, and what decisions are worth by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats


def critical_probability(cost: float, avoidable_loss: float) -> float:
    """The chance [-] that must be exceeded for acting to be worth it: cost over avoidable loss; 1 or more = never.

    Raises:
        InputError: a cost that is not above 0, or a negative loss.

    Source: Murphy (1977), Monthly Weather Review 105, 803-816; Richardson (2000), QJRMS 126, 649-667, section 2.
    """
    if not (cost > 0 and avoidable_loss >= 0):
        raise InputError("cost-loss rule", f"cost {cost:g}, avoidable loss {avoidable_loss:g}", "give a cost above 0")
    return cost / avoidable_loss if avoidable_loss > 0 else np.inf


def lowest_levels(
    probabilities: Sequence[float], cost: float, avoidable_loss: Callable[[float], float], levels: Floats
) -> dict[float, float]:
    """Probability → lowest of the levels at which this chance of reaching it is worth acting, likeliest first.

    A probability without such a level is left out, and one that a smaller probability of the same level makes idle.
    Acting as soon as one of the pairs holds is never wrong by the forecast: where loss grows with level,
    E[loss] ≥ P(level ≥ x) · loss(x) for every x (Markov's inequality). It may be late, since E[loss] may exceed the
    cost before any single pair does; more pairs come closer.

    Args:
        avoidable_loss: of an event of this level.
        levels: (N,) ascending, those that are tried.
    """
    avoidable = np.array([avoidable_loss(level) for level in levels])
    found: dict[float, float] = {}
    for probability in sorted(probabilities):
        worth = probability * avoidable > cost
        if worth.any() and levels[int(np.argmax(worth))] not in found.values():
            found[probability] = float(levels[int(np.argmax(worth))])
    return dict(reversed(found.items()))


@dataclass(frozen=True)
class Expenses:
    """What the same events would have cost under four ways to decide, in any one currency.

    Attributes:
        decided: of the decisions that were taken [EUR 2010 in a plan].
        perfect: of acting for each event that is worth it, and never else [as above].
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
