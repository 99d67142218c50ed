"""What every combination of designs costs and avoids, sample by sample, in every future."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.planning.actions import Robustness
from strandline.planning.investment.design import Design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.robust_choice import is_no_regret, least_regretted, regrets, worst_mean
from strandline.planning.investment.scenarios import AS_TODAY, LAST_YEAR, Scenario, Scenarios
from strandline.planning.investment.stage_damage_by_design import MeasureSet, StageDamageByDesign, choices
from strandline.planning.measures import stratify

MOST_DESIGNS = 10
"""Each further one doubles the combinations; ten make 1024, some seconds."""
STEP_YEARS = 5.0
"""Between these years the expected annual damage is taken as straight."""


@dataclass(frozen=True, eq=False)
class Appraisal:
    """All combinations of designs weighed against doing nothing; money in EUR 2010 of the start year.

    Attributes:
        choices: C combinations; the first is to do nothing.
        futures: W scenarios. Every array over futures has one more at the end: nothing changes.
        cost: (C, S) present value of all payments.
        investment: (C, S) first payment.
        net_present_value: (C, W + 1, S).
        damage: (W + 1, S) present value of the damage if nothing is done.
        annual_damage: (C, S) expected annual damage [EUR a-1] under today's sea, storms and values.
        rise: (W + 1,) median sea-level rise at the horizon's end [m].
        share_beyond: (W + 1,) share of the horizon's damage from seas above the highest mapped one [-].
    """

    designs: tuple[Design, ...]
    choices: tuple[MeasureSet, ...]
    futures: tuple[Scenario, ...]
    cost: Floats
    investment: Floats
    net_present_value: Floats
    damage: Floats
    annual_damage: Floats
    rise: Floats
    share_beyond: Floats

    @property
    def worth(self) -> Floats:
        """(C, W) median net present value in each future."""
        return np.asarray(np.median(self.net_present_value[:, :-1], axis=2))

    def ratio(self, choice: MeasureSet) -> Floats:
        """(W + 1, S) benefit-cost ratio [-]."""
        number = self.choices.index(choice)
        return np.asarray(1 + self.net_present_value[number] / self.cost[number])

    def robustness(self, choice: MeasureSet, affordable: npt.NDArray[np.bool_]) -> Robustness:
        """How it fares over the futures, beside the ``affordable`` (C,) choices and itself."""
        number = self.choices.index(choice)
        worth = self.worth
        rivals = affordable | (np.arange(len(worth)) == number)
        regret = regrets(worth[rivals])[np.flatnonzero(rivals).tolist().index(number)]  # (W,)
        own = worth[number]
        return Robustness(
            pays_in=int((own > 0).sum()),
            of=own.size,
            lowest=float(own.min()),
            highest=float(own.max()),
            worst_tenth=float(worst_mean(self.net_present_value[number, :-1]).min()),
            maximum_regret=float(regret.max()),
            regretted_in=self.futures[int(regret.argmax())].name,
            is_no_regret=is_no_regret(own),
        )


def appraise(
    designs: Sequence[Design],
    damage: StageDamageByDesign,
    scenarios: Scenarios,
    economy: Economy,
    mean_sea_level: float,
    rng: np.random.Generator,
) -> Appraisal:
    """Weigh every combination of designs in every future, and as if nothing changed.

    A design avoids damage from the year in which it is there; before, those of a combination that are there already do.
    Every future uses the same draws of sea levels, maps, damage curves, costs and effects, and one deviate a sample
    within the sea-level scenario's likely range.

    Args:
        mean_sea_level: [m, region datum], above which storms raise the water.

    Raises:
        InputError: more designs than can be combined, or a horizon that ends after 2100.
    """
    if len(designs) > MOST_DESIGNS:
        raise InputError("plan", f"{len(designs)} long-term measures", f"combine {MOST_DESIGNS} or fewer")
    if economy.start_year + economy.horizon_years > LAST_YEAR:
        end = economy.start_year + economy.horizon_years
        raise InputError("plan", f"the horizon ends in {end}", f"no future is told beyond {LAST_YEAR}")
    sets = choices(len(designs))
    futures = (*scenarios, AS_TODAY)
    seas = list(dict.fromkeys((each.sea_level, each.storminess) for each in futures))
    growths = list(dict.fromkeys(each.development for each in futures))
    nodes = np.append(np.arange(0.0, economy.horizon_years, STEP_YEARS), economy.horizon_years)
    deviates = ndtri(stratify(len(damage.levels), rng))
    rises = [sea.rise(economy.start_year + nodes, economy.start_year, deviates).T for sea, _ in seas]  # (N, S) each
    levels = np.concatenate(
        [
            sea_levels(
                damage.levels, mean_sea_level, rise, storms.change_by_2100 * nodes / (LAST_YEAR - economy.start_year)
            )
            for rise, (_, storms) in zip(rises, seas, strict=True)
        ]
    )  # (P · N, S, R)
    shape = (len(seas), nodes.size, len(damage.levels))
    annual = {each: damage.expected_annual_damage(each, levels).reshape(shape) for each in sets}  # (P, N, S) each
    beyond = damage.share_beyond(levels).reshape(shape[:2])

    between = np.stack([np.interp(economy.years, nodes, unit) for unit in np.eye(nodes.size)], axis=1)  # (T, N)
    growth = np.stack([(1 + each.growth_per_year) ** economy.years for each in growths])  # (G, T)
    weights = (growth * economy.discount)[:, :, None] * between  # (G, T, N)
    left = np.stack([_left(each, designs, annual, weights, economy) for each in sets])  # (C, P, G, S)
    cost = np.stack([_sum([designs[i].cost for i in each], deviates) for each in sets])  # (C, S)
    index = [(seas.index((f.sea_level, f.storminess)), growths.index(f.development)) for f in futures]
    sea_of, growth_of = (np.array(each) for each in zip(*index, strict=True))
    saved = (left[0] - left)[:, sea_of, growth_of]  # (C, W + 1, S)
    today = (len(seas) - 1, 0)  # the last future is that nothing changes, and node 0 is now
    return Appraisal(
        designs=tuple(designs),
        choices=sets,
        futures=tuple(scenarios),
        cost=cost,
        investment=np.stack([_sum([designs[i].investment for i in each], deviates) for each in sets]),
        net_present_value=saved - cost[:, None],
        damage=left[0][sea_of, growth_of],
        annual_damage=np.stack([annual[each][today] for each in sets]),
        rise=np.array([float(np.median(rises[p][-1])) for p in sea_of]),
        share_beyond=beyond.mean(axis=1)[sea_of],
    )


def sea_levels(levels: Floats, mean_sea_level: float, rise: Floats, change: Floats) -> Floats:
    """(N, S, R) return levels when the sea has risen and storms have changed.

    The whole height above mean sea level changes with the storms, tide included.

    Args:
        levels: (S, R) today's [m, region datum]; ``mean_sea_level`` on the same datum.
        rise: (N, S) [m]; ``change``: (N,) of the height above mean sea level [-].
    """
    height = (levels - mean_sea_level) * (1 + change[:, None, None])
    return np.asarray(mean_sea_level + height + rise[:, :, None])


def _left(
    choice: MeasureSet, designs: Sequence[Design], annual: dict[MeasureSet, Floats], weights: Floats, economy: Economy
) -> Floats:
    """(P, G, S) present value of the damage that is left while the designs of a choice come into being."""
    waits = sorted({0.0, *(designs[i].lead_years for i in choice)})
    result = np.zeros(())
    for number, wait in enumerate(waits):
        years = economy.works(wait)
        if number + 1 < len(waits):
            years &= ~economy.works(waits[number + 1])
        there = frozenset(i for i in choice if designs[i].lead_years <= wait)
        result = result + np.einsum("gn,pns->pgs", weights[:, years].sum(axis=1), annual[there])
    return np.asarray(result)


def _sum(parts: Sequence[Floats], like: Floats) -> Floats:
    return np.asarray(sum(parts, np.zeros_like(like)))


@dataclass(frozen=True, eq=False)
class Selection:
    """The chosen combination.

    Attributes:
        affordable: (C,) combinations whose median investment the budget covers.
        best: for each future the affordable combination that is worth most there.
    """

    choice: MeasureSet
    affordable: npt.NDArray[np.bool_]
    best: tuple[MeasureSet, ...]


def select(appraisal: Appraisal, budget: float | None) -> Selection:
    """The affordable combination whose greatest regret over all futures is least (Savage 1951).

    Every combination has been run through the damage chain together, so that overlap is counted once; with so few
    measures each of them is looked at and no solver is needed (decision 18). Doing nothing is one of them.
    """
    price = np.median(appraisal.investment, axis=1)
    affordable = np.ones(len(price), dtype=bool) if budget is None else price <= budget
    within = np.flatnonzero(affordable)
    worth = appraisal.worth[within]
    return Selection(
        choice=appraisal.choices[within[least_regretted(worth, price[within])]],
        affordable=affordable,
        best=tuple(appraisal.choices[within[i]] for i in worth.argmax(axis=0)),
    )
