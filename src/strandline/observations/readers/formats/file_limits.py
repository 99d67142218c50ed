"""What a file is, before it is read: a regular file, no larger than its reader can take."""

import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

from strandline.errors import InputError

LARGEST_TABLE = 512 << 20
"""[bytes] Of a text table, unpacked: thirty years of one-minute readings."""
_PIECE = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def check_file(path: Path, largest: int | None = None) -> os.stat_result:
    """The state of a regular file; nothing is opened, so that a pipe without a writer cannot hang the reader.

    Args:
        path: links are followed.
        largest: [bytes]; ``None`` = any size.

    Raises:
        InputError: missing, a folder, a pipe or a device, or larger than ``largest``.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise InputError(path, f"cannot be read ({reason})", "check the path") from error
    _refuse(state, path, largest)
    return state


def open_file(path: Path, largest: int | None = None) -> BinaryIO:
    """A regular file, opened for reading.

    Raises:
        InputError: as ``check_file``, or it may not be read.
    """
    check_file(path, largest)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from error
    file = os.fdopen(descriptor, "rb")
    try:
        _refuse(os.fstat(descriptor), path, largest)  # it may have been replaced in between
    except InputError:
        file.close()
        raise
    return file


def read_limited(path: Path, largest: int) -> bytes:
    """The content of a file, unpacked if it is gzipped.

    Raises:
        InputError: as ``open_file``; or the content is larger than ``largest`` [bytes], or an incomplete gzip file.
    """
    with open_file(path, largest) as file:
        try:
            content = file.read(largest + 1)  # a file that is written to may have grown since
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "check the disk") from error
    if content[:2] == b"\x1f\x8b" or path.suffix == ".gz":
        try:
            content = unpack(content, largest + 1)
        except (EOFError, zlib.error) as error:
            raise InputError(path, f"is not a complete gzip file ({error})", "download it again") from error
    if len(content) > largest:
        raise _too_large(path, largest)
    return content


def unpack(packed: bytes, most: int) -> bytes:
    """The first ``most`` bytes of gzipped or zlib content.

    Raises:
        EOFError: it ends before its end mark.
        zlib.error: it is something else, or damaged.
    """
    unpacked = bytearray()
    while packed and len(unpacked) < most:
        member = zlib.decompressobj(zlib.MAX_WBITS | 32)  # of gzip or zlib, by its header
        while not member.eof and len(unpacked) < most:
            piece = member.decompress(packed, min(_PIECE, most - len(unpacked)))
            packed = member.unconsumed_tail
            unpacked += piece
            if not piece and not packed and not member.eof:
                raise EOFError("its end is missing")
        packed = member.unused_data.lstrip(b"\0")  # padding
    return bytes(unpacked)


def _refuse(state: os.stat_result, path: Path, largest: int | None) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(state.st_mode)), "no file")
        raise InputError(path, f"is {kind}", "give a regular file")
    if largest is not None and state.st_size > largest:
        raise _too_large(path, largest, state.st_size)


def _too_large(path: Path, largest: int, size: int | None = None) -> InputError:
    holds = "holds more than" if size is None else f"holds {size / 1e6:,.0f} MB; more than"
    return InputError(path, f"{holds} {largest / 1e6:,.0f} MB is not read", "cut it to the period and place needed")
