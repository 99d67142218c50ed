"""The plan: which measures pay, in which order, and what starts and stops each action in an emergency."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from strandline.errors import InputError
from strandline.planning.appraisal import Appraisal, appraise
from strandline.planning.event_damage import EventDamage
from strandline.planning.measures import Measures
from strandline.planning.operations import Operation, derive_operations, join_protocol
from strandline.planning.protocol import Protocol
from strandline.planning.track_record import PastSea, TrackRecord, judge_operations
from strandline.planning.words import say_expression
from strandline.risk.exposure import expose
from strandline.risk.hazard import Hazard
from strandline.risk.impact import Impact, annual_damage_samples, draw_curve_deviates

Bounds = tuple[float, float, float]
Confidence = Literal["low", "medium", "high"]
HOURS_A_DAY = 24.0


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes:
        kind: e.g. ``raise_embankment``, ``evacuate_low_lying_areas``, ``continue_monitoring``.
        where: ids of the assets that it concerns; empty = the whole region.
        lead_time_hours: how long before its effect is needed it must start [h].
        avoided_loss: p10, p50, p90 [EUR 2010, see ``avoided_loss_per``]; ``None`` = not counted in money.
        avoided_loss_per: ``year`` for long-term measures, ``event`` at the trigger's level for operational ones.
        cost: p10, p50, p90 of the present value over the horizon, or of one event [EUR 2010]; ``None`` = not stated.
        net_present_value: p10, p50, p90 [EUR 2010]; long-term measures only.
        benefit_cost_ratio: p10, p50, p90 [-]; long-term measures only.
        priority: 1 is first; actions for lives and monitoring come before money.
        within_budget: ``False`` = worth it, but the budget does not reach that far.
        confidence: how sure it is that it pays, see ``why``.
    """

    kind: str
    title: str
    where: tuple[str, ...]
    when: str
    lead_time_hours: float
    avoided_loss: Bounds | None
    avoided_loss_per: Literal["year", "event"]
    cost: Bounds | None
    priority: int
    confidence: Confidence
    why: str
    net_present_value: Bounds | None = None
    benefit_cost_ratio: Bounds | None = None
    within_budget: bool = True


@dataclass(frozen=True)
class Plan:
    """What to do in a region, for whom it was computed and what it leaves out.

    Attributes:
        expected_annual_damage: p10, p50, p90 today, over the known assets [EUR 2010 a-1].
        vertical_datum: what 0 m means for the triggers' levels.
        protocol: what starts and stops each emergency action; ``None`` = no action is worth it.
        track_records: how its phases would have fared in the record, each with and without dead streams.
        unknown_assets: how many are in no number here.
        unknown_value: what those are worth, where that is stated [EUR 2010].
        budget: for investments [EUR 2010]; ``None`` = no limit.
        discount_rate: per year [-].
        horizon_years: over which benefits and costs are counted [a].
        notes: what was left out and why.
        is_simulated: any part of the hazard is simulated.
    """

    region: str
    vertical_datum: str
    actions: tuple[Action, ...]
    protocol: Protocol | None
    track_records: tuple[TrackRecord, ...]
    notes: tuple[str, ...]
    expected_annual_damage: Bounds
    unknown_assets: int
    unknown_value: float
    budget: float | None
    discount_rate: float
    horizon_years: int
    is_simulated: bool

    @property
    def n_triggers(self) -> int:
        """How many phases the protocol has."""
        return 0 if self.protocol is None else len(self.protocol.phases)


def plan_adaptation(
    hazard: Hazard,
    impact: Impact,
    *,
    budget: float | None,
    discount_rate: float,
    horizon_years: int,
    measures: Measures,
    rng: np.random.Generator,
    past: PastSea | None = None,
) -> Plan:
    """Appraise each measure by running the damage chain with and without it, and derive the emergency triggers.

    Both runs share their draws of levels, depths and curves, so that their difference is the measure's own. Measures
    are appraised one at a time: their avoided losses overlap and must not be added.

    Args:
        budget: for investments [EUR 2010]; ``None`` = no limit. Spent in the order of benefit-cost ratios.
        discount_rate: per year [-].
        horizon_years: over which benefits and costs are counted.
        past: the record to test the triggers on; ``None`` = there is none.

    Raises:
        InputError: a negative budget, a discount rate outside -0.05 to 0.2, or a horizon below one year.
    """
    if budget is not None and not budget >= 0:
        raise InputError("plan", f"budget {budget:g} is negative", "give EUR, or none for no limit")
    if not -0.05 <= discount_rate <= 0.2 or horizon_years < 1:
        raise InputError(
            "plan", f"discount rate {discount_rate:g}, horizon {horizon_years} years", "e.g. 0.03 and 50 years"
        )
    notes: list[str] = []
    appraisals: list[Appraisal] = []
    damage: EventDamage | None = None
    known = impact.assets["expected_annual_damage_p50"].notna().to_numpy()
    if not known.any():
        missing = "no assets are given" if len(impact.assets) == 0 else "the damage of every asset is unknown"
        notes.append(f"Long-term measures were not weighed: {missing}. The triggers follow the sea level alone.")
    else:
        assets = impact.assets[known]
        exposure, deviates = expose(assets, hazard.region), draw_curve_deviates(len(hazard.levels), rng)
        today = annual_damage_samples(hazard, exposure, hazard.region.continent, deviates)  # (S, A)
        damage = EventDamage.of(hazard, assets, exposure, deviates)
        for measure in measures.long_term:
            found = appraise(
                measure, hazard, assets, exposure, deviates, today, damage, discount_rate, horizon_years, rng
            )
            if isinstance(found, Appraisal):
                appraisals.append(found)
            else:
                notes.append(found)
    if impact.unknown_assets:
        notes.append(
            f"{impact.unknown_assets} assets (stated value EUR {impact.unknown_value:,.0f}) have unknown damage and are"
            " in no number of this plan. Unknown is not safe."
        )
    if len(appraisals) > 1:
        notes.append("Avoided losses of different measures overlap: do not add them.")
    operations, remarks = derive_operations(hazard, damage, measures.operational, rng)
    if past is None and operations:
        notes.append("The triggers were not tested on a record: none is long enough.")
    chosen, more_remarks = _spend(appraisals, budget, impact)
    return Plan(
        region=hazard.region.name,
        vertical_datum=hazard.region.vertical_datum,
        actions=_ranked([_monitoring(), *(_operational_action(o) for o in operations), *chosen]),
        protocol=join_protocol(hazard.region.name, operations),
        track_records=() if past is None else judge_operations(hazard.region.name, operations, past),
        notes=(*notes, *remarks, *more_remarks),
        expected_annual_damage=impact.expected_annual_damage,
        unknown_assets=impact.unknown_assets,
        unknown_value=impact.unknown_value,
        budget=budget,
        discount_rate=discount_rate,
        horizon_years=horizon_years,
        is_simulated=any(source.kind == "simulated" for source in hazard.provenance.values()),
    )


def _spend(appraisals: Sequence[Appraisal], budget: float | None, impact: Impact) -> tuple[list[Action], list[str]]:
    """Measures that pay at the median, best ratio first, as far as the budget reaches."""
    actions: list[Action] = []
    remarks: list[str] = []
    left = np.inf if budget is None else budget
    for found in sorted(appraisals, key=lambda a: -float(np.median(a.ratio))):
        action = _long_term_action(found, impact)
        if np.median(found.net_present_value) <= 0:
            low, _, high = _bounds(found.ratio)
            remarks.append(f"{action.title}: does not pay (benefit-cost ratio {low:.2f} to {high:.2f}).")
            continue
        price = float(np.median(found.investment))
        affordable = price <= left
        left -= price if affordable else 0.0
        actions.append(replace(action, within_budget=affordable))
        if not affordable:
            remarks.append(f"{action.title}: pays, but EUR {price:,.0f} exceed what is left of the budget.")
    return actions, remarks


def _long_term_action(found: Appraisal, impact: Impact) -> Action:
    pays = float((found.net_present_value > 0).mean())
    confidence: Confidence = "high" if pays >= 0.9 else "medium" if pays >= 0.6 else "low"
    reservations = []
    if found.rests_on_assumptions:
        reservations.append("its cost or effect is an assumption")
    if impact.unknown_assets > 0.1 * len(impact.assets):
        reservations.append("more than a tenth of the assets is unknown")
    if reservations and confidence == "high":
        confidence = "medium"
    held = f" Confidence is held down: {' and '.join(reservations)}." if reservations else ""
    measure = found.measure
    return Action(
        kind=measure.key,
        title=measure.title,
        where=found.where,
        when=f"decide now; effective after about {measure.lead_time_days.value:.0f} days",
        lead_time_hours=measure.lead_time_days.value * HOURS_A_DAY,
        avoided_loss=_bounds(found.avoided_per_year),
        avoided_loss_per="year",
        cost=_bounds(found.cost),
        priority=0,
        confidence=confidence,
        why=f"{found.what} It pays in {100 * pays:.0f} % of the samples.{held}",
        net_present_value=_bounds(found.net_present_value),
        benefit_cost_ratio=_bounds(found.ratio),
    )


def _operational_action(operation: Operation) -> Action:
    measure, phase, cost = operation.measure, operation.phase, operation.measure.cost
    return Action(
        kind=measure.key,
        title=measure.title,
        where=phase.where,
        when=f"when {say_expression(phase.start, operation.indicators)}",
        lead_time_hours=measure.lead_window_hours[1],
        avoided_loss=operation.avoided_loss,
        avoided_loss_per="event",
        cost=None if cost is None else (cost.low, cost.value, cost.high),
        priority=0,
        confidence="medium" if measure.life_safety else "low",
        why=phase.why,
    )


def _monitoring() -> Action:
    return Action(
        kind="continue_monitoring",
        title="Continue monitoring",
        where=(),
        when="always; a person confirms every alert",
        lead_time_hours=0.0,
        avoided_loss=None,
        avoided_loss_per="year",
        cost=None,
        priority=0,
        confidence="high",
        why="Every trigger stands on a reading; without readings the degraded rules apply.",
    )


def _ranked(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Lives, then monitoring, then affordable money by benefit-cost ratio, then the rest."""

    def rank(action: Action) -> tuple[int, float]:
        if action.kind == "continue_monitoring":
            return 1, 0.0
        if action.avoided_loss is None:
            return 0, 0.0
        ratio = action.benefit_cost_ratio
        if ratio is None:
            return 2, -action.avoided_loss[1]
        return (3 if action.within_budget else 4), -ratio[1]

    ordered = sorted(actions, key=rank)
    return tuple(replace(action, priority=place) for place, action in enumerate(ordered, start=1))


def _bounds(samples: npt.NDArray[np.float64]) -> Bounds:
    low, middle, high = np.quantile(samples, [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)
