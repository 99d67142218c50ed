"""Years of events of several drivers, drawn from what a record of some years tells, with its uncertainty."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from strandline.errors import RefusedByTheory
from strandline.observations.arrays import Floats, Indices
from strandline.risk.hazard.joint.driver_events import DAYS, DriverEvents
from strandline.risk.hazard.joint.memory import Memory, fit_memory, put_in_order
from strandline.risk.hazard.joint.population import (
    CYCLONES,
    EXTREME_CYCLONE,
    EXTREME_OTHER,
    FEWEST_CYCLONES,
    OTHER_WEATHER,
    Population,
)
from strandline.risk.hazard.joint.seasonal_cycle import SeasonalCycle, fit_seasonal_cycle
from strandline.risk.hazard.joint.seasonal_margins import SEASONS, season_of

FEWEST_EVENTS = 100
"""Events below which no tails and dependence are fitted: five excesses for each of them would be missing."""
SHIFT = 10.0
"""[days] By which a drawn event is moved from the record's event at most; an assumption, as seasons change in weeks."""


@dataclass(frozen=True, eq=False)
class SimulatedYears:
    """Events of some years.

    Attributes:
        count: number of years, those without an event among them.
        year: (n,) of each event, 0 to ``count`` − 1, in order.
        day: (n,) time of the year [days].
        peaks: (n, D) of every driver, in its unit.
        usual: (n, D) median peak of every driver in that part of the year.
    """

    count: int
    year: Indices
    day: Floats
    peaks: Floats
    usual: Floats


@dataclass(frozen=True, eq=False)
class JointEvents:
    """What a record tells of events of several drivers: rates by season, margins with tails, dependence, memory.

    Attributes:
        cycles: seasonal mean and spread of each driver.
        populations: other weather, and cyclones where there are enough.
        memory: of the slowest driver; ``None`` = no driver has one.
        calendar_years: (Y,) of the record, for drawing them again.
    """

    cycles: tuple[SeasonalCycle, ...]
    populations: tuple[Population, ...]
    memory: Memory | None
    calendar_years: Indices

    @classmethod
    def of(cls, events: DriverEvents, n_samples: int, rng: np.random.Generator) -> Self:
        """Fit to the events of a record; S = ``n_samples`` tails of each driver that it allows.

        Raises:
            RefusedByTheory: fewer than ``FEWEST_EVENTS``.
        """
        if events.time.size < FEWEST_EVENTS:
            raise RefusedByTheory(f"{events.time.size} events are too few; {FEWEST_EVENTS} are needed: give more years")
        cycles = tuple(fit_seasonal_cycle(peaks, events.day) for peaks in events.peaks.T)
        apart = int(events.cyclonic.sum()) >= FEWEST_CYCLONES
        others = np.flatnonzero(~events.cyclonic) if apart else np.arange(events.time.size)
        populations = [Population.of(events.take(others), cycles, OTHER_WEATHER, EXTREME_OTHER, n_samples, rng)]
        memory = fit_memory(populations[0].events, populations[0].dependence.ranks)
        if apart:
            of_cyclones, slow = events.take(np.flatnonzero(events.cyclonic)), memory.driver if memory else None
            populations.append(Population.of(of_cyclones, cycles, CYCLONES, EXTREME_CYCLONE, n_samples, rng, slow))
        return cls(cycles, tuple(populations), memory, np.arange(events.year.min(), events.year.max() + 1))

    def redrawn(self, sample: int, rng: np.random.Generator) -> Self:
        """Another record of the same length: years of this one drawn with replacement, and one of its tails."""
        chosen = rng.choice(self.calendar_years, size=self.calendar_years.size)
        populations = []
        for population in self.populations:
            index = np.concatenate([np.flatnonzero(population.events.year == year) for year in chosen])
            populations.append(population.redrawn(index, sample))
        return type(self)(self.cycles, tuple(populations), self.memory, self.calendar_years)

    def draw(self, count: int, sample: int, rng: np.random.Generator) -> SimulatedYears:
        """Draw ``count`` years with the tails of one sample; events are Poisson processes with the record's seasons."""
        years, days, ranks, groups = [], [], [], []
        for group, population in enumerate(self.populations):
            recorded = population.events
            number = int(rng.poisson(recorded.time.size / recorded.years * count)) if recorded.time.size else 0
            event = rng.integers(max(recorded.time.size, 1), size=number)
            years.append(rng.integers(count, size=number))
            days.append((recorded.day[event] + rng.uniform(-SHIFT, SHIFT, number)) % DAYS)
            ranks.append(spread_evenly(population.dependence.draw_given(event, rng), rng))
            groups.append(np.full(number, group))
        year, day, rank, kind = (np.concatenate(parts) for parts in (years, days, ranks, groups))
        if self.memory is not None:
            rank = put_in_order(rank, season_of(day) + SEASONS * kind, year, day, self.memory, rng)
        reduced, usual = np.empty_like(rank), np.empty_like(rank)
        for group, population in enumerate(self.populations):
            here = kind == group
            reduced[here] = population.quantiles(rank[here], day[here], sample)
            usual[here] = population.quantiles(np.full_like(rank[here], 0.5), day[here], sample)
        order = np.lexsort((day, year))
        restored = [
            np.stack([cycle.restore(row, day) for cycle, row in zip(self.cycles, values.T, strict=True)], axis=1)[order]
            for values in (reduced, usual)
        ]
        return SimulatedYears(count, year[order], day[order], *restored)

    def possible_years(self, samples: int, count: int, rng: np.random.Generator) -> Iterator[SimulatedYears]:
        """``samples`` times ``count`` years, each under other parameters that the record allows; at most S times."""
        for sample in range(samples):
            yield self.redrawn(sample, rng).draw(count, 0, rng)


def spread_evenly(ranks: Floats, rng: np.random.Generator) -> Floats:
    """The same order of the events in every driver (n, D), but ranks that are uniform: margins stay as fitted."""
    result = np.empty_like(ranks)
    for i, row in enumerate(ranks.T):
        result[np.lexsort((rng.random(row.size), row)), i] = np.sort(rng.random(row.size))
    return result
