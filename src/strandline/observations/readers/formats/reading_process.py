"""Reads foreign files in another process, which is ended and replaced when a file hangs, crashes or floods it."""

import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from strandline.errors import InputError, StrandlineError
from strandline.observations.readers.formats.reading_messages import Answer, Request, receive, send

T = TypeVar("T")
_GRACE = 1.0
"""[s] From the moment when the process should have ended itself until it is killed."""
_CAN_ISOLATE = hasattr(signal, "setitimer")
"""Not on Windows: there a file is read in the process that asks."""


_PROGRAM = f"import sys; from {__package__}.reading_worker import serve; serve(int(sys.argv[1]), float(sys.argv[2]))"


class FileDefeatsReader(InputError):
    """A file that hangs, crashes or floods its reader."""


class ReaderUnavailable(StrandlineError):
    """The reading process does not start or is busy; no fault of the file."""


class Executor(Protocol):
    """Calls a function that reads files: here, or in a process that can be ended."""

    def __call__(self, paths: Sequence[Path], read: Callable[[], T]) -> T:
        """The result of ``read()``.

        Args:
            paths: the files, for limits and messages.
            read: for another process picklable: a module's function, or a ``partial`` of one.
        """


def in_this_process(paths: Sequence[Path], read: Callable[[], T]) -> T:
    """Call ``read`` here, without limits: an ``Executor``."""
    return read()


@dataclass(frozen=True)
class ReadingLimits:
    """Limits of one call.

    Attributes:
        seconds: for any file [s]; and for each gigabyte of its size.
        megabytes: of memory.
        answer_megabytes: of the result, on its way to this process.
    """

    seconds: float
    seconds_per_gigabyte: float
    megabytes: int
    answer_megabytes: int = 64

    def seconds_for(self, paths: Sequence[Path]) -> float:
        """Time for some files [s]."""
        return self.seconds + self.seconds_per_gigabyte * sum(map(_size, paths)) / 1e9


class ReadingProcess:
    """An ``Executor`` with a process of its own, started at the first call and again after each that defeats it.

    It is started as a program, not forked: no thread, lock or open connection is inherited. The variables that set the
    threads of numeric libraries are.

    Args:
        start_seconds: time to start the process and to import what a function needs [s].
        idle_seconds: time without a call after which the process ends, to free its memory [s].
    """

    def __init__(self, limits: ReadingLimits, start_seconds: float = 60.0, idle_seconds: float = float("inf")) -> None:
        self.limits, self._start_seconds, self._idle_seconds = limits, start_seconds, idle_seconds
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, paths: Sequence[Path], read: Callable[[], T], most_seconds: float = float("inf")) -> T:
        """The result of ``read()``; see ``Executor``.

        Args:
            most_seconds: a limit beside that of ``limits`` [s].

        Raises:
            FileDefeatsReader: it took too long or too much memory, or the process died.
            InputError: raised by ``read``, or in place of another exception of it, which is logged.
            ReaderUnavailable: the process does not start, or still reads something else.
        """
        if not _CAN_ISOLATE:
            return read()
        seconds = min(self.limits.seconds_for(paths), most_seconds)
        if not self._lock.acquire(timeout=seconds + _GRACE):
            raise ReaderUnavailable("the reading process is busy with another file; it is free at the next step")
        try:
            return self._call(", ".join(map(str, paths[:3])), read, seconds)
        except BaseException as error:
            if not isinstance(error, StrandlineError) or isinstance(error, FileDefeatsReader | ReaderUnavailable):
                self.close()  # also after Ctrl-C: its answer would be taken for that of the next call
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process; the next call starts another."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _call(self, where: str, read: Callable[[], T], seconds: float) -> T:
        megabytes, level = self.limits.megabytes, logging.getLogger("strandline").getEffectiveLevel()
        request = pickle.dumps(Request(read, seconds, megabytes, level), protocol=pickle.HIGHEST_PROTOCOL)
        worker = self._begin(request)
        try:
            message = worker.receive(seconds + _GRACE, self.limits.answer_megabytes << 20)
        except TimeoutError:
            raise _too_slow(where, seconds) from None
        except OverflowError:
            what = f"holds more than {self.limits.answer_megabytes:,} MB of values"
            raise FileDefeatsReader(where, what, "cut out the place and period that are needed") from None
        if message is None:
            ended_by = worker.end()
            if ended_by in (-signal.SIGALRM, -signal.SIGXCPU):
                raise _too_slow(where, seconds)
            raise FileDefeatsReader(where, f"crashes its reader ({_name(ended_by)})", "replace the file, or remove it")
        try:
            answer: Answer = pickle.loads(message)
        except Exception as error:  # a process that a file has damaged may send anything
            raise FileDefeatsReader(where, "makes its reader answer nonsense", "replace or remove the file") from error
        for logger, level, text in answer.records:
            logging.getLogger(logger).log(level, "%s", text)
        match answer.outcome, answer.value:
            case "memory", _:
                raise _too_much_memory(where, megabytes)
            case "refused", StrandlineError() as refusal:
                raise refusal
            case "fault", fault:
                logging.getLogger(__name__).error("%s: its reader failed: %s", where, fault)
                what = f"cannot be read ({str(fault).splitlines()[0]})"
                raise InputError(where, what, "give a complete file; if it is one, please report this")
        result: T = answer.value  # type: ignore[assignment]
        return result

    def _begin(self, request: bytes) -> "_Worker":
        """A process that has begun with a request: the one at hand, or a new one."""
        for _ in range(2):
            if self._worker is None:
                self._worker = _Worker(self._start_seconds, self._idle_seconds)
            try:
                self._worker.send(request)
                if self._worker.receive(self._start_seconds) is not None:
                    return self._worker
            except TimeoutError as error:
                raise ReaderUnavailable(f"the reading process is not ready after {self._start_seconds:g} s") from error
            except OSError:  # it was ended since the last call
                pass
            self.close()
        raise ReaderUnavailable("the reading process does not start; `strandline doctor` checks this machine")


@cache
def reading_process() -> ReadingProcess:
    """The process of this program for files that a person waits for.

    A file has a minute, one more for each 12 MB, and three quarters of the machine's memory.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 4 << 30
    megabytes = int(0.75 * memory) >> 20
    return ReadingProcess(ReadingLimits(60.0, 5000.0, megabytes, megabytes // 3), idle_seconds=60.0)


class _Worker:
    """A started process and the socket to it."""

    def __init__(self, start_seconds: float, idle_seconds: float) -> None:
        """Raises: ReaderUnavailable: it does not start."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno()), str(idle_seconds)],
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # what libraries print may hold text of the file
                )
        except OSError as error:
            ours.close()
            raise ReaderUnavailable(f"the reading process cannot be started ({error})") from error
        self._channel, self._start_seconds = ours, start_seconds
        self._finalizer = weakref.finalize(self, _end, self._process, ours)
        try:
            ready = self.receive(start_seconds)
        except TimeoutError as error:
            self.end()
            raise ReaderUnavailable(f"the reading process is not ready after {start_seconds:g} s") from error
        if ready is None:
            self.end()
            raise ReaderUnavailable("the reading process does not start; `strandline doctor` checks this machine")

    def send(self, message: bytes) -> None:
        """Raises: OSError: the process has ended."""
        self._channel.settimeout(self._start_seconds)
        send(self._channel, message)

    def receive(self, seconds: float, most: int | None = None) -> bytes | None:
        """The next message within a time; see ``receive``."""
        return receive(self._channel, time.monotonic() + seconds, most)

    def end(self) -> int | None:
        """Kill the process; returns its exit status, ``None`` if it does not end."""
        self._finalizer()
        return self._process.returncode


def _end(process: subprocess.Popen[bytes], channel: socket.socket) -> None:
    channel.close()
    with suppress(subprocess.TimeoutExpired):  # it may have ended by itself, which tells why
        process.wait(0.5)
    process.kill()
    with suppress(subprocess.TimeoutExpired):  # it waits for a dead disk; nothing can end it
        process.wait(_GRACE)


def _too_slow(where: str, seconds: float) -> FileDefeatsReader:
    what = f"was not read within {seconds:.0f} s"
    return FileDefeatsReader(where, what, "it is damaged or too large: replace it, or remove it")


def _too_much_memory(where: str, megabytes: int) -> FileDefeatsReader:
    what = f"needs more than {megabytes:,} MB of memory to be read"
    return FileDefeatsReader(where, what, "it is damaged or too large: replace it, or cut out what is needed")


def _name(status: int | None) -> str:
    """Of a process's exit status."""
    if status is None:
        return "no answer"
    try:
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    except ValueError:
        return f"exit status {status}"


def _size(path: Path) -> int:
    """[bytes] Of a file, or of the files of a folder; 0 if it cannot be known."""
    try:
        if not path.is_dir():
            return path.stat().st_size
        return sum(file.lstat().st_size for file in path.rglob("*"))
    except OSError:
        return 0
