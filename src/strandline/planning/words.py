"""What a protocol asks, in plain words."""

import ast
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
