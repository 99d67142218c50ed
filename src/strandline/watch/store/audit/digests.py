"""Digests of the rows of a step; the log contains them and so protects every row."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Table

from strandline.watch.store.records import Json
from strandline.watch.store.rows import RowValue
from strandline.watch.store.tables import alerts, decisions, forecasts, health, readings

HOUR_OF = {readings: readings.c.received, health: health.c.hour, forecasts: forecasts.c.hour,
           decisions: decisions.c.hour, alerts: alerts.c.hour}  # fmt: skip
"""Tables filled by steps → column with the step's hour."""


class Digest:
    """SHA-256 of rows in the order of their primary key, each as a JSON list of its values and a line feed.

    Args:
        table: defines the order of the values.
    """

    def __init__(self, table: Table) -> None:
        self._names = [column.name for column in table.columns]
        self._hash, self._rows = hashlib.sha256(), 0

    def add(self, row: Mapping[str, RowValue]) -> None:
        """Add the next row."""
        values = [_plain(row[name]) for name in self._names]
        self._hash.update(json.dumps(values, separators=(",", ":")).encode("ascii") + b"\n")
        self._rows += 1

    def as_json(self) -> Json:
        """The number of rows and their digest."""
        return {"rows": self._rows, "sha256": self._hash.hexdigest()}


def digest_of(table: Table, rows: Iterable[Mapping[str, RowValue]]) -> Json:
    """Digest of rows in any order."""
    key = [column.name for column in table.primary_key]
    digest = Digest(table)
    for row in sorted(rows, key=lambda row: [row[name] for name in key]):
        digest.add(row)
    return digest.as_json()


def _plain(value: RowValue) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return value
