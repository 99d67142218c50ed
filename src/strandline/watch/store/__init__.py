"""What the watch read, believed, decided and said: one database, one transaction a step, nothing rewritten."""

from strandline.watch.store.errors import AlreadyDone, Busy, Tampered
from strandline.watch.store.records import (
    AlertDraft,
    Believed,
    Confirmation,
    LogEntry,
    Pending,
    StepRecord,
    StoredAlert,
    StoredDecision,
)
from strandline.watch.store.step import Step
from strandline.watch.store.store import Store

__all__ = [
    "AlertDraft",
    "AlreadyDone",
    "Believed",
    "Busy",
    "Confirmation",
    "LogEntry",
    "Pending",
    "Step",
    "StepRecord",
    "Store",
    "StoredAlert",
    "StoredDecision",
    "Tampered",
]
