"""Cost of distillation: a step with cached teacher predictions beside a step on labels alone."""

import statistics
import time
from dataclasses import replace
from itertools import pairwise

from benchmarks.record import Row
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData, distil_student
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.continual.replay import load_exemplars
from strandline.models.inference import predict
from strandline.models.weights.load_weights import load_students

STEPS = 6
"""Steps counted per turn, after one that is not."""
BAR = 1.15


def rows_of(turns: int) -> list[Row]:
    """A row for the bare step, and one for each step with a teacher; the configurations take turns.

    All weights of the student are trained on the shipped storms, all with labels. Teacher predictions are cached, as in
    `strandline run`.
    """
    exemplars = load_exemplars()
    student = load_students()[0]
    data = DistillationData(exemplars, predict(student, exemplars))
    bare = DistillationConfig(Recipe("bare", soft=0.0, task=1.0, all_weights=True))
    configs = {
        "bare": bare,
        "distillation": DistillationConfig(Recipe(all_weights=True)),
        "distillation with features": DistillationConfig(Recipe(soft=0.5, feature=0.3, task=0.2, all_weights=True)),
    }
    found: dict[str, list[float]] = {name: [] for name in configs}
    for _ in range(turns):
        for name, config in configs.items():
            found[name] += _step_seconds(data, replace(config, steps=STEPS + 1))
    seconds = {name: min(times) for name, times in found.items()}
    rows: list[Row] = [
        {
            "what": "bare student step", "value": 1000 * seconds["bare"], "unit": "ms",
            "note": f"{bare.samples} storms; median {1000 * statistics.median(found['bare']):.0f} ms",
        }
    ]  # fmt: skip
    for name in ("distillation", "distillation with features"):
        ratio = seconds[name] / seconds["bare"]
        rows.append({
            "what": f"{name} step", "value": 1000 * seconds[name], "unit": "ms", "peer": "bare student step",
            "ratio": ratio, "bar": f"ratio ≤ {BAR:g}", "met": ratio <= BAR,
            "note": f"median {1000 * statistics.median(found[name]):.0f} ms",
        })  # fmt: skip
    return rows


def _step_seconds(data: DistillationData, config: DistillationConfig) -> list[float]:
    """Seconds of each step except the first."""
    ends: list[float] = []
    distil_student(load_students()[0], data, config, seed=0, progress=lambda _: ends.append(time.perf_counter()))
    return [later - sooner for sooner, later in pairwise(ends)]
