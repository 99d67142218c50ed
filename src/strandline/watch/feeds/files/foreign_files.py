"""How feeds read files that others write: not too large, in a process of their own, and not again what failed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from strandline.errors import FeedError, InputError
from strandline.observations.readers.formats.file_limits import check_file
from strandline.observations.readers.formats.reading_process import Executor, ReadingLimits, in_this_process
from strandline.watch.feeds.files.quarantine import Quarantine
from strandline.watch.readings import Reading

T = TypeVar("T")
LARGEST_FILE = 1 << 30
"""[bytes]"""
FEED_LIMITS = ReadingLimits(seconds=8.0, seconds_per_gigabyte=0.0, megabytes=1024)
"""Of one file."""


@dataclass(frozen=True)
class ForeignFiles:
    """How the feeds of one watch read files.

    Attributes:
        execute: where they are parsed.
        quarantine: those that failed.
        largest: [bytes] a file may have.
        begin_within: time from the start of a poll in which a further file is begun [s]; one more that hangs still ends
            within the poll's time limit.
    """

    execute: Executor = in_this_process
    quarantine: Quarantine = field(default_factory=Quarantine)
    largest: int = LARGEST_FILE
    begin_within: float = 9.0

    def read(self, path: Path, parse: Callable[[], T], largest: int | None = None) -> T:
        """The result of ``parse``, which reads the file.

        Args:
            parse: picklable: a ``partial`` of a module's function.
            largest: [bytes]; ``None`` = as for all.

        Raises:
            InputError: no regular file, too large, or it cannot be read.
            ReaderUnavailable: the reading process does not start.
        """
        check_file(path, self.largest if largest is None else largest)
        return self.execute([path], parse)

    def read_or_refuse(self, stream: str, path: Path, read: Callable[[Path], T]) -> T:
        """The result of ``read(path)``, unless the file is in quarantine.

        Raises:
            InputError: it is, or it cannot be read; it is in quarantine then.
        """
        refusal = self.quarantine.refusal(stream, path)
        if refusal is not None:
            raise refusal
        try:
            result = read(path)
        except InputError as error:
            self.quarantine.add(stream, path, error)
            raise
        self.quarantine.release(stream, path)
        return result

    def read_each(self, stream: str, paths: Sequence[Path], read: Callable[[Path], list[Reading]]) -> list[Reading]:
        """The readings of all files, the last first; one that fails is logged and put in quarantine.

        When much time is used up, the remaining files wait for the next step.

        Raises:
            FeedError: of several files or one, not known to fail, none can be read.
        """
        readings: list[Reading] = []
        new = [path for path in paths if not self.quarantine.holds(stream, path)]
        faults: dict[Path, InputError] = {}
        start = time.monotonic()
        for path in reversed(paths):
            if time.monotonic() - start > self.begin_within:
                self.quarantine.postpone(stream, path)
                continue
            try:
                readings += self.read_or_refuse(stream, path, read)
            except InputError as error:
                faults[path] = error
        if new and all(path in faults for path in new):
            last = faults[new[-1]]
            raise FeedError(f"stream '{stream}': none of {len(new)} new files can be read; the last: {last}")
        return readings
