"""How often a shift is found, and how often good data is doubted."""

from collections.abc import Mapping

from benchmarks.record import Record, Row, Rows, Value, markdown_table

COLUMNS = ("part", "case", "shifted", "shift_m", "n", "silent", "warned", "refused")


def summarise(rows: Rows) -> Row:
    """Shares of what is found at each size of shift, and false alarms."""
    summary: Row = {}
    for part in dict.fromkeys(str(row["part"]) for row in rows):
        chosen = [row for row in rows if row["part"] == part]
        good = [row for row in chosen if row["shift_m"] == 0]
        summary[f"{part}: doubted as it is"] = _text(good, "warned", "refused")
        for shift in (-1.5, -1.0, -0.5, 0.5, 1.0, 1.5):
            shifted = [row for row in chosen if row["shift_m"] == shift]
            summary[f"{part}: found at {shift:+.1f} m"] = _text(shifted, "warned", "refused")
            summary[f"{part}: refused at {shift:+.1f} m"] = _text(shifted, "refused")
    return summary


def _text(rows: list[Mapping[str, Value]], *outcomes: str) -> str:
    found = sum(int(row[outcome] or 0) for row in rows for outcome in outcomes)
    return f"{found} of {sum(int(row['n'] or 0) for row in rows)}"


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
