"""Folders where products land: what landed since the last look."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strandline.errors import FeedError, InputError
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

_log = logging.getLogger(__name__)
_CLOCKS_DIFFER = timedelta(hours=1)
"""A file server's clock may stand that far from ours."""


def landed_since(stream: str, folder: Path, pattern: str, since: datetime) -> list[Path]:
    """Files that were written, moved or copied into a folder after ``since`` (naive UTC), by name.

    The time is that of the file's last change of any kind; a copy that keeps the date of its contents is new all the
    same.

    Raises:
        FeedError: there is no such folder.
    """
    if not folder.is_dir():
        raise FeedError(f"stream '{stream}': {folder} is no folder; make it, or correct 'folder'")
    return [path for path in sorted(folder.glob(pattern)) if _landed(path) > before(since, _CLOCKS_DIFFER)]


def read_each(stream: str, paths: Sequence[Path], read: Callable[[Path], list[Reading]]) -> list[Reading]:
    """The readings of all files; one that cannot be read (it may be landing) is logged and left for its next change.

    Raises:
        FeedError: none of them can be read.
    """
    readings: list[Reading] = []
    faults: list[str] = []
    for path in paths:
        try:
            readings += read(path)
        except InputError as error:
            _log.warning("stream '%s': %s", stream, error)
            faults.append(str(error))
    if faults and len(faults) == len(paths):
        raise FeedError(f"stream '{stream}': none of {len(paths)} new files can be read; the last: {faults[-1]}")
    return readings


def _landed(path: Path) -> datetime:
    try:
        status = path.stat()
    except FileNotFoundError:  # moved away between the two looks
        return datetime.min
    return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC).replace(tzinfo=None)
