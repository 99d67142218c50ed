"""The one way in which Strandline refuses: what, where, and what would be right."""

from typing import Self


class StrandlineError(Exception):
    """A refusal that the user can act on; the command line prints it and ends.

    Attributes:
        exit_code: of the command line, for programs that call it.
    """

    exit_code = 2


class InputError(StrandlineError):
    """An input that cannot be used as it is.

    The message reads ``where: what; remedy``, for example
    ``gauges/koper.csv row 17: time '2022-13-01' is not a date; write ISO 8601 (2022-01-13T05:00)``.
    """

    def __init__(self, where: object, what: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.where, self.what, self.remedy = str(where), what, remedy

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        return type(self), (self.where, self.what, self.remedy)  # it may be raised in another process


class FeedError(StrandlineError):
    """A stream that could not be reached, or whose answer cannot be read; the watch goes on without it."""


class RefusedByTheory(StrandlineError):
    """A request that the method cannot honour (too few storms for a coverage, too short a record for a period)."""
