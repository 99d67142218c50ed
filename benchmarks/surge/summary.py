"""What the rows say: the bars of the surge at a gauge that hardly speaks."""

from collections.abc import Sequence

import numpy as np

from benchmarks.record import Value
from benchmarks.scores import paired_bootstrap
from benchmarks.surge.run import Row

SIMPLE = ("persistence", "zero_surge", "ridge")
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


def _of_target(name: str, rows: Sequence[Row]) -> dict[str, Value]:
    summary: dict[str, Value] = {
        f"{name}/teacher_nowcast_residual": _mean(rows, "teacher", "neighbours", 0, 1.0, "rmse_residual")
    }
    for lead in sorted({int(str(row["lead_h"])) for row in rows}):
        student = _mean(rows, "distilled", "own", lead, 0.0)
        best = min(_mean(rows, method, "own", lead, 0.0) for method in SIMPLE)
        summary[f"{name}/{lead}h/distilled"] = student
        summary[f"{name}/{lead}h/best_simple"] = best
        summary[f"{name}/{lead}h/ratio"] = student / best if best > 0 else float("nan")
        full = _mean(rows, "full_record", "own", lead, 0.0)
        summary[f"{name}/{lead}h/against_full_record"] = student / full if full > 0 else float("nan")
        silent = _mean(rows, "distilled", "own", lead, 1.0)
        summary[f"{name}/{lead}h/silent_against_zero_surge"] = silent / _mean(rows, "zero_surge", "own", lead, 1.0)
    return summary


def _over_targets(name: str, rows: Sequence[Row]) -> dict[str, Value]:
    """How much lower the error is than without a teacher: a group a gauge and lead, an entry a seed."""
    summary: dict[str, Value] = {}
    for base in ("labels_only", "pretrained", "pretrained_finetuned"):
        lower = {}
        for target in dict.fromkeys(str(row["target"]) for row in rows):
            for lead in sorted({int(str(row["lead_h"])) for row in rows} - {0}):
                mine, theirs = (
                    np.array(_scores([r for r in rows if r["target"] == target], method, "own", lead, 0.0, "rmse"))
                    for method in ("distilled", base)
                )
                lower[target, lead] = 1 - mine / theirs
        found = paired_bootstrap(lower, DRAWS, 0)
        summary |= {f"{name}/lower_than_{base}": found.mean, f"{name}/lower_than_{base}_low": found.low}
        summary[f"{name}/lower_than_{base}_high"] = found.high
    for score in ("coverage_90", "coverage_90_extreme"):
        values = [float(str(r[score])) for r in rows if r["method"] == "distilled" and r["streams"] == "own"]
        summary[f"{name}/{score}"] = float(np.nanmean(values))
    return summary


def _scores(rows: Sequence[Row], method: str, streams: str, lead: int, outage: float, score: str) -> list[float]:
    """In the order of the seeds."""
    wanted = {"method": method, "streams": streams, "lead_h": lead, "outage": outage}
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return [float(str(row[score])) for row in sorted(found, key=lambda row: int(str(row["seed"])))]


def _mean(rows: Sequence[Row], method: str, streams: str, lead: int, outage: float, score: str = "rmse") -> float:
    return float(np.mean(_scores(rows, method, streams, lead, outage, score)))
