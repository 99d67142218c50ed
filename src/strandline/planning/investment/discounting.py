"""Present values of payments in later years.

Source: Boardman et al. (2018), Cost-Benefit Analysis, chapter 6.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.region_file.prices.money import EUR_2010, MoneyUnit


@dataclass(frozen=True)
class Economy:
    """Money, discount rate and horizon of the analysis.

    Attributes:
        discount_rate: [a-1].
        horizon_years: over which benefits and costs are counted.
        start_year: first calendar year.
        money: of every amount, in constant prices.
    """

    discount_rate: float
    horizon_years: int
    start_year: int
    money: MoneyUnit = EUR_2010

    def __post_init__(self) -> None:
        if not -0.05 <= self.discount_rate <= 0.2 or self.horizon_years < 1:
            raise InputError(
                "plan",
                f"discount rate {self.discount_rate:g}, horizon {self.horizon_years} years",
                "e.g. 0.03 and 50 years",
            )

    @property
    def years(self) -> Floats:
        """(T,) years from now, 1 … horizon; benefits count at the end of each."""
        return np.arange(1.0, self.horizon_years + 1)

    @property
    def discount(self) -> Floats:
        """(T,) present value of 1 at the end of each year."""
        return np.asarray((1 + self.discount_rate) ** -self.years)

    def works(self, lead_years: float) -> npt.NDArray[np.bool_]:
        """(T,) whether a measure that takes ``lead_years`` works in the middle of each year."""
        return np.asarray(self.years - 0.5 >= lead_years)

    def annuity_from(self, lead_years: float) -> float:
        """Present value of 1 in each year in which a measure with this lead time works."""
        return float(self.discount[self.works(lead_years)].sum())

    def life_cycle_cost_factor(self, lifetime_years: float, upkeep_share: float, start: float = 0.0) -> float:
        """Present value of all payments within the horizon per unit invested ``start`` years from now.

        They are the investment, the same again at the end of each lifetime, and upkeep at the end of each later year.
        """
        if start >= self.horizon_years:
            return 0.0
        paid = np.arange(start, self.horizon_years, lifetime_years)
        rounds = float(((1 + self.discount_rate) ** -paid).sum())
        return rounds + upkeep_share * float(self.discount[self.years > start].sum())
