"""From rows to a summary and a table: means, paired intervals over coasts, and whether the task is hard enough."""

from collections.abc import Iterable, Mapping

import numpy as np

from benchmarks.record import Record, Row, Rows, Value, markdown_table, summary_table
from benchmarks.statistics import (
    Interval,
    bootstrap_ratio,
    gap_closed,
    label_efficiency,
    mean_over_groups,
    number,
    paired_bootstrap,
    paired_differences,
    rows_by,
    scores_by,
)

Scores = dict[Value, list[float]]
"""Coast → IoU in the order of the seeds."""
DRAWS, NOISE = 4000, 0.03
"""Number of bootstrap samples, and the difference in IoU below which a gap counts as zero."""
WITHOUT_TEACHER = ("labels_only", "pretrained", "pretrained_finetuned", "self_training", "full_labels")
GATES = {
    "elevation_error": (1.0, 1.5),
    "bathtub_product": (0.0, 0.30),
    "bathtub_true": (0.0, 0.45),
    "teacher": (0.75, 0.90),
    "breaches_differ": (0.5, 1.0),
}
"""Name → lowest and highest mean over coasts at which the results count."""


def summarise(rows: Rows, coasts: Rows) -> Row:
    """All quoted numbers, named by test, label fraction and method.

    Args:
        rows: scores; ``coasts``: difficulty of each coast (`benchmarks.delta.coasts.Difficulty`).
    """
    summary: Row = {}
    for name, value in _difficulty(rows, coasts).items():
        low, high = GATES[name]
        summary[f"gate {name}"] = value
        summary[f"gate {name} holds"] = low <= value <= high
    for (test, regime, fraction), part in sorted(rows_by(_scored(rows), "test", "regime", "label_fraction").items()):
        label = f"{test} {float(str(fraction)):g}" + ("" if regime == "standard" else f" {regime}")
        methods = {str(name): _iou(of_method) for (name,), of_method in rows_by(part, "method").items()}
        for method, scores in sorted(methods.items()):
            summary[f"{label} {method} iou"] = mean_over_groups(scores)
        if "distilled" not in methods or "teacher" not in methods:
            continue
        retention = bootstrap_ratio(methods["distilled"], methods["teacher"], DRAWS, seed=0)
        summary |= retention.entries(f"{label} retention")
        baselines = {name: mean_over_groups(methods[name]) for name in WITHOUT_TEACHER if name in methods}
        if baselines:
            best = max(baselines, key=lambda name: baselines[name])
            student, teacher = mean_over_groups(methods["distilled"]), mean_over_groups(methods["teacher"])
            summary[f"{label} best without teacher"] = best
            summary[f"{label} gap closed"] = gap_closed(student, baselines[best], teacher, NOISE) or "undefined"
        for other in sorted(set(methods) - {"distilled", "teacher"}):
            difference = _difference(methods["distilled"], methods[other])
            summary |= difference.entries(f"{label} distilled − {other}")
        for control in ("shuffled_teacher", "random_teacher"):
            if control in methods and baselines:
                gain = _difference(methods[control], methods[best])
                summary |= gain.entries(f"{label} {control} − {best}")
    return summary | _bad_teacher(rows) | _labels_saved(rows) | _outages(rows)


def markdown(record: Record, command: str) -> str:
    """The command, mean IoU by test and method, the difficulty of each coast, and the summary."""
    table: list[Row] = []
    for (test, regime, method), part in sorted(rows_by(_scored(record.rows), "test", "regime", "method").items()):
        line: Row = {"test": test, "regime": regime, "method": method}
        for (fraction,), of_fraction in sorted(rows_by(part, "label_fraction").items()):
            line[f"labels {float(str(fraction)):g}"] = mean_over_groups(_iou(of_fraction))
        table.append(line)
    columns = ["test", "regime", "method", *sorted({name for line in table for name in line if "labels" in name})]
    coasts = record.tables["coasts"]
    quoted = {what: value for what, value in record.summary.items() if " iou" not in what}
    return (
        f"    {command}\n\nIoU, mean over coasts and seeds; simulated coasts.\n\n{markdown_table(table, columns)}\n"
        f"{markdown_table(coasts, list(coasts[0]))}\n{summary_table(quoted)}"
    )


def _difficulty(rows: Rows, coasts: Rows) -> dict[str, float]:
    """Means over coasts of the numbers that the gates are about."""
    found = {
        name: float(np.mean([number(coast, name) for coast in coasts])) for name in GATES if name in (coasts or [{}])[0]
    }
    standard = [row for row in _scored(rows) if row["regime"] == "standard" and row["test"] == "normal"]
    teacher = _iou(row for row in standard if row["method"] == "teacher")
    return found | ({"teacher": mean_over_groups(teacher)} if teacher else {})


def _bad_teacher(rows: Rows) -> Row:
    """Distillation from a teacher with degraded radar, minus fine-tuning without a teacher."""
    found: Row = {}
    for (test, fraction), part in sorted(rows_by(_scored(rows), "test", "label_fraction").items()):
        distilled = _iou(r for r in part if r["regime"] == "bad_radar" and r["method"] == "distilled")
        tuned = _iou(r for r in part if r["regime"] == "standard" and r["method"] == "pretrained_finetuned")
        if distilled and set(distilled) == set(tuned):
            name = f"{test} {float(str(fraction)):g} bad_radar distilled − pretrained_finetuned"
            found |= _difference(distilled, tuned).entries(name)
    return found


def _labels_saved(rows: Rows) -> Row:
    """The label fraction at which fine-tuning reaches the distilled student."""
    found: Row = {}
    standard = [row for row in _scored(rows) if row["regime"] == "standard" and row["test"] == "normal"]
    means = {key: mean_over_groups(_iou(of)) for key, of in rows_by(standard, "method", "label_fraction").items()}
    fractions = sorted({float(str(fraction)) for _, fraction in means})
    curve = {f: means.get(("pretrained_finetuned", f), means.get(("full_labels", f))) for f in fractions}
    known = {f: iou for f, iou in curve.items() if iou is not None}
    for fraction in fractions:
        student = means.get(("distilled", fraction))
        if student is not None and known:
            needed = label_efficiency(list(known), list(known.values()), student)
            name = f"normal {fraction:g} labels that fine-tuning needs to equal distilled"
            found[name] = "more than all" if needed is None else needed
    return found


def _outages(rows: Rows) -> Row:
    with_outage = [row for row in rows if row["outage"] != "none"]
    return {
        f"outage {outage} {method} iou": mean_over_groups(_iou(of_method))
        for (outage, method), of_method in sorted(rows_by(with_outage, "outage", "method").items())
    }


def _scored(rows: Rows) -> Rows:
    """Rows without an outage that have a score."""
    return [row for row in rows if row["outage"] == "none" and np.isfinite(number(row, "iou"))]


def _iou(rows: Iterable[Mapping[str, Value]]) -> Scores:
    return scores_by(rows, "coast", "iou")


def _difference(ours: Scores, theirs: Scores) -> Interval:
    """Interval of the differences over the coasts on which both have as many seeds."""
    both = {coast: scores for coast, scores in ours.items() if len(theirs.get(coast, ())) == len(scores)}
    return paired_bootstrap(paired_differences(both, theirs), DRAWS, seed=0)
