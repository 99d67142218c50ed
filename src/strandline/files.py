"""Atomic writing of files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from strandline.errors import InputError


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block ends without an error.

    The bytes are synced to disk before the rename: after a power failure, a kill or a full disk the file is either the
    old one or the new one. The temporary name keeps the suffix of ``path``.

    Raises:
        InputError: the disk is full or the folder cannot be written; with the system's reason.
    """
    temporary = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync_to_disk(temporary)
        temporary.replace(path)
        _sync_to_disk(path.parent)
    except OSError as error:
        raise InputError(
            path, f"cannot be written ({error.strerror or error})", "free space or choose another folder, then resume"
        ) from error
    finally:
        with suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` atomically.

    Raises:
        InputError: the file cannot be written.
    """
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` as UTF-8, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    write_bytes(path, content.encode("utf-8"))


def _sync_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
