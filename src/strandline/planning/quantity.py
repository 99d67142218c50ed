"""An uncertain number with its source, and how it is drawn."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from strandline.observations.arrays import Floats


@dataclass(frozen=True)
class Quantity:
    """A number with its 95 % range ``low`` to ``high``, its unit and its source."""

    value: float
    low: float
    high: float
    unit: str
    source: str

    @property
    def is_assumption(self) -> bool:
        """Whether any part of it is an assumption of the catalogue, not published."""
        return "assumption" in self.source.lower()

    def draw(self, n_samples: int, rng: np.random.Generator) -> Floats:
        """(S,) log-normal draws about ``value``; exact where the range is empty."""
        spread = np.log(self.high / self.low) / (2 * 1.96) if self.high > self.low > 0 else 0.0
        return np.asarray(self.value * np.exp(spread * ndtri(stratify(n_samples, rng))))

    def draw_evenly(self, n_samples: int, rng: np.random.Generator) -> Floats:
        """(S,) uniform draws from ``low`` to ``high``."""
        return np.asarray(self.low + (self.high - self.low) * stratify(n_samples, rng))


def stratify(n_samples: int, rng: np.random.Generator) -> Floats:
    """(S,) probabilities, one from each of S equal parts of 0 to 1, in random order.

    Some tens of samples then have the median and the spread of thousands.

    Source: McKay, Beckman & Conover (1979), Technometrics 21, 239-245: Latin hypercube sampling, one column.
    """
    return np.asarray((rng.permutation(n_samples) + rng.random(n_samples)) / n_samples)
