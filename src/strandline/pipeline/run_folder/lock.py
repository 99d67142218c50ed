"""One job at a time in a folder, and no links in it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strandline.errors import InputError


@contextmanager
def exclusive_use(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one job; the system releases it when the process ends, however it ends.

    Raises:
        InputError: another process is writing into it, or it is no folder that can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError(folder, f"cannot be written ({error.strerror})", "choose another --out") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(folder, "another run is writing into it", "wait for it, or name another --out") from error
    try:
        yield
    finally:
        os.close(descriptor)


def refuse_link(path: Path) -> None:
    """Check that a path of a run folder is the folder's own.

    Raises:
        InputError: it is a symbolic link, which leads files of a run elsewhere.
    """
    if path.is_symlink():
        raise InputError(path, "is a link; a run folder holds none", "remove it, or name another folder")
