"""What of a region file a scenario may change, as fields of a form: value, what holds without one, unit and range.

Ranges are those of the models that check region files; the field's meaning stands in the catalogues of the dashboard.
"""

import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, JsonValue, ValidationError

from strandline.errors import InputError
from strandline.observations.region_file.planning_section import LARGEST_BUDGET, PlanningSection
from strandline.observations.region_file.prices.money import EUR_2010
from strandline.observations.region_file.prices.preset import PRESETS, Figure
from strandline.observations.region_file.scenario_sections import (
    FASTEST_RISE,
    FASTEST_SINKING,
    ScenariosSection,
    SeaLevelRise,
)
from strandline.observations.region_file.toml_file import read_toml
from strandline.observations.sea_level.projections import global_projections
from strandline.pipeline.study_area.requirements import RETURN_PERIODS
from strandline.planning.early_action.trigger_constants import PROBABILITY_FOR_LIVES
from strandline.planning.investment.scenarios import SHIPPED, Development, Objective, Storminess
from strandline.planning.quantity import Quantity
from strandline.planning.settings import PlanningSettings, read_catalogue, read_planning_settings
from strandline.report.plan.cost_tables import section_of_preset

Kind: TypeAlias = Literal["number", "integer", "text", "choice", "numbers", "texts", "rows"]
Group: TypeAlias = Literal["sea", "land", "storms", "development", "money", "prices", "warnings"]
FUTURES = "planning.scenarios"
"""Key of the file that holds storminess, development and the objective."""
IN_FUTURES = ("sea_level", "storminess", "development", "objective")
"""Its keys."""
COSTS = ("unit_cost", "cost")
"""Names of a measure's price: of one that is built, and of an emergency action."""


class Column(BaseModel):
    """A column of a field of rows."""

    name: str
    kind: Kind
    unit: str = ""
    low: float | None = None
    high: float | None = None
    is_fixed: bool = False


class FormField(BaseModel):
    """A field of the form.

    Attributes:
        key: in the region file, as ``planning.budget``.
        value: ``None`` = the file does not state it.
        otherwise: what holds then; ``None`` = nothing, or no limit.
        low, high: of a number, in ``unit``; ``excludes`` = these ends are not allowed themselves.
        columns: of rows.
    """

    key: str
    group: Group
    kind: Kind
    value: JsonValue = None
    otherwise: JsonValue = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    excludes: bool = False
    choices: list[str] = []
    columns: list[Column] = []


def scenario_form(path: Path) -> list[FormField]:
    """The form for a region file, as far as it can be read.

    Raises:
        InputError: it is no TOML.
    """
    raw = read_toml(path)
    section, settings = _planning(raw, path.parent)
    return [
        *_sea(raw),
        *_futures(raw, path.parent),
        *_money(raw, section, settings),
        *_prices(section),
        *_warnings(raw),
    ]


def futures_of(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The tables of the futures that a region file names; else those of the package.

    Raises:
        InputError: they cannot be read.
    """
    named = value_at(raw, FUTURES)
    return read_toml(SHIPPED if named is None else folder / str(named))


def value_at(tables: Mapping[str, Any], key: str) -> Any:
    """The value of a key with dots; ``None`` = it is not there."""
    found: Any = tables
    for part in key.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def price_of(section: PlanningSection, key: str) -> tuple[str, Quantity]:
    """The name of a measure's price, and the price as it was published.

    Raises:
        InputError: there is no such measure, or it has no price.
    """
    for found, name, price in _priced(section):
        if found == key:
            return name, price
    raise InputError(f"[planning.measure.{key}]", "is no measure with a price", "choose one of the list")


def planning_section(raw: Mapping[str, Any], folder: Path) -> PlanningSection:
    """The planning section of a region file; the package's where it has a fault, which the check names."""
    try:
        return PlanningSection.model_validate(raw.get("planning", {}), context={"data": folder, "within": folder})
    except ValidationError:
        return PlanningSection()


def _planning(raw: Mapping[str, Any], folder: Path) -> tuple[PlanningSection, PlanningSettings]:
    section = planning_section(raw, folder)
    try:
        return section, read_planning_settings(section)
    except InputError:
        section = PlanningSection()
        return section, read_planning_settings(section)


def _sea(raw: Mapping[str, Any]) -> Iterator[FormField]:
    names = [each.name for each in global_projections()]
    low, high, open_ended = limits(ScenariosSection, "return_periods")
    rise = [
        Column(name="scenario", kind="text"),
        _column(SeaLevelRise, "year", "integer", ""),
        Column(name="name", kind="text"),
        _column(SeaLevelRise, "rise", "number", "m"),
        Column(name="source", kind="text"),
    ]
    stated = value_at(raw, "scenarios.sea_level_rise")
    rows = stated if isinstance(stated, list) else None
    yield FormField(key="scenarios.sea_level_rise", group="sea", kind="rows", value=rows, columns=rise, choices=names)
    yield _field(ScenariosSection, raw, "scenarios.baseline_year", "sea", "integer", "")
    if value_at(raw, "scenarios.subsidence.path") is None:
        rate = value_at(raw, "scenarios.subsidence.rate")
        yield FormField(key="scenarios.subsidence.rate", group="land", kind="numbers", value=_listed(rate),
                        unit="mm a-1", low=FASTEST_RISE, high=FASTEST_SINKING)  # fmt: skip
        source = value_at(raw, "scenarios.subsidence.source")
        yield FormField(key="scenarios.subsidence.source", group="land", kind="text", value=_text(source))
    yield FormField(key="scenarios.return_periods", group="storms", kind="numbers", unit="a", low=low, high=high,
                    excludes=open_ended, value=_listed(value_at(raw, "scenarios.return_periods")),
                    otherwise=list(RETURN_PERIODS))  # fmt: skip


def _futures(raw: Mapping[str, Any], folder: Path) -> Iterator[FormField]:
    is_own = value_at(raw, FUTURES) is not None
    try:
        found, shipped = futures_of(raw, folder), read_toml(SHIPPED)
    except InputError:
        return
    parts: tuple[tuple[str, Group, type[BaseModel], str, str], ...] = (
        ("storminess", "storms", Storminess, "change_by_2100", "-"),
        ("development", "development", Development, "growth_per_year", "a-1"),
    )
    yield FormField(key="sea_level", group="sea", kind="texts", value=found["sea_level"] if is_own else None,
                    otherwise=shipped["sea_level"], choices=[each.name for each in global_projections()])  # fmt: skip
    for key, group, model, number, unit in parts:
        columns = [
            Column(name="name", kind="text"),
            _column(model, number, "number", unit),
            Column(name="source", kind="text"),
        ]
        yield FormField(key=key, group=group, kind="rows", value=found[key] if is_own else None,
                        otherwise=shipped[key], columns=columns)  # fmt: skip
    low, high, open_ended = limits(Objective, "damage_share")
    yield FormField(key="objective.damage_share", group="development", kind="number", unit="-", low=low, high=high,
                    excludes=open_ended, value=found["objective"]["damage_share"] if is_own else None,
                    otherwise=shipped["objective"]["damage_share"])  # fmt: skip


def _money(raw: Mapping[str, Any], section: PlanningSection, settings: PlanningSettings) -> Iterator[FormField]:
    money = str(settings.money)
    base = PlanningSection() if section.preset is None else section_of_preset(section.preset)
    of_preset = read_planning_settings(base)
    yield FormField(key="planning.preset", group="money", kind="choice", value=_text(value_at(raw, "planning.preset")),
                    choices=list(PRESETS))  # fmt: skip
    for name, kind, unit, otherwise in (
        ("currency", "text", "ISO 4217", of_preset.money.currency),
        ("price_year", "integer", "", of_preset.money.price_year),
        ("budget", "number", money, None),
        ("discount_rate", "number", "a-1", of_preset.discount_rate),
        ("horizon_years", "integer", "a", of_preset.horizon_years),
    ):
        field = _field(PlanningSection, raw, f"planning.{name}", "money", kind, unit, otherwise)
        if name == "budget":
            field.high = LARGEST_BUDGET * section.prices.factor(EUR_2010)
        yield field


def _prices(section: PlanningSection) -> Iterator[FormField]:
    """One field of rows, a row for each measure: what it costs, as published."""
    low, high, _ = limits(Figure, "value")
    columns = [
        Column(name="measure", kind="text", is_fixed=True), Column(name="key", kind="text", is_fixed=True),
        *(Column(name=name, kind="number", low=low, high=high) for name in ("low", "value", "high")),
        Column(name="unit", kind="text", is_fixed=True), Column(name="source", kind="text"),
    ]  # fmt: skip
    catalogue = read_catalogue(section)
    titles = {each.key: each.title for each in catalogue.long_term}
    titles |= {each.key: each.title for each in catalogue.operational}
    rows: list[JsonValue] = [
        {"measure": titles[key], "key": key, "low": price.low, "value": price.value, "high": price.high,
         "unit": price.unit if price.money is None else f"{price.money}, {price.unit}", "source": price.source}
        for key, _, price in _priced(section)
    ]  # fmt: skip
    yield FormField(key="planning.measure", group="prices", kind="rows", value=rows, columns=columns)


def _priced(section: PlanningSection) -> Iterator[tuple[str, str, Quantity]]:
    catalogue = read_catalogue(section)
    yield from ((each.key, COSTS[0], each.unit_cost) for each in catalogue.long_term)
    yield from ((each.key, COSTS[1], each.cost) for each in catalogue.operational if each.cost is not None)


def _warnings(raw: Mapping[str, Any]) -> Iterator[FormField]:
    yield _field(PlanningSection, raw, "planning.agreed_chance", "warnings", "number", "-", PROBABILITY_FOR_LIVES)
    yield _field(PlanningSection, raw, "planning.crews", "warnings", "integer", "-")


def _field(
    model: type[BaseModel], raw: Mapping[str, Any], key: str, group: Group, kind: Any, unit: str,
    otherwise: JsonValue = None,
) -> FormField:  # fmt: skip
    low, high, excludes = limits(model, key.rpartition(".")[2])
    value = value_at(raw, key)
    return FormField(key=key, group=group, kind=kind, unit=unit, low=low, high=high, excludes=excludes,
                     value=value if isinstance(value, str | int | float) else None, otherwise=otherwise)  # fmt: skip


def _column(model: type[BaseModel], name: str, kind: Kind, unit: str) -> Column:
    low, high, _ = limits(model, name)
    return Column(name=name, kind=kind, unit=unit, low=low, high=high)


def limits(model: type[BaseModel], name: str) -> tuple[float | None, float | None, bool]:
    """Least and greatest value of a number in a model, and whether these ends themselves are excluded."""
    field = model.model_fields[name]
    low = high = None
    excludes = False
    for each in (*field.metadata, *_constraints(field.annotation)):
        for kind, is_low, is_open in ((Ge, True, False), (Gt, True, True), (Le, False, False), (Lt, False, True)):
            if isinstance(each, kind):
                number = float(getattr(each, kind.__name__.lower()))
                low, high = (number, high) if is_low else (low, number)
                excludes |= is_open
    return low, high, excludes


def _constraints(annotation: Any) -> Iterator[object]:
    """Bounds within ``X | None`` and the items of a tuple."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        for each in metadata:
            yield from getattr(each, "metadata", (each,))  # of pydantic's Field
        yield from _constraints(inner)
    elif get_origin(annotation) in (tuple, Union, types.UnionType):
        for part in get_args(annotation):
            yield from _constraints(part)


def _listed(value: object) -> JsonValue:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
