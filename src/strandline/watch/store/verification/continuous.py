"""Verification while a watch runs: complete at its start and once a day, of what is new and still used in between."""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from strandline.watch.store.database.engine import reading
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.errors import Damaged
from strandline.watch.store.tables import log
from strandline.watch.store.verification.alert_files import ListedFiles, verify_alert_files
from strandline.watch.store.verification.chain import START, collect, verified_entries
from strandline.watch.store.verification.contents import verify_belief, verify_hours
from strandline.watch.store.verification.findings import Findings
from strandline.watch.store.verification.known_entries import KnownEntry
from strandline.watch.store.verification.verify import verify
from strandline.watch.store.verification.written import Written

COMPLETE_EVERY = timedelta(days=1)
ROWS_EVERY_S = 3000.0
"""How often the rows that a step uses are checked [s]: before each step of a live watch, rarely in a fast replay."""
USED_STEPS = 100
"""Steps whose rows are checked then: a step reads four days of them."""
USED_ENTRIES = 1000
"""Newest entries of the log in which those steps are looked for."""
LONG_S = 60.0
"""A complete verification that takes longer [s] is not repeated at each start, but once a day."""


class ContinuousVerification:
    """Verifies a store that is being written, by one process.

    Attributes:
        head: the newest verified entry of the log; ``None`` = nothing is verified yet.
        committed: the entry that this process committed last; ``None`` = none.
    """

    def __init__(self, engine: Engine, locations: Locations, clock: Callable[[], datetime]) -> None:
        self._engine, self._locations, self._clock = engine, locations, clock
        self._file = _identity(locations.file)
        self.head: KnownEntry | None = None
        self.committed: KnownEntry | None = None
        self._belief: tuple[str, datetime] | None = None
        self._complete_at: datetime | None = None
        self._rows_at = -ROWS_EVERY_S

    def run(self, alerts: Path) -> None:
        """Verify what is due.

        Raises:
            Damaged: the store is not what the watch wrote.
            InputError: another version wrote it, or it cannot be read.
        """
        self.refuse_another_file()
        now = self._clock()
        try:
            self._verify_due(alerts, now)
        except ValueError as error:
            raise Damaged(self._locations.name, f"cannot be read: {error}") from error

    def _verify_due(self, alerts: Path, now: datetime) -> None:
        if self.head is None:
            self._resume(now)
        if self._complete_at is None or not timedelta(0) <= now - self._complete_at < COMPLETE_EVERY:
            self._verify_completely(alerts, now)
        else:
            self._verify_news(alerts)

    def refuse_another_file(self) -> None:
        """Refuse to go on with a file that is no longer the one at the store's path.

        Raises:
            Damaged: it was moved or replaced.
        """
        if self._file is not None and _identity(self._locations.file) != self._file:
            what = "the store was moved or replaced while it was in use"
            raise Damaged(self._locations.name, what, "restart this program after the store is settled")

    def _resume(self, now: datetime) -> None:
        """Continue from the last complete verification, if that takes long and another process did it within a day."""
        known = self._locations.known_entries
        whole = [] if known is None else [line for line in known.read()[0] if line.took is not None]
        if not whole or (whole[-1].took or 0.0) <= LONG_S or now - whole[-1].at >= COMPLETE_EVERY:
            return
        with reading(self._engine) as connection:
            self._belief = _written_lately(connection, whole[-1].entry, Findings()).belief
        if self._belief is not None:
            self.head, self._complete_at = whole[-1].entry, whole[-1].at

    def _verify_completely(self, alerts: Path, now: datetime) -> None:
        began, files, known = time.monotonic(), ListedFiles.of(alerts), self._locations.known_entries
        with reading(self._engine, snapshot=True) as connection:
            found, written = verify(connection, known, files, (), now)
        found.refuse_damage()
        self._belief = written.belief
        self.head, self._complete_at, self._rows_at = found.last_entry or START, now, time.monotonic()
        if known is not None and found.last_entry is not None:
            known.append(found.last_entry, now, time.monotonic() - began)

    def _verify_news(self, alerts: Path) -> None:
        """The entries since the last call, the belief state, the names of files; at times the rows of some days."""
        assert self.head is not None
        findings, written, files = Findings(), Written(belief=self._belief), ListedFiles.of(alerts)
        is_due = time.monotonic() - self._rows_at >= ROWS_EVERY_S
        with reading(self._engine, snapshot=True) as connection:
            known = (self.committed,) if self.committed and self.committed.sequence > self.head.sequence else ()
            last, _ = collect(verified_entries(connection, findings, known, self.head), findings, written)
            if is_due:
                written = _written_lately(connection, self.head, findings)
                written.belief = written.belief or self._belief
                verify_hours(connection, written, written.hours[-USED_STEPS:], findings)
            verify_belief(connection, written, findings)
            verify_alert_files(connection, files, findings, names_alone=True)
        for first in findings:
            raise Damaged(self._locations.name, first.what)
        self.head, self._belief = last or self.head, written.belief
        if is_due:
            self._rows_at = time.monotonic()


def _written_lately(connection: Connection, head: KnownEntry, findings: Findings) -> Written:
    """What the newest entries say was written; the chain through them is checked again."""
    written = Written()
    newest = connection.execute(select(func.max(log.c.sequence))).scalar() or 0
    first = newest - USED_ENTRIES
    after = KnownEntry(first, "") if first > 0 else START  # an empty hash: any entry may be the first
    collect(verified_entries(connection, findings, (head,) if head.sequence > first else (), after), findings, written)
    return written


def _identity(file: Path | None) -> tuple[int, int] | None:
    if file is None:
        return None
    try:
        status = os.stat(file)
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
