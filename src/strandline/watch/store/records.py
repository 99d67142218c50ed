"""What is put into a store beside readings, health, outlook and decisions, and what is read back from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from strandline.watch.decisions import Decision, ForecastRow

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
CapStatus = Literal["Exercise", "Draft"]


@dataclass(frozen=True)
class AlertDraft:
    """A CAP 1.2 message as ``as_cap`` writes it; its identifier and status are read from it.

    Attributes:
        decision: id of the decision that it belongs to, as ``Step.add_decisions`` gave it; ``None`` = of none.
    """

    xml: bytes
    decision: str | None = None


@dataclass(frozen=True)
class StepRecord:
    """A step that is done: the hour it is of, by which version of the program, and the clock's times (naive UTC)."""

    hour: datetime
    began: datetime
    ended: datetime
    code_version: str


@dataclass(frozen=True)
class StoredForecast:
    """What was believed of one variable in one zone at ``hour`` (naive UTC), by the time that it speaks of."""

    hour: datetime
    rows: tuple[ForecastRow, ...]


@dataclass(frozen=True)
class Confirmation:
    """A named person's word about a decision or an alert.

    Attributes:
        subject: id of the decision, or identifier of the alert.
        at: naive UTC.
    """

    subject: str
    person: str
    at: datetime
    note: str


@dataclass(frozen=True)
class StoredDecision:
    """A decision, its id, its place among those of its hour (0 = first), and who has confirmed it, oldest first."""

    id: str
    rank: int
    decision: Decision
    confirmations: tuple[Confirmation, ...]


@dataclass(frozen=True)
class StoredAlert:
    """A draft, its identifier, the hour of its step (naive UTC), and who has confirmed it, oldest first."""

    identifier: str
    status: CapStatus
    hour: datetime
    draft: AlertDraft
    confirmations: tuple[Confirmation, ...]


@dataclass(frozen=True)
class Pending:
    """What waits for a person: decisions that start or stop something or that need one, and alert drafts."""

    decisions: tuple[StoredDecision, ...]
    alerts: tuple[StoredAlert, ...]


@dataclass(frozen=True)
class LogEntry:
    """One line of the log.

    Attributes:
        sequence: 1, 2, 3 … without a gap.
        time: hour of the step, or time of the confirmation or the thinning, naive UTC.
        data: JSON object.
        previous: hash of the entry before; 64 zeros for the first.
        hash: SHA-256 of all the others, in hexadecimal.
    """

    sequence: int
    time: datetime
    kind: str
    text: str
    data: Mapping[str, Json]
    previous: str
    hash: str
