"""The table of the kills."""

from benchmarks.record import Record, Row, Rows, markdown_table, summary_table

MEANING = (
    "Lost: expected and never taken. Doubled: kept twice. Repeats: requests with a key that the server had taken "
    "before.\nIn doubt: killed after the server took a request and before it answered."
)


def summarise(rows: Rows, counts: Row) -> Row:
    """The counts; the rows tell in which way how many children were killed."""
    assert sum(int(row["kills"] or 0) for row in rows) == counts["kills"]
    return dict(counts)


def markdown(record: Record) -> str:
    """What the counts mean, the counts, and the ways."""
    ways = markdown_table(record.rows, ("way", "kills"))
    return "\n".join((MEANING, "", summary_table(record.summary), "", ways))
