"""Long-term measures: designed for the study area, appraised together in every scenario, selected for a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.planning.actions import Action, Confidence, Portfolio, ScenarioOutcome, bounds
from strandline.planning.formatting import format_estimate
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.cost_benefit import Appraisal, Selection, appraise, select
from strandline.planning.investment.design import Design, design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.pathways import Pathways, find_pathways
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.investment.stage_damage_by_design import NOTHING, MeasureSet, StageDamageByDesign
from strandline.planning.measures import LongTermMeasure
from strandline.risk.impact.impact import Impact

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, eq=False)
class Investments:
    """The long-term part of a plan.

    Attributes:
        scenarios: outcome of each scenario.
        notes: measures that are not in it, and why.
    """

    actions: tuple[Action, ...]
    portfolio: Portfolio | None
    scenarios: tuple[ScenarioOutcome, ...]
    pathways: Pathways | None
    notes: tuple[str, ...]


def plan_investments(
    baseline: Baseline,
    impact: Impact,
    measures: Sequence[LongTermMeasure],
    scenarios: Scenarios,
    economy: Economy,
    mean_sea_level: float,
    budget: float | None,
    rng: np.random.Generator,
) -> Investments:
    """Design every measure, appraise all sets in all scenarios, and select one for the budget."""
    designed = [design(measure, baseline, economy, rng) for measure in measures if not measure.life_safety]
    designs = [each for each in designed if isinstance(each, Design)]
    notes = [each for each in designed if isinstance(each, str)]
    damage = StageDamageByDesign.of(baseline, designs)
    appraisal = appraise(designs, damage, scenarios, economy, mean_sea_level, rng)
    selection = select(appraisal, budget)
    pathways = find_pathways(designs, damage, scenarios, economy)
    if isinstance(pathways, str):
        notes.append(pathways)
    actions = []
    for measure in (each for each in measures if each.life_safety):
        shelters = _shelters(measure, impact, economy, len(baseline.hazard.levels), rng)
        if isinstance(shelters, Action):
            actions.append(shelters)
        else:
            notes.append(shelters)
    for number, each in enumerate(designs):
        found = _action_or_note(number, each, appraisal, selection, economy, impact)
        if isinstance(found, Action):
            actions.append(found)
        else:
            notes.append(found)
    beyond = int((appraisal.share_beyond[:-1] > 0).sum())
    if beyond:
        notes.append(
            f"In {beyond} of {len(appraisal.scenarios)} scenarios some floods come from a sea above the highest mapped"
            f" level ({np.median(damage.highest):.2f} m). Their damage counts as at that level: it is a lower bound."
        )
    return Investments(
        tuple(actions),
        _portfolio(appraisal, selection),
        _outcomes(appraisal, selection),
        None if isinstance(pathways, str) else pathways,
        tuple(notes),
    )


def _shelters(
    measure: LongTermMeasure, impact: Impact, economy: Economy, samples: int, rng: np.random.Generator
) -> Action | str:
    """Shelters for everybody who may be exposed in the design event: for lives, not compared with money."""
    if impact.population is None:
        return f"{measure.title}: not planned, because the survey has no count of people."
    exposed = impact.population.exposed.at_most[2]
    if exposed <= 0:
        return f"{measure.title}: not planned, because no counted person is exposed."
    count = int(np.ceil(exposed / measure.effect["capacity"].value))
    life_cycle_cost_factor = economy.life_cycle_cost_factor(measure.lifetime_years.value, measure.upkeep_share.value)
    return Action(
        kind=measure.key,
        title=measure.title,
        where=(),
        when=_when(measure, economy),
        lead_time_hours=measure.lead_time_days.value * HOURS_PER_DAY,
        avoided_loss=None,
        avoided_loss_per="year",
        cost=bounds(measure.unit_cost.draw(samples, rng) * count * life_cycle_cost_factor),
        priority=0,
        confidence="medium",
        why=("For lives, not for money: enough for everybody who may be exposed in the design event."),
        what=f"{count} shelters for {measure.effect['capacity'].value:g} people each.",
        who=measure.who,
        protects=f"up to {format_estimate(exposed)} people",
    )


def _action_or_note(
    number: int, built: Design, appraisal: Appraisal, selection: Selection, economy: Economy, impact: Impact
) -> Action | str:
    """The action, if it is selected, or pays but exceeds the budget; else a sentence that says why not."""
    alone = frozenset({number})
    value = appraisal.net_present_value[appraisal.measure_sets.index(alone)]  # (W + 1, S)
    robust = appraisal.robustness(alone, selection.affordable)
    in_scenarios = f"in {robust.pays_in} of {robust.of} scenarios"
    title = built.measure.title
    if number not in selection.chosen:
        low, _, high = bounds(appraisal.benefit_cost_ratio(alone)[-1])
        if np.median(value[-1]) <= 0:
            return (
                f"{title}: does not pay if nothing changes (benefit-cost ratio {low:.2f} to {high:.2f}); it does"
                f" {in_scenarios}."
            )
        if selection.affordable[appraisal.measure_sets.index(selection.chosen | alone)]:
            return f"{title}: pays alone ({in_scenarios}), but adds more regret than value beside the others."
    pays = float((value[-1] > 0).mean())
    confidence: Confidence = "high" if pays >= 0.9 else "medium" if pays >= 0.6 else "low"
    reservations = []
    if built.rests_on_assumptions:
        reservations.append("its cost or effect is an assumption")
    if impact.unknown_assets > 0.1 * len(impact.assets):
        reservations.append("the damage of more than a tenth of the assets is unknown")
    if reservations and confidence == "high":
        confidence = "medium"
    held = f" Confidence is reduced: {' and '.join(reservations)}." if reservations else ""
    flag = " A no-regret measure." if robust.is_no_regret else ""
    index = appraisal.measure_sets.index(alone)
    return Action(
        kind=built.measure.key,
        title=title,
        where=built.where,
        when=_when(built.measure, economy),
        lead_time_hours=built.measure.lead_time_days.value * HOURS_PER_DAY,
        avoided_loss=bounds(appraisal.annual_damage[0] - appraisal.annual_damage[index]),
        avoided_loss_per="year",
        cost=bounds(appraisal.cost[index]),
        priority=0,
        confidence=confidence,
        why=(
            f"If nothing changes it pays in {100 * pays:.0f} % of the samples; at the median it pays {in_scenarios}."
            f"{flag}{held}"
        ),
        net_present_value=bounds(value[-1]),
        benefit_cost_ratio=bounds(appraisal.benefit_cost_ratio(alone)[-1]),
        within_budget=number in selection.chosen,
        what=f"{built.what[0].upper()}{built.what[1:]}",
        who=built.measure.who,
        protects=built.protects,
        robustness=robust,
    )


def _when(measure: LongTermMeasure, economy: Economy) -> str:
    return f"decide in {economy.start_year}; works from about {economy.start_year + measure.lead_years:.0f}"


def _portfolio(appraisal: Appraisal, selection: Selection) -> Portfolio | None:
    if selection.chosen == NOTHING:
        return None
    index = appraisal.measure_sets.index(selection.chosen)
    return Portfolio(
        kinds=_kinds(appraisal, selection.chosen),
        investment=bounds(appraisal.investment[index]),
        cost=bounds(appraisal.cost[index]),
        avoided_loss=bounds(appraisal.annual_damage[0] - appraisal.annual_damage[index]),
        net_present_value=bounds(appraisal.net_present_value[index, -1]),
        benefit_cost_ratio=bounds(appraisal.benefit_cost_ratio(selection.chosen)[-1]),
        robustness=appraisal.robustness(selection.chosen, selection.affordable),
    )


def _outcomes(appraisal: Appraisal, selection: Selection) -> tuple[ScenarioOutcome, ...]:
    index = appraisal.measure_sets.index(selection.chosen)
    alone = {
        each.measure.key: appraisal.net_present_value[appraisal.measure_sets.index(frozenset({number}))]
        for number, each in enumerate(appraisal.designs)
    }
    return tuple(
        ScenarioOutcome(
            sea_level=scenario.sea_level.name,
            storminess=scenario.storminess.name,
            development=scenario.development.name,
            rise=float(appraisal.rise[w]),
            damage=bounds(appraisal.damage[w]),
            net_present_value={key: bounds(value[w]) for key, value in alone.items()},
            portfolio=None if selection.chosen == NOTHING else bounds(appraisal.net_present_value[index, w]),
            best=_kinds(appraisal, selection.best[w]),
            share_beyond_maps=float(appraisal.share_beyond[w]),
        )
        for w, scenario in enumerate(appraisal.scenarios)
    )


def _kinds(appraisal: Appraisal, built: MeasureSet) -> tuple[str, ...]:
    return tuple(appraisal.designs[i].measure.key for i in sorted(built))
