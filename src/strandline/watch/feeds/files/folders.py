"""Folders that receive products: the files that arrived since the last poll."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strandline.errors import FeedError, InputError
from strandline.watch.feeds.windowing import before
from strandline.watch.readings import Reading

_log = logging.getLogger(__name__)
_CLOCKS_DIFFER = timedelta(hours=1)
"""A file server's clock may differ from ours by this much."""


def arrived_since(stream: str, folder: Path, pattern: str, since: datetime) -> list[Path]:
    """Files written, moved or copied into a folder after ``since`` (naive UTC), sorted by name.

    Uses the last change of content or metadata, so that a copy that keeps its modification time counts as new.

    Raises:
        FeedError: the folder does not exist.
    """
    if not folder.is_dir():
        raise FeedError(f"stream '{stream}': {folder} is no folder; create it, or correct 'folder'")
    return [path for path in sorted(folder.glob(pattern)) if _arrival(path) > before(since, _CLOCKS_DIFFER)]


def read_each(stream: str, paths: Sequence[Path], read: Callable[[Path], list[Reading]]) -> list[Reading]:
    """The readings of all files; a file that cannot be read is logged and skipped until it changes.

    Raises:
        FeedError: none of the files can be read.
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


def _arrival(path: Path) -> datetime:
    try:
        status = path.stat()
    except FileNotFoundError:  # moved away since it was listed
        return datetime.min
    return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC).replace(tzinfo=None)
