"""Share of the people in a flooded home who die, from the depth of the water, as published for floods of the sea.

How fast the water rises and runs is not mapped. The bounds therefore hold all functions that the depth allows.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH

REMAINING_ZONE = (7.60, 2.75)
"""Mean and standard deviation of ln depth [ln m] where water rises slowly: Jonkman, Vrijling & Vrouwenvelder (2008),
Natural Hazards 46, 353-389, mostly from the Netherlands in 1953. Constants and zones are read in published code that
applies the paper, the paper in abstract."""
RAPIDLY_RISING_ZONE = (1.46, 0.28)
"""The same where water deeper than 2.1 m rises by 0.5 m an hour or more; source as above."""
SURGES_OF_THE_GULF = (0.34, 20.37, 6.18)
"""Greatest share, and two numbers of a logistic curve, a / (1 + exp(b − c depth)): Boyd (2005), from Hurricanes Betsy
and Camille, as quoted by Jonkman et al. (2008), equation 3; read in the same code."""
BREACH_FLUX = 7.0
"""Depth times velocity from which houses near a breach collapse and all in them die [m2 s-1]: Jonkman et al. (2008)."""
GRAVITY = 9.81
BREACH_DEPTH = (BREACH_FLUX / GRAVITY**0.5) ** (2 / 3)
"""Depth [m] below which water carries less than ``BREACH_FLUX``, unless it runs faster than a wave of its own depth
(critical flow, velocity √(g depth))."""
WORST_VILLAGE = 288 / 1858
"""Share of a whole village behind a breach: Nieuwerkerk in 1953, 288 of 1858 people, the highest of the three
municipalities that the Watersnoodmuseum lists (red cross, December 1953)."""
WEAK_HOUSES = 0.22
"""Share of those who did not reach a concrete or brick structure: cyclone of 1991 in Bangladesh, 1123 people of two
coasts, Bern et al. (1993), Bulletin of the World Health Organization 71, 73-78, read in abstract."""
WEAK_HOUSES_DEPTH = 2.0
"""Depth from which all of ``WEAK_HOUSES`` counts [m]; an assumption: the survey gives no depths, and the surge was up
to 6 m high. From ``DANGEROUS_DEPTH`` to there the share rises evenly."""


def remaining_zone(depth: Floats) -> Floats:
    """Share who die where water of a depth [m] rises slowly [-]: Φ((ln depth − μ) / σ)."""
    return _lognormal(depth, REMAINING_ZONE)


def rapidly_rising_zone(depth: Floats) -> Floats:
    """Share who die where water of a depth [m] rises fast [-]."""
    return _lognormal(depth, RAPIDLY_RISING_ZONE)


def surges_of_the_gulf(depth: Floats) -> Floats:
    """Share who die in a hurricane's surge of a depth [m] in towns of the Gulf of Mexico [-]."""
    most, offset, slope = SURGES_OF_THE_GULF
    return _where_flooded(depth, most * expit(slope * depth - offset))


def weak_houses(depth: Floats) -> Floats:
    """Share who die in a depth [m] where houses are of earth, bamboo or sheet metal [-]."""
    share = np.clip((depth - DANGEROUS_DEPTH) / (WEAK_HOUSES_DEPTH - DANGEROUS_DEPTH), 0.0, 1.0)
    return _where_flooded(depth, WEAK_HOUSES * share)


@dataclass(frozen=True)
class Mortality:
    """Bounds of the share who die if nobody leaves, by depth (P,) at their homes [m]; 0 below 0.15 m.

    Attributes:
        houses_may_be_weak: whether nobody knows that the houses of the place are strong.
    """

    houses_may_be_weak: bool

    @property
    def worst(self) -> float:
        """Of people whose depth nobody knows: the greatest recorded of a whole settlement [-]."""
        return max(WORST_VILLAGE, WEAK_HOUSES if self.houses_may_be_weak else 0.0)

    def least(self, depth: Floats) -> Floats:
        """(P,) the lowest published share."""
        return np.minimum(np.minimum(remaining_zone(depth), rapidly_rising_zone(depth)), surges_of_the_gulf(depth))

    def likely(self, depth: Floats) -> Floats:
        """(P,) of slowly rising water."""
        return remaining_zone(depth)

    def most(self, depth: Floats, may_breach: Mask) -> Floats:
        """(P,) the highest published share.

        Args:
            may_breach: (P,) whether an embankment may breach nearby.
        """
        share = np.maximum(np.maximum(remaining_zone(depth), rapidly_rising_zone(depth)), surges_of_the_gulf(depth))
        if self.houses_may_be_weak:
            share = np.maximum(share, weak_houses(depth))
        return np.maximum(share, np.where(may_breach & (depth >= BREACH_DEPTH), WORST_VILLAGE, 0.0))


def _lognormal(depth: Floats, zone: tuple[float, float]) -> Floats:
    mean, spread = zone
    return _where_flooded(depth, ndtr((np.log(np.maximum(depth, FLOODED_DEPTH)) - mean) / spread))


def _where_flooded(depth: Floats, share: Floats) -> Floats:
    return np.where(depth >= FLOODED_DEPTH, share, 0.0)
