"""Messages of released alerts in the store: queued once, every attempt kept, acknowledged. All of it is logged.

A message has its state in rows that are only appended: queued, then *begun* before it leaves this machine, then
*accepted*, *failed* (to be tried again) or *refused* (never again). Each state and its log entry are one transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select

from strandline.errors import InputError
from strandline.watch.store.audit.digests import digest_of
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.audit.provenance import doubt_of_alert
from strandline.watch.store.records import DONE, Acknowledgement, Json, Mode, Outcome, Outgoing, Sending
from strandline.watch.store.rows import canonical, naive_utc, plain_text
from strandline.watch.store.tables import acknowledgements, alerts, attempts, dispatches, messages, releases
from strandline.watch.store.verification.known_entries import KnownEntry


def not_queued(connection: Connection) -> list[str]:
    """Identifiers of released alerts whose messages are not queued, oldest first."""
    queued = select(dispatches.c.alert).where(dispatches.c.alert == releases.c.alert).exists()
    rows = select(releases.c.alert).where(~queued).order_by(releases.c.at, releases.c.alert)
    return list(connection.execute(rows).scalars())


def queue(
    alert: str, mode: Mode, given: Sequence[Outgoing], at: datetime, head: KnownEntry | None, connection: Connection
) -> KnownEntry | str | None:
    """Queue the messages of an alert, all at once and only once; returns the log entry.

    Returns ``None`` if they were queued before, and why they must not be if the alert is not the watch's own, or not
    released.

    Raises:
        InputError: a text cannot be stored.
    """
    if connection.execute(select(dispatches.c.alert).where(dispatches.c.alert == alert)).first():
        return None
    row = connection.execute(select(alerts).where(alerts.c.identifier == alert)).one()
    if (doubt := doubt_of_alert(row, connection, head, is_confirmed=True)) is not None:
        return doubt
    rows = [{name: plain_text(value, f"message {one.key!r}") for name, value in vars(one).items()} for one in given]
    connection.execute(insert(dispatches).values(alert=alert, at=at, mode=mode))
    for values in rows:
        connection.execute(insert(messages).values(values))
    data: dict[str, Json] = {"alert": alert, "mode": mode, "messages": digest_of(messages, rows)}
    text = f"{len(rows)} messages of {alert} are queued ({mode.replace('_', ' ')})"
    return append(connection, [Note(at, "dispatch", text, canonical(data, "dispatch"))])


def note_attempt(
    sending: Sending, outcome: Outcome, detail: str, at: datetime, connection: Connection
) -> tuple[KnownEntry, Sending]:
    """Append what happened to a message; returns the log entry and the new state.

    Raises:
        InputError: another program has appended something meanwhile.
    """
    message, number = sending.message, sending.attempts + 1
    newest = select(func.max(attempts.c.number)).where(attempts.c.message == message.key)
    if (connection.execute(newest).scalar() or 0) != sending.attempts:
        raise InputError(f"message {message.key}", "another program sends it too", "run one `strandline dispatch`")
    row: dict[str, Json] = {"message": message.key, "number": number, "outcome": outcome, "detail": detail}
    connection.execute(insert(attempts).values(**row, at=at))
    text = f"{message.format} of {message.alert} to {message.recipient}: {outcome}{f' ({detail})' if detail else ''}"
    entry = append(connection, [Note(at, "attempt", text, canonical(row, "attempt"))])
    tries = sending.tries + (outcome == "begun")
    return entry, Sending(message, sending.mode, number, outcome, at, tries, detail)


def sendings(connection: Connection, alert: str | None = None, *, unfinished: bool = False) -> list[Sending]:
    """All messages, or those of an alert, with how far they are; oldest first.

    Args:
        unfinished: those alone with which something is still to be done.
    """
    newest = (
        select(attempts.c.message, func.max(attempts.c.number).label("number")).group_by(attempts.c.message).subquery()
    )
    tries = (
        select(attempts.c.message, func.count().label("tries"))
        .where(attempts.c.outcome == "begun")
        .group_by(attempts.c.message)
        .subquery()
    )
    last = attempts.alias()
    rows = (
        select(messages, dispatches.c.mode, dispatches.c.at.label("queued"), last.c.number, last.c.outcome,
               last.c.at.label("tried"), last.c.detail, tries.c.tries)
        .join(dispatches, dispatches.c.alert == messages.c.alert)
        .outerjoin(newest, newest.c.message == messages.c.key)
        .outerjoin(last, (last.c.message == newest.c.message) & (last.c.number == newest.c.number))
        .outerjoin(tries, tries.c.message == messages.c.key)
        .order_by(dispatches.c.at, messages.c.alert, messages.c.recipient, messages.c.key)
    )  # fmt: skip
    if alert is not None:
        rows = rows.where(messages.c.alert == alert)
    if unfinished:
        rows = rows.where(or_(last.c.outcome.is_(None), last.c.outcome.not_in(DONE)))
    names = [column.name for column in messages.columns]
    return [
        Sending(Outgoing(**{name: getattr(row, name) for name in names}), row.mode, row.number or 0, row.outcome,
                row.tried or row.queued, row.tries or 0, row.detail or "")
        for row in connection.execute(rows)
    ]  # fmt: skip


def acknowledge(given: Acknowledgement, connection: Connection) -> KnownEntry:
    """Append an acknowledgement.

    Raises:
        InputError: no such alert was released, or nobody is named.
    """
    what = f"acknowledgement of {given.alert!r}"
    for name in ("recipient", "person", "note"):
        plain_text(getattr(given, name), what)
    if not given.recipient.strip() or not given.person.strip():
        raise InputError(what, "names nobody", "say who has the warning")
    if connection.execute(select(releases.c.alert).where(releases.c.alert == given.alert)).first() is None:
        raise InputError(what, "no such warning was released", "give the identifier of a released one")
    last = connection.execute(select(func.max(acknowledgements.c.sequence))).scalar() or 0
    row = vars(given) | {"sequence": last + 1, "at": naive_utc(given.at, what)}
    connection.execute(insert(acknowledgements).values(row))
    data: dict[str, Json] = {name: getattr(given, name) for name in ("alert", "recipient", "person", "note")}
    text = f"{given.recipient} has {given.alert}, says {given.person}"
    return append(connection, [Note(given.at, "acknowledgement", text, canonical(data, "acknowledgement"))])


def acknowledged(connection: Connection, alert: str | None = None) -> list[Acknowledgement]:
    """All acknowledgements, or those of an alert, oldest first."""
    rows = select(acknowledgements).order_by(acknowledgements.c.sequence)
    if alert is not None:
        rows = rows.where(acknowledgements.c.alert == alert)
    return [Acknowledgement(row.alert, row.recipient, row.person, row.at, row.note) for row in connection.execute(rows)]
