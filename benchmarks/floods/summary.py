"""From rows to a summary and a table: means over events, retention, gaps closed, and their intervals."""

from benchmarks.record import Record, Row, Rows, Value, markdown_table, summary_table
from benchmarks.statistics import (
    bootstrap_ratio,
    label_efficiency,
    mean_over_groups,
    paired_bootstrap,
    paired_differences,
    rows_by,
    scores_by,
)

Scores = dict[Value, list[float]]
"""Event → scores in the order of the seeds."""
WITHOUT_TEACHER = ("labels_only", "pretrained", "pretrained_finetuned", "self_training")
DRAWS, NOISE = 2000, 0.01
"""Number of bootstrap samples, and the difference in IoU below which a gap counts as zero."""


def summarise(rows: Rows) -> Row:
    """The headline numbers of each setting and label fraction, as ``setting/fraction/number``."""
    summary: Row = {}
    for (setting,), of_setting in rows_by(_of_specialists(rows), "setting").items():
        summary |= _of_setting(str(setting), of_setting)
    return summary | _outages(rows)


def markdown(record: Record, command: str) -> str:
    """The command, mean scores by setting and method, and the summary."""
    rows = _of_specialists(record.rows)
    columns = {fraction: f"labels {fraction:g}" for fraction in _fractions(rows)}
    lines: list[Row] = []
    for (setting,), of_setting in rows_by(rows, "setting").items():
        for (method,), of_method in rows_by(of_setting, "method").items():
            means = {name: mean_over_groups(_scores(of_method, None, fraction)) for fraction, name in columns.items()}
            lines.append({"setting": setting, "method": method, **means})
    return "\n".join(
        [
            f"    {command}\n",
            "Water IoU without permanent water, mean over events, then seeds; real chips.\n",
            markdown_table(lines, ["setting", "method", *columns.values()]),
            summary_table(record.summary),
        ]
    )


def _of_setting(setting: str, rows: Rows) -> Row:
    teacher, ceiling = _scores(rows, "teacher"), _scores(rows, "full_labels")
    summary: Row = {
        f"{setting}/teacher": mean_over_groups(teacher),
        f"{setting}/teacher_raw": mean_over_groups(_scores(rows, "teacher", score="iou_raw")),
    }
    fractions = [fraction for fraction in _fractions(rows) if fraction not in (0.0, 1.0)]
    for fraction in fractions:
        name = f"{setting}/{fraction:g}"
        for method in dict.fromkeys(str(row["method"]) for row in rows if row["label_fraction"] == fraction):
            summary[f"{name}/{method}"] = mean_over_groups(_scores(rows, method, fraction))
        distilled = _scores(rows, "distilled", fraction)
        if not distilled:
            continue
        baselines = {m: _scores(rows, m, None if m == "pretrained" else fraction) for m in WITHOUT_TEACHER}
        best = max((m for m in baselines if baselines[m]), key=lambda method: mean_over_groups(baselines[method]))
        gains = paired_differences(distilled, baselines[best])
        summary[f"{name}/best_without_teacher"] = best
        summary |= bootstrap_ratio(distilled, teacher, DRAWS, 0).entries(f"{name}/retention", "_")
        summary |= paired_bootstrap(gains, DRAWS, 0).entries(f"{name}/gain", "_")
        for gap, top in (("gap_to_teacher", teacher), ("gap_to_ceiling", ceiling)):
            if top and abs(mean_over_groups(top) - mean_over_groups(baselines[best])) > NOISE:
                ratio = bootstrap_ratio(gains, paired_differences(top, baselines[best]), DRAWS, 0)
                summary |= ratio.entries(f"{name}/{gap}", "_")
            else:
                summary[f"{name}/{gap}"] = "undefined"
        curve = {f: _scores(rows, "pretrained_finetuned", f) for f in fractions} | {1.0: ceiling}
        known = {f: mean_over_groups(scores) for f, scores in curve.items() if scores}
        needed = label_efficiency(list(known), list(known.values()), mean_over_groups(distilled))
        summary[f"{name}/labels_to_equal"] = "more than all" if needed is None else needed
        fine_tuned = _scores(rows, "pretrained_finetuned", fraction)
        worst = [float(difference.mean()) for difference in paired_differences(distilled, fine_tuned).values()]
        summary[f"{name}/worst_event_against_finetuning"] = min(worst, default=float("nan"))
        for control in ("shuffled_teacher", "random_teacher"):
            scores = _scores(rows, control, fraction)
            if scores:
                same_seeds = {event: fine_tuned[event][: len(scores[event])] for event in scores}
                gain = paired_bootstrap(paired_differences(scores, same_seeds), DRAWS, 0)
                summary |= gain.entries(f"{name}/{control}_gain", "_")
    return summary


def _outages(rows: Rows) -> Row:
    """The one student of every subset of streams minus the specialist of that subset, paired by event and seed."""
    summary: Row = {}
    for (streams,), of_all in rows_by((row for row in rows if row.get("streams") is not None), "streams").items():
        seeds = {row["seed"] for row in of_all}
        specialist = [row for row in _of_specialists(rows) if row["setting"] == streams and row["seed"] in seeds]
        for fraction in _fractions(of_all):
            one, own = (_scores(part, "distilled", fraction) for part in (of_all, specialist))
            if fraction not in (0.0, 1.0) and one and set(one) == set(own):
                difference = paired_bootstrap(paired_differences(one, own), DRAWS, 0)
                summary |= difference.entries(f"outage/{fraction:g}/{streams}", "_")
    return summary


def _of_specialists(rows: Rows) -> Rows:
    """Rows of students on the streams that they were trained for."""
    return [row for row in rows if row.get("streams") is None]


def _fractions(rows: Rows) -> list[float]:
    return sorted({float(str(row["label_fraction"])) for row in rows})


def _scores(rows: Rows, method: str | None, fraction: float | None = None, score: str = "iou") -> Scores:
    """Scores by event of one method and label fraction; ``None`` = any."""
    chosen = (row for row in rows if method in (None, row["method"]) and fraction in (None, row["label_fraction"]))
    return scores_by(chosen, "event", score)
