"""Writes committed alerts to files: all to ``drafts/``, and those that persons have released to ``confirmed/``."""

import glob
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Select, and_, insert, select

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.watch.store.audit.log import Note, append
from strandline.watch.store.audit.provenance import doubt_of_alert
from strandline.watch.store.database.engine import reading, writing
from strandline.watch.store.records import Delivery, Json, RefusedAlert
from strandline.watch.store.rows import canonical, file_name_of
from strandline.watch.store.tables import alerts, deliveries, releases
from strandline.watch.store.verification.alert_files import COPIES, Copy
from strandline.watch.store.verification.known_entries import KnownEntry


@dataclass(frozen=True)
class Outbox:
    """The alerts' folder of a store.

    Attributes:
        at: time of the delivery, naive UTC.
        head: a verified entry of the log; ``None`` = unknown.
        committed: called with the newest entry of the log after each commit.
    """

    folder: Path
    at: datetime
    head: KnownEntry | None
    committed: Callable[[KnownEntry], None]

    def deliver(self, source: Engine | Connection, refused_before: Collection[tuple[str, str]]) -> Delivery:
        """Write the committed alerts that are not yet written, and refuse those that are not the watch's own.

        A file is written before its delivery is recorded: after a crash in between it exists with the same content. An
        alert that is refused holds up no other; its first refusal is logged.

        Args:
            refused_before: identifier and copy of refusals that are logged already.

        Raises:
            InputError: a file cannot be written.
        """
        written: list[Path] = []
        refused: list[RefusedAlert] = []
        for copy in COPIES:
            with reading(source, snapshot=True) as connection:
                waiting = [(identifier, self._message_of(identifier, copy, connection))
                           for identifier in connection.execute(_not_delivered(copy)).scalars().all()]  # fmt: skip
            for identifier, message in waiting:
                path = self.folder / copy / file_name_of(identifier)
                why = message if isinstance(message, str) else _write_once(path, message)
                if why is None:
                    self._record(identifier, copy, source)
                    written.append(path)
                    continue
                refused.append(RefusedAlert(identifier, copy, why))
                if (identifier, copy) not in refused_before:
                    self._log_refusal(refused[-1], source)
        return Delivery(tuple(written), tuple(refused))

    def _message_of(self, identifier: str, copy: Copy, connection: Connection) -> bytes | str:
        """The message to write, or why it is not written."""
        try:
            alert = connection.execute(select(alerts).where(alerts.c.identifier == identifier)).one()
            doubt = doubt_of_alert(alert, connection, self.head, is_confirmed=copy == "confirmed")
        except (TypeError, ValueError):  # of SQLAlchemy, for a time that is none
            return "its rows cannot be read"
        return alert.xml.encode("utf-8") if doubt is None else doubt

    def _record(self, identifier: str, copy: Copy, source: Engine | Connection) -> None:
        text = f"{copy}/{file_name_of(identifier)} is written"
        data: dict[str, Json] = {"alert": identifier, "copy": copy}
        with writing(source) as connection:
            connection.execute(insert(deliveries).values(alert=identifier, copy=copy, at=self.at))
            entry = append(connection, [Note(self.at, "delivery", text, canonical(data, "delivery"))])
        self.committed(entry)

    def _log_refusal(self, refused: RefusedAlert, source: Engine | Connection) -> None:
        text = f"alert {refused.identifier!r} is not written to {refused.copy}/: {refused.why}"
        data: dict[str, Json] = {"alert": refused.identifier, "copy": refused.copy, "why": refused.why}
        with writing(source) as connection:
            entry = append(connection, [Note(self.at, "refusal", text, canonical(data, "refusal"))])
        self.committed(entry)


def _not_delivered(copy: Copy) -> Select:
    delivered = and_(deliveries.c.alert == alerts.c.identifier, deliveries.c.copy == copy)
    waiting = select(alerts.c.identifier).where(~select(deliveries.c.alert).where(delivered).exists())
    if copy == "confirmed":
        waiting = waiting.where(select(releases.c.alert).where(releases.c.alert == alerts.c.identifier).exists())
    return waiting.order_by(alerts.c.hour, alerts.c.identifier)


def _write_once(path: Path, content: bytes) -> str | None:
    """Write a file; returns why it is not written, ``None`` = it has this content now."""
    for left_over in path.parent.glob(f".partial-*-{glob.escape(path.name)}"):
        left_over.unlink()
    if not path.exists() and not path.is_symlink():
        write_bytes(path, content)
        return None
    try:
        is_the_same = not path.is_symlink() and path.read_bytes() == content
    except OSError as error:
        raise InputError(
            path, f"cannot be read ({error.strerror})", "move it away, and find out who wrote it"
        ) from error
    return None if is_the_same else f"{path.name} exists with another content; move it away, and find out who wrote it"
