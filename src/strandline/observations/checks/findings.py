"""What is doubtful or wrong about the data of a region."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from strandline.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """Something that a reader of the plan must know of the data.

    Attributes:
        where: file and row, or key of the region file.
        what: in one sentence without its full stop.
        remedy: what would be right.
        refuses: no plan may rest on it; otherwise it is a warning, which check, report and summary show.
    """

    where: str
    what: str
    remedy: str
    refuses: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.remedy}"


@dataclass(frozen=True)
class Checked(Generic[T]):
    """What a reader read, and what it found doubtful about it."""

    value: T
    findings: tuple[Finding, ...] = ()


def raise_refusals(findings: Iterable[Finding]) -> None:
    """Raise the first finding that no plan may rest on; the message states how many follow.

    Raises:
        InputError: there is one.
    """
    wrong = [finding for finding in findings if finding.refuses]
    if wrong:
        others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise InputError(wrong[0].where, wrong[0].what + others, wrong[0].remedy)


def warnings_of(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The sentences of the findings that refuse nothing, each once."""
    return tuple(dict.fromkeys(str(finding) for finding in findings if not finding.refuses))
