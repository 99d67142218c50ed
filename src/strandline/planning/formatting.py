"""Numbers, indicators and expressions as text for readers."""

import ast
import math
from collections.abc import Mapping

import pandas as pd

from strandline.planning.early_action.expressions import parse
from strandline.planning.early_action.protocol import Indicator, Operator
from strandline.risk.impact.population import HeadCount

SPACE = "\N{NO-BREAK SPACE}"
NEGLIGIBLE = 1e-3
"""Share of the upper end of a range below which its lower end is no number that anybody knows [-]."""
_MONEY = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"), (1.0, ""))

_OPPOSITE: Mapping[Operator, Operator] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
_COMPARED: Mapping[Operator, str] = {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}
_UNITS = {"1": "", "m s-1": " m/s", "km h-1": " km/h", "m3 s-1": " m³/s"}


def format_indicator(indicator: Indicator, *, is_negated: bool = False) -> str:
    """An indicator as a clause, or its opposite without a double negation."""
    is_single = indicator.probability is None and indicator.loss is None
    if is_negated and (indicator.persistence_hours or (is_single and indicator.duration_hours)):
        return f"not ({format_indicator(indicator)})"
    name = indicator.variable.replace("_", " ")
    compared = _COMPARED[_OPPOSITE[indicator.operator] if is_negated and is_single else indicator.operator]
    about = "about " if indicator.values else ""
    value = f"{indicator.value:,.2f}" if indicator.unit == "m" else f"{indicator.value:,g}"
    clause = f"{name} {compared} {about}{value}{_UNITS.get(indicator.unit, ' ' + indicator.unit)}"
    if indicator.duration_hours:
        clause += f" for {indicator.duration_hours:g} hours or longer"
    clause += _format_window(indicator)
    if indicator.loss is not None:
        cost = format_money(indicator.loss.cost, in_text=True)
        clause = f"an expected avoidable loss {'of at most' if is_negated else 'above'} {cost} from {clause}"
    if indicator.probability == 0:
        clause = f"{'no' if is_negated else 'any'} chance of {clause}"
    elif indicator.probability is not None:
        than = "at most" if is_negated else "more than"
        clause = f"a chance of {than} {indicator.probability * 100:g} % of {clause}"
    if indicator.persistence_hours:
        clause += f", in every forecast or reading of {indicator.persistence_hours:g} hours"
    return clause


def _format_window(indicator: Indicator) -> str:
    """`` within 26 hours (at night 28)``; nothing for a reading."""
    (earliest, latest), night = indicator.lead_window_hours, indicator.at_night_hours
    if latest == 0:
        return ""
    if earliest == 0:
        at_night = "" if night is None else f" (at night {night[1]:g})"
        return f" within {latest:g} hours{at_night}"
    at_night = "" if night is None else f" (at night {night[0]:g} to {night[1]:g})"
    return f", {earliest:g} to {latest:g} hours ahead{at_night}"


def format_expression(text: str, indicators: Mapping[str, Indicator]) -> str:
    """A boolean expression over indicators as a sentence, without full stop."""

    def clause(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return format_indicator(indicators[node.id])
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name):
            return format_indicator(indicators[node.operand.id], is_negated=True)
        if isinstance(node, ast.UnaryOp):
            return f"not ({clause(node.operand)})"
        assert isinstance(node, ast.BoolOp)
        conjunction = "; or " if isinstance(node.op, ast.Or) else "; and "
        return conjunction.join(
            f"({clause(part)})" if isinstance(part, ast.BoolOp) else clause(part) for part in node.values
        )

    return clause(parse(text))


def format_money(euros: float, *, in_text: bool = False) -> str:
    """``€1.2 million``, ``€52 thousand``: two significant digits, because damage is not known better.

    Args:
        in_text: for Markdown: ``€52,000`` written out, ordinary spaces.
    """
    if math.isnan(euros):
        return "unknown"
    if in_text:
        return _money_in_text(euros)
    scale, unit = _money_unit(euros)
    return f"€{_two_digits(euros / scale)}{SPACE * bool(unit)}{unit}"


def format_money_between(low: float, high: float, *, in_text: bool = False) -> str:
    """``€0.50 to 1.2 million`` in the upper end's unit; ``€26 thousand to 7.8 million`` where the lower is small,
    ``nearly €0 to €8.6 million`` where it is tiny."""
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    scale, unit = _money_unit(high)
    if 0 < low < NEGLIGIBLE * high:
        upper = _money_in_text(high) if in_text else f"€{_two_digits(high / scale)}{SPACE * bool(unit)}{unit}"
        return f"nearly €0 to {upper}"
    if in_text:
        return f"{_money_in_text(low)} to {_money_in_text(high)}"
    if 0 < low < 0.1 * scale:
        euro = "" if _money_unit(low)[1] else "€"  # a lower end without a unit must not borrow the upper end's
        return f"{format_money(low)} to {euro}{_two_digits(high / scale)}{SPACE * bool(unit)}{unit}"
    return f"€{_two_digits(low / scale)} to {_two_digits(high / scale)}{SPACE * bool(unit)}{unit}"


def format_money_bounds(bounds: tuple[float, float, float] | None, *, in_text: bool = False) -> str:
    """``€1.2 million (0.8 to 1.9 million)`` of p10, p50, p90; ``not stated`` for ``None``.

    Args:
        in_text: ``about €1.2 million (€0.8 million to €1.9 million)``.
    """
    if bounds is None:
        return "not stated"
    low, middle, high = bounds
    about = "about " if in_text else ""
    between = "" if low == high else f" ({format_money_between(low, high, in_text=in_text)})"
    return f"{about}{format_money(middle, in_text=in_text)}{between}"


def format_count(count: float) -> str:
    """``1,200`` people or things."""
    return f"{count:,.0f}"


def format_estimate(count: float) -> str:
    """``23,000`` people or things that nobody counts exactly: two significant digits from 100 on."""
    return _two_digits(count) if count >= 100 else format_count(count)


def format_people(bounds: tuple[float, float, float]) -> str:
    """``about 2,100 (2,000 to 2,300)`` of low, likely and high, with two digits; ``unknown`` for NaN."""
    if any(math.isnan(each) for each in bounds):
        return "unknown"
    low, likely, high = (_two_digits(each) if each >= 10 else f"{each:.0f}" for each in bounds)
    return f"about {likely}" if low == high else f"about {likely} ({low} to {high})"


def format_head_count(count: HeadCount) -> str:
    """``120``, or ``80 to 120`` where it depends on unknowns; medians."""
    least, most = format_estimate(count.at_least[1]), format_estimate(count.at_most[1])
    return least if least == most else f"{least} to {most}"


def format_percent(share: float) -> str:
    """``5 %``; 0 % and 100 % only where they are exact."""
    if math.isnan(share):
        return "unknown"
    if 0 < share < 0.005:
        return f"less than 1{SPACE}%"
    if 0.995 < share < 1:
        return f"more than 99{SPACE}%"
    return f"{share:.0%}".replace("%", f"{SPACE}%")


def format_metres(level: float) -> str:
    """``1.95 m``."""
    return "unknown" if math.isnan(level) else f"{level:.2f}{SPACE}m".replace("-", "−")


def format_metres_between(low: float, high: float) -> str:
    """``1.70 to 2.37 m``."""
    return f"{low:.2f} to {high:.2f}{SPACE}m".replace("-", "−")


def format_area(square_metres: float) -> str:
    """``9.1 km²``, or hectares below 1 km²."""
    scale, unit = _area_unit(square_metres)
    return f"{_two_digits(square_metres / scale)}{SPACE}{unit}"


def format_area_between(low: float, high: float) -> str:
    """``8.0 to 10 km²``."""
    scale, unit = _area_unit(high)
    return f"{_two_digits(low / scale)} to {_two_digits(high / scale)}{SPACE}{unit}"


def format_years(period: float) -> str:
    """``100 years``."""
    return f"{period:g}{SPACE}years"


def format_time(time: pd.Timestamp) -> str:
    """``22 November 2022, 07:00 UTC``."""
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def format_date(time: pd.Timestamp) -> str:
    """``22 November 2022``."""
    return f"{time.day} {time:%B %Y}"


def format_age(since: pd.Timedelta) -> str:
    """``3 days``, ``2.4 years``; ``–`` for a time after the run."""
    days = since / pd.Timedelta(days=1)
    if days < 0:
        return "–"
    if days < 2:
        return f"{days * 24:.0f}{SPACE}hours"
    if days < 90:
        return f"{days:.0f}{SPACE}days"
    return f"{days / 30.44:.0f}{SPACE}months" if days < 730 else f"{days / 365.25:.1f}{SPACE}years"


def format_duration(seconds: float) -> str:
    """``12 s``, ``3 min 20 s``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def format_score(value: float | None) -> str:
    """A score with three digits; ``not measured`` for ``None``."""
    if value is None:
        return "not measured"
    return "undefined" if math.isnan(value) else f"{value:.3f}"


def pluralise(count: int, noun: str) -> str:
    """``1 asset``, ``2 assets``."""
    return f"{count:,}{SPACE}{noun}{'' if count == 1 else 's'}"


def format_key(key: str) -> str:
    """A key as words: ``forecast_water_level_p50`` → ``forecast water level (median)``."""
    for quantile, meaning in (("_p10", " (10 % bound)"), ("_p50", " (median)"), ("_p90", " (90 % bound)")):
        key = key.replace(quantile, meaning)
    return key.replace("_", " ").replace(">=", "≥").replace("<=", "≤")


def capitalise(sentence: str) -> str:
    """The sentence with a capital first letter, otherwise unchanged."""
    return sentence[:1].upper() + sentence[1:]


def format_asset_list(ids: tuple[str, ...], most: int = 6) -> str:
    """The first few assets by id, the others counted."""
    if not ids:
        return "the whole region"
    named = ", ".join(ids[:most])
    return named if len(ids) <= most else f"{named} and {len(ids) - most} more"


def _money_in_text(euros: float) -> str:
    sign = "−" if euros < 0 else ""
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if abs(euros) >= size:
            return f"{sign}€{_two_digits(abs(euros) / size)} {name}"
    digits = 0 if euros == 0 else max(int(math.log10(abs(euros))) - 1, 0)
    return f"{sign}€{round(abs(euros), -digits):,.0f}"


def _money_unit(euros: float) -> tuple[float, str]:
    return next(((scale, unit) for scale, unit in _MONEY if abs(euros) >= 0.995 * scale), (1.0, ""))


def _area_unit(square_metres: float) -> tuple[float, str]:
    return (1e6, "km²") if square_metres >= 0.995e6 else (1e4, "ha")


def _two_digits(value: float) -> str:
    """Two significant digits, written out: 0.052, 1.2, 12, 780, 1,300."""
    if value == 0:
        return "0"
    rounded = round(value, 1 - math.floor(math.log10(abs(value))))
    places = 1 - math.floor(math.log10(abs(rounded)))
    digits = f"{rounded:,.{max(places, 0)}f}" if abs(rounded) < 10 else f"{rounded:,.0f}"
    return digits.replace("-", "−")
