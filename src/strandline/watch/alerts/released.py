"""A released warning, read back from its CAP message: everything that is sent says what the persons confirmed."""

from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

import pandas as pd

from strandline.errors import InputError
from strandline.report.alerts.cap import ACT_BEFORE, CALL, NAMESPACE
from strandline.report.alerts.wording import WarningText
from strandline.watch.store.records import Release

ALL_CLEAR = "AllClear"
_SHORT_CALLS = ("Evacuate", "Shelter", "Prepare", "Execute", "Avoid", "Monitor", "Late", "Receding", ALL_CLEAR)


@dataclass(frozen=True)
class ReleasedWarning:
    """One warning.

    Attributes:
        sender_name, contact: of the issuer.
        call: what people are asked for, a key of the short texts.
        act_before: naive UTC; ``None`` = at once.
        expires: naive UTC.
        replaces: identifiers of earlier messages.
        texts: one in each language.
        areas: names of the zones, or of the place.
        is_exercise: its status says so.
    """

    identifier: str
    xml: bytes
    sender: str
    sender_name: str
    contact: str | None
    call: str
    act_before: datetime | None
    expires: datetime
    replaces: tuple[str, ...]
    texts: tuple[WarningText, ...]
    areas: tuple[str, ...]
    is_exercise: bool
    release: Release

    def text_in(self, language: str | None) -> WarningText:
        """The text in a language (ISO 639-1), else the first."""
        wanted = (language or "").lower()
        return next((text for text in self.texts if text.language.split("-")[0].lower() == wanted), self.texts[0])


def read_warning(xml: bytes, release: Release) -> ReleasedWarning:
    """The warning of a CAP message that ``as_cap`` wrote.

    Raises:
        InputError: it is none, or has no text.
    """
    try:
        root = ElementTree.fromstring(xml)
        infos = root.findall(_name("info"))
        first = infos[0]
        parameters = {pair[0].text: pair[1].text for pair in first.iter(_name("parameter"))}
        response = _text(first, "responseType")
        call = ALL_CLEAR if _text(root, "msgType") == "Cancel" else (parameters.get(CALL) or response)
        return ReleasedWarning(
            identifier=_text(root, "identifier"),
            xml=xml,
            sender=_text(root, "sender"),
            sender_name=_text(first, "senderName"),
            contact=first.findtext(_name("contact")),
            call=call if call in _SHORT_CALLS else "Monitor",
            act_before=_time(parameters.get(ACT_BEFORE)),
            expires=_time(_text(first, "expires")) or datetime.max,
            replaces=tuple(one.split(",")[1] for one in root.findtext(_name("references"), "").split()),
            texts=tuple(
                WarningText(
                    *(_text(info, key) for key in ("language", "event", "headline", "description", "instruction"))
                )
                for info in infos
            ),
            areas=tuple(dict.fromkeys(_text(area, "areaDesc") for area in first.iter(_name("area")))),
            is_exercise=_text(root, "status") == "Exercise",
            release=release,
        )
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise InputError("alert", f"is no message of this program ({error})", "let a person send it by hand") from error


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"


def _text(parent: ElementTree.Element, element: str) -> str:
    found = parent.findtext(_name(element))
    if found is None:
        raise KeyError(f"it has no {element}")
    return found


def _time(text: str | None) -> datetime | None:
    return None if text is None else pd.Timestamp(text).tz_convert("UTC").tz_localize(None).to_pydatetime()
