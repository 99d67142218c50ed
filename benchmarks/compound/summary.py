"""From rows to a summary: mean IoU by method and driver, retention, and what rain and river are worth."""

from benchmarks.accounting import interval_table
from benchmarks.record import Record, Row, Rows, markdown_table
from benchmarks.statistics import mean_over_groups, number, paired_bootstrap, paired_differences, rows_by, scores_by

COLUMNS = ("coast", "seed", "regime", "method", "driver", "storms", "wet_share", "iou")
AGAINST = ("distilled_blind", "self_archive", "pretrained", "analog", "analog_by_level")
DRAWS = 2000


def summarise(rows: Rows) -> Row:
    """Means over coasts, and differences paired by coast and seed with intervals over coasts."""
    summary: Row = {}
    for (regime, driver), part in sorted(rows_by(rows, "regime", "driver").items(), reverse=True):
        name_of = f"{regime}, {driver}"
        methods = {
            str(method): scores_by(found, "coast", "iou") for (method,), found in rows_by(part, "method").items()
        }
        means = {name: mean_over_groups(scores) for name, scores in methods.items()}
        summary |= {f"{name_of}: {name} iou": value for name, value in sorted(means.items())}
        if "teacher" in means:
            summary[f"{name_of}: retention"] = means["distilled"] / means["teacher"]
        for other in AGAINST:
            difference = paired_differences(methods["distilled"], methods[other])
            summary |= paired_bootstrap(difference, DRAWS, 0).entries(f"{name_of}: distilled − {other}")
        summary[f"{name_of}: storms"] = sum(number(row, "storms") for row in part if row["method"] == "distilled")
    return summary


def markdown(record: Record) -> str:
    """The summary and the rows."""
    return f"{interval_table(record.summary)}\n\n{markdown_table(record.rows, COLUMNS)}"
