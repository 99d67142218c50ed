"""From rows to a summary and a table: overlap of the maps, land and people, by what is known of the level."""

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number, rows_by

MEASURES = ("iou", "land_error_km2", "land_truth_km2", "people_error", "people_truth")


def scores(rows: Rows) -> list[Row]:
    """One row for each case: means over the coasts, and in how many the overlap is at least the first case's."""
    groups = rows_by(rows, "known")
    first = [number(row, "iou") for row in next(iter(groups.values()))]
    found: list[Row] = []
    for (known,), group in groups.items():
        overlap = [number(row, "iou") for row in group]
        means = {name: float(np.mean([number(row, name) for row in group])) for name in MEASURES}
        as_good = sum(one >= other for one, other in zip(overlap, first, strict=True))
        found.append({"known": known, "coasts": len(group), **means, "as_good": as_good})
    return found


def summarise(rows: Rows) -> Row:
    """Overlap, land and people of each case."""
    return {
        f"{row['known']} {name}": row[name]
        for row in scores(rows)
        for name in ("iou", "land_error_km2", "people_error")
    }


def markdown(record: Record) -> str:
    """The scores."""
    return markdown_table(scores(record.rows), ("known", "coasts", *MEASURES, "as_good"))
