"""The store of the watch: written step by step, and readable meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, select

from strandline.errors import InputError
from strandline.watch.clock import utc_now
from strandline.watch.store.audit import confirmations, outbox, retention, verification
from strandline.watch.store.database import schema
from strandline.watch.store.database.engine import make_engine, name_of, reading, writing
from strandline.watch.store.database.locks import acting
from strandline.watch.store.errors import AlreadyDone
from strandline.watch.store.readers import Readers
from strandline.watch.store.records import Confirmation, LogEntry, StepRecord
from strandline.watch.store.rows import naive_utc, whole_hour
from strandline.watch.store.step import Step
from strandline.watch.store.tables import steps


class Store:
    """A database of the watch.

    Attributes:
        read: its readers.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], code_version: str) -> None:
        self._engine, self._clock, self._code_version = engine, clock, code_version
        self.read = Readers(engine)

    @classmethod
    def open(
        cls, address: str | Path, clock: Callable[[], datetime] = utc_now, code_version: str | None = None
    ) -> Self:
        """Open or create a store; creates or upgrades its schema.

        Args:
            address: path of an SQLite file, or a URL: ``sqlite:///PATH``, ``postgresql+pg8000://USER@HOST/NAME``.
            clock: naive UTC, for the times at which steps began and ended and files were written.
            code_version: logged with each step; ``None`` = the installed version of strandline.

        Raises:
            InputError: it cannot be opened, or another version wrote it.
        """
        engine = make_engine(address)
        try:
            schema.upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock, version("strandline") if code_version is None else code_version)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def step(self, hour: datetime) -> Iterator[Step]:
        """The step of an hour: committed as a whole when the block ends without an error, else not at all.

        Raises:
            Busy: another agent is in a step; raised at once.
            AlreadyDone: the step was committed before.
            InputError: the hour is not a whole one, or is before a completed step.
        """
        hour, began = whole_hour(hour, "step"), self._clock()
        with acting(self._engine) as source:
            with reading(source) as connection:
                self._refuse_the_past(hour, connection)
            step = Step(hour, source)
            yield step
            with writing(source) as connection:
                self._refuse_the_past(hour, connection)
                step.write(StepRecord(hour, began, self._clock(), self._code_version), connection)

    def _refuse_the_past(self, hour: datetime, connection: Connection) -> None:
        where = name_of(self._engine.url)
        if connection.execute(select(steps.c.hour).where(steps.c.hour == hour)).first():
            raise AlreadyDone(where, hour)
        later = connection.execute(select(steps.c.hour).where(steps.c.hour > hour).limit(1)).scalar()
        if later is not None:
            what = f"the step of {hour} comes after that of {later}"
            raise InputError(where, what, "give steps in ascending order; a missed hour is not made up for")

    def confirm(self, subject: str, person: str, note: str, at: datetime) -> Confirmation:
        """Append a named person's confirmation of a decision (its id) or an alert (its identifier).

        Raises:
            InputError: no person is named, or the subject does not exist.
        """
        confirmation = confirmations.checked(subject, person, note, at)
        with writing(self._engine) as connection:
            confirmations.add(confirmation, connection)
        return confirmation

    def deliver(self, folder: Path) -> list[Path]:
        """Write the committed alerts that are not yet in the folder; returns the files.

        An alert goes to ``drafts/IDENTIFIER.xml``, and to ``confirmed/IDENTIFIER.xml`` once a person has confirmed it.
        To be called at the start of a program, after each step and after each confirmation.

        Raises:
            Busy: another agent uses the store; it delivers the alerts.
            InputError: a file cannot be written, or exists with another content.
        """
        with acting(self._engine) as source:
            return outbox.deliver(folder, self._clock(), source)

    def thin_forecasts(self, before: datetime, every_hours: int) -> int:
        """Remove forecasts made before ``before``, except at each ``every_hours``-th hour of a day; returns the rows.

        The removal is logged. Nothing else can be removed from a store.

        Raises:
            InputError: unless ``every_hours`` divides 24.
        """
        return retention.thin_forecasts(naive_utc(before, "before"), every_hours, self._clock(), self._engine)

    def verify_log(self, known: LogEntry | None = None) -> LogEntry | None:
        """Check the chain from its first entry; returns the last one.

        Args:
            known: an entry that was kept elsewhere; without one, a log that was truncated together with its rows
                cannot be recognised.

        Raises:
            Tampered: names the first entry that does not match.
        """
        return verification.verify_log(self._engine, known)

    def verify_contents(self) -> None:
        """Check every row against the log, which ``verify_log`` has verified.

        Raises:
            Tampered: names the first table and hour that do not match.
        """
        verification.verify_contents(self._engine)
