"""From rows to a summary and a table: IoU by tile size, and which targets are met."""

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number

COLUMNS = (*("part", "what", "coast", "archive", "reach", "overlap", "cells", "value", "unit", "bar", "met", "note"),)


def summarise(rows: Rows) -> Row:
    """Mean IoU over the coasts by archive and tile size, and whether each target (``bar``) is met."""
    targets: Row = {}
    iou: dict[str, list[float]] = {}
    for row in rows:
        if row["part"] in ("choice", "tiling"):
            name = f"{row['part']}: IoU by {row['archive']}, tiles of {row['reach']} over {row['overlap']}"
            iou.setdefault(name, []).append(number(row, "value"))
        elif row["bar"] is not None:
            targets[f"{row['part']}: {row['what']}"] = row["met"]
    return {name: sum(values) / len(values) for name, values in iou.items()} | targets


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
