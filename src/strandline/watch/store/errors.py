"""Errors of a store: it is busy, a step is already done, or it is damaged."""

from datetime import datetime

from strandline.errors import StrandlineError

KEEP_AND_RESTORE = (
    "let nothing be sent from it; `strandline verify` lists what is wrong, and `--set-aside` moves the store away "
    "whole, so that the watch starts a new one"
)
"""Remedy for a damaged store."""


class Busy(StrandlineError):
    """Another agent uses this store, or another program writes to it for too long; try again later."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h

    def __init__(self, where: str, who: str) -> None:
        super().__init__(f"{where}: {who}; let it finish, or end it: its lock is released when its process ends")


class AlreadyDone(StrandlineError):
    """The step of this hour was committed before."""

    def __init__(self, where: str, hour: datetime) -> None:
        super().__init__(f"{where}: the step of {hour:%Y-%m-%dT%H:%M} is already done; continue with the next hour")
        self.hour = hour


class Damaged(StrandlineError):
    """The store, its log or its files are not what the watch wrote; nothing is read from or written to it any more."""

    exit_code = 65  # EX_DATAERR of sysexits.h

    def __init__(self, where: str, what: str, remedy: str = KEEP_AND_RESTORE) -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.where, self.what, self.remedy = where, what, remedy
