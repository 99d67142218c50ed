"""Baselines: students that learn without a teacher."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from strandline.distillation.adaptation.adapt import _part
from strandline.distillation.adaptation.data import MEMORY, AdaptationData
from strandline.distillation.continual.replay import Exemplars, load_exemplars
from strandline.distillation.distil import DistillationConfig, DistillationData, distil
from strandline.distillation.training.loop import Progress
from strandline.models.inference import student_inputs
from strandline.models.student import Student


def new_students(count: int, site_shape: tuple[int, int], seed: int) -> list[Student]:
    """Students that were never taught anything."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [Student(site_shape=site_shape) for _ in range(count)]


def train_supervised(
    course: AdaptationData,
    students: Sequence[Student],
    recipe: DistillationConfig,
    seed: int,
    *,
    whole: bool,
    past: Exemplars | None = None,
    progress: Progress | None = None,
) -> list[Student]:
    """The sceptic's students: the same labels and steps as ``adapt``, but no teacher, so nothing to remember.

    Args:
        whole: train every weight, as students from scratch need.
        past: what students who were taught elsewhere are kept from forgetting.
    """
    lesson = DistillationData(student_inputs(course.training.without(*MEMORY)), student_inputs(course.windows))
    alone = replace(recipe, soft=0.0, feature=0.0, task=1.0, whole=whole)
    for i, student in enumerate(students):
        kept = () if past is None else past.consolidate(student, alone)
        distil(student, lesson, alone, seed + i, _part(progress, i, len(students)), kept)
    return list(students)


def fine_tune(
    course: AdaptationData,
    students: Sequence[Student],
    recipe: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> list[Student]:
    """Shipped students learn the labels of a place without a teacher, kept from forgetting what they were taught.

    With ``recipe.whole`` every weight learns, else what a place may teach alone.
    """
    past = load_exemplars()
    return train_supervised(course, students, recipe, seed, whole=recipe.whole, past=past, progress=progress)
