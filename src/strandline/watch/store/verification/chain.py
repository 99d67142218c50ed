"""Verification of the log: a hash chain, in which each entry contains the hash of the one before."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, select

from strandline.watch.store.audit.log import FIRST_PREVIOUS, hash_of
from strandline.watch.store.records import Json, LogEntry
from strandline.watch.store.tables import log
from strandline.watch.store.verification.findings import Findings
from strandline.watch.store.verification.known_entries import KnownEntry
from strandline.watch.store.verification.raw_rows import raw_rows
from strandline.watch.store.verification.written import Written

START = KnownEntry(0, FIRST_PREVIOUS)
"""What the first entry follows."""


def verified_entries(
    connection: Connection, findings: Findings, known: Iterable[KnownEntry] = (), after: KnownEntry = START
) -> Iterator[LogEntry]:
    """The entries after ``after``, each checked; those that were changed are found and left out.

    Args:
        known: entries kept outside the database, which the log must hold.
        after: a verified entry, which must still be there; with an empty hash, any entry may have this number.
    """
    expected: dict[int, list[KnownEntry]] = {}
    for one in known:
        expected.setdefault(one.sequence, []).append(one)
    last, is_linked = after, bool(after.hash)
    if after is not START:
        held = connection.execute(select(log.c.hash).where(log.c.sequence == after.sequence)).scalar()
        if held is None or not after.matches(str(held)):
            findings.add("log", f"entry {after.sequence}, verified before, is no longer in the log")
            is_linked = False
    time: datetime | None = None
    for sequence, iso, kind, text, data, previous, own_hash in raw_rows(
        connection, log, log.c.sequence > after.sequence
    ):
        number, time = cast(int, sequence), datetime.fromisoformat(cast(str, iso))
        if number != last.sequence + 1 or (is_linked and previous != last.hash):
            findings.add("log", f"log entry {number} does not follow entry {last.sequence}", time)
        is_linked = True
        last = KnownEntry(number, cast(str, own_hash))
        if own_hash != hash_of(number, time, cast(str, kind), cast(str, text), cast(str, data), cast(str, previous)):
            findings.add("log", f"log entry {number} was changed", time)
            continue
        for one in expected.pop(number, ()):
            if not one.matches(last.hash):
                findings.add("known entries", f"log entry {number} differs from the known entry", time)
        content: Mapping[str, Json] = json.loads(cast(str, data))
        yield LogEntry(number, time, cast(str, kind), cast(str, text), content, cast(str, previous), last.hash)
    missing = sorted(number for number in expected if number > last.sequence)
    if missing:
        findings.add("known entries", f"the log ends before the known entry {missing[-1]}: its end was cut off", time)


def collect(entries: Iterable[LogEntry], findings: Findings, written: Written) -> tuple[KnownEntry | None, int]:
    """Add the entries to ``written``; returns the last one and their number."""
    last, count = None, 0
    for entry in entries:
        last, count = KnownEntry(entry.sequence, entry.hash), count + 1
        try:
            written.add(entry)
        except (KeyError, TypeError, ValueError):
            findings.add("log", f"log entry {entry.sequence} does not hold what the watch logs", entry.time)
    return last, count
