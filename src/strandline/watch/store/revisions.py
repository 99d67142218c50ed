"""What streams had said by an hour, and which of what they say now is new."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Connection, Select, select

from strandline.watch.readings import Reading
from strandline.watch.store.rows import reading_of
from strandline.watch.store.tables import readings

Which: TypeAlias = tuple[datetime, str, str, str, int, datetime]


Kind: TypeAlias = Literal["all", "measured", "forecast"]
"""A forecast was issued before the time that it speaks of; what was measured was not."""


def known_readings(since: datetime, until: datetime | None, known_at: datetime, kind: Kind = "all") -> Select:
    """Rows about ``since`` up to and with ``until`` (``None`` = without end) that had come by ``known_at``."""
    rows = select(readings).where(readings.c.time >= since, readings.c.received <= known_at)
    if kind != "all":
        is_forecast = readings.c.issued < readings.c.time
        rows = rows.where(is_forecast if kind == "forecast" else ~is_forecast)
    return rows if until is None else rows.where(readings.c.time <= until)


def which(reading: Reading) -> Which:
    """What a revision has in common with the reading that it revises, in the order of the table's key."""
    return reading.time, reading.stream, reading.variable, reading.place, reading.member, reading.issued


class Revisions:
    """The readings that are new to a step, each with its revision: 0, or more where it revises a former one.

    What a stream repeats is kept once: it is new only where its newest revision had another value or quality.
    """

    def __init__(self) -> None:
        self.new: list[tuple[Reading, int]] = []
        self._newest: dict[Which, tuple[Reading, int]] = {}

    def add(self, said: Sequence[Reading], connection: Connection) -> None:
        """Keep what is new of ``said``."""
        self._newest = _stored_like(said, connection) | self._newest
        for reading in said:
            last, revision = self._newest.get(which(reading), (None, -1))
            if last is None or (last.value, last.quality) != (reading.value, reading.quality):
                self._newest[which(reading)] = reading, revision + 1
                self.new.append((reading, revision + 1))


def _stored_like(said: Sequence[Reading], connection: Connection) -> dict[Which, tuple[Reading, int]]:
    """Newest revisions of what ``said`` might repeat."""
    times, issues = [one.time for one in said], [one.issued for one in said]
    rows = (
        select(readings)
        .where(readings.c.time.between(min(times), max(times)), readings.c.issued.between(min(issues), max(issues)))
        .where(readings.c.stream.in_({one.stream for one in said}))
        .order_by(*readings.primary_key)
    )
    return {which(stored): (stored, row.revision) for row in connection.execute(rows) for stored in [reading_of(row)]}
