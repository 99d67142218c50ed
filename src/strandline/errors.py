"""Exceptions that the user can act on: where, what and remedy; and the one for an optional package that is missing."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Self


class StrandlineError(Exception):
    """Base class of errors that the user can correct; the command line prints the message and exits.

    Attributes:
        exit_code: exit code of the command line.
    """

    exit_code = 2


class InputError(StrandlineError):
    """Input that cannot be used.

    The message reads ``where: what; remedy``, for example
    ``gauges/koper.csv row 17: time '2022-13-01' is not a date; write ISO 8601 (2022-01-13T05:00)``.
    """

    def __init__(self, where: object, what: str, remedy: str) -> None:
        super().__init__(f"{where}: {what}; {remedy}")
        self.where, self.what, self.remedy = str(where), what, remedy

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        return type(self), (self.where, self.what, self.remedy)  # pickled when raised in a worker process


class FeedError(StrandlineError):
    """A web service that cannot be reached or answers wrongly; the watch, or a fetch, continues without it."""


class RefusedByTheory(StrandlineError):
    """A request that the statistics do not support (too few storms for a coverage, too short a record for a period)."""


class Contradiction(StrandlineError):
    """Results of a run that contradict one another; nothing of them is published.

    Attributes:
        sentences: one for each contradiction.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        listed = "\n".join(f"- {sentence}" for sentence in sentences)
        super().__init__(f"The results contradict one another, so that nothing was written:\n{listed}")
        self.sentences = tuple(sentences)

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[str, ...]]]:
        return type(self), (self.sentences,)  # pickled when raised in a worker process


def require_extra(where: str, extra: str, *modules: str) -> None:
    """Refuse a command or a source whose optional packages are missing, before any work.

    Raises:
        InputError: naming the first missing package and the extra that brings it.
    """
    for module in modules:
        if find_spec(module) is None:
            raise InputError(where, f"{module} is missing", f"pip install 'strandline[{extra}]'")
