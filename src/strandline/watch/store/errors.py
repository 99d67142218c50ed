"""Errors of a store: it is busy, a step is already done, or its content was changed by someone else."""

from datetime import datetime

from strandline.errors import StrandlineError


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


class Tampered(StrandlineError):
    """The log, or a row that it covers, is not what the watch wrote."""

    exit_code = 65  # EX_DATAERR of sysexits.h

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}; the content from there on was changed, restore a backup")
