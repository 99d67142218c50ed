"""Writes committed alerts to files: all to ``drafts/``, and those that a person has confirmed to ``confirmed/``."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, Select, and_, insert, select

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.watch.store.database.engine import reading, writing
from strandline.watch.store.rows import file_name_of
from strandline.watch.store.tables import alerts, confirmations, deliveries

Copy = Literal["drafts", "confirmed"]
COPIES: tuple[Copy, ...] = ("drafts", "confirmed")


def alerts_beside(address: str | Path, run: Path) -> Path:
    """Folder of a store's alerts: beside an SQLite file, otherwise in the run's folder with the database's name."""
    text = str(address)
    if "://" in text and not text.startswith("sqlite"):
        return run / f"{text.rsplit('/', 1)[-1].split('?')[0]}-alerts"
    path = Path(text.removeprefix("sqlite:///"))
    return path.with_name(f"{path.stem}-alerts")


def deliver(folder: Path, at: datetime, source: Engine | Connection) -> list[Path]:
    """Write the committed alerts that are not yet written; returns the files.

    A file is written before its delivery is recorded: after a crash in between it exists with the same content.

    Raises:
        InputError: a file cannot be written, or exists with another content.
    """
    written = []
    for copy in COPIES:
        with reading(source) as connection:
            waiting = connection.execute(_not_delivered(copy)).all()
        for alert in waiting:
            path = folder / copy / file_name_of(alert.identifier)
            _write_once(path, alert.xml.encode("utf-8"))
            with writing(source) as connection:
                connection.execute(insert(deliveries).values(alert=alert.identifier, copy=copy, at=at))
            written.append(path)
    return written


def _not_delivered(copy: Copy) -> Select:
    delivered = and_(deliveries.c.alert == alerts.c.identifier, deliveries.c.copy == copy)
    waiting = select(alerts).where(~select(deliveries.c.alert).where(delivered).exists())
    if copy == "confirmed":
        waiting = waiting.where(
            select(confirmations.c.alert).where(confirmations.c.alert == alerts.c.identifier).exists()
        )
    return waiting.order_by(alerts.c.hour, alerts.c.identifier)


def _write_once(path: Path, content: bytes) -> None:
    for left_over in path.parent.glob(f".partial-*-{path.name}"):
        left_over.unlink()
    if not path.exists():
        write_bytes(path, content)
    elif path.read_bytes() != content:
        raise InputError(path, "exists with another content", "move it away, and find out who wrote it")
