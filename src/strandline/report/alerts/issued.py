"""Warnings that a person has issued: read them, and replace drafts by their updates and cancels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from strandline.errors import InputError
from strandline.report.alerts.cap import FloodWarning, Reference, read_cap
from strandline.report.alerts.drafts import MIN_DRAFT_PROBABILITY
from strandline.report.alerts.issuer import Issuer
from strandline.report.alerts.wording import withdraw

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
        texts=withdraw(old.texts, old.areas),
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
    """The message; its status is ignored, because the issuer may have changed it."""
    try:
        message = read_cap(path.read_bytes())
        if message.sender != issuer.sender:
            raise InputError("alert", f"{message.sender} sent it, not {issuer.sender}", "move it out of this folder")
    except (OSError, InputError) as error:
        raise InputError(path, f"is not a message of this program ({error})", "move it out of this folder") from error
    return message.content
