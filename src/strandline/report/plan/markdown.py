"""The plan as Markdown for the people who decide."""

import math

from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.early_action.protocol import Phase, Protocol
from strandline.planning.formatting import format_mean, format_money, format_money_between, pluralise
from strandline.planning.plan import Plan
from strandline.report.plan.evacuation_table import evacuation_lines
from strandline.report.plan.pathway_lines import pathway_lines
from strandline.report.plan.phase_text import describe_failure, describe_start, describe_stop, format_lead
from strandline.report.plan.proposal import action_lines, proposal_lines, scenario_lines
from strandline.risk.people import BASIS_OF_BOUNDS

ERROR_NOTE = " The ± is the error of the calculation, which more computing would reduce; the range is not known better."


def plan_to_markdown(plan: Plan) -> str:
    """Return the plan in plain language, most urgent actions first."""
    damage = plan.expected_annual_damage
    lines = [f"# Flood plan for {plan.region}", ""]
    if plan.is_simulated:
        lines += ["**SIMULATED: computed for a coast that is wholly or partly simulated.**", ""]
    if plan.evacuation_caveat:
        lines += [f"**{plan.evacuation_caveat}**", ""]
    if plan.without_money:
        lines += [f"The flood damage a year is **unknown**. {plan.without_money}"]
    elif math.isnan(damage.mean):
        lines += ["The flood damage a year is **unknown**: no asset with a known value lies on known ground."]
    else:
        lines += [
            f"Without further action, floods cost about **{format_mean(damage, plan.money, in_text=True)} a year** on"
            f" average (8 in 10 chance: {format_money_between(damage.p10, damage.p90, plan.money, in_text=True)})."
            + (ERROR_NOTE if " ± " in format_mean(damage, plan.money) else ""),
        ]
    if plan.unknown_assets:
        unknown = pluralise(plan.unknown_assets, "asset").replace(SPACE, " ")
        lines += [f"Not counted: {unknown} without data. Unknown does not mean safe."]
    budget = "without a budget limit"
    if plan.budget is not None:
        budget = f"within a budget of {format_money(plan.budget, plan.money, in_text=True)}"
    if not plan.without_money:
        rate = f"{100 * plan.discount_rate:g} % a year"
        lines += [f"Investments are assessed over {plan.horizon_years} years at {rate}, {budget}."]
    lines += [
        "",
        *proposal_lines(plan),
        "## What to do, most urgent first",
        "",
    ]
    for action in plan.actions:
        lines += [*action_lines(action, plan.money, plan.evacuation), ""]
    lines += evacuation_lines(plan.evacuation, plan.protocol, plan.hindcasts)
    if plan.protocol is not None:
        lines += ["## When to act, when to stop, and what to do if the gauge fails", ""]
        for phase in plan.protocol.phases:
            lines += _phase_lines(phase, plan.protocol)
        lines += [""]
    if plan.hindcasts:
        lines += [*_hindcast_lines(plan), ""]
    lines += [*scenario_lines(plan), *pathway_lines(plan.pathways, plan.money)]
    if plan.basis:
        lines += ["## What the amounts rest on", "", *(f"- {sentence}" for sentence in plan.basis), ""]
    if plan.notes:
        lines += ["## What this plan leaves out", "", *(f"- {note}" for note in plan.notes), ""]
    amounts = "" if plan.without_money else f"Amounts are in {plan.money.in_words}. "
    lines += [
        BASIS_OF_BOUNDS,
        f"A person confirms every alert. {amounts}Levels are metres above {plan.vertical_datum}.",
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
            format_lead(result.lead_hours),
            "–" if result.false_alarm_cost is None else format_money(result.false_alarm_cost, plan.money, in_text=True),
            "–" if value is None or math.isnan(value) else f"{value:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
