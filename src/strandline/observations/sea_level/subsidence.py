"""Subsidence: the rate at which land sinks, with its bounds, at one place and over a region."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats

LIMIT = 1.645
"""Standard normal quantile of 95 %: the bounds of a rate are its 5 and 95 %, and no draw lies beyond."""


@dataclass(frozen=True)
class SinkingRate:
    """Rate at which land sinks [m a-1], constant in time; negative = it rises.

    Attributes:
        low, median, high: 5, 50 and 95 %.
    """

    low: float = 0.0
    median: float = 0.0
    high: float = 0.0

    @property
    def is_zero(self) -> bool:
        """Whether the land is stable without a doubt."""
        return self.low == self.median == self.high == 0.0

    def draw(self, deviates: Floats) -> Floats:
        """(S,) rates [m a-1] of standard normal deviates: two half-normal distributions, cut at the bounds."""
        spread = np.where(deviates > 0, self.high - self.median, self.median - self.low) / LIMIT
        return np.asarray(self.median + np.clip(deviates, -LIMIT, LIMIT) * spread)

    def __str__(self) -> str:
        return f"{1000 * self.median:.3g} mm a year ({1000 * self.low:.3g} to {1000 * self.high:.3g})"


STABLE = SinkingRate()


@dataclass(frozen=True, eq=False)
class Subsidence:
    """Where and how fast the land of a region sinks.

    Attributes:
        low, median, high: (H, W) rate [m a-1], 5, 50 and 95 %; 0 where no rate is stated.
        at_gauge: of the ground that carries the own gauge.
        source: of the rates.
    """

    low: Floats
    median: Floats
    high: Floats
    at_gauge: SinkingRate
    source: str

    @property
    def is_uniform(self) -> bool:
        """Whether the whole region sinks alike."""
        return bool((np.ptp(self.median) == 0) & (np.ptp(self.low) == 0) & (np.ptp(self.high) == 0))

    def mean(self, weights: Floats) -> SinkingRate:
        """Mean rate over the cells; ``weights`` (H, W) are not negative."""
        share = weights / weights.sum() if weights.sum() > 0 else np.full(self.median.shape, 1.0 / self.median.size)
        return SinkingRate(*(float((grid * share).sum()) for grid in (self.low, self.median, self.high)))

    def depth(self, years: float) -> Floats:
        """(H, W) how much lower the land lies after so many years [m], median."""
        return np.asarray(self.median * years)
