"""The store of a watch as it is served, and the run that it belongs to."""

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
    """A store that is read, and to which only confirmations are appended.

    Attributes:
        run: of the site that is watched.
        clock: naive UTC.
        alerts: folder of the watch to which drafts are delivered.
    """

    run: RunFolder
    store: Store
    clock: Clock
    alerts: Path

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last log entry; they change with each step and each confirmation."""
        last = self.store.read.newest_entry()
        return (0, "") if last is None else (last.sequence, last.hash)
