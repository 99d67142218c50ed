"""A river mouth in floods: how well its level is forecast, what each driver brings, and how the river was chosen.

``python -m benchmarks.surge.dong_hoi --data FOLDER/quang_binh --out benchmarks/results/dong_hoi.json``

Scores are those of `benchmarks.surge`. The rain of the coming hours is the measured one with errors that grow with
lead: no forecast of it was kept.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from queue import Queue

import numpy as np

from benchmarks.record import Record, Row, Rows, command_of, print_summary, sha256, write_record
from benchmarks.surge.methods.forecaster import FittedTask, fit_task
from benchmarks.surge.methods.registry import SIMPLE
from benchmarks.surge.protocol import Issues, Task, draw_task
from benchmarks.surge.records.gauge import Gauge, GaugeSet
from benchmarks.surge.records.sets import quang_binh
from benchmarks.surge.run import Plan, run_gauge
from strandline.observations.arrays import Floats, Indices
from strandline.uncertainty.gauge_forecast.shares import shares_of
from strandline.uncertainty.residual_forecaster import LONGEST_LEAD

METHODS = (*SIMPLE, "ridge_weather", "process", "labels_only")
RIVERS = ("", "le_thuy_m", "kien_giang_m", "kien_giang_m3_s")
"""Candidates for the river; none = rain alone."""
PEAK = np.datetime64("2020-10-18T20", "h")
"""Hour of the highest reading, UTC."""
MONTH = (np.datetime64("2020-10-01"), np.datetime64("2020-11-01"))
SHARE_LEADS = (6, 12, 24, 48)
SCORES = ("rmse", "best_simple", "against_best_simple", "ridge_weather", "coverage_90", "width_90")


def main(argv: Sequence[str] | None = None) -> None:
    """Score, choose, explain, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the set quang_binh")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(argv)
    gauge_set = quang_binh.read(arguments.data)
    rows = run_gauge(gauge_set, quang_binh.MOUTH, Plan(1, ("none", "forecast"), METHODS), Queue())
    task = task_of(gauge_set, gauge_set.gauges[0])
    tables: dict[str, Rows] = {
        "left_out_weeks": [choice(gauge_set, river) for river in RIVERS],
        "shares": shares(task, fit_task(task)),
    }
    record = Record("dong_hoi", "real", {"quang_binh": sha256(arguments.data)}, [0], rows, summarise(rows), tables)
    write_record(record, arguments.out, markdown(record, command_of("benchmarks.surge.dong_hoi", arguments, ("out",))))
    print_summary(record)


def task_of(gauge_set: GaugeSet, gauge: Gauge) -> Task:
    """Every week of 2010 and 2016 known, and the rain forecast."""
    period = gauge_set.period_of(gauge.name)
    return draw_task(gauge, (), period, gauge_set.fraction, gauge_set.leads, 0, "forecast")


def choice(gauge_set: GaugeSet, river: str) -> Row:
    """Errors in floods of the training years, each part of the record left out of the fit [m]; 2020 is not used."""
    gauge = replace(gauge_set.gauges[0], river=river)
    fitted = fit_task(task_of(gauge_set, gauge))
    history = fitted.history
    flood = gauge.scored & np.isfinite(history.level)
    hours = np.flatnonzero(np.isfinite(history.level))
    hours = hours[(hours >= 71) & (hours < flood.size - LONGEST_LEAD)]
    hours = hours[[bool(flood[hour : hour + 49].any()) for hour in hours]]
    found: Row = {"river": river or "rain alone"}
    whole = fitted.situation_of_record(hours)
    for name, situation in (("", whole), ("silent_", replace(whole, own=np.full_like(whole.own, np.nan)))):
        errors = np.full((hours.size, LONGEST_LEAD + 1), np.nan)
        for part, others in fitted.whole.without.items():
            rows: Indices = np.flatnonzero(history.part[hours] == part)
            if rows.size:
                ahead = hours[rows, None] + np.arange(LONGEST_LEAD + 1)
                there = flood[ahead] & (history.part[ahead] == part)
                mean = others.moments(situation[rows])[0]
                errors[rows] = np.where(there, mean - history.level[ahead], np.nan)
        for lead in (12, 24):
            found[f"{name}rmse_{lead}h"] = float(np.sqrt(np.nanmean(errors[:, lead] ** 2)))
            found[f"{name}n_{lead}h"] = int(np.isfinite(errors[:, lead]).sum())
    return found


def shares(task: Task, fitted: FittedTask) -> list[Row]:
    """What makes the level at the peak of October 2020, and its mean over the scored hours of that month [m].

    ``forecast``: as issued some hours before; ``hindcast``: without a reading of the mouth, the river as read up to the
    hour itself. ``left_over``: what was read less the sum of all.
    """
    rows: list[Row] = []
    for case, outage, leads in (("forecast", 0.0, SHARE_LEADS), ("hindcast", 1.0, (0,))):
        issues, level, _ = task.tests(outage)
        parts = _parts(fitted, issues)
        for lead in leads:
            at = task.leads.index(lead)
            valid = issues.time + np.timedelta64(lead, "h")
            of_month = (valid >= MONTH[0]) & (valid < MONTH[1]) & np.isfinite(level[:, at])
            for what, which in (("peak", valid == PEAK), ("October", of_month)):
                if not which.any():
                    continue
                tide = float(issues.tide_at_leads[which, at].mean())
                found = {name: float(each[which, lead].mean()) for name, each in parts.items()}
                found["tide"] += tide
                read = float(level[which, at].mean())
                left = read - sum(found.values())
                row: Row = {"case": case, "hours": what, "lead_h": lead, "n": int(which.sum()), "level": read}
                rows.append({**row, **found, "left_over": left})
    return rows


def _parts(fitted: FittedTask, issues: Issues) -> dict[str, Floats]:
    return shares_of(fitted.residual, fitted.situation(issues), fitted.situation(issues, is_dry=True))


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


def markdown(record: Record, command: str) -> str:
    """The three tables."""
    score: list[Row] = []
    for name in ("", "silent_"):
        for lead in (6, 12, 24, 48):
            row: Row = {"case": "own gauge silent" if name else "all readings", "lead_h": lead}
            score.append({**row, **{key: record.summary[f"{name}{lead}h/{key}"] for key in SCORES}})
    return "\n".join(
        [
            "# Dong Hoi: a river mouth in floods",
            "",
            f"`{command}`. Real data, one draw; 2020 from 2010 and 2016. Metres.",
            "",
            "## Floods of 2020",
            "",
            *_table(score),
            "## What makes the level",
            "",
            *_table(record.tables["shares"]),
            "## Left-out weeks of 2010 and 2016, by which the river was chosen",
            "",
            *_table(record.tables["left_out_weeks"]),
        ]
    )


def _table(rows: Rows) -> list[str]:
    names = list(rows[0])
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for row in rows:
        cells = [f"{row[name]:.3f}" if isinstance(row[name], float) else str(row[name]) for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
