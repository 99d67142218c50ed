"""Stages that survive an interruption: each result is on disk before the next stage starts."""

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from strandline.errors import InputError
from strandline.files import write_bytes
from strandline.pipeline.run_folder.lock import refuse_link
from strandline.pipeline.run_folder.value_files import Undecodable, decode, encode

logger = logging.getLogger(__name__)
Result = TypeVar("Result")
UNFINISHED = ".unfinished"
"""Folder of the stages within a run's."""
DIGEST_SIZE = hashlib.sha256().digest_size
"""Bytes at the head of a stage's file that show whether the rest is complete."""
_KEY_LENGTH = 16
_IS_KEY, _IS_STAGE = re.compile(f"[0-9a-f]{{{_KEY_LENGTH}}}"), re.compile(r"(\.partial-\d+-)?[^/]+\.stage")


class Checkpoints:
    """Runs each stage once: what an interrupted run of the same job has finished is read back.

    The stages of a job lie in a folder named by the job, so that no job reads those of another. They hold numbers and
    text alone (``value_files``): reading them runs no code.

    Args:
        folder: that holds the folders of the jobs.
        job: everything that decides the results, as text.
        resume: read stored stages; otherwise start from the beginning.
        writes: store results; otherwise only read, beside the process that stores them.

    Raises:
        InputError: a link lies in place of a folder, or (``resume``) only another job has stages here.
    """

    def __init__(self, folder: Path, job: str, resume: bool, *, writes: bool = True) -> None:
        self.root, self.folder = folder, folder / job_key(job)
        self.writes = writes
        self.seconds: dict[str, float] = {}
        for path in (self.root, self.folder):
            refuse_link(path)
        others = [path for path in _jobs(folder) if path != self.folder]
        if resume and others and not self.folder.exists():
            raise InputError(
                folder, "belongs to a run with other settings", "leave --resume out, or name another --out"
            )
        if not writes:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "free space or choose another folder, then resume"
            raise InputError(self.folder, f"cannot be written ({error.strerror})", remedy) from error
        if not resume:
            for job_folder in (self.folder, *others):
                _remove_stages(job_folder)

    def stage(self, name: str, make: Callable[[], Result]) -> Result:
        """The stage's result: read back if its file is complete, otherwise computed and stored."""
        path = self._path(name)
        refuse_link(path)
        if path.exists():
            content = path.read_bytes()
            try:
                if content[:DIGEST_SIZE] != _digest(content[DIGEST_SIZE:]):
                    raise Undecodable("its digest is wrong")
                self.seconds[name], result = decode(content[DIGEST_SIZE:])
            except Undecodable as error:
                logger.warning("%s: %s is damaged (%s); the stage runs again", name, path, error)
            else:
                logger.info("%s: read from the interrupted run", name)
                return result  # type: ignore[no-any-return]
        start = time.perf_counter()
        result = make()
        self.seconds[name] = round(time.perf_counter() - start, 2)
        if self.writes:
            content = encode((self.seconds[name], result))
            write_bytes(path, _digest(content) + content)
        return result

    def holds(self, name: str) -> bool:
        """Whether a result of the stage is stored; it may yet be damaged."""
        return self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.stage"

    def clear(self) -> None:
        """Remove the stages of a finished run, and their folders if nothing else lies there."""
        _remove_stages(self.folder)
        with suppress(OSError):
            self.root.rmdir()


def job_key(job: str) -> str:
    """The name of a job's folder, from the text that decides its results."""
    return hashlib.sha256(job.encode()).hexdigest()[:_KEY_LENGTH]


def _jobs(folder: Path) -> Iterator[Path]:
    """The folders of jobs."""
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if _IS_KEY.fullmatch(path.name) and not path.is_symlink())


def _remove_stages(folder: Path) -> None:
    """Remove a job's stage files, and its folder if it holds nothing else."""
    for path in folder.glob("*"):
        if _IS_STAGE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            path.unlink()
    with suppress(OSError):
        folder.rmdir()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
