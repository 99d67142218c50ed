"""From rows to a summary and a table: differences and times beside each tool, and scores of damage states."""

from collections.abc import Mapping

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import number, rows_by

WET = {"wet_10": 0.10, "wet_100": 1.0}
"""Case → share of the pairs of asset and event that are wet [-]."""
COLUMNS = ("case", "coast", "tool", "cpu_s", "peak_mb", "max_relative_difference", "brier", "log_score", "note")
PARTS = ("events", "isolation", "damage_states")
TOOLS = ("curve", "head", "pool")
"""Damage curve on the flood map, damage head of the students, and the mean of both."""
SURVEYS = ("recent", "outdated")


def part_of(row: Mapping[str, Value]) -> str:
    """The part of the benchmark that a row belongs to."""
    case = str(row["case"])
    return "damage_states" if case.startswith("damage_state/") else case if case == "isolation" else "events"


def summarise(rows: Rows) -> Row:
    """Time, memory and differences by case; scores of damage states by coasts, survey and tool."""
    summary: Row = {}
    for case in WET:
        of_case = {row["tool"]: row for row in rows if row["case"] == case}
        if not of_case:
            continue
        summary[f"{case}_cpu_s"] = of_case["strandline"]["cpu_s"]
        summary[f"{case}_peak_mb"] = of_case["strandline"]["peak_mb"]
        for tool in ("climada", "reference"):
            summary[f"{case}_difference_from_{tool}"] = of_case[tool]["max_relative_difference"]
        own, theirs = of_case["strandline"]["cpu_s"], of_case["climada"]["cpu_s"]
        summary[f"{case}_times_climada"] = float(theirs) / float(own) if theirs and own else None
    for row in rows:
        if row["case"] == "isolation":
            summary[f"isolation_{row['tool']}_cpu_s"] = row["cpu_s"]
    return summary | _damage_states(rows)


def markdown(record: Record) -> str:
    """The rows."""
    return markdown_table(record.rows, COLUMNS)


def _damage_states(rows: Rows) -> Row:
    """Means over coasts, and the difference of head and pool from the curve: mean, smallest and greatest coast."""
    summary: Row = {}
    for role in ("tuning", "test"):
        for survey in SURVEYS:
            own = [row for row in rows if row.get("coasts") == role and row["case"] == f"damage_state/{survey}"]
            by_tool = rows_by(own, "tool")
            for measure in ("brier", "log_score"):
                scores = {
                    tool: np.array([number(row, measure) for row in by_tool[tool,]])
                    for tool in TOOLS
                    if (tool,) in by_tool
                }
                for tool, values in scores.items():
                    summary[f"{role}/{survey}/{tool}/{measure}"] = float(values.mean())
                for tool in TOOLS[1:]:
                    if tool in scores:
                        difference = scores[tool] - scores["curve"]
                        key = f"{role}/{survey}/{tool}_minus_curve/{measure}"
                        summary[key] = float(difference.mean())
                        summary[f"{key}/least"] = float(difference.min())
                        summary[f"{key}/greatest"] = float(difference.max())
    return summary
