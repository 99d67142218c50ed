"""Records of a store, besides readings, health, forecasts and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from strandline.watch.decisions import Decision, ForecastRow

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
CapStatus = Literal["Exercise", "Draft"]


@dataclass(frozen=True)
class AlertDraft:
    """A CAP 1.2 message as ``as_cap`` writes it; its identifier and status are read from the XML.

    Attributes:
        decision: id of its decision, from ``Step.add_decisions``; an alert without one (``None``) never leaves a store.
    """

    xml: bytes
    decision: str | None = None


@dataclass(frozen=True)
class StepRecord:
    """A completed step: its hour, when it ran (naive UTC), and the version of the program."""

    hour: datetime
    began: datetime
    ended: datetime
    code_version: str


@dataclass(frozen=True)
class StoredForecast:
    """Forecast rows of one hour (naive UTC), by valid time."""

    hour: datetime
    rows: tuple[ForecastRow, ...]


@dataclass(frozen=True)
class Confirmation:
    """Confirmation of a decision or an alert by a named person.

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
    """A decision with its id, its rank within the hour (0 = first), and its confirmations, oldest first."""

    id: str
    rank: int
    decision: Decision
    confirmations: tuple[Confirmation, ...]


@dataclass(frozen=True)
class StoredAlert:
    """An alert draft with its identifier, the hour of its step (naive UTC), and its confirmations, oldest first."""

    identifier: str
    status: CapStatus
    hour: datetime
    draft: AlertDraft
    confirmations: tuple[Confirmation, ...]


@dataclass(frozen=True)
class RefusedAlert:
    """An alert that is not written to a folder, because it is not the watch's own or its file exists already."""

    identifier: str
    copy: str
    why: str


@dataclass(frozen=True)
class Delivery:
    """Files of alerts that were written, and alerts that were refused."""

    written: tuple[Path, ...]
    refused: tuple[RefusedAlert, ...]


@dataclass(frozen=True)
class Pending:
    """What waits for a person: unconfirmed decisions and alert drafts."""

    decisions: tuple[StoredDecision, ...]
    alerts: tuple[StoredAlert, ...]


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log.

    Attributes:
        sequence: 1, 2, 3 … without a gap.
        time: hour of the step, or time of the confirmation or of the thinning, naive UTC.
        data: JSON object.
        previous: hash of the entry before; 64 zeros for the first.
        hash: SHA-256 of all other fields, in hexadecimal.
    """

    sequence: int
    time: datetime
    kind: str
    text: str
    data: Mapping[str, Json]
    previous: str
    hash: str
