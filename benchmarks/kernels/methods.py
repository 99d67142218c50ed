"""The compared alignments, the weights that are tried, and how one is chosen."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor

from benchmarks.record import Rows
from benchmarks.statistics import number, rows_by
from strandline.distillation.alignment.alignment import Features
from strandline.distillation.alignment.kernel_alignment import KERNELS, AlignmentName, KernelAlignment, build_alignment

CONTROL = "none"
"""The same distillation without feature alignment."""
ALIGNMENTS: tuple[AlignmentName, ...] = ("cosine", *KERNELS)
QUANTUM: tuple[AlignmentName, ...] = ("quantum_angle", "quantum_zz", "quantum_projected")
WEIGHTS = (0.1, 0.3, 1.0, 3.0)
"""Candidate weights of the feature term; one is chosen per kernel, on coasts and events that are not reported."""
Weights = Mapping[AlignmentName, float]


def entries(weights: Weights | None) -> list[tuple[AlignmentName | None, float]]:
    """Alignments and weights to run: the control (``None``) once, each kernel at its weight, or at every weight."""
    if weights is None:
        return [(None, 0.0), *((name, weight) for name in ALIGNMENTS for weight in WEIGHTS)]
    return [(None, 0.0), *weights.items()]


def chosen_weights(rows: Rows) -> dict[AlignmentName, float]:
    """Kernel → weight with the highest mean score over the rows; the lowest of equal ones."""
    chosen: dict[AlignmentName, float] = {}
    by_kernel = rows_by(rows, "kernel")
    for name in ALIGNMENTS:
        by_weight = sorted(rows_by(by_kernel.get((name,), ()), "weight").items())
        if by_weight:
            means = [float(np.mean([number(row, "score") for row in of_weight])) for _, of_weight in by_weight]
            chosen[name] = float(str(by_weight[int(np.argmax(means))][0][0]))
    return chosen


def bandwidths_of(student_width: int, teacher: Features, probabilities: Tensor) -> dict[str, float]:
    """Kernel → bandwidth that the library tunes on the teacher's training predictions; cosine has none."""
    aligned = {name: build_alignment(name, student_width, teacher, probabilities) for name in ALIGNMENTS}
    return {name: align.scale for name, align in aligned.items() if isinstance(align, KernelAlignment)}
