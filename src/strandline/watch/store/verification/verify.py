"""The complete verification of a store."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from strandline.errors import InputError
from strandline.watch.store.database.engine import make_engine, name_of, reading
from strandline.watch.store.database.existence import describe_lost_store
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.errors import Damaged
from strandline.watch.store.records import StepRecord
from strandline.watch.store.tables import steps
from strandline.watch.store.verification.alert_files import ListedFiles, verify_alert_files
from strandline.watch.store.verification.chain import collect, verified_entries
from strandline.watch.store.verification.contents import verify_contents
from strandline.watch.store.verification.database_file import verify_database
from strandline.watch.store.verification.findings import Check, Finding, Findings, Verification
from strandline.watch.store.verification.known_entries import KnownEntriesFile, KnownEntry, KnownLine
from strandline.watch.store.verification.raw_rows import raw_rows
from strandline.watch.store.verification.schema_objects import verify_schema
from strandline.watch.store.verification.times import verify_times
from strandline.watch.store.verification.written import Written


def verify_address(locations: Locations, known: Sequence[KnownEntry], now: datetime) -> Verification:
    """Verify the store of an address without writing to it.

    Args:
        known: entries of its log that were kept elsewhere.
        now: naive UTC.

    Raises:
        InputError: there is no store, it cannot be reached, or another version wrote it.
        Busy: another program writes to it for too long.
    """
    lost = describe_lost_store(locations)
    if lost is not None:
        return _unreadable(locations, lost, now)
    if (file := locations.file) is None:
        return _verify_address(locations, known, now)
    if not file.is_file() or not file.stat().st_size:
        raise InputError(file, "there is no such store", "name the folder of a watched run, or its store")
    wal = file.with_name(f"{file.name}-wal")
    was_in_use = wal.exists()
    found = _verify_address(locations, known, now)
    if not found.is_whole and not was_in_use and wal.exists():  # another program opened it meanwhile
        found = _verify_address(locations, known, now)
    return found


def _verify_address(locations: Locations, known: Sequence[KnownEntry], now: datetime) -> Verification:
    engine = make_engine(locations.address, read_only=True)
    try:
        files = None if locations.alerts is None else ListedFiles.of(locations.alerts)
        with reading(engine, snapshot=True) as connection:
            return verify(connection, locations.known_entries, files, known, now)[0]
    except Damaged as error:
        return _unreadable(locations, error.what, now)
    finally:
        engine.dispose()


def _unreadable(locations: Locations, why: str, now: datetime) -> Verification:
    return Verification(locations.name, now, 0, 0, None, None, None, (Finding("file", why),), ())


def verify(
    connection: Connection,
    known_file: KnownEntriesFile | None,
    files: ListedFiles | None,
    known: Iterable[KnownEntry],
    now: datetime,
) -> tuple[Verification, Written]:
    """Verify a store within a transaction that sees one state of it; returns also what its log says was written.

    Args:
        known_file: of this store; ``None`` = there is none.
        files: of its alerts, listed before the transaction began; ``None`` = they are not checked.

    Raises:
        InputError: another version wrote it.
    """
    findings, notes, written = Findings(), list[str](), Written()
    lines = _known_lines(known_file, findings, notes)
    newest: StepRecord | None = None
    last: KnownEntry | None = None
    count = 0

    def read_log() -> None:
        nonlocal last, count
        expected = [*known, *(line.entry for line in lines)]
        last, count = collect(verified_entries(connection, findings, expected), findings, written)

    def read_times() -> None:
        nonlocal newest
        last_hour = select(func.max(steps.c.hour)).scalar_subquery()
        for hour, began, ended, code_version in raw_rows(connection, steps, steps.c.hour == last_hour):
            first, second, third = (datetime.fromisoformat(str(one)) for one in (hour, began, ended))
            newest = StepRecord(first, second, third, str(code_version))
        verify_times(newest, written, now, findings)

    def read_files() -> None:
        if files is None:
            notes.append("the alert files were not checked: name the run's folder")
        else:
            verify_alert_files(connection, files, findings)

    checks: tuple[tuple[Check, Callable[[], None]], ...] = (
        ("file", lambda: verify_database(connection, findings, notes)),
        ("schema", lambda: verify_schema(connection, findings)),
        ("log", read_log),
        ("rows", lambda: verify_contents(connection, written, findings)),
        ("alert files", read_files),
        ("times", read_times),
    )
    for check, run in checks:
        _attempt(check, run, connection, findings)
    whole = [line.at for line in lines if line.took is not None and line.at <= now]
    found = Verification(
        store=name_of(connection.engine.url), checked_at=now, entries=count, steps=len(written.hours), last_entry=last,
        newest_step=None if newest is None else newest.hour, last_whole=max(whole, default=None),
        findings=tuple(findings), notes=tuple(notes),
    )  # fmt: skip
    return found, written


def _known_lines(file: KnownEntriesFile | None, findings: Findings, notes: list[str]) -> list[KnownLine]:
    if file is None:
        notes.append("no file of known entries was checked: name the run's folder")
        return []
    lines, unreadable = file.read()
    for number in unreadable:
        findings.add("known entries", f"{file.path} line {number} was changed")
    if not lines:
        notes.append(f"{file.path} holds no known entries: a log that was cut off or rewritten cannot be recognised")
    return lines


def _attempt(check: Check, run: Callable[[], None], connection: Connection, findings: Findings) -> None:
    """Run one check; what cannot be read is a finding, and the next check goes on."""
    savepoint = connection.begin_nested()
    try:
        run()
    except DBAPIError as error:
        findings.add(check, f"cannot be read: {error.orig}")
    except ValueError as error:
        findings.add(check, f"cannot be read: {error}")
    except OSError as error:
        findings.add(check, f"cannot be read: {error.filename}: {error.strerror}")
    finally:
        if savepoint.is_active:
            savepoint.rollback()
