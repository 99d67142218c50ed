"""Rows as the database holds them, without the tolerance of a driver: each value must be exactly as it is written."""

import hashlib
import math
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    Table,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from strandline.watch.store.records import Json

AT_ONCE = 1000
"""Rows in memory at a time."""
Values: TypeAlias = tuple[Json, ...]
"""Of a row in the order of the table's columns: times in ISO 8601, bytes as their SHA-256."""


def raw_rows(
    connection: Connection, table: Table, *where: ColumnElement[bool], order: tuple[Column, ...] = ()
) -> Iterator[Values]:
    """The rows of a table by primary key, or by ``order``.

    Raises:
        ValueError: a value is not as this program writes it; names the table and the column.
    """
    columns = [type_coerce(column, NullType()).label(column.name) for column in table.columns]
    rows = select(*columns).where(*where).order_by(*(order or table.primary_key))
    plain = [_reader(column, connection.dialect.name) for column in table.columns]
    for row in connection.execute(rows, execution_options={"yield_per": AT_ONCE}):
        yield tuple([read(value) for read, value in zip(plain, row, strict=True)])


def _reader(column: Column, dialect: str) -> Callable[[object], Json]:
    """Reads a value of a column as plain JSON."""
    match column.type:
        case DateTime():
            expected: type = str if dialect == "sqlite" else datetime
            convert: Callable[..., Json] = _iso if dialect == "sqlite" else datetime.isoformat
        case Boolean() if dialect == "sqlite":
            expected, convert = int, {0: False, 1: True}.__getitem__
        case Boolean():
            expected, convert = bool, bool
        case Integer():
            expected, convert = int, int
        case Double():
            expected, convert = float, _finite
        case LargeBinary():
            expected, convert = bytes, lambda value: hashlib.sha256(value).hexdigest()
        case _:
            expected, convert = str, str
    is_nullable = bool(column.nullable)

    def read(value: object) -> Json:
        if value is None and is_nullable:
            return None
        if type(value) is not expected:
            raise ValueError(f"{column.table.name}: a value of the column '{column.name}' is of another kind")
        try:
            return convert(value)
        except (ValueError, KeyError) as error:
            what = f"{column.table.name}: {value!r} in the column '{column.name}' was not written by the watch"
            raise ValueError(what) from error

    return read


@lru_cache(maxsize=4096)
def _iso(text: str) -> str:
    """A time in ISO 8601 from the only form in which SQLAlchemy writes it to SQLite."""
    time = datetime.fromisoformat(text)
    if f"{time:%Y-%m-%d %H:%M:%S.%f}" != text:
        raise ValueError(text)
    return time.isoformat()


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(value)
    return value
