"""From rows to a summary and a table: means over coasts, and each target beside the measured number."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table, summary_table
from benchmarks.statistics import (
    Interval,
    mean_over_groups,
    number,
    paired_bootstrap,
    paired_differences,
    rows_by,
    scores_by,
)

DRAWS = 4000
SCORES = ("ece", "nll", "brier", "coverage_90", "miss_rate", "miss_rate_worst", "miss_rate_kept", "iou", "epistemic")
COVERAGE, MISS_RATE = 0.9, 0.1
"""Nominal coverage of bounds on gauges, and nominal miss rate of flood maps [-]."""
COMMITTEE_ECE = 0.04
"""Target of the calibration error of the committee on events that none of its members saw."""


def summarise(rows: Rows, costs: Mapping[str, float]) -> Row:
    """Each target (``bar``) with the measured number, and means by task, condition and method.

    Args:
        rows: scores; ``costs``: name → cost in forward passes of one member.
    """
    summary: Row = {}
    for (task, condition), part in sorted(rows_by(rows, "task", "condition").items()):
        methods = {str(name): of for (name,), of in rows_by(part, "method").items()}
        label = f"{task} {condition}"
        summary |= _targets(label, str(condition), methods)
        for method, of_method in sorted(methods.items()):
            for score in SCORES:
                value = mean(of_method, score)
                if value is not None:
                    summary[f"{label} {method} {score}"] = value
    for name, value in costs.items():
        summary[f"cost {name}"] = value
    measured = [value for name, value in costs.items() if name.startswith("distilled_ensemble")]
    if measured:
        name = "bar cost of distilled_ensemble over one member, at most 1.3"
        summary |= _target(name, max(measured), lambda v: v <= 1.3)
    return summary


def mean(rows: Iterable[Mapping[str, Value]], score: str) -> float | None:
    """Mean over coasts of the means over seeds; ``None`` where the score was not measured."""
    measured = [
        {"coast": None, "seed": 0, **row}
        for row in rows
        if row.get(score) is not None and np.isfinite(number(row, score))
    ]
    return mean_over_groups(scores_by(measured, "coast", score)) if measured else None


def markdown(record: Record) -> str:
    """The targets, means by method, and costs."""
    table: list[Row] = []
    for (task, condition, method), part in rows_by(record.rows, "task", "condition", "method").items():
        line: Row = {"task": task, "condition": condition, "method": method}
        table.append({**line, **{score: mean(part, score) for score in SCORES}, "passes": part[0]["forward_passes"]})
    targets: list[Row] = [
        {"bar": name.removeprefix("bar "), "found": value, "holds": "yes" if record.summary[f"{name}, holds"] else "no"}
        for name, value in record.summary.items()
        if name.startswith("bar ") and not name.endswith(", holds")
    ]
    rest = {
        name: value
        for name, value in record.summary.items()
        if any(part in name for part in ("cost", "kept by")) and not name.startswith("bar")
    }
    columns = ["task", "condition", "method", *SCORES, "passes"]
    return (
        "Means over coasts (`delta`: simulated), events (`floods`: real), gauges (`surge`: real).\n\n"
        f"{markdown_table(targets, ['bar', 'found', 'holds'])}\n{markdown_table(table, columns)}\n"
        f"{summary_table(rest)}"
    )


def _targets(label: str, condition: str, methods: Mapping[str, Rows]) -> Row:
    found: Row = {}
    shipped = methods.get("shipped", ())
    limit = {"normal": 0.02, "extreme": 0.05}.get(condition)
    ece = mean(shipped, "ece")
    if limit is not None and ece is not None:
        found |= _target(f"bar {label} ece of shipped, at most {limit}", ece, lambda v: v <= limit)
    by_committee = mean(methods.get("committee", ()), "ece")
    if by_committee is not None:
        name = f"bar {label} ece of committee without labels, at most {COMMITTEE_ECE}"
        found |= _target(name, by_committee, lambda v: v <= COMMITTEE_ECE)
    slack = 0.02 if condition == "normal" else 0.05
    for method in ("conformal", "adaptive"):
        coverage = mean(methods.get(method, ()), "coverage_90")
        if coverage is not None:
            name = f"bar {label} coverage of {method}, {COVERAGE} within {slack}"
            found |= _target(name, coverage, lambda v: abs(v - COVERAGE) <= slack + 1e-9)
    full, one = (mean(methods.get(method, ()), "nll") for method in ("ensemble", "distilled_ensemble"))
    if full is not None and one is not None:
        name = f"bar {label} nll of distilled_ensemble over ensemble, at most 1.01"
        found |= _target(name, one / full, lambda v: v <= 1.01)
        found[f"{label} mutual information kept by distilled_ensemble"] = (
            mean(methods["distilled_ensemble"], "epistemic") or 0
        ) / (mean(methods["ensemble"], "epistemic") or 1)
    conformal = methods.get("conformal", ())
    rate, kept = mean(conformal, "miss_rate"), mean(conformal, "miss_rate_kept")
    if rate is not None:
        name = f"bar {label} miss rate of conformal, mean at most {MISS_RATE}"
        found |= _target(name, rate, lambda v: v <= MISS_RATE)
    if kept is not None:
        found |= _target(f"bar {label} share of events within the rate, all of them", kept, lambda v: v == 1)
    if conformal and shipped:
        with_rate, without = (
            scores_by(sorted(of, key=lambda row: str(row["coast"])), "coast", "iou") for of in (conformal, shipped)
        )
        gain = paired_bootstrap(paired_differences(with_rate, without), DRAWS, seed=0)
        found |= Interval(-gain.mean, -gain.high, -gain.low).entries(f"{label} iou that the rate costs")
    return found


def _target(name: str, value: float, holds: Callable[[float], bool]) -> Row:
    return {name: value, f"{name}, holds": bool(holds(value))}
