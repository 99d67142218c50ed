"""Old outlooks may go; readings, decisions and the log never do."""

from datetime import datetime

from sqlalchemy import Connection, delete, extract

from strandline.errors import InputError
from strandline.watch.store.log import Note, append
from strandline.watch.store.records import Json
from strandline.watch.store.rows import canonical
from strandline.watch.store.tables import outlooks


def thin_outlooks(before: datetime, every_hours: int, connection: Connection) -> int:
    """Remove and log it, within the caller's transaction; returns how many rows."""
    if every_hours not in (2, 3, 4, 6, 8, 12, 24):
        raise InputError("retention", f"every {every_hours} h is not a part of a day", "2, 3, 4, 6, 8, 12 or 24")
    goes = (outlooks.c.hour < before) & (extract("hour", outlooks.c.hour) % every_hours != 0)
    removed = connection.execute(delete(outlooks).where(goes)).rowcount
    text = f"outlooks before {before:%Y-%m-%dT%H:%M} kept every {every_hours} h, {removed} rows removed"
    data: dict[str, Json] = {"before": before.isoformat(), "every_hours": every_hours, "removed": removed}
    append(connection, [Note(before, "retention", text, canonical(data, "retention"))])
    return removed
