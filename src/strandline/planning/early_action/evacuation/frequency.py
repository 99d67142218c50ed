"""How often the sea passes a level, in times a year, for levels that it passes every year too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats, Times
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.early_action.protocol import Event
from strandline.planning.early_action.verification import find_events

LEAST_YEARS = 1.0
"""Of record from which its events are counted [a]: a part of a year has the storms of its season."""
OFTEN = 2.5
"""Years between events [a] up to which they are counted in ten years."""
RAREST = 1000.0
"""Years between events [a] beyond which no record of this kind tells one level from another; an assumption."""


@dataclass(frozen=True)
class Frequency:
    """How often the sea passes a level.

    Attributes:
        per_year: on average [a-1].
        is_at_least: it may do so more often: the level lies below everything that is known.
    """

    per_year: float
    is_at_least: bool = False

    @property
    def is_rare(self) -> bool:
        """Whether it is rarer than any record of this kind tells."""
        return not self.per_year > 1 / RAREST

    @property
    def rounded(self) -> tuple[float, int]:
        """So many times in so many years, as people count: (1.8, 1), (7, 10), (1, 5); rounded to more often."""
        if self.is_rare:
            return 1.0, int(RAREST)
        if self.per_year >= 0.95:
            times = math.ceil(10 * self.per_year - 0.5) / 10
            return (float(math.ceil(times - 0.5)) if times >= 10 else times), 1
        if self.per_year > 1 / OFTEN:
            return float(math.ceil(10 * self.per_year - 1e-6)), 10
        years = 1 / self.per_year + 0.05
        unit = 10 if years >= 100 else 1
        return 1.0, math.floor(years / unit) * unit

    @property
    def in_words(self) -> str:
        """``about once in 5 years``, ``about 7 times in ten years``, ``about twice a year``; rounded to more often."""
        about = "at least" if self.is_at_least else "about"
        times, years = self.rounded
        if self.is_rare:
            return f"more rarely than once in {years:,} years"
        if years == 1:
            named = {1.0: "once", 2.0: "twice"}.get(times, f"{times:g} times")
            return f"{about} {named} a year"
        return f"{about} {times:g} times in ten years" if times > 1 else f"{about} once in {years} years"


@dataclass(frozen=True, eq=False)
class SeaRecord:
    """The own gauge's record.

    Attributes:
        time: (T,) UTC, hourly.
        level: (T,) [m, region datum]; NaN = not observed.
    """

    time: Times
    level: Floats

    @property
    def years(self) -> float:
        """Observed time [a]."""
        return float(np.isfinite(self.level).sum()) / HOURS_PER_YEAR

    def passes_per_year(self, level: float) -> float:
        """Floods from a level [m] on, counted as the hindcast counts them [a-1]; NaN in too short a record."""
        if self.years < LEAST_YEARS:
            return math.nan
        event = Event(variable="water_level", operator=">=", value=level, unit="m")
        return find_events(self.time, self.level, event).onset.size / self.years


def frequency_of(
    level: float, levels: Floats, return_periods: Sequence[float], record: SeaRecord | None = None
) -> Frequency:
    """How often the sea passes ``level`` [m, region datum].

    Between return levels (N, P) the logarithm of the rate is linear in the level, and above the rarest it goes on
    falling as between the last two; the rate is the mean over the samples. Below the most frequent of them the record's
    floods are counted.

    Args:
        levels: (N, P) [m, region datum], ascending with the ``return_periods`` [a], which state the chance 1 / T of a
            year with a sea as high: ``-ln(1 - 1 / T)`` seas a year (Langbein 1949, Transactions AGU 30, 879-881).
    """
    rates = -np.log1p(-1.0 / np.asarray(return_periods))  # (P,), descending
    per_year = float(np.mean([np.exp(_log_rate(level, row, np.log(rates))) for row in levels]))
    if level >= float(np.median(levels[:, 0])):
        return Frequency(per_year)
    counted = math.nan if record is None else record.passes_per_year(level)
    if math.isnan(counted):
        return Frequency(per_year, is_at_least=True)
    return Frequency(max(counted, per_year))


def _log_rate(level: float, row: Floats, log_rates: Floats) -> float:
    """Logarithm of the rate of a level [m] by the return levels (P,) [m] of one sample and theirs (P,)."""
    if level <= row[-1]:
        return float(np.interp(level, row, log_rates))
    if len(row) < 2 or row[-1] <= row[-2]:
        return float(log_rates[-1])
    return float(log_rates[-1] + (log_rates[-1] - log_rates[-2]) / (row[-1] - row[-2]) * (level - row[-1]))
