"""The plans of one delta side by side."""

from benchmarks.record import Record, Row, Rows, markdown_table

COLUMNS = (
    "preset", "money", "discount_rate", "proposal", "investment", "cost", "value_if_nothing_changes",
    "benefit_cost_ratio", "pays_in", "damage_in_the_middle_scenario", "no_regret", "pathways_begin_with",
    "tipping_point",
)  # fmt: skip


def summarise(rows: Rows) -> Row:
    """How many pathways begin with the proposal, and by how much a higher rate shrinks the damage of the future."""
    summary: Row = {
        "plans": len(rows),
        "whose pathways begin with the proposal": sum(row["proposal"] == row["pathways_begin_with"] for row in rows),
    }
    for name in dict.fromkeys(str(row["preset"]) for row in rows):
        chosen = sorted(
            (row for row in rows if row["preset"] == name), key=lambda row: float(row["discount_rate"] or 0)
        )
        damage = [float(row["damage_in_the_middle_scenario"] or 0) for row in chosen]
        summary[f"{name}: present value of damage falls with the rate"] = damage == sorted(damage, reverse=True)
        summary[f"{name}: at the highest rate, of that at the lowest"] = damage[-1] / damage[0]
    return summary


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)
