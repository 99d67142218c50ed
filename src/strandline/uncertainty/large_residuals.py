"""How much less sure a forecast of a large residual, or of a large response, is than one of a small."""

import math
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats

LARGE_SHARE, FEWEST_LARGE = 0.1, 300
"""Share of the forecasts that count as of a large residual, and errors of them that a factor needs."""
LEAST_FACTOR, MOST_FACTOR = 1.5, 3.0
"""Least factor on the spread of a large residual, and the greatest on that of any. A few weeks hold few storms, whose
errors are small by chance as often as large; measured on a third of the records of 23 gauges of five coasts, the
factor is 1.3 to 1.6 in the median of a coast."""

Z_90 = 1.645
"""Half-width of a normal distribution's 90 % interval, in standard deviations."""


@dataclass(frozen=True)
class LargeResiduals:
    """How much less sure a forecast of a large residual is than one of a small.

    Attributes:
        middle, high: of the size of the forecast residual [m]: half and nine tenths of the forecasts lie below.
        factor: on the spread at ``high``, 1 or more [-]; it grows from 1 at ``middle``, and on beyond ``high``, since
            weeks without a storm do not show how a storm errs.
    """

    middle: float = 0.0
    high: float = math.inf
    factor: float = 1.0

    def of(self, mean: Floats) -> Floats:
        """Factors on the spread of forecasts of these residuals [m]."""
        share = np.maximum(np.abs(mean) - self.middle, 0.0) / max(self.high - self.middle, 1e-9)
        return np.asarray(np.minimum(1 + (self.factor - 1) * share, MOST_FACTOR))

    @classmethod
    def measure(cls, mean: Floats, error: Floats, half_width: Floats) -> "LargeResiduals":
        """The factor with which nine in ten errors of the largest tenth of forecasts lie within the range.

        Args:
            mean, error: (N, 73) [m] of forecasts and of what they missed, NaN = not known.
            half_width: (N, 73) of the range that is meant to hold nine in ten errors [m].
        """
        known = np.isfinite(error)
        if known.sum() < FEWEST_LARGE / LARGE_SHARE:
            return cls()
        size, ratio = np.abs(mean[known]), np.abs(error[known]) / half_width[known]
        middle, high = np.quantile(size, [0.5, 1 - LARGE_SHARE])
        found = float(np.quantile(ratio[size >= high], 0.9))
        return cls(float(middle), float(high), float(np.clip(found, LEAST_FACTOR, MOST_FACTOR)))


def amplitude_by_lead(error: Floats, spread: Floats, answer: Floats, window: int) -> Floats:
    """(L,) standard deviation of a factor on a response, so that nine in ten errors of its largest tenth are in range.

    Args:
        error, spread, answer: (N, L) [m] of forecasts of weeks left out, their standard deviations, and the response;
            NaN = not known.
        window: leads to either side whose errors are measured together.
    """
    found = np.zeros(error.shape[1])
    for lead in range(found.size):
        near = slice(max(0, lead - window), lead + window + 1)
        known = np.isfinite(error[:, near])
        if known.sum() < FEWEST_LARGE / LARGE_SHARE:
            continue
        size, missed, sure = (np.abs(each[:, near][known]) for each in (answer, error, spread))
        largest = (size >= np.quantile(size, 1 - LARGE_SHARE)) & (size > 0)
        if largest.any():
            needed = np.sqrt(np.maximum((missed[largest] / Z_90) ** 2 - sure[largest] ** 2, 0.0)) / size[largest]
            found[lead] = min(float(np.quantile(needed, 0.9)), MOST_FACTOR)
    return found
