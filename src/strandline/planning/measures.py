"""The catalogue of measures, as data: each number with its source."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import numpy as np
from pydantic import ValidationError

from strandline.errors import InputError
from strandline.observations.exposure.assets import ASSET_CLASSES
from strandline.observations.region_file.prices.money import MoneyUnit, PriceBasis
from strandline.observations.region_file.prices.preset import Figure
from strandline.observations.region_file.toml_file import describe_errors, first_of, read_toml
from strandline.observations.variables import HOURS_PER_YEAR
from strandline.planning.actions import Response
from strandline.planning.formatting import format_wait
from strandline.planning.investment.mechanisms import MECHANISMS
from strandline.planning.quantity import Quantity

SHIPPED = Path(__file__).parent / "data" / "measures.toml"
HOURS_PER_DAY = 24.0
LONGEST_LEAD = 240.0
"""[h] Of a warning."""
LIMITS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "lead_time_days": ("", 0.0, 36_525.0),
        "lifetime_years": ("", 1.0, 1000.0),
        "upkeep_share": ("share of the investment a year", 0.0, 1.0),
        "design_return_period": ("", 1.01, 1e5),
        "freeboard": ("m", 0.0, 10.0),
        "height": ("m", 0.0, 20.0),
        "length": ("km", 0.01, 1e5),
        "width": ("km", 0.0, 100.0),
        "attenuation": ("m per km of width", 0.0, 5.0),
        "lowering": ("m", 0.0, 10.0),
        "avoided_share": ("", 0.0, 1.0),
        "capacity": ("people per shelter", 1.0, 1e6),
    }
)
"""Name of a number → its unit, and least and greatest end of its range; beyond them it is a mistake."""
DRIVERS = ("sea", "rain", "river")
"""Of floods."""
Figures = Mapping[str, Mapping[str, Figure]]
"""Key of a measure → name of one of its numbers → the number."""
NO_FIGURES: Figures = MappingProxyType({})


@dataclass(frozen=True)
class LongTermMeasure:
    """A measure that is built once and kept up.

    Attributes:
        key: kind of the action, e.g. ``raise_embankment``.
        mechanism: how it reduces risk, one of ``MECHANISMS``.
        effect: the numbers that the mechanism needs, by name.
        unit_cost: an amount for each unit, which it states; a share of their value if ``asset_by_asset``.
        upkeep_share: share of the investment paid each year [a-1].
        who: who builds it and keeps it up.
        classes: asset classes that it acts on.
        asset_by_asset: taken only at the assets where it pays, at a ``unit_cost`` that is a share of their value.
        facility: what it builds, in the plural; empty = nothing that a place may have already.
        rests_on: what its effect needs that no run tests, in a sentence; empty = nothing.
        drivers: whose damage it averts: the sea's alone where it holds back the sea.
    """

    key: str
    title: str
    mechanism: str
    classes: tuple[str, ...]
    lead_time_days: Quantity
    lifetime_years: Quantity
    unit_cost: Quantity
    upkeep_share: Quantity
    effect: Mapping[str, Quantity]
    who: str
    asset_by_asset: bool = False
    facility: str = ""
    rests_on: str = ""
    drivers: tuple[str, ...] = ("sea",)

    @property
    def life_safety(self) -> bool:
        """Whether it protects lives and is not compared with money."""
        return MECHANISMS[self.mechanism].build is None

    @property
    def lead_years(self) -> float:
        """Years from the decision until it works."""
        return self.lead_time_hours / HOURS_PER_YEAR

    @property
    def lead_time_hours(self) -> float:
        """Hours from the decision until it works."""
        return self.lead_time_days.value * HOURS_PER_DAY

    @property
    def when(self) -> str:
        """When to decide, and when it works, without a calendar year: a plan is read in other years than it counts."""
        return f"decide now; works about {format_wait(self.lead_years)} later"


@dataclass(frozen=True)
class Fallback:
    """What to do where there is no time for a measure any more."""

    key: str
    title: str
    response: Response


@dataclass(frozen=True)
class OperationalMeasure:
    """An emergency action on a warning.

    Attributes:
        lead_window_hours: earliest and latest lead time at which starting it is useful.
        response: what a warning asks people for, as a CAP 1.2 response type.
        life_safety: it protects lives and is not compared with money.
        cost: an amount for each event; ``None`` for life safety.
        avoided_share: share of the event's damage to ``classes`` that it avoids [-]; ``None`` for life safety.
        crews: number that it needs while it runs.
        needs: variables of forecasts, besides the water level, without which it cannot be decided.
        fallback: inside the time that it takes; life safety only.
        facility: what it operates, in the plural; empty = nothing that has to exist.
    """

    key: str
    title: str
    classes: tuple[str, ...]
    lead_window_hours: tuple[float, float]
    response: Response
    life_safety: bool
    cost: Quantity | None
    avoided_share: Quantity | None
    crews: int = 0
    needs: tuple[str, ...] = ()
    fallback: Fallback | None = None
    facility: str = ""


@dataclass(frozen=True)
class Measures:
    """A catalogue."""

    long_term: tuple[LongTermMeasure, ...]
    operational: tuple[OperationalMeasure, ...]

    def in_prices(self, prices: PriceBasis) -> "Measures":
        """The same measures with every amount in the plan's money.

        Raises:
            InputError: naming the currency and year that cannot be converted.
        """
        return Measures(
            tuple(replace(each, unit_cost=each.unit_cost.in_prices(prices)) for each in self.long_term),
            tuple(
                replace(each, cost=None if each.cost is None else each.cost.in_prices(prices))
                for each in self.operational
            ),
        )

    def without(self, keys: Collection[str]) -> "Measures":
        """All but some.

        Raises:
            InputError: a key of no measure.
        """
        known = [*(each.key for each in self.long_term), *(each.key for each in self.operational)]
        unknown = sorted(set(keys) - set(known))
        if unknown:
            raise InputError(
                "[planning.leave_out]", f"no measure is called {unknown[0]!r}", f"known: {', '.join(known)}"
            )
        return Measures(
            tuple(each for each in self.long_term if each.key not in keys),
            tuple(each for each in self.operational if each.key not in keys),
        )


def load_measures(path: Path = SHIPPED, figures: Figures = NO_FIGURES) -> Measures:
    """Read a catalogue of measures; without a path, the one in the package.

    Args:
        figures: numbers in place of the catalogue's, or of those that a mechanism has by choice (a ``length``).

    Raises:
        InputError: not TOML, a missing or unknown key, or a number without a source.
    """
    where, content = str(path), read_toml(path)
    for table in ("long_term", "operational"):
        entries = content.get(table, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InputError(f"{where} [{table}]", "is no list of measures", f"begin each with [[{table}]]")
    _put(figures, [entry for entries in content.values() if isinstance(entries, list) for entry in entries])
    unknown = sorted(set(content) - {"long_term", "operational"})
    if unknown:
        raise InputError(where, f"unknown tables {unknown}", "known: long_term, operational")
    return Measures(
        tuple(_long_term(where, entry) for entry in content.get("long_term", [])),
        tuple(_operational(where, entry) for entry in content.get("operational", [])),
    )


def _put(figures: Figures, entries: Sequence[dict[str, Any]]) -> None:
    by_key = {str(entry.get("key")): entry for entry in entries}
    for key, numbers in figures.items():
        if key not in by_key:
            raise InputError(f"[planning.measure.{key}]", "is no measure", f"known: {', '.join(by_key)}")
        for name, number in numbers.items():
            if isinstance(by_key[key].get(name), str | list | bool):
                raise InputError(f"[planning.measure.{key}.{name}]", "is no number", "leave it out")
            by_key[key][name] = number.model_dump(exclude_none=True)


_LONG_TERM = ("lead_time_days", "lifetime_years", "unit_cost", "upkeep_share")


def _long_term(where: str, entry: Mapping[str, Any]) -> LongTermMeasure:
    location = f"{where}: measure '{entry.get('key')}'"
    if entry.get("mechanism") not in MECHANISMS:
        what = f"mechanism {entry.get('mechanism')!r} is unknown"
        raise InputError(location, what, f"known: {', '.join(MECHANISMS)}")
    mechanism = MECHANISMS[entry["mechanism"]]
    required = ("who", "mechanism", *_LONG_TERM, *mechanism.needs)
    _check_keys(location, entry, required, ("asset_by_asset", "facility", "rests_on", "drivers", *mechanism.options))
    _check_numbers(location, entry, (*_LONG_TERM, *mechanism.needs))
    numbers = {name: _quantity(f"{location}, {name}", entry[name]) for name in entry if isinstance(entry[name], dict)}
    for name, number in numbers.items():
        _check_limits(f"{location}, {name}", name, number)
    _check_money(f"{location}, unit_cost", numbers["unit_cost"], is_amount=not entry.get("asset_by_asset", False))
    return LongTermMeasure(
        key=str(entry["key"]),
        title=str(entry["title"]),
        mechanism=entry["mechanism"],
        classes=_classes(location, entry),
        lead_time_days=numbers["lead_time_days"],
        lifetime_years=numbers["lifetime_years"],
        unit_cost=numbers["unit_cost"],
        upkeep_share=numbers["upkeep_share"],
        effect={name: number for name, number in numbers.items() if name not in _LONG_TERM},
        who=str(entry["who"]),
        asset_by_asset=bool(entry.get("asset_by_asset", False)),
        facility=str(entry.get("facility", "")),
        rests_on=str(entry.get("rests_on", "")),
        drivers=_drivers(location, entry),
    )


def _drivers(location: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    given = entry.get("drivers", ["sea"])
    if not isinstance(given, list) or not given or not set(map(str, given)) <= set(DRIVERS):
        raise InputError(location, f"drivers = {given!r}", f"write a list of {', '.join(DRIVERS)}")
    return tuple(map(str, given))


def _operational(where: str, entry: Mapping[str, Any]) -> OperationalMeasure:
    location = f"{where}: measure '{entry.get('key')}'"
    life_safety = bool(entry.get("life_safety", False))
    required = ("lead_window_hours", "response", *(() if life_safety else ("cost", "avoided_share")))
    _check_keys(location, entry, required, ("life_safety", "crews", "needs", "fallback", "facility"))
    numbers = tuple(name for name in ("lead_window_hours", "cost", "avoided_share", "crews") if name in entry)
    _check_numbers(location, entry, numbers)
    window = entry["lead_window_hours"]
    ends = [window.get("earliest"), window.get("latest")]
    if not str(window.get("source", "")) or not all(isinstance(end, int | float) for end in ends):
        raise InputError(location, "lead_window_hours is not complete", "give earliest, latest and source")
    if not 0 <= ends[0] <= ends[1] <= LONGEST_LEAD:
        raise InputError(location, f"lead_window_hours {ends} are no hours of a warning", "give earliest, then latest")
    cost = None if life_safety else _quantity(f"{location}, cost", entry["cost"])
    share = None if life_safety else _quantity(f"{location}, avoided_share", entry["avoided_share"])
    if share is not None:
        _check_limits(f"{location}, avoided_share", "avoided_share", share)
    if cost is not None:
        _check_money(f"{location}, cost", cost, is_amount=True)
    response = _response(location, entry)
    fallback = entry.get("fallback")
    if fallback is not None:
        if sorted(fallback) != ["key", "response", "title"]:
            raise InputError(location, "its fallback is not complete", "give key, title and response")
        fallback = Fallback(str(fallback["key"]), str(fallback["title"]), _response(location, fallback))
    return OperationalMeasure(
        str(entry["key"]),
        str(entry["title"]),
        _classes(location, entry),
        (float(window["earliest"]), float(window["latest"])),
        response,
        life_safety,
        cost,
        share,
        round(_quantity(f"{location}, crews", entry["crews"]).value) if "crews" in entry else 0,
        tuple(str(name) for name in entry.get("needs", ())),
        fallback,
        str(entry.get("facility", "")),
    )


def _response(location: str, entry: Mapping[str, Any]) -> Response:
    known: tuple[Response, ...] = get_args(Response)
    for response in known:
        if response == entry["response"]:
            return response
    raise InputError(location, f"response {entry['response']!r} is not CAP's", f"known: {', '.join(known)}")


def _check_keys(location: str, entry: Mapping[str, Any], required: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = {"key", "title", "classes", *required, *optional}
    missing, unknown = sorted({"key", "title", *required} - set(entry)), sorted(set(entry) - known)
    if missing or unknown:
        raise InputError(location, f"missing {missing}, unknown {unknown}", f"known: {', '.join(sorted(known))}")


def _check_numbers(location: str, entry: Mapping[str, Any], names: Sequence[str]) -> None:
    for name in names:
        if not isinstance(entry[name], dict):
            what = f"{name} = {entry[name]!r} has no source"
            raise InputError(location, what, f'write {name} = {{ value = …, source = "…" }}')


def _check_limits(location: str, name: str, number: Quantity) -> None:
    unit, low, high = LIMITS.get(name, ("", 0.0, np.inf))
    if unit and number.unit and number.unit != unit:
        raise InputError(location, f"is in {number.unit!r}", f"give {unit}")
    if not low <= number.low <= number.high <= high:
        raise InputError(location, f"{number.low:g} to {number.high:g} lies outside {low:g} to {high:g}", "correct it")


def _classes(location: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(entry.get("classes", []), list) or not isinstance(entry.get("needs", []), list):
        raise InputError(location, "classes or needs is no list", 'write classes = ["residential"]')
    classes = tuple(str(name) for name in entry.get("classes", ASSET_CLASSES))
    wrong = sorted(set(classes) - set(ASSET_CLASSES))
    if wrong:
        raise InputError(location, f"unknown classes {wrong}", f"known: {', '.join(ASSET_CLASSES)}")
    return classes


def _quantity(location: str, entry: Mapping[str, Any]) -> Quantity:
    source = str(entry.get("source", ""))
    if not source:
        raise InputError(location, "has no source", "cite one, or write 'assumption: …'")
    try:
        figure = Figure.model_validate(dict(entry))
    except ValidationError as error:
        raise first_of(describe_errors(location, Figure, error)) from error
    low, value, high = figure.bounds
    money = None if figure.currency is None else MoneyUnit(figure.currency, figure.price_year or 0)
    return Quantity(value, low, high, figure.unit or "", source, money)


def _check_money(location: str, number: Quantity, *, is_amount: bool) -> None:
    if is_amount and number.money is None:
        raise InputError(location, "is in no currency", 'state it, e.g. currency = "EUR", price_year = 2010')
    if not is_amount and number.money is not None:
        raise InputError(location, f"is in {number.money}", "give a share of the asset's value")
