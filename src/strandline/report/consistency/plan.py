"""The plan: its order, and a proposal that follows from its scenarios."""

from collections.abc import Iterator, Sequence

from strandline.planning.actions import MONITORING, Robustness
from strandline.planning.plan import Plan
from strandline.report.consistency.agreement import is_same
from strandline.risk.expectation import Expectation


def order_is_by_priority(plan: Plan) -> Iterator[str]:
    """Actions are numbered in the order in which every product lists them, and lives come before money."""
    numbers = [action.priority for action in plan.actions]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"The actions are numbered {', '.join(map(str, numbers))} in the order in which they are listed."
    money = False
    for action in plan.actions:
        money = money or action.avoided_loss is not None
        if money and action.avoided_loss is None and action.kind != MONITORING:
            yield f"{action.title} is for lives, but stands after an action for money."


def proposal_follows_from_scenarios(plan: Plan) -> Iterator[str]:
    """What is stated of measures follows from their scenarios and costs, and pathways begin with the proposal."""
    appraised = [(each.title, each.kind, each.robustness) for each in plan.actions if each.robustness is not None]
    for title, kind, robust in appraised:
        values = [one.net_present_value[kind] for one in plan.scenarios if kind in one.net_present_value]
        yield from _robustness(title, robust, values)
    for action in plan.actions:
        yield from _value_for_cost(action.title, action.net_present_value, action.benefit_cost_ratio, action.cost)
    proposal = plan.portfolio
    if proposal is None:
        return
    together = [one.portfolio for one in plan.scenarios if one.portfolio is not None]
    yield from _robustness("The proposal", proposal.robustness, together)
    value, ratio = proposal.net_present_value, proposal.benefit_cost_ratio
    yield from _value_for_cost("The proposal", value, ratio, proposal.cost)
    offered = {kind for _, kind, _ in appraised}
    for kind in proposal.kinds:
        if kind not in offered:
            yield f"The proposal holds {kind!r}, which is no action of the plan."
    if plan.pathways is not None and set(plan.pathways.proposal) != set(proposal.kinds):
        begin = ", ".join(plan.pathways.proposal) or "nothing"
        yield f"The pathways begin with {begin}, but the proposal is {', '.join(proposal.kinds)}."


def _robustness(title: str, robust: Robustness, values: Sequence[Expectation]) -> Iterator[str]:
    means = [value.mean for value in values]
    if robust.of != len(means):
        yield f"{title} states results of {robust.of} scenarios, but has {len(means)}."
        return
    pays = sum(mean > 0 for mean in means)
    if robust.pays_in != pays:
        yield f"{title} states that it pays in {robust.pays_in} scenarios, but its value is above 0 in {pays}."
    for which, stated, found in (("worst", robust.lowest, min(means)), ("best", robust.highest, max(means))):
        if not is_same(stated.mean, found):
            yield f"{title} has a value of {stated.mean:,.0f} in its {which} scenario, but {found:,.0f} in its table."


def _value_for_cost(
    title: str, value: Expectation | None, ratio: Expectation | None, cost: Expectation | None
) -> Iterator[str]:
    if value is None or ratio is None or cost is None or cost.mean == 0:
        return
    follows = (value.mean + cost.mean) / cost.mean
    if not is_same(ratio.mean, follows):
        yield (
            f"{title} states that it saves {ratio.mean:.2f} for each unit of money spent, but its value and cost give"
            f" {follows:.2f}."
        )
