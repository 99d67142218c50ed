"""From rows to a summary and a table: how often the interval of a piece holds the level of the whole record."""

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number, rows_by

COLUMNS = ("kind", "gauge", "years", "return_period", "pieces", "coverage_90", "below", "above", "bias_m", "width_m")


def scores(rows: Rows, *by: str) -> list[Row]:
    """One row for each group of pieces.

    ``below`` and ``above`` are the shares of intervals that lie below and above the whole's level, ``bias_m`` is the
    median of piece minus whole, ``width_m`` the median width of the interval.
    """
    found: list[Row] = []
    for key, group in rows_by(rows, *by).items():
        level, low, high, whole = (
            np.array([number(row, name) for row in group]) for name in ("level", "low", "high", "whole")
        )
        found.append(
            {
                **dict(zip(by, key, strict=True)),
                "pieces": len(group),
                "coverage_90": float(((low <= whole) & (whole <= high)).mean()),
                "below": float((high < whole).mean()),
                "above": float((low > whole).mean()),
                "bias_m": float(np.median(level - whole)),
                "width_m": float(np.median(high - low)),
            }
        )
    return found


def summarise(rows: Rows) -> Row:
    """Coverage of all pieces of each kind and length, all periods together."""
    summary: Row = {}
    for row in scores(rows, "kind", "years"):
        summary[f"{row['kind']} {row['years']} years coverage_90"] = row["coverage_90"]
        summary[f"{row['kind']} {row['years']} years width_m"] = row["width_m"]
    return summary


def markdown(record: Record) -> str:
    """All gauges together, and gauge by gauge."""
    together = markdown_table(scores(record.rows, "kind", "years", "return_period"), _without("gauge"))
    apart = markdown_table(scores(record.rows, "kind", "gauge", "years", "return_period"), COLUMNS)
    return f"All gauges:\n\n{together}\nGauge by gauge:\n\n{apart}"


def _without(name: str) -> tuple[str, ...]:
    return tuple(column for column in COLUMNS if column != name)
