"""The plan as Markdown for the people who decide."""

import math
from collections.abc import Collection

from strandline.observations.observations import ProvenanceKind
from strandline.observations.region_file.prices.money import SPACE
from strandline.planning.formatting import (
    format_mean,
    format_metres,
    format_money,
    format_money_between,
    pluralise,
    without_markup,
)
from strandline.planning.plan import Plan
from strandline.report.plan.chosen_strategy import NEXT_HEADING, choice_lines
from strandline.report.plan.evacuation_table import evacuation_lines
from strandline.report.plan.flood_times_table import time_lines
from strandline.report.plan.pathway_lines import pathway_lines
from strandline.report.plan.phase_text import PhaseText, describe_phases, format_lead
from strandline.report.plan.proposal import action_lines, proposal_lines, scenario_lines
from strandline.report.plan.repairs import repair_lines
from strandline.risk.people import BASIS_OF_BOUNDS

HINDCAST_COLUMNS = (
    "action", "with", "a flood from", "hits", "missed", "late", "false alarms", "unknown", "hours ahead",
    "false-alarm cost", "value",
)  # fmt: skip
SIMULATED = (
    "**SIMULATED: this coast and its storms are simulated. No number here may guide a decision about a real place.**"
)
PARTLY_SIMULATED = "**PARTLY SIMULATED: some numbers here come from a simulation; the report says which.**"
ERROR_NOTE = " The ± is the error of the calculation, which more computing would reduce; the range is not known better."


def plan_to_markdown(plan: Plan, kinds: Collection[ProvenanceKind] = ()) -> str:
    """Return the plan in plain language, most urgent actions first.

    Args:
        kinds: of the data that the run rests on: where some are real, a simulated plan is called partly simulated.
    """
    damage = plan.expected_annual_damage
    lines = [f"# Flood plan for {plan.region}", ""]
    if plan.is_simulated:
        lines += [PARTLY_SIMULATED if "real" in kinds else SIMULATED, ""]
    for caveat in plan.caveats:
        lines += [f"**{caveat}**", ""]
    if plan.lives:
        lines += [f"**{plan.lives[0]}** {' '.join(plan.lives[1:])}".replace(SPACE, " "), ""]
    if plan.without_money:
        lines += [f"The flood damage a year is **unknown**. {plan.without_money}"]
    elif math.isnan(damage.mean):
        lines += ["The flood damage a year is **unknown**: no asset with a known value lies on known ground."]
    else:
        lines += [_damage_line(plan)]
    if plan.rain_and_rivers:
        lines += ["", "What of rain and rivers is counted:", ""]
        lines += [f"- {each}".replace(SPACE, " ") for each in plan.rain_and_rivers]
        lines += [""]
    if plan.unknown_assets and not plan.without_money:
        unknown = pluralise(plan.unknown_assets, "asset").replace(SPACE, " ")
        lines += [f"Not counted: {unknown} without data. Unknown does not mean safe."]
    budget = "without a budget limit"
    if plan.budget is not None:
        budget = f"within a budget of {format_money(plan.budget, plan.money)}"
    if not plan.without_money:
        rate = f"{100 * plan.discount_rate:g} % a year"
        lines += [f"Investments are assessed over {plan.horizon_years} years at {rate}, {budget}."]
    lines += [
        "",
        *proposal_lines(plan),
        *choice_lines(plan.chosen_strategy, plan.money),
        NEXT_HEADING,
        "",
    ]
    for action in plan.actions:
        lines += [*action_lines(action, plan.money, plan.evacuation), ""]
    lines += repair_lines(plan)
    lines += evacuation_lines(plan.evacuation, plan.protocol, plan.hindcasts)
    lines += time_lines(plan)
    if plan.protocol is not None:
        lines += ["## When to act, when to stop, and what to do if the gauge fails", ""]
        for phase in describe_phases(plan.protocol):
            lines += _phase_lines(phase)
        lines += [""]
    if plan.hindcasts:
        lines += [*_hindcast_lines(plan), ""]
    lines += [*scenario_lines(plan), *pathway_lines(plan.pathways, plan.money)]
    if plan.basis:
        lines += ["## What the amounts rest on", "", *(f"- {sentence}" for sentence in plan.basis), ""]
    if plan.notes:
        lines += ["## What this plan leaves out", "", *(f"- {note}" for note in plan.notes), ""]
    amounts = "" if plan.without_money else f"Amounts are in {plan.money.in_words}. "
    lines += [" ".join(plan.lives_rest_on), ""] if plan.lives_rest_on else []
    lines += [BASIS_OF_BOUNDS] if not plan.without_money or _counts_people(plan) else []
    lines += [
        f"A person confirms every alert. {amounts}Levels are metres above {plan.vertical_datum}.",
        "",
    ]
    return without_markup("\n".join(lines))


def _damage_line(plan: Plan) -> str:
    """What floods cost a year, by all drivers where they are counted."""
    by_all, by_sea = plan.damage_by_all_drivers, plan.expected_annual_damage
    damage = by_sea if by_all is None else by_all
    mean = format_mean(damage, plan.money)
    part = "" if by_all is None else f" Of it the sea alone brings {format_mean(by_sea, plan.money)}."
    floods = "floods" if by_all is None else "floods by the sea, rain and rivers"
    return (
        f"Without further action, {floods} cost about **{mean} a year** on average (8 in 10 chance:"
        f" {format_money_between(damage.p10, damage.p90, plan.money)}).{part}{ERROR_NOTE if ' ± ' in mean else ''}"
    )


def _counts_people(plan: Plan) -> bool:
    return bool(plan.lives) or (
        plan.evacuation is not None and not all(area.people.is_unknown for area in plan.evacuation.areas)
    )


def _phase_lines(phase: PhaseText) -> list[str]:
    return [
        f"- **{phase.label}**",
        f"   - Start: {phase.start}.",
        f"   - Stop: {phase.stop}.",
        f"   - Without readings for {phase.after_hours:g} hours: {phase.failure}",
    ]


def _hindcast_lines(plan: Plan) -> list[str]:
    hindcasts, first = plan.hindcasts, plan.hindcasts[0]
    labels = {} if plan.protocol is None else {phase.name: phase.label for phase in plan.protocol.phases}
    lines = [
        "## How these triggers would have performed",
        "",
        f"Tested on {first.result.years:.1f} observed years of the record, with forecasts from {first.forecast},"
        f" fitted to the {first.training_years:.1f} years before; the tide is fitted to ordinary hours of all years."
        " *Late*: started too late to help, before the flood or during it; counted under missed. *Unknown*: calls in"
        " hours without readings. *Value*: 1 = as good as a perfect forecast, 0 = as good as long-term statistics"
        " alone, below 0 = worse. A failing gauge gives no readings in every second of the highest storms.",
        "",
        f"| {' | '.join(HINDCAST_COLUMNS)} |",
        f"|{'---|' * len(HINDCAST_COLUMNS)}",
    ]
    for hindcast in hindcasts:
        result = hindcast.result
        value = None if result.expenses is None else result.expenses.relative_value
        cells = (
            labels.get(hindcast.phase, hindcast.phase.replace("_", " ")),
            hindcast.condition,
            "–" if math.isnan(hindcast.level) else format_metres(hindcast.level).replace(SPACE, " "),
            *(f"{n}" for n in (result.hits, result.misses, result.late, result.false_alarms, result.unverified)),
            format_lead(result.lead_hours),
            "–" if result.false_alarm_cost is None else format_money(result.false_alarm_cost, plan.money),
            "–" if value is None or math.isnan(value) else f"{value:.2f}".replace("-", "−"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines
