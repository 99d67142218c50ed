"""Verification of the alert files: ``drafts/`` and ``confirmed/`` hold what was delivered, and nothing else.

The folders are listed before the database is read: a file that is written meanwhile belongs to an alert that was
committed before.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import Connection, select

from strandline.watch.store.rows import file_name_of
from strandline.watch.store.tables import alerts, deliveries, releases
from strandline.watch.store.verification.findings import Findings
from strandline.watch.store.verification.raw_rows import raw_rows

Copy: TypeAlias = Literal["drafts", "confirmed"]
COPIES: tuple[Copy, ...] = ("drafts", "confirmed")
_BEING_WRITTEN = re.compile(r"\.partial-\d+-(.+)")


@dataclass(frozen=True)
class ListedFiles:
    """Names of the files of an alerts' folder, by copy."""

    folder: Path
    names: Mapping[Copy, frozenset[str]]

    @classmethod
    def of(cls, folder: Path) -> "ListedFiles":
        """List them now.

        Raises:
            OSError: a folder exists and cannot be read.
        """
        found = {copy: folder / copy for copy in COPIES}
        return cls(folder, {copy: frozenset(p.name for p in path.iterdir()) if path.exists() else frozenset()
                            for copy, path in found.items()})  # fmt: skip


def verify_alert_files(
    connection: Connection, files: ListedFiles, findings: Findings, *, names_alone: bool = False
) -> None:
    """Check that each delivered alert has its file and each file its alert.

    Args:
        names_alone: do not read the files, nor check whether one is missing.
    """
    delivered = {(str(alert), str(copy)): datetime.fromisoformat(str(at))
                 for alert, copy, at in raw_rows(connection, deliveries)}  # fmt: skip
    confirmed = {alert for alert, *_ in raw_rows(connection, releases)}
    drafted: dict[str, str] = {}
    if names_alone:
        drafted = {file_name_of(name): name for name in connection.execute(select(alerts.c.identifier)).scalars()}
    else:
        for identifier, _, _, xml, _ in raw_rows(connection, alerts):
            name = file_name_of(str(identifier))
            drafted[name] = str(identifier)
            for copy in COPIES:
                at = delivered.get((str(identifier), copy))
                if at is not None or (name in files.names[copy] and (copy == "drafts" or identifier in confirmed)):
                    _verify_file(files.folder / copy / name, str(xml).encode("utf-8"), at, findings)
    for copy in COPIES:
        for name in sorted(files.names[copy]):
            partial = _BEING_WRITTEN.fullmatch(name)
            identifier = drafted.get(partial[1] if partial else name)
            if identifier is None or (copy == "confirmed" and identifier not in confirmed):
                findings.add("alert files", f"{files.folder / copy / name} was not written by the watch")
            elif partial and (identifier, copy) in delivered:
                findings.add("alert files", f"{files.folder / copy / name} was left behind or is not the watch's")


def _verify_file(path: Path, content: bytes, at: datetime | None, findings: Findings) -> None:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            findings.add("alert files", f"{path} is no file of its own, but a link or a folder", at)
        elif path.read_bytes() != content:
            findings.add("alert files", f"{path} was changed: it is not the alert that the watch drafted", at)
    except FileNotFoundError:
        if at is not None:
            findings.add("alert files", f"{path} is missing, though it was delivered", at)
    except OSError as error:
        findings.add("alert files", f"{path} cannot be read ({error.strerror})", at)
