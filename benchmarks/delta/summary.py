"""From raw rows to the numbers that are quoted: means, paired intervals over coasts, and whether the task is hard."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.record import Record, Value, markdown_table
from benchmarks.statistics import bootstrap_ratio, gap_closed, label_efficiency, paired_bootstrap

Row = Mapping[str, Value]
Groups = dict[int, npt.ArrayLike]
DRAWS, NOISE = 4000, 0.03
WITHOUT_TEACHER = ("labels_only", "pretrained", "pretrained_finetuned", "self_training", "full_labels")
GATES = {
    "elevation_error": (1.0, 1.5),
    "bathtub_product": (0.0, 0.30),
    "bathtub_true": (0.0, 0.45),
    "teacher": (0.75, 0.90),
    "breaches_differ": (0.5, 1.0),
}


def summarise(rows: Sequence[Row], gates: Sequence[Row]) -> dict[str, Value]:
    """Every quoted number, by a name that says test, label fraction and method."""
    summary: dict[str, Value] = {}
    for name, value in hardness_of(rows, gates).items():
        low, high = GATES[name]
        summary[f"gate {name}"] = value
        summary[f"gate {name} holds"] = low <= value <= high
    for (test, regime, fraction), part in sorted(_by(_plain(rows), "test", "regime", "label_fraction").items()):
        label = f"{test} {float(str(fraction)):g}" + ("" if regime == "usual" else f" {regime}")
        methods = {str(name): _groups(of) for (name,), of in _by(part, "method").items()}
        for method, groups in sorted(methods.items()):
            summary[f"{label} {method} iou"] = _mean(groups)
        if "distilled" not in methods or "teacher" not in methods:
            continue
        kept = bootstrap_ratio(methods["distilled"], methods["teacher"], DRAWS, seed=0)
        summary |= _spread(f"{label} retention", kept)
        rivals = {name: _mean(methods[name]) for name in WITHOUT_TEACHER if name in methods}
        if rivals:
            best = max(rivals, key=lambda name: rivals[name])
            student, teacher = _mean(methods["distilled"]), _mean(methods["teacher"])
            summary[f"{label} best without teacher"] = best
            summary[f"{label} gap closed"] = gap_closed(student, rivals[best], teacher, NOISE) or "undefined"
        for other in sorted(set(methods) - {"distilled", "teacher"}):
            summary |= _spread(f"{label} distilled − {other}", _difference(methods["distilled"], methods[other]))
        for control in ("shuffled_teacher", "random_teacher"):
            if control in methods and rivals:
                gain = _difference(methods[control], methods[best])
                summary |= _spread(f"{label} {control} − {best}", gain)
    return summary | _bad_teacher(rows) | _labels_saved(rows) | _outages(rows)


def hardness_of(rows: Sequence[Row], gates: Sequence[Row]) -> dict[str, float]:
    """Means over coasts of what decides whether the result counts."""
    usual = [row for row in _plain(rows) if row["regime"] == "usual" and row["test"] == "normal"]
    teacher = _groups(row for row in usual if row["method"] == "teacher")
    found = {
        name: float(np.mean([float(str(gate[name])) for gate in gates])) for name in GATES if name in (gates or [{}])[0]
    }
    return found | ({"teacher": _mean(teacher)} if teacher else {})


def markdown(record: Record, gates: Sequence[Row], command: str) -> str:
    """The summary and a table of means under the command that made them."""
    table = []
    for (test, regime, method), part in sorted(_by(_plain(record.rows), "test", "regime", "method").items()):
        line: dict[str, Value] = {"test": test, "regime": regime, "method": method}
        for (fraction,), of in sorted(_by(part, "label_fraction").items()):
            line[f"labels {float(str(fraction)):g}"] = _mean(_groups(of))
        table.append(line)
    columns = ["test", "regime", "method", *sorted({name for line in table for name in line if "labels" in name})]
    quoted = [{"what": what, "value": value} for what, value in record.summary.items() if " iou" not in what]
    return (
        f"    {command}\n\nIoU, mean over coasts and seeds; simulated coasts.\n\n{markdown_table(table, columns)}\n"
        f"{markdown_table(list(gates), list(gates[0]))}\n{markdown_table(quoted, ['what', 'value'])}"
    )


def _bad_teacher(rows: Sequence[Row]) -> dict[str, Value]:
    """Distilled from a teacher that sees badly, against fine-tuning without any teacher."""
    found: dict[str, Value] = {}
    for (test, fraction), part in sorted(_by(_plain(rows), "test", "label_fraction").items()):
        distilled = _groups(r for r in part if r["regime"] == "bad_radar" and r["method"] == "distilled")
        tuned = _groups(r for r in part if r["regime"] == "usual" and r["method"] == "pretrained_finetuned")
        if distilled and set(distilled) == set(tuned):
            label = f"{test} {float(str(fraction)):g} bad_radar distilled − pretrained_finetuned"
            found |= _spread(label, _difference(distilled, tuned))
    return found


def _labels_saved(rows: Sequence[Row]) -> dict[str, Value]:
    """The label fraction that fine-tuning needs to equal the distilled student."""
    found: dict[str, Value] = {}
    usual = [r for r in _plain(rows) if r["regime"] == "usual" and r["test"] == "normal"]
    by = {key: _mean(_groups(of)) for key, of in _by(usual, "method", "label_fraction").items()}
    fractions = sorted({float(str(fraction)) for _, fraction in by})
    curve = {f: by.get(("pretrained_finetuned", f), by.get(("full_labels", f))) for f in fractions}
    known = [(f, iou) for f, iou in curve.items() if iou is not None]
    for fraction in fractions:
        student = by.get(("distilled", fraction))
        if student is not None and known:
            needed = label_efficiency([f for f, _ in known], [iou for _, iou in known], student)
            label = f"normal {fraction:g} labels that fine-tuning needs to equal distilled"
            found[label] = "more than all" if needed is None else needed
    return found


def _outages(rows: Sequence[Row]) -> dict[str, Value]:
    struck = [row for row in rows if row["outage"] != "none"]
    return {
        f"outage {outage} {method} iou": _mean(_groups(of))
        for (outage, method), of in sorted(_by(struck, "outage", "method").items())
    }


def _plain(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["outage"] == "none" and row["iou"] is not None and np.isfinite(_number(row))]


def _by(rows: Iterable[Row], *names: str) -> dict[tuple[Value, ...], list[Row]]:
    parts: dict[tuple[Value, ...], list[Row]] = defaultdict(list)
    for row in rows:
        parts[tuple(row[name] for name in names)].append(row)
    return dict(parts)


def _groups(rows: Iterable[Row]) -> Groups:
    """Coast → IoU of each seed, in the order of the seeds."""
    groups: dict[int, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: int(str(r["seed"]))):
        groups[int(str(row["coast"]))].append(_number(row))
    return {coast: np.array(values) for coast, values in groups.items()}


def _number(row: Row) -> float:
    return float(str(row["iou"]))


def _mean(groups: Groups) -> float:
    return float(np.mean([np.asarray(values, dtype=float).mean() for values in groups.values()]))


def _difference(ours: Groups, theirs: Groups) -> tuple[float, float, float]:
    both = [coast for coast in ours if coast in theirs and np.size(ours[coast]) == np.size(theirs[coast])]
    return paired_bootstrap({c: np.subtract(ours[c], theirs[c]) for c in both}, DRAWS, seed=0)


def _spread(label: str, interval: tuple[float, float, float]) -> dict[str, Value]:
    mean, low, high = interval
    return {label: mean, f"{label} low": low, f"{label} high": high}
