"""From rows to a summary: errors beside the best simple method, and the tables."""

from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.surge.methods.registry import SIMPLE

SCORES = ("rmse", "best_simple", "against_best_simple", "ridge_weather", "coverage_90", "width_90")


def summarise(rows: Rows) -> Row:
    """The error of the forecaster over that of the best simple method, and the share of readings in its range."""
    found: Row = {}
    for outage, name in ((0.0, ""), (1.0, "silent_")):
        for lead in (6, 12, 24, 48):
            here = [row for row in rows if row["lead_h"] == lead and row["outage"] == outage]
            rmse = {str(row["method"]): float(row["rmse"]) for row in here}  # type: ignore[arg-type]
            own = next(row for row in here if row["method"] == "labels_only")
            best = min(rmse[method] for method in SIMPLE)
            found |= {
                f"{name}{lead}h/rmse": rmse["labels_only"],
                f"{name}{lead}h/best_simple": best,
                f"{name}{lead}h/against_best_simple": rmse["labels_only"] / best,
                f"{name}{lead}h/ridge_weather": rmse["ridge_weather"],
                f"{name}{lead}h/coverage_90": own["coverage_90"],
                f"{name}{lead}h/width_90": own["width_90"],
            }
    return found


def markdown(record: Record) -> str:
    """The three tables."""
    score: list[Row] = []
    for name in ("", "silent_"):
        for lead in (6, 12, 24, 48):
            row: Row = {"case": "own gauge silent" if name else "all readings", "lead_h": lead}
            score.append({**row, **{key: record.summary[f"{name}{lead}h/{key}"] for key in SCORES}})
    tables = {
        "Floods of 2020": score,
        "What makes the level [m]": record.tables["shares"],
        "Left-out weeks of 2010 and 2016, by which the river was chosen": record.tables["left_out_weeks"],
    }
    parts = ["Real data, one draw; 2020 from 2010 and 2016. Metres."]
    for title, rows in tables.items():
        parts += [f"## {title}", markdown_table(rows, tuple(rows[0]))]
    return "\n\n".join(parts)
