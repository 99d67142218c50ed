"""Numbers, indicators and expressions as text for readers."""

import ast
import math
import re
from collections.abc import Mapping

import pandas as pd

from strandline.observations.region_file.prices.money import SPACE, MoneyUnit
from strandline.planning.early_action.expressions import parse
from strandline.planning.early_action.protocol import Indicator, Operator
from strandline.risk.expectation import Expectation
from strandline.risk.people import People

NEGLIGIBLE = 1e-3
"""Share of the upper end of a range below which its lower end is no number that anybody knows [-]."""
HIDDEN_ERROR = 0.02
"""Standard error of a mean, as a share of it, above which two significant digits hide it [-]."""
_WIDE = 1.0
"""[m] Range of a level from which its centimetres mean nothing."""
_MONEY = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))

_OPPOSITE: Mapping[Operator, Operator] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
_COMPARED: Mapping[Operator, str] = {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}
_UNITS = {"1": "", "m s-1": " m/s", "km h-1": " km/h", "m3 s-1": " m³/s"}
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that steer terminals and the direction of writing; names from foreign files may hold them."""


def visible(text: str) -> str:
    """The text with a replacement character for each that cannot be seen, as ESC; tabs and line feeds stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def without_markup(markdown: str) -> str:
    """The text without what a name from a foreign file could add: HTML, links and control characters."""
    return visible(markdown).replace("<", "&lt;").replace("](", "]\\(")


def format_indicator(indicator: Indicator, money: MoneyUnit, *, is_negated: bool = False) -> str:
    """An indicator as a clause, or its opposite without a double negation."""
    is_single = indicator.probability is None and indicator.loss is None
    if is_negated and (indicator.persistence_hours or (is_single and indicator.duration_hours)):
        return f"not ({format_indicator(indicator, money)})"
    name = indicator.variable.replace("_", " ")
    compared = _COMPARED[_OPPOSITE[indicator.operator] if is_negated and is_single else indicator.operator]
    about = "about " if indicator.values else ""
    value = f"{indicator.value:,.2f}" if indicator.unit == "m" else f"{indicator.value:,g}"
    clause = f"{name} {compared} {about}{value}{_UNITS.get(indicator.unit, ' ' + indicator.unit)}"
    if indicator.duration_hours:
        clause += f" for {indicator.duration_hours:g} hours or longer"
    clause += _format_window(indicator)
    if indicator.loss is not None:
        cost = format_money(indicator.loss.cost, money)
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


def format_expression(text: str, indicators: Mapping[str, Indicator], money: MoneyUnit) -> str:
    """A boolean expression over indicators as a sentence, without full stop."""

    def clause(node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return format_indicator(indicators[node.id], money)
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Name):
            return format_indicator(indicators[node.operand.id], money, is_negated=True)
        if isinstance(node, ast.UnaryOp):
            return f"not ({clause(node.operand)})"
        assert isinstance(node, ast.BoolOp)
        conjunction = "; or " if isinstance(node.op, ast.Or) else "; and "
        return conjunction.join(
            f"({clause(part)})" if isinstance(part, ast.BoolOp) else clause(part) for part in node.values
        )

    return clause(parse(text))


def format_money(amount: float, money: MoneyUnit) -> str:
    """``€1.2 million``, ``€52,000``, ``−BDT 810``: two significant digits, because damage is not known better."""
    if math.isnan(amount):
        return "unknown"
    sign, prefix, size = "−" if amount < 0 else "", money.prefix.replace(SPACE, " "), abs(amount)
    scale, name = next(((scale, name) for scale, name in _MONEY if size >= 0.995 * scale), (1.0, ""))
    return f"{sign}{prefix}{_two_digits(size / scale)}{' ' * bool(name)}{name}"


def format_money_between(low: float, high: float, money: MoneyUnit) -> str:
    """``−€51 million to €300 million``, each end in its own unit; ``nearly €0 to €8.6 million`` where the lower is
    tiny."""
    if math.isnan(low) or math.isnan(high):
        return "unknown"
    lower, upper = format_money(low, money), format_money(high, money)
    if 0 < low < NEGLIGIBLE * high:
        return f"nearly {format_money(0.0, money)} to {upper}"
    return lower if lower == upper else f"{lower} to {upper}"


def format_mean(amount: Expectation, money: MoneyUnit) -> str:
    """``€1.2 million ± €0.3 million``: the mean, with the error of its calculation where two digits would hide it."""
    mean = format_money(amount.mean, money)
    if math.isnan(amount.mean) or not amount.standard_error > HIDDEN_ERROR * abs(amount.mean):
        return mean
    return f"{mean} ± {format_money(amount.standard_error, money)}"


def format_expectation(amount: Expectation | None, money: MoneyUnit) -> str:
    """``€1.2 million (€800,000 to €1.9 million)``: the mean and the range of 8 in 10 draws; ``not stated`` for
    ``None``, ``unknown`` where the mean is."""
    if amount is None:
        return "not stated"
    if math.isnan(amount.mean):
        return "unknown"
    low, high = amount.p10, amount.p90
    between = "" if low == high else f" ({format_money_between(low, high, money)})"
    return f"{format_mean(amount, money)}{between}"


def format_ratio(ratio: Expectation) -> str:
    """``1.4 (0.0 to 9.1)``, ``1.4 ± 0.2 (0.0 to 9.1)``: the ratio on average and the range of 8 in 10 draws.

    The error has the decimals of the ratio; where they hide it, it is left out.
    """
    low, mean, high = (_one_decimal(each) for each in (ratio.p10, ratio.mean, ratio.p90))
    error = f"{ratio.standard_error:.{0 if abs(ratio.mean) >= 10 else 1}f}"
    return f"{mean}{'' if error in ('0', '0.0', 'nan') else f' ± {error}'} ({low} to {high})".replace("-", "−")


def _one_decimal(value: float) -> str:
    return _two_digits(value) if abs(value) >= 10 else f"{value:.1f}"


def format_count(count: float) -> str:
    """``1,200`` people or things."""
    return f"{count:,.0f}"


def format_people(people: People, *, in_table: bool = False) -> str:
    """``between 1,000 and 23,000``, ``120`` where both bounds are the same, or ``unknown``.

    Args:
        in_table: ``1,000 to 23,000``.
    """
    if people.is_unknown:
        return "unknown"
    low, high = _people_number(people.low), _people_number(people.high)
    if low == high:
        return low
    return f"{low} to {high}" if in_table else f"between {low} and {high}"


def format_number_between(low: float, high: float) -> str:
    """``between 12 and 130`` things, with two digits rounded outwards; ``none`` where both are 0."""
    return format_people(People.per_year(low, low, high)) if high > 0 else "none"


def _people_number(count: float) -> str:
    """``1,200``; of a number a year also ``0.3``."""
    return f"{count:g}" if count < 10 else format_count(count)


def format_percent(share: float) -> str:
    """``5 %``; 0 % and 100 % only where they are exact."""
    if math.isnan(share):
        return "unknown"
    if 0 < share < 0.005:
        return f"less than 1{SPACE}%"
    if 0.995 < share < 1:
        return f"more than 99{SPACE}%"
    return f"{share:.0%}".replace("%", f"{SPACE}%")


def format_metres(level: float, spread: float = 0.0) -> str:
    """``1.95 m``; ``7.1 m`` where its range is as wide as ``spread`` [m], since that knows no centimetres."""
    return "unknown" if math.isnan(level) else f"{level:.{_decimals(spread)}f}{SPACE}m".replace("-", "−")


def format_metres_between(low: float, high: float) -> str:
    """``1.70 to 2.37 m``, ``4.6 to 11.4 m``."""
    decimals = _decimals(high - low)
    return f"{low:.{decimals}f} to {high:.{decimals}f}{SPACE}m".replace("-", "−")


def _decimals(spread: float) -> int:
    return 1 if spread >= _WIDE else 2


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


def is_name(asset_id: str) -> bool:
    """Whether an id says something to a reader: ``Harbour school``, not ``A0007`` or ``lattice_0168``."""
    return re.search(r"[^\W\d_]{3}", asset_id) is not None and (" " in asset_id or not re.search(r"\d", asset_id))


def capitalise(sentence: str) -> str:
    """The sentence with a capital first letter, otherwise unchanged."""
    return sentence[:1].upper() + sentence[1:]


def format_wait(years: float) -> str:
    """``6 months``, ``3 years``: how long something takes."""
    months = round(12 * years)
    count, unit = (months, "month") if months < 18 else (round(years), "year")
    if months == 12:
        count, unit = 1, "year"
    return f"{count} {unit}{'' if count == 1 else 's'}"


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
