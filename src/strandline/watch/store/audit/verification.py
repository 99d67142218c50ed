"""Verification of the log's hash chain, and of the tables against the log."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, Select, Table, select

from strandline.watch.store.audit.digests import HOUR_OF, Digest
from strandline.watch.store.audit.log import FIRST_PREVIOUS, entry_of, hash_of
from strandline.watch.store.database.engine import name_of, reading
from strandline.watch.store.errors import Tampered
from strandline.watch.store.records import Json, LogEntry
from strandline.watch.store.tables import belief_state, confirmations, forecasts, log, steps

AT_ONCE = 1000
"""Rows in memory at a time."""


def verify_log(engine: Engine, known: LogEntry | None) -> LogEntry | None:
    """See ``Store.verify_log``."""
    where, hours = name_of(engine.url), []
    last: LogEntry | None = None
    with reading(engine) as connection:
        for row in _all(connection, select(log).order_by(log.c.sequence)):
            sequence, previous = (1, FIRST_PREVIOUS) if last is None else (last.sequence + 1, last.hash)
            if (row.sequence, row.previous) != (sequence, previous):
                raise Tampered(where, f"log entry {row.sequence} does not follow entry {sequence - 1}")
            if row.hash != hash_of(row.sequence, row.time, row.kind, row.text, row.data, row.previous):
                raise Tampered(where, f"log entry {row.sequence} was changed")
            last = entry_of(row)
            if last.kind == "step":
                hours.append(last.time)
            if known is not None and known.sequence == last.sequence and known != last:
                raise Tampered(where, f"log entry {row.sequence} differs from the known entry")
        if known is not None and (last is None or last.sequence < known.sequence):
            raise Tampered(where, f"the log ends before the known entry {known.sequence}")
        if hours != [row.hour for row in _all(connection, select(steps).order_by(steps.c.hour))]:
            raise Tampered(where, "the completed steps do not match the log")
    return last


def verify_contents(engine: Engine) -> None:
    """See ``Store.verify_contents``."""
    where = name_of(engine.url)
    with reading(engine) as connection:
        logged: dict[Table, dict[datetime, Json]] = {table: {} for table in HOUR_OF}
        state, confirmed, thinned_before = None, [], datetime.min
        for entry in (entry_of(row) for row in _all(connection, select(log).order_by(log.c.sequence))):
            if entry.kind == "step":
                for table, of_table in logged.items():
                    of_table[entry.time] = entry.data[table.name]
                state = entry.data["belief_state"] or state
            elif entry.kind == "confirmation":
                confirmed.append((entry.data["subject"], entry.data["person"], entry.time, entry.data["note"]))
            elif entry.kind == "retention":
                thinned_before = max(thinned_before, datetime.fromisoformat(str(entry.data["before"])))
        for table, of_table in logged.items():
            found, nothing = _digests(connection, table), Digest(table).as_json()
            for hour in sorted(of_table.keys() | found.keys()):
                is_thinned = table is forecasts and hour < thinned_before and hour not in found
                if found.get(hour, nothing) != of_table.get(hour) and not is_thinned:
                    raise Tampered(where, f"{table.name} of {hour:%Y-%m-%dT%H:%M} do not match the log")
        rows = _all(connection, select(confirmations).order_by(confirmations.c.sequence))
        if [(row.alert or row.decision, row.person, row.at, row.note) for row in rows] != confirmed:
            raise Tampered(where, "the confirmations do not match the log")
        stored = connection.execute(select(belief_state.c.state)).scalar()
        if state != (None if stored is None else hashlib.sha256(stored).hexdigest()):
            raise Tampered(where, "the belief state does not match the log")


def _digests(connection: Connection, table: Table) -> dict[datetime, Json]:
    """Digests by the hour of the step, in one pass over the table."""
    digests: dict[datetime, Digest] = {}
    for row in _all(connection, select(table).order_by(*table.primary_key)):
        values = row._asdict()
        digests.setdefault(values[HOUR_OF[table].name], Digest(table)).add(values)
    return {hour: digest.as_json() for hour, digest in digests.items()}


def _all(connection: Connection, rows: Select) -> Iterator[Row]:
    yield from connection.execute(rows, execution_options={"yield_per": AT_ONCE})
