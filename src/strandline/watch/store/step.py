"""One step of the watch: its writes are collected and committed together."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Table, delete, insert, select

from strandline.errors import InputError
from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store.audit.digests import HOUR_OF, digest_of
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.database.engine import insert_rows, reading
from strandline.watch.store.records import AlertDraft, Json, StepRecord
from strandline.watch.store.revisions import Kind, Revisions, identity, known_readings
from strandline.watch.store.rows import (
    RowValues,
    alert_row,
    canonical,
    checked_reading,
    decision_id,
    decision_row,
    forecast_row,
    health_row,
    naive_utc,
    plain_text,
    reading_row,
    record_of,
)
from strandline.watch.store.tables import alerts, belief_state, decisions, forecasts, health, readings, steps
from strandline.watch.store.verification.known_entries import KnownEntry

OWN_KINDS = (
    "step", "confirmation", "release", "dispatch", "attempt", "acknowledgement", "retention", "delivery", "refusal",
    "clock", "account", "sign-in",
)  # fmt: skip
"""Kinds of log entries that only the store writes."""


class Step:
    """The reads and writes of one step; created by ``Store.step``.

    Attributes:
        hour: naive UTC.
        receipt: when its readings are received, naive UTC; ``None`` = a replay, which has a clock of its own.
    """

    def __init__(self, hour: datetime, source: Engine | Connection, receipt: datetime | None = None) -> None:
        self.hour, self.receipt = hour, receipt
        self._source = source
        self._revisions = Revisions()
        self._rows: dict[Table, list[RowValues]] = {table: [] for table in HOUR_OF}
        self._state: bytes | None = None
        self._notes: list[Note] = []

    def add_readings(self, given: Iterable[Reading]) -> int:
        """Add readings; returns the number of new ones (``Revisions``).

        Those issued later than their receipt, by more than ``CLOCK_TOLERANCE``, are bad: a clock is wrong.

        Raises:
            InputError: a value is not finite, or a time has a zone.
        """
        checked, before = [self._received(checked_reading(one)) for one in given], len(self._revisions.new)
        if checked:
            with reading(self._source) as connection:
                self._revisions.add(checked, connection)
        return len(self._revisions.new) - before

    def _received(self, one: Reading) -> Reading:
        is_late = self.receipt is not None and one.issued > self.receipt + CLOCK_TOLERANCE
        return replace(one, quality="bad") if is_late and one.quality != "bad" else one

    def readings(
        self, since: datetime, until: datetime | None = None, kind: Kind = "all", variables: Sequence[str] = ()
    ) -> list[Reading]:
        """Readings for ``since`` to ``until``, inclusive, known at this hour: by time, newest revision last.

        Args:
            variables: that are wanted; empty = all.
        """
        since, until = naive_utc(since, "since"), None if until is None else naive_utc(until, "until")
        with reading(self._source) as connection:
            rows = connection.execute(known_readings(since, until, self.hour, kind, variables)).all()
        known = [(record_of(Reading, row), row.revision) for row in rows]
        known += [
            (new, _)
            for new, _ in self._revisions.new
            if since <= new.time
            and (until is None or new.time <= until)
            and (kind == "all" or (kind == "forecast") == (new.issued < new.time))
            and (not variables or new.variable in variables)
        ]
        known.sort(key=lambda one: (identity(one[0]), one[1]))
        return [one for one, _ in known]

    def belief_state(self) -> bytes | None:
        """The state last given to ``put_belief_state``, in this step or an earlier one."""
        if self._state is not None:
            return self._state
        with reading(self._source) as connection:
            return connection.execute(select(belief_state.c.state)).scalar()

    def put_belief_state(self, state: bytes) -> None:
        """Replace the belief state; equal states should be equal bytes, since the log contains its digest."""
        self._state = bytes(state)

    def add_health(self, streams: Iterable[Health]) -> None:
        """Add the health of each stream at this hour."""
        self._add(health, (health_row(one, self.hour) for one in streams))

    def add_forecast(self, rows: Iterable[ForecastRow]) -> None:
        """Add the forecast of this hour: one row for each variable, zone and time."""
        self._add(forecasts, (forecast_row(row, self.hour) for row in rows))

    def add_decisions(self, given: Iterable[Decision]) -> list[str]:
        """Add the decisions of this hour, the most urgent first; returns their ids.

        Raises:
            InputError: a decision is of another hour.
        """
        first = len(self._rows[decisions])
        self._add(decisions, (decision_row(one, self.hour, rank) for rank, one in enumerate(given, start=first)))
        return [decision_id(self.hour, rank) for rank in range(first, len(self._rows[decisions]))]

    def add_alerts(self, drafts: Iterable[AlertDraft]) -> list[str]:
        """Add alerts for a person to confirm; returns their identifiers.

        Raises:
            InputError: an alert is no draft, exists already, or belongs to an unknown decision.
        """
        rows = [alert_row(draft, self.hour) for draft in drafts]
        with reading(self._source) as connection:
            for row in rows:
                self._refuse_unknown_decision(row, connection)
                if connection.execute(select(alerts.c.hour).where(alerts.c.identifier == row["identifier"])).first():
                    raise InputError(f"alert {row['identifier']!r}", "exists already", "use each identifier once")
        self._add(alerts, rows)
        return [str(row["identifier"]) for row in rows]

    def _refuse_unknown_decision(self, alert: RowValues, connection: Connection) -> None:
        decision = alert["decision"]
        if any(row["id"] == decision for row in self._rows[decisions]):
            return
        if connection.execute(select(decisions.c.id).where(decisions.c.id == decision)).first() is None:
            what = "belongs to no decision" if decision is None else f"belongs to the unknown decision {decision!r}"
            raise InputError(
                f"alert {alert['identifier']!r}", what, "add decisions first, and give the id of one of them"
            )

    def log(self, kind: str, message: str, data: Mapping[str, Json] | None = None) -> None:
        """Add a log entry: a plain sentence, with data for machines.

        Raises:
            InputError: the kind is reserved for the store, or the data is not JSON.
        """
        if kind in OWN_KINDS:
            raise InputError("log", f"the kind {kind!r} is reserved for the store", "choose another kind")
        what = f"log entry {kind!r}"
        self._note(plain_text(kind, what), plain_text(message, what), canonical(data or {}, what))

    def log_clock(self, set_back: timedelta) -> None:
        """Log that this machine's clock was set back since the last step."""
        hours = set_back / timedelta(hours=1)
        self._note("clock", f"this machine's clock was set back by {hours:.1f} h since the last step", "{}")

    def _note(self, kind: str, message: str, data: str) -> None:
        self._notes.append(Note(self.hour, kind, message, data))

    def _add(self, table: Table, rows: Iterable[RowValues]) -> None:
        """Collect rows.

        Raises:
            InputError: two rows have the same key.
        """
        key = [column.name for column in table.primary_key]
        present = {tuple(row[name] for name in key) for row in self._rows[table]}
        for row in rows:
            name = tuple(row[name] for name in key)
            if name in present:
                what = f"{', '.join(str(part) for part in name)} is given twice"
                raise InputError(f"step of {self.hour}, {table.name}", what, "give it once")
            present.add(name)
            self._rows[table].append(row)

    def write(self, record: StepRecord, connection: Connection) -> KnownEntry:
        """Write everything within the caller's transaction; the last log entry contains the digests of all rows.

        Returns that entry.
        """
        rows = self._rows | {readings: [reading_row(new, revision, self.hour) for new, revision in self._revisions.new]}
        for table, values in rows.items():
            insert_rows(connection, table, values)
        if self._state is not None:
            connection.execute(delete(belief_state))
            connection.execute(insert(belief_state).values(id=1, hour=self.hour, state=self._state))
        connection.execute(insert(steps).values(**vars(record)))
        return append(connection, [*self._notes, self._summary(rows, record)])

    def _summary(self, rows: Mapping[Table, list[RowValues]], record: StepRecord) -> Note:
        text = ", ".join(f"{len(values)} {table.name}" for table, values in rows.items())
        data: dict[str, Json] = {table.name: digest_of(table, values) for table, values in rows.items()}
        data["belief_state"] = None if self._state is None else hashlib.sha256(self._state).hexdigest()
        data["steps"] = digest_of(steps, [vars(record)])
        earliest = min((new.time for new, _ in self._revisions.new), default=None)
        data["earliest_reading"] = None if earliest is None else earliest.isoformat()
        data["receipt"] = None if self.receipt is None else self.receipt.isoformat()
        data["code_version"] = record.code_version
        return Note(self.hour, "step", text, canonical(data, "step"))
