"""From rows to a summary and a table: means, paired intervals over coasts, and whether the task is hard enough."""

from collections.abc import Iterable, Mapping

import numpy as np

from benchmarks.accounting import DRAWS, best_baseline, interval_table, retention
from benchmarks.record import Record, Row, Rows, Value, markdown_table
from benchmarks.statistics import (
    Interval,
    gap_closed,
    label_efficiency,
    mean_over_groups,
    number,
    paired_bootstrap,
    paired_differences,
    rows_by,
)

Scores = dict[Value, dict[Value, float]]
"""Coast → seed → IoU."""
NOISE = 0.03
"""Difference in IoU below which a gap counts as zero."""
WITHOUT_TEACHER = (
    *("bathtub", "bathtub_connected", "labels_only", "pretrained", "pretrained_finetuned", "unet_finetuned"),
    *("self_training", "self_training_clear", "boosted_trees", "self_archive", "survey_archive", "full_labels"),
)
"""Fair baselines: everything that the student has, except its teacher."""
ADAPTED, UNADAPTED = "teacher", "teacher_first_pass"
"""The predictions that train the student, with the archive of the place, and the same network before it has one."""
LABEL_FREE = (
    *("bathtub", "bathtub_connected", "bathtub_connected_true", "pretrained", "analog", "self_archive_clear"),
    *(ADAPTED, UNADAPTED),
)
"""Methods that train on no label."""
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

    Differences are between the same coasts and seeds. A method that trains on no label stands in the rows of label
    fraction 0 and counts at every fraction.

    Args:
        rows: scores; ``coasts``: difficulty of each coast (`benchmarks.delta.coasts.Difficulty`).
    """
    summary: Row = {}
    for name, value in _difficulty(rows, coasts).items():
        low, high = GATES[name]
        summary[f"gate {name}"] = value
        summary[f"gate {name} holds"] = low <= value <= high
    for (test, regime), part in sorted(rows_by(_scored(rows), "test", "regime").items()):
        for fraction in sorted({number(row, "label_fraction") for row in part if row["method"] == "distilled"}):
            label = f"{test} {fraction:g}" + ("" if regime == "standard" else f" {regime}")
            methods = _methods_at(part, fraction)
            if regime != "standard":  # methods without a teacher see no radar
                standard = _methods_at(
                    [r for r in _scored(rows) if r["test"] == test and r["regime"] == "standard"], fraction
                )
                methods |= {name: standard[name] for name in WITHOUT_TEACHER if name in standard}
            summary |= _of_fraction(label, methods)
    return summary | _labels_saved(rows) | _labels(rows) | _steps(rows) | _outages(rows)


def _of_fraction(label: str, methods: Mapping[str, Scores]) -> Row:
    """The numbers of one test and label fraction."""
    summary: Row = {f"{label} {name} iou": _mean(scores) for name, scores in sorted(methods.items())}
    distilled = methods["distilled"]
    if ADAPTED in methods:
        kept = retention(
            _lists(distilled, methods[ADAPTED]),
            _lists(methods[ADAPTED], distilled),
            _lists(methods[UNADAPTED], distilled) if UNADAPTED in methods else None,
        )
        summary |= {f"{label} {name}": value for name, value in kept.items()}
    fair = [name for name in WITHOUT_TEACHER if name in methods]
    common = [methods[name] for name in fair]
    best = best_baseline({name: _lists(methods[name], *common) for name in fair}, fair)
    if best is not None:
        summary[f"{label} best without teacher"] = best
        for gap, top in {"gap closed": ADAPTED, "gap to the ceiling closed": "full_labels"}.items():
            if top in methods and top != best:
                all_three = (distilled, methods[best], methods[top])
                student, base, highest = (_mean_on(scores, *all_three) for scores in all_three)
                summary[f"{label} {gap}"] = gap_closed(student, base, highest, NOISE) or "undefined"
    for other in sorted(set(methods) - {"distilled", ADAPTED, UNADAPTED}):
        summary |= _entries(distilled, methods[other], f"{label} distilled − {other}")
    for control in ("shuffled_teacher", "random_teacher"):
        if control in methods and best is not None:
            summary |= _entries(methods[control], methods[best], f"{label} {control} − {best}")
    return summary


def markdown(record: Record) -> str:
    """Mean IoU by test and method, the difficulty of each coast, and the summary."""
    table: list[Row] = []
    for (test, regime, method), part in sorted(rows_by(_scored(record.rows), "test", "regime", "method").items()):
        line: Row = {"test": test, "regime": regime, "method": method, "seeds": len({row["seed"] for row in part})}
        for (fraction,), of_fraction in sorted(rows_by(part, "label_fraction").items()):
            line[f"labels {float(str(fraction)):g}"] = _mean(_iou(of_fraction))
        table.append(line)
    names = sorted({name for line in table for name in line if "labels" in name})
    coasts = record.tables["coasts"]
    quoted = {what: value for what, value in record.summary.items() if " iou" not in what}
    return (
        "IoU, mean over coasts and seeds; simulated coasts. A label fraction is the share of the "
        "surveyed land cells of the training\nstorms; a method that trains on no label stands under 0, and once more "
        "where labels choose its threshold.\n\n"
        f"{markdown_table(table, ['test', 'regime', 'method', 'seeds', *names])}\n"
        f"{markdown_table(coasts, list(coasts[0]))}\n{interval_table(quoted)}"
    )


def _difficulty(rows: Rows, coasts: Rows) -> dict[str, float]:
    """Means over coasts of the numbers that the gates are about."""
    found = {
        name: float(np.mean([number(coast, name) for coast in coasts])) for name in GATES if name in (coasts or [{}])[0]
    }
    standard = [row for row in _scored(rows) if row["regime"] == "standard" and row["test"] == "normal"]
    of_teacher = [row for row in standard if row["method"] == ADAPTED]
    if not of_teacher:
        return found
    fewest = min(number(row, "label_fraction") for row in of_teacher)
    return found | {"teacher": _mean(_iou(row for row in of_teacher if row["label_fraction"] == fewest))}


def _labels_saved(rows: Rows) -> Row:
    """The label fraction at which fine-tuning reaches the distilled student."""
    found: Row = {}
    standard = [row for row in _scored(rows) if row["regime"] == "standard" and row["test"] == "normal"]
    means = {key: _mean(_iou(of)) for key, of in rows_by(standard, "method", "label_fraction").items()}
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


def _labels(rows: Rows) -> Row:
    """What each label fraction is: labelled of all land cells, and storms with a label of all training storms."""
    found: Row = {}
    counted = [row for row in rows if row.get("land_cells") is not None and row["test"] == "normal"]
    for (fraction,), part in sorted(rows_by(counted, "label_fraction").items()):
        name = f"labels {float(str(fraction)):g}"
        found[f"{name} of the land cells"] = float(
            np.mean([number(row, "labelled_cells") / number(row, "land_cells") for row in part])
        )
        found[f"{name} storms with a label"] = float(np.mean([number(row, "labelled_storms") for row in part]))
        found[f"{name} training storms"] = float(np.mean([number(row, "training_storms") for row in part]))
    return found


def _steps(rows: Rows) -> Row:
    """How long the ceiling was trained until its validation loss stopped falling."""
    trained = [row for row in rows if row.get("steps") is not None]
    return {
        f"full_labels {what}": float(np.mean([number(row, name) for row in trained]))
        for what, name in (("steps in all", "steps"), ("steps of the kept weights", "best_step"))
        if trained
    }


def _outages(rows: Rows) -> Row:
    with_outage = [row for row in rows if row["outage"] != "none"]
    return {
        f"outage {outage} {method} iou": _mean(_iou(of_method))
        for (outage, method), of_method in sorted(rows_by(with_outage, "outage", "method").items())
    }


def _scored(rows: Rows) -> Rows:
    """Rows without an outage that have a score."""
    return [row for row in rows if row["outage"] == "none" and np.isfinite(number(row, "iou"))]


def _methods_at(rows: Rows, fraction: float) -> dict[str, Scores]:
    """Method → scores at a label fraction; of one that trains on no label, those at 0 where it has no others.

    Args:
        rows: of one test; with standard radar where several regimes are among them.
    """
    found: dict[str, Scores] = {}
    for (method,), part in rows_by(rows, "method").items():
        fractions = {number(row, "label_fraction") for row in part}
        at = fraction if fraction in fractions else 0.0
        if at in fractions and (at == fraction or method in LABEL_FREE):
            found[str(method)] = _iou(row for row in part if row["label_fraction"] == at)
    return found


def _iou(rows: Iterable[Mapping[str, Value]]) -> Scores:
    found: Scores = {}
    for row in rows:
        found.setdefault(row["coast"], {})[row["seed"]] = number(row, "iou")
    return found


def _lists(ours: Scores, *others: Scores) -> dict[Value, list[float]]:
    """Our scores by coast, of the seeds that the others have as well."""
    common = {
        coast: [iou for seed, iou in sorted(seeds.items(), key=str) if all(seed in o.get(coast, {}) for o in others)]
        for coast, seeds in ours.items()
    }
    return {coast: values for coast, values in common.items() if values}


def _mean(scores: Scores) -> float:
    return mean_over_groups(_lists(scores))


def _mean_on(ours: Scores, *others: Scores) -> float:
    return mean_over_groups(_lists(ours, *others))


def _entries(ours: Scores, theirs: Scores, name: str) -> Row:
    """The paired difference on the coasts and seeds that both have, as entries of a summary; none without any."""
    both = _lists(ours, theirs)
    if not both:
        return {}
    found: Interval = paired_bootstrap(paired_differences(both, _lists(theirs, ours)), DRAWS, seed=0)
    return found.entries(name)
