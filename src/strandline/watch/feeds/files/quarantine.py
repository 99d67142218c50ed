"""Files that failed: remembered with the reason; one that hangs or crashes is not read again at every hour."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from strandline.errors import InputError
from strandline.files import write_text
from strandline.observations.readers.formats.reading_process import FileDefeatsReader
from strandline.watch.clock import utc_now
from strandline.watch.feeds.health import printable

QUARANTINE_FILE = "quarantine.json"
FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=2), timedelta(hours=24)
"""Until an unchanged file is tried again, since a busy machine or disk may have been the cause; the pause doubles."""
_FORGOTTEN_AFTER = timedelta(days=10)
_MOST_FILES = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailedFile:
    """A file that failed.

    Attributes:
        size, modified: of the file then [bytes], [ns]; 0 if it could not be seen.
        where, what, remedy: of the error.
        failures: in a row; 0 = it waits for its first reading.
        failed_at, retry_at: naive UTC.
    """

    stream: str
    path: str
    size: int
    modified: int
    where: str
    what: str
    remedy: str
    failures: int
    failed_at: datetime
    retry_at: datetime


class Quarantine:
    """The failed files of all streams.

    A file leaves it when it is read, and is forgotten when it is gone or after ten days.

    Args:
        kept_in: JSON file that outlives the process; ``None`` = none. It may be deleted: all files are then tried
            again.
        clock: present time, naive UTC.
    """

    def __init__(self, kept_in: Path | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        self._kept_in, self._clock = kept_in, clock
        self._files = {(each.stream, each.path): each for each in _load(kept_in)}

    def refusal(self, stream: str, path: Path) -> InputError | None:
        """The error for which a file must not be read now; ``None`` if it may."""
        failed = self._files.get((stream, str(path)))
        if failed is None or self._clock() >= failed.retry_at or _state(path) != (failed.size, failed.modified):
            return None
        return InputError(failed.where, failed.what, failed.remedy)

    def holds(self, stream: str, path: Path) -> bool:
        """Whether a file failed or waits, and was not read since."""
        return (stream, str(path)) in self._files

    def add(self, stream: str, path: Path, error: InputError) -> None:
        """Remember that a file failed; one that only cannot be read costs little and may be tried at each step."""
        before, state, now = self._files.get((stream, str(path))), _state(path), self._clock()
        failures = before.failures + 1 if before is not None and (before.size, before.modified) == state else 1
        pause = timedelta(0)
        if isinstance(error, FileDefeatsReader):
            pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
        if before is None or before.what != error.what:
            _log.warning("stream '%s': %s", stream, printable(str(error)))
        failed_at = now if before is None else before.failed_at
        self._put(
            FailedFile(
                stream, str(path), *state, error.where, error.what, error.remedy, failures, failed_at, now + pause
            )
        )

    def postpone(self, stream: str, path: Path) -> None:
        """Remember that a file waits for the next step, since this one has no time left for it."""
        if not self.holds(stream, path):
            now = self._clock()
            self._put(FailedFile(stream, str(path), *_state(path), str(path), "waits", "", 0, now, now))

    def release(self, stream: str, path: Path) -> None:
        """Forget a file that was read."""
        if self._files.pop((stream, str(path)), None) is not None:
            self._keep()

    def note(self, stream: str) -> str:
        """One sentence on a stream's failed files; empty if there are none."""
        mine = [each for each in self._files.values() if each.stream == stream]
        failed = sorted((each for each in mine if each.failures), key=lambda each: each.failed_at)
        waiting = len(mine) - len(failed)
        sentences = []
        if failed:
            newest = failed[-1]
            count = "A file is left out" if len(failed) == 1 else f"{len(failed)} files are left out; the newest"
            again = "" if newest.retry_at <= self._clock() else f", at {newest.retry_at:%d %B %H:%M} UTC at the latest"
            name = newest.where.replace(newest.path, Path(newest.path).name)
            sentences.append(
                f"{count}: {name} {newest.what}; {newest.remedy}. It is tried again when it changes{again}."
            )
        if waiting:
            sentences.append(f"{waiting} files wait for the next step.")
        return " ".join(sentences)

    def _put(self, failed: FailedFile) -> None:
        self._files[failed.stream, failed.path] = failed
        self._keep()

    def _keep(self) -> None:
        """Forget what is gone or old, and write the rest."""
        oldest = self._clock() - _FORGOTTEN_AFTER
        known = sorted(self._files.items(), key=lambda pair: pair[1].failed_at)[-_MOST_FILES:]
        self._files = {key: each for key, each in known if each.failed_at > oldest and Path(each.path).exists()}
        if self._kept_in is None:
            return
        listed = [asdict(each) for each in self._files.values()]
        try:
            write_text(self._kept_in, json.dumps(listed, indent=1, default=str) + "\n")
        except InputError as error:  # a full disk must not stop the streams
            _log.warning("%s", error)


def _load(path: Path | None) -> list[FailedFile]:
    """The files that an earlier process left out; none, with a warning, if its list cannot be read."""
    if path is None or not path.is_file():
        return []
    try:
        return TypeAdapter(list[FailedFile]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        _log.warning("%s cannot be read (%s); all files are tried again", path, type(error).__name__)
        return []


def _state(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return 0, 0
    return state.st_size, state.st_mtime_ns
