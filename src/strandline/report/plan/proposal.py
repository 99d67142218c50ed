"""The proposal of a plan as Markdown: what to build together, each action, and the results by scenario."""

from collections.abc import Sequence

from strandline.observations.region_file.prices.money import SPACE, MoneyUnit
from strandline.planning.actions import Action, Robustness
from strandline.planning.early_action.evacuation.evacuation_areas import EvacuationAreas
from strandline.planning.formatting import (
    format_expectation,
    format_mean,
    format_money,
    format_money_between,
    format_ratio,
    is_name,
    pluralise,
)
from strandline.planning.plan import Plan
from strandline.report.plan.scenario_table import summarise_by_sea_level
from strandline.risk.expectation import Expectation

MOST_NAMED = 8
"""Most places that an action names."""


class _Amounts:
    """Amounts of one unit, for Markdown."""

    def __init__(self, unit: MoneyUnit) -> None:
        self._unit = unit

    def one(self, amount: float) -> str:
        return format_money(amount, self._unit)

    def between(self, low: float, high: float) -> str:
        return format_money_between(low, high, self._unit)

    def mean(self, amount: Expectation) -> str:
        return format_mean(amount, self._unit)

    def expectation(self, amount: Expectation) -> str:
        return format_expectation(amount, self._unit)


def proposal_lines(plan: Plan) -> list[str]:
    """Return the section on the measures to build together; empty where no investment was assessed."""
    if not plan.scenarios:
        return []
    lines = ["## The proposal", ""]
    if plan.portfolio is None:
        return [*lines, "Build nothing now: no affordable combination of measures has a lower maximum regret.", ""]
    proposal, robust = plan.portfolio, plan.portfolio.robustness
    amounts = _Amounts(plan.money)
    return [
        *lines,
        f"Build together: **{', '.join(titles(plan, proposal.kinds))}**.",
        "",
        f"- First payment: {amounts.expectation(proposal.investment)}; over {plan.horizon_years} years, upkeep and"
        f" renewal included: {amounts.expectation(proposal.cost)}.",
        f"- Today this avoids {amounts.expectation(proposal.avoided_loss)} of damage a year; if nothing changes, every"
        f" {plan.money.currency} spent saves {format_ratio(proposal.benefit_cost_ratio)} on average.",
        f"- If nothing changes its net present value is {amounts.expectation(proposal.net_present_value)}; in half of"
        f" all cases it is below {amounts.one(proposal.net_present_value.p50)}.",
        f"- It pays off in {robust.pays_in} of {robust.of} scenarios: its net present value is"
        f" {amounts.mean(robust.lowest)} in the worst scenario and {amounts.mean(robust.highest)} in the best, on"
        " average.",
        *_worst_lines(robust, amounts),
        f"- The maximum regret is {amounts.mean(robust.maximum_regret)}: another choice would be worth that much more"
        f" in the scenario {robust.regretted_in}.",
        "",
    ]


def _worst_lines(robust: Robustness, amounts: _Amounts) -> list[str]:
    if robust.worst_tenth is None:
        return []
    return [
        "- In the worst tenth of all cases of its worst scenario, its net present value is"
        f" {amounts.one(robust.worst_tenth)} on average."
    ]


def action_lines(action: Action, money: MoneyUnit, evacuation: EvacuationAreas | None = None) -> list[str]:
    """Return one action: what, where, by when, who, cost, protection, confidence and reason."""
    amounts = _Amounts(money)
    beyond = "" if action.within_budget else " – pays off, but beyond the budget"
    lines = [f"{action.priority}. **{action.title}**{beyond}"]
    if action.what:
        lines.append(f"   - What: {action.what}")
    lines += [f"   - Where: {describe_where(action, evacuation)}.", f"   - By when: {action.when}."]
    if action.who:
        lines.append(f"   - Who: {action.who}.")
    if action.cost is not None:
        per_event = " per event" if action.avoided_loss_per == "event" else ""
        lines.append(f"   - Costs {amounts.expectation(action.cost)}{per_event}.")
    if action.protects:
        lines.append(f"   - Protects: {action.protects}.")
    if action.avoided_loss is not None:
        lines.append(f"   - Avoids {describe_avoided(action, money)}.")
    if action.benefit_cost_ratio is not None:
        saved = format_ratio(action.benefit_cost_ratio)
        lines.append(f"   - Every {money.currency} spent saves {saved} if nothing changes.")
    lines += [f"   - How sure: {action.confidence} confidence.", f"   - Why: {action.why}"]
    return lines


def describe_where(action: Action, evacuation: EvacuationAreas | None) -> str:
    """Return where an action is: districts with counts, evacuation areas, or the whole region; never ids alone."""
    marked = "marked in assets.geojson (column *measures*)"
    if action.places:
        return f"{action.places}; {marked}"
    if action.robustness is not None and action.where and not all(is_name(each) for each in action.where):
        return marked
    return where_of(action.where, evacuation)


def where_of(names: Sequence[str], evacuation: EvacuationAreas | None = None) -> str:
    """Return the places of an action or phase: evacuation areas where they are meant, else the first names."""
    areas = () if evacuation is None else evacuation.areas
    meant = [area for area in areas if set(area.zones) <= set(names)]
    if meant and sum(len(area.zones) for area in meant) == len(set(names)):
        counts = [f"area {area.name} ({pluralise(len(area.zones), 'zone').replace(SPACE, ' ')})" for area in meant]
        return f"{', '.join(counts)}; the zones are named under *Evacuation areas*"
    shown = ", ".join(names[:MOST_NAMED]) or "the whole region"
    more = len(names) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def describe_avoided(action: Action, money: MoneyUnit) -> str:
    """Return what an action avoids: of an emergency action the mean, which its cost is compared with."""
    assert action.avoided_loss is not None
    loss = action.avoided_loss
    if action.avoided_loss_per == "year":
        return f"{format_expectation(loss, money)} a year"
    between = format_money_between(loss.p10, loss.p90, money)
    average = format_mean(loss, money)
    return f"{average} on average in a flood of the lowest level at which it pays (in 8 of 10 such floods {between})"


def scenario_lines(plan: Plan) -> list[str]:
    """Return the results of the proposal and of each measure alone over the scenarios; empty without scenarios."""
    if not plan.scenarios:
        return []
    lines = [
        "## Results by scenario",
        "",
        f"{len(plan.scenarios)} scenarios: every combination of the sea levels, storms and developments below. How"
        " likely each is, is unknown. Amounts are present values on average.",
        "",
        "| sea level | rise against the land by then | damage if nothing is done | value of the proposal |"
        " best choice |",
        "|---|---|---|---|---|",
    ]
    amounts = _Amounts(plan.money)
    for row in summarise_by_sea_level(plan.scenarios):
        value = "–" if row.portfolio is None else amounts.between(*row.portfolio)
        best = describe_measure_set(plan, row.best)
        beyond = " or more" if row.is_lower_bound else ""
        lines.append(
            f"| {row.sea_level} | {row.rise:.2f} m | {amounts.between(*row.damage)}{beyond} | {value} | {best}"
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
        value = amounts.between(robust.lowest.mean, robust.highest.mean)
        worst = "–" if robust.worst_tenth is None else amounts.one(robust.worst_tenth)
        lines.append(
            f"| {action.title} | {robust.pays_in} of {robust.of} | {value} | {worst} |"
            f" {amounts.mean(robust.maximum_regret)} |"
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
