"""From lines to a table: how long a place takes from the box to the report, and what is found on the way."""

from collections.abc import Mapping

from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import rows_by

COLUMNS = (
    "place", "variant", "lines", "minutes", "cpu_minutes", "new_s", "fetch_s", "run_s", "found", "offline", "report",
    "licences",
)  # fmt: skip
TYPED = ("new", "fetch", "run")


def scores(rows: Rows) -> list[Row]:
    """One row for each place and what is at hand.

    ``minutes`` are those of the whole processes of the lines, ``cpu_minutes`` their computing time; ``found`` whether
    ``check`` names what is wrong, ``offline`` whether check and a second fetch work without services (the run is made
    without them anyway), ``licences`` how many of those in the region file stand in the report.
    """
    found: list[Row] = []
    for (place, variant), group in rows_by(rows, "place", "variant").items():
        by_step: dict[str, Mapping[str, Value]] = {str(row["step"]): row for row in group}
        typed = [by_step[step] for step in TYPED if step in by_step]
        run = by_step.get("run", {})
        wrong = [row["found"] for row in group if row.get("found") is not None]
        later = by_step["fetch offline"]
        is_offline = later["code"] in (0, 75) and later.get("from_cache") and by_step["check"]["code"] == 0
        found.append(
            {
                "place": place,
                "variant": variant,
                "lines": len(typed),
                **{f"{step}_s": row["seconds"] for step in TYPED if (row := by_step.get(step)) is not None},
                "minutes": sum(float(str(row["seconds"])) for row in typed) / 60 if run else None,
                "cpu_minutes": sum(float(str(row["cpu_seconds"])) for row in typed) / 60 if run else None,
                "found": _word(wrong[0]) if wrong else None,
                "offline": _word(is_offline),
                "report": _word(run.get("report")) if run else None,
                "licences": f"{run['licences_shown']} of {run['licences']}" if run.get("licences") else None,
            }
        )
    return found


def summarise(rows: Rows) -> Row:
    """Longest way to a report, and counts."""
    table = scores(rows)
    done = [row for row in table if row["report"] is not None]
    return {
        "runs": len(done),
        "reports": sum(row["report"] == "yes" for row in done),
        "longest_minutes": max((float(str(row["minutes"])) for row in done), default=None),
        "longest_cpu_minutes": max((float(str(row["cpu_minutes"])) for row in done), default=None),
        "faults": sum(row["found"] is not None for row in table),
        "faults_found": sum(row["found"] == "yes" for row in table),
    }


def markdown(record: Record) -> str:
    """The scores."""
    return markdown_table(scores(record.rows), COLUMNS)


def _word(value: object) -> str:
    return "yes" if value else "no"
