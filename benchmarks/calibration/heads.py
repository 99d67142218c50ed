"""One network for the shipped ensemble, taught on coasts that no result is read from."""

import hashlib
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.learning import course_of, part, weights_of
from strandline.distillation.ensemble import EnsembleDistillationConfig, distil_members
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.waterlines import attach_archive, attach_whole_archive, sample_archive_mask
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_teacher

DRAWN_VIEWS, OUTAGE = 2, 0.3
"""Of each storm, with what chance lets it remember and lose, beside the whole view; share of streams lost in them."""


def teach_heads(
    students: Sequence[Student],
    coasts: Sequence[SimulatedCoast],
    recipe: EnsembleDistillationConfig,
    cache: Path | None,
) -> MultiHeadStudent:
    """Heads on the first student's trunk, from what the ensemble says of these coasts; no label is used."""
    student = MultiHeadStudent(deepcopy(students[0]), len(students))
    decides = f"{[coast.seed for coast in coasts]} {[len(coast.level) for coast in coasts]} {recipe}".encode()
    key = hashlib.sha256(decides + weights_of([load_teacher(), *students])).hexdigest()[:12]
    path = None if cache is None else cache / f"heads-{key}.pt"
    if path is not None and path.exists():
        student.load_state_dict(torch.load(path))
        return student.eval()
    generator = torch.Generator().manual_seed(0)
    storms = [view for coast in coasts for view in _views(coast, generator)]
    whole = [student_inputs(coast.windows) for coast in coasts]
    windows = [*whole, *(modality_dropout(view, OUTAGE, generator) for view in whole)]
    distil_members(student, students, storms, windows, recipe, seed=0)
    if path is not None:
        partial = path.with_suffix(".partial")
        torch.save(student.state_dict(), partial)
        partial.replace(path)
    return student.eval()


def relative_cost(one: Callable[[Batch], object], other: Callable[[Batch], object], batch: Batch, turns: int) -> float:
    """Processor time of the second over that of the first: the median of ratios of calls that take turns."""

    def seconds(network: Callable[[Batch], object]) -> float:
        start = time.process_time()
        network(batch)
        return time.process_time() - start

    with torch.no_grad():
        one(batch), other(batch)
        return float(np.median([seconds(other) / seconds(one) for _ in range(turns)]))


def _views(coast: SimulatedCoast, generator: torch.Generator) -> list[Batch]:
    case = part(coast, 0)
    course = course_of(case, load_teacher())
    assert course.archive is not None
    own = torch.arange(len(course.archive))
    views = [student_inputs(course.training)]
    for _ in range(DRAWN_VIEWS):
        used = sample_archive_mask(course.archive.level, own, generator)
        seen = attach_archive(coast.storms[torch.from_numpy(case.training)], course.archive, used)
        views.append(modality_dropout(student_inputs(seen), OUTAGE, generator))
    extreme = np.flatnonzero(coast.extreme)
    if len(extreme):
        views.append(student_inputs(attach_whole_archive(coast.storms[torch.from_numpy(extreme)], course.archive)))
    return views
