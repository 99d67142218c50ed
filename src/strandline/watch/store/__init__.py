"""The watch's database of readings, forecasts, decisions and alerts: one transaction for each step, append-only."""

from strandline.watch.store.errors import AlreadyDone, Busy, Damaged
from strandline.watch.store.records import (
    AlertDraft,
    Confirmation,
    Delivery,
    LogEntry,
    Pending,
    Release,
    Signatory,
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
    "Damaged",
    "Delivery",
    "LogEntry",
    "Pending",
    "Release",
    "Signatory",
    "Step",
    "StepRecord",
    "Store",
    "StoredAlert",
    "StoredDecision",
    "StoredForecast",
]
