"""From raw rows to the numbers that are quoted: means over coasts, and each bar beside what was found."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from benchmarks.record import Record, Value, markdown_table
from benchmarks.statistics import paired_bootstrap

Row = Mapping[str, Value]
DRAWS = 4000
SCORES = ("ece", "nll", "brier", "coverage_90", "false_dry", "false_dry_worst", "false_dry_kept", "iou", "epistemic")
PROMISED, RATE = 0.9, 0.1


def summarise(rows: Sequence[Row], costs: Mapping[str, float]) -> dict[str, Value]:
    """Every bar with its number, and the means by task, condition and method."""
    summary: dict[str, Value] = {}
    for (task, condition), part in sorted(_by(rows, "task", "condition").items()):
        methods = {str(name): of for (name,), of in _by(part, "method").items()}
        label = f"{task} {condition}"
        summary |= _bars(label, str(condition), methods)
        for method, of in sorted(methods.items()):
            for score in SCORES:
                value = mean(of, score)
                if value is not None:
                    summary[f"{label} {method} {score}"] = value
    for name, value in costs.items():
        summary[f"cost {name}"] = value
    measured = [value for name, value in costs.items() if name.startswith("distilled_ensemble")]
    if measured:
        summary |= _bar(
            "bar cost of distilled_ensemble over one member, at most 1.3", max(measured), lambda v: v <= 1.3
        )
    return summary


def _bars(label: str, condition: str, methods: Mapping[str, Sequence[Row]]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    shipped = methods.get("shipped")
    limit = {"normal": 0.02, "extreme": 0.05}.get(condition)
    if shipped and limit is not None and (ece := mean(shipped, "ece")) is not None:
        found |= _bar(f"bar {label} ece of shipped, at most {limit}", ece, lambda v: v <= limit)
    for method in ("shipped", "conformal", "adaptive"):
        coverage = mean(methods.get(method, ()), "coverage_90")
        if coverage is not None:
            slack = 0.02 if condition == "normal" else 0.05
            name = f"bar {label} coverage of {method}, {PROMISED} within {slack}"
            found |= _bar(name, coverage, lambda v, slack=slack: abs(v - PROMISED) <= slack + 1e-9)
    if "ensemble" in methods and "distilled_ensemble" in methods:
        full, one = mean(methods["ensemble"], "nll"), mean(methods["distilled_ensemble"], "nll")
        if full is not None and one is not None:
            found |= _bar(
                f"bar {label} nll of distilled_ensemble over ensemble, at most 1.01", one / full, lambda v: v <= 1.01
            )
            kept = (mean(methods["distilled_ensemble"], "epistemic") or 0) / (
                mean(methods["ensemble"], "epistemic") or 1
            )
            found[f"{label} mutual information kept by distilled_ensemble"] = kept
    if "conformal" in methods:
        of = methods["conformal"]
        rate, events = mean(of, "false_dry"), mean(of, "false_dry_kept")
        if rate is not None:
            found |= _bar(f"bar {label} false-dry rate of conformal, mean at most {RATE}", rate, lambda v: v <= RATE)
        if events is not None:
            found |= _bar(f"bar {label} share of events within the rate, all of them", events, lambda v: v == 1)
        if shipped:
            pairs = defaultdict(list)
            for one_row, other in zip(_sorted(of), _sorted(shipped), strict=True):
                pairs[one_row["coast"]].append(float(str(one_row["iou"])) - float(str(other["iou"])))
            low = paired_bootstrap(pairs, DRAWS, seed=0)
            found |= {f"{label} iou that the rate costs": -low.mean, f"{label} iou that the rate costs low": -low.high}
            found[f"{label} iou that the rate costs high"] = -low.low
    return found


def _bar(name: str, value: float, holds: Callable[[float], bool]) -> dict[str, Value]:
    return {name: value, f"{name}, holds": bool(holds(value))}


def mean(rows: Iterable[Row], score: str) -> float | None:
    """Mean over coasts of the means over seeds; ``None`` where the score was not measured."""
    coasts = defaultdict(list)
    for row in rows:
        value = row.get(score)
        if value is not None and np.isfinite(float(str(value))):
            coasts[row.get("coast")].append(float(str(value)))
    return float(np.mean([np.mean(values) for values in coasts.values()])) if coasts else None


def markdown(record: Record, command: str) -> str:
    """Bars, and a table of means, under the command that made them."""
    table = []
    for (task, condition, method), part in _by(record.rows, "task", "condition", "method").items():
        line: dict[str, Value] = {"task": task, "condition": condition, "method": method}
        table.append({**line, **{score: mean(part, score) for score in SCORES}, "passes": part[0]["forward_passes"]})
    bars: list[Row] = [
        {"bar": name.removeprefix("bar "), "found": value, "holds": "yes" if record.summary[f"{name}, holds"] else "no"}
        for name, value in record.summary.items()
        if name.startswith("bar ") and not name.endswith(", holds")
    ]
    rest: list[Row] = [
        {"what": name, "value": value}
        for name, value in record.summary.items()
        if any(word in name for word in ("cost", "kept by")) and not name.startswith("bar")
    ]
    scored = ["task", "condition", "method", *SCORES, "passes"]
    return (
        f"    {command}\n\nMeans over coasts (`delta`: simulated), events (`floods`: real), gauges (`surge`: real).\n\n"
        f"{markdown_table(bars, ['bar', 'found', 'holds'])}\n{markdown_table(table, scored)}\n"
        f"{markdown_table(rest, ['what', 'value'])}"
    )


def _by(rows: Iterable[Row], *names: str) -> dict[tuple[Value, ...], list[Row]]:
    parts: dict[tuple[Value, ...], list[Row]] = defaultdict(list)
    for row in rows:
        parts[tuple(row[name] for name in names)].append(row)
    return dict(parts)


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (str(row["coast"]), int(str(row["seed"]))))
