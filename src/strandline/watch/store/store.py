"""The store of the watch: written step by step, and readable meanwhile."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Self, cast

from sqlalchemy import Connection, Engine, select

from strandline.errors import InputError
from strandline.watch.clock import utc_now
from strandline.watch.store.audit import confirmations, messages, retention
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.audit.outbox import Outbox
from strandline.watch.store.database import schema
from strandline.watch.store.database.engine import make_engine, name_of, reading, writing
from strandline.watch.store.database.existence import describe_lost_store, trace_of_a_store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.locks import acting
from strandline.watch.store.errors import AlreadyDone, Damaged
from strandline.watch.store.readers import Readers
from strandline.watch.store.records import (
    Acknowledgement,
    Confirmation,
    Delivery,
    Json,
    LogEntry,
    Mode,
    Outcome,
    Outgoing,
    Sending,
    Signatory,
    StepRecord,
)
from strandline.watch.store.rows import canonical, naive_utc, plain_text, whole_hour
from strandline.watch.store.step import Step
from strandline.watch.store.tables import steps
from strandline.watch.store.verification.alert_files import ListedFiles
from strandline.watch.store.verification.chain import collect, verified_entries
from strandline.watch.store.verification.contents import verify_contents
from strandline.watch.store.verification.continuous import ContinuousVerification
from strandline.watch.store.verification.findings import Findings, Verification
from strandline.watch.store.verification.known_entries import KnownEntry
from strandline.watch.store.verification.times import refuse_wrong_clock
from strandline.watch.store.verification.verify import verify
from strandline.watch.store.verification.written import Written

_log = logging.getLogger(__name__)


class Store:
    """A database of the watch.

    Attributes:
        read: its readers.
        locations: of its file, its alerts and its known entries.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], code_version: str, locations: Locations) -> None:
        self._engine, self._clock, self._code_version = engine, clock, code_version
        self.read, self.locations = Readers(engine), locations
        self._verification = ContinuousVerification(engine, locations, clock)
        self._refused: set[tuple[str, str]] = set()

    @classmethod
    def open(
        cls,
        address: str | Path,
        clock: Callable[[], datetime] = utc_now,
        code_version: str | None = None,
        *,
        run: Path | None = None,
        create: bool = True,
    ) -> Self:
        """Open or create a store; creates or upgrades its schema.

        Args:
            address: path of an SQLite file, or a URL: ``sqlite:///PATH``, ``postgresql+pg8000://USER@HOST/NAME``.
            clock: naive UTC, for the times at which steps began and ended and files were written.
            code_version: logged with each step; ``None`` = the installed version of strandline.
            run: folder of a store on a server for its alerts and known entries; an SQLite store has them beside it.
            create: make a store where there is none.

        Raises:
            Damaged: it is missing or empty where a store was, or its pages are damaged.
            InputError: it cannot be opened, or another version wrote it.
        """
        locations = Locations.of(address, run)
        if (lost := describe_lost_store(locations)) is not None:
            raise Damaged(locations.name, lost)
        if not create and locations.file is not None and not locations.file.is_file():
            raise InputError(locations.name, "there is no such store", "start `strandline watch`, which creates it")
        engine = make_engine(address)
        try:
            schema.upgrade(engine, create=create, trace=trace_of_a_store(locations))
            return cls(engine, clock, version("strandline") if code_version is None else code_version, locations)
        except BaseException:
            engine.dispose()
            raise

    @classmethod
    def open_verified(cls, address: str | Path, run: Path, *, create: bool = True) -> tuple[Self, Path]:
        """Open the store of a run's watch and verify it; returns it with the folder of its alerts.

        Raises:
            Damaged: it is not what a watch wrote.
            InputError: as ``open``.
        """
        store = cls.open(address, run=run, create=create)
        alerts = store.locations.alerts or run / "watch-alerts"
        try:
            store.refuse_damage(alerts)
        except BaseException:
            store.close()
            raise
        return store, alerts

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def refuse_damage(self, alerts: Path) -> None:
        """Verify what is due, before each step of a watch.

        Everything at the first call and once a day; in between what is new in the log, the belief state, the names of
        the files in ``alerts`` and, about once an hour, the rows of the last hundred steps.

        Raises:
            Damaged: the store is not what the watch wrote.
            InputError: it cannot be read.
        """
        self._verification.run(alerts)

    def refuse_wrong_clock(self, hour: datetime) -> timedelta:
        """How far this machine's clock was set back since the last step; 0 = not noticeably.

        Args:
            hour: of the next step of a live watch.

        Raises:
            InputError: the hour is later than the clock.
            Damaged: the last step is later than the clock, or more than a year before it.
        """
        return refuse_wrong_clock(name_of(self._engine.url), self.read.newest_step(), hour, self._clock())

    @contextmanager
    def step(self, hour: datetime, *, is_live: bool = False) -> Iterator[Step]:
        """The step of an hour: committed as a whole when the block ends without an error, else not at all.

        Args:
            is_live: its readings are received now; else it is a replay, which has a clock of its own.

        Raises:
            Busy: another agent is in a step; raised at once.
            AlreadyDone: the step was committed before.
            InputError: the hour is not a whole one, is before a completed step or, of a live step, after the clock.
            Damaged: the store was moved away, or the last step is later than the clock of a live one.
        """
        hour, began = whole_hour(hour, "step"), self._clock()
        with acting(self._engine) as source:
            self._verification.refuse_another_file()
            with reading(source) as connection:
                self._refuse_done(hour, connection)
                set_back = self.refuse_wrong_clock(hour) if is_live else timedelta(0)
                self._refuse_the_past(hour, connection)
            step = Step(hour, source, began if is_live else None)
            if set_back:
                step.log_clock(set_back)
                _log.warning("this machine's clock was set back by %s since the last step", set_back)
            yield step
            with writing(source) as connection:
                self._refuse_done(hour, connection)
                self._refuse_the_past(hour, connection)
                entry = step.write(StepRecord(hour, began, self._clock(), self._code_version), connection)
            self._keep(entry)

    def _refuse_done(self, hour: datetime, connection: Connection) -> None:
        if connection.execute(select(steps.c.hour).where(steps.c.hour == hour)).first():
            raise AlreadyDone(name_of(self._engine.url), hour)

    def _refuse_the_past(self, hour: datetime, connection: Connection) -> None:
        later = connection.execute(select(steps.c.hour).where(steps.c.hour > hour).limit(1)).scalar()
        if later is not None:
            what = f"the step of {hour} comes after that of {later}"
            remedy = "give steps in ascending order; a missed hour is not made up for"
            raise InputError(name_of(self._engine.url), what, remedy)

    def _keep(self, entry: KnownEntry) -> None:
        """Keep a committed entry of the log outside the database; the commit counts even if that fails."""
        self._verification.committed = entry
        if self.locations.known_entries is not None:
            try:
                self.locations.known_entries.append(entry, self._clock())
            except InputError as error:
                _log.warning("%s", error)

    def confirm(self, subject: str, by: Signatory, note: str, at: datetime) -> Confirmation:
        """Append a named person's confirmation of a decision (its id) or an alert (its identifier).

        An alert is released by the confirmation that completes the persons needed.

        Raises:
            Damaged: the log does not show that the watch wrote the subject.
            InputError: no person is named, they may not confirm or have done so, or the subject does not exist.
        """
        confirmation = confirmations.checked(subject, by, note, at)
        self._verification.refuse_another_file()
        with writing(self._engine) as connection:
            entry = confirmations.add(confirmation, by, connection, self._verification.head)
        self._keep(entry)
        return confirmation

    def record(self, kind: Literal["account", "sign-in"], text: str, data: Mapping[str, Json], at: datetime) -> None:
        """Log a change of an account, or an attempt to sign that was refused.

        Raises:
            Damaged: the store was moved away.
            InputError: the data is no JSON.
        """
        self._verification.refuse_another_file()
        note = Note(naive_utc(at, kind), kind, plain_text(text, kind), canonical(dict(data), kind))
        with writing(self._engine) as connection:
            entry = append(connection, [note])
        self._keep(entry)

    def deliver(self, folder: Path) -> Delivery:
        """Write the committed alerts that are not yet in the folder, and refuse those that the log does not cover.

        An alert goes to ``drafts/IDENTIFIER.xml``, and to ``confirmed/IDENTIFIER.xml`` once persons have released it.
        To be called at the start of a program, after each step and after each confirmation. An alert that is refused
        holds up no other; the refusal is logged.

        Raises:
            Busy: another agent uses the store; it delivers the alerts.
            Damaged: the store was moved away.
            InputError: a file cannot be written.
        """
        with acting(self._engine) as source:
            self._verification.refuse_another_file()
            outbox = Outbox(folder, self._clock(), self._verification.head, self._keep)
            delivery = outbox.deliver(source, self._refused)
        for refused in delivery.refused:
            if (refused.identifier, refused.copy) not in self._refused:
                _log.warning("alert %r is not written to %s/: %s", refused.identifier, refused.copy, refused.why)
                self._refused.add((refused.identifier, refused.copy))
        return delivery

    def queue_messages(self, alert: str, mode: Mode, given: Sequence[Outgoing]) -> str | None:
        """Queue the messages of a released alert in one transaction, unless they are; returns why they must not be.

        Raises:
            Damaged: the store was moved away.
            InputError: a text cannot be stored.
        """
        self._verification.refuse_another_file()
        with writing(self._engine) as connection:
            entry = messages.queue(alert, mode, given, self._clock(), self._verification.head, connection)
        if isinstance(entry, KnownEntry):
            self._keep(entry)
        return entry if isinstance(entry, str) else None

    def note_attempt(self, sending: Sending, outcome: Outcome, detail: str = "") -> Sending:
        """Append what happened to a message, before and after it leaves; returns its new state.

        Raises:
            Damaged: the store was moved away.
            InputError: another program sends it too.
        """
        self._verification.refuse_another_file()
        with writing(self._engine) as connection:
            entry, after = messages.note_attempt(sending, outcome, detail, self._clock(), connection)
        self._keep(entry)
        return after

    def acknowledge(self, given: Acknowledgement) -> None:
        """Append that somebody has a released warning.

        Raises:
            Damaged: the store was moved away.
            InputError: no such alert was released, or nobody is named.
        """
        self._verification.refuse_another_file()
        with writing(self._engine) as connection:
            entry = messages.acknowledge(given, connection)
        self._keep(entry)

    @contextmanager
    def dispatching(self) -> Iterator[None]:
        """Be the one program that sends; steps and confirmations go on meanwhile.

        Raises:
            Busy: another one is.
        """
        with acting(self._engine, "dispatch"):
            yield

    def thin_forecasts(self, before: datetime, every_hours: int) -> int:
        """Remove forecasts made before ``before``, except at each ``every_hours``-th hour of a day; returns the rows.

        The removal is logged. Nothing else can be removed from a store.

        Raises:
            InputError: unless ``every_hours`` divides 24.
        """
        before = naive_utc(before, "before")
        return retention.thin_forecasts(before, every_hours, self._clock(), self._engine, self._keep)

    def verify(self, alerts: Path | None = None, known: Sequence[KnownEntry] = ()) -> Verification:
        """Verify everything; nothing is raised for damage.

        Args:
            alerts: folder of the alert files; ``None`` = they are not checked.
            known: entries of the log that were kept elsewhere.

        Raises:
            InputError: another version wrote it, or it cannot be reached.
        """
        files = None if alerts is None else ListedFiles.of(alerts)
        with reading(self._engine, snapshot=True) as connection:
            return verify(connection, self.locations.known_entries, files, known, self._clock())[0]

    def verify_log(self, known: LogEntry | None = None) -> LogEntry | None:
        """Check the chain from its first entry; returns the last one.

        Args:
            known: an entry that was kept elsewhere; without one, a log that was truncated together with its rows
                cannot be recognised.

        Raises:
            Damaged: names the first entry that does not match.
        """
        findings, last = Findings(), cast(LogEntry | None, None)
        kept = () if known is None else (KnownEntry(known.sequence, known.hash),)
        with reading(self._engine, snapshot=True) as connection:
            for entry in verified_entries(connection, findings, kept):
                last = entry
        self._raise_first(findings)
        return last

    def verify_contents(self) -> None:
        """Check every row against the log.

        Raises:
            Damaged: names the first table and hour that do not match.
        """
        findings, written = Findings(), Written()
        with reading(self._engine, snapshot=True) as connection:
            collect(verified_entries(connection, findings), findings, written)
            verify_contents(connection, written, findings)
        self._raise_first(findings)

    def _raise_first(self, findings: Findings) -> None:
        for first in findings:
            raise Damaged(name_of(self._engine.url), first.what)
