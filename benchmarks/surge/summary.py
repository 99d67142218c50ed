"""What the rows say: the bars of the surge at a gauge that hardly speaks."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.record import Record, Value
from benchmarks.statistics import paired_bootstrap
from benchmarks.surge.run import Row

SIMPLE = ("persistence", "zero_surge", "ridge")
BASES = (
    "labels_only",
    "pretrained",
    "pretrained_finetuned",
    "distilled_no_attention",
    "distilled_no_features",
    "distilled_no_days",
    "distilled_daily_teacher",
    "shuffled_teacher",
)
"""That the distilled student is compared with."""
DRAWS = 2000


def summarise(rows: Sequence[Row]) -> dict[str, Value]:
    """Every headline number, by a flat name; ratios of errors are of means over seeds."""
    summary: dict[str, Value] = {}
    for fraction in sorted({float(str(row["record_fraction"])) for row in rows}):
        here = [row for row in rows if row["record_fraction"] == fraction]
        for target in dict.fromkeys(str(row["target"]) for row in here):
            summary |= _of_target(f"{fraction:g}/{target}", [row for row in here if row["target"] == target])
        summary |= _over_targets(f"{fraction:g}", here)
    return summary


def markdown(record: Record, command: str) -> str:
    """The command, errors a method, and bounds, as tables."""
    lines = [
        f"    {command}",
        "",
        "RMSE of the water level [m], mean over seeds; in brackets that of the residual.",
        "",
    ]
    keys = ("record_fraction", "target", "streams", "outage", "method")
    leads = sorted({int(str(row["lead_h"])) for row in record.rows})
    scores = ("rmse", "rmse_residual", "coverage_90", "coverage_90_extreme", "f1_extreme")
    head = [
        *keys,
        *(f"{lead} h" for lead in leads),
        f"within 90 % {leads[-1]} h",
        "top 1 %",
        f"F1 of peaks {leads[-1]} h",
    ]
    lines += [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    groups: dict[tuple[Value, ...], list[Mapping[str, Value]]] = {}
    for row in record.rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    for group, rows in groups.items():
        at = {
            lead: {
                score: _finite_mean([float(str(row[score])) for row in rows if row["lead_h"] == lead])
                for score in scores
            }
            for lead in leads
        }
        errors = [f"{at[lead]['rmse']:.3f} ({at[lead]['rmse_residual']:.3f})" for lead in leads]
        last = [f"{at[leads[-1]][score]:.2f}" for score in scores[2:]]
        lines.append(f"| {' | '.join([*map(str, group), *errors, *last])} |")
    return "\n".join([*lines, ""])


def _of_target(name: str, rows: Sequence[Row]) -> dict[str, Value]:
    summary: dict[str, Value] = {
        f"{name}/tide_against_full": _ratio(
            rows, ("zero_surge", "own", 0, 0.0), ("zero_surge_full_tide", "own", 0, 0.0)
        ),
        f"{name}/teacher_nowcast_residual": _mean(rows, "teacher", "neighbours", 0, 1.0, "rmse_residual"),
    }
    leads = sorted({int(str(row["lead_h"])) for row in rows})
    for lead in leads:
        here, mine = f"{name}/{lead}h", ("distilled", "own", lead, 0.0)
        summary[f"{here}/distilled"] = _mean(rows, *mine)
        best = min(SIMPLE, key=lambda method: _mean(rows, method, "own", lead, 0.0))
        summary[f"{here}/best_simple"] = best
        if lead > 0:  # the reading of the hour itself is known
            summary[f"{here}/ratio"] = _ratio(rows, mine, (best, "own", lead, 0.0))
        summary[f"{here}/against_full_record"] = _ratio(rows, mine, ("full_record", "own", lead, 0.0))
        silent = ("distilled", "own", lead, 1.0)
        summary[f"{here}/silent_against_zero_surge"] = _ratio(rows, silent, ("zero_surge", "own", lead, 1.0))
        summary[f"{here}/silent_bounds_wider"] = _ratio(rows, silent, mine, "width_90")
        summary[f"{here}/f1_extreme"] = _mean(rows, *mine, "f1_extreme")
        summary[f"{here}/f1_extreme_best_simple"] = max(
            _mean(rows, method, "own", lead, 0.0, "f1_extreme") for method in SIMPLE
        )
        for score in ("coverage_90", "coverage_90_extreme"):
            summary[f"{here}/{score}"] = _mean(rows, *mine, score)
    summary[f"{name}/any_against_better_specialist"] = max(
        _mean(rows, "distilled", "any", lead, outage)
        / min(_mean(rows, "distilled", "own", lead, outage), _mean(rows, "teacher", "neighbours", lead, 1.0))
        for lead in leads
        if lead > 0
        for outage in sorted({float(str(row["outage"])) for row in rows})
    )
    return summary


def _over_targets(name: str, rows: Sequence[Row]) -> dict[str, Value]:
    """How much lower the error is than without a teacher: a group a gauge and lead, an entry a seed.

    A gauge that hears no neighbour has no ablations, and is left out of what is said of them.
    """
    summary: dict[str, Value] = {}
    for base in BASES:
        lower = {}
        for target in dict.fromkeys(str(row["target"]) for row in rows):
            for lead in sorted({int(str(row["lead_h"])) for row in rows} - {0}):
                mine, theirs = (
                    np.array(_scores([r for r in rows if r["target"] == target], method, "own", lead, 0.0, "rmse"))
                    for method in ("distilled", base)
                )
                if theirs.size:
                    lower[target, lead] = 1 - mine / theirs
        if not lower:
            continue
        found = paired_bootstrap(lower, DRAWS, 0)
        summary |= {f"{name}/lower_than_{base}": found.mean, f"{name}/lower_than_{base}_low": found.low}
        summary[f"{name}/lower_than_{base}_high"] = found.high
    for score in ("coverage_90", "coverage_90_extreme"):
        wanted = {"method": "distilled", "streams": "own"}
        chosen = [row for row in rows if all(row[k] == v for k, v in wanted.items()) and int(str(row["lead_h"])) > 0]
        values = [float(str(row[score])) for row in chosen]
        summary[f"{name}/{score}"] = _finite_mean(values)
    return summary


def _scores(rows: Sequence[Row], method: str, streams: str, lead: int, outage: float, score: str) -> list[float]:
    """In the order of the seeds."""
    wanted = {"method": method, "streams": streams, "lead_h": lead, "outage": outage}
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return [float(str(row[score])) for row in sorted(found, key=lambda row: int(str(row["seed"])))]


def _mean(rows: Sequence[Row], method: str, streams: str, lead: int, outage: float, score: str = "rmse") -> float:
    """Over seeds; NaN where there is no such row, or nothing to score in any."""
    return _finite_mean(_scores(rows, method, streams, lead, outage, score))


def _finite_mean(values: Sequence[float]) -> float:
    finite = np.array([value for value in values if np.isfinite(value)])
    return float(finite.mean()) if finite.size else float("nan")


def _ratio(
    rows: Sequence[Row], mine: tuple[str, str, int, float], theirs: tuple[str, str, int, float], score: str = "rmse"
) -> float:
    """Of means over seeds."""
    base = _mean(rows, *theirs, score)
    return _mean(rows, *mine, score) / base if base > 0 else float("nan")
