"""The watch's database of readings, forecasts, decisions and alerts: one transaction for each step, append-only."""

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
