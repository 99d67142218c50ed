"""Confirmations by named persons, and releases; no alert is sent before enough persons have confirmed it."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from sqlalchemy import Connection, func, insert, select

from strandline.errors import InputError
from strandline.report.alerts.cap import NAMESPACE, provenance_in
from strandline.report.alerts.issuer import NOBODY
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.audit.provenance import confirmations_of, doubt_of_alert, doubt_of_decision
from strandline.watch.store.database.engine import name_of
from strandline.watch.store.errors import Damaged
from strandline.watch.store.records import RELEASING, Confirmation, Json, Signatory
from strandline.watch.store.rows import canonical, naive_utc, plain_text
from strandline.watch.store.tables import alerts, confirmations, decisions, releases
from strandline.watch.store.verification.known_entries import KnownEntry


def checked(subject: str, by: Signatory, note: str, at: datetime) -> Confirmation:
    """The confirmation, if it states who, what and when, and whoever it is may do so.

    Raises:
        InputError: it does not, or they may not.
    """
    what = f"confirmation of {subject!r}"
    if not by.name.strip() or not by.account.strip():
        raise InputError(what, "names no person", "give the account of the person who confirms")
    if by.role not in RELEASING:
        raise InputError(what, f"the role of {by.name} is {by.role}", "let a duty officer confirm")
    if by.persons_needed < 1:
        raise InputError(what, f"is to be released by {by.persons_needed} persons", "one person or more")
    return Confirmation(subject, plain_text(by.name.strip(), what), naive_utc(at, what), plain_text(note, what))


def add(confirmation: Confirmation, by: Signatory, connection: Connection, head: KnownEntry | None) -> KnownEntry:
    """Append a confirmation and its log entry within the caller's transaction; returns the newest entry.

    The one that completes the persons needed releases the alert in the same transaction.

    Args:
        head: a verified entry of the log; ``None`` = unknown.

    Raises:
        Damaged: the alert or the decision is not the watch's own.
        InputError: there is no such decision or alert, it is later than the confirmation, an alert of a real place
            names no issuer, or this person has confirmed the alert before.
    """
    subject, row = confirmation.subject, dict(vars(confirmation))
    del row["subject"]
    alert = connection.execute(select(alerts).where(alerts.c.identifier == subject)).first()
    decision = connection.execute(select(decisions).where(decisions.c.id == subject)).first()
    found = alert if alert is not None else decision
    if found is None:
        raise InputError(
            "confirmation", f"{subject!r} is neither an alert nor a decision", "choose one that is pending"
        )
    if confirmation.at < found.hour:
        what = f"at {confirmation.at} is before {subject!r} of {found.hour}"
        raise InputError("confirmation", what, "give the time, in UTC, at which the person confirmed")
    if alert is not None:
        doubt = doubt_of_alert(alert, connection, head, is_confirmed=False)
    else:
        doubt = doubt_of_decision(found, connection)
    if doubt is not None:
        raise Damaged(name_of(connection.engine.url), f"{subject!r} is not of the watch: {doubt}")
    earlier: list[Mapping[str, Any]] = []
    if alert is not None:
        _refuse_without_issuer(subject, alert.xml)
        earlier = confirmations_of(alert, connection)
        _refuse_the_same_person(subject, by, earlier)
    last = connection.execute(select(func.max(confirmations.c.sequence))).scalar() or 0
    row |= {"sequence": last + 1, ("alert" if alert is not None else "decision"): subject}
    connection.execute(insert(confirmations).values(row))
    data: dict[str, Json] = {
        "subject": subject, "person": confirmation.person, "note": confirmation.note, "account": by.account,
        "role": by.role,
    }  # fmt: skip
    text = f"{confirmation.person} confirms {subject}"
    if alert is None:
        return append(connection, [Note(confirmation.at, "confirmation", text, canonical(data, "confirmation"))])
    data |= {"sha256": hashlib.sha256(alert.xml.encode("utf-8")).hexdigest(), "needed": by.persons_needed}
    notes = [Note(confirmation.at, "confirmation", text, canonical(data, "confirmation"))]
    released = connection.execute(select(releases.c.alert).where(releases.c.alert == subject)).first() is not None
    if not released and (note := _release(subject, confirmation.at, [*earlier, data], connection)) is not None:
        notes.append(note)
    return append(connection, notes)


def _release(identifier: str, at: datetime, given: Sequence[Mapping[str, Any]], connection: Connection) -> Note | None:
    """Insert the release of an alert that enough persons have confirmed; ``None`` = it waits for another one.

    The strictest number that one of the confirmations asked for counts: a rule that is relaxed in between relaxes
    nothing that has begun.
    """
    needed = max(int(one["needed"]) for one in given)
    if len(given) < needed:
        return None
    persons = tuple(str(one["person"]) for one in given)
    alone = " alone: this place has one officer" if needed == 1 else ""
    text = f"{' and '.join(persons)} release{'s' if len(persons) == 1 else ''} {identifier}{alone}"
    data: dict[str, Json] = {
        "subject": identifier, "sha256": given[-1]["sha256"], "needed": needed, "persons": persons,
        "accounts": [str(one["account"]) for one in given],
    }  # fmt: skip
    row = {"alert": identifier, "at": at, "needed": needed, "persons": canonical(persons, "release")}
    connection.execute(insert(releases).values(row))
    return Note(at, "release", text, canonical(data, "release"))


def _refuse_the_same_person(identifier: str, by: Signatory, earlier: Sequence[Mapping[str, Any]]) -> None:
    def same(name: object) -> str:
        return " ".join(str(name).casefold().split())

    if any(same(by.name) == same(one["person"]) or by.account == one.get("account") for one in earlier):
        what = f"{by.name} has confirmed it already"
        raise InputError(f"confirmation of {identifier!r}", what, "a warning is released by different persons")


def _refuse_without_issuer(identifier: str, xml: str) -> None:
    """Refuse an alert of a real place that no authority issues, in a replay too: practice has to show what is missing.

    The built-in delta has no region file, and its messages are exercises.
    """
    message = ElementTree.fromstring(xml)
    if message.findtext(f"{{{NAMESPACE}}}sender") == NOBODY and provenance_in(message) != "simulated":
        raise InputError(
            f"confirmation of {identifier!r}",
            "the alert names no issuer, so nobody would answer for it",
            "add 'sender' and 'sender_name' to [warnings] in the region file and start the watch again: at its next"
            " step it drafts the alert anew; until then warn people by other means",
        )
