"""From rows to a summary and a table: means over events, gains over the best fair baseline, retention, intervals."""

from collections.abc import Sequence

from benchmarks.accounting import best_baseline, retention, signed_interval
from benchmarks.record import Record, Row, Rows, Value, markdown_table, summary_table
from benchmarks.statistics import mean_over_groups, number, paired_bootstrap, paired_differences, rows_by, scores_by

Scores = dict[Value, list[float]]
"""Event → scores in the order of the seeds."""
WITHOUT_TEACHER = (
    "pretrained", "pretrained_finetuned", "labels_only", "self_training", "self_training_clear",
    "unet_pretrained", "unet_finetuned", "trees_pretrained", "boosted_trees",
)  # fmt: skip
UNLABELLED = ("pretrained", "unet_pretrained", "trees_pretrained")
ONE_IMAGE = "one_image"
CONTROLS = ("shuffled_teacher", "random_teacher")
DRAWS = 4000
"""Bootstrap samples."""


def summarise(rows: Rows, fractions: Sequence[float]) -> Row:
    """The headline numbers of each setting and label fraction, as ``setting/fraction/number``.

    Args:
        fractions: as asked for; a row holds the true one.
    """
    summary: Row = {"fractions": " ".join(f"{fraction:g}" for fraction in fractions)}
    for (setting,), of_setting in rows_by(_of_specialists(rows), "setting").items():
        if setting == ONE_IMAGE:
            summary |= _of_one_image(of_setting)
            continue
        summary |= _without_labels(str(setting), of_setting)
        for fraction in fractions:
            if fraction < 1:
                summary |= _of_fraction(str(setting), of_setting, fraction)
    return summary | _outages(rows, fractions)


def markdown(record: Record) -> str:
    """Mean scores by setting and method, and the summary."""
    lines: list[Row] = []
    for (setting,), of_setting in rows_by(_of_specialists(record.rows), "setting").items():
        for (method,), of_method in rows_by(of_setting, "method").items():
            asked = [0.0, *map(float, str(record.summary["fractions"]).split())]
            scores = {f"labels {f:g}": mean_over_groups(_scores(_labelled(of_method, f), None)) for f in asked}
            lines.append({"setting": setting, "method": method, **scores})
    columns = list(dict.fromkeys(name for line in lines for name in line))
    one_image = any(line["setting"] == ONE_IMAGE for line in lines)
    all_water = f" In the setting {ONE_IMAGE} all water counts, permanent water too." if one_image else ""
    return "\n".join(
        [
            "Water IoU without permanent water, mean over events, then seeds; real chips. Fractions other than that of"
            " the controls have as many seeds as the controls. A member of the committee calls dry what it does not"
            f" see.{all_water}\n",
            markdown_table(lines, columns),
            "A fraction is the one asked for; at least one chip is labelled, so that the true one differs:"
            f" {_true_fractions(record.rows, asked)}.\n",
            summary_table(record.summary),
        ]
    )


def _without_labels(setting: str, rows: Rows) -> Row:
    committee, tiled = _scores(rows, "committee"), _scores(rows, "committee_in_tiles")
    shipped = _scores(rows, "shipped")
    return {
        f"{setting}/committee": mean_over_groups(committee),
        f"{setting}/committee_in_tiles": mean_over_groups(tiled),
        **({f"{setting}/shipped": mean_over_groups(shipped)} if shipped else {}),
        f"{setting}/committee_ece": mean_over_groups(_scores(rows, "committee", "ece")),
        f"{setting}/full_labels": mean_over_groups(_scores(rows, "full_labels")),
    }


def _of_fraction(setting: str, rows: Rows, fraction: float) -> Row:
    few, name = _labelled(rows, fraction), f"{setting}/{fraction:g}"
    drawn = {(row["event"], row["seed"]) for row in few}  # fewer seeds at the fractions that are no headline
    rows = [row for row in rows if (row["event"], row["seed"]) in drawn]
    distilled, adapted = _scores(few, "distilled"), _scores(few, "committee_adapted")
    scores = {m: _scores(rows if m in UNLABELLED else few, m) for m in WITHOUT_TEACHER}
    best = best_baseline(scores, WITHOUT_TEACHER)
    if not distilled or best is None:
        return {}
    gain = paired_bootstrap(paired_differences(distilled, scores[best]), DRAWS, 0)
    fine_tuned = scores["pretrained_finetuned"]
    worst = [float(each.mean()) for each in paired_differences(distilled, fine_tuned).values()]
    summary: Row = {
        f"{name}/committee_adapted": mean_over_groups(adapted),
        f"{name}/distilled": mean_over_groups(distilled),
        f"{name}/best_without_teacher": best,
        f"{name}/best_score": mean_over_groups(scores[best]),
        **gain.entries(f"{name}/gain", "_"),
        f"{name}/gain_signed": signed_interval(gain),
        f"{name}/worst_event_against_finetuning": min(worst),
        **{f"{name}/{key}": value for key, value in retention(distilled, adapted, _scores(rows, "committee")).items()},
    }
    for control in CONTROLS:
        of_control = _scores(few, control)
        if of_control:
            same_seeds = {event: fine_tuned[event][: len(of_control[event])] for event in of_control}
            difference = paired_bootstrap(paired_differences(of_control, same_seeds), DRAWS, 0)
            summary |= difference.entries(f"{name}/{control}_gain", "_")
    return summary


def _of_one_image(rows: Rows) -> Row:
    """Means of the methods on chips with one image of radar, and the committees against the better threshold."""
    scores = {str(method): _scores(rows, str(method)) for (method,) in rows_by(rows, "method")}
    summary: Row = {f"{ONE_IMAGE}/{method}": mean_over_groups(found) for method, found in scores.items()}
    best = best_baseline(scores, ("otsu", "threshold_db", "all_wet"))
    if best is None:
        return summary
    summary[f"{ONE_IMAGE}/best_threshold"] = best
    for committee in ("committee", "shipped"):
        if committee in scores:
            gain = paired_bootstrap(paired_differences(scores[committee], scores[best]), DRAWS, 0)
            summary |= gain.entries(f"{ONE_IMAGE}/{committee}_gain", "_")
    return summary


def _outages(rows: Rows, fractions: Sequence[float]) -> Row:
    """The one student of every subset of streams minus the specialist of that subset, paired by event and seed."""
    summary: Row = {}
    for (streams,), of_all in rows_by((row for row in rows if row.get("streams") is not None), "streams").items():
        seeds = {row["seed"] for row in of_all}
        specialist = [row for row in _of_specialists(rows) if row["setting"] == streams and row["seed"] in seeds]
        for fraction in fractions:
            one, own = (_scores(_labelled(part, fraction), "distilled") for part in (of_all, specialist))
            if one and set(one) == set(own):
                difference = paired_bootstrap(paired_differences(one, own), DRAWS, 0)
                summary |= difference.entries(f"outage/{fraction:g}/{streams}", "_")
    return summary


def _of_specialists(rows: Rows) -> Rows:
    """Rows of students on the streams that they were trained for."""
    return [row for row in rows if row.get("streams") is None]


def _labelled(rows: Rows, fraction: float) -> Rows:
    """Rows whose number of labelled chips is that of a fraction asked for."""
    return [
        row for row in rows
        if row["labelled_chips"] == (max(1, round(fraction * number(row, "pairs"))) if fraction > 0 else 0)
    ]  # fmt: skip


def _true_fractions(rows: Rows, asked: Sequence[float]) -> str:
    """For each fraction asked for, the range of the true ones."""
    parts = []
    for fraction in asked:
        true = [number(row, "label_fraction") for row in _labelled(rows, fraction)]
        if true and fraction > 0:
            parts.append(f"{fraction:g} = {min(true):.3f} to {max(true):.3f}")
    return "; ".join(parts)


def _scores(rows: Rows, method: str | None, score: str = "iou") -> Scores:
    """Scores by event of one method; ``None`` = any."""
    return scores_by((row for row in rows if method in (None, row["method"])), "event", score)
