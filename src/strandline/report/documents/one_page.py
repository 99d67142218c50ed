"""One page for those who decide: what will flood, how sure, what to do, by when, who."""

from datetime import date

from strandline.planning.actions import Confidence
from strandline.report.alerts.catalogue import name_of_zone
from strandline.report.documents.document import Document, Map, Section, Table
from strandline.report.documents.key_findings import AreaFindings, KeyFindings, Step
from strandline.report.documents.language import Language

MOST_STEPS = 9
MOST_ZONES = 7


def one_page(findings: KeyFindings, picture: Map, language: Language, made_by: str) -> Document:
    """Write the page in a language.

    Args:
        made_by: name and version of the program.
    """
    text = language.text
    computed = language.date(date.fromisoformat(findings.computed))
    return Document(
        language=language,
        title=text("Flood risk at {place}", place=findings.place),
        subtitle=text("On one page. Computed on {date}.", date=computed),
        stamp=stamp_of(findings, language),
        warning=forecast_warning(findings, language),
        sections=(
            _what_floods(findings, picture, language),
            _how_sure(findings, language),
            *_areas(findings, language),
            _what_to_do(findings, language),
        ),
        foot=(
            text(
                "Nothing has been sent to anyone. A person must confirm every alert. Everything else is in report.html."
            ),
            *closing_lines(findings, language, made_by),
        ),
    )


def stamp_of(findings: KeyFindings, language: Language) -> tuple[str, str] | None:
    """That the numbers are simulated; ``None`` = none is."""
    text = language.text
    if findings.simulated == "none":
        return None
    if findings.simulated == "part":
        return text("PARTLY SIMULATED"), text("Some numbers here come from a simulation; report.html says which.")
    return text("SIMULATED"), text(
        "This coast and its storms are simulated. No number here may guide a decision about a real place."
    )


def forecast_warning(findings: KeyFindings, language: Language) -> str:
    """What the past says against relying on the forecast for evacuation; empty = nothing."""
    trial, text = findings.forecast, language.text
    if trial is None or trial.verdict == "carries":
        return ""
    if trial.verdict == "untested":
        return text(
            "No past flood tests whether this forecast warns in time for evacuation. Do not rely on it alone: follow"
            " the weather service's warnings."
        )
    record = language.plural(
        "it was in time for {hits} of {floods} flood",
        "it was in time for {hits} of {floods} floods",
        trial.floods,
        hits=language.count(trial.in_time),
        floods=language.count(trial.floods),
    )
    if trial.verdict == "cannot carry":
        return text(
            "Do not wait for this forecast to evacuate: tested on past floods, {record}. Follow the weather service's"
            " warnings.",
            record=record,
        )
    return text(
        "This forecast alone is no safeguard: tested on past floods, {record}. Follow the weather service's warnings"
        " too.",
        record=record,
    )


def closing_lines(findings: KeyFindings, language: Language, made_by: str) -> tuple[str, ...]:
    """Who made the document, and that nobody checked the translation."""
    lines = [language.text("Made by {program} for {place}.", program=made_by, place=findings.place)]
    if not language.is_checked:
        lines.append(
            language.text("No native speaker has checked this translation; where in doubt the English counts.")
        )
    return tuple(lines)


def how_often(area: AreaFindings, language: Language) -> str:
    """``about once in 5 years``, never more rarely than the number."""
    text, years = language.text, language.count(area.years)
    if area.rare:
        return text("more rarely than once in {years} years", years=years)
    times = language.count(area.times) if area.times == int(area.times) else language.number(area.times)
    if area.years == 1:
        often = language.plural("{n} time a year", "{n} times a year", area.times, n=times)
    elif area.times > 1:
        often = text("{n} times in {years} years", n=times, years=years)
    else:
        often = text("once in {years} years", years=years)
    return text("at least {often}", often=often) if area.at_least else text("about {often}", often=often)


def _what_floods(findings: KeyFindings, picture: Map, language: Language) -> Section:
    text, sea, flooded = language.text, findings.sea_level, findings.flooded
    paragraphs = [
        text(
            "About once in {years} years the sea reaches {level} ({between}) above {datum}.",
            years=language.number(findings.return_period), level=language.metres(sea),
            between=language.metres_between(sea), datum=findings.datum,
        ),
        text(
            "On average {flooded} of {land} of known land are then under water ({between}).",
            flooded=language.area(flooded.mean), land=language.area(findings.known_land),
            between=language.area_between(flooded),
        ),
        *_lives(findings, language),
        *_damage(findings, language),
    ]  # fmt: skip
    return Section(text("What will flood?"), tuple(paragraphs), picture=picture)


def _lives(findings: KeyFindings, language: Language) -> list[str]:
    text, lives = language.text, findings.lives
    if lives is None:
        return [text("Nobody counted the people who live here: how many are in danger is unknown.")]
    sentences = [
        text(
            "Of the people who live here ({residents}), {wet} may have water at home.",
            residents=language.people(lives.residents), wet=language.people(lives.wet),
        )
    ]  # fmt: skip
    if lives.may_die is not None:
        dead = language.people(lives.may_die)
        sentences.append(
            text("If it comes by night and nobody leaves, the number who may die is {people}.", people=dead)
        )
    if lives.wet_by_all_drivers is not None:
        sentences.append(
            text(
                "In a flood as rare, by the sea, rain or rivers, {wet} may have water at home; the number who may die"
                " is {people}.",
                wet=language.people(lives.wet_by_all_drivers), people=language.people(lives.may_die_by_all_drivers),
            )
        )  # fmt: skip
    return sentences


def _damage(findings: KeyFindings, language: Language) -> list[str]:
    text, currency = language.text, findings.currency
    if findings.damage is None:
        return [text("What floods cost is unknown: no asset has a known value.")]
    mean = language.money(findings.damage.mean, currency)
    sentence = text(
        "Floods of the sea cost {money} a year on average ({between}; {currency} of {year}).",
        money=text("at least {money}", money=mean) if findings.at_least else mean,
        between=language.money_between(findings.damage, currency),
        currency=currency,
        year=language.year(findings.price_year),
    )
    by_all = findings.damage_by_all_drivers
    if by_all is None:
        return [sentence]
    return [sentence, text("With those of rain and rivers it is {money}.", money=language.money(by_all.mean, currency))]


def _areas(findings: KeyFindings, language: Language) -> list[Section]:
    text = language.text
    rows = [
        (
            f"{area.name}: {_zones(area.zones, findings, language)}",
            *_danger(area, language),
            language.people(area.people),
            text("{day} h before by day, {night} h at night", day=language.count(area.day_hours),
                 night=language.count(area.night_hours)),
        )
        for area in findings.areas
    ]  # fmt: skip
    unknown = ""
    if findings.unknown_zones:
        unknown = text(
            "Nobody knows whether these zones flood, so a person on the spot decides: {zones}. Unknown does not mean"
            " safe.",
            zones=_zones(findings.unknown_zones, findings, language),
        )
    if not rows:
        return [Section(text("Which areas first?"), (unknown,))] if unknown else []
    head = (text("Area and its zones"), text("Dangerous from a sea of"), text("How often"), text("People"),
            text("Start to move"))  # fmt: skip
    return [
        Section(
            text("Which areas first?"), table=Table(head, tuple(rows), (0.34, 0.14, 0.18, 0.16, 0.18)), note=unknown
        )
    ]


def _zones(zones: tuple[str, ...], findings: KeyFindings, language: Language) -> str:
    names = tuple(name_of_zone(zone, findings.place_names, language.code) for zone in zones)
    return language.listed(names, MOST_ZONES)


def _danger(area: AreaFindings, language: Language) -> tuple[str, str]:
    """From which sea, and how often."""
    text = language.text
    level = text("never by the sea alone") if area.level is None else language.level(area.level)
    often = how_often(area, language)
    if not area.other_drivers:
        return level, often
    names = {"rain": text("heavy rain"), "river": text("the river")}
    causes = ", ".join(names[each] for each in area.other_drivers)
    return level, text("{often}, {causes} included", often=often, causes=causes)


def _how_sure(findings: KeyFindings, language: Language) -> Section:
    text = language.text
    bullets = [
        text("A range is meant to hold the truth in 8 of 10 cases; a number of people, in 9 of 10."),
    ]
    if findings.missed_share is not None:
        bullets.append(
            language.plural(
                "The maps called {share} of the flooded land dry, on average over {n} storm that no model had seen.",
                "The maps called {share} of the flooded land dry, on average over {n} storms that no model had seen.",
                findings.test_storms,
                share=language.percent(findings.missed_share),
                n=language.count(findings.test_storms),
            )
        )
    else:
        bullets.append(text("How often the maps are wrong could not be measured here."))
    if findings.unknown_share > 0:
        bullets.append(
            text("{share} of the map is unknown (hatched). Unknown does not mean safe.",
                 share=language.percent(findings.unknown_share))
        )  # fmt: skip
    if findings.lives is not None and findings.lives.by_map:
        bullets.append(text("People were counted by a map that spreads a census over cells; nobody counted them here."))
    return Section(text("How sure is this?"), bullets=tuple(bullets))


def _what_to_do(findings: KeyFindings, language: Language) -> Section:
    text = language.text
    shown = findings.steps[:MOST_STEPS]
    rows = [
        (
            language.name(step.title), _by_when(step, language),
            language.name(step.who) if step.who else text("the emergency service"),
            _cost(step, findings.currency, language), _sure(step.confidence, language),
        )
        for step in shown
    ]  # fmt: skip
    if not rows:
        return Section(
            text("What to do, by when, who?"), (text("The plan has no measure for this place; report.html says why."),)
        )
    head = (text("What"), text("By when"), text("Who"), text("Cost"), text("How sure"))
    left = len(findings.steps) - len(shown)
    note = "" if not left else language.plural(
        "{n} more action is in report.html.", "{n} more actions are in report.html.", left, n=language.count(left)
    )  # fmt: skip
    return Section(
        text("What to do, by when, who?"), table=Table(head, tuple(rows), (0.24, 0.2, 0.23, 0.23, 0.1)), note=note
    )


def _by_when(step: Step, language: Language) -> str:
    text = language.text
    if step.works_in_years is None:
        return text("when its alarm comes")
    months = round(12 * step.works_in_years)
    if months < 18 and months != 12:
        return language.plural("decide now; works after {n} month", "decide now; works after {n} months", months,
                               n=language.count(months))  # fmt: skip
    years = round(step.works_in_years)
    return language.plural("decide now; works after {n} year", "decide now; works after {n} years", years,
                           n=language.count(years))  # fmt: skip


def _cost(step: Step, currency: str, language: Language) -> str:
    if step.cost is None:
        return language.text("for lives, not for money") if step.for_lives else language.text("not stated")
    mean = language.money(step.cost.mean, currency)
    if step.cost.low == step.cost.high:
        return mean
    return f"{mean} ({language.money_between(step.cost, currency)})"


def _sure(confidence: Confidence, language: Language) -> str:
    text = language.text
    return {"low": text("little"), "medium": text("fairly"), "high": text("very")}[confidence]
