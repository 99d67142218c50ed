"""From rows to a summary and a table: decisions on simulated coasts, the replay at Caorle, and the service."""

from datetime import datetime, timedelta

import numpy as np

from benchmarks.agent import silence
from benchmarks.agent.corrupted_stores import Outcome
from benchmarks.agent.crash_restarts import Progress
from benchmarks.agent.scoring import pooled_value
from benchmarks.record import Record, Row, Rows, markdown_table, summary_table
from benchmarks.statistics import number, rows_by

COLUMNS = (
    "scenario",
    "condition",
    "policy",
    "action",
    "relative_value",
    "coverage_90",
    "hits",
    "false_alarms",
    "lead_h",
)
CAORLE_COLUMNS = ("hour", "level_observed", "highest_p50", "starts", "stops")
SERVICE_COLUMNS = ("step", "memory_mb", "open_files", "steps_per_s", "store_mb")


def summarise(rows: Rows) -> Row:
    """Relative value over all coasts and actions by condition and policy, and the effect of stream failures."""
    summary: Row = {}
    decades = [row for row in rows if "expense" in row]
    policies = list(dict.fromkeys(row["policy"] for row in decades))
    for (condition,), of_condition in rows_by(decades, "condition").items():
        by_policy = rows_by(of_condition, "policy")
        for policy in policies:
            chosen = by_policy[policy,]
            hits, misses, false_alarms = (_sum(chosen, name) for name in ("hits", "misses", "false_alarms"))
            summary[f"{condition}/{policy}/value"] = pooled_value(chosen)
            summary[f"{condition}/{policy}/hit_rate"] = hits / max(hits + misses, 1)
            summary[f"{condition}/{policy}/false_alarms_a_hit"] = false_alarms / max(hits, 1)
        covered = [number(row, "coverage_90") for row in of_condition if row["coverage_90"]]
        summary[f"{condition}/strandline/coverage_90_in_storms"] = float(np.mean(covered))
    compared = [row for row in rows if "differs_replay" in row]
    return summary | _summarise_same(compared) | _summarise_failures([row for row in rows if "fault" in row])


def summarise_caorle(rows: Rows) -> Row:
    """Coverage, the hours between each action's last start and the peak, forecasts of the peak, and alarms."""
    compared = [row for row in rows if "differs_replay" in row]
    of_forecaster = [row for row in rows if "peak_lead_h" in row]
    rows = [row for row in rows if "hour" in row]
    levels = [number(row, "level_observed") if row["level_observed"] is not None else -np.inf for row in rows]
    peak_hour = str(rows[int(np.argmax(levels))]["hour"])
    peak = datetime.fromisoformat(peak_hour)
    summary: Row = {"caorle/coverage_90": _sum(rows, "covered") / _sum(rows, "scored"), "caorle/peak": peak_hour}
    started = [(datetime.fromisoformat(str(row["hour"])), str(row["starts"]).split(", ")) for row in rows]
    for action in sorted({name for _, names in started for name in names if name}):
        before = [hour for hour, names in started if action in names and hour <= peak]
        if before:
            summary[f"caorle/lead_h/{action}"] = (peak - max(before)) / timedelta(hours=1)
    for ahead in (24, 12, 6, 3):
        row = next(row for row in rows if datetime.fromisoformat(str(row["hour"])) == peak - timedelta(hours=ahead))
        summary[f"caorle/peak_forecast/{ahead}h"] = (
            f"{row['highest_p50']:.2f} ({row['highest_p05']:.2f} to {row['highest_p95']:.2f})"
        )
    for row in of_forecaster:
        summary[f"caorle/forecaster_at_the_peak/{row['peak_lead_h']}h"] = (
            f"{row['level_p50']:.2f} ({row['level_p05']:.2f} to {row['level_p95']:.2f})"
        )
    if "running" in rows[0]:  # results before 0.3.0 have no alarms
        summary |= _summarise_alarms(rows, peak)
    return summary | _summarise_same(compared)


def _summarise_alarms(rows: Rows, peak: datetime) -> Row:
    """Actions that start in the first hour, stops, hours in alarm, zones, and the bounds after the storm."""
    after = next(row for row in rows if datetime.fromisoformat(str(row["hour"])) == peak + timedelta(days=2))
    started, stopped = ([str(row[what]).split(", ") for row in rows if row[what]] for what in ("starts", "stops"))
    return {
        "caorle/actions_started_in_the_first_hour": len(started[0]) if rows[0]["starts"] else 0,
        "caorle/actions_started": len({name for names in started for name in names}),
        "caorle/stops": sum(len(names) for names in stopped),
        "caorle/action_hours_in_alarm": _sum(rows, "running"),
        "caorle/hours": len(rows),
        "caorle/most_zones_flagged": max(int(number(row, "zones_flagged")) for row in rows),
        "caorle/most_zones_at_risk": max(int(number(row, "zones_at_risk")) for row in rows),
        "caorle/zones": int(number(rows[0], "zones")),
        "caorle/two_days_after_the_peak/highest_24h": f"{after['highest_p05']:.2f} to {after['highest_p95']:.2f}",
        "caorle/two_days_after_the_peak/48h_ahead": f"{after['last_p05']:.2f} to {after['last_p95']:.2f}",
    }


def summarise_service(rows: Rows, steps: int, restarts: Progress, corrupted: Outcome) -> Row:
    """Growth of memory and open files over a year of steps, the comparison after kills, and corrupted stores found."""
    settled = rows[len(rows) // 4 :]  # caches have filled
    return {
        "soak/steps": steps,
        "soak/memory_growth_mb": number(settled[-1], "memory_mb") - number(settled[0], "memory_mb"),
        "soak/open_files_growth": int(number(settled[-1], "open_files") - number(settled[0], "open_files")),
        "soak/steps_per_s": float(np.mean([number(row, "steps_per_s") for row in rows])),
        "kills/kills": restarts.kills,
        "kills/rounds": restarts.rounds,
        "kills/differences": len(restarts.differences),
        "stores/corrupted": corrupted.corrupted,
        "stores/found": corrupted.found,
        "stores/refused": corrupted.refused,
        "stores/kinds": len(corrupted.kinds),
        "stores/harmless": corrupted.harmless,
    }


def markdown(record: Record) -> str:
    """The summary, and the rows."""
    if "first_stop_h" in record.rows[0]:
        return silence.markdown(record)
    rows: Rows = record.rows
    columns: tuple[str, ...] = COLUMNS
    if "hour" in rows[0]:
        rows, columns = [row for row in rows if "hour" in row and (row["starts"] or row["stops"])], CAORLE_COLUMNS
    elif "step" in rows[0]:
        columns = SERVICE_COLUMNS
    return (
        "Value 1 = perfect information, 0 = the climate alone.\n\n"
        f"{summary_table(record.summary)}\n{markdown_table(rows, columns)}"
    )


def _summarise_same(rows: Rows) -> Row:
    """Storms and hours in which replay, hindcast and watch were compared, and decisions in which they differ."""
    if not rows:
        return {}
    return {
        "same_decisions/storms": len(rows),
        "same_decisions/hours": _sum(rows, "hours"),
        "same_decisions/phases_started": _sum(rows, "phases_started"),
        "same_decisions/differences_replay": _sum(rows, "differs_replay"),
        "same_decisions/differences_hindcast": _sum([row for row in rows if row["differs_hindcast"] is not None],
                                                    "differs_hindcast"),
    }  # fmt: skip


def _summarise_failures(rows: Rows) -> Row:
    """The lowest coverage of any case, and actions that only a faulty gauge starts."""
    coverage = [number(row, "coverage_90") for row in rows]
    return {
        "broken/least_coverage_90": min(coverage),
        "broken/cases_below_0.85": sum(share < 0.85 for share in coverage),
        "broken/cases": len(rows),
        "broken/extra_actions_by_a_wrong_gauge": _sum(
            [row for row in rows if row["fault"] not in ("none", "dead")], "extra_actions"
        ),
    }


def _sum(rows: Rows, name: str) -> int:
    return sum(int(number(row, name)) for row in rows)
