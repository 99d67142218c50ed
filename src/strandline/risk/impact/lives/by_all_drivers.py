"""People with water at home, in danger and dead by all drivers of floods together, beside those by the sea alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from strandline.observations.arrays import Floats, Mask, SingleFloats
from strandline.risk.hazard.hazard import FLOODED_DEPTH
from strandline.risk.hazard.joint.driver_nodes import level_of_years, mean_of_years
from strandline.risk.impact.lives.counts import QUANTITIES, HomesAtSeas, affected_shares
from strandline.risk.impact.lives.loss_of_life import DAY_AT_HOME, DAYLIGHT, LEAVE, LossOfLife
from strandline.risk.impact.lives.per_year import PeoplePerYear
from strandline.risk.impact.lives.water_at_places import MARGIN, Water
from strandline.risk.impact.population import PopulationImpact
from strandline.risk.people import People, bound_of
from strandline.risk.stage_damage.asset_depths import greatest_depth
from strandline.risk.stage_damage.danger import DANGEROUS_DEPTH
from strandline.risk.stage_damage.exposure import Exposure

WITH_WATER, IN_DANGER, DEATHS = range(len(QUANTITIES))
ALL = (1.0, 1.0)
"""Least and greatest share of the people who count, where all do."""
WORDS = {"rain": "rain", "river": "the river"}


@dataclass(frozen=True, eq=False)
class AddedPeople:
    """Whom all drivers together reach beyond those whom the sea alone does, on the same maps, in S samples.

    Attributes:
        return_period: T [years].
        per_year: (S, 3, 3) in the highest flood of a year, on average [a-1]: people with water at home, in danger and
            dead by night if nobody leaves, each with the unknown as harmless, likely, and the unknown as harmful.
        rare: (S, 3, 3) the same of the number that comes about once in T years [-].
    """

    return_period: float
    per_year: Floats
    rare: Floats

    @classmethod
    def of(cls, return_period: float, years: Sequence[tuple[Mask, Mask]], people: Sequence[Floats]) -> "AddedPeople":
        """From the combinations (Y, G) that years reach by all drivers and by the sea alone, and people (G, 3, 3).

        What rain and rivers bring in an ordinary year belongs to the sea alone: none of the numbers is below 0.
        """
        per_year, rare = [], []
        for (by_all, by_sea), counts in zip(years, people, strict=True):
            amounts = counts.reshape(len(counts), -1)
            per_year.append(mean_of_years(by_all, amounts) - mean_of_years(by_sea, amounts))
            rare.append(level_of_years(by_all, amounts, return_period) - level_of_years(by_sea, amounts, return_period))
        shape = (len(people), *people[0].shape[1:])
        return cls(return_period, *(np.maximum(each, 0.0).reshape(shape) for each in (per_year, rare)))


@dataclass(frozen=True, eq=False)
class HomesAtNodes:
    """Inhabited places on the maps of combinations of the drivers.

    Attributes:
        homes: with the errors of each sample of the maps.
        exposure: of their places.
    """

    homes: HomesAtSeas
    exposure: Exposure

    def people(self, depth: SingleFloats, calm: Mask, sample: int) -> Floats:
        """(G, 3, 3) people with water at home, in danger and dead: unknown as harmless, likely, and as harmful [-].

        Water at homes is deeper or shallower than mapped by the error of the sample's ground, whatever brings it. As
        by the sea, that error wets no home that the water of nearly every year keeps dry, and no home stands in
        dangerous depth in such water. How fast the water rises is not known: the mortality holds all functions.

        Args:
            depth: (G, H, W) at the combinations [m]; NaN = unknown.
            calm: (G,) combinations that come in nearly every year.
            sample: number of the sample, which chooses its errors.
        """
        errors = self.homes.errors
        mapped, unknown = greatest_depth(depth, self.exposure)  # (P, G)
        water = np.where(mapped > 0, np.maximum(mapped + errors.ground[sample], 0.0), mapped)
        usual, deepest = (np.nan_to_num(each[:, calm]).max(axis=1, initial=0.0) for each in (mapped, water))
        raised = np.maximum(deepest - np.clip(usual, FLOODED_DEPTH - MARGIN, DANGEROUS_DEPTH - MARGIN), 0.0)
        water = np.maximum(water - raised[:, None], 0.0)
        found = []
        for node, is_calm in enumerate(calm):
            at_home = Water(water[:, node], water[:, node], unknown)
            shares = affected_shares(self.homes, at_home, errors.wet_depth[sample], bool(is_calm))
            found.append([(self.homes.people * shares[name]).sum(axis=1) for name in QUANTITIES])
        return np.asarray(np.asarray(found) * errors.count_factor[sample])


@dataclass(frozen=True)
class PeopleByAllDrivers:
    """Danger to life by all drivers together: as in `PopulationImpact` and `LossOfLife`, whose numbers are the sea's.

    Attributes:
        drivers: of the floods, the sea first.
        return_period: of the flood in which all but ``per_year`` are counted [years].
        exposed: people with water at home.
        in_danger, by_night, on_average, by_day, warned: as in `LossOfLife`.
        per_year: people in the highest flood of a year.
        cut_off: hospital or shelter → people without a road to one.
    """

    drivers: tuple[str, ...]
    return_period: float
    exposed: People
    in_danger: People
    by_night: People
    on_average: People
    by_day: People
    warned: People
    per_year: PeoplePerYear
    cut_off: Mapping[str, People] = field(default_factory=dict)

    @classmethod
    def of(
        cls, drivers: tuple[str, ...], population: PopulationImpact, loss: LossOfLife, added: AddedPeople
    ) -> "PeopleByAllDrivers":
        """The sea's numbers and what all drivers add to them, so that none is below the sea's."""
        rare, residents = added.rare, population.residents

        def event(sea: People, quantity: int, whole: People, share: tuple[float, float] = ALL) -> People:
            low, likely, high = rare[:, quantity].T
            ends = sea.low + bound_of(low) * share[0], sea.high - bound_of(-high) * share[1]
            return People.bounded(ends[0], sea.likely + float(np.median(likely)), ends[1]).within(whole)

        exposed = event(population.exposed, WITH_WATER, residents)
        mean = rare[:, DEATHS].mean(axis=0)
        average = np.array([loss.on_average.low, loss.on_average.likely, loss.on_average.high]) + mean
        left = 1 - LEAVE[1], 1 - LEAVE[0]
        by_night = event(loss.by_night, DEATHS, exposed)
        return cls(
            drivers,
            added.return_period,
            exposed=exposed,
            in_danger=event(loss.in_danger, IN_DANGER, exposed),
            by_night=by_night,
            on_average=People.bounded(*average.tolist()).within(exposed),
            by_day=event(loss.by_day, DEATHS, by_night, (DAY_AT_HOME * DAYLIGHT, 1.0)),
            warned=event(loss.warned, DEATHS, by_night, left),
            per_year=_per_year(drivers, loss.per_year[0], added.per_year.mean(axis=0), residents),
        )


def _per_year(drivers: tuple[str, ...], sea: PeoplePerYear, added: Floats, residents: People) -> PeoplePerYear:
    """The sea's people a year, and what all drivers add on average (3, 3) [a-1]."""

    def more(people: People, quantity: int, share: float = 1.0) -> People:
        low, likely, high = people.low + added[quantity, 0] * share, people.likely, people.high + added[quantity, 2]
        most = min(high, max(residents.high, people.high))
        return People.per_year(low, min(likely + added[quantity, 1], most), max(most, low))

    others = " and ".join(WORDS[name] for name in drivers[1:])
    with_water = more(sea.with_water, WITH_WATER)
    return PeoplePerYear(
        f"{sea.name}, with {others}",
        with_water,
        more(sea.in_danger, IN_DANGER).within(with_water),
        more(sea.deaths, DEATHS, DAY_AT_HOME * DAYLIGHT).within(with_water),
    )
