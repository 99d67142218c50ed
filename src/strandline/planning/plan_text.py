"""The plan on paper: JSON for machines, Markdown for the people who decide."""

import math
from dataclasses import asdict
from typing import Any

from strandline.planning.plan import Action, Plan
from strandline.planning.triggers import Trigger


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; numbers that are not known are ``None``."""
    plain = asdict(plan)
    plain["currency"] = "EUR 2010"
    cleaned = _plain(plain)
    assert isinstance(cleaned, dict)
    return cleaned


def plan_to_markdown(plan: Plan) -> str:
    """The plan in plain language, most urgent first."""
    low, middle, high = plan.expected_annual_damage
    lines = [f"# Flood plan for {plan.region}", ""]
    if plan.is_simulated:
        lines += ["**SIMULATED: computed for a coast that is wholly or partly simulated.**", ""]
    if middle == middle:
        lines += [
            f"Without further action, floods cost this place about **{_money(middle)} a year** on average"
            f" (between {_money(low)} and {_money(high)}, eight times out of ten).",
        ]
    else:
        lines += ["What floods cost this place is **unknown**: no asset with a known value lies on known ground."]
    if plan.unknown_assets:
        lines += [f"Not counted: {plan.unknown_assets} assets that nobody could assess. Unknown is not safe."]
    budget = "without a budget limit" if plan.budget is None else f"within a budget of {_money(plan.budget)}"
    lines += [
        f"Investments are weighed over {plan.horizon_years} years at {100 * plan.discount_rate:g} % a year, {budget}.",
        "",
        "## What to do, most urgent first",
        "",
    ]
    for action in plan.actions:
        lines += [*_action_lines(action), ""]
    if plan.triggers:
        lines += ["## When to act, when to stop, and what if the gauge is dead", ""]
        for trigger in plan.triggers:
            lines += _trigger_lines(trigger)
        lines += [""]
    if plan.notes:
        lines += ["## What this plan leaves out", "", *(f"- {note}" for note in plan.notes), ""]
    lines += [
        f"A person confirms every alert. Amounts are in euros of 2010. Levels are metres above {plan.vertical_datum}.",
        "",
    ]
    return "\n".join(lines)


def _action_lines(action: Action) -> list[str]:
    lines = [f"{action.priority}. **{action.title}** – {action.when}."]
    if not action.within_budget:
        lines.append("   - Worth it, but beyond the budget.")
    if action.avoided_loss is not None:
        lines.append(f"   - Avoids {_range(action.avoided_loss)} per {action.avoided_loss_per}.")
    if action.cost is not None:
        lines.append(f"   - Costs {_range(action.cost)}{' per event' if action.avoided_loss_per == 'event' else ''}.")
    if action.benefit_cost_ratio is not None:
        low, middle, high = action.benefit_cost_ratio
        lines.append(f"   - Every euro spent saves about {middle:.1f} (between {low:.1f} and {high:.1f}).")
    if action.where:
        shown = ", ".join(action.where[:8])
        more = f" and {len(action.where) - 8} more" if len(action.where) > 8 else ""
        lines.append(f"   - Where: {shown}{more}.")
    lines.append(f"   - Why: {action.why} Confidence: {action.confidence}.")
    return lines


def _trigger_lines(trigger: Trigger) -> list[str]:
    rule = trigger.degraded
    earliest, latest = trigger.lead_window_hours
    spare = "nothing else is measured"
    if rule.fallback_indicator is not None:
        spare = (
            f"{_words(rule.fallback_indicator)} {trigger.operator} {rule.fallback_value:.2f} {trigger.unit} starts it"
        )
    return [
        f"- **{_words(trigger.action).capitalize()}**",
        f"   - Start: {_words(trigger.indicator)} {trigger.operator} {trigger.value:.2f} {trigger.unit},"
        f" {earliest:g} to {latest:g} hours ahead.",
        f"   - Stop: when it has stayed on the safe side of {trigger.stop.value:.2f} {trigger.unit} for"
        f" {trigger.stop.hours:g} hours.",
        f"   - No reading for {rule.after_hours:g} hours: {spare}; if that is silent too, {rule.prior}:"
        f" {rule.decided_by} decides.",
    ]


def _words(key: str) -> str:
    return key.replace("_p50", " (middle estimate)").replace("_p90", " (high estimate)").replace("_", " ")


def _money(amount: float) -> str:
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(amount) >= size:
            return f"€{amount / size:.1f} {name}"
    digits = 0 if amount == 0 else max(int(math.log10(abs(amount))) - 1, 0)  # two that count; no more is known
    return f"€{round(amount, -digits):,.0f}"


def _range(bounds: tuple[float, float, float]) -> str:
    low, middle, high = bounds
    return f"about {_money(middle)}" + (f" ({_money(low)} to {_money(high)})" if low < high else "")


def _plain(value: object) -> object:
    """NaN becomes ``None``, tuples lists: what JSON can say."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and value != value:
        return None
    return value
