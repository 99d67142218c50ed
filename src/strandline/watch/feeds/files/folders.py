"""Folders that receive products: the files that arrived since the last poll."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from strandline.errors import FeedError
from strandline.watch.feeds.files.quarantine import Quarantine
from strandline.watch.feeds.windowing import before

_CLOCKS_DIFFER = timedelta(hours=1)
"""A file server's clock may differ from ours by this much."""


def arrived_since(stream: str, folder: Path, pattern: str, since: datetime, quarantine: Quarantine) -> list[Path]:
    """Files to read: those written, moved or copied into a folder after ``since`` (naive UTC), sorted by name.

    Uses the last change of content or metadata, so that a copy that keeps its modification time counts as new. Files in
    quarantine are left out; those that are to be tried again are included.

    Raises:
        FeedError: the folder does not exist.
    """
    if not folder.is_dir():
        raise FeedError(f"stream '{stream}': {folder} is no folder; create it, or correct 'folder'")
    oldest = before(since, _CLOCKS_DIFFER)
    return [
        path
        for path in sorted(folder.glob(pattern))
        if (_arrival(path) > oldest or quarantine.holds(stream, path)) and quarantine.refusal(stream, path) is None
    ]


def _arrival(path: Path) -> datetime:
    try:
        status = path.stat()
    except OSError:  # moved away since it was listed
        return datetime.min
    return datetime.fromtimestamp(max(status.st_mtime, status.st_ctime), UTC).replace(tzinfo=None)
