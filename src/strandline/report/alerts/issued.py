"""Warnings that a person has issued: read them, and replace drafts by their updates and cancels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

from strandline.errors import InputError
from strandline.report.alerts.cap import NAMESPACE, FloodWarning, Reference, follow_up
from strandline.report.alerts.drafts import MIN_DRAFT_PROBABILITY
from strandline.report.findings import Issuer

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
    except (OSError, ElementTree.ParseError, KeyError, ValueError) as error:
        raise InputError(path, f"is not a message of this program ({error})", "move it out of this folder") from error


def _as_warning(root: ElementTree.Element, issuer: Issuer) -> FloodWarning:
    """Return the message that ``as_cap`` wrote; its status is ignored, because the issuer may have changed it."""

    def text(name: str) -> str:
        found = root.find(f".//{{{NAMESPACE}}}{name}")
        if found is None or found.text is None:
            raise KeyError(f"it has no {name}")
        return found.text

    if text("sender") != issuer.sender:
        raise ValueError(f"{text('sender')} sent it, not {issuer.sender}")
    parameters = {pair[0].text or "": pair[1].text or "" for pair in root.iter(f"{{{NAMESPACE}}}parameter")}
    read: dict[str, Any] = {name: text(name) for name in ("identifier", "event", "headline", "description")}
    read |= {"instruction": text("instruction"), "response": text("responseType"), "area": text("areaDesc")}
    references = root.findtext(f"{{{NAMESPACE}}}references")
    return FloodWarning(
        **read,
        message=text("msgType"),  # type: ignore[arg-type]
        issued=_time(text("sent")),
        onset=_time(text("onset")),
        expires=_time(text("expires")),
        polygon=tuple(_point(pair) for pair in text("polygon").split()),
        subject=parameters.pop("subject"),
        probability=float(parameters.pop("probability")),
        return_period=float(parameters.pop("returnPeriod")),
        provenance=parameters["provenance"],  # type: ignore[arg-type]
        parameters=tuple(parameters.items()),
        replaces=() if references is None else tuple(_reference(one) for one in references.split()),
    )


def _time(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).tz_convert(None)


def _point(pair: str) -> tuple[float, float]:
    latitude, longitude = pair.split(",")
    return float(latitude), float(longitude)


def _reference(text: str) -> Reference:
    sender, identifier, sent = text.split(",")
    return Reference(sender, identifier, _time(sent))
