"""Engines for an address, and the two kinds of transaction: ``reading`` and ``writing``."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, insert, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from strandline.errors import InputError
from strandline.watch.store.errors import Busy, Damaged
from strandline.watch.store.rows import RowValues

LOCK_TIMEOUT_S = 30
"""How long one writer waits for another [s]; a step writes for some hundredths of a second."""
ADVISORY_CLASS = 0x5354524C
"""Separates our locks from those of other programs in the same PostgreSQL database ("STRL")."""
_DISTRUST = (
    "PRAGMA trusted_schema = OFF",  # what somebody wrote into the schema must not call functions with side effects
    "PRAGMA cell_size_check = ON",  # damaged pages are recognised when they are read
)
_SQLITE_SETTINGS = (
    *_DISTRUST,
    "PRAGMA journal_mode = WAL",  # readers never block a step
    "PRAGMA synchronous = FULL",  # a committed step survives a power failure; NORMAL would lose the last ones
    "PRAGMA foreign_keys = ON",
)
_READ_ONLY_SETTINGS = (*_DISTRUST, "PRAGMA query_only = ON")
_POSTGRESQL_SETTINGS = (
    "SET datestyle = 'ISO'",
    f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'",
    # the locks of a vanished machine are released after a minute, not after the default of two hours
    "SET tcp_keepalives_idle = 30",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
SQLITE_HEAD = b"SQLite format 3\0"
"""First bytes of an SQLite file."""
_TIMESTAMP = 1114
"""PostgreSQL's OID of the type ``timestamp without time zone``."""
_EXTERNAL = ("08", "28", "3D", "53", "57", "58")
"""Classes of PostgreSQL's error codes for connection, access, space, shutdown and system errors."""
_DAMAGED_PAGES = ("XX001", "XX002")
"""PostgreSQL's codes for a damaged table and a damaged index."""


def make_engine(address: str | Path, *, read_only: bool = False) -> Engine:
    """An engine for a path (SQLite) or a URL (``sqlite:///PATH``, or ``postgresql://…`` by the driver pg8000).

    Args:
        read_only: an SQLite file is neither created nor changed, and no file is left beside it.

    Raises:
        InputError: another kind of database, or the driver is missing.
    """
    url = address_of(address)
    if url.get_backend_name() == "sqlite" and read_only:
        engine = create_engine(url, creator=partial(_open_read_only, Path(str(url.database))), poolclass=NullPool)
        _at_each_connection(engine, _READ_ONLY_SETTINGS)
        return engine
    if url.get_backend_name() == "sqlite":
        # sqlite3 begins no transaction by itself: `reading` and `writing` do
        engine = create_engine(url, connect_args={"isolation_level": None, "timeout": LOCK_TIMEOUT_S})
        _at_each_connection(engine, _SQLITE_SETTINGS)
        return engine
    # pg8000 requests TLS, if the server has it, even on a local socket
    arguments = {"ssl_context": False} if "unix_sock" in url.query else {}
    try:
        engine = create_engine(url, connect_args=arguments, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise InputError(name_of(url), f"{error.name} is missing", "pip install 'strandline[postgres]'") from error
    _at_each_connection(engine, _POSTGRESQL_SETTINGS)
    # pg8000's own parser takes 30 µs for each
    parse = datetime.fromisoformat
    event.listen(engine, "connect", lambda connection, _: connection.register_in_adapter(_TIMESTAMP, parse))
    return engine


def _open_read_only(path: Path) -> sqlite3.Connection:
    """A file that no other process has open is read as it is; else its WAL is read too."""
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"
    address = f"file:{quote(str(path.absolute()))}?{mode}"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=LOCK_TIMEOUT_S)


def address_of(address: str | Path) -> URL:
    """The URL of a path, or a URL with its driver.

    Raises:
        InputError: another kind of database.
    """
    if isinstance(address, Path) or "://" not in address:
        return URL.create("sqlite", database=str(Path(address).absolute()))
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise InputError(
            "store", "its address is not a URL", "as sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from error
    if url.drivername in ("sqlite", "sqlite+pysqlite") and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername in ("postgres", "postgresql", "postgresql+pg8000"):
        return url.set(drivername="postgresql+pg8000")
    raise InputError(name_of(url), "is no store", "give a path, sqlite:///PATH or postgresql+pg8000://USER@HOST/NAME")


def name_of(url: URL) -> str:
    """Name of a database in messages: the path of a file, or the URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)


def _at_each_connection(engine: Engine, settings: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def apply(connection: DBAPIConnection, _: object) -> None:
        try:
            cursor = connection.cursor()
            for setting in settings:
                cursor.execute(setting)
            cursor.close()
            connection.commit()
        except BaseException:
            connection.close()  # the pool does not know this connection yet and would not close it
            raise


@contextmanager
def reading(source: Engine | Connection, *, snapshot: bool = False) -> Iterator[Connection]:
    """One transaction that only reads.

    Args:
        snapshot: all its queries see the same state, on PostgreSQL too.

    Raises:
        Damaged: the database cannot be read because its pages are damaged.
        InputError: the database cannot be reached or read.
    """
    with connected(source) as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        elif snapshot:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection


@contextmanager
def writing(source: Engine | Connection) -> Iterator[Connection]:
    """One transaction, one writer at a time: the block is committed as a whole or not at all.

    Raises:
        Busy: another writer does not end within ``LOCK_TIMEOUT_S``.
        Damaged: the database cannot be written because its pages are damaged.
        InputError: the database cannot be reached or written.
    """
    with connected(source) as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            lock = f"pg_advisory_xact_lock({ADVISORY_CLASS}, hashtext('writer ' || current_schema()))"
            connection.exec_driver_sql(f"SELECT {lock}")
        yield connection


def insert_rows(connection: Connection, table: Table, rows: Sequence[RowValues]) -> None:
    """Insert many rows, within the caller's transaction."""
    if not rows:
        return
    statement: Insert = insert(table)
    if connection.dialect.name == "postgresql":
        # SQLAlchemy sends many rows at once only for a statement that returns something; one by one takes 1 ms each
        statement = statement.returning(*table.primary_key)
    connection.execute(statement, rows)


@contextmanager
def connected(source: Engine | Connection) -> Iterator[Connection]:
    """A connection whose driver errors are raised as our own.

    Raises:
        Busy, Damaged, InputError: as ``writing``.
    """
    try:
        if isinstance(source, Connection):
            yield source
        else:
            with source.connect() as connection:
                yield connection
    except UnicodeDecodeError as error:
        raise Damaged(name_of(source.engine.url), f"the database is damaged ({error.reason})") from error
    except DBAPIError as error:
        where, message = name_of(source.engine.url), str(error.orig)
        state = _sql_state(error)
        if "database is locked" in message or state == "55P03":
            raise Busy(where, f"another program has been writing for {LOCK_TIMEOUT_S} s") from error
        if _is_damage(error, source.engine.url) or state in _DAMAGED_PAGES:
            raise Damaged(where, f"the database is damaged ({message})") from error
        if (
            isinstance(error, OperationalError | InterfaceError)
            or type(error) is DatabaseError
            or state[:2] in _EXTERNAL
        ):
            remedy = "check its server or its disk; committed steps are safe"
            raise InputError(where, f"cannot be read or written ({message})", remedy) from error
        raise  # a constraint of the schema, or a bug


def _is_damage(error: DBAPIError, url: URL) -> bool:
    """Whether SQLite reports damaged pages; the low byte is the primary result code."""
    code = (getattr(error.orig, "sqlite_errorcode", None) or 0) & 0xFF
    if code != sqlite3.SQLITE_NOTADB:
        return code == sqlite3.SQLITE_CORRUPT
    with Path(str(url.database)).open("rb") as file:  # damaged after its first line, or another kind of file
        return file.read(len(SQLITE_HEAD)) == SQLITE_HEAD


def _sql_state(error: DBAPIError) -> str:
    """PostgreSQL's five-character error code; empty for SQLite."""
    details = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""
