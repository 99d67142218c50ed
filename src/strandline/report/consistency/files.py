"""The files of a finished run: summary.json and plan.json state the same."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from strandline.report.consistency.agreement import is_same

SAME = (
    (("impact", "expected_annual_damage", "mean"), ("expected_annual_damage", "mean")),
    (("impact", "expected_annual_damage", "p10"), ("expected_annual_damage", "p10")),
    (("impact", "expected_annual_damage", "p90"), ("expected_annual_damage", "p90")),
    (("impact", "unknown_assets"), ("unknown_assets",)),
    (("region", "name"), ("region",)),
    (("region", "vertical_datum"), ("vertical_datum",)),
    (("plan", "n_triggers"), ("n_triggers",)),
    (("headlines", "expected_annual_damage", "mean"), ("expected_annual_damage", "mean")),
    (("headlines", "proposal_cost", "mean"), ("portfolio", "cost", "mean")),
    (("headlines", "proposal_avoided_loss", "mean"), ("portfolio", "avoided_loss", "mean")),
    (("headlines", "proposal_net_present_value", "mean"), ("portfolio", "net_present_value", "mean")),
    (("headlines", "proposal_benefit_cost_ratio", "mean"), ("portfolio", "benefit_cost_ratio", "mean")),
)
"""Where summary.json and plan.json hold one value."""


def contradictions_between(summary: object, plan: object) -> Iterator[str]:
    """A sentence for each value in which the two files of a run differ, and for what cannot be."""
    for in_summary, in_plan in SAME:
        one, other = _at(summary, in_summary), _at(plan, in_plan)
        if not _agree(one, other):
            yield f"{'.'.join(in_summary)} is {one!r} in summary.json, {'.'.join(in_plan)} is {other!r} in plan.json."
    actions, count = _at(plan, ("actions",)), _at(summary, ("plan", "n_actions"))
    if isinstance(actions, Sequence) and len(actions) != count:
        yield f"summary.json counts {count} actions, plan.json has {len(actions)}."
    levels = _at(summary, ("return_levels",))
    medians = [_at(level, ("p50",)) for level in levels] if isinstance(levels, list) else []
    for lower, higher in pairwise(medians):
        if isinstance(lower, int | float) and isinstance(higher, int | float) and higher < lower:
            yield f"A rarer sea level of {higher:g} m lies below a more frequent one of {lower:g} m in summary.json."


def _at(document: object, path: Sequence[str]) -> Any:
    """The value at a path; ``None`` = it is unknown or not there."""
    for name in path:
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _agree(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return is_same(float(one), float(other))
    return one == other
