"""Stages that survive an interruption: each result is on disk before the next stage starts."""

import fcntl
import hashlib
import logging
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from strandline.errors import InputError
from strandline.files import write_bytes

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
DIGEST_SIZE = hashlib.sha256().digest_size
"""Bytes at the head of a stage's file that show whether the rest is complete."""


@contextmanager
def exclusive_use(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one job; the system releases it when the process ends, however it ends.

    Raises:
        InputError: another process is writing into it, or it is no folder that can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise InputError(folder, f"cannot be written ({error.strerror})", "choose another --out") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(folder, "another run is writing into it", "wait for it, or name another --out") from error
    try:
        yield
    finally:
        os.close(descriptor)


class Checkpoints:
    """Runs each stage once: what an interrupted run of the same job has finished is read back.

    The files are Python pickles for this program alone, in a folder of the run that is removed when the run is done.

    Args:
        folder: of the files.
        job: everything that decides the results, as text; another job's files are refused.
        resume: read stored stages; otherwise start from the beginning.
        writes: store results; otherwise only read, beside the process that stores them.
    """

    def __init__(self, folder: Path, job: str, resume: bool, *, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes
        self.seconds: dict[str, float] = {}
        mark, fingerprint = folder / "job", hashlib.sha256(job.encode()).hexdigest()
        if resume and mark.exists() and mark.read_text() != fingerprint:
            raise InputError(
                folder, "belongs to a run with other settings", "leave --resume out, or name another --out"
            )
        if not writes:
            return
        if not resume or not mark.exists():
            for old in folder.glob("*.stage"):
                old.unlink()
        write_bytes(mark, fingerprint.encode())

    def stage(self, name: str, make: Callable[[], Result]) -> Result:
        """The stage's result: read back if its file is complete, otherwise computed and stored."""
        path = self.folder / f"{name}.stage"
        if path.exists():
            content = path.read_bytes()
            if content[:DIGEST_SIZE] == _digest(content[DIGEST_SIZE:]):
                self.seconds[name], result = pickle.loads(content[DIGEST_SIZE:])
                logger.info("%s: read from the interrupted run", name)
                return result  # type: ignore[no-any-return]
            logger.warning("%s: %s is damaged; the stage runs again", name, path)
        start = time.perf_counter()
        result = make()
        self.seconds[name] = round(time.perf_counter() - start, 2)
        if self.writes:
            content = pickle.dumps((self.seconds[name], result))
            write_bytes(path, _digest(content) + content)
        return result

    def clear(self) -> None:
        """Remove the stages of a finished run."""
        for path in self.folder.glob("*"):
            path.unlink()
        self.folder.rmdir()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
