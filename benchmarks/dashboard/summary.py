"""Medians and the table of the dashboard's times."""

from collections.abc import Sequence

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table, summary_table
from benchmarks.statistics import number

COLUMNS = ("what", "width", "paint_s", "picture_s", "moving_s", "received_kB", "frames_per_s", "median_frame_ms",
           "slow_frame_ms", "slowest_frame_ms")  # fmt: skip
QUOTED = (
    ("slow 3G", "paint_s"), ("slow 3G", "picture_s"), ("slow 3G", "moving_s"), ("pan", "frames_per_s"),
    ("pan", "slow_frame_ms"),
)  # fmt: skip


def summarise(rows: Rows) -> Row:
    """The median of each quoted time over widths and repeats."""
    found: Row = {}
    for what, name in QUOTED:
        values: Sequence[float] = [number(row, name) for row in rows if row["what"] == what]
        if values:
            found[f"{name}, {what}, median"] = float(np.median(values))
    return found


def markdown(record: Record) -> str:
    """The medians and every row."""
    return f"{summary_table(record.summary)}\n\n{markdown_table(record.rows, COLUMNS)}"
