"""Records of a store, besides readings, health, forecasts and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from strandline.watch.decisions import Decision, ForecastRow

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
CapStatus = Literal["Exercise", "Draft"]
Role = Literal["viewer", "analyst", "duty_officer", "administrator"]
"""What an account is for: to look; to record what was heard and start runs; to record, confirm and release; to keep the
accounts and start runs."""
RELEASING: tuple[Role, ...] = ("duty_officer",)
"""Roles that may confirm decisions and release warnings."""
RECORDING: tuple[Role, ...] = ("analyst", "duty_officer")
"""Roles that may record who has a warning."""
STARTING: tuple[Role, ...] = ("analyst", "administrator")
"""Roles that may make a place, fetch its data, and start and cancel its runs."""


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
class Signatory:
    """A person who signs, as their account names them.

    Attributes:
        account: name of the account, unique in a place.
        name: of the person, in full.
        persons_needed: how many different persons this place wants to release a warning; 1 = it has one officer.
    """

    account: str
    name: str
    role: Role
    persons_needed: int = 2


@dataclass(frozen=True)
class Release:
    """Enough persons have confirmed an alert: it may leave.

    Attributes:
        at: naive UTC.
        needed: how many persons had to confirm it.
        persons: their names, in the order in which they confirmed.
    """

    at: datetime
    needed: int
    persons: tuple[str, ...]


Mode = Literal["dry_run", "exercise", "live"]
"""Messages are written to files; sent as exercises; sent."""
Outcome = Literal["begun", "accepted", "failed", "refused"]
"""Of an attempt to send: begun; the far side took it; not now; never."""
DONE: tuple[Outcome, ...] = ("accepted", "refused")
"""Outcomes after which nothing more is to be done."""


@dataclass(frozen=True)
class Outgoing:
    """A message to one recipient, as it is sent each time.

    Attributes:
        key: the same for the same message to the same recipient, whoever makes it and however often.
        alert: identifier.
        recipient: name; its address stays in the file of recipients.
        zone: empty = all zones of the alert.
        content: what is sent, as JSON.
    """

    key: str
    alert: str
    recipient: str
    transport: str
    format: str
    language: str
    zone: str
    content: str


@dataclass(frozen=True)
class Sending:
    """A message and how far it is.

    Attributes:
        attempts: number of the last entry about it; 0 = none.
        outcome: of that; ``None`` = not begun.
        at: of that, or of its queuing, naive UTC.
        tries: how often it was begun.
    """

    message: Outgoing
    mode: Mode
    attempts: int
    outcome: Outcome | None
    at: datetime
    tries: int
    detail: str

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be done."""
        return self.outcome in DONE


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody says that a released warning has arrived.

    Attributes:
        recipient: who has it.
        person: who says so.
        at: naive UTC.
    """

    alert: str
    recipient: str
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
    """An alert draft with its identifier, the hour of its step (naive UTC), and its confirmations, oldest first.

    Attributes:
        release: ``None`` = it still waits for a person.
    """

    identifier: str
    status: CapStatus
    hour: datetime
    draft: AlertDraft
    confirmations: tuple[Confirmation, ...]
    release: Release | None = None


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
    """What waits for a person: unconfirmed decisions, and alert drafts that are not released."""

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
