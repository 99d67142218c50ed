"""Baselines: students that are trained without a teacher."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData
from strandline.distillation.adaptation.train_members import train_members
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.training.loop import Progress
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student


def untrained_students(count: int, site_shape: tuple[int, int], seed: int) -> list[Student]:
    """Students with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [Student(site_shape=site_shape) for _ in range(count)]


def train_supervised(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    *,
    all_weights: bool,
    exemplars: Batch | None = None,
    progress: Progress | None = None,
) -> list[Student]:
    """Train students in place with the labels and steps of ``adapt``, but without a teacher and its archive.

    Args:
        all_weights: train every weight, as students from scratch need.
        exemplars: consolidation data for pre-trained students.
    """
    inputs = DistillationData(student_inputs(data.training.without(*ARCHIVE_STREAMS)))
    supervised = replace(config, recipe=config.recipe.without_teacher(all_weights=all_weights))
    train_members(students, inputs, supervised, seed, exemplars, progress)
    return list(students)


def fine_tune(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> list[Student]:
    """Train pre-trained students on the labels of a study area without a teacher, with consolidation.

    With ``config.recipe.all_weights`` every weight is trained, else the site memory.
    """
    return train_supervised(
        data,
        students,
        config,
        seed,
        all_weights=config.recipe.all_weights,
        exemplars=load_exemplars(),
        progress=progress,
    )
