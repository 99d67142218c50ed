"""Repairs of embankments: which stretch first, what that costs and avoids, and what a look at it is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from strandline.observations.exposure.assets import UNKNOWN_CONDITION
from strandline.observations.region_file.prices.money import MoneyUnit
from strandline.planning.actions import Action
from strandline.planning.formatting import format_money
from strandline.planning.investment.discounting import Economy
from strandline.planning.measures import LongTermMeasure, Measures
from strandline.risk.breaches.repair import Repair
from strandline.risk.expectation import Expectation

REPAIR = "repair_embankment"
PRICED_BY = "raise_embankment"
"""The measure of the catalogue whose price for a kilometre and metre of height is taken for a repair."""
REPAIRED_HEIGHT = 1.0
"""[m] of height that a repair costs as much as: so much a crest would have to be raised to stand what a good condition
stands beside a poor one. An assumption, until somebody gives the price of a repair."""
MOST_NAMED = 3
"""Stretches that follow the first, by name."""


@dataclass(frozen=True)
class StretchRepair:
    """A stretch of an embankment, and the repair of it alone to a good condition.

    Attributes:
        line: id of the embankment.
        begin_km, end_km: distance along it from its first point [km].
        condition: stated one, or ``unknown``.
        crest: [m, region datum]; NaN = unknown.
        breaches_per_year: expected number today [a-1].
        avoided_damage: by the repair [money a-1], of assets of known value; NaN = none has a known value.
        avoided_people: with water at home in a year [a-1]; NaN = nobody counted them.
        cost: present value over the horizon [money]; NaN = no price is known.
        net_present_value: if nothing changes [money]; NaN = unknown.
        value_of_survey: of knowing the condition before deciding [money]: expected value of perfect information; 0 =
            it is known, or would change no decision; NaN = unknown.
    """

    line: str
    begin_km: float
    end_km: float
    condition: str
    crest: float
    breaches_per_year: float
    avoided_damage: float
    avoided_people: float
    cost: float
    net_present_value: float
    value_of_survey: float

    @property
    def name(self) -> str:
        """For a sentence."""
        return f"km {self.begin_km:.1f}–{self.end_km:.1f} of the embankment {self.line}"


@dataclass(frozen=True)
class RepairPlan:
    """What a plan says of repairs.

    Attributes:
        stretches: the best repair first.
        actions: the first repair, if it pays.
        notes: what else to know, in sentences.
    """

    stretches: tuple[StretchRepair, ...] = ()
    actions: tuple[Action, ...] = ()
    notes: tuple[str, ...] = ()


def plan_repairs(
    repairs: Sequence[Repair], measures: Measures, economy: Economy, damage: Expectation, budget: float | None = None
) -> RepairPlan:
    """The repairs with their costs; nothing where no breaches are sampled.

    Args:
        repairs: the greatest avoided damage of a kilometre first.
        damage: expected annual damage of the place, of which no repair avoids more [money a-1].
        budget: [money]; ``None`` = no limit.
    """
    if not repairs:
        return RepairPlan()
    price = next((each for each in measures.long_term if each.key == PRICED_BY), None)
    stretches = tuple(_stretch(repair, price, economy) for repair in repairs)
    actions: tuple[Action, ...] = ()
    if price is not None and stretches[0].net_present_value > 0 and math.isfinite(damage.mean):
        actions = (_action(repairs[0], stretches, price, economy, damage, budget),)
    return RepairPlan(stretches, actions, tuple(_notes(stretches, bool(actions), economy.money)))


def _stretch(repair: Repair, price: LongTermMeasure | None, economy: Economy) -> StretchRepair:
    stretch, cost = repair.stretch, math.nan if price is None else _cost(repair, price, economy).mean
    annuity = math.nan if price is None else economy.annuity_from(price.lead_years)
    known = math.isfinite(repair.damage.mean) and math.isfinite(cost)
    return StretchRepair(
        stretch.line, stretch.begin, stretch.end, stretch.condition, stretch.crest, repair.breaches_a_year,
        repair.damage.mean, repair.people, cost,
        repair.net_benefit(annuity, cost) if known else math.nan,
        repair.value_of_survey(annuity, cost) if known else math.nan,
    )  # fmt: skip


def _cost(repair: Repair, price: LongTermMeasure, economy: Economy) -> Expectation:
    """Present value of all payments for the repair of a stretch [money]."""
    factor = economy.life_cycle_cost_factor(price.lifetime_years.value, price.upkeep_share.value)
    size = factor * REPAIRED_HEIGHT * repair.stretch.length
    unit = price.unit_cost
    return Expectation.stated(size * unit.low, size * unit.value, size * unit.high)


def _action(
    repair: Repair,
    stretches: Sequence[StretchRepair],
    price: LongTermMeasure,
    economy: Economy,
    damage: Expectation,
    budget: float | None,
) -> Action:
    cost, annuity = _cost(repair, price, economy), economy.annuity_from(price.lead_years)
    avoided = _at_most(repair.damage, damage)
    value = _moved(avoided, annuity, -cost.mean)
    first, later = stretches[0], [each for each in stretches[1 : 1 + MOST_NAMED] if each.net_present_value > 0]
    follow = f" Then {'; '.join(each.name for each in later)}." if later else ""
    people = first.avoided_people
    return Action(
        kind=REPAIR,
        title=f"Repair {first.name} first",
        where=(first.line,),
        when=price.when,
        lead_time_hours=price.lead_time_hours,
        avoided_loss=avoided,
        avoided_loss_per="year",
        cost=cost,
        priority=0,
        confidence="low",
        why=(
            f"Of all stretches its repair avoids most damage for each kilometre: it is expected to breach"
            f" {first.breaches_per_year:.2g} times a year. Its strength is that of a general curve, its price that of"
            f" raising it by {REPAIRED_HEIGHT:g} m: let an engineer walk the line before money is spent."
        ),
        net_present_value=value,
        benefit_cost_ratio=_moved(avoided, annuity / cost.mean, 0.0),
        within_budget=budget is None or cost.mean <= budget,
        what=f"bring this stretch to a good condition.{follow}",
        who=price.who,
        protects=f"about {people:.2g} people a year from water at home, on average" if people > 0 else "",
    )


def _at_most(part: Expectation, whole: Expectation) -> Expectation:
    """The part, of which nothing is more than the whole: both are estimated from different draws."""
    return Expectation(
        min(part.mean, whole.mean), part.standard_error,
        min(part.p10, whole.p10), min(part.p50, whole.p50), min(part.p90, whole.p90), part.draws,
    )  # fmt: skip


def _moved(one: Expectation, factor: float, shift: float) -> Expectation:
    """The expectation of factor · X + shift."""
    low, middle, high = (factor * each + shift for each in (one.p10, one.p50, one.p90))
    return Expectation(factor * one.mean + shift, factor * one.standard_error, low, middle, high, one.draws)


def _people(stretch: StretchRepair) -> str:
    if not stretch.avoided_people > 0:
        return ""
    return f", and would keep about {stretch.avoided_people:.2g} people a year from water at home, on average"


def _notes(stretches: Sequence[StretchRepair], is_proposed: bool, money: MoneyUnit) -> list[str]:
    first, notes = stretches[0], list[str]()
    if not is_proposed and math.isfinite(first.net_present_value):
        notes.append(
            "No repair of a single stretch of embankment pays at its assumed price, in money alone; that of"
            f" {first.name} avoids most damage for each kilometre{_people(first)}."
        )
    elif not is_proposed:
        weakest = max(stretches, key=lambda each: each.breaches_per_year)
        notes.append(
            f"Which embankment to repair first is not known in money. {weakest.name.capitalize()} is expected to breach"
            f" most often, {weakest.breaches_per_year:.2g} times a year."
        )
    unseen = [each for each in stretches if each.condition == UNKNOWN_CONDITION and each.value_of_survey > 0]
    if unseen:
        look = max(unseen, key=lambda each: each.value_of_survey)
        notes.append(
            f"Look at {look.name} before all others: to know whether its condition is good, fair or poor before"
            f" deciding on its repair is worth up to {format_money(look.value_of_survey, money)} on average."
        )
    return notes
