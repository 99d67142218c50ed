"""Nodes: values of the drivers at which floods are mapped, and which of them the events of each year reach."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.risk.hazard.joint.simulated_years import SimulatedYears

SEA_PERIODS, OTHER_PERIODS = (1.05, 1.5, 3.0, 10.0, 100.0), (1.05, 1.5, 3.0, 10.0, 50.0)
"""Return periods [years] at whose levels the sea, and the other drivers, have a node above the lowest, which is the
median of the events. Assumptions: maps are dear, and what the sea floods changes fastest."""
CELLS_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class DriverNodes:
    """Every combination of some values of each driver.

    Attributes:
        values: of each of D drivers, ascending [its unit].
    """

    values: tuple[Floats, ...]

    @classmethod
    def of(cls, years: SimulatedYears) -> Self:
        """The median of each driver's events, and its levels at some return periods; the first driver is the sea."""
        found = []
        for driver, peaks in enumerate(years.peaks.T):
            periods = np.asarray(OTHER_PERIODS if driver else SEA_PERIODS)
            greatest = np.full(years.count, peaks.min(initial=0.0))
            np.maximum.at(greatest, years.year, peaks)
            levels = np.quantile(greatest, 1 - 1 / periods)
            found.append(np.unique(np.maximum.accumulate([np.median(peaks), *levels])))
        return cls(tuple(found))

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each driver."""
        return tuple(each.size for each in self.values)

    @property
    def grid(self) -> Floats:
        """(G, D) all combinations, the last driver fastest."""
        return np.stack([each.ravel() for each in np.meshgrid(*self.values, indexing="ij")], axis=1)

    @property
    def calm(self) -> Mask:
        """(G,) combinations that come in nearly every year, and that people live with.

        No more than one driver is above the median of its events, and that one no higher than in nearly every year.
        """
        steps = np.unravel_index(np.arange(int(np.prod(self.shape))), self.shape)
        return np.asarray(np.stack(steps).sum(axis=0) <= 1)

    def reached(self, years: SimulatedYears, peaks: Floats, from_next: Floats) -> Mask:
        """(Y, G) whether an event of the year lies at the node.

        Where a cell is dry at one value and floods at the next, it floods from somewhere between. That place is the
        same for all events: drawn for each event by itself, many small ones would flood what none of them does.

        Args:
            peaks: (n, D) of the events of ``years``, as they are or with some drivers changed. Beyond the last value
                they count as the last, below the first as the first.
            from_next: (D,) part of the way between two values [-] from which an event counts as the upper one.
        """
        index = np.zeros(len(peaks), dtype=np.int64)
        for driver, values in enumerate(self.values):
            position = np.interp(peaks[:, driver], values, np.arange(values.size))
            upper = np.floor(position + 1 - from_next[driver]).astype(np.int64)
            index = index * values.size + upper.clip(0, values.size - 1)
        found = np.zeros((years.count, int(np.prod(self.shape))), dtype=bool)
        found[years.year, index] = True
        return found

    def rising(self, values: SingleFloats) -> SingleFloats:
        """The same values (G, …), none less than at nodes where every driver is less: more water never floods less."""
        result = values.reshape(*self.shape, *values.shape[1:])
        for axis in range(len(self.shape)):
            result = np.maximum.accumulate(result, axis=axis)
        return result.reshape(values.shape)


def share_of_years(reached: Mask, flooded: Mask) -> Floats:
    """(cells,) share of the years in which a node is reached that floods the cell [a-1].

    Args:
        reached: (Y, G) see `DriverNodes.reached`; ``flooded``: (G, cells) at the nodes.
    """
    kinds, count = np.unique(reached, axis=0, return_counts=True)
    weight, visits = count / len(reached), kinds.astype(np.float32)
    edges = [*range(0, flooded.shape[1], CELLS_AT_ONCE), flooded.shape[1]]
    parts = [weight @ (visits @ flooded[:, a:b].astype(np.float32) > 0.5) for a, b in pairwise(edges)]
    return np.concatenate(parts) if parts else np.zeros(0)


def mean_of_years(reached: Mask, amount: Floats) -> Floats:
    """(K,) mean over years of the greatest amount among the nodes that a year reaches; 0 in years that reach none.

    Args:
        reached: (Y, G); ``amount``: (G, K), 0 or more.
    """
    weight, greatest = _greatest_of_years(reached, amount)
    return np.asarray(weight @ greatest)


def level_of_years(reached: Mask, amount: Floats, return_period: float) -> Floats:
    """(K,) smallest amount that the greatest of a year exceeds with no more than 1/T [a-1]; T in years.

    Args:
        reached, amount: as in `mean_of_years`.
    """
    weight, greatest = _greatest_of_years(reached, amount)
    return np.asarray(np.quantile(greatest, 1 - 1 / return_period, axis=0, method="inverted_cdf", weights=weight))


def _greatest_of_years(reached: Mask, amount: Floats) -> tuple[Floats, Floats]:
    """(U,) share of the years of each kind, which reach the same nodes, and (U, K) the greatest amount in them."""
    kinds, count = np.unique(reached, axis=0, return_counts=True)
    return count / len(reached), np.stack([amount[row].max(axis=0, initial=0.0) for row in kinds])
