"""A tide gauge's file that grows: reads its end, and leaves an incomplete last line for the next poll."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from strandline.errors import FeedError, InputError
from strandline.observations.readers.formats.file_limits import open_file
from strandline.observations.readers.formats.tables import read_text
from strandline.observations.readers.formats.tide_gauge_formats import (
    READERS,
    Readings,
    header_lines,
    parse_partial_table,
)
from strandline.observations.region_file.data_sections import GaugeFileSection, GaugeFormat
from strandline.watch.clock import utc_now
from strandline.watch.feeds.files.foreign_files import ForeignFiles
from strandline.watch.feeds.windowing import available_readings, before
from strandline.watch.readings import Reading

_FIRST_TAIL, _LONGEST_TAIL = 1 << 18, 1 << 24
"""[bytes] Some weeks of ten-minute readings, read first, and five days of one reading a second."""
_LARGEST_UNPACKED = 1 << 26
"""[bytes] Of a gzipped table, which has no end to read alone."""
_LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class GrowingFile:
    """The files of one gauge, in any format of a ``[[tide_gauge]]``.

    A row that cannot be read is skipped; text in place of a level becomes NaN, for quality control.

    Attributes:
        longest_delay: largest delay with which a row is still accepted.
        clock: present time, naive UTC.
        files: how they are read.
    """

    stream: str
    gauge: GaugeFileSection
    longest_delay: timedelta = timedelta(days=3)
    clock: Callable[[], datetime] = utc_now
    files: ForeignFiles = field(default_factory=ForeignFiles)

    def read(self, since: datetime, until: datetime) -> list[Reading]:
        """``water_level`` [m, region datum], see ``available_readings``.

        Raises:
            FeedError: a file is missing, is not a table, or lacks a column.
        """
        oldest = np.datetime64(before(since, self.longest_delay))

        def read(path: Path) -> Readings:
            # the end of a text file is read, whatever its size
            largest = None if self.gauge.format == "netcdf" or path.suffix == ".gz" else 1 << 62
            return self.files.read(path, partial(read_end, path, self.gauge, oldest), largest)

        try:
            parts = [self.files.read_or_refuse(self.stream, path, read) for path in self.gauge.paths]
        except InputError as error:
            raise FeedError(f"stream '{self.stream}': {error}") from error
        time = np.concatenate([part[0] for part in parts])
        level = np.concatenate([part[1] for part in parts]) + self.gauge.datum_shift
        return available_readings(
            self.stream, "water_level", time, level, since, until, self.longest_delay, self.clock()
        )


def read_end(path: Path, gauge: GaugeFileSection, oldest: np.datetime64) -> Readings:
    """The rows at a file's end, back to ``oldest`` or further, where that is not too long.

    Raises:
        InputError: it cannot be read, or there is no row in a long end.
    """
    if gauge.format == "netcdf":
        return READERS["netcdf"](path, gauge)
    if path.suffix == ".gz":
        return parse_partial_table(read_text(path, _LARGEST_UNPACKED), path, gauge)
    length = _FIRST_TAIL
    while True:
        text, is_whole = _last_lines(path, length, gauge.format)
        time, level = parse_partial_table(text, path, gauge) if text else _NO_READINGS
        if is_whole or (time.size and time.min() <= oldest):
            return time, level
        if length >= _LONGEST_TAIL:
            if time.size:
                return time, level
            raise InputError(path, f"its last {length / 1e6:.0f} MB hold no complete row", "give a table of readings")
        length *= 8


_NO_READINGS: Readings = (np.array([], dtype="datetime64[ns]"), np.array([]))


def _last_lines(path: Path, length: int, form: GaugeFormat) -> tuple[str, bool]:
    """The header and the complete lines within the last ``length`` bytes (empty = no line), and whether that is all."""
    try:
        with open_file(path) as file:
            first = [file.readline(_LONGEST_HEADER) for _ in range(2)]
            header = b"".join(first[: header_lines(form, *(line.decode("utf-8-sig", "replace") for line in first))])
            start = max(len(header), os.fstat(file.fileno()).st_size - length)
            file.seek(start)
            lines = file.read(length)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "is it still written to?") from error
    is_whole = start == len(header)
    if not is_whole:
        lines = lines[lines.find(b"\n") + 1 :]
    lines = lines[: lines.rfind(b"\n") + 1]
    text = (header + lines).decode("utf-8-sig", errors="replace").strip() if lines.strip() else ""
    return text, is_whole
