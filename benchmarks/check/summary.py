"""How many of the mistakes are found."""

from benchmarks.record import Record, Row, Rows, markdown_table

COLUMNS = ("mistake", "outcome", "findings", "first")


def summarise(rows: Rows) -> Row:
    """Counts of the mistakes that are refused, warned of, and passed in silence; sentences about sound data."""
    wrong = [row for row in rows if row["mistake"] != "none"]
    counts = {outcome: sum(row["outcome"] == outcome for row in wrong) for outcome in ("refused", "warned", "silent")}
    sound = sum(int(row["findings"] or 0) for row in rows if row["mistake"] == "none")
    return {"mistakes": len(wrong), **counts, "findings about the example as it is": sound}


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
