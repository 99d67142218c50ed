"""From rows to a summary and tables: bias of the median, coverage of the interval, pieces beside the whole."""

import numpy as np

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import number, rows_by

COLUMNS = ("sea", "method", "return_period", "truth", "records", "bias", "spread", "coverage_90", "below", "above")
PIECES = (
    *("gauge", "from", "return_period", "level", "low", "high", "whole", "whole_low", "whole_high", "whole_years"),
    *("separation", "cyclones"),
)


def scores(rows: Rows) -> list[Row]:
    """One row for each sea, method and period.

    ``bias`` is that of the median estimate over the truth, ``spread`` the estimates' standard deviation over it;
    ``below`` and ``above`` are the shares of intervals that lie below and above the truth. None where there is no
    interval.
    """
    found: list[Row] = []
    for (sea, method, period), group in rows_by(rows, "sea", "method", "return_period").items():
        truth = number(group[0], "truth")
        level, low, high = (np.array([number(row, name) for row in group]) for name in ("level", "low", "high"))
        known = not np.isnan(low).any()
        found.append(
            {
                "sea": sea,
                "method": method,
                "return_period": period,
                "truth": truth,
                "records": len(group),
                "bias": float(np.median(level) / truth - 1.0),
                "spread": float(level.std() / truth),
                "coverage_90": float(((low <= truth) & (truth <= high)).mean()) if known else None,
                "below": float((high < truth).mean()) if known else None,
                "above": float((low > truth).mean()) if known else None,
            }
        )
    return found


def summarise(rows: Rows, pieces: Rows) -> Row:
    """The 100-year level of each sea by the shipped method and the others, and the pieces of real records."""
    summary: Row = {}
    for row in scores(rows):
        if row["return_period"] == 100.0:
            summary[f"{row['sea']} {row['method']} bias"] = row["bias"]
            summary[f"{row['sea']} {row['method']} coverage_90"] = row["coverage_90"]
    if pieces:
        apart = [abs(number(row, "level") - number(row, "whole")) for row in pieces]
        inside = [number(row, "low") <= number(row, "whole") <= number(row, "high") for row in pieces]
        summary["pieces median difference m"] = float(np.median(apart))
        summary["pieces whole within interval"] = float(np.mean(inside))
    return summary


def markdown(record: Record) -> str:
    """The scores, and the pieces of real records."""
    found = markdown_table(scores(record.rows), COLUMNS)
    text = f"Simulated seas, truth from all their years:\n\n{found}"
    pieces = record.tables.get("pieces")
    if not pieces:
        return text
    return f"{text}\nTen years of real gauges beside the whole record:\n\n{markdown_table(pieces, PIECES)}"
