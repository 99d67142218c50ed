"""The word of a named person, without which no alert leaves."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from strandline.errors import InputError
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.records import Confirmation
from strandline.watch.store.rows import canonical, naive_utc, plain_text
from strandline.watch.store.tables import alerts, confirmations, decisions


def checked(subject: str, person: str, note: str, at: datetime) -> Confirmation:
    """A confirmation that says who, of what and when.

    Raises:
        InputError: where it does not.
    """
    what = f"confirmation of {subject!r}"
    if not person.strip():
        raise InputError(what, "names nobody", "give the name of the person who confirms")
    return Confirmation(subject, plain_text(person.strip(), what), naive_utc(at, what), plain_text(note, what))


def add(confirmation: Confirmation, connection: Connection) -> None:
    """Append it, and to the log, within the caller's transaction.

    Raises:
        InputError: when there is no such decision or alert, or only later.
    """
    subject, row = confirmation.subject, dict(vars(confirmation))
    del row["subject"]
    alert = connection.execute(select(alerts).where(alerts.c.identifier == subject)).first()
    decision = connection.execute(select(decisions).where(decisions.c.id == subject)).first()
    found = alert if alert is not None else decision
    if found is None:
        raise InputError("confirmation", f"{subject!r} is neither an alert nor a decision", "see what is pending")
    if confirmation.at < found.hour:
        what = f"at {confirmation.at} is before {subject!r} of {found.hour}"
        raise InputError("confirmation", what, "give the time, in UTC, at which the person confirmed")
    last = connection.execute(select(func.max(confirmations.c.sequence))).scalar() or 0
    row |= {"sequence": last + 1, ("alert" if alert is not None else "decision"): subject}
    connection.execute(insert(confirmations).values(row))
    data = {"subject": subject, "person": confirmation.person, "note": confirmation.note}
    if alert is not None:
        data["sha256"] = hashlib.sha256(alert.xml.encode("utf-8")).hexdigest()
    text = f"{confirmation.person} confirms {subject}"
    append(connection, [Note(confirmation.at, "confirmation", text, canonical(data, "confirmation"))])
