"""Is an alert the watch's own, and confirmed by a person? Answered from the log before it leaves the database.

A row alone proves nothing: whoever can write to the database can insert one. An alert counts if the log entry of its
step covers it and its decision; rows that were inserted beside them do not count, and do not hold up the watch's own. A
confirmation counts if its entry names the same person, time and note and the SHA-256 of the alert as it is; a release,
if as many different accounts confirmed as it needed. Every entry from that step to the newest is checked on the way.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from math import comb
from typing import Any

from sqlalchemy import Connection, Row, Table, select

from strandline.errors import InputError
from strandline.watch.store.audit.digests import HOUR_OF, digest_of
from strandline.watch.store.audit.log import FIRST_PREVIOUS, hash_of
from strandline.watch.store.records import AlertDraft
from strandline.watch.store.rows import alert_row
from strandline.watch.store.tables import alerts, confirmations, decisions, log, releases
from strandline.watch.store.verification.known_entries import KnownEntry

MOST_TRIALS = 5000
"""Most choices among the rows of an hour that are tried to find those that the log covers: four inserted beside 17."""


def doubt_of_alert(alert: Row, connection: Connection, head: KnownEntry | None, *, is_confirmed: bool) -> str | None:
    """Why an alert must not leave the database; ``None`` = it may.

    Args:
        head: an entry that the log must hold; ``None`` = unknown.
        is_confirmed: it is to leave as released by persons.
    """
    trail = _trail_from(alert.hour, connection, head)
    if trail.doubt is not None:
        return trail.doubt
    if alert.decision is None:
        return "it belongs to no decision"
    if alert not in _covered_rows(alerts, alert.hour, trail.step, connection):
        return "the log does not cover it as it is"
    decided = _covered_rows(decisions, alert.hour, trail.step, connection)
    if alert.decision not in [row.id for row in decided]:
        return "the log does not cover its decision as it is"
    try:
        derived = alert_row(AlertDraft(alert.xml.encode("utf-8"), alert.decision), alert.hour)
    except InputError as error:
        return error.what
    if derived != alert._asdict():
        return "its message states another identifier or status than its row"
    return _doubt_of_confirmations(alert, trail, connection) if is_confirmed else None


def confirmations_of(alert: Row, connection: Connection) -> list[Mapping[str, Any]]:
    """What the log holds of each confirmation of an alert as it is, oldest first; none where the log is in doubt."""
    digest, trail = _digest_of(alert), _trail_from(alert.hour, connection, None)
    if trail.doubt is not None:
        return []
    return [data for _, data in trail.confirmations[::-1]
            if data.get("subject") == alert.identifier and data.get("sha256") == digest]  # fmt: skip


def doubt_of_decision(decision: Row, connection: Connection) -> str | None:
    """Why a decision is not the watch's; ``None`` = it is."""
    trail = _trail_from(decision.hour, connection, None)
    if trail.doubt is not None:
        return trail.doubt
    is_covered = decision in _covered_rows(decisions, decision.hour, trail.step, connection)
    return None if is_covered else "the log does not cover it as it is"


@dataclass
class _Trail:
    """The log from the step of an hour to its newest entry."""

    step: Mapping[str, Any] = field(default_factory=dict)
    confirmations: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)
    releases: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)
    doubt: str | None = None


def _trail_from(hour: datetime, connection: Connection, head: KnownEntry | None) -> _Trail:
    trail, newer = _Trail(), None
    for entry in _backwards(connection):
        content = (entry.sequence, entry.time, entry.kind, entry.text, entry.data, entry.previous)
        if entry.hash != hash_of(*content) or (newer is not None and newer.previous != entry.hash):
            trail.doubt = f"entry {entry.sequence} of the log was changed"
        elif newer is not None and newer.sequence != entry.sequence + 1:
            trail.doubt = f"entry {entry.sequence + 1} of the log is missing"
        elif head is not None and head.sequence == entry.sequence and not head.matches(entry.hash):
            trail.doubt = f"entry {entry.sequence} of the log is not the known one"
        elif entry.sequence == 1 and entry.previous != FIRST_PREVIOUS:
            trail.doubt = "the log does not begin with its first entry"
        if trail.doubt is not None:
            return trail
        if entry.kind == "confirmation":
            trail.confirmations.append((entry.time, json.loads(entry.data)))
        elif entry.kind == "release":
            trail.releases.append((entry.time, json.loads(entry.data)))
        elif entry.kind == "step" and entry.time <= hour:
            if entry.time == hour:
                trail.step = json.loads(entry.data)
            break
        newer = entry
    if not trail.step:
        trail.doubt = "no step of the watch wrote it"
    return trail


def _backwards(connection: Connection) -> Iterator[Row]:
    rows = select(log).order_by(log.c.sequence.desc())
    yield from connection.execute(rows, execution_options={"yield_per": 100})


def _covered_rows(table: Table, hour: datetime, step: Mapping[str, Any], connection: Connection) -> list[Row]:
    """The rows of an hour that the step wrote, without those that were inserted later; none if one was changed."""
    rows = connection.execute(select(table).where(HOUR_OF[table] == hour)).all()
    digest = step.get(table.name)
    count = int(digest["rows"]) if digest else 0
    if not 0 < count <= len(rows) or comb(len(rows), count) > MOST_TRIALS:
        return []
    for chosen in combinations(rows, count):
        if digest_of(table, (row._asdict() for row in chosen)) == digest:
            return list(chosen)
    return []


def _doubt_of_confirmations(alert: Row, trail: _Trail, connection: Connection) -> str | None:
    digest = _digest_of(alert)
    logged = {
        (at, data.get("person"), data.get("note"))
        for at, data in trail.confirmations
        if data.get("subject") == alert.identifier and data.get("sha256") == digest
    }
    rows = connection.execute(select(confirmations).where(confirmations.c.alert == alert.identifier)).all()
    if not rows:
        return "nobody has confirmed it"
    forged = next((row for row in rows if (row.at, row.person, row.note) not in logged), None)
    if forged is not None:
        return f"the log holds no confirmation of it by {forged.person} at {forged.at}"
    return _doubt_of_release(alert, digest, trail, connection)


def _doubt_of_release(alert: Row, digest: str, trail: _Trail, connection: Connection) -> str | None:
    row = connection.execute(select(releases).where(releases.c.alert == alert.identifier)).first()
    if row is None:
        return "too few persons have confirmed it"
    of_alert = [data for _, data in trail.confirmations
                if data.get("subject") == alert.identifier and data.get("sha256") == digest]  # fmt: skip
    if any("account" not in data for data in of_alert):
        return None  # of a version in which one person released an alert
    accounts = {data["account"] for data in of_alert}
    for at, data in trail.releases:
        if (at, data.get("subject"), data.get("sha256"), data.get("needed")) == (
            row.at, alert.identifier, digest, row.needed,
        ):  # fmt: skip
            signed = set(data.get("accounts", ()))
            return (
                None if signed <= accounts and len(signed) >= row.needed >= 1 else "too few persons have confirmed it"
            )
    return "the log holds no release of it"


def _digest_of(alert: Row) -> str:
    return hashlib.sha256(alert.xml.encode("utf-8")).hexdigest()
