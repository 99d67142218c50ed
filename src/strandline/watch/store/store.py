"""The store of the watch: opened by an address, written a step at a time, read by anybody meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, select

from strandline.errors import InputError
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


def now() -> datetime:
    """The clock, naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


class Store:
    """A database of the watch.

    Attributes:
        read: what it knows, for those who ask.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], code_version: str) -> None:
        self._engine, self._clock, self._code_version = engine, clock, code_version
        self.read = Readers(engine)

    @classmethod
    def open(cls, address: str | Path, clock: Callable[[], datetime] = now, code_version: str | None = None) -> Self:
        """Open a store, or make one; its schema is brought to this program's.

        Args:
            address: path of an SQLite file, or a URL: ``sqlite:///PATH``, ``postgresql+pg8000://USER@HOST/NAME``.
            clock: naive UTC, for when steps began and ended and files were written.
            code_version: what decides, in the log with each step; ``None`` = the installed version of strandline.

        Raises:
            InputError: when it cannot be opened, or a newer program wrote it.
        """
        engine = make_engine(address)
        try:
            schema.upgrade(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock, version("strandline") if code_version is None else code_version)

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def step(self, hour: datetime) -> Iterator[Step]:
        """The step of an hour: all that the block gives it is committed when the block ends well, or nothing is.

        Raises:
            Busy: another agent is in a step; at once.
            AlreadyDone: it was committed before.
            InputError: when the hour is not whole, or comes before a step that is done.
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
            raise InputError(where, what, "steps go forward; an hour that was missed stays missed")

    def confirm(self, subject: str, person: str, note: str, at: datetime) -> Confirmation:
        """Append the word of a named person about a decision (its id) or an alert (its identifier).

        Raises:
            InputError: when nobody is named, or there is no such thing.
        """
        confirmation = confirmations.checked(subject, person, note, at)
        with writing(self._engine) as connection:
            confirmations.add(confirmation, connection)
        return confirmation

    def deliver(self, folder: Path) -> list[Path]:
        """Write alerts that are committed and not yet written; returns the files.

        Each as ``drafts/IDENTIFIER.xml``, and as ``confirmed/IDENTIFIER.xml`` when a person has confirmed it. Call it
        when a program starts, after each step and after each confirmation.

        Raises:
            Busy: another agent is at work; it will deliver.
            InputError: when a file cannot be written, or is there with another content.
        """
        with acting(self._engine) as source:
            return outbox.deliver(folder, self._clock(), source)

    def thin_forecasts(self, before: datetime, every_hours: int) -> int:
        """Remove outlooks that were believed before ``before``, but those of each ``every_hours``-th hour of a day.

        Returns how many rows. It stands in the log. Nothing else can be removed from a store.

        Raises:
            InputError: unless ``every_hours`` divides 24.
        """
        return retention.thin_forecasts(naive_utc(before, "before"), every_hours, self._clock(), self._engine)

    def verify_log(self, known: LogEntry | None = None) -> LogEntry | None:
        """Check the chain from its first entry; returns the last one.

        Args:
            known: an entry that was kept elsewhere; without one, a log whose end was cut off together with the rows
                that it vouches for cannot be told from one that ended there.

        Raises:
            Tampered: naming the first entry that does not fit.
        """
        return verification.verify_log(self._engine, known)

    def verify_contents(self) -> None:
        """Check every row against the log, which ``verify_log`` has found whole.

        Raises:
            Tampered: naming the first table and hour that do not fit.
        """
        verification.verify_contents(self._engine)
