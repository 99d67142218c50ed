"""What the watch read, believed, decided and said: one database, one transaction a step, nothing rewritten."""

from strandline.watch.store.errors import AlreadyDone, Busy, Tampered
from strandline.watch.store.records import (
    AlertDraft,
    Confirmation,
    LogEntry,
    Pending,
    StepRecord,
    StoredAlert,
    StoredDecision,
    StoredForecast,
)
from strandline.watch.store.step import Step
from strandline.watch.store.store import Store

__all__ = [
    "AlertDraft",
    "AlreadyDone",
    "Busy",
    "Confirmation",
    "LogEntry",
    "Pending",
    "Step",
    "StepRecord",
    "Store",
    "StoredAlert",
    "StoredDecision",
    "StoredForecast",
    "Tampered",
]
