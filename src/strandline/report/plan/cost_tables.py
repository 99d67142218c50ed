"""What a plan counts with, as Markdown tables: costs of measures, rates, prices and greatest damage, with sources."""

from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from strandline.errors import InputError
from strandline.observations.region_file.planning_section import PlanningSection
from strandline.observations.region_file.prices.greatest_damage import BUILDINGS, greatest_damage
from strandline.observations.region_file.prices.money import SPACE
from strandline.observations.region_file.prices.preset import PRESETS
from strandline.planning.facilities import facilities_of
from strandline.planning.formatting import format_money, format_money_between
from strandline.planning.quantity import Quantity
from strandline.planning.settings import PlanningSettings, read_catalogue, read_planning_settings

LINE = 120
COMMAND = "strandline costs --all > docs/reference/costs.md"
HEAD = f"""\
# Costs

What a plan counts with, by preset. This page is written by `{COMMAND}` from the
data files of the package (`planning/data/measures.toml`, `observations/region_file/prices/presets/`).

A preset is chosen by `preset = "bangladesh"` in `[planning]` of the region file; every key there takes precedence, and
`strandline costs --region REGION.toml` shows what then holds. A range holds 95 % of the cases. What nobody published
for a country is called an **assumption**: replace it by a local tender before anything is decided on it. Amounts were
published in other years and currencies; the list under each table has them as they were.
"""


def section_of_preset(name: str) -> PlanningSection:
    """Return the section that chooses a preset and nothing else.

    Raises:
        InputError: there is no such preset.
    """
    for known in PRESETS:
        if known == name:
            return PlanningSection(preset=known)
    raise InputError("costs", f"there is no preset {name!r}", f"choose one of {', '.join(PRESETS)}")


def cost_page() -> str:
    """Return the page of the documentation: the package's own costs, then every preset."""
    parts = [HEAD, "## Without a preset", "", *cost_tables(PlanningSection())]
    for name in PRESETS:
        section = section_of_preset(name)
        preset = section.preset_of_country
        parts += ["", f"## {'' if preset is None else preset.title}", "", *cost_tables(section)]
    return "\n".join(_wrapped(parts)) + "\n"


def cost_tables(section: PlanningSection) -> list[str]:
    """Return the lines for one [planning] section."""
    settings = read_planning_settings(section)
    return [
        *(f"- {sentence}" for sentence in settings.basis),
        "",
        *_measures(section, settings),
        *_rates(section),
        *_greatest_damage(section),
    ]


def _measures(section: PlanningSection, settings: PlanningSettings) -> Iterator[str]:
    money, stated = settings.money, read_catalogue(section)
    published = {each.key: each.unit_cost for each in stated.long_term}
    of_event = {each.key: each.cost for each in stated.operational if each.cost is not None}
    rows: list[tuple[str, ...]] = []
    sources: list[str] = []
    for measure in settings.measures.long_term:
        cost = measure.unit_cost
        if measure.asset_by_asset:
            amount, between = f"{100 * cost.value:g} %", f"{100 * cost.low:.0f} to {100 * cost.high:.0f} %"
        else:
            amount, between = format_money(cost.value, money), format_money_between(cost.low, cost.high, money)
        upkeep, life = f"{100 * measure.upkeep_share.value:g} %", f"{measure.lifetime_years.value:g} years"
        rows.append((measure.title, amount, between, cost.unit.removeprefix("share of "), upkeep, life))
        sources.append(_source(measure.title, published[measure.key]))
    for action in settings.measures.operational:
        if action.cost is not None:
            rows.append((action.title, format_money(action.cost.value, money), "–", action.cost.unit, "–", "–"))
            sources.append(_source(action.title, of_event[action.key]))
    yield from ("| measure | cost | 95 % range | of or per | upkeep a year | life |", "|---|---|---|---|---|---|")
    yield from (f"| {' | '.join(cells)} |".replace(SPACE, " ") for cells in rows)
    facilities = facilities_of(settings.measures)
    if facilities:
        existing = "not stated here" if settings.existing is None else ", ".join(settings.existing) or "none of them"
        yield from ("", f"Operated only where they exist, built only where they do not: {', '.join(facilities)}.")
        yield f"`existing` in [planning] states what the place has: {existing}."
    yield from ("", "Where the costs come from:", "", *sources, "")


def _source(title: str, cost: Quantity) -> str:
    was = ""
    if cost.money is not None:
        was = f", {format_money(cost.value, cost.money)} in {cost.money.price_year}"
    return f"- **{title}**{was}: {cost.source}."


def _rates(section: PlanningSection) -> Iterator[str]:
    preset = section.preset_of_country
    if preset is None:
        return
    rate, index, year = preset.discount_rate, preset.price_index, preset.price_year
    yield from ("Rates and prices of the preset:", "")
    yield f"- Real discount rate {100 * rate.value:g} % ({100 * rate.low:g} to {100 * rate.high:g} %): {rate.source}."
    yield f"- Horizon {preset.horizon_years.value} years: {preset.horizon_years.source}."
    for each in preset.exchange_rates:
        yield f"- {preset.currency} {each.rate:,.6g} for one {each.currency} in {each.year}: {each.source}."
    yield f"- Prices of {year}: {index.values[year] / index.values[2010]:.2f} times those of 2010. {index.source}."
    yield ""


def _greatest_damage(section: PlanningSection) -> Iterator[str]:
    preset = section.preset_of_country
    if preset is None:
        return
    money, damage = section.money, greatest_damage(preset, section.prices)
    columns = " | ".join(f"{name}: structure | contents" for name in BUILDINGS)
    yield from ("Greatest flood damage of a square metre of floor, structure and contents apart:", "")
    yield f"| {money} | {columns} |"
    yield f"|---|{'---|---|' * len(BUILDINGS)}"
    for asset_class in preset.construction_cost:
        cells = [
            format_money(amount, money).removeprefix(money.prefix.replace(SPACE, " "))
            for building in BUILDINGS
            for amount in (damage[asset_class, building].structure, damage[asset_class, building].contents)
        ]
        yield f"| {asset_class} | {' | '.join(cells)} |".replace(SPACE, " ")
    yield ""
    for source, classes in groupby(preset.construction_cost.items(), lambda item: item[1].source):
        yield f"Cost of building ({', '.join(name for name, _ in classes)}): {source}."


def _wrapped(lines: list[str]) -> Iterator[str]:
    """Lines of prose and lists at most 120 characters long; tables as they are."""
    for line in "\n".join(lines).split("\n"):
        if line.startswith("|") or len(line) <= LINE:
            yield line
        else:
            indent = "  " if line.startswith("- ") else ""
            yield from wrap(line, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
