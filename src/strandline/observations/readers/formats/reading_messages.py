"""Messages between ``ReadingProcess`` and its process, over a socket: a length, then that many bytes."""

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

READY = b"ready"
BEGUN = b"begun"
_LENGTH = struct.Struct("!Q")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Request:
    """A function to call, and its limits.

    Attributes:
        read: picklable; it takes nothing.
        seconds: of wall-clock time and of processor time [s].
        megabytes: that it may add to the process's memory.
        log_level: from which log records are returned.
    """

    read: Callable[[], object]
    seconds: float
    megabytes: int
    log_level: int


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    Attributes:
        outcome: ``refused`` = an error that the user can act on; ``fault`` = any other, as text.
        value: the result, the error, or the text.
        records: of the log: logger, level, message.
    """

    outcome: Literal["result", "refused", "memory", "fault"]
    value: object
    records: list[tuple[str, int, str]] = field(default_factory=list)


def send(channel: socket.socket, message: bytes) -> None:
    """Send one message.

    Raises:
        OSError: the other end is closed.
    """
    channel.sendall(_LENGTH.pack(len(message)))
    channel.sendall(message)


def receive(channel: socket.socket, deadline: float | None = None, most: int | None = None) -> bytes | None:
    """The next message; ``None`` = the other end was closed.

    Args:
        deadline: on the monotonic clock [s].
        most: [bytes] that it may have.

    Raises:
        TimeoutError: it was not there by the deadline.
        OverflowError: it is longer.
    """
    header = _receive_bytes(channel, _LENGTH.size, deadline)
    if header is None:
        return None
    (length,) = _LENGTH.unpack(header)
    if most is not None and length > most:
        raise OverflowError(f"{length} bytes")
    return _receive_bytes(channel, length, deadline)


def _receive_bytes(channel: socket.socket, length: int, deadline: float | None) -> bytes | None:
    received = bytearray()
    while len(received) < length:
        if deadline is not None:
            channel.settimeout(max(deadline - time.monotonic(), 1e-3))
        try:
            piece = channel.recv(min(length - len(received), _PIECE))
        except ConnectionError:
            return None
        if not piece:
            return None
        received += piece
    return bytes(received)
