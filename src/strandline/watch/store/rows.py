"""Conversion of records to rows and back; values that databases store differently are normalised or refused."""

import json
import math
import re
from datetime import datetime
from typing import TypeAlias, get_args
from urllib.parse import quote
from xml.etree import ElementTree

from sqlalchemy import Row

from strandline.errors import InputError
from strandline.watch.decisions import Decision, ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store.records import AlertDraft, CapStatus, Json

RowValue: TypeAlias = bool | int | float | str | bytes | datetime | None
RowValues: TypeAlias = dict[str, RowValue]
LONGEST_FILE_NAME = 200
_SURROGATE = re.compile("[\ud800-\udfff]")
_IS_DECISION_ID = re.compile(r"\d{8}T\d{2}/\d+")


def naive_utc(time: datetime, what: str) -> datetime:
    """The same time as a plain ``datetime``.

    Raises:
        InputError: the time has a zone, or is missing.
    """
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
    return Reading(
        stream=plain_text(reading.stream, what),
        variable=plain_text(reading.variable, what),
        time=naive_utc(reading.time, what),
        issued=naive_utc(reading.issued, what),
        value=number(reading.value, what),
        place=plain_text(reading.place, what),
        member=int(reading.member),
        quality=reading.quality,
    )


def reading_row(reading: Reading, revision: int, received: datetime) -> RowValues:
    """A row of ``readings``."""
    return {**vars(reading), "revision": revision, "received": received}


def reading_of(row: Row) -> Reading:
    """The reading of a row of ``readings``."""
    return Reading(row.stream, row.variable, row.time, row.issued, row.value, row.place, row.member, row.quality)


def health_row(health: Health, hour: datetime) -> RowValues:
    """A row of ``health``."""
    what = f"health of {health.stream!r}"
    return {
        "hour": hour,
        "stream": plain_text(health.stream, what),
        "last_seen": None if health.last_seen is None else naive_utc(health.last_seen, what),
        "age_hours": _number_or_none(health.age_hours, what),
        "condition": plain_text(health.condition, what),
        "share_good": _number_or_none(health.share_good, what),
        "fallback": plain_text(health.fallback, what),
        "note": plain_text(health.note, what),
    }


def health_of(row: Row) -> Health:
    """The health of a row of ``health``."""
    return Health(row.stream, row.last_seen, row.age_hours, row.condition, row.share_good, row.fallback, row.note)


def forecast_row(forecast: ForecastRow, hour: datetime) -> RowValues:
    """A row of ``outlooks``."""
    what = f"forecast of {forecast.variable!r} in {forecast.zone or 'the sea'!r}"
    return {
        "hour": hour,
        "variable": plain_text(forecast.variable, what),
        "zone": plain_text(forecast.zone, what),
        "time": naive_utc(forecast.time, what),
        "lead_hours": number(forecast.lead_hours, what),
        "p05": number(forecast.p05, what),
        "p50": number(forecast.p50, what),
        "p95": number(forecast.p95, what),
        "probability": _number_or_none(forecast.probability, what),
    }


def forecast_of(row: Row) -> ForecastRow:
    """The forecast row of a row of ``outlooks``."""
    return ForecastRow(row.variable, row.zone, row.time, row.lead_hours, row.p05, row.p50, row.p95, row.probability)


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
    return {
        "id": decision_id(hour, rank),
        "hour": hour,
        "rank": rank,
        "action": plain_text(decision.action, what),
        "change": plain_text(decision.change, what),
        "zones": canonical(decision.where, what),
        "probability": _number_or_none(decision.probability, what),
        "expected_avoided_loss": _number_or_none(decision.expected_avoided_loss, what),
        "cost": _number_or_none(decision.cost, what),
        "onset": None if decision.onset is None else naive_utc(decision.onset, what),
        "is_degraded": bool(decision.is_degraded),
        "needs_person": bool(decision.needs_person),
        "why": plain_text(decision.why, what),
        "moved_by": canonical(decision.moved_by, what),
        "would_change": plain_text(decision.would_change, what),
    }


def decision_of(row: Row) -> Decision:
    """The decision of a row of ``decisions``."""
    return Decision(
        at=row.hour,
        action=row.action,
        change=row.change,
        where=tuple(json.loads(row.zones)),
        probability=row.probability,
        expected_avoided_loss=row.expected_avoided_loss,
        cost=row.cost,
        onset=row.onset,
        is_degraded=row.is_degraded,
        needs_person=row.needs_person,
        why=row.why,
        moved_by=tuple(json.loads(row.moved_by)),
        would_change=row.would_change,
    )


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
    return {
        "identifier": plain_text(identifier, what),
        "hour": hour,
        "status": status,
        "xml": plain_text(xml, what),
        "decision": draft.decision,
    }


def file_name_of(identifier: str) -> str:
    """File name of an alert: characters other than letters, digits and ``_.-~`` are encoded as in URLs."""
    return f"{quote(identifier, safe='')}.xml"


def _number_or_none(value: float | None, what: str) -> float | None:
    return None if value is None else number(value, what)
