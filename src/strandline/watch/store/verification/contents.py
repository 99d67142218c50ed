"""Verification of the rows against the log."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Connection, Table, select

from strandline.watch.clock import CLOCK_TOLERANCE
from strandline.watch.store.audit.digests import HOUR_OF, Digest
from strandline.watch.store.tables import (
    acknowledgements,
    alerts,
    attempts,
    belief_state,
    confirmations,
    deliveries,
    dispatches,
    forecasts,
    messages,
    readings,
    releases,
    steps,
)
from strandline.watch.store.verification.findings import Findings
from strandline.watch.store.verification.raw_rows import raw_rows
from strandline.watch.store.verification.written import Content, Written, nothing

_HOUR_COLUMN = {**HOUR_OF, steps: steps.c.hour}


def verify_contents(connection: Connection, written: Written, findings: Findings) -> None:
    """Check every row of every table."""
    _compare_steps(connection, written, findings)
    for table, expected in written.content.items():
        late = _LateReadings(written, findings) if table is readings else None
        found = _contents_by_hour(connection, table, (), late)
        _compare(table, expected, found, findings)
    _compare_confirmations(connection, written, findings)
    _compare_deliveries(connection, written, findings)
    _compare_last_mile(connection, written, findings)
    verify_belief(connection, written, findings)


def verify_hours(connection: Connection, written: Written, hours: Collection[datetime], findings: Findings) -> None:
    """Check the rows of some steps, of which ``written`` holds the entries; all other rows are left out."""
    if not hours:
        return
    for table, of_table in written.content.items():
        expected = {hour: content for hour, content in of_table.items() if hour in hours}
        hour = _HOUR_COLUMN[table]
        where: list[ColumnElement[bool]] = [hour.between(min(hours), max(hours))]
        late = None
        if table is readings:
            late = _LateReadings(written, findings)
            # the table is ordered by time, so that a lower bound avoids reading all of it
            expected = {hour: content for hour, content in expected.items() if hour in written.earliest_reading}
            earliest = [one for hour in expected if (one := written.earliest_reading[hour]) is not None]
            where.append(readings.c.time >= min(earliest, default=min(hours)))
        found = _contents_by_hour(connection, table, where, late)
        _compare(table, expected, {hour: content for hour, content in found.items() if hour in expected}, findings)


def verify_belief(connection: Connection, written: Written, findings: Findings) -> None:
    """Check the belief state, which the next step continues from."""
    rows = [(number, cast(str, state), datetime.fromisoformat(cast(str, hour)))
            for number, hour, state in raw_rows(connection, belief_state)]  # fmt: skip
    if rows != ([] if written.belief is None else [(1, *written.belief)]):
        since = written.belief[1] if written.belief else None
        findings.add("rows", "the belief state does not match the log", since)


class _LateReadings:
    """Finds readings issued after their receipt, which a live watch marks as bad."""

    def __init__(self, written: Written, findings: Findings) -> None:
        self._latest = {hour: receipt + CLOCK_TOLERANCE for hour, receipt in written.receipt.items()}
        self._findings = findings
        names = [column.name for column in readings.columns]
        self._issued, self._quality = names.index("issued"), names.index("quality")

    def check(self, hour: datetime, values: tuple[object, ...]) -> None:
        latest = self._latest.get(hour)
        if latest is None or values[self._quality] == "bad":
            return
        if (issued := datetime.fromisoformat(cast(str, values[self._issued]))) > latest:
            self._findings.add("times", f"a reading issued on {issued} was received before, and counts as good", hour)


def _contents_by_hour(
    connection: Connection, table: Table, where: Iterable[ColumnElement[bool]], late: _LateReadings | None
) -> dict[datetime, Content]:
    """Rows and their SHA-256 by the hour of the step, in one pass over the table."""
    position = [column.name for column in table.columns].index(_HOUR_COLUMN[table].name)
    digests: dict[object, tuple[datetime, Digest]] = {}
    for values in raw_rows(connection, table, *where):
        iso = values[position]
        if iso not in digests:
            digests[iso] = datetime.fromisoformat(cast(str, iso)), Digest(table)
        hour, digest = digests[iso]
        digest.add_values(values)
        if late is not None:
            late.check(hour, values)
    return {hour: (digest.rows, digest.sha256) for hour, digest in digests.values()}


def _compare(
    table: Table, expected: dict[datetime, Content], found: dict[datetime, Content], findings: Findings
) -> None:
    if table is steps:  # an older version did not log these rows; their hours are compared in any case
        found = {hour: content for hour, content in found.items() if hour in expected}
    none = nothing(table)
    for hour in sorted(expected.keys() | found.keys()):
        was, is_now = expected.get(hour, none), found.get(hour, none)
        if was != is_now:
            name = "forecasts" if table is forecasts else table.name
            findings.add("rows", f"{name} of {hour:%Y-%m-%dT%H:%M} do not match the log: {_changed(was, is_now)}", hour)


def _changed(was: Content, is_now: Content) -> str:
    if was[0] == is_now[0]:
        return f"of {was[0]} rows at least one was changed"
    change = "removed" if is_now[0] < was[0] else "added"
    return f"{was[0]} rows were written, {is_now[0]} are there: some were {change}"


def _compare_steps(connection: Connection, written: Written, findings: Findings) -> None:
    found = [datetime.fromisoformat(cast(str, values[0])) for values in raw_rows(connection, steps)]
    if found != written.hours:
        different = sorted(set(found) ^ set(written.hours))
        findings.add("rows", "the completed steps do not match the log", different[0] if different else None)


def _compare_confirmations(connection: Connection, written: Written, findings: Findings) -> None:
    found = []
    for sequence, (number, decision, alert, person, at, note) in enumerate(
        raw_rows(connection, confirmations), start=1
    ):
        found.append((alert or decision, person, datetime.fromisoformat(cast(str, at)), note))
        if number != sequence:
            findings.add("rows", f"the confirmations do not match the log: number {sequence} is missing")
            return
    if found != written.confirmations:
        first = next(
            (
                number
                for number, pair in enumerate(zip(found, written.confirmations, strict=False))
                if pair[0] != pair[1]
            ),
            min(len(found), len(written.confirmations)),
        )
        since = (found[first] if first < len(found) else written.confirmations[first])[2]
        findings.add("rows", f"the confirmations do not match the log from number {first + 1} on", since)


def _compare_deliveries(connection: Connection, written: Written, findings: Findings) -> None:
    found = {
        (cast(str, alert), cast(str, copy), datetime.fromisoformat(cast(str, at)))
        for alert, copy, at in raw_rows(connection, deliveries)
    }
    for alert, copy, at in sorted(written.deliveries ^ found):
        if (alert, copy, at) in written.deliveries or not _is_of_an_older_version(alert, connection, written):
            findings.add("rows", f"the delivery of '{alert}' to {copy}/ does not match the log", at)


def _is_of_an_older_version(alert: str, connection: Connection, written: Written) -> bool:
    """Whether the alert was drafted by a version that did not log deliveries."""
    hour = connection.execute(select(alerts.c.hour).where(alerts.c.identifier == alert)).scalar()
    return hour in written.hours and hour not in written.content[steps]


def _compare_last_mile(connection: Connection, written: Written, findings: Findings) -> None:
    """Check releases, messages, attempts to send them, and acknowledgements."""
    released = {
        (cast(str, alert), _time(at), cast(int, needed), cast(str, persons))
        for alert, at, needed, persons in raw_rows(connection, releases)
        if not (alert in written.released_by_one and (needed, persons) == (1, "[]"))
    }
    for alert, at, *_ in sorted(written.releases ^ released):
        findings.add("rows", f"the release of '{alert}' does not match the log", at)
    of_alert = {(cast(str, alert), _time(at), cast(str, mode)): nothing(messages)
                for alert, at, mode in raw_rows(connection, dispatches)}  # fmt: skip
    digests: dict[str, Digest] = {}
    for values in raw_rows(connection, messages):
        digests.setdefault(cast(str, values[1]), Digest(messages)).add_values(values)
    of_alert = {key: (digests[key[0]].rows, digests[key[0]].sha256) if key[0] in digests else none
                for key, none in of_alert.items()}  # fmt: skip
    for key in sorted(of_alert.keys() | written.dispatches.keys()):
        if of_alert.get(key) != written.dispatches.get(key):
            findings.add("rows", f"the messages of '{key[0]}' do not match the log", key[1])
    tried = {(cast(str, message), cast(int, number), cast(str, outcome), _time(at), cast(str, detail))
             for message, number, outcome, at, detail in raw_rows(connection, attempts)}  # fmt: skip
    for message, number, _, at, _ in sorted(written.attempts ^ tried):
        findings.add("rows", f"attempt {number} to send {message[:16]} does not match the log", at)
    heard = [(cast(str, alert), cast(str, recipient), cast(str, person), _time(at), cast(str, note))
             for _, alert, recipient, person, at, note in raw_rows(connection, acknowledgements)]  # fmt: skip
    if heard != written.acknowledgements:
        findings.add("rows", "the acknowledgements do not match the log")


def _time(iso: object) -> datetime:
    return datetime.fromisoformat(cast(str, iso))
