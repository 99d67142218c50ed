"""Locks: one agent acts at a time, and one program sends; a lock ends with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from strandline.errors import InputError
from strandline.watch.store.database.engine import ADVISORY_CLASS, connected, name_of
from strandline.watch.store.errors import Busy

Task = Literal["agent", "dispatch"]
"""Each is done by one program at a time."""


_WHO_ELSE: dict[Task, str] = {"agent": "another agent is in a step", "dispatch": "another program sends its messages"}


@contextmanager
def acting(engine: Engine, task: Task = "agent") -> Iterator[Engine | Connection]:
    """Hold the lock of a task; yields the source to write with: on PostgreSQL the connection that holds the lock.

    On SQLite it is a lock on ``PATH.lock``: a transaction as long as a step would block confirmations meanwhile.

    Raises:
        Busy: another agent holds it; raised at once.
    """
    if engine.dialect.name == "sqlite":
        suffix = ".lock" if task == "agent" else f".{task}.lock"
        with _file_locked(
            os.path.realpath(name_of(engine.url)), suffix, _WHO_ELSE[task]
        ):  # one lock for all links to the file
            yield engine
    else:
        with connected(engine) as connection, _session_locked(connection, task):
            yield connection


@contextmanager
def _session_locked(connection: Connection, task: Task) -> Iterator[None]:
    connection.detach()  # closed at the end, not pooled: a lock that cannot be released ends with its session
    lock = f"({ADVISORY_CLASS}, hashtext('{task} ' || current_schema()))"
    with connection.begin():
        is_held = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock{lock}").scalar_one()
    if not is_held:
        raise Busy(name_of(connection.engine.url), _WHO_ELSE[task])
    try:
        yield
    finally:
        with suppress(DBAPIError), connection.begin():
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock{lock}")


@contextmanager
def _file_locked(path: str, suffix: str, who: str) -> Iterator[None]:
    try:
        file = open(f"{path}{suffix}", "ab")  # noqa: SIM115 - closed below, whether it is locked or not
    except OSError as error:
        raise InputError(
            f"{path}{suffix}", f"cannot be written ({error.strerror})", "let the agent write to its folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(path, who) from error
        yield
