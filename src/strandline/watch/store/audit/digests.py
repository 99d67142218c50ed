"""Digests of the rows of a step; the log contains them and so protects every row."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import DateTime, LargeBinary, Table

from strandline.watch.store.records import Json
from strandline.watch.store.rows import RowValue
from strandline.watch.store.tables import alerts, decisions, forecasts, health, readings

HOUR_OF = {readings: readings.c.received, health: health.c.hour, forecasts: forecasts.c.hour,
           decisions: decisions.c.hour, alerts: alerts.c.hour}  # fmt: skip
"""Tables filled by steps → column with the step's hour."""
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class Digest:
    """SHA-256 of rows in the order of their primary key, each as a JSON list of its values and a line feed.

    Args:
        table: defines the order of the values.

    Attributes:
        rows: their number.
    """

    def __init__(self, table: Table) -> None:
        self._names = [column.name for column in table.columns]
        self._coded = [i for i, column in enumerate(table.columns) if isinstance(column.type, DateTime | LargeBinary)]
        self._hash, self.rows = hashlib.sha256(), 0

    def add(self, row: Mapping[str, RowValue]) -> None:
        """Add the next row."""
        values = [row[name] for name in self._names]
        for position in self._coded:
            values[position] = _plain(values[position])
        self.add_values(values)  # type: ignore[arg-type]

    def add_values(self, values: Sequence[Json]) -> None:
        """Add the next row as plain values in the order of the table's columns: times in ISO 8601, bytes as SHA-256."""
        self._hash.update(_ENCODE(values).encode("ascii") + b"\n")
        self.rows += 1

    @property
    def sha256(self) -> str:
        """In hexadecimal."""
        return self._hash.hexdigest()

    def as_json(self) -> Json:
        """The number of rows and their digest."""
        return {"rows": self.rows, "sha256": self.sha256}


def digest_of(table: Table, rows: Iterable[Mapping[str, RowValue]]) -> Json:
    """Digest of rows in any order."""
    key = [column.name for column in table.primary_key]
    digest = Digest(table)
    for row in sorted(rows, key=lambda row: [row[name] for name in key]):
        digest.add(row)
    return digest.as_json()


def _plain(value: RowValue) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    assert value is None, "the column's type"
    return None
