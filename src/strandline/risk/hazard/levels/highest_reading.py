"""The highest reading of a record, and how it compares with the return levels."""

from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.risk.hazard.levels.sampled_levels import QUANTILES, Fact, level_with_range

SURPRISING = 0.05
"""Chance of the highest reading within its record below which the estimate is doubted [-]; a convention."""


@dataclass(frozen=True, eq=False)
class HighestReading:
    """The highest level of a record beside its return levels.

    Attributes:
        level: [m, region datum], at the sea of the levels' epoch.
        when: as text.
        rate: (S,) expected events a year above it [a-1].
        years: length of the record.
        gauge_failed: near that reading, so that the sea may have been higher.
    """

    level: float
    when: str
    rate: Floats
    years: float
    gauge_failed: bool = False

    @property
    def return_period(self) -> tuple[float, float, float]:
        """p10, p50 and p90 of the years between levels as high [a]."""
        low, middle, high = np.quantile(-1.0 / np.expm1(-np.maximum(self.rate, 1e-9)), QUANTILES)
        return float(low), float(middle), float(high)

    @property
    def chance_in_record(self) -> float:
        """Chance that a record of this length holds a level as high, mean over the samples [-]."""
        return float(-np.expm1(-self.rate * self.years).mean())

    def summary(self, samples: Floats, return_period: float) -> str:
        """The rarest level (S,) [m, region datum], how it compares with the reading, and what to do with it."""
        compared = self.sentence(float(np.quantile(samples, 0.5)))
        return (
            f"About once in {return_period:g} years the sea reaches {level_with_range(samples)}."
            f" {compared} Where lives depend on it, prepare for the upper number."
        )

    def sentence(self, rarest: float) -> str:
        """How it compares with the rarest level [m, region datum], and why it may lie above it."""
        reading = f"The highest reading in {self.years:.0f} years was {self.level:.2f} m ({self.when})"
        if self.gauge_failed:
            reading += "; the gauge failed then, so that the sea may have been higher"
        if self.level <= rarest:
            return f"{reading}."
        frequent, usual, rare = self.return_period
        meaning = (
            "That is no contradiction"
            if self.chance_in_record >= SURPRISING
            else "Few records of this length hold such a level if the estimate is right, so that it is probably too low"
        )
        return (
            f"{reading}, above that level. {meaning}: a level as high comes about once in {_years(usual)} years"
            f" ({_years(frequent)} to {_years(rare)}) by this estimate, and a record of {self.years:.0f} years holds"
            f" one with a chance of {100 * self.chance_in_record:.0f} %. It has happened: plan for it."
        )

    @property
    def facts(self) -> dict[str, Fact]:
        """For ``summary.json``."""
        return {
            "highest_level_m": self.level,
            "highest_when": self.when,
            "highest_return_period_years": self.return_period,
            "highest_chance_in_record": self.chance_in_record,
        }


def _years(years: float) -> str:
    """A number of years with two digits."""
    if years >= 10_000:
        return "more than 10 000"
    digits = max(0, len(str(int(years))) - 2)
    return f"{round(years / 10**digits) * 10**digits:.0f}".replace(",", " ")
