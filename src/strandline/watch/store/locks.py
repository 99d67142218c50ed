"""One agent acts at a time; its lock is gone when its process is gone, however it ended."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from strandline.errors import InputError
from strandline.watch.store.engine import ADVISORY_CLASS, connected, name_of
from strandline.watch.store.errors import Busy

_WHO = "another agent is in a step"


@contextmanager
def acting(engine: Engine) -> Iterator[Engine | Connection]:
    """Hold the agents' lock; yields what to write with: on PostgreSQL the connection whose loss is the lock's.

    On SQLite it is a lock on ``PATH.lock``, since a transaction that lasts as long as a step would keep persons from
    confirming meanwhile.

    Raises:
        Busy: at once, when another agent holds it.
    """
    if engine.dialect.name == "sqlite":
        with _file_locked(name_of(engine.url)):
            yield engine
    else:
        with connected(engine) as connection:
            connection.detach()  # closed at the end, never pooled: the lock is a session's
            lock = f"pg_try_advisory_lock({ADVISORY_CLASS}, hashtext('agent ' || current_schema()))"
            is_held = connection.exec_driver_sql(f"SELECT {lock}").scalar_one()
            connection.commit()
            if not is_held:
                raise Busy(name_of(engine.url), _WHO)
            yield connection


@contextmanager
def _file_locked(path: str) -> Iterator[None]:
    try:
        file = open(f"{path}.lock", "ab")  # noqa: SIM115 - closed below, whether it is locked or not
    except OSError as error:
        raise InputError(
            f"{path}.lock", f"cannot be written ({error.strerror})", "give the agent its folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(path, _WHO) from error
        yield
