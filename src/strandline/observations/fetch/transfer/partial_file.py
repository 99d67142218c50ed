"""A file that is being downloaded, beside its place under another name; an interrupted download is continued."""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import httpx

from strandline.errors import FeedError
from strandline.files import Unwritable
from strandline.observations.fetch.transfer.http import NoAnswer

_REMEDY = "free space or choose another folder, then fetch again: what is there is continued"
_RESERVE = 50 << 20
"""[bytes] That a download leaves free on the disk."""


class PartialFile:
    """The part of a file that is there so far.

    A part is continued only if the service stated what version of the file it belongs to (``ETag`` or
    ``Last-Modified``), and confirms it (``If-Range``, RFC 9110, 13.1.5).

    Args:
        to: the file's place.
        most: of the whole file [bytes].
        refusal: makes the error for an answer that is no good.
    """

    def __init__(self, to: Path, most: int, refusal: Callable[[str, str], FeedError]) -> None:
        self.to, self.most, self._refusal = to, most, refusal
        self.path = to.with_name(f".part-{to.name}")
        self._version = to.with_name(f".part-{to.name}.version")
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def size(self) -> int:
        """[bytes] That are there."""
        if self._file is not None:
            return self._file.tell()
        return self.path.stat().st_size if self.path.exists() else 0

    def condition(self) -> dict[str, str]:
        """Headers of a request for what is missing: of everything where nothing can be continued."""
        self.close()
        version = self._version.read_text("ascii") if self._version.exists() else ""
        if not version or not self.size:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": version}

    def accept(self, response: httpx.Response) -> None:
        """Make ready for the body of an answer: the rest of the file, or all of it.

        Raises:
            NoAnswer: it is another part than was asked for.
            FeedError: it is packed or too large.
            Unwritable: it does not fit on the disk.
        """
        host, headers = response.url.host, response.headers
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise self._refusal(f"{host} packs the file, though that was not asked for", "ask its operator")
        is_rest = response.status_code == httpx.codes.PARTIAL_CONTENT
        begin = self.size if is_rest else 0
        if is_rest and not headers.get("content-range", "").startswith(f"bytes {begin}-"):
            self.discard()
            raise NoAnswer(str(self._refusal(f"{host} sends another part of the file", "fetch it again")))
        stated = headers.get("content-length", "")
        if stated.isdecimal():
            missing = int(stated[:18])
            if begin + missing > self.most:
                self._refuse_size(host)
            self._refuse_full_disk(missing)
        version = headers.get("etag", "")
        if not version or version.startswith("W/"):  # a weak one does not promise the same bytes
            version = headers.get("last-modified", "")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not is_rest:
                self._version.unlink(missing_ok=True)
            self._file = self.path.open("ab" if is_rest else "wb")
            if version.isascii() and version and not is_rest:
                self._version.write_text(version, "ascii")
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, piece: bytes) -> None:
        """Add the next bytes.

        Raises:
            FeedError: the file becomes too large.
            Unwritable: the disk is full.
        """
        if self._file is None:
            raise RuntimeError("no answer was accepted")
        if self._file.tell() + len(piece) > self.most:
            self._refuse_size("the service")
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Remove what is there."""
        self.close()
        for path in (self._version, self.path):
            path.unlink(missing_ok=True)

    def finish(self, sha256: str | None) -> None:
        """Put the whole file in its place.

        Raises:
            FeedError: its checksum is not the one that its publisher states.
            Unwritable: the disk cannot hold it.
        """
        self.close()
        if sha256 is not None:
            with self.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256.lower():
                self.discard()
                raise self._refusal(
                    f"'{self.to.name}' has another checksum than its publisher states", "fetch it again"
                )
        try:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            self.path.replace(self.to)
        except OSError as error:
            raise self._unwritable(error) from error
        self._version.unlink(missing_ok=True)

    def close(self) -> None:
        """Let all that came be on the disk."""
        if self._file is not None:
            file, self._file = self._file, None
            with suppress(OSError):  # of a full disk: the bytes are missing, and are asked for again
                file.close()

    def _refuse_size(self, host: str) -> None:
        self.discard()
        raise self._refusal(f"{host} sends more than {self.most / 1e6:,.0f} MB", "choose a smaller box or period")

    def _refuse_full_disk(self, missing: int) -> None:
        free = shutil.disk_usage(next(folder for folder in self.path.parents if folder.exists())).free
        if missing + _RESERVE > free:
            what = f"needs {missing / 1e6:,.0f} MB, and {max(free - _RESERVE, 0) / 1e6:,.0f} MB are free"
            raise Unwritable(self.to, what, _REMEDY)

    def _unwritable(self, error: OSError) -> Unwritable:
        return Unwritable(self.to, f"cannot be written ({error.strerror or error})", _REMEDY)
