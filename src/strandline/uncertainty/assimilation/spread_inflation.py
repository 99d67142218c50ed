"""Inflation of the ensemble's spread for bounds that cover the storms of the record as promised."""

from dataclasses import dataclass, replace

import numpy as np

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.uncertainty.assimilation.ensemble import HORIZON_HOURS, ResidualEnsemble

COVERAGE = 0.9
BOUNDS = ((1 - COVERAGE) / 2, 0.5, (1 + COVERAGE) / 2)
"""Quantiles of the lower bound, the median and the upper bound."""
FULL_HOURS, FORGOTTEN_HOURS = 1, 13
"""A gauge counts fully up to the first age of its last reading [h] and no longer from the second on, linear between:
assumptions."""
LAST_LEAD, CLIMATE_LEAD = HORIZON_HOURS, HORIZON_HOURS + 24
"""Hours after the last news between which the forecast passes into the climate of storms [h]: the longest lead that the
factors are fitted to, and a day later."""
LEAST_HALF_WIDTH = 0.02
"""Of an interval [m], in the scale of errors: two hourly readings do not agree better than that."""


@dataclass(frozen=True, eq=False)
class Information:
    """What a forecast rests on.

    Attributes:
        lead: (49,) hours from the last news to the valid hours.
        own_age, other_age: hours from the last accepted reading of the own gauge, and of any other, to the last news;
            ∞ = never.
        stormy: probability of a stormy regime at the last news [-].
        guided: (49,) 1 where an external forecast covers the hour, 0 long after its end [-].
        month: (49,) of the valid hours, 0 to 11.
    """

    lead: Floats
    own_age: float
    other_age: float
    stormy: float
    guided: Floats
    month: Floats


@dataclass(frozen=True, eq=False)
class SpreadInflation:
    """Factors on the spread about the median, and the climate of storms that blind forecasts widen to.

    Attributes:
        factors: (3, 2, 2, 2, 49) by what is heard – the own gauge, other gauges only, no gauge –, without or with
            external forecasts, by regime – calm, stormy –, by side – below, above –, and by lead [-]. With fewer gauges
            no factor is smaller.
        storm_bounds: (12, 2) bounds of the residual in storms of the season, by month [m]; the first below 0, the
            second above.

    Raises:
        InputError: a factor that falls where less is heard, or bounds on the wrong side of 0.
    """

    factors: Floats
    storm_bounds: Floats

    def __post_init__(self) -> None:
        if self.factors.shape != (3, 2, 2, 2, HORIZON_HOURS + 1) or self.storm_bounds.shape != (12, 2):
            stated = f"{self.factors.shape} factors, {self.storm_bounds.shape} bounds"
            raise InputError("spread inflation", stated, f"give (3, 2, 2, 2, {HORIZON_HOURS + 1}) and (12, 2)")
        if (self.factors <= 0).any() or (np.diff(self.factors, axis=0) < 0).any():
            raise InputError("spread inflation", "a factor falls where less is heard", "give ascending factors above 0")
        if (self.storm_bounds[:, 0] > 0).any() or (self.storm_bounds[:, 1] < 0).any():
            raise InputError("spread inflation", "storm bounds on one side of 0", "give one below and one above 0")

    def bounds(self, ensemble: ResidualEnsemble, information: Information) -> ResidualEnsemble:
        """The same medians, with the spread that covers storms.

        Factors pass from one kind of information to the next as the last reading ages, and between regimes with their
        probability, so that no hour of silence narrows the ensemble.
        """
        return self._widened(ensemble, information, self._factors(information))

    def chances(self, ensemble: ResidualEnsemble, information: Information) -> ResidualEnsemble:
        """The ensemble with its own spread, whose shares of members are chances in all weather.

        Hours about storms are chosen by what came after them. A spread that covers these, in every hour, would call
        one time in twenty what is one time in a hundred.
        """
        if not self._blindness(information).any():
            return ensemble
        return self._widened(ensemble, information, np.ones((2, HORIZON_HOURS + 1)))

    def _widened(self, ensemble: ResidualEnsemble, information: Information, factors: Floats) -> ResidualEnsemble:
        """The same medians, with factors (2, 49) on the spread below and above them.

        Where nothing is left but the climate, the bounds are at least those of the season's storms.
        """
        below, above = factors
        blind = self._blindness(information)
        if blind.any():
            low, middle, high = np.quantile(ensemble.residual, BOUNDS, axis=0)
            lowest, highest = self.storm_bounds[information.month.astype(int)].T
            below = np.maximum(below, blind * (middle - lowest) / np.maximum(middle - low, LEAST_HALF_WIDTH))
            above = np.maximum(above, blind * (highest - middle) / np.maximum(high - middle, LEAST_HALF_WIDTH))
        else:
            middle = np.quantile(ensemble.residual, BOUNDS[1], axis=0)
        deviation = ensemble.residual - middle
        return replace(ensemble, residual=middle + np.where(deviation < 0, below, above) * deviation)

    def _factors(self, information: Information) -> Floats:
        """(2, 49) factors below and above the median."""
        lead = np.minimum(information.lead, HORIZON_HOURS).astype(int)
        guided, stormy = information.guided, np.full(lead.size, information.stormy)
        weights = _kinds(information), np.stack([1 - guided, guided]), np.stack([1 - stormy, stormy])
        return np.asarray(np.exp(np.einsum("kl,gl,rl,kgrsl->sl", *weights, np.log(self.factors[..., lead]))))

    def _blindness(self, information: Information) -> Floats:
        """(49,) 1 where only the climate is left, 0 where anything heard still counts."""
        return np.asarray(_kinds(information)[2] * (1 - information.guided))


def _kinds(information: Information) -> Floats:
    """(3, 49) weights of the own gauge, of other gauges, and of no gauge."""
    own, other = (_fall(age, FULL_HOURS, FORGOTTEN_HOURS) for age in (information.own_age, information.other_age))
    left = _fall(information.lead, LAST_LEAD, CLIMATE_LEAD)
    return np.stack([own * left, (1 - own) * other * left, 1 - (own + (1 - own) * other) * left])


def _fall(age: Floats | float, first: float, last: float) -> Floats:
    """1 up to the first age, 0 from the last on, linear between."""
    return np.asarray(np.clip((last - np.asarray(age)) / (last - first), 0.0, 1.0))


NO_INFLATION = SpreadInflation(np.ones((3, 2, 2, 2, HORIZON_HOURS + 1)), np.zeros((12, 2)))
