"""One job at a time in a folder, and no links in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strandline.errors import InputError
from strandline.files import exclusive_use


@contextmanager
def one_run_at_a_time(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one job; the system releases it when the process ends, however it ends.

    Raises:
        InUse: another process is writing into it.
        InputError: it is no folder that can be written.
    """
    with exclusive_use(folder, "another run is writing into it", "wait for it, or name another --out"):
        yield


def refuse_link(path: Path) -> None:
    """Check that a path of a run folder is the folder's own.

    Raises:
        InputError: it is a symbolic link, which leads files of a run elsewhere.
    """
    if path.is_symlink():
        raise InputError(path, "is a link; a run folder holds none", "remove it, or name another folder")
