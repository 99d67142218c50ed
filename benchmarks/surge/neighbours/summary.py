"""From rows to a summary and a table: errors of the distilled student beside those of the other methods."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import number, paired_bootstrap, rows_by

SIMPLE = ("persistence", "zero_surge", "ridge")
BASELINES = (
    "labels_only",
    "pretrained",
    "pretrained_finetuned",
    "distilled_no_attention",
    "distilled_no_features",
    "distilled_no_days",
    "distilled_daily_teacher",
    "shuffled_teacher",
)
"""Methods that the distilled student is compared with over all gauges."""
DRAWS = 2000
COVERAGES = ("coverage_90", "coverage_90_extreme")


class Selection(NamedTuple):
    """Rows of one method under one condition; the seeds differ."""

    method: str
    streams: str
    lead_h: int
    outage: float


def summarise(rows: Rows) -> Row:
    """The headline numbers, as ``fraction/target/lead/number``; ratios of errors are ratios of means over seeds."""
    summary: Row = {}
    for (fraction,), of_fraction in sorted(rows_by(rows, "record_fraction").items()):
        for (target,), of_target in rows_by(of_fraction, "target").items():
            summary |= _of_target(f"{fraction:g}/{target}", of_target)
        summary |= _over_targets(f"{fraction:g}", of_fraction)
    return summary


def markdown(record: Record, command: str) -> str:
    """The command, and errors, coverage and F1 of peaks by method."""
    keys = ("record_fraction", "target", "streams", "outage", "method")
    leads = _leads(record.rows)
    last = leads[-1]
    lines: list[Row] = []
    for group, of_group in rows_by(record.rows, *keys).items():
        line: Row = {key: str(value) for key, value in zip(keys, group, strict=True)}
        for lead in leads:
            of_lead = [row for row in of_group if row["lead_h"] == lead]
            line[f"{lead} h"] = f"{_mean_of(of_lead, 'rmse'):.3f} ({_mean_of(of_lead, 'rmse_residual'):.3f})"
        of_last = [row for row in of_group if row["lead_h"] == last]
        line[f"within 90 % {last} h"] = f"{_mean_of(of_last, 'coverage_90'):.2f}"
        line["top 1 %"] = f"{_mean_of(of_last, 'coverage_90_extreme'):.2f}"
        line[f"F1 of peaks {last} h"] = f"{_mean_of(of_last, 'f1_extreme'):.2f}"
        lines.append(line)
    return (
        f"    {command}\n\nRMSE of the water level [m], mean over seeds; in brackets that of the residual.\n\n"
        f"{markdown_table(lines, list(lines[0]))}"
    )


def _of_target(name: str, rows: Rows) -> Row:
    tide, full_tide = (Selection(method, "own", 0, 0.0) for method in ("zero_surge", "zero_surge_full_tide"))
    summary: Row = {
        f"{name}/tide_against_full": _ratio(rows, tide, full_tide),
        f"{name}/teacher_nowcast_residual": _mean(rows, Selection("teacher", "neighbours", 0, 1.0), "rmse_residual"),
    }
    leads = _leads(rows)
    for lead in leads:
        of_lead, ours = f"{name}/{lead}h", Selection("distilled", "own", lead, 0.0)
        simple = {method: Selection(method, "own", lead, 0.0) for method in SIMPLE}
        summary[f"{of_lead}/distilled"] = _mean(rows, ours)
        best = min(SIMPLE, key=lambda method: _mean(rows, simple[method]))
        summary[f"{of_lead}/best_simple"] = best
        if lead > 0:  # at lead 0 the reading is known
            summary[f"{of_lead}/ratio"] = _ratio(rows, ours, simple[best])
        summary[f"{of_lead}/against_full_record"] = _ratio(rows, ours, Selection("full_record", "own", lead, 0.0))
        silent, silent_tide = (Selection(method, "own", lead, 1.0) for method in ("distilled", "zero_surge"))
        summary[f"{of_lead}/silent_against_zero_surge"] = _ratio(rows, silent, silent_tide)
        summary[f"{of_lead}/silent_bounds_wider"] = _ratio(rows, silent, ours, "width_90")
        summary[f"{of_lead}/f1_extreme"] = _mean(rows, ours, "f1_extreme")
        summary[f"{of_lead}/f1_extreme_best_simple"] = max(_mean(rows, simple[m], "f1_extreme") for m in SIMPLE)
        for score in COVERAGES:
            summary[f"{of_lead}/{score}"] = _mean(rows, ours, score)
    outages = sorted({number(row, "outage") for row in rows})
    summary[f"{name}/any_against_better_specialist"] = max(
        _mean(rows, Selection("distilled", "any", lead, outage))
        / min(
            _mean(rows, Selection("distilled", "own", lead, outage)),
            _mean(rows, Selection("teacher", "neighbours", lead, 1.0)),
        )
        for lead in leads
        if lead > 0
        for outage in outages
    )
    return summary


def _over_targets(name: str, rows: Rows) -> Row:
    """How much lower the error is than that of each baseline: one group per gauge and lead, one entry per seed.

    A gauge without neighbours has no ablation rows and is left out of those comparisons.
    """
    summary: Row = {}
    for baseline in BASELINES:
        reductions = {}
        for (target,), of_target in rows_by(rows, "target").items():
            for lead in _leads(rows):
                ours, theirs = (
                    np.array(_scores(of_target, Selection(method, "own", lead, 0.0), "rmse"))
                    for method in ("distilled", baseline)
                )
                if lead > 0 and theirs.size:
                    reductions[target, lead] = 1 - ours / theirs
        if reductions:
            summary |= paired_bootstrap(reductions, DRAWS, 0).entries(f"{name}/lower_than_{baseline}", "_")
    ahead = [row for row in rows if (row["method"], row["streams"]) == ("distilled", "own") and number(row, "lead_h")]
    for score in COVERAGES:
        summary[f"{name}/{score}"] = _mean_of(ahead, score)
    return summary


def _leads(rows: Rows) -> list[int]:
    return sorted({int(number(row, "lead_h")) for row in rows})


def _scores(rows: Rows, selection: Selection, score: str) -> list[float]:
    """In the order of the seeds."""
    wanted: dict[str, Value] = selection._asdict()
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return [number(row, score) for row in sorted(found, key=lambda row: number(row, "seed"))]


def _mean(rows: Rows, selection: Selection, score: str = "rmse") -> float:
    """Over seeds; NaN where no row has the score."""
    return _finite_mean(_scores(rows, selection, score))


def _mean_of(rows: Rows, score: str) -> float:
    return _finite_mean([number(row, score) for row in rows])


def _finite_mean(values: Sequence[float]) -> float:
    finite = np.array([value for value in values if np.isfinite(value)])
    return float(finite.mean()) if finite.size else float("nan")


def _ratio(rows: Rows, ours: Selection, theirs: Selection, score: str = "rmse") -> float:
    """Ratio of means over seeds."""
    base = _mean(rows, theirs, score)
    return _mean(rows, ours, score) / base if base > 0 else float("nan")
