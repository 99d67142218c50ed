"""Long-term measures: designed for the study area, appraised together in every scenario, selected for a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from strandline.planning.actions import Action, Confidence, Portfolio, ScenarioOutcome
from strandline.planning.exposure.land_damage import LandDamage, averts
from strandline.planning.formatting import capitalise, format_ratio
from strandline.planning.investment.baseline import Baseline
from strandline.planning.investment.cost_benefit import Appraisal, Selection, appraise, select
from strandline.planning.investment.design import Design, design
from strandline.planning.investment.discounting import Economy
from strandline.planning.investment.pathways import Pathways, find_pathways
from strandline.planning.investment.robust_choice import LIKELY, VERY_LIKELY, chance_to_pay
from strandline.planning.investment.scenarios import Scenarios
from strandline.planning.investment.shelters import plan_shelters
from strandline.planning.investment.stage_damage_by_design import NOTHING, MeasureSet, StageDamageByDesign
from strandline.planning.measures import LongTermMeasure
from strandline.risk.expectation import Expectation
from strandline.risk.impact.impact import Impact
from strandline.risk.stage_damage.damage_draws import NEGLIGIBLE_BEYOND


@dataclass(frozen=True, eq=False)
class Investments:
    """The long-term part of a plan.

    Attributes:
        scenarios: outcome of each scenario.
        notes: measures that are not in it, and why.
        damage: expected a year today, by all drivers that are counted [money a-1].
    """

    actions: tuple[Action, ...]
    portfolio: Portfolio | None
    scenarios: tuple[ScenarioOutcome, ...]
    pathways: Pathways | None
    notes: tuple[str, ...]
    damage: Expectation


def plan_investments(
    baseline: Baseline,
    impact: Impact,
    measures: Sequence[LongTermMeasure],
    scenarios: Scenarios,
    economy: Economy,
    mean_sea_level: float,
    budget: float | None,
    rng: np.random.Generator,
    land: LandDamage | None = None,
) -> Investments:
    """Design every measure, appraise all sets in all scenarios, and select one for the budget.

    Args:
        land: damage by rain and rivers to the assets of the baseline; ``None`` = unknown, or there is none.
    """
    designed = [design(measure, baseline, economy, rng) for measure in measures if not measure.life_safety]
    designs = [each for each in designed if isinstance(each, Design)]
    notes = [each for each in designed if isinstance(each, str)]
    damage = StageDamageByDesign.of(baseline, designs)
    appraisal = appraise(designs, damage, scenarios, economy, mean_sea_level, rng, land)
    selection = select(appraisal, budget)
    pathways = find_pathways(designs, damage, scenarios, economy, selection.chosen, land)
    if isinstance(pathways, str):
        notes.append(pathways)
    actions = []
    for measure in (each for each in measures if each.life_safety):
        shelters = plan_shelters(measure, impact, economy, baseline.draws, rng)
        if isinstance(shelters, Action):
            actions.append(shelters)
        else:
            notes.append(shelters)
    for number, each in enumerate(designs):
        found = _action_or_note(number, each, appraisal, selection, economy, impact, land)
        if isinstance(found, Action):
            actions.append(found)
        else:
            notes.append(found)
    beyond = int((appraisal.share_beyond[:-1] > NEGLIGIBLE_BEYOND).sum())
    if beyond:
        notes.append(
            f"In {beyond} of {len(appraisal.scenarios)} scenarios a part of the damage comes from a sea above the"
            f" highest mapped level ({np.median(damage.highest):.2f} m). It counts as at that level, a lower bound."
        )
    return Investments(
        tuple(actions),
        _portfolio(appraisal, selection),
        _outcomes(appraisal, selection),
        None if isinstance(pathways, str) else pathways,
        tuple(notes),
        appraisal.expect(appraisal.annual_damage[0]),
    )


def _action_or_note(
    number: int,
    built: Design,
    appraisal: Appraisal,
    selection: Selection,
    economy: Economy,
    impact: Impact,
    land: LandDamage | None,
) -> Action | str:
    """The action, if it is selected, or pays but exceeds the budget; else a sentence that says why not."""
    alone = frozenset({number})
    value = appraisal.net_present_value[appraisal.measure_sets.index(alone)]  # (W + 1, N)
    robust = appraisal.robustness(alone, selection.affordable)
    in_scenarios = f"in {robust.pays_in} of {robust.of} scenarios"
    title = built.measure.title
    if number not in selection.chosen:
        is_affordable = selection.affordable[appraisal.measure_sets.index(selection.chosen | alone)]
        if is_affordable or value[-1].mean() <= 0:
            reason = (
                "beside what is proposed it would cost more than it still saves in one scenario at least"
                if is_affordable
                else "it exceeds the budget"
            )
            ratio = format_ratio(appraisal.benefit_cost_ratio(alone))
            today = "and also" if value[-1].mean() > 0 else "but not"
            rises = ", in all of which the sea rises," if (appraisal.rise[:-1] > 0).all() else ""
            return (
                f"{title}: not proposed, because {reason}. Built alone it would pay on average {in_scenarios}{rises}"
                f" {today} if nothing changes (benefit-cost ratio {ratio})."
            )
    pays = chance_to_pay(value[-1])
    confidence: Confidence = "high" if pays >= VERY_LIKELY else "medium" if pays >= LIKELY else "low"
    reservations = []
    if built.rests_on_assumptions:
        reservations.append("its cost or effect is an assumption")
    if impact.unknown_assets > 0.1 * len(impact.assets):
        reservations.append("the damage of more than a tenth of the assets is unknown")
    held = f" {capitalise(' and '.join(reservations))}." if reservations else ""
    if reservations and confidence == "high":
        confidence, held = "medium", f" Confidence is reduced: {' and '.join(reservations)}."
    flag = ""
    if robust.is_no_regret:
        as_far = ", as far as its assumed cost and effect hold" if built.rests_on_assumptions else ""
        flag = f" A no-regret measure{as_far}: it pays in every scenario, and if nothing changes."
    if land is not None:
        held += f" {averts(built.measure, land)}"
    if built.measure.rests_on:
        held += f" {built.measure.rests_on}"
    index = appraisal.measure_sets.index(alone)
    return Action(
        kind=built.measure.key,
        title=title,
        where=built.where,
        places=built.places,
        when=built.measure.when,
        lead_time_hours=built.measure.lead_time_hours,
        avoided_loss=appraisal.expect(appraisal.annual_damage[0] - appraisal.annual_damage[index]),
        avoided_loss_per="year",
        cost=appraisal.expect(appraisal.cost[index]),
        priority=0,
        confidence=confidence,
        why=(
            f"If nothing changes it pays in {100 * pays:.0f} % of the draws; on average it pays {in_scenarios}."
            f"{flag}{held}"
        ),
        net_present_value=appraisal.expect(value[-1]),
        benefit_cost_ratio=appraisal.benefit_cost_ratio(alone),
        within_budget=number in selection.chosen,
        what=f"{built.what[0].upper()}{built.what[1:]}",
        who=built.measure.who,
        protects=built.protects,
        robustness=robust,
    )


def _portfolio(appraisal: Appraisal, selection: Selection) -> Portfolio | None:
    if selection.chosen == NOTHING:
        return None
    index = appraisal.measure_sets.index(selection.chosen)
    return Portfolio(
        kinds=_kinds(appraisal, selection.chosen),
        investment=appraisal.expect(appraisal.investment[index]),
        cost=appraisal.expect(appraisal.cost[index]),
        avoided_loss=appraisal.expect(appraisal.annual_damage[0] - appraisal.annual_damage[index]),
        net_present_value=appraisal.expect(appraisal.net_present_value[index, -1]),
        benefit_cost_ratio=appraisal.benefit_cost_ratio(selection.chosen),
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
            damage=appraisal.expect(appraisal.damage[w]),
            net_present_value={key: appraisal.expect(value[w]) for key, value in alone.items()},
            portfolio=None if selection.chosen == NOTHING else appraisal.expect(appraisal.net_present_value[index, w]),
            best=_kinds(appraisal, selection.best[w]),
            share_beyond_maps=float(appraisal.share_beyond[w]),
        )
        for w, scenario in enumerate(appraisal.scenarios)
    )


def _kinds(appraisal: Appraisal, built: MeasureSet) -> tuple[str, ...]:
    return tuple(appraisal.designs[i].measure.key for i in sorted(built))
