"""What a store answers when a step must not run, or when what it holds was changed behind its back."""

from datetime import datetime

from strandline.errors import StrandlineError


class Busy(StrandlineError):
    """Another agent acts on this store, or another program writes to it for too long; try again later."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h

    def __init__(self, where: str, who: str) -> None:
        super().__init__(f"{where}: {who}; let it finish, or end it: what it holds is free when its process is gone")


class AlreadyDone(StrandlineError):
    """The step of this hour was committed before; there is nothing to do."""

    def __init__(self, where: str, hour: datetime) -> None:
        super().__init__(f"{where}: the step of {hour:%Y-%m-%dT%H:%M} is already done; go on with the next hour")
        self.hour = hour


class Tampered(StrandlineError):
    """The log, or what it vouches for, is not what the watch wrote."""

    exit_code = 65  # EX_DATAERR of sysexits.h

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}; what it holds from there on is not what the watch wrote, use a backup")
