"""The proposal of a plan as Markdown: what to build together, each action, and the results by scenario."""

from collections.abc import Sequence
from functools import partial

from strandline.planning.actions import Action
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.formatting import (
    SPACE,
    format_money,
    format_money_between,
    format_money_bounds,
    pluralise,
)
from strandline.planning.plan import Plan
from strandline.report.plan.scenario_table import summarise_by_sea_level

MOST_NAMED = 8
"""Most places that an action names."""
money = partial(format_money, in_text=True)
money_between = partial(format_money_between, in_text=True)
money_bounds = partial(format_money_bounds, in_text=True)


def proposal_lines(plan: Plan) -> list[str]:
    """Return the section on the measures to build together; empty where no investment was assessed."""
    if not plan.scenarios:
        return []
    lines = ["## The proposal", ""]
    if plan.portfolio is None:
        return [*lines, "Build nothing now: no affordable combination of measures has a lower maximum regret.", ""]
    proposal, robust = plan.portfolio, plan.portfolio.robustness
    low, middle, high = proposal.benefit_cost_ratio
    return [
        *lines,
        f"Build together: **{', '.join(titles(plan, proposal.kinds))}**.",
        "",
        f"- First payment: {money_bounds(proposal.investment)}; over {plan.horizon_years} years, upkeep and"
        f" renewal included: {money_bounds(proposal.cost)}.",
        f"- Today this avoids {money_bounds(proposal.avoided_loss)} of damage a year; if nothing changes, every"
        f" euro saves about {middle:.1f} (between {low:.1f} and {high:.1f}).",
        f"- It pays off in {robust.pays_in} of {robust.of} scenarios: its net present value is"
        f" {money(robust.lowest)} in the worst scenario and {money(robust.highest)} in the best.",
        "- In the worst tenth of all cases of its worst scenario, its net present value is"
        f" {money(robust.worst_tenth)} on average.",
        f"- The maximum regret is {money(robust.maximum_regret)}: another choice would be worth that much more in the"
        f" scenario {robust.regretted_in}.",
        "",
    ]


def action_lines(action: Action, evacuation: EvacuationAreas | None = None) -> list[str]:
    """Return one action: what, where, by when, who, cost, protection, confidence and reason."""
    beyond = "" if action.within_budget else " – pays off, but beyond the budget"
    lines = [f"{action.priority}. **{action.title}**{beyond}"]
    if action.what:
        lines.append(f"   - What: {action.what}")
    lines += [f"   - Where: {_where(action, evacuation)}.", f"   - By when: {action.when}."]
    if action.who:
        lines.append(f"   - Who: {action.who}.")
    if action.cost is not None:
        lines.append(
            f"   - Costs {money_bounds(action.cost)}{' per event' if action.avoided_loss_per == 'event' else ''}."
        )
    if action.protects:
        lines.append(f"   - Protects: {action.protects}.")
    if action.avoided_loss is not None:
        lines.append(f"   - Avoids {describe_avoided(action, in_text=True)}.")
    if action.benefit_cost_ratio is not None:
        low, middle, high = action.benefit_cost_ratio
        lines.append(
            f"   - Every euro spent saves about {middle:.1f} (between {low:.1f} and {high:.1f}) if nothing changes."
        )
    lines += [f"   - How sure: {action.confidence} confidence.", f"   - Why: {action.why}"]
    return lines


def _where(action: Action, evacuation: EvacuationAreas | None) -> str:
    areas = () if evacuation is None else evacuation.areas
    if action.where and set(action.where) == {name for area in areas for name in area.zones}:
        counts = [f"area {area.name} ({pluralise(len(area.zones), 'zone').replace(SPACE, ' ')})" for area in areas]
        return f"{', '.join(counts)}; the zones are named under *Evacuation areas*"
    shown = ", ".join(action.where[:MOST_NAMED]) or "the whole region"
    more = len(action.where) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def describe_avoided(action: Action, *, in_text: bool = False) -> str:
    """Return what an action avoids: of an emergency action the mean, which its cost is compared with."""
    assert action.avoided_loss is not None
    low, _, high = action.avoided_loss
    if action.mean_avoided_loss is None:
        per = f"per {action.avoided_loss_per}" if in_text else f"a {action.avoided_loss_per}"
        return f"{format_money_bounds(action.avoided_loss, in_text=in_text)} {per}"
    mean = format_money(action.mean_avoided_loss, in_text=in_text)
    between = format_money_between(low, high, in_text=in_text)
    return f"{mean} on average in a flood of the lowest level at which it pays (in 8 of 10 such floods {between})"


def scenario_lines(plan: Plan) -> list[str]:
    """Return the results of the proposal and of each measure alone over the scenarios; empty without scenarios."""
    if not plan.scenarios:
        return []
    lines = [
        "## Results by scenario",
        "",
        f"{len(plan.scenarios)} scenarios: every combination of the sea levels, storms and developments below. How"
        " likely each is, is unknown. Amounts are medians of the present value.",
        "",
        "| sea level | rise by then | damage if nothing is done | value of the proposal | best choice |",
        "|---|---|---|---|---|",
    ]
    for row in summarise_by_sea_level(plan.scenarios):
        value = "–" if row.portfolio is None else money_between(*row.portfolio)
        best = describe_measure_set(plan, row.best)
        beyond = " or more" if row.share_beyond_maps > 0 else ""
        lines.append(
            f"| {row.sea_level} | {row.rise:.2f} m | {money_between(*row.damage)}{beyond} | {value} | {best}"
            f" ({row.best_in} of {row.count}) |"
        )
    robust_actions = [(action, action.robustness) for action in plan.actions if action.robustness is not None]
    if robust_actions:
        lines += [
            "",
            "| measure, built alone | pays off in | value, worst to best scenario | worst tenth | maximum regret |",
            "|---|---|---|---|---|",
        ]
    for action, robust in robust_actions:
        lines.append(
            f"| {action.title} | {robust.pays_in} of {robust.of} | {money_between(robust.lowest, robust.highest)} |"
            f" {money(robust.worst_tenth)} | {money(robust.maximum_regret)} |"
        )
    return [*lines, "", *(f"- {line}" for line in source_sentences(plan)), ""]


def titles(plan: Plan, kinds: Sequence[str]) -> list[str]:
    """Return the titles of kinds of measures."""
    known = {action.kind: action.title for action in plan.actions}
    known |= {} if plan.pathways is None else dict(plan.pathways.titles)
    return [known.get(kind, kind.replace("_", " ")) for kind in kinds]


def describe_measure_set(plan: Plan, kinds: Sequence[str]) -> str:
    """Return a set of measures relative to the proposal: ``as proposed``, ``without Build floodgates``."""
    if plan.portfolio is None:
        return ", ".join(titles(plan, kinds)) or "nothing"
    fewer = [kind for kind in plan.portfolio.kinds if kind not in kinds]
    more = [kind for kind in kinds if kind not in plan.portfolio.kinds]
    parts = [f"{link} {', '.join(titles(plan, some))}" for link, some in (("without", fewer), ("with", more)) if some]
    return "; ".join(parts) or "as proposed"


def source_sentences(plan: Plan) -> list[str]:
    """Return one sentence for each source of the scenarios."""
    names: dict[str, list[str]] = {}
    for name, source in plan.scenario_sources.items():
        names.setdefault(source, []).append(name)
    return [f"{', '.join(some)}: {source}." for source, some in names.items()]
