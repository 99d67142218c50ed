"""From rows to a summary and a table: what a step costs, by number of places."""

from benchmarks.record import Record, Row, Rows, markdown_table

COLUMNS = (
    "places", "hours", "wall_s", "cpu_s", "peak_mb", "cpu_s_per_step", "steps_per_s", "database_kb_per_step",
)  # fmt: skip


def summarise(rows: Rows) -> Row:
    """By number of places: steps a second, processor time of one, peak memory, growth of the databases."""
    return {
        f"{row['places']} places/{key}": row[key]
        for row in rows if row.get("steps_per_s") is not None
        for key in ("steps_per_s", "cpu_s_per_step", "peak_mb", "database_kb_per_step")
    }  # fmt: skip


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
