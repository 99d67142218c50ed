"""The plan as Markdown for the people who decide."""

import math

from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.formatting import SPACE, pluralise
from strandline.planning.plan import Plan
from strandline.report.plan.evacuation_table import evacuation_lines
from strandline.report.plan.pathway_lines import pathway_lines
from strandline.report.plan.phase_text import describe_failure, describe_start, describe_stop
from strandline.report.plan.proposal import action_lines, money, money_between, proposal_lines, scenario_lines


def plan_to_markdown(plan: Plan) -> str:
    """Return the plan in plain language, most urgent actions first."""
    low, middle, high = plan.expected_annual_damage
    lines = [f"# Flood plan for {plan.region}", ""]
    if plan.is_simulated:
        lines += ["**SIMULATED: computed for a coast that is wholly or partly simulated.**", ""]
    if plan.evacuation_caveat:
        lines += [f"**{plan.evacuation_caveat}**", ""]
    if math.isnan(middle):
        lines += ["The flood damage a year is **unknown**: no asset with a known value lies on known ground."]
    else:
        lines += [
            f"Without further action, floods cost about **{money(middle)} a year** on average"
            f" (8 in 10 chance: {money_between(low, high)}).",
        ]
    if plan.unknown_assets:
        unknown = pluralise(plan.unknown_assets, "asset").replace(SPACE, " ")
        lines += [f"Not counted: {unknown} without data. Unknown does not mean safe."]
    budget = "without a budget limit" if plan.budget is None else f"within a budget of {money(plan.budget)}"
    lines += [
        f"Investments are assessed over {plan.horizon_years} years at {100 * plan.discount_rate:g} % a year, {budget}.",
        "",
        *proposal_lines(plan),
        "## What to do, most urgent first",
        "",
    ]
    for action in plan.actions:
        lines += [*action_lines(action, plan.evacuation), ""]
    lines += evacuation_lines(plan.evacuation, plan.protocol, plan.hindcasts)
    if plan.protocol is not None:
        lines += ["## When to act, when to stop, and what to do if the gauge fails", ""]
        for phase in plan.protocol.phases:
            lines += _phase_lines(phase, plan.protocol)
        lines += [""]
    if plan.hindcasts:
        lines += [*_hindcast_lines(plan), ""]
    lines += [*scenario_lines(plan), *pathway_lines(plan.pathways)]
    if plan.notes:
        lines += ["## What this plan leaves out", "", *(f"- {note}" for note in plan.notes), ""]
    lines += [
        f"A person confirms every alert. Amounts are in euros of 2010. Levels are metres above {plan.vertical_datum}.",
        "",
    ]
    return "\n".join(lines)


def _phase_lines(phase: Phase, protocol: Protocol) -> list[str]:
    return [
        f"- **{phase.label}**",
        f"   - Start: {describe_start(phase, protocol)}.",
        f"   - Stop: {describe_stop(phase, protocol)}.",
        f"   - Without readings for {phase.degraded.after_hours:g} hours: {describe_failure(phase, protocol)}",
    ]


def _hindcast_lines(plan: Plan) -> list[str]:
    hindcasts, first = plan.hindcasts, plan.hindcasts[0]
    labels = {} if plan.protocol is None else {phase.name: phase.label for phase in plan.protocol.phases}
    lines = [
        "## How these triggers would have performed",
        "",
        f"Tested on {first.result.years:.1f} observed years of the record, with forecasts from {first.forecast},"
        f" fitted to the {first.training_years:.1f} years before; the tide is fitted to ordinary hours of all years."
        " *Late*: started too late to help; counted under missed. *Value*: 1 = as good as a perfect forecast, 0 = as"
        " good as long-term statistics alone, below 0 = worse. A failing gauge gives no readings in every second of the"
        " highest storms.",
        "",
        "| action | with | hits | missed | late | false alarms | unknown | hours ahead | false-alarm cost | value |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for hindcast in hindcasts:
        result = hindcast.result
        value = None if result.expenses is None else result.expenses.relative_value
        cells = (
            labels.get(hindcast.phase, hindcast.phase.replace("_", " ")),
            hindcast.condition,
            *(f"{n}" for n in (result.hits, result.misses, result.late, result.false_alarms, result.unverified)),
            "–" if math.isnan(result.lead_hours) else f"{result.lead_hours:.0f}",
            "–" if result.false_alarm_cost is None else money(result.false_alarm_cost),
            "–" if value is None or math.isnan(value) else f"{value:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
