"""Atomic writing of files, and one job at a time in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from strandline.errors import InputError


class InUse(InputError):
    """A folder that another process writes into; try again later."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h


class Unwritable(InputError):
    """A file that the disk does not take: it is full, or the folder cannot be written."""


@contextmanager
def exclusive_use(folder: Path, by_whom: str, remedy: str) -> Iterator[None]:
    """Hold ``folder`` for one job; the system releases it when the process ends, however it ends.

    Args:
        by_whom, remedy: of the message where another process holds it.

    Raises:
        InUse: another process is writing into it.
        InputError: it is no folder that can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError(folder, f"cannot be written ({error.strerror})", "choose another folder") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InUse(folder, by_whom, remedy) from error
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block ends without an error.

    The bytes are synced to disk before the rename: after a power failure, a kill or a full disk the file is either the
    old one or the new one. The temporary name keeps the suffix of ``path``.

    Raises:
        Unwritable: the disk is full or the folder cannot be written; with the system's reason.
    """
    temporary = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync_to_disk(temporary)
        temporary.replace(path)
        _sync_to_disk(path.parent)
    except OSError as error:
        raise Unwritable(
            path, f"cannot be written ({error.strerror or error})", "free space or choose another folder, then resume"
        ) from error
    finally:
        with suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` atomically.

    Raises:
        Unwritable: the file cannot be written.
    """
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` as UTF-8, atomically.

    Raises:
        Unwritable: the file cannot be written.
    """
    write_bytes(path, content.encode("utf-8"))


def _sync_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
