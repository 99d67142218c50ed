"""Conversion of records to rows and back; values that databases store differently are normalised or refused."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, get_args
from urllib.parse import quote
from xml.etree import ElementTree

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, Row, Table

from strandline.errors import InputError
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store.records import AlertDraft, CapStatus, Json
from strandline.watch.store.tables import alerts, decisions, forecasts, health, readings

RowValue: TypeAlias = bool | int | float | str | bytes | datetime | None
RowValues: TypeAlias = dict[str, RowValue]
Record = TypeVar("Record", Reading, Health, ForecastRow)
_Column: TypeAlias = tuple[str, bool, Callable[[Any, str], Any]]
_FIELDS = {kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Reading, Health, ForecastRow)}
LONGEST_FILE_NAME = 200
_SURROGATE = re.compile("[\ud800-\udfff]")
_IS_DECISION_ID = re.compile(r"\d{8}T\d{2}/\d+")


def naive_utc(time: datetime, what: str) -> datetime:
    """The same time as a plain ``datetime``.

    Raises:
        InputError: the time has a zone, or is missing.
    """
    if type(time) is datetime and time.tzinfo is None:  # as at nearly every value
        return time
    if time != time:  # pandas' NaT
        raise InputError(what, "has no time", "give a naive UTC time")
    if time.tzinfo is not None:
        raise InputError(what, f"time {time} has a zone", "convert it to UTC and drop the zone")
    return datetime.combine(time.date(), time.time())


def whole_hour(time: datetime, what: str) -> datetime:
    """The same time, if it is a whole hour."""
    hour = naive_utc(time, what)
    if (hour.minute, hour.second, hour.microsecond) != (0, 0, 0):
        raise InputError(what, f"{hour.isoformat()} is not a whole hour", "steps are hourly; round down")
    return hour


def plain_text(text: str, what: str) -> str:
    """The same text.

    Raises:
        InputError: it contains NUL (impossible in PostgreSQL) or a lone surrogate (impossible in UTF-8).
    """
    if "\0" in text or not (text.isascii() or _SURROGATE.search(text) is None):
        raise InputError(what, f"{text!r} contains NUL or a lone surrogate", "remove it")
    return str(text)


def number(value: float, what: str) -> float:
    """The same number, and 0 for −0, whose sign SQLite drops.

    Raises:
        InputError: NaN, which SQLite stores as null, or infinity.
    """
    if not math.isfinite(value):
        raise InputError(what, f"{value} is not a number", "leave out unknown values")
    return float(value) + 0.0


def canonical(data: Json, what: str) -> str:
    """Canonical JSON: sorted keys, no spaces, ASCII.

    Raises:
        InputError: the data is not JSON, as NaN.
    """
    try:
        return json.dumps(data, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InputError(what, f"is not JSON ({error})", "give texts, finite numbers, lists and objects") from error


def checked_reading(reading: Reading) -> Reading:
    """The reading as both databases return it.

    Raises:
        InputError: a value is not finite, a time has a zone, or a text contains NUL.
    """
    what = f"reading of {reading.stream!r}"
    columns = [column for column in _columns_of(readings) if column[0] in vars(reading)]
    return Reading(**_stored(columns, what, vars(reading)))


def reading_row(reading: Reading, revision: int, received: datetime) -> RowValues:
    """A row of ``readings``."""
    return {**vars(reading), "revision": revision, "received": received}


def health_row(stream: Health, hour: datetime) -> RowValues:
    """A row of ``health``."""
    return _row(health, f"health of {stream.stream!r}", vars(stream), hour=hour)


def forecast_row(forecast: ForecastRow, hour: datetime) -> RowValues:
    """A row of ``outlooks``."""
    what = f"forecast of {forecast.variable!r} in {forecast.zone or 'the sea'!r}"
    return _row(forecasts, what, vars(forecast), hour=hour)


def record_of(kind: type[Record], row: Row) -> Record:
    """The record of a row whose columns have the names of its fields."""
    return kind(*_FIELDS[kind](row))


def decision_id(hour: datetime, rank: int) -> str:
    """As ``20220113T05/1``; no alert may have such an identifier."""
    return f"{hour:%Y%m%dT%H}/{rank}"


def decision_row(decision: Decision, hour: datetime, rank: int) -> RowValues:
    """A row of ``decisions``.

    Raises:
        InputError: it is of another hour than the step.
    """
    what = f"decision on {decision.action!r}"
    if naive_utc(decision.at, what) != hour:
        raise InputError(what, f"is of {decision.at}, not of the step's {hour}", "decide for the hour of the step")
    return _row(decisions, what, vars(decision), id=decision_id(hour, rank), hour=hour, rank=rank, zones=decision.where)


def decision_of(row: Row) -> Decision:
    """The decision of a row of ``decisions``."""
    values = row._asdict() | {"at": row.hour, "where": tuple(json.loads(row.zones))}
    values["moved_by"] = tuple(json.loads(row.moved_by))
    return Decision(**{field.name: values[field.name] for field in fields(Decision)})


def alert_row(draft: AlertDraft, hour: datetime) -> RowValues:
    """A row of ``alerts``; identifier and status are read from the message.

    Raises:
        InputError: it is no CAP message, or no draft.
    """
    try:
        message = ElementTree.fromstring(draft.xml)
        xml = draft.xml.decode("utf-8")
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise InputError("alert", f"is not XML in UTF-8 ({error})", "give what as_cap wrote") from error
    identifier, status = (message.findtext(f"{{*}}{name}") or "" for name in ("identifier", "status"))
    what = f"alert {identifier!r}"
    if status not in get_args(CapStatus):
        raise InputError(what, f"has the status {status!r}", "give a draft or an exercise; only a person sends alerts")
    if not identifier or _IS_DECISION_ID.fullmatch(identifier) or len(file_name_of(identifier)) > LONGEST_FILE_NAME:
        raise InputError(what, "has an impossible identifier", "use 1 to 200 plain characters, not like 20220113T05/1")
    values = {"identifier": identifier, "hour": hour, "status": status, "xml": xml, "decision": draft.decision}
    return _row(alerts, what, values)


def file_name_of(identifier: str) -> str:
    """File name of an alert: characters other than letters, digits and ``_.-~`` are encoded as in URLs."""
    return f"{quote(identifier, safe='')}.xml"


def _row(table: Table, what: str, values: Mapping[str, Any], **added: Any) -> RowValues:
    """A row of a table from values by column, which may hold others too."""
    return _stored(_columns_of(table), what, {**values, **added})


def _stored(columns: Sequence[_Column], what: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of columns as both databases return them."""
    return {
        name: None if is_nullable and values[name] is None else stored(values[name], what)
        for name, is_nullable, stored in columns
    }


@cache
def _columns_of(table: Table) -> tuple[_Column, ...]:
    """Name of each column, whether it may be ``None``, and what makes a value as both databases return it."""
    return tuple((column.name, bool(column.nullable), _stored_by(column)) for column in table.columns)


def _stored_by(column: Column) -> Callable[[Any, str], Any]:
    match column.type:
        case Double():
            return number
        case DateTime():
            return naive_utc
        case Boolean():
            return lambda value, _: bool(value)
        case Integer():
            return lambda value, _: int(value)
    return _stored_text


def _stored_text(value: Any, what: str) -> str:
    """The same text; a tuple becomes JSON."""
    return canonical(value, what) if isinstance(value, tuple | list) else plain_text(value, what)
