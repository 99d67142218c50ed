"""Dynamic adaptive policy pathways: the proposal first, and what follows it when the sea reaches its tipping point.

Source: Haasnoot, Kwakkel, Walker & ter Maat (2013), Global Environmental Change 23, 485-498.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from strandline.observations.arrays import Floats
from strandline.observations.sea_level.projections import LAST_YEAR, SeaLevelProjection, middle_of
from strandline.planning.actions import Bounds
from strandline.planning.exposure.land_damage import LandDamage
from strandline.planning.investment.design import Design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.investment.stage_damage_by_design import NOTHING, MeasureSet, StageDamageByDesign, measure_sets
from strandline.planning.investment.tipping_points import TippingPoint
from strandline.risk.expectation import Expectation

RISES = 61
"""Sea-level rises at which damage is evaluated, from none to the highest mapped one."""
LEAST_GAIN = 0.02
"""Least shift of the tipping point [m of rise] by a further measure for it to be a step; an assumption."""
LEAST_SPACING = 0.05
"""Least gain of one end over the next cheaper [m of rise], to keep the map legible; an assumption."""
WATCHED_PERIOD = 10.0
"""Return period [years] of the level whose exceedances serve as a signpost: frequent enough to be counted."""


@dataclass(frozen=True)
class Step:
    """The present situation, the proposal, or a measure that follows others when they reach their tipping point.

    Attributes:
        built: kinds of all measures so far, in order; empty = the present situation.
        added: kinds of this step: those of the proposal together, then one each; empty = the present situation.
        tipping_point: of all of them together.
        cost: present value of all so far until 2100 [money], each decided in time in the middle scenario of sea-level
            rise; what is not needed there until 2100 costs nothing.
        decide_by: sea-level scenario → last year in which to decide on this step; the first year if that is past.
        late_years: time for which the objective is missed until the step works, in the middle scenario [a].
    """

    built: tuple[str, ...]
    added: tuple[str, ...]
    tipping_point: TippingPoint
    cost: Expectation
    decide_by: Mapping[str, int | None]
    late_years: float


@dataclass(frozen=True)
class Arrival:
    """When the sea reaches a certain rise.

    Attributes:
        rise: above today's sea level [m].
        years: sea-level scenario → year; ``None`` = not until 2100.
    """

    rise: float
    years: Mapping[str, int | None]


@dataclass(frozen=True)
class Signpost:
    """An indicator to monitor, and the value at which to decide on the next measure.

    Attributes:
        built: kinds of the measures in place while it is monitored.
        next: kinds of which one is to be decided on.
        decide_at: the value [unit] that leaves time for the slowest of ``next`` in the fastest scenario, before the
            median tipping point.
        tipping_at: the values [unit] at which the objective is missed: at the three rises of the tipping point.
    """

    indicator: str
    unit: str
    built: tuple[str, ...]
    next: tuple[str, ...]
    decide_at: float
    tipping_at: Bounds


@dataclass(frozen=True)
class Pathways:
    """The map of all pathways that are not dominated.

    Attributes:
        damage_share: greatest expected annual damage as a share of today's [-]; ``objective_source``: its source.
        highest_rise: of the mapped sea levels [m]; there are no results beyond.
        arrivals: when the sea reaches rounded rises.
        titles: kind → words for the reader.
        proposal: kinds of the proposed measures, which every pathway starts with; empty = nothing is proposed.
        steps: as a tree: the parent of a step has its ``built`` without its ``added``.
        ends: ``built`` of the last steps of the pathways, the earliest tipping point first; none is both more
            expensive and earlier than another.
    """

    damage_share: float
    objective_source: str
    highest_rise: float
    arrivals: tuple[Arrival, ...]
    titles: Mapping[str, str]
    proposal: tuple[str, ...]
    steps: tuple[Step, ...]
    ends: tuple[tuple[str, ...], ...]
    signposts: tuple[Signpost, ...]

    def pathway(self, end: tuple[str, ...]) -> tuple[Step, ...]:
        """The steps of a pathway, from the present situation to its end."""
        by_order = {step.built: step for step in self.steps}
        lengths = dict.fromkeys((0, *range(len(self.proposal), len(end) + 1)))
        return tuple(by_order[end[:length]] for length in lengths)


@dataclass(frozen=True, eq=False)
class _Sequence:
    """The cheapest order in which a measure set is reached: each measure when those before it tip."""

    order: tuple[int, ...]
    cost: Floats
    decide_by: Mapping[str, int | None]
    late_years: float


def find_pathways(
    designs: Sequence[Design],
    damage: StageDamageByDesign,
    scenarios: Scenarios,
    economy: Economy,
    proposal: MeasureSet = NOTHING,
    land: LandDamage | None = None,
) -> Pathways | str:
    """Tipping points of all measure sets, and the sequences that lead through them; a sentence where there are none.

    What is built first is not decided here: every pathway starts with the ``proposal``, whose measures are decided on
    together in the first year. Where nothing is proposed, pathways start from the present situation.

    Storms and values stay as today: sea-level rise alone moves the tipping points. Measures stay when others follow.
    The objective holds for expected damage: it must not exceed that of today times ``damage_share``. Of all orders that
    lead to the same measures the cheapest is kept, and of all ends those that no other dominates in cost and tipping
    point.

    Args:
        land: damage by rain and rivers, as today at every rise; ``None`` = unknown, or there is none. It counts in the
            objective and in what measures leave.
    """
    sea_levels = scenarios.sea_levels
    highest = float(np.median(damage.highest - damage.levels[:, -1]))
    if highest <= LEAST_GAIN:
        return (
            "There are no pathways: no sea-level rise is mapped. Give [[scenarios.sea_level_rise]] in the region file."
        )
    rises = np.linspace(0.0, highest, RISES)
    levels = damage.levels + rises[:, None, None]
    sets = measure_sets(len(designs))
    by_land = {} if land is None else land.left(sets, designs, damage)
    by_sea = damage.expected_annual_damage(sets, levels)
    annual = {each: values + by_land.get(each, 0.0) for each, values in by_sea.items()}  # (T, N) each
    objective = scenarios.objective.damage_share * annual[NOTHING][0]  # (N,)
    if objective.mean() <= 0:
        return "There are no pathways: the expected annual damage is zero today."
    start = economy.start_year
    points = {each: TippingPoint.of(rises, annual[each], objective, sea_levels, start) for each in sets}
    until_2100 = replace(economy, horizon_years=LAST_YEAR - start)
    first = _proposed(proposal, designs, points, sea_levels, until_2100, damage.draws.count)
    sequences = _cheapest_sequences(sets, first, designs, points, sea_levels, until_2100)
    ends = _undominated(sequences, points)
    kinds = [each.measure.key for each in designs]
    orders = [sequences[end].order for end in ends]
    least = len(first.order)
    kept = {first.order, *(order[:length] for order in orders for length in range(least, len(order) + 1))}
    present = _Sequence((), np.zeros(damage.draws.count), {}, 0.0)
    steps = []
    for order in sorted({(), *kept}, key=lambda each: (len(each), each)):
        found, point = sequences.get(frozenset(order), present), points[frozenset(order)]
        built, added = (_named(each, kinds) for each in (order, order if order == first.order else order[-1:]))
        cost = Expectation.of(found.cost, damage.draws.maps)
        steps.append(Step(built, added, point, cost, found.decide_by, found.late_years))
    headroom = {each: _headroom(objective, annual[each][0]) for each in sets}
    return Pathways(
        damage_share=scenarios.objective.damage_share,
        objective_source=scenarios.objective.source,
        highest_rise=highest,
        arrivals=tuple(
            Arrival(float(rise), {each.name: each.year_of(float(rise), economy.start_year) for each in sea_levels})
            for rise in _rounded_rises(highest)
        ),
        titles={each.measure.key: each.measure.title for each in designs},
        proposal=_named(first.order, kinds),
        steps=tuple(steps),
        ends=tuple(_named(order, kinds) for order in orders),
        signposts=tuple(_signposts(kept, designs, points, headroom, damage, scenarios, economy.start_year)),
    )


def _headroom(objective: Floats, annual: Floats) -> Bounds:
    """Factor by which damage (N,) may grow before it misses the objective: of single draws the p10 and p90, and between
    them that of the expected damage."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanquantile(objective / annual, [0.1, 0.9])
        middle = float(objective.mean() / annual.mean())
    return min(float(low), middle), middle, max(float(high), middle)


def _proposed(
    proposal: MeasureSet,
    designs: Sequence[Design],
    points: Mapping[MeasureSet, TippingPoint],
    sea_levels: Sequence[SeaLevelProjection],
    economy: Economy,
    samples: int,
) -> _Sequence:
    """The proposal as the first step: all of it is decided on now."""
    if not proposal:
        return _Sequence((), np.zeros(samples), {}, 0.0)
    cost = np.zeros(samples)
    for number in sorted(proposal):
        measure = designs[number].measure
        cost = cost + designs[number].investment * economy.life_cycle_cost_factor(
            measure.lifetime_years.value, measure.upkeep_share.value
        )
    tip = points[NOTHING].years[middle_of(sea_levels).name][1]
    in_operation = economy.start_year + max(designs[i].lead_years for i in proposal)
    late = 0.0 if tip is None else max(in_operation - tip, 0.0)
    decide_by: dict[str, int | None] = {each.name: economy.start_year for each in sea_levels}
    return _Sequence(tuple(sorted(proposal)), cost, decide_by, late)


def _cheapest_sequences(
    sets: Sequence[MeasureSet],
    first: _Sequence,
    designs: Sequence[Design],
    points: Mapping[MeasureSet, TippingPoint],
    sea_levels: Sequence[SeaLevelProjection],
    economy: Economy,
) -> dict[MeasureSet, _Sequence]:
    """The cheapest sequence from the ``first`` step to each measure set that contains it and is reachable by steps
    which each move the tipping point."""
    middle = middle_of(sea_levels).name
    proposed = frozenset(first.order)
    sequences = {proposed: first}
    for reached in (each for each in sets if each > proposed):  # smaller ones first
        for added in sorted(reached - proposed):
            before = reached - {added}
            gain = points[reached].rise[1] - points[before].rise[1]
            if before not in sequences or gain < LEAST_GAIN or points[before].is_beyond_maps:
                continue
            decide_by = {
                name: None if year is None else max(economy.start_year, int(year - np.ceil(designs[added].lead_years)))
                for name, year in points[before].expected_years().items()
            }
            year = decide_by[middle]
            start = np.inf if year is None else year - economy.start_year
            measure = designs[added].measure
            life_cycle_cost_factor = economy.life_cycle_cost_factor(
                measure.lifetime_years.value, measure.upkeep_share.value, start
            )
            cost = sequences[before].cost + designs[added].investment * life_cycle_cost_factor
            if reached not in sequences or cost.mean() < sequences[reached].cost.mean():
                tip = points[before].years[middle][1]
                late = 0.0 if year is None or tip is None else max(year + designs[added].lead_years - tip, 0.0)
                sequences[reached] = _Sequence((*sequences[before].order, added), cost, decide_by, late)
    return sequences


def _undominated(
    sequences: Mapping[MeasureSet, _Sequence], points: Mapping[MeasureSet, TippingPoint]
) -> list[MeasureSet]:
    """Sets that no other dominates in cost and tipping point, ``LEAST_SPACING`` apart, the earliest first."""
    cost = {each: float(found.cost.mean()) for each, found in sequences.items()}
    ordered = sorted(sequences, key=lambda each: (cost[each], -points[each].rise[1], len(each)))
    front: list[MeasureSet] = []
    for each in ordered:
        if not front or points[each].rise[1] > points[front[-1]].rise[1]:
            front.append(each)
    apart: list[MeasureSet] = []
    for each in (each for each in reversed(front) if each != NOTHING):
        if not apart or points[apart[-1]].rise[1] - points[each].rise[1] >= LEAST_SPACING:
            apart.append(each)
    return apart[::-1]


def _signposts(
    kept: set[tuple[int, ...]],
    designs: Sequence[Design],
    points: Mapping[MeasureSet, TippingPoint],
    headroom: Mapping[MeasureSet, Bounds],
    damage: StageDamageByDesign,
    scenarios: Scenarios,
    start_year: int,
) -> Iterator[Signpost]:
    """Where a measure follows: mean sea level, count of high waters and exposed value, if a scenario gets there.

    Args:
        headroom: factors by which exposure may grow under today's sea level before the objective is missed [-]: the
            p10 and p90 of single draws, and between them that of the expected damage.
    """
    kinds = [each.measure.key for each in designs]
    periods, level = np.asarray(damage.draws.return_periods), np.median(damage.levels, axis=0)
    watched = float(np.interp(np.log(WATCHED_PERIOD), np.log(periods), level))
    fastest = max(each.growth_per_year for each in scenarios.developments)
    for order in sorted(kept, key=lambda each: (len(each), each)):
        following = sorted({each[-1] for each in kept if len(each) == len(order) + 1 and each[:-1] == order})
        point, built, then = points[frozenset(order)], _named(order, kinds), _named(following, kinds)
        if not following or not order or all(year is None for year in point.expected_years().values()):
            continue
        wait = max(designs[i].lead_years for i in following)
        decide = _rise_in_time(point, wait, scenarios.sea_levels, start_year)
        yield Signpost("mean sea level against the land, above today's", "m", built, then, decide, point.rise)
        if watched - point.rise[1] > level[0]:
            early, low, middle, high = (
                10 / float(np.exp(np.interp(watched - rise, level, np.log(periods)))) for rise in (decide, *point.rise)
            )
            name = f"years in ten whose highest sea level exceeds {watched:.2f} m"
            yield Signpost(name, "years", built, then, early, (low, middle, high))
        low, middle, high = headroom[frozenset(order)]
        if middle <= (1 + fastest) ** (LAST_YEAR - start_year):
            early = max(middle * (1 + fastest) ** -wait, 1.0)
            yield Signpost("exposed value, today's = 1", "1", built, then, early, (low, middle, high))


def _rise_in_time(point: TippingPoint, wait: float, sea_levels: Sequence[SeaLevelProjection], start_year: int) -> float:
    """The rise [m] that leaves ``wait`` years until the tipping point in the scenario that gets there first."""
    reached = {each: year for each in sea_levels if (year := point.years[each.name][1]) is not None}
    fastest = min(reached, key=lambda each: reached[each])
    start = max(reached[fastest] - wait, float(start_year))
    return min(float(fastest.rise(np.array([start]), start_year, np.zeros(1))[0, 0]), point.rise[1])


def _rounded_rises(highest: float) -> Floats:
    """About five rounded rises from none to the highest [m]."""
    step = next(size for size in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0) if highest / size <= 6 or size == 2.0)
    return np.asarray(np.round(np.arange(0.0, highest + 1e-9, step), 2))


def _named(order: Sequence[int], kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(kinds[i] for i in order)
