"""Annual probability of flooding by total probability over events of several drivers, and the share of each driver."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np

from strandline.observations.arrays import Floats, Mask
from strandline.risk.hazard.joint.simulated_years import SimulatedYears

Flooded = Callable[[Floats], Mask]
"""(n, D) peaks of events → (n, cells) whether each cell floods."""
Response = Callable[[Floats], Floats]
"""(n, D) peaks of events → (n, R) responses, such as a water level [m] or a damage."""
RANGE = (0.05, 0.5, 0.95)


@dataclass(frozen=True, eq=False)
class FloodChance:
    """Annual probability of flooding [a-1].

    Attributes:
        mean: (cells,) over all parameters that the record allows: the chance of the next year.
        low, middle, high: (cells,) 5, 50 and 95 % of these.
    """

    mean: Floats
    low: Floats
    middle: Floats
    high: Floats


def annual_probability(years: SimulatedYears, flooded: Flooded, peaks: Floats | None = None) -> Floats:
    """(cells,) share of the years in which at least one event floods the cell [a-1].

    Args:
        peaks: (n, D) of the events in place of their own.
    """
    return np.asarray(_any_in_year(years, flooded(years.peaks if peaks is None else peaks)).sum(axis=0) / years.count)


def flood_chance(possible: Iterable[SimulatedYears], flooded: Flooded) -> FloodChance:
    """Annual probability with its range, from years under several parameters."""
    chances = np.stack([annual_probability(years, flooded) for years in possible])
    return FloodChance(chances.mean(axis=0), *np.quantile(chances, RANGE, axis=0))


def return_levels(years: SimulatedYears, response: Response, return_periods: tuple[float, ...]) -> Floats:
    """(T, R) values that the greatest response of a year exceeds with chance 1/T [a-1]; return periods in years.

    Years without an event count as −inf.
    """
    values = response(years.peaks)
    greatest = np.full((years.count, values.shape[1]), -np.inf)
    np.maximum.at(greatest, years.year, values)
    at = 1 - 1 / np.asarray(return_periods)
    return np.asarray(np.quantile(greatest, at, axis=0, method="inverted_cdf"))


def shares_of_drivers(years: SimulatedYears, annual: Callable[[Floats], Floats]) -> Floats:
    """(D, cells) part of the annual probability [a-1] that each driver brings, the others at their median or not.

    Shapley values of the annual probability with the drivers that are left out at their median in an event of that part
    of the year: they add up to the annual probability, less what floods with all drivers at their median.

    Args:
        annual: (n, D) peaks of the events of ``years``, as they are or changed → (cells,) annual probability [a-1].

    Source: Shapley (1953), in Contributions to the Theory of Games II, 307-317.
    """
    count = years.peaks.shape[1]
    value: dict[tuple[int, ...], Floats] = {}
    for size in range(count + 1):
        for kept in combinations(range(count), size):
            value[kept] = annual(only(years, kept))
    shares = np.zeros((count, value[()].size))
    for kept, before in value.items():
        weight = factorial(len(kept)) * factorial(count - len(kept) - 1) / factorial(count) if len(kept) < count else 0
        for driver in set(range(count)) - set(kept):
            shares[driver] += weight * (value[tuple(sorted((*kept, driver)))] - before)
    return shares


def only(years: SimulatedYears, drivers: Sequence[int]) -> Floats:
    """(n, D) peaks of the events with all drivers but some at their median of that part of the year."""
    peaks = years.usual.copy()
    peaks[:, drivers] = years.peaks[:, drivers]
    return peaks


def _any_in_year(years: SimulatedYears, flooded: Mask) -> Mask:
    """(Y, cells) whether any event floods; Y = years with an event."""
    if not years.year.size:
        return np.zeros((0, flooded.shape[1]), dtype=bool)
    starts = np.flatnonzero(np.diff(years.year, prepend=-1))
    return np.asarray(np.logical_or.reduceat(flooded, starts, axis=0))
