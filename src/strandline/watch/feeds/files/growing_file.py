"""A tide gauge's file that grows: reads its end, and leaves an incomplete last line for the next poll."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from strandline.errors import FeedError, InputError
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.readers.formats.tide_gauge_formats import READERS, Readings, parse_partial_table
from strandline.observations.region_file.data_sections import GaugeFileSection
from strandline.watch.clock import utc_now
from strandline.watch.feeds.windowing import available_readings, before
from strandline.watch.readings import Reading

_FIRST_TAIL = 1 << 18
"""[bytes] Some weeks of ten-minute readings; more is read if that does not reach back far enough."""


@dataclass(frozen=True)
class GrowingFile:
    """The files of one gauge, in any format of a ``[[tide_gauge]]``.

    A row that cannot be read is skipped; text in place of a level becomes NaN, for quality control.

    Attributes:
        longest_delay: largest delay with which a row is still accepted.
        clock: present time, naive UTC.
    """

    stream: str
    gauge: GaugeFileSection
    longest_delay: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = utc_now

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum], see ``available_readings``.

        Raises:
            FeedError: a file is missing, is not a table, or lacks a column.
        """
        oldest = np.datetime64(before(since, self.longest_delay))
        try:
            parts = [self._read_end(path, oldest) for path in self.gauge.paths]
        except InputError as error:
            raise FeedError(f"stream '{self.stream}': {error}") from error
        except OSError as error:
            what = f"{error.filename} cannot be read ({error.strerror})"
            raise FeedError(f"stream '{self.stream}': {what}; is it still written to?") from error
        time = np.concatenate([part[0] for part in parts])
        level = np.concatenate([part[1] for part in parts]) + self.gauge.datum_shift
        return available_readings(
            self.stream, "water_level", time, level, since, until, self.longest_delay, self.clock()
        )

    def _read_end(self, path: Path, oldest: np.datetime64) -> Readings:
        """The rows at a file's end, back to ``oldest`` or further."""
        if self.gauge.format == "netcdf":
            return READERS["netcdf"](path, self.gauge)
        if path.suffix == ".gz":
            return parse_partial_table(read_text(path), path, self.gauge)
        length = _FIRST_TAIL
        while True:
            text = _last_lines(path, length, has_header=self.gauge.format != "uhslc")
            time, level = parse_partial_table(text, path, self.gauge) if text else _NO_READINGS
            if length >= path.stat().st_size or (time.size and time.min() <= oldest):
                return time, level
            length *= 8


_NO_READINGS: Readings = (np.array([], dtype="datetime64[ns]"), np.array([]))


def _last_lines(path: Path, length: int, has_header: bool) -> str:
    """The header and the complete lines within the last ``length`` bytes; empty if no line is complete."""
    with path.open("rb") as file:
        header = file.readline() if has_header else b""
        start = max(len(header), path.stat().st_size - length)
        file.seek(start)
        lines = file.read()
    if start > len(header):
        lines = lines[lines.find(b"\n") + 1 :]
    lines = lines[: lines.rfind(b"\n") + 1]
    return (header + lines).decode("utf-8-sig", errors="replace").strip() if lines.strip() else ""
