"""Cost–benefit analysis: costs and avoided damage of every set of designs, draw by draw, in every scenario."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from strandline.errors import InputError
from strandline.observations.arrays import Floats
from strandline.observations.sea_level.projections import LAST_YEAR
from strandline.planning.actions import Robustness
from strandline.planning.exposure.land_damage import LandDamage
from strandline.planning.investment.design import Design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.robust_choice import is_no_regret, least_regret, regrets, worst_tenth
from strandline.planning.investment.scenarios import AS_TODAY, Scenario, Scenarios
from strandline.planning.investment.stage_damage_by_design import MeasureSet, StageDamageByDesign, measure_sets
from strandline.planning.quantity import stratify
from strandline.risk.expectation import Expectation

MOST_DESIGNS = 10
"""Each further one doubles the measure sets; ten make 1024, which take some seconds."""
ROUNDING = 1e-9
"""Share of the damage that is rounding in a sum [-]."""
STEP_YEARS = 5.0
"""Between these years the expected annual damage is taken as linear."""


@dataclass(frozen=True, eq=False)
class Appraisal:
    """All sets of designs compared with doing nothing; amounts in the money of the plan, of the start year.

    Attributes:
        measure_sets: C sets; the first is empty.
        scenarios: W scenarios. Every array over scenarios has one more at the end: nothing changes.
        maps: number of flood maps that the N draws read.
        cost: (C, N) present value of all payments.
        investment: (C, N) first payment.
        net_present_value: (C, W + 1, N).
        damage: (W + 1, N) present value of the damage if nothing is done.
        annual_damage: (C, N) expected annual damage [money a-1] under today's sea, storms and values.
        rise: (W + 1,) median sea-level rise at the horizon's end [m].
        share_beyond: (W + 1,) share of the horizon's damage from seas above the highest mapped one [-].
    """

    designs: tuple[Design, ...]
    measure_sets: tuple[MeasureSet, ...]
    scenarios: tuple[Scenario, ...]
    maps: int
    cost: Floats
    investment: Floats
    net_present_value: Floats
    damage: Floats
    annual_damage: Floats
    rise: Floats
    share_beyond: Floats

    def __post_init__(self) -> None:
        left = self.annual_damage.min(axis=0)  # (N,) by the set that avoids most
        if (left < -ROUNDING * self.annual_damage[0]).any():
            draw = int(left.argmin())
            damage, avoided = self.annual_damage[0, draw], self.annual_damage[0, draw] - left[draw]
            what = f"in draw {draw} a set of measures avoids {avoided:g} a year of a damage of {damage:g}"
            raise InputError("measures", what, "no measure may avoid more than all damage: check its effect")

    @property
    def expected_value(self) -> Floats:
        """(C, W) net present value on average in each scenario."""
        return np.asarray(self.net_present_value[:, :-1].mean(axis=2))

    def expect(self, draws: Floats) -> Expectation:
        """The expectation of some of these draws (N,)."""
        return Expectation.of(draws, self.maps)

    def benefit_cost_ratio(self, built: MeasureSet) -> Expectation:
        """Benefits over costs, each on average, if nothing changes [-]."""
        number = self.measure_sets.index(built)
        cost = self.cost[number]
        return Expectation.ratio(self.net_present_value[number, -1] + cost, cost, self.maps)

    def robustness(self, built: MeasureSet, affordable: npt.NDArray[np.bool_]) -> Robustness:
        """Performance over the scenarios, compared with the ``affordable`` (C,) sets and itself."""
        number = self.measure_sets.index(built)
        value = self.expected_value
        alternatives = np.flatnonzero(affordable | (np.arange(len(value)) == number))
        regret = regrets(value[alternatives])[alternatives.tolist().index(number)]  # (W,)
        own, draws = value[number], self.net_present_value[number, :-1]
        worst = int(regret.argmax())
        better = alternatives[value[alternatives, worst].argmax()]
        tails = [tail for each in draws if (tail := worst_tenth(each)) is not None]
        return Robustness(
            pays_in=int((own > 0).sum()),
            of=own.size,
            lowest=self.expect(draws[own.argmin()]),
            highest=self.expect(draws[own.argmax()]),
            worst_tenth=min(tails) if tails else None,
            maximum_regret=self.expect(self.net_present_value[better, worst] - draws[worst]),
            regretted_in=self.scenarios[worst].name,
            is_no_regret=is_no_regret(self.net_present_value[number]),
        )


def appraise(
    designs: Sequence[Design],
    damage: StageDamageByDesign,
    scenarios: Scenarios,
    economy: Economy,
    mean_sea_level: float,
    rng: np.random.Generator,
    land: LandDamage | None = None,
) -> Appraisal:
    """Appraise every set of designs in every scenario, and as if nothing changed.

    A design avoids damage from the year in which it works; until then, those of a set that already work do. Every
    scenario uses the same draws of sea levels, maps, damage curves, costs and effects, and one deviate per draw within
    the sea-level scenario's likely range.

    Args:
        mean_sea_level: [m, region datum], above which storms raise the water.
        land: damage by rain and rivers, as today in every scenario; ``None`` = unknown, or there is none.

    Raises:
        InputError: more designs than ``MOST_DESIGNS``, or a horizon that ends after 2100.
    """
    if len(designs) > MOST_DESIGNS:
        raise InputError("plan", f"{len(designs)} long-term measures", f"combine {MOST_DESIGNS} or fewer")
    if economy.start_year + economy.horizon_years > LAST_YEAR:
        end = economy.start_year + economy.horizon_years
        raise InputError("plan", f"the horizon ends in {end}", f"scenarios end in {LAST_YEAR}")
    sets = measure_sets(len(designs))
    every_scenario = (*scenarios, AS_TODAY)
    climates = list(dict.fromkeys((each.sea_level, each.storminess) for each in every_scenario))
    growths = list(dict.fromkeys(each.development for each in every_scenario))
    nodes = np.append(np.arange(0.0, economy.horizon_years, STEP_YEARS), economy.horizon_years)
    deviates, sinking = (ndtri(stratify(damage.draws.count, each)) for each in (rng, *rng.spawn(1)))
    start = economy.start_year
    rises = [sea.rise(start + nodes, start, deviates, sinking).T for sea, _ in climates]  # (T, N) each
    levels = np.concatenate(
        [
            sea_levels(
                damage.levels, mean_sea_level, rise, storms.change_by_2100 * nodes / (LAST_YEAR - economy.start_year)
            )
            for rise, (_, storms) in zip(rises, climates, strict=True)
        ]
    )  # (P · T, N, R)
    shape = (len(climates), nodes.size, damage.draws.count)
    found = damage.expected_annual_damage(sets, levels)
    by_land = {} if land is None else land.left(sets, designs, damage)
    annual = {each: values.reshape(shape) + by_land.get(each, 0.0) for each, values in found.items()}  # (P, T, N) each
    beyond = damage.share_beyond(levels).reshape(shape[:2])

    between = np.stack([np.interp(economy.years, nodes, unit) for unit in np.eye(nodes.size)], axis=1)  # (Y, T)
    growth = np.stack([(1 + each.growth_per_year) ** economy.years for each in growths])  # (G, Y)
    weights = (growth * economy.discount)[:, :, None] * between  # (G, Y, T)
    left = np.stack([_remaining_damage(each, designs, annual, weights, economy) for each in sets])  # (C, P, G, N)
    cost = np.stack([_sum([designs[i].cost for i in each], deviates) for each in sets])  # (C, N)
    index = [(climates.index((s.sea_level, s.storminess)), growths.index(s.development)) for s in every_scenario]
    climate_of, growth_of = (np.array(each) for each in zip(*index, strict=True))
    avoided = (left[0] - left)[:, climate_of, growth_of]  # (C, W + 1, N)
    today = (len(climates) - 1, 0)  # the last scenario is that nothing changes, and node 0 is now
    return Appraisal(
        designs=tuple(designs),
        measure_sets=sets,
        scenarios=tuple(scenarios),
        maps=damage.draws.maps,
        cost=cost,
        investment=np.stack([_sum([designs[i].investment for i in each], deviates) for each in sets]),
        net_present_value=avoided - cost[:, None],
        damage=left[0][climate_of, growth_of],
        annual_damage=np.stack([annual[each][today] for each in sets]),
        rise=np.array([float(np.median(rises[p][-1])) for p in climate_of]),
        share_beyond=beyond.mean(axis=1)[climate_of],
    )


def sea_levels(levels: Floats, mean_sea_level: float, rise: Floats, change: Floats) -> Floats:
    """(T, N, R) return levels after sea-level rise and a change of storminess.

    The whole height above mean sea level changes with the storms, tide included.

    Args:
        levels: (N, R) today's [m, region datum]; ``mean_sea_level`` on the same datum.
        rise: (T, N) [m]; ``change``: (T,) of the height above mean sea level [-].
    """
    height = (levels - mean_sea_level) * (1 + change[:, None, None])
    return np.asarray(mean_sea_level + height + rise[:, :, None])


def _remaining_damage(
    built: MeasureSet, designs: Sequence[Design], annual: dict[MeasureSet, Floats], weights: Floats, economy: Economy
) -> Floats:
    """(P, G, N) present value of the damage that remains while the designs of a set start to work one by one."""
    lead_times = sorted({0.0, *(designs[i].lead_years for i in built)})
    result = np.zeros(())
    for number, lead_time in enumerate(lead_times):
        years = economy.works(lead_time)
        if number + 1 < len(lead_times):
            years &= ~economy.works(lead_times[number + 1])
        working = frozenset(i for i in built if designs[i].lead_years <= lead_time)
        result = result + np.einsum("gn,pns->pgs", weights[:, years].sum(axis=1), annual[working])
    return np.asarray(result)


def _sum(parts: Sequence[Floats], like: Floats) -> Floats:
    return np.asarray(sum(parts, np.zeros_like(like)))


@dataclass(frozen=True, eq=False)
class Selection:
    """The selected set of measures.

    Attributes:
        affordable: (C,) sets whose expected investment the budget covers.
        best: for each scenario the affordable set of the greatest expected value there.
    """

    chosen: MeasureSet
    affordable: npt.NDArray[np.bool_]
    best: tuple[MeasureSet, ...]


def select(appraisal: Appraisal, budget: float | None) -> Selection:
    """The affordable set whose greatest expected regret over all scenarios is least (Savage 1951).

    Every set has been run through the damage chain as a whole, so that overlap is counted once; with so few measures
    all sets are enumerated and no solver is needed (decision 18). Doing nothing is one of them.
    """
    price = appraisal.investment.mean(axis=1)
    affordable = np.ones(len(price), dtype=bool) if budget is None else price <= budget
    within = np.flatnonzero(affordable)
    value = appraisal.expected_value[within]
    return Selection(
        chosen=appraisal.measure_sets[within[least_regret(value, price[within])]],
        affordable=affordable,
        best=tuple(appraisal.measure_sets[within[i]] for i in value.argmax(axis=0)),
    )
