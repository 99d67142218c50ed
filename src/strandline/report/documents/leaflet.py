"""A leaflet for the people of one zone: what can happen, when to leave, where to, what to do.

Source of the advice: IFRC, Public awareness and public education for disaster risk reduction: key messages (2013),
floods and cyclones; read in summary.
"""

from collections.abc import Iterator
from datetime import date

from strandline.report.alerts.catalogue import name_of_zone
from strandline.report.documents.document import Document, Map, Section
from strandline.report.documents.key_findings import AreaFindings, KeyFindings
from strandline.report.documents.language import Language
from strandline.report.documents.one_page import closing_lines, how_often, stamp_of


def zones_of(findings: KeyFindings) -> Iterator[tuple[str, AreaFindings | None]]:
    """Each zone that is in danger, with its area, then those that nobody knows."""
    for area in findings.areas:
        for zone in area.zones:
            yield zone, area
    for zone in findings.unknown_zones:
        yield zone, None


def leaflet(
    findings: KeyFindings, zone: str, area: AreaFindings | None, picture: Map, language: Language, made_by: str
) -> Document:
    """Write the leaflet of a zone.

    Args:
        area: to which the zone belongs; ``None`` = nobody knows whether it floods.
        made_by: name and version of the program.
    """
    text = language.text
    computed = language.date(date.fromisoformat(findings.computed))
    return Document(
        language=language,
        title=text("If a flood comes: {zone}", zone=name_of_zone(zone, findings.place_names, language.code)),
        subtitle=text("{place}. As of {date}.", place=findings.place, date=computed),
        stamp=stamp_of(findings, language),
        warning=text(
            "This leaflet is no warning. When {authority} warns, do what it says at once. If you see the water rise or"
            " cannot get a warning, do not wait: go to high ground.",
            authority=findings.authority or text("the authority"),
        ),
        sections=(
            Section(text("What can happen here"), tuple(_what_can_happen(area, language)), picture=picture),
            Section(text("When to leave"), tuple(_when_to_leave(area, language))),
            _where_to_go(findings.contact, language),
            _take_with_you(language),
            _what_to_do(language),
        ),
        foot=closing_lines(findings, language, made_by),
    )


def _what_can_happen(area: AreaFindings | None, language: Language) -> list[str]:
    text = language.text
    if area is None:
        return [
            text(
                "Nobody knows whether this zone floods: too little of its ground was measured. That does not mean that"
                " it is safe."
            )
        ]
    sentences = [
        text(
            "This zone belongs to area {area}. Water that is dangerous to people comes to one of its zones {often}.",
            area=area.name,
            often=how_often(area, language),
        )
    ]
    if area.standing_hours is not None:
        hours = language.count(area.standing_hours)
        sentences.append(
            text("It may stand for more than {hours} hours.", hours=hours)
            if area.endless
            else text("It may stand for up to {hours} hours.", hours=hours)
        )
    else:
        sentences.append(text("How long it stands is not known."))
    return sentences


def _when_to_leave(area: AreaFindings | None, language: Language) -> list[str]:
    text = language.text
    call = text("Leave as soon as you are called, also by night and also if nothing is to be seen yet.")
    if area is None:
        return [
            call,
            text("Here no forecast can call you in time for certain: leave when those around you are called."),
        ]
    longest = language.count(max(area.day_hours, area.night_hours))
    return [
        call,
        text("To clear this area takes up to {hours} hours: who waits for the water is too late.", hours=longest),
    ]


def _where_to_go(contact: str | None, language: Language) -> Section:
    """With lines for what the place knows."""
    text = language.text
    advice = text("To the nearest shelter, or to high ground, by the way that you agreed on. Walk it once beforehand.")
    telephone = text("Telephone") if contact is None else text("Telephone ({contact})", contact=contact)
    blanks = (text("Our shelter or high ground"), text("The way there"), text("Who helps whom"), telephone)
    return Section(text("Where to go"), (advice,), blanks=blanks)


def _take_with_you(language: Language) -> Section:
    text = language.text
    things = text(
        "Drinking water and food for three days, medicines, papers in a plastic bag, a torch, a radio, a charged"
        " telephone, warm and dry clothes, what babies and the sick need."
    )
    return Section(text("Take with you"), (things,))


def _what_to_do(language: Language) -> Section:
    text = language.text
    return Section(
        text("What to do, and what not"),
        bullets=(
            text("Switch off electricity and gas before you leave."),
            text("Take children, the old, the sick and people with a disability first. Ask at your neighbour's door."),
            text("Untie animals; take them along only if that costs no time."),
            text("Never walk, ride or drive through moving water: 30 cm can carry a person away."),
            text("Too late to leave? Go to an upper floor or a strong roof, and make yourself seen."),
            text("Stay away until the authority says that it is safe: a second wave or tide may follow."),
            text("Do not drink flood water. Keep off electric wires."),
        ),
    )
