"""Thinning of old forecasts; readings, decisions and the log are never removed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, extract, func, select

from strandline.errors import InputError
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.database.engine import reading, writing
from strandline.watch.store.records import Json
from strandline.watch.store.rows import canonical
from strandline.watch.store.tables import forecasts
from strandline.watch.store.verification.known_entries import KnownEntry

AT_ONCE = timedelta(days=30)
"""Span thinned in one transaction: less than a second of writing, so that a step need not wait."""


def thin_forecasts(
    before: datetime, every_hours: int, at: datetime, engine: Engine, committed: Callable[[KnownEntry], None]
) -> int:
    """See ``Store.thin_forecasts``; the removal is logged with the time ``at``.

    Args:
        committed: called with the newest entry of the log after each commit.
    """
    if every_hours not in (2, 3, 4, 6, 8, 12, 24):
        raise InputError("retention", f"every {every_hours} h does not divide a day", "give 2, 3, 4, 6, 8, 12 or 24")
    with reading(engine) as connection:
        since = connection.execute(select(func.min(forecasts.c.hour))).scalar()
    removed = 0
    while since is not None and since < before:
        until = min(since + AT_ONCE, before)
        removed += _thin(since, until, every_hours, at, engine, committed)
        since = until
    return removed


def _thin(
    since: datetime,
    until: datetime,
    every_hours: int,
    at: datetime,
    engine: Engine,
    committed: Callable[[KnownEntry], None],
) -> int:
    old = (forecasts.c.hour >= since) & (forecasts.c.hour < until)
    with writing(engine) as connection:
        gone = connection.execute(
            delete(forecasts).where(old, extract("hour", forecasts.c.hour) % every_hours != 0)
        ).rowcount
        entry = None
        if gone:
            text = f"forecasts before {until:%Y-%m-%dT%H:%M} are kept every {every_hours} h, {gone} rows removed"
            data: dict[str, Json] = {"before": until.isoformat(), "every_hours": every_hours, "removed": gone}
            entry = append(connection, [Note(at, "retention", text, canonical(data, "retention"))])
    if entry is not None:
        committed(entry)
    return gone
