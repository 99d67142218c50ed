"""Entries of the log that are kept outside the database: a log that was rewritten or cut off no longer holds them.

``watch.db.known`` gets one line after each commit, ``NUMBER:HASH TIME written``, and one after each complete
verification that found nothing, ``NUMBER:HASH TIME whole SECONDS``; each ends with its CRC-32. It protects against
whoever can write to the database but not to this file, and against disks; a copy on another machine against more.
"""

import fcntl
import os
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from strandline.errors import InputError

_LINE = re.compile(r"(\d{1,18}):([0-9a-f]{64}) (\S{19}) (?:(written)|whole (\d+\.\d)) ([0-9a-f]{8})")
_GIVEN = re.compile(r"(\d{1,18}):([0-9a-f]{16,64})")


@dataclass(frozen=True)
class KnownEntry:
    """Number and hash of an entry of the log; a hash may be shortened to its first 16 or more digits."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``NUMBER:HASH``.

        Raises:
            InputError: it is not one.
        """
        found = _GIVEN.fullmatch(text.strip().lower())
        if found is None:
            raise InputError(f"known entry {text!r}", "is not NUMBER:HASH", "give it as `strandline watch` printed it")
        return cls(int(found[1]), found[2])

    def matches(self, own_hash: str) -> bool:
        """Whether an entry with this hash can be the known one."""
        return own_hash.startswith(self.hash)


@dataclass(frozen=True)
class KnownLine:
    """A line of the file.

    Attributes:
        at: naive UTC.
        took: duration of the complete verification after which it was written [s]; ``None`` = written after a commit.
    """

    entry: KnownEntry
    at: datetime
    took: float | None


@dataclass(frozen=True)
class KnownEntriesFile:
    """The file of a store's known entries."""

    path: Path

    def append(self, entry: KnownEntry, at: datetime, took: float | None = None) -> None:
        """Append a line; what a crash left of a line is removed first.

        Raises:
            InputError: the file cannot be written.
        """
        event = "written" if took is None else f"whole {took:.1f}"
        text = f"{entry} {at.replace(microsecond=0).isoformat()} {event}"
        line = f"{text} {_checksum(text)}\n".encode("ascii")
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            with open(descriptor, "rb+", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                end = file.seek(0, os.SEEK_END)
                file.seek(max(end - 200, 0))
                tail = file.read()
                torn = len(tail) - (tail.rfind(b"\n") + 1)
                if torn:
                    file.truncate(end - torn)
                file.seek(0, os.SEEK_END)
                file.write(line)
        except OSError as error:
            remedy = "let the agent write to the folder of its store; what was committed is safe"
            raise InputError(self.path, f"cannot be written ({error.strerror})", remedy) from error

    def read(self) -> tuple[list[KnownLine], list[int]]:
        """The lines, oldest first, and the numbers of lines that cannot be read; the torn end of a crash is ignored.

        Raises:
            InputError: the file exists and cannot be read.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], []
        except OSError as error:
            raise InputError(self.path, f"cannot be read ({error.strerror})", "let this user read it") from error
        lines, unreadable = [], []
        for number, raw in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                lines.append(_parse(raw.decode("ascii")))
            except ValueError:
                unreadable.append(number)
        return lines, unreadable


def _parse(text: str) -> KnownLine:
    found = _LINE.fullmatch(text)
    if found is None or found[6] != _checksum(text[: found.start(6) - 1]):
        raise ValueError(text)
    took = None if found[5] is None else float(found[5])
    return KnownLine(KnownEntry(int(found[1]), found[2]), datetime.fromisoformat(found[3]), took)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('ascii')):08x}"
