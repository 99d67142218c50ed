"""The rules that every kernel plays by: which take part, how loudly each may speak, and how that is chosen."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from benchmarks.record import Value
from strandline.distillation.alignment.kernel_alignment import KERNELS, AlignmentName, KernelAlignment, build_alignment
from strandline.distillation.alignment.projection import Features

Row = dict[str, Value]
CONTROL = "none"
"""The same distillation without any alignment of features."""
ALIGNMENTS: tuple[AlignmentName, ...] = ("cosine", *KERNELS)
QUANTUM: tuple[AlignmentName, ...] = ("quantum_angle", "quantum_zz", "quantum_projected")
WEIGHTS = (0.1, 0.3, 1.0, 3.0)
"""Of the feature term; one is chosen for every kernel, on places that no result is read from."""


def entries(weights: dict[str, float] | None) -> list[tuple[str, float]]:
    """What runs at a place, kernel and weight: the control once, and each kernel at the weight chosen or at all."""
    every = [(name, weight) for name in ALIGNMENTS for weight in WEIGHTS]
    return [(CONTROL, 0.0), *(every if weights is None else weights.items())]


def chosen_weights(rows: Sequence[Row]) -> dict[str, float]:
    """Kernel → the weight of the highest mean score over tuning places and seeds; of equal ones the lowest."""
    scores: defaultdict[str, defaultdict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row["kernel"] != CONTROL:
            scores[str(row["kernel"])][float(str(row["weight"]))].append(float(str(row["score"])))
    return {
        kernel: max(sorted(by_weight), key=lambda weight: float(np.mean(by_weight[weight])))
        for kernel, by_weight in scores.items()
    }


def bandwidths_of(student_width: int, teacher: Features, words: Tensor) -> dict[str, float]:
    """Kernel → what the library tunes on the teacher's word about training samples; cosine has no bandwidth."""
    aligned = {name: build_alignment(name, student_width, teacher, words) for name in ALIGNMENTS}
    return {name: align.scale for name, align in aligned.items() if isinstance(align, KernelAlignment)}


def kept(path: Path, make: Callable[[], list[Row]]) -> list[Row]:
    """Rows that were finished before, or are made now and kept."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(make()))
        partial.replace(path)
    rows: list[Row] = json.loads(path.read_text())
    return rows
