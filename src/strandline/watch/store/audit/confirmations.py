"""Confirmations by a named person; no alert is sent without one."""

import hashlib
from datetime import datetime
from xml.etree import ElementTree

from sqlalchemy import Connection, func, insert, select

from strandline.errors import InputError
from strandline.report.alerts.cap import NAMESPACE, provenance_in
from strandline.report.alerts.issuer import NOBODY
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.audit.provenance import doubt_of_alert, doubt_of_decision
from strandline.watch.store.database.engine import name_of
from strandline.watch.store.errors import Damaged
from strandline.watch.store.records import Confirmation
from strandline.watch.store.rows import canonical, naive_utc, plain_text
from strandline.watch.store.tables import alerts, confirmations, decisions
from strandline.watch.store.verification.known_entries import KnownEntry


def checked(subject: str, person: str, note: str, at: datetime) -> Confirmation:
    """The confirmation, if it states who, what and when.

    Raises:
        InputError: it does not.
    """
    what = f"confirmation of {subject!r}"
    if not person.strip():
        raise InputError(what, "names no person", "give the name of the person who confirms")
    return Confirmation(subject, plain_text(person.strip(), what), naive_utc(at, what), plain_text(note, what))


def add(confirmation: Confirmation, connection: Connection, head: KnownEntry | None) -> KnownEntry:
    """Append a confirmation and its log entry within the caller's transaction; returns the entry.

    Args:
        head: a verified entry of the log; ``None`` = unknown.

    Raises:
        Damaged: the alert or the decision is not the watch's own.
        InputError: there is no such decision or alert, it is later than the confirmation, or an alert of a real place
            names no issuer.
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
    if alert is not None:
        _refuse_without_issuer(subject, alert.xml)
    last = connection.execute(select(func.max(confirmations.c.sequence))).scalar() or 0
    row |= {"sequence": last + 1, ("alert" if alert is not None else "decision"): subject}
    connection.execute(insert(confirmations).values(row))
    data = {"subject": subject, "person": confirmation.person, "note": confirmation.note}
    if alert is not None:
        data["sha256"] = hashlib.sha256(alert.xml.encode("utf-8")).hexdigest()
    text = f"{confirmation.person} confirms {subject}"
    return append(connection, [Note(confirmation.at, "confirmation", text, canonical(data, "confirmation"))])


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
