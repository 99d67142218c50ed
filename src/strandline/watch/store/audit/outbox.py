"""Alerts become files after they are committed: drafts at once, in ``drafts/``; what a person has confirmed, and
nothing else, in ``confirmed/``."""

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
    """Folder of a store's alerts: beside an SQLite file, else in the run's folder, with the database's name."""
    text = str(address)
    if "://" in text and not text.startswith("sqlite"):
        return run / f"{text.rsplit('/', 1)[-1].split('?')[0]}-alerts"
    path = Path(text.removeprefix("sqlite:///"))
    return path.with_name(f"{path.stem}-alerts")


def deliver(folder: Path, at: datetime, source: Engine | Connection) -> list[Path]:
    """Write what is committed and not yet written; returns the files.

    A file is written before that is recorded: after a kill in between it is found with the same content.

    Raises:
        InputError: when a file cannot be written, or is there with another content.
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
    there = and_(deliveries.c.alert == alerts.c.identifier, deliveries.c.copy == copy)
    waiting = select(alerts).where(~select(deliveries.c.alert).where(there).exists())
    if copy == "confirmed":
        waiting = waiting.where(
            select(confirmations.c.alert).where(confirmations.c.alert == alerts.c.identifier).exists()
        )
    return waiting.order_by(alerts.c.hour, alerts.c.identifier)


def _write_once(path: Path, content: bytes) -> None:
    for left_by_a_kill in path.parent.glob(f".partial-*-{path.name}"):
        left_by_a_kill.unlink()
    if not path.exists():
        write_bytes(path, content)
    elif path.read_bytes() != content:
        raise InputError(path, "is there with another content", "move it away, and find out who wrote it")
