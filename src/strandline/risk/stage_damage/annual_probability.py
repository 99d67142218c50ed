"""Annual probability of flooding: the maps of the return periods, integrated over how often their sea levels come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from strandline.observations.arrays import Floats
from strandline.risk.hazard.hazard import FLOODED_DEPTH, Hazard
from strandline.risk.stage_damage.expected_annual_damage import frequency_weights

ANNUAL_METHOD = (
    f"integral over the yearly exceedance probability 1/T of the probability that the depth reaches {FLOODED_DEPTH:g} m"
    " given the T-year sea level; linear in ln T between the return periods. At least: constant beyond the last return"
    " period, and dry in years below the level of the first. At most: rising on beyond the last as between the last"
    " two, and flooded in years below the level of the first as often as at that level"
)


@dataclass(frozen=True, eq=False)
class AnnualProbability:
    """Probability that a cell floods in a year, (H, W) each [a-1]; NaN = unknown cell.

    Attributes:
        at_least: years whose highest sea stays below the level of the first return period count as dry, and seas beyond
            that of the last one as that one.
        at_most: in the former the cell floods as often as at that level; beyond the last return period the probability
            rises on with ln T as between the last two, or to 1 where there is one.
    """

    at_least: Floats
    at_most: Floats


@dataclass(frozen=True, eq=False)
class FloodChances:
    """Probability of flooding given a sea level, from frequent to rare: all maps that damage is counted from.

    Attributes:
        return_periods: (P,) [years], ascending.
        probability: (P, H, W) [-]; NaN = unknown cell.
    """

    return_periods: tuple[float, ...]
    probability: npt.NDArray[np.floating]

    @classmethod
    def of(cls, hazard: Hazard, frequent: Hazard | None) -> Self:
        """Of the maps of a hazard, after those of the same storms at shorter return periods, if there are any.

        What floods at a lower sea floods at a higher one: where noise says otherwise, the lower chance counts.
        """
        if frequent is None:
            return cls(hazard.return_periods, hazard.flood_probability)
        often = np.minimum(frequent.flood_probability, hazard.flood_probability[0])
        return cls(
            (*frequent.return_periods, *hazard.return_periods), np.concatenate([often, hazard.flood_probability])
        )

    def in_any_year(self) -> AnnualProbability:
        """The integral over how often the sea levels come."""
        return annual_probability(self.probability, self.return_periods)


def annual_probability(
    flood_probability: npt.NDArray[np.floating], return_periods: Sequence[float]
) -> AnnualProbability:
    """Integrate maps (R, H, W) of the probability of flooding given a return level over the levels of a year.

    The highest sea of a year passes the level of T years with probability 1/T. The integral of the probability of
    flooding over 1/T, by the rule of expected annual damage, is the probability that a year's highest sea floods the
    cell.
    """
    weights = frequency_weights(tuple(return_periods))
    probability = np.asarray(flood_probability, dtype=float)
    at_least = np.tensordot(weights, probability, axes=1)
    rise = 1.0 - probability[-1]
    if len(weights) > 1:
        step = np.log(return_periods[-1] / return_periods[-2])
        rise = np.minimum(rise, (probability[-1] - probability[-2]) / step)  # the integral of ln(f_R / f) / f_R is 1
    rarer = np.maximum(rise, 0.0) / return_periods[-1]
    return AnnualProbability(at_least, at_least + (1.0 - weights.sum()) * probability[0] + rarer)
