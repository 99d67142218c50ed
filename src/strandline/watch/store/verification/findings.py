"""What a verification finds."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from strandline.watch.store.errors import Damaged
from strandline.watch.store.verification.known_entries import KnownEntry

Check: TypeAlias = Literal["file", "schema", "log", "known entries", "rows", "alert files", "times"]
MOST_OF_A_CHECK = 5
"""Findings that are listed of each check; the others are counted."""
_BY_GRAVITY: tuple[Check, ...] = ("file", "alert files", "rows", "log", "known entries", "times", "schema")
_REMEDIES: dict[Check, str] = {
    "file": "check the disk; restore a backup, or set the store aside",
    "schema": "find out which program changed the tables; restore a backup, or set the store aside",
    "log": "do not rely on what was stored from there on; restore a backup, or set the store aside",
    "known entries": "compare with a copy of the log kept elsewhere; after restoring a backup on purpose, move the "
    "file of known entries away",
    "rows": "do not rely on the rows of that hour; restore a backup, or set the store aside",
    "alert files": "let no gateway send it; move it away and find out who wrote it",
    "times": "set this machine's clock; if it is right, set the store aside",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the watch left it.

    Attributes:
        what: what is wrong and where, in plain words.
        since: when what is affected was written, naive UTC; ``None`` = unknown.
    """

    check: Check
    what: str
    since: datetime | None = None

    @property
    def remedy(self) -> str:
        """What to do."""
        return _REMEDIES[self.check]


@dataclass
class Findings:
    """Collects findings, and counts those beyond ``MOST_OF_A_CHECK`` of a check."""

    _listed: list[Finding] = field(default_factory=list)
    _counts: Counter[Check] = field(default_factory=Counter)

    def add(self, check: Check, what: str, since: datetime | None = None) -> None:
        """Add a finding."""
        self._counts[check] += 1
        if self._counts[check] <= MOST_OF_A_CHECK:
            self._listed.append(Finding(check, what, since))

    def __iter__(self) -> Iterator[Finding]:
        yield from self._listed
        for check, count in self._counts.items():
            if count > MOST_OF_A_CHECK:
                yield Finding(check, f"and {count - MOST_OF_A_CHECK} more of this kind")

    def __bool__(self) -> bool:
        return bool(self._listed)


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Attributes:
        store: path, or URL without a password.
        checked_at: naive UTC.
        entries, steps: of the log, and completed.
        last_entry: of the log; ``None`` = it is empty or cannot be read.
        newest_step: hour, naive UTC; ``None`` = none.
        last_whole: when the store was last found whole, naive UTC; ``None`` = never, or unknown.
        findings: empty = the store is whole.
        notes: what could not be checked, and what is odd without being damage.
    """

    store: str
    checked_at: datetime
    entries: int
    steps: int
    last_entry: KnownEntry | None
    newest_step: datetime | None
    last_whole: datetime | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def refuse_damage(self) -> None:
        """Raise the gravest finding.

        Raises:
            Damaged: the store is not whole.
        """
        if self.findings:
            gravest = min(self.findings, key=lambda one: _BY_GRAVITY.index(one.check))
            more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
            raise Damaged(self.store, f"{gravest.what}{more}")
