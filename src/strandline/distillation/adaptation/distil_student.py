"""Distillation of Strandline's student from the predictions that a teacher made beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strandline.distillation.adaptation.recipe import AMORTISED, Recipe
from strandline.distillation.alignment.alignment import Alignment
from strandline.distillation.alignment.kernel_alignment import build_alignment, patch_probabilities
from strandline.distillation.alignment.temporal import TokenAlignment
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.objective import (
    SOFT_TERMS,
    TASK_TERMS,
    Consolidation,
    Objective,
    add_terms,
    geometric_annealing,
)
from strandline.distillation.training.loop import Progress, train
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction
from strandline.models.student import Student


@dataclass(frozen=True)
class DistillationConfig:
    """What a student learns by, and the length of its training.

    Attributes:
        recipe: the parts and their weights.
        steps, samples: optimiser steps, storms per step.
        dropout_rate: probability of hiding a modality of a sample.
    """

    recipe: Recipe = AMORTISED
    steps: int = 100
    samples: int = 8
    dropout_rate: float = 0.3


@dataclass(frozen=True)
class DistillationData:
    """The student's inputs and the teacher's predictions on the same storms; ``None`` without a teacher."""

    storms: Batch
    teacher: Prediction | None = None


def distil_student(
    student: Student,
    data: DistillationData,
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
    consolidation: Sequence[Consolidation[Student]] = (),
) -> dict[str, float]:
    """Train ``student`` in place: soft targets + alignments + task loss + consolidation.

    Args:
        student: left in evaluation mode.
        data: with the teacher's predictions, unless the recipe takes nothing from a teacher.
        seed: of samples, modality dropout, dropout and the alignments' initial weights.
        consolidation: terms against forgetting.

    Returns:
        The mean of each weighted loss term over the last tenth of the steps.

    Raises:
        InputError: soft targets or an alignment without the teacher's predictions, or a student without site memory
            where the recipe trains nothing else.

    Source: Hinton et al. (2015) for soft targets; Romero et al. (2015) for feature alignment.
    """
    recipe = config.recipe
    from_teacher = recipe.soft + recipe.feature + recipe.temporal
    if from_teacher > 0 and data.teacher is None:
        raise InputError(
            "distillation",
            "soft targets or an alignment, but no teacher's predictions",
            "give them, or set `soft`, `feature` and `temporal` to 0",
        )
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        alignment = _build_alignment(recipe, student, data.teacher)
        temporal = _build_temporal_alignment(recipe, student, data.teacher)
        trained = list(student.parameters()) if recipe.all_weights else [_site_memory(student)]
        parameters = [*trained, *(weight for each in (alignment, temporal) if each for weight in each.parameters())]
        frozen = [weight for weight in student.parameters() if all(weight is not other for other in trained)]
        for weight in frozen:
            weight.requires_grad_(False)
        student.train()
        objective = Objective(
            recipe.task, recipe.soft, recipe.feature, TASK_TERMS, SOFT_TERMS, alignment, recipe.temporal, temporal
        )
        labelled = _labelled(data.storms) if from_teacher == 0 else None

        def loss(step: int) -> dict[str, Tensor]:
            temperature = geometric_annealing(step, config.steps, recipe.first_temperature, recipe.last_temperature)
            index = _draw(len(data.storms), config.samples, labelled, generator)
            inputs = modality_dropout(data.storms[index], config.dropout_rate, generator)
            of_teacher = None if data.teacher is None else data.teacher[index]
            terms = objective.terms(student(inputs), of_teacher, inputs, temperature)
            for part in consolidation:
                add_terms(terms, part.terms(student, generator))
            return terms

        report = train(parameters, loss, config.steps, recipe.learning_rate, progress=progress)
    for weight in frozen:
        weight.requires_grad_(True)
    student.eval()
    return report


def _site_memory(student: Student) -> nn.Parameter:
    """What is trained on a single coast; a dozen storms of one coast would only overwrite the other weights."""
    if student.site_memory is None:
        raise InputError("student", "has no site memory to train", "give `site_shape`, or train every weight")
    return student.site_memory


def _build_alignment(recipe: Recipe, student: Student, teacher: Prediction | None) -> Alignment | None:
    if recipe.feature == 0 or teacher is None:
        return None
    probability = patch_probabilities(teacher.flood_logits)
    return build_alignment(recipe.alignment, student.feature_width, teacher.features, probability)


def _build_temporal_alignment(recipe: Recipe, student: Student, teacher: Prediction | None) -> Alignment | None:
    if recipe.temporal == 0 or teacher is None:
        return None
    return TokenAlignment(student.feature_width, teacher.features["tokens"].shape[-1])


def _labelled(storms: Batch) -> Tensor | None:
    """Indices of storms with a flood survey; without a teacher the others hold no information on floods."""
    if storms.flood_valid is None:
        return None
    return storms.flood_valid.flatten(1).any(dim=1).nonzero()[:, 0].cpu()


def _draw(population: int, size: int, pool: Tensor | None, generator: torch.Generator) -> Tensor:
    if pool is None or not len(pool):
        return torch.randint(0, population, (size,), generator=generator)
    return pool[torch.randint(0, len(pool), (size,), generator=generator)]
