"""The process in which foreign files are parsed: one request after another, each within limits of time and memory.

HDF5, GDAL and their like hang, crash or exhaust memory on some damaged files, and hold the interpreter meanwhile. Here
that costs this process, which ``ReadingProcess`` replaces. The limits protect against accidents. They are no wall
against code that a hostile file might run through a flaw of a library: the process has its user's rights.
"""

import logging
import math
import pickle
import resource
import signal
import socket
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.observations.readers.formats.reading_messages import BEGUN, READY, Answer, Request, receive, send

_MOST_RECORDS = 200
"""Log records kept of one request."""


def serve(descriptor: int, idle_seconds: float) -> None:
    """Answer the requests on a socket until its other end is closed, or for a time there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the socket
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    records = _Records()
    logging.getLogger().addHandler(records)
    with socket.socket(fileno=descriptor) as channel:
        send(channel, READY)
        while (message := _next_request(channel, idle_seconds)) is not None:
            request: Request = pickle.loads(message)
            logging.getLogger().setLevel(request.log_level)
            records.kept.clear()
            send(channel, BEGUN)
            send(channel, _answer(request, records.kept))


def _next_request(channel: socket.socket, idle_seconds: float) -> bytes | None:
    """The next message; ``None`` = there is none."""
    deadline = None if math.isinf(idle_seconds) else time.monotonic() + idle_seconds
    try:
        message = receive(channel, deadline)
    except TimeoutError:
        return None
    channel.settimeout(None)
    return message


def _answer(request: Request, records: list[tuple[str, int, str]]) -> bytes:
    try:
        with _limits(request.seconds, request.megabytes):
            return pickle.dumps(Answer("result", request.read(), records), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whatever a library raises about a foreign file
        if _is_of_memory(error):
            return pickle.dumps(Answer("memory", None, records))
        if isinstance(error, StrandlineError):
            return pickle.dumps(Answer("refused", error.with_traceback(None), records))
        lines = "".join(traceback.format_exception(error, limit=-8))
        return pickle.dumps(Answer("fault", f"{type(error).__name__}: {error}\n{lines}"[:8000], records))


@contextmanager
def _limits(seconds: float, megabytes: int) -> Iterator[None]:
    """End this process when the time is over, by a signal that works also while a library holds the interpreter."""
    _, most_memory = resource.getrlimit(resource.RLIMIT_AS)
    _, most_time = resource.getrlimit(resource.RLIMIT_CPU)
    used = _address_space()
    if used is not None:
        _set_limit(resource.RLIMIT_AS, used + (megabytes << 20), most_memory)
    # a parent that was killed cannot end a file that hangs
    _set_limit(resource.RLIMIT_CPU, int(time.process_time() + seconds) + 2, most_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _set_limit(resource.RLIMIT_AS, most_memory, most_memory)
        _set_limit(resource.RLIMIT_CPU, most_time, most_time)


def _set_limit(which: int, value: int, most: int) -> None:
    """Set a soft limit, no higher than the hard one."""
    resource.setrlimit(which, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def _address_space() -> int | None:
    """[bytes] In use; ``None`` where the system does not report it."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return None


def _is_of_memory(error: BaseException | None) -> bool:
    """Whether an error or one that led to it is of missing memory."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Records(logging.Handler):
    """Keeps log records for the parent."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, up to a number."""
        if len(self.kept) < _MOST_RECORDS:
            self.kept.append((record.name, record.levelno, record.getMessage()))
