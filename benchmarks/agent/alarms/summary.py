"""From rows to a summary and tables: alarms by region and action, hours in alarm at equal hits, and the bounds."""

from collections.abc import Mapping, Sequence

from benchmarks.agent.alarms import late_warnings
from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import number, rows_by

COUNTS = ("events", "hits", "late", "misses", "false_alarms", "alarms", "alarm_hours", "over", "ended_soon", "warned",
          "warned_hours", "years")  # fmt: skip
TASK = ("region", "action", "often", "lead_h")
RATES = ("alarms_a_year", "alarm_hours_a_year", "warned_hours_a_year", "mean_hours", "ended_soon_share")
ACTION_COLUMNS = ("version", *TASK, "chance", *COUNTS[:5], "warned", *RATES)
EQUAL_COLUMNS = (*TASK, "chance", "hits", "hours_before", "least_hours_before", "least_hours_after", "chance_after")
GAUGE_COLUMNS = ("version", "region", "gauge", "level_m", *COUNTS[:5], "alarms_a_year", "alarm_hours_a_year",
                 "median_hours")  # fmt: skip
BOUND_COLUMNS = ("version", "region", "gauge", "coverage_calm", "coverage_storm", "width_calm_m", "width_storm_m")


def summarise(rows: Rows, curve: Rows) -> Row:
    """Alarms of all gauges by action and version, hours in alarm at equal hits, and the coverage of the bounds."""
    summary: Row = {}
    for row in pooled(rows, (*TASK, "chance")):
        if row["region"] == "all":
            for what in (*COUNTS[:5], "warned", *RATES):
                summary[f"{row['version']}/{_name(row)}/{what}"] = row[what]
    for row in at_equal_hits(rows, curve):
        if row["region"] == "all":
            for what in EQUAL_COLUMNS[-4:]:
                summary[f"equal hits/{_name(row)}/{what}"] = row[what]
    for row in bounds(rows):
        if row["region"] == "all":
            for what in BOUND_COLUMNS[-4:]:
                summary[f"{row['version']}/{what}"] = row[what]
    return summary


def markdown(record: Record) -> str:
    """All actions, hours at equal hits, the action for lives at every gauge, and the bounds."""
    if "onset_h" in record.rows[0]:
        return late_warnings.markdown(record)
    lives = [
        {**row, **rates(row)} for row in record.rows if row["action"] == "lives" and row["often"] == _OFTEN_IN_TABLE
    ]
    parts = ["Alarms a gauge and year; `often`: events a year of the level in the first part.\n"]
    parts += [markdown_table(pooled(record.rows, (*TASK, "chance")), ACTION_COLUMNS)]
    equal = at_equal_hits(record.rows, record.tables["curve"])
    if equal:
        parts += ["Fewest hours in alarm a gauge and year with at least the hits of before, at any chance.\n"]
        parts += [markdown_table(equal, EQUAL_COLUMNS)]
    parts += [f"The action for lives at each gauge, level of {_OFTEN_IN_TABLE:g} events a year.\n"]
    parts += [markdown_table(lives, GAUGE_COLUMNS)]
    parts += ["Coverage and mean width of the 90 % bounds, leads 0 to 24 h.\n"]
    return "\n".join([*parts, markdown_table(bounds(record.rows), BOUND_COLUMNS)])


_OFTEN_IN_TABLE = 4.0


def pooled(rows: Rows, names: Sequence[str]) -> list[Row]:
    """Rows of each version added up over the gauges of each region, and over all; ``names`` stay apart."""
    found: list[Row] = []
    for part in (rows, [{**row, "region": "all"} for row in rows]):
        for key, group in rows_by(part, "version", *names).items():
            sums: Row = {name: sum(number(row, name) for row in group) for name in COUNTS}
            counts: Row = {name: int(number(sums, name)) for name in COUNTS[:-1]}
            found.append({**dict(zip(("version", *names), key, strict=True)), **sums, **counts, **rates(sums)})
    return found


def rates(row: Mapping[str, Value]) -> Row:
    """Alarms and hours in alarm a year, their mean duration, and the share that ends soon after the water."""
    years, over, alarms = (number(row, name) for name in ("years", "over", "alarms"))
    return {
        "alarms_a_year": alarms / years,
        "alarm_hours_a_year": number(row, "alarm_hours") / years,
        "warned_hours_a_year": number(row, "warned_hours") / years,
        "mean_hours": number(row, "alarm_hours") / alarms if alarms else None,
        "ended_soon_share": number(row, "ended_soon") / over if over else None,
    }


def at_equal_hits(rows: Rows, curve: Rows) -> list[Row]:
    """For each action, hours in alarm a year of ``before``, and the fewest of either version with as many hits.

    Args:
        rows: of the actions; ``curve``: of the tasks at every agreed chance, pooled by region.
    """
    every = [*curve, *_over_regions(curve)]
    curves = rows_by(every, "version", *TASK)
    found: list[Row] = []
    for row in pooled(rows, (*TASK, "chance")):
        task = tuple(row[name] for name in TASK)
        if row["version"] != "before" or ("after", *task) not in curves:
            continue
        line: Row = {name: row[name] for name in (*TASK, "chance", "hits")}
        line["hours_before"] = row["alarm_hours_a_year"]
        for version in ("before", "after"):
            enough = [point for point in curves[(version, *task)] if number(point, "hits") >= number(row, "hits")]
            best = min(enough, key=lambda point: number(point, "alarm_hours"), default=None)
            line[f"least_hours_{version}"] = None if best is None else _hours_a_year(best)
            line[f"chance_{version}"] = None if best is None else best["chance"]
        found.append(line)
    return found


def _hours_a_year(point: Mapping[str, Value]) -> float:
    return number(point, "alarm_hours") / number(point, "years")


def _over_regions(curve: Rows) -> list[Row]:
    found: list[Row] = []
    for key, group in rows_by(curve, "version", *TASK[1:], "chance").items():
        sums: Row = {name: sum(number(row, name) for row in group) for name in CURVE_COUNTS}
        found.append({**dict(zip(("version", *TASK[1:], "chance"), key, strict=True)), **sums, "region": "all"})
    return found


CURVE_COUNTS = ("hits", "false_alarms", "alarms", "alarm_hours", "years")


def curve_of(rows: Rows) -> list[Row]:
    """The gauges' rows at every agreed chance added up by region; the sums that the comparison needs."""
    found: list[Row] = []
    for key, group in rows_by(rows, "version", *TASK, "chance").items():
        sums: Row = {name: sum(number(row, name) for row in group) for name in CURVE_COUNTS}
        found.append({**dict(zip(("version", *TASK, "chance"), key, strict=True)), **sums})
    return found


def bounds(rows: Rows) -> list[Row]:
    """Coverage [-] and mean width [m] of the 90 % bounds of every gauge and of all, in calm weather and in storms."""
    found: list[Row] = []
    for (version,), of_version in rows_by(rows, "version").items():
        gauges = [group[0] for group in rows_by(of_version, "gauge").values()]
        for region, gauge, group in [
            *((str(row["region"]), str(row["gauge"]), [row]) for row in gauges),
            ("all", "all", gauges),
        ]:
            found.append({"version": version, "region": region, "gauge": gauge, **_bounds(group)})
    return found


def _bounds(rows: Rows) -> Row:
    found: Row = {}
    for weather in ("calm", "storm"):
        scored = [number(row, f"scored_{weather}") for row in rows]
        found[f"coverage_{weather}"] = sum(number(row, f"covered_{weather}") for row in rows) / max(sum(scored), 1.0)
        widths = [number(row, f"width_{weather}_m") * hours for row, hours in zip(rows, scored, strict=True)]
        found[f"width_{weather}_m"] = sum(widths) / max(sum(scored), 1.0)
    return found


def _name(row: Mapping[str, Value]) -> str:
    return f"{row['action']}/{row['often']:g} a year/{row['lead_h']:g} h/{row['chance']:g}"
