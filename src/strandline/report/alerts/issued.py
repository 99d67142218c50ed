"""Warnings that a person has issued: read them, and replace drafts by their updates and cancels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from strandline.errors import InputError
from strandline.report.alerts.area import Ring, WarnedArea
from strandline.report.alerts.cap import AT_LEAST, NAMESPACE, FloodWarning, Reference
from strandline.report.alerts.drafts import MIN_DRAFT_PROBABILITY
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import WarningText, withdraw

FOLDER = "issued"
"""Of ``alerts/``: a person who issues a draft moves it there. A run reads this folder and writes nothing into it."""
FORMER_FOLDER = "given"
"""Name of the folder in run folders of older versions."""


def follow_up_issued(
    drafts: Sequence[FloodWarning], issued_warnings: Sequence[FloodWarning], issuer: Issuer
) -> list[FloodWarning]:
    """Return the drafts, as updates where a warning on the same subject was issued, and cancels of warnings not due.

    A message with the identifier of an issued one is left out.
    """
    if not issued_warnings or not drafts:
        return list(drafts)
    issued = max(draft.issued for draft in drafts)
    due = [draft for draft in drafts if draft.probability >= MIN_DRAFT_PROBABILITY]
    known = {message.identifier for message in issued_warnings}
    return [message for message in follow_up(issued_warnings, due, issuer, issued) if message.identifier not in known]


def follow_up(
    issued_warnings: Sequence[FloodWarning], due_warnings: Sequence[FloodWarning], issuer: Issuer, issued: pd.Timestamp
) -> list[FloodWarning]:
    """Return an update for each issued warning that is still due, a cancel for each that is not, and new alerts.

    Args:
        issued_warnings: the last message about each subject; cancelled and expired ones are skipped.
        due_warnings: warnings of the newest forecast, as alerts.
        issued: issue time of the newest forecast, UTC.
    """
    open_warnings = {old.subject: old for old in issued_warnings if old.message != "Cancel" and old.expires > issued}
    due = {new.subject for new in due_warnings}
    messages = [
        replace(new, message="Update", replaces=(_reference_to(open_warnings[new.subject], issuer),))
        if new.subject in open_warnings
        else new
        for new in due_warnings
    ]
    return messages + [_cancel(old, issuer, issued) for subject, old in open_warnings.items() if subject not in due]


def _cancel(old: FloodWarning, issuer: Issuer, issued: pd.Timestamp) -> FloodWarning:
    return replace(
        old,
        identifier=f"{old.identifier}-cancelled-{issued:%Y%m%dT%H%M}",
        message="Cancel",
        replaces=(_reference_to(old, issuer),),
        response="AllClear",
        issued=issued,
        onset=max(old.onset, issued),
        probability=0.0,
        texts=withdraw(old.texts, tuple(area.name for area in old.areas)),
        is_lower_bound=False,
    )


def _reference_to(warning: FloodWarning, issuer: Issuer) -> Reference:
    return Reference(issuer.sender, warning.identifier, warning.issued)


def read_issued(alerts: Path, issuer: Issuer) -> list[FloodWarning]:
    """Return the last message about each subject in ``alerts/issued``; none where that folder does not exist.

    Raises:
        InputError: a file is not a message of this program, another sender sent it, or the folder has the name that
            older versions gave it.
    """
    if (alerts / FORMER_FOLDER).exists():
        raise InputError(alerts / FORMER_FOLDER, "has the name of an older version", f"rename it to '{FOLDER}'")
    last: dict[str, FloodWarning] = {}
    for path in sorted((alerts / FOLDER).glob("*.xml")):
        message = _read(path, issuer)
        if message.subject not in last or last[message.subject].issued < message.issued:
            last[message.subject] = message
    return list(last.values())


def _read(path: Path, issuer: Issuer) -> FloodWarning:
    try:
        root = ElementTree.parse(path).getroot()
        return _as_warning(root, issuer)
    except (OSError, ElementTree.ParseError, LookupError, ValueError, TypeError) as error:
        raise InputError(path, f"is not a message of this program ({error})", "move it out of this folder") from error


def _as_warning(root: ElementTree.Element, issuer: Issuer) -> FloodWarning:
    """Return the message that ``as_cap`` wrote; its status is ignored, because the issuer may have changed it."""
    if _text(root, "sender") != issuer.sender:
        raise ValueError(f"{_text(root, 'sender')} sent it, not {issuer.sender}")
    infos = root.findall(_name("info"))
    info = infos[0]
    parameters = {pair[0].text or "": pair[1].text or "" for pair in info.iter(_name("parameter"))}
    references = root.findtext(_name("references"))
    return FloodWarning(
        identifier=_text(root, "identifier"),
        message=_text(root, "msgType"),  # type: ignore[arg-type]
        issued=_time(_text(root, "sent")),
        onset=_time(_text(info, "onset")),
        expires=_time(_text(info, "expires")),
        response=_text(info, "responseType"),  # type: ignore[arg-type]
        texts=tuple(
            WarningText(*(_text(each, key) for key in ("language", "event", "headline", "description", "instruction")))
            for each in infos
        ),
        areas=tuple(
            WarnedArea(_text(area, "areaDesc"), tuple(_ring(ring.text or "") for ring in area.iter(_name("polygon"))))
            for area in info.iter(_name("area"))
        ),
        subject=parameters.pop("subject"),
        probability=float(parameters.pop("probability")),
        is_lower_bound=parameters.pop("probabilityIs") == AT_LEAST,
        return_period=float(parameters.pop("returnPeriod")),
        provenance=parameters.pop("provenance"),  # type: ignore[arg-type]
        parameters=tuple(parameters.items()),
        replaces=() if references is None else tuple(_reference(one) for one in references.split()),
    )


def _name(element: str) -> str:
    return f"{{{NAMESPACE}}}{element}"


def _text(parent: ElementTree.Element, element: str) -> str:
    found = parent.findtext(_name(element))
    if found is None:
        raise KeyError(f"it has no {element}")
    return found


def _time(text: str) -> pd.Timestamp:
    time = pd.Timestamp(text)
    if time.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return time.tz_convert(None)


def _ring(text: str) -> Ring:
    points = (pair.split(",") for pair in text.split())
    return tuple((float(latitude), float(longitude)) for latitude, longitude in points)


def _reference(text: str) -> Reference:
    sender, identifier, sent = text.split(",")
    return Reference(sender, identifier, _time(sent))
