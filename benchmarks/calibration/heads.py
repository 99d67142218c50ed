"""The distilled ensemble: heads on one trunk, trained on coasts that are not reported, and its cost."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import adaptation_data, digest, weights_of
from strandline.distillation.ensemble import EnsembleDistillationConfig, distil_members
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive, sample_archive_mask
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher

DRAWN_VIEWS, DROPOUT_RATE = 2, 0.3
"""Further views of each storm with a random part of archive and streams, and the share of streams that they lose."""


def train_heads(
    students: Sequence[Student],
    coasts: Sequence[SimulatedCoast],
    config: EnsembleDistillationConfig,
    cache: Path | None,
) -> MultiHeadStudent:
    """Distil the ensemble into heads on the first student's trunk, on these coasts and without labels."""
    student = MultiHeadStudent(deepcopy(students[0]), len(students))
    decisive = [(coast.seed, len(coast.level)) for coast in coasts], config
    path = None if cache is None else cache / f"heads-{digest(decisive, weights_of([load_teacher(), *students]))}.pt"
    if path is not None and path.exists():
        student.load_state_dict(torch.load(path))
        return student.eval()
    generator = torch.Generator().manual_seed(0)
    storms = [view for coast in coasts for view in _views(coast, generator)]
    distil_members(student, students, storms, config, seed=0)
    if path is not None:
        partial = path.with_suffix(".partial")
        torch.save(student.state_dict(), partial)
        partial.replace(path)
    return student.eval()


def relative_cost(one: Callable[[Batch], object], other: Callable[[Batch], object], batch: Batch, turns: int) -> float:
    """CPU time of the second network over that of the first: median of ratios of alternating calls."""

    def seconds(network: Callable[[Batch], object]) -> float:
        start = time.process_time()
        network(batch)
        return time.process_time() - start

    with torch.no_grad():
        one(batch), other(batch)
        return float(np.median([seconds(other) / seconds(one) for _ in range(turns)]))


def _views(coast: SimulatedCoast, generator: torch.Generator) -> list[Batch]:
    case = split_storms(coast, 0)
    data = adaptation_data(case, load_teacher())
    assert data.archive is not None
    own = torch.arange(len(data.archive))
    views = [student_inputs(data.training)]
    for _ in range(DRAWN_VIEWS):
        used = sample_archive_mask(data.archive.level, own, generator)
        seen = attach_archive(coast.storms[torch.from_numpy(case.training)], data.archive, used)
        views.append(modality_dropout(student_inputs(seen), DROPOUT_RATE, generator))
    if len(case.tests["extreme"]):
        views.append(student_inputs(attach_whole_archive(case.test_storms("extreme"), data.archive)))
    return views
