"""The watch's store as it is served, and whose place it is the watch of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from strandline.watch.store import Store
from strandline.web.run_folder import RunFolder

Clock = Callable[[], datetime]
"""Naive UTC."""


@dataclass(frozen=True)
class WatchView:
    """A store that is read, and appended to by a person's word alone.

    Attributes:
        run: of whose place it is the watch.
        clock: naive UTC.
        alerts: folder that drafts are delivered to; the watch's own.
    """

    run: RunFolder
    store: Store
    clock: Clock
    alerts: Path

    def head(self) -> tuple[int, str]:
        """Number and hash of the log's last entry, which change with each step and each confirmation."""
        last = self.store.read.newest_entry()
        return (0, "") if last is None else (last.sequence, last.hash)
