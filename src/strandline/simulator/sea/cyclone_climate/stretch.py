"""Correction of simulated winds, so that storms that pass coasts are as strong as recorded ones."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Indices
from strandline.observations.weather.cyclone_fields import KNOT
from strandline.simulator.sea.cyclone_climate.fixes import GALE

LEVELS = np.arange(47.5, 140.0, 15.0) * KNOT
"""[m s-1] at which recorded and simulated winds are compared; between the whole five knots of the record."""
STRONGEST = 185.0 * KNOT
"""[m s-1] Strongest 1-minute wind of the record, Patricia of 2015."""
PRIOR = 10.0
"""Recorded storms that all basins together count as beside those of one; an assumption."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Quantile mapping of the 1-minute wind, by basin.

    Attributes:
        simulated, recorded: (B, K) winds [m s-1] that gales of equal chance have at the coast; both ascend.

    Source: empirical quantile mapping, as Cannon et al. (2015), Journal of Climate 28, 6938-6959, describe it.
    """

    simulated: Floats
    recorded: Floats

    @classmethod
    def none(cls, basins: int) -> "Stretch":
        """That leaves every wind as it is."""
        ends = np.tile([0.0, STRONGEST], (basins, 1))
        return cls(ends, ends)

    def of(self, basin: int, wind: Floats) -> Floats:
        """(N,) corrected winds [m s-1] of the storms of a basin; those below gale force stay as they are."""
        return np.asarray(np.interp(wind, self.simulated[basin], self.recorded[basin]), dtype=np.float64)


def fit_stretch(simulated: list[Floats], recorded: list[Floats], storms: list[Indices]) -> Stretch:
    """The mapping from the passages of coasts, each basin drawn to all.

    Args:
        simulated, recorded: of each basin, the greatest winds [m s-1] of the passages (N,) of its coasts, all gales.
        storms: of each basin, the storm of each recorded passage; one that passes many coasts counts once.
    """
    logarithm, number = np.zeros((2, len(recorded), LEVELS.size))  # of recorded over simulated wind; (B, K)
    for basin, (drawn, known, storm) in enumerate(zip(simulated, recorded, storms, strict=True)):
        for at, level in enumerate(LEVELS):
            above = known > level
            number[basin, at] = np.unique(storm[above]).size
            if number[basin, at] and drawn.size:
                logarithm[basin, at] = np.log(level / np.quantile(drawn, 1.0 - above.mean()))
    everywhere = (number * logarithm).sum(axis=0) / np.maximum(number.sum(axis=0), 1.0)
    drawn_to_all = (number * logarithm + PRIOR * everywhere) / (number + PRIOR)
    at_coast = np.maximum.accumulate(LEVELS * np.exp(-drawn_to_all), axis=1)
    top = STRONGEST * at_coast[:, -1:] / LEVELS[-1]
    low = np.tile([0.0, GALE], (len(recorded), 1))
    return Stretch(
        np.concatenate([low, np.maximum(at_coast, GALE), np.maximum(top, at_coast[:, -1:] + 1.0)], axis=1),
        np.concatenate([low, np.tile([*LEVELS, STRONGEST], (len(recorded), 1))], axis=1),
    )
