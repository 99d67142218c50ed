"""Moves a damaged store away whole, so that a watch can start a new one and nothing is lost or deleted."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect

from strandline.errors import InputError
from strandline.files import write_text
from strandline.watch.store.database.engine import make_engine, writing
from strandline.watch.store.database.locations import Locations
from strandline.watch.store.database.locks import acting
from strandline.watch.store.database.schema import VERSION_TABLE
from strandline.watch.store.tables import metadata

REPORT = "why-set-aside.txt"
_FUNCTIONS = ("strandline_refuse_change", "strandline_log_continues")


def set_aside(locations: Locations, at: datetime, report: str) -> str:
    """Move the database, its alert files and its known entries away together; returns where they are.

    An SQLite store goes to a folder beside it, a store on a server to a schema of the same database. Restart what has
    it open: it would write to the store that was moved away.

    Args:
        report: why, for whoever examines it.

    Raises:
        Busy: an agent is in a step.
        InputError: there is nothing to move, or it cannot be moved.
    """
    name = f"{_stem(locations)}-set-aside-{at:%Y%m%dT%H%M%S}"
    engine = make_engine(locations.address)
    try:
        with acting(engine) as source:
            folder = _folder(locations, name)
            if locations.file is None:
                _move_tables(source, name.replace("-", "_").lower())
            moved = list(_move_files(locations, folder)) if folder is not None else []
    finally:
        engine.dispose()
    if locations.file is not None and not moved:
        raise InputError(locations.name, "there is nothing to set aside", "name the folder of a watched run")
    if folder is not None and folder.is_dir():
        write_text(folder / REPORT, report)
    return str(folder) if locations.file is not None else f"schema {name.replace('-', '_').lower()}"


def confirmed_alerts(locations: Locations) -> tuple[str, ...]:
    """File names of the alerts that a person has confirmed: they stay in force until a person cancels them."""
    if locations.alerts is None or not (folder := locations.alerts / "confirmed").is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir()))


def _stem(locations: Locations) -> str:
    return locations.file.stem if locations.file is not None else "strandline"


def _folder(locations: Locations, name: str) -> Path | None:
    if locations.file is not None:
        return locations.file.with_name(name)
    return None if locations.alerts is None else locations.alerts.with_name(name)


def _move_files(locations: Locations, folder: Path) -> Iterator[Path]:
    """Move the files one by one, the database first: what an interruption leaves is moved by the next call."""
    paths = []
    if (file := locations.file) is not None:
        paths += [file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm", "-journal")]
    paths += [] if locations.known_entries is None else [locations.known_entries.path]
    paths += [] if locations.alerts is None else [locations.alerts]
    try:
        for path in paths:
            if path.exists() or path.is_symlink():
                folder.mkdir(exist_ok=True)
                yield path.rename(folder / path.name)
    except OSError as error:
        raise InputError(folder, f"cannot be written ({error.strerror})", "let this user write to it") from error


def _move_tables(source: Engine | Connection, schema: str) -> None:
    with writing(source) as connection:
        present = set(inspect(connection).get_table_names()) & {*metadata.tables, VERSION_TABLE}
        if not present:
            raise InputError("store", "there is nothing to set aside", "name the database of a watched run")
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
        for table in sorted(present):
            connection.exec_driver_sql(f"ALTER TABLE {table} SET SCHEMA {schema}")
        for function in _FUNCTIONS:
            connection.exec_driver_sql(f"ALTER FUNCTION {function}() SET SCHEMA {schema}")
