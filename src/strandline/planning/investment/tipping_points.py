"""Tipping points: the rise of the sea at which measures cease to meet the objective, as a range.

Terrain errs by metres and return levels by decimetres, so that no tipping point is known to the centimetre. The range
is that of the Monte-Carlo draws, which differ in return levels, in the depth of the flood on uncertain ground, and in
the effect of the measures.

Source: Kwadijk et al. (2010), WIREs Climate Change 1, 729-740.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.projections import SeaLevelProjection
from strandline.planning.actions import Bounds

YearBounds = tuple[int | None, int | None, int | None]
"""Years of the three rises of a tipping point; ``None`` = not until 2100."""


@dataclass(frozen=True)
class TippingPoint:
    """When a set of measures ceases to meet the objective.

    Attributes:
        rise: sea-level rise above today [m] at which the expected damage exceeds it, between the p10 and p90 of the
            rises at which the damage of single draws does.
        is_beyond_maps: it is still met at the highest mapped sea level; the rise is then a lower bound.
        highest_rise: of the mapped sea levels [m]; an end of the range there is a lower bound.
        years: sea-level scenario → years in which its median reaches the three rises; ``None`` = not until 2100.
    """

    rise: Bounds
    is_beyond_maps: bool
    highest_rise: float
    years: Mapping[str, YearBounds]

    @classmethod
    def of(
        cls,
        rises: Floats,
        annual: Floats,
        objective: Floats,
        sea_levels: Sequence[SeaLevelProjection],
        start_year: int,
    ) -> "TippingPoint":
        """The point of damages (T, N) [money a-1] of N draws at T rises [m], ascending, and their objectives (N,)."""
        highest = float(rises[-1])
        expected = tipping_rises(rises, annual.mean(axis=1)[:, None], np.array([objective.mean()]))[0]
        middle = min(float(expected), highest)
        of_draws = np.minimum(tipping_rises(rises, annual, objective), highest)
        low, high = (float(each) for each in np.quantile(of_draws, [0.1, 0.9]))
        rise = (min(low, middle), middle, max(high, middle))
        years = {each.name: _years(each, rise, start_year) for each in sea_levels}
        return cls(rise, middle >= highest, highest, years)

    def expected_years(self) -> dict[str, int | None]:
        """Sea-level scenario → year in which the expected damage exceeds the objective."""
        return {name: each[1] for name, each in self.years.items()}

    @property
    def first_year(self) -> int | None:
        """The earliest end: the lower rise in the fastest scenario."""
        return min((each[0] for each in self.years.values() if each[0] is not None), default=None)

    @property
    def last_year(self) -> int | None:
        """The latest end: the upper rise in the slowest scenario; ``None`` = not until 2100."""
        last = [each[2] for each in self.years.values()]
        return None if not last or None in last else max(each for each in last if each is not None)


def tipping_rises(rises: Floats, annual: Floats, objective: Floats) -> Floats:
    """(N,) rise [m] at which each draw's damage first exceeds its objective, linear between rises; infinite = never.

    Args:
        rises: (T,) [m], ascending; ``annual``: (T, N) expected annual damage at them; ``objective``: (N,).
    """
    over = annual > objective * (1 + 1e-9)
    first = over.argmax(axis=0)
    before = np.maximum(first - 1, 0)
    sample = np.arange(objective.size)
    low, high = annual[before, sample], annual[first, sample]
    share = np.divide(objective - low, high - low, out=np.zeros_like(low), where=high > low)
    between = rises[before] + share * (rises[first] - rises[before])
    return np.where(over.any(axis=0), np.where(first > 0, between, rises[0]), np.inf)


def _years(sea_level: SeaLevelProjection, rise: Bounds, start_year: int) -> YearBounds:
    low, middle, high = (sea_level.year_of(each, start_year) for each in rise)
    return low, middle, high
