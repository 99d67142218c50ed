"""Bulletin, SMS and loudspeaker text of a released warning, in a language of the place and its local time.

Every sentence stands in the catalogues of warnings, which a person reads before a storm; nothing is translated here.
"""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from strandline.observations.region_file.values import parse_time_zone
from strandline.report.alerts.catalogue import Catalogue, catalogue_of
from strandline.report.alerts.wording import MOST_NAMED, WarningText
from strandline.watch.alerts.released import ReleasedWarning

TIMES_SPOKEN = 2
"""How often a loudspeaker says a message."""


@dataclass(frozen=True)
class MessageContext:
    """How the messages of one warning speak.

    Attributes:
        is_exercise: every message begins and ends with that word.
        time_zone: of the place.
        now: when they are made, naive UTC: what lay ahead when the warning was drafted may be past.
    """

    warning: ReleasedWarning
    is_exercise: bool
    time_zone: str
    now: datetime


def bulletin(context: MessageContext, text: WarningText, zone: str | None) -> str:
    """What, where, when, how sure, what to do, what if wrong, who says so; for one zone, or for all."""
    warning, catalogue = context.warning, catalogue_of(text.language)
    release, released_at = warning.release, pd.Timestamp(warning.release.at)
    key = "released_alone" if release.needed == 1 else "released_by"
    persons, at = catalogue.listed(release.persons, MOST_NAMED), catalogue.moment(released_at, context.time_zone)
    lines = [
        text.event if zone is None else f"{text.event}: {warning.name_of(zone, text.language)}",
        text.headline,
        *_instruction(context, text, zone),
        text.description,
        catalogue.fill("issued_by", sender=warning.cap.sender_name),
        *([catalogue.fill("ask", contact=warning.cap.contact)] if warning.cap.contact else []),
        *([catalogue.fill(key, persons=persons, time=at)] if persons else []),
        catalogue.fill("message_id", identifier=warning.cap.content.identifier),
    ]
    return "\n".join(_between_exercise(lines, context, catalogue)) + "\n"


def short_text(context: MessageContext, text: WarningText, zone: str | None) -> str:
    """One short message: where, what to do, by when, who says so."""
    warning, catalogue = context.warning, catalogue_of(text.language)
    deadline = None if warning.act_before is None else pd.Timestamp(warning.act_before)
    words = [
        f"{_where(context, text, zone)}:",
        catalogue.fill(f"short_{warning.call}", by=_by(context, catalogue, deadline)),
        f"{warning.cap.sender_name}.",
    ]
    return " ".join(_between_exercise(words, context, catalogue))


def loudspeaker_text(context: MessageContext, text: WarningText, zone: str | None) -> str:
    """Short sentences to be read out, a line each, all twice; times are full hours, never later than the true ones."""
    warning, catalogue = context.warning, catalogue_of(text.language)
    deadline = None if warning.act_before is None else _full_hour_before(warning.act_before, context.time_zone)
    sentences = [
        catalogue.fill("attention", areas=_where(context, text, zone)),
        *_sentences(catalogue.fill(f"short_{warning.call}", by=_by(context, catalogue, deadline))),
        catalogue.fill("issued_by", sender=warning.cap.sender_name),
    ]
    spoken = list(sentences)
    for _ in range(TIMES_SPOKEN - 1):
        spoken += [catalogue.fill("repeat"), *sentences]
    return "\n".join(_between_exercise(spoken, context, catalogue)) + "\n"


def subject_of(context: MessageContext, text: WarningText, zone: str | None) -> str:
    """The subject of an e-mail, or the title of a note."""
    words = [text.headline if zone is None else f"{context.warning.name_of(zone, text.language)}: {text.headline}"]
    return " ".join(_between_exercise(words, context, catalogue_of(text.language)))


def exercise_mark(language: str) -> str:
    """The word for an exercise."""
    return catalogue_of(language).fill("exercise_word")


def _between_exercise(lines: list[str], context: MessageContext, catalogue: Catalogue) -> list[str]:
    mark = catalogue.fill("exercise_word")
    return [mark, *lines, mark] if context.is_exercise else lines


def _instruction(context: MessageContext, text: WarningText, zone: str | None) -> list[str]:
    """The lines of the instruction; the one that says where names the zone alone."""
    lines = text.instruction.split("\n")
    if zone is None:
        return lines
    catalogue = catalogue_of(text.language)
    head = catalogue.texts["where"].partition("{areas}")[0]
    return [
        catalogue.fill("where", areas=_where(context, text, zone)) if line.startswith(head) else line for line in lines
    ]


def _where(context: MessageContext, text: WarningText, zone: str | None) -> str:
    areas = context.warning.areas if zone is None else (zone,)
    names = tuple(context.warning.name_of(area, text.language) for area in areas)
    return catalogue_of(text.language).listed(names, 3)


def _by(context: MessageContext, catalogue: Catalogue, deadline: pd.Timestamp | None) -> str:
    if deadline is None or deadline <= pd.Timestamp(context.now):
        return catalogue.fill("at_once")
    return catalogue.fill("before", time=catalogue.short_moment(deadline, context.time_zone))


def _full_hour_before(time: datetime, time_zone: str) -> pd.Timestamp:
    local = pd.Timestamp(time).tz_localize("UTC").tz_convert(parse_time_zone(time_zone))
    local = local.replace(minute=0, second=0, microsecond=0)
    return local.tz_convert("UTC").tz_localize(None)


def _sentences(text: str) -> list[str]:
    """Sentences of a text of a catalogue, which end with ``.`` or ``।``."""
    return [part.strip() for part in text.replace("। ", "।\n").replace(". ", ".\n").split("\n") if part.strip()]
