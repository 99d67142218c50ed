"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from strandline.errors import InputError


@contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """A name to write to, in the folder of ``path``; moved to ``path`` when the block ends well.

    The bytes are forced to the disk before the move, so that a power cut, a kill or a full disk leaves the old file or
    the new one, never a part of it. The name ends like ``path``, for writers that look at the suffix.

    Raises:
        InputError: with the file and the system's reason, when the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _force_to_disk(temporary)
        temporary.replace(path)
        _force_to_disk(path.parent)
    except OSError as error:
        raise InputError(
            path, f"cannot be written ({error.strerror or error})", "free space or choose another folder, then resume"
        ) from error
    finally:
        with suppress(OSError):  # the reason why it cannot be written matters more than why it cannot be removed
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` whole or not at all.

    Raises:
        InputError: when the file cannot be written.
    """
    with write_atomically(path) as temporary, temporary.open("wb") as file:
        file.write(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` as UTF-8, whole or not at all.

    Raises:
        InputError: when the file cannot be written.
    """
    write_bytes(path, content.encode("utf-8"))


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
