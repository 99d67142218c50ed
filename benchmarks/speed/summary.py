"""From rows to a summary and a table: which targets are met."""

from benchmarks.record import Record, Row, Rows, markdown_table

COLUMNS = ("what", "value", "unit", "peer", "ratio", "share_of_limit", "bar", "met", "note")


def summarise(rows: Rows) -> Row:
    """Whether each target (``bar``) is met, by what was measured."""
    return {str(row["what"]): row["met"] for row in rows if row["bar"] is not None}


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
