"""The log: a hash chain, in which each entry contains the hash of the one before."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select

from strandline.watch.store.database.engine import insert_rows
from strandline.watch.store.records import LogEntry
from strandline.watch.store.rows import RowValues
from strandline.watch.store.tables import log
from strandline.watch.store.verification.known_entries import KnownEntry

FIRST_PREVIOUS = 64 * "0"


@dataclass(frozen=True)
class Note:
    """An entry to be logged; ``data`` is canonical JSON."""

    time: datetime
    kind: str
    text: str
    data: str


def append(connection: Connection, notes: Iterable[Note]) -> KnownEntry:
    """Append to the last entry within the caller's transaction; returns the newest entry."""
    last = connection.execute(select(log.c.sequence, log.c.hash).order_by(log.c.sequence.desc()).limit(1)).first()
    before, previous = (0, FIRST_PREVIOUS) if last is None else (last.sequence, last.hash)
    rows: list[RowValues] = []
    for sequence, note in enumerate(notes, start=before + 1):
        own_hash = hash_of(sequence, note.time, note.kind, note.text, note.data, previous)
        rows.append({"sequence": sequence, **vars(note), "previous": previous, "hash": own_hash})
        previous = own_hash
    insert_rows(connection, log, rows)
    return KnownEntry(before + len(rows), previous)


def hash_of(sequence: int, time: datetime, kind: str, text: str, data: str, previous: str) -> str:
    """SHA-256 of the six values as a JSON list in ASCII without spaces, the time in ISO 8601."""
    content = json.dumps([sequence, time.isoformat(), kind, text, data, previous], separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def entry_of(row: Row) -> LogEntry:
    """The entry of a row of ``log``."""
    return LogEntry(row.sequence, row.time, row.kind, row.text, json.loads(row.data), row.previous, row.hash)
