"""Baselines: trainings of students without a teacher."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData
from strandline.distillation.adaptation.train_members import MemberTraining
from strandline.distillation.continual.replay import load_exemplars
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student


def untrained_students(count: int, site_shape: tuple[int, int], seed: int) -> list[Student]:
    """Students with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return [Student(site_shape=site_shape) for _ in range(count)]


def supervised(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    *,
    all_weights: bool,
    exemplars: Batch | None = None,
) -> MemberTraining:
    """A training with the labels and steps of ``adapt``, but without a teacher and its archive.

    Args:
        all_weights: train every weight, as students from scratch need.
        exemplars: consolidation data for pre-trained students.
    """
    inputs = DistillationData(student_inputs(data.training.without(*ARCHIVE_STREAMS)))
    recipe = config.recipe.without_teacher(all_weights=all_weights)
    return MemberTraining(students, inputs, replace(config, recipe=recipe), seed, exemplars)


def fine_tuning(
    data: AdaptationData, students: Sequence[Student], config: DistillationConfig, seed: int
) -> MemberTraining:
    """A training of pre-trained students on the labels of a study area without a teacher, with consolidation.

    With ``config.recipe.all_weights`` every weight is trained, else the site memory.
    """
    every = config.recipe.all_weights
    return supervised(data, students, config, seed, all_weights=every, exemplars=load_exemplars())
