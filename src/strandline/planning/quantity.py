"""An uncertain number with its source, and how it is drawn."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from strandline.observations.arrays import Floats
from strandline.observations.region_file.prices.money import MoneyUnit, PriceBasis


@dataclass(frozen=True)
class Quantity:
    """A number with its 95 % range ``low`` to ``high``, its unit and its source.

    Attributes:
        unit: of a plain number; of an amount of money what it is paid for, such as *km and metre of height*.
        money: of an amount; ``None`` = it is none.
    """

    value: float
    low: float
    high: float
    unit: str
    source: str
    money: MoneyUnit | None = None

    def in_prices(self, prices: PriceBasis) -> "Quantity":
        """An amount in the plan's money; any other number as it is.

        Raises:
            InputError: its currency or year cannot be converted.
        """
        if self.money is None:
            return self
        factor = prices.factor(self.money)
        return replace(
            self, value=self.value * factor, low=self.low * factor, high=self.high * factor, money=prices.unit
        )

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
