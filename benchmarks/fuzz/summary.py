"""What became of the mutated inputs."""

from benchmarks.record import Record, Row, Rows, markdown_table

OUTCOMES = ("read", "refused", "tracebacks", "hangs", "nonsense")
COLUMNS = ("mutated", "inputs", *OUTCOMES)


def summarise(rows: Rows) -> Row:
    """Sums over all files and keys."""
    return {name: sum(int(row[name] or 0) for row in rows) for name in COLUMNS[1:]}


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
