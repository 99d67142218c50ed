"""What the rows say: means over events, retention, gaps closed and their intervals."""

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from benchmarks.floods.run import Row
from benchmarks.record import Record, Value, markdown_table
from benchmarks.statistics import Interval, bootstrap_ratio, label_efficiency, paired_bootstrap

Scores = dict[Hashable, list[float]]
WITHOUT_TEACHER = ("labels_only", "pretrained", "pretrained_finetuned", "self_training")
DRAWS, NOISE = 2000, 0.01
"""Bootstrap samples, and the difference in IoU below which a gap counts as none."""


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """Every headline number of each setting and label fraction, by a flat name."""
    summary: dict[str, Value] = {}
    whole = [row for row in rows if row.get("streams") is None]
    for setting in dict.fromkeys(str(row["setting"]) for row in whole):
        here = [row for row in whole if row["setting"] == setting]
        summary |= _of_setting(setting, here)
    return summary | _outages(rows)


def markdown(record: Record, command: str) -> str:
    """The mean scores over events and seeds, a line a setting and method, and the summary; under the command."""
    whole = [row for row in record.rows if row.get("streams") is None]
    fractions = sorted({float(str(row["label_fraction"])) for row in whole})
    columns = [f"labels {fraction:g}" for fraction in fractions]
    lines: list[dict[str, Value]] = []
    for setting in dict.fromkeys(str(row["setting"]) for row in whole):
        here = [row for row in whole if row["setting"] == setting]
        for method in dict.fromkeys(str(row["method"]) for row in here):
            means = [_mean(_by_event(here, method, fraction)) for fraction in fractions]
            lines.append({"setting": setting, "method": method, **dict(zip(columns, means, strict=True))})
    return "\n".join(
        [
            f"    {command}\n",
            "Water IoU without permanent water, mean over events, then seeds; real chips.\n",
            markdown_table(lines, ["setting", "method", *columns]),
            markdown_table(
                [{"what": what, "value": value} for what, value in record.summary.items()], ["what", "value"]
            ),
        ]
    )


def _of_setting(setting: str, rows: Sequence[Row]) -> dict[str, Value]:
    summary: dict[str, Value] = {}
    teacher = _by_event(rows, "teacher", None)
    summary[f"{setting}/teacher"] = _mean(teacher)
    summary[f"{setting}/teacher_raw"] = _mean(_by_event(rows, "teacher", None, "iou_raw"))
    ceiling = _by_event(rows, "full_labels", None)
    fractions = sorted({float(str(row["label_fraction"])) for row in rows} - {0.0, 1.0})
    for fraction in fractions:
        name = f"{setting}/{fraction:g}"
        methods = dict.fromkeys(str(row["method"]) for row in rows if row["label_fraction"] == fraction)
        for method in methods:
            summary[f"{name}/{method}"] = _mean(_by_event(rows, method, fraction))
        distilled = _by_event(rows, "distilled", fraction)
        if not distilled:
            continue
        bases = {m: _by_event(rows, m, None if m == "pretrained" else fraction) for m in WITHOUT_TEACHER}
        best = max((method for method in bases if bases[method]), key=lambda method: _mean(bases[method]))
        base = bases[best]
        summary[f"{name}/best_without_teacher"] = best
        summary |= _interval(f"{name}/retention", bootstrap_ratio(distilled, teacher, DRAWS, 0))
        summary |= _interval(f"{name}/gain", paired_bootstrap(_minus(distilled, base), DRAWS, 0))
        for gap, top in (("gap_to_teacher", teacher), ("gap_to_ceiling", ceiling)):
            if top and abs(_mean(top) - _mean(base)) > NOISE:
                ratio = bootstrap_ratio(_minus(distilled, base), _minus(top, base), DRAWS, 0)
                summary |= _interval(f"{name}/{gap}", ratio)
            else:
                summary[f"{name}/{gap}"] = "undefined"
        curve = {f: _by_event(rows, "pretrained_finetuned", f) for f in fractions} | {1.0: ceiling}
        known = {f: _mean(scores) for f, scores in curve.items() if scores}
        needed = label_efficiency(list(known), list(known.values()), _mean(distilled))
        summary[f"{name}/labels_to_equal"] = "more than all" if needed is None else needed
        finetuned = _by_event(rows, "pretrained_finetuned", fraction)
        worst = min((float(np.mean(v)) for v in _minus(distilled, finetuned).values()), default=float("nan"))
        summary[f"{name}/worst_event_against_finetuning"] = worst
        for control in ("shuffled_teacher", "random_teacher"):
            scores = _by_event(rows, control, fraction)
            if scores:
                same = {event: finetuned[event][: len(scores[event])] for event in scores}
                summary |= _interval(f"{name}/{control}_gain", paired_bootstrap(_minus(scores, same), DRAWS, 0))
    return summary


def _outages(rows: Sequence[Row]) -> dict[str, Value]:
    """The one student on each subset of streams against the student raised for it, event by event and seed by seed."""
    summary: dict[str, Value] = {}
    for streams in dict.fromkeys(str(row["streams"]) for row in rows if row.get("streams") is not None):
        of_all = [row for row in rows if row.get("streams") == streams]
        seeds = {row["seed"] for row in of_all}
        specialist = [
            row for row in rows if row["setting"] == streams and row.get("streams") is None and row["seed"] in seeds
        ]
        for fraction in sorted({float(str(row["label_fraction"])) for row in of_all} - {0.0, 1.0}):
            one, own = (_by_event(part, "distilled", fraction) for part in (of_all, specialist))
            if one and set(one) == set(own):
                summary |= _interval(f"outage/{fraction:g}/{streams}", paired_bootstrap(_minus(one, own), DRAWS, 0))
    return summary


def _by_event(rows: Sequence[Row], method: str, fraction: float | None, score: str = "iou") -> Scores:
    """Event → scores in the order of the seeds."""
    found: defaultdict[Hashable, list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(str(row["seed"]))):
        if row["method"] == method and fraction in (None, row["label_fraction"]):
            found[str(row["event"])].append(float(str(row[score])))
    return dict(found)


def _minus(one: Scores, other: Scores) -> Scores:
    return {event: [a - b for a, b in zip(one[event], other[event], strict=True)] for event in one}


def _mean(scores: Scores) -> float:
    return float(np.mean([np.mean(values) for values in scores.values()])) if scores else float("nan")


def _interval(name: str, interval: Interval) -> dict[str, Value]:
    return {name: interval.mean, f"{name}_low": interval.low, f"{name}_high": interval.high}
