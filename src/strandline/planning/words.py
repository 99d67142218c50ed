"""What a protocol asks and what a plan costs, in plain words."""

import ast
import math
from collections.abc import Mapping

from strandline.planning.expressions import parse
from strandline.planning.protocol import Indicator, Operator

_COMPARED: Mapping[Operator, str] = {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}
_UNITS = {"1": "", "m s-1": " m/s", "km h-1": " km/h", "m3 s-1": " m³/s"}


def say_indicator(indicator: Indicator) -> str:
    """One indicator as a clause."""
    name = indicator.variable.replace("_", " ")
    value = f"{indicator.value:,.2f}" if indicator.unit == "m" else f"{indicator.value:,g}"
    clause = f"{name} {_COMPARED[indicator.operator]} {value}{_UNITS.get(indicator.unit, ' ' + indicator.unit)}"
    earliest, latest = indicator.lead_window_hours
    if indicator.duration_hours:
        clause += f" for {indicator.duration_hours:g} hours or longer"
    if latest > 0:
        clause += f", {earliest:g} to {latest:g} hours ahead"
    if indicator.probability is not None:
        clause = f"a chance of more than {indicator.probability * 100:g} % of {clause}"
    if indicator.persistence_hours:
        clause += f", said again and again for {indicator.persistence_hours:g} hours"
    return clause


def say_expression(text: str, indicators: Mapping[str, Indicator]) -> str:
    """A boolean expression over indicators as a sentence without its full stop."""

    def say(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return say_indicator(indicators[node.id])
        if isinstance(node, ast.UnaryOp):
            return f"not ({say(node.operand)})"
        assert isinstance(node, ast.BoolOp)
        word = "; or " if isinstance(node.op, ast.Or) else "; and "
        return word.join(f"({say(part)})" if isinstance(part, ast.BoolOp) else say(part) for part in node.values)

    return say(parse(text))


def say_money(amount: float) -> str:
    """``€1.2 million``, ``−€52,000``; two digits that count, no more is known."""
    sign = "−" if amount < 0 else ""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(amount) >= size:
            return f"{sign}€{abs(amount) / size:.1f} {name}"
    digits = 0 if amount == 0 else max(int(math.log10(abs(amount))) - 1, 0)
    return f"{sign}€{round(abs(amount), -digits):,.0f}"


def say_range(bounds: tuple[float, float, float]) -> str:
    """``about €1.2 million (€0.8 million to €1.9 million)`` of p10, p50, p90."""
    low, middle, high = bounds
    return f"about {say_money(middle)}" + (f" ({say_money(low)} to {say_money(high)})" if low < high else "")
