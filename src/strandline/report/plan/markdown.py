"""The plan on paper: Markdown for the people who decide."""

import math
from collections.abc import Sequence

from strandline.planning.early_action.hindcast import Hindcast
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.formatting import format_expression
from strandline.planning.plan import Plan
from strandline.report.plan.proposal import action_lines, futures_lines, money, pathway_lines, proposal_lines


def plan_to_markdown(plan: Plan) -> str:
    """The plan in plain language, most urgent first."""
    low, middle, high = plan.expected_annual_damage
    lines = [f"# Flood plan for {plan.region}", ""]
    if plan.is_simulated:
        lines += ["**SIMULATED: computed for a coast that is wholly or partly simulated.**", ""]
    if middle == middle:
        lines += [
            f"Without further action, floods cost this place about **{money(middle)} a year** on average"
            f" (between {money(low)} and {money(high)}, eight times out of ten).",
        ]
    else:
        lines += ["What floods cost this place is **unknown**: no asset with a known value lies on known ground."]
    if plan.unknown_assets:
        lines += [f"Not counted: {plan.unknown_assets} assets that nobody could assess. Unknown is not safe."]
    budget = "without a budget limit" if plan.budget is None else f"within a budget of {money(plan.budget)}"
    lines += [
        f"Investments are weighed over {plan.horizon_years} years at {100 * plan.discount_rate:g} % a year, {budget}.",
        "",
        *proposal_lines(plan),
        "## What to do, most urgent first",
        "",
    ]
    for action in plan.actions:
        lines += [*action_lines(action), ""]
    lines += [*futures_lines(plan), *pathway_lines(plan.pathways)]
    if plan.protocol is not None:
        lines += ["## When to act, when to stop, and what if the gauge is dead", ""]
        for phase in plan.protocol.phases:
            lines += _phase_lines(phase, plan.protocol)
        lines += [""]
    if plan.hindcasts:
        lines += [*_hindcast_lines(plan.hindcasts), ""]
    if plan.notes:
        lines += ["## What this plan leaves out", "", *(f"- {note}" for note in plan.notes), ""]
    lines += [
        f"A person confirms every alert. Amounts are in euros of 2010. Levels are metres above {plan.vertical_datum}.",
        "",
    ]
    return "\n".join(lines)


def _phase_lines(phase: Phase, protocol: Protocol) -> list[str]:
    rule, spare = phase.degraded, "nothing else is measured"
    if rule.fallback is not None:
        spare = f"it starts on {format_expression(rule.fallback, protocol.indicators)}"
    return [
        f"- **{'; '.join(phase.actions)}**",
        f"   - Start: {format_expression(phase.start, protocol.indicators)}.",
        f"   - Stop: {format_expression(phase.stop.when, protocol.indicators)}, for {phase.stop.for_hours:g} hours"
        " without a gap.",
        f"   - Nothing known for {rule.after_hours:g} hours: {spare}; if that is silent too, {rule.prior}:"
        f" {rule.decided_by} decides.",
    ]


def _hindcast_lines(records: Sequence[Hindcast]) -> list[str]:
    first = records[0]
    lines = [
        "## How these triggers would have fared",
        "",
        f"Replayed on {first.result.years:.1f} observed years of this place's record, with forecasts from"
        f" {first.forecast} that were learnt on the {first.training_years:.1f} years before; the tide alone"
        " knows ordinary hours of all years. *Late*: started, but too late to help; counted under missed."
        " *Value*: 1 = as good as knowing the future, 0 = as good as knowing the"
        " climate alone, below = worse than that. A dead gauge is silent in every second of the highest storms.",
        "",
        "| action | gauge | hits | missed | late | false alarms | not known | hours ahead | cost in vain | value |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for record in records:
        result = record.result
        value = None if result.expenses is None else result.expenses.relative_value
        cells = (
            record.phase.replace("_", " "),
            "dead in storms" if record.gauge_fails else "alive",
            *(f"{n}" for n in (result.hits, result.misses, result.late, result.false_alarms, result.unverified)),
            "–" if math.isnan(result.lead_hours) else f"{result.lead_hours:.0f}",
            "–" if result.false_alarm_cost is None else money(result.false_alarm_cost),
            "–" if value is None or math.isnan(value) else f"{value:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
