"""Revisions of readings: those known at an hour, and those that are new to a step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection, Select, select

from strandline.watch.readings import Reading
from strandline.watch.store.rows import record_of
from strandline.watch.store.tables import readings

Identity: TypeAlias = tuple[datetime, str, str, str, int, datetime]
Kind: TypeAlias = Literal["all", "measured", "forecast"]
"""A forecast is issued before its valid time, a measurement is not."""


def known_readings(
    since: datetime, until: datetime | None, known_at: datetime, kind: Kind = "all", variables: Sequence[str] = ()
) -> Select:
    """Rows for ``since`` to ``until``, inclusive (``None`` = no end), received by ``known_at``; of some variables."""
    rows = select(readings).where(readings.c.time >= since, readings.c.received <= known_at)
    if kind != "all":
        is_forecast = readings.c.issued < readings.c.time
        rows = rows.where(is_forecast if kind == "forecast" else ~is_forecast)
    if variables:
        rows = rows.where(readings.c.variable.in_(variables))
    return rows if until is None else rows.where(readings.c.time <= until)


def identity(reading: Reading) -> Identity:
    """Fields that a revision shares with the reading that it revises, in the order of the table's key."""
    return reading.time, reading.stream, reading.variable, reading.place, reading.member, reading.issued


class Revisions:
    """The readings that are new to a step, with their revision: 0, or more for a revision of an earlier reading.

    A repeated reading is stored once: it is new only if its newest revision has another value or quality.
    """

    def __init__(self) -> None:
        self.new: list[tuple[Reading, int]] = []
        self._newest: dict[Identity, tuple[Reading, int]] = {}

    def add(self, given: Sequence[Reading], connection: Connection) -> None:
        """Keep the new readings of ``given``."""
        self._newest = _stored_like(given, connection) | self._newest
        for reading in given:
            last, revision = self._newest.get(identity(reading), (None, -1))
            if last is None or (last.value, last.quality) != (reading.value, reading.quality):
                self._newest[identity(reading)] = reading, revision + 1
                self.new.append((reading, revision + 1))


def _stored_like(given: Sequence[Reading], connection: Connection) -> dict[Identity, tuple[Reading, int]]:
    """Newest stored revisions of readings that ``given`` may repeat."""
    times, issues = [one.time for one in given], [one.issued for one in given]
    rows = (
        select(readings)
        .where(readings.c.time.between(min(times), max(times)), readings.c.issued.between(min(issues), max(issues)))
        .where(readings.c.stream.in_({one.stream for one in given}))
        .order_by(*readings.primary_key)
    )
    return {
        identity(stored): (stored, row.revision)
        for row in connection.execute(rows)
        for stored in [record_of(Reading, row)]
    }
