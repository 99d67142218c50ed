"""Rows and reliability of the ``delta`` task, and the cost of the distilled ensemble."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.calibration.heads import relative_cost
from benchmarks.calibration.picture import SHOWN
from benchmarks.calibration.predictions import CONDITIONS, predict_coast
from benchmarks.calibration.scoring import BINS, METHODS, Scorer
from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import adaptation_data
from benchmarks.record import Row
from strandline.distillation.adaptation.data import ARCHIVE_STREAMS
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher
from strandline.observations.arrays import Floats


def coast_rows(
    coasts: Sequence[int],
    simulate: Callable[[int], SimulatedCoast],
    seeds: int,
    students: Sequence[Student],
    heads: MultiHeadStudent,
    cache: Path | None,
    advance: Callable[[], object],
) -> tuple[list[Row], dict[tuple[str, str], Floats]]:
    """Rows of every method, and (condition, method) → (3, BINS) reliability sums of the methods in the figure.

    Args:
        coasts: seeds of the coasts; ``simulate``: the coast of a seed; ``seeds``: number of splits.
        students: the ensemble; ``heads``: the distilled ensemble.
        cache: folder for predictions; ``advance``: called after each coast.
    """
    rows: list[Row] = []
    sums = {(condition, name): np.zeros((3, BINS)) for condition in CONDITIONS for name in SHOWN}
    for seed in range(seeds):
        for number in coasts:
            coast = simulate(number)
            scorer = Scorer(coast, predict_coast(coast, seed, students, heads, cache))
            rows += scorer.rows(seed)
            for condition, name in sums:
                sums[condition, name] += scorer.reliability(condition, METHODS[name])
            advance()
    return rows, sums


def measure_cost(one: Student, heads: MultiHeadStudent, coast: SimulatedCoast, turns: int) -> dict[str, float]:
    """Cost of all heads over that of one member, whole forward passes, by batch size and with and without archive."""
    with_archive = student_inputs(adaptation_data(split_storms(coast, 0), load_teacher()).training)
    views = {"with archive": with_archive, "without archive": with_archive.without(*ARCHIVE_STREAMS)}
    return {
        f"distilled_ensemble over one member, {what}, batch {size}": relative_cost(one, heads, view[:size], turns)
        for what, view in views.items()
        for size in (1, 16)
    }
