"""Read access to a store: typed, in pages, and without blocking a step."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Column, Engine, Row, Select, Table, func, or_, select, tuple_

from strandline.watch.decisions import ForecastRow
from strandline.watch.readings import Health, Reading
from strandline.watch.store.audit import messages
from strandline.watch.store.audit.log import entry_of
from strandline.watch.store.database.engine import reading
from strandline.watch.store.records import (
    Acknowledgement,
    AlertDraft,
    Confirmation,
    LogEntry,
    Pending,
    Release,
    Sending,
    StepRecord,
    StoredAlert,
    StoredDecision,
    StoredForecast,
)
from strandline.watch.store.revisions import known_readings
from strandline.watch.store.rows import decision_of, naive_utc, record_of
from strandline.watch.store.tables import (
    alerts,
    confirmations,
    decisions,
    forecasts,
    health,
    log,
    readings,
    releases,
    steps,
)

PAGE = 500
"""Rows fetched at once; no transaction is open between two pages."""


class Readers:
    """Iterators over the stored rows, oldest first; times are naive UTC, and ``until`` is included."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest_step(self) -> StepRecord | None:
        """The last completed step."""
        with reading(self._engine) as connection:
            row = connection.execute(select(steps).order_by(steps.c.hour.desc()).limit(1)).first()
        return None if row is None else StepRecord(*row)

    def steps(self, since: datetime, until: datetime) -> Iterator[StepRecord]:
        """Completed steps."""
        for page in self._pages(_between(steps, steps.c.hour, since, until), steps.c.hour):
            yield from (StepRecord(*row) for row in page)

    def readings(self, since: datetime, until: datetime, known_at: datetime) -> Iterator[Reading]:
        """Readings for these times received by ``known_at``: by time, newest revision last."""
        rows = known_readings(naive_utc(since, "since"), naive_utc(until, "until"), naive_utc(known_at, "known_at"))
        for page in self._pages(rows, *readings.primary_key):
            yield from (record_of(Reading, row) for row in page)

    def health(self) -> list[Health]:
        """Health of the streams at the newest step."""
        newest = select(func.max(health.c.hour)).scalar_subquery()
        with reading(self._engine) as connection:
            rows = connection.execute(select(health).where(health.c.hour == newest).order_by(health.c.stream)).all()
        return [record_of(Health, row) for row in rows]

    def health_history(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, tuple[Health, ...]]]:
        """Health of the streams, by the hour of the step."""
        for page in self._pages(_between(steps, steps.c.hour, since, until), steps.c.hour):
            rows = select(health).where(health.c.hour.between(page[0].hour, page[-1].hour))
            with reading(self._engine) as connection:
                found = connection.execute(rows.order_by(*health.primary_key)).all()
            for hour, of_one in groupby(found, attrgetter("hour")):
                yield hour, tuple(record_of(Health, row) for row in of_one)

    def forecast(self) -> StoredForecast | None:
        """The newest forecast of every variable and zone, with its hour."""
        newest = select(func.max(forecasts.c.hour)).scalar_subquery()
        rows = select(forecasts).where(forecasts.c.hour == newest).order_by(*forecasts.primary_key)
        with reading(self._engine) as connection:
            return next(_by_hour(connection.execute(rows)), None)

    def forecast_history(
        self, variable: str, zone: str | None, since: datetime, until: datetime
    ) -> Iterator[StoredForecast]:
        """Forecasts of one variable in one zone (``None`` = all), hour by hour; thinned hours are missing."""
        hours = _between(steps, steps.c.hour, since, until)
        for page in self._pages(hours, steps.c.hour):
            rows = (
                select(forecasts)
                .where(forecasts.c.hour.in_([step.hour for step in page]))
                .where(forecasts.c.variable == variable)
                .order_by(forecasts.c.hour, forecasts.c.time, forecasts.c.zone)
            )
            if zone is not None:
                rows = rows.where(forecasts.c.zone == zone)
            with reading(self._engine) as connection:
                found = list(_by_hour(connection.execute(rows)))
            yield from found

    def decisions(self, since: datetime, until: datetime) -> Iterator[StoredDecision]:
        """Decisions by hour and rank, with their confirmations."""
        rows = _between(decisions, decisions.c.hour, since, until)
        for page in self._pages(rows, decisions.c.hour, decisions.c.rank):
            confirmed = self._confirmations(confirmations.c.decision, [row.id for row in page])
            yield from (_decision(row, confirmed.get(row.id, ())) for row in page)

    def alerts(self, since: datetime, until: datetime) -> Iterator[StoredAlert]:
        """Alert drafts by hour, with their confirmations."""
        rows = _between(alerts, alerts.c.hour, since, until)
        for page in self._pages(rows, alerts.c.hour, alerts.c.identifier):
            names = [row.identifier for row in page]
            confirmed, released = self._confirmations(confirmations.c.alert, names), self._releases(names)
            yield from (_alert(row, confirmed.get(row.identifier, ()), released.get(row.identifier)) for row in page)

    def pending(self, since: datetime) -> Pending:
        """What waits for a person since that hour.

        Unconfirmed decisions that start or stop an action or need a person, and alert drafts that are not released.
        """
        since = naive_utc(since, "since")
        needs_confirmation = or_(decisions.c.change.in_(("start", "stop")), decisions.c.needs_person)
        is_confirmed = select(confirmations).where(confirmations.c.decision == decisions.c.id).exists()
        open_decisions = select(decisions).where(decisions.c.hour >= since, needs_confirmation, ~is_confirmed)
        is_released = select(releases).where(releases.c.alert == alerts.c.identifier).exists()
        open_alerts = select(alerts).where(alerts.c.hour >= since, ~is_released)
        with reading(self._engine) as connection:
            decided = connection.execute(open_decisions.order_by(decisions.c.hour, decisions.c.rank)).all()
            drafted = connection.execute(open_alerts.order_by(alerts.c.hour, alerts.c.identifier)).all()
        given = self._confirmations(confirmations.c.alert, [row.identifier for row in drafted]) if drafted else {}
        waiting = tuple(_alert(row, given.get(row.identifier, ()), None) for row in drafted)
        return Pending(tuple(_decision(row, ()) for row in decided), waiting)

    def not_queued(self) -> list[str]:
        """Released alerts whose messages are not queued, oldest first."""
        with reading(self._engine) as connection:
            return messages.not_queued(connection)

    def released_alert(self, identifier: str) -> StoredAlert:
        """A released alert by its identifier."""
        with reading(self._engine) as connection:
            row = connection.execute(select(alerts).where(alerts.c.identifier == identifier)).one()
        return _alert(row, (), self._releases([identifier])[identifier])

    def sendings(self, alert: str | None = None, *, unfinished: bool = False) -> list[Sending]:
        """Messages with how far they are, oldest first; of one alert, or all; ``unfinished`` = not yet done."""
        with reading(self._engine) as connection:
            return messages.sendings(connection, alert, unfinished=unfinished)

    def acknowledgements(self, alert: str | None = None) -> list[Acknowledgement]:
        """Who has a released warning, oldest first; of one alert, or all."""
        with reading(self._engine) as connection:
            return messages.acknowledged(connection, alert)

    def log(self, after: int = 0) -> Iterator[LogEntry]:
        """The log entries after number ``after``."""
        for page in self._pages(select(log).where(log.c.sequence > after), log.c.sequence):
            yield from (entry_of(row) for row in page)

    def newest_entry(self) -> LogEntry | None:
        """The last entry of the log."""
        with reading(self._engine) as connection:
            row = connection.execute(select(log).order_by(log.c.sequence.desc()).limit(1)).first()
        return None if row is None else entry_of(row)

    def _confirmations(self, subject: Column, subjects: list[str]) -> dict[str, tuple[Confirmation, ...]]:
        rows_of = select(subject.label("subject"), confirmations).where(subject.in_(subjects))
        with reading(self._engine) as connection:
            rows = connection.execute(rows_of.order_by(subject, confirmations.c.sequence))
            return {
                name: tuple(Confirmation(name, row.person, row.at, row.note) for row in of_one)
                for name, of_one in groupby(rows, attrgetter("subject"))
            }

    def _releases(self, identifiers: list[str]) -> dict[str, Release]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(releases).where(releases.c.alert.in_(identifiers))).all()
        return {row.alert: Release(row.at, row.needed, tuple(json.loads(row.persons))) for row in rows}

    def _pages(self, rows: Select, *key: Column) -> Iterator[Sequence[Row]]:
        """Pages of ``rows`` in the order of the unique ``key``; each starts after the last row of the one before."""
        page_rows = rows.order_by(*key).limit(PAGE)
        page: Sequence[Row] = ()
        while not page or len(page) == PAGE:
            after = page_rows
            if page:
                last = [getattr(page[-1], column.name) for column in key]
                after = page_rows.where(tuple_(*key) > tuple_(*last))
            with reading(self._engine) as connection:
                page = connection.execute(after).all()
            if not page:
                return
            yield page


def _between(table: Table, hour: Column, since: datetime, until: datetime) -> Select:
    return select(table).where(hour.between(naive_utc(since, "since"), naive_utc(until, "until")))


def _by_hour(rows: Iterable[Row]) -> Iterator[StoredForecast]:
    for hour, of_one in groupby(rows, attrgetter("hour")):
        yield StoredForecast(hour, tuple(record_of(ForecastRow, row) for row in of_one))


def _decision(row: Row, confirmed: tuple[Confirmation, ...]) -> StoredDecision:
    return StoredDecision(row.id, row.rank, decision_of(row), confirmed)


def _alert(row: Row, confirmed: tuple[Confirmation, ...], release: Release | None) -> StoredAlert:
    draft = AlertDraft(row.xml.encode("utf-8"), row.decision)
    return StoredAlert(row.identifier, row.status, row.hour, draft, confirmed, release)
