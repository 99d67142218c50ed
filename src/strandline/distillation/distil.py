"""Distillation: a small student learns to say what the teacher says, from the streams that the place has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from strandline.distillation import losses
from strandline.distillation.alignment.kernel_alignment import (
    AlignmentName,
    KernelAlignment,
    build_alignment,
    patch_probabilities,
)
from strandline.distillation.alignment.projection import CosineAlignment
from strandline.distillation.losses import check_temperature
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.training.loop import Progress, train
from strandline.errors import InputError
from strandline.models.batch import Batch
from strandline.models.prediction import Prediction
from strandline.models.student import Student


@dataclass(frozen=True)
class DistillationConfig:
    """What is summed, and how long. A weight of 0 means that the term is not computed.

    Attributes:
        soft: weight of the teacher's soft targets (flood, damage, surge); ``feature``: of feature alignment;
            ``task``: of the local labels.
        alignment: what features are compared by.
        first_temperature, last_temperature: annealed geometrically over the steps.
        steps, samples, windows: optimiser steps, storms a step, surge windows a step; with 0 storms or windows nothing
            is learned of floods or surges.
        learning_rate: of AdamW.
        outage: share of streams hidden while learning.
        whole: train every weight, as a student from scratch needs, and not only ``Student.local_parameters``.
    """

    soft: float = 0.8
    feature: float = 0.0
    task: float = 0.2
    alignment: AlignmentName = "cosine"
    first_temperature: float = 1.0
    last_temperature: float = 1.0
    steps: int = 100
    samples: int = 8
    windows: int = 32
    learning_rate: float = 1e-3
    dropout_rate: float = 0.3
    all_weights: bool = False


ARTICLE = DistillationConfig(soft=0.5, feature=0.3, task=0.2, first_temperature=5.0, last_temperature=1.0)
"""Soft, feature and task weights and the annealing of the article that Strandline set out from."""


@dataclass(frozen=True)
class DistillationData:
    """What a student learns from: its own view, and the teacher's word on the same samples.

    Attributes:
        storms: a batch with terrain; ``windows``: a batch of the gauge alone.
        word_on_storms, word_on_windows: the teacher's predictions; ``None`` without a teacher.
    """

    storms: Batch
    windows: Batch
    teacher_on_storms: Prediction | None = None
    teacher_on_windows: Prediction | None = None


class Consolidation(Protocol):
    """What keeps a student from forgetting while it learns; several add up."""

    def terms(self, student: Student, generator: torch.Generator) -> dict[str, Tensor]:
        """Named, weighted terms that are added to the loss of a step, each a scalar.

        Args:
            student: as it is at this step, with dropout.
            generator: what is drawn is drawn from it.
        """
        ...


def task_terms(said: Prediction, batch: Batch, weight: float) -> dict[str, Tensor]:
    """Weighted loss on labels: cross-entropy and soft Dice of the flood, likelihood of the surge, damage states."""
    terms: dict[str, Tensor] = {}
    if said.flood_logits is not None and batch.flood_class is not None and batch.flood_valid is not None:
        labelled = batch.flood_valid.flatten(1).any(dim=1)
        entropy = losses.cross_entropy(said.flood_logits, batch.flood_class, batch.flood_valid)
        dice = losses.soft_dice(said.flood_logits, batch.flood_class, batch.flood_valid)
        terms["flood_task"] = weight * _mean_of(entropy + 0.5 * dice, labelled)
    if batch.surge is not None and batch.surge_valid is not None:
        likelihood = losses.gaussian_likelihood(said.surge_mean, said.surge_scale, batch.surge, batch.surge_valid)
        terms["surge_task"] = weight * likelihood.mean()
    if said.damage_logits is not None and batch.damage_state is not None and batch.damage_valid is not None:
        entropy = losses.cross_entropy(said.damage_logits.transpose(1, 2), batch.damage_state, batch.damage_valid)
        terms["damage_task"] = 0.2 * weight * entropy.mean()
    return terms


def soft_terms(
    said: Prediction, word: Prediction, batch: Batch, weight: float, temperature: float
) -> dict[str, Tensor]:
    """Weighted divergence from the teacher's word, wherever both speak."""
    divergence = losses.gaussian_divergence(said.surge_mean, said.surge_scale, word.surge_mean, word.surge_scale)
    terms = {"surge_soft": 0.5 * weight * divergence.mean()}
    if said.flood_logits is not None and word.flood_logits is not None and batch.terrain_seen is not None:
        flood = losses.soft_targets(said.flood_logits, word.flood_logits, batch.terrain_seen, temperature)
        terms["flood_soft"] = weight * flood.mean()
    if said.damage_logits is not None and word.damage_logits is not None and batch.asset_seen is not None:
        damage = losses.soft_targets(
            said.damage_logits.transpose(1, 2), word.damage_logits.transpose(1, 2), batch.asset_seen, temperature
        )
        terms["damage_soft"] = 0.2 * weight * damage.mean()
    return terms


def distil_student(
    student: Student,
    lesson: DistillationData,
    recipe: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
    consolidation: Sequence[Consolidation] = (),
) -> dict[str, float]:
    """Train ``student`` in place on a lesson: soft targets + feature alignment + task loss + consolidation.

    Args:
        student: adapted in place and left in evaluation mode.
        lesson: the student's view and, unless ``recipe.soft`` and ``recipe.feature`` are 0, the teacher's word.
        seed: draws samples, outages, dropout and the head of the alignment.
        consolidation: what keeps it from forgetting what it learned before.

    Returns:
        The mean of each weighted loss term at the end.

    Raises:
        ValueError: a recipe that needs a teacher's word which the lesson lacks.

    Source: Hinton et al. (2015) for soft targets; Romero et al. (2015) for feature alignment.
    """
    if recipe.soft + recipe.feature > 0 and (lesson.teacher_on_storms is None or lesson.teacher_on_windows is None):
        raise ValueError("the recipe has soft targets or feature alignment, but the lesson carries no teacher's word")
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        align = _alignment(recipe.alignment, student, lesson) if recipe.feature > 0 else None
        learned = list(student.parameters()) if recipe.all_weights else student.local_parameters()
        parameters = [*learned, *(align.parameters() if align else ())]
        frozen = [weight for weight in student.parameters() if all(weight is not other for other in learned)]
        for weight in frozen:
            weight.requires_grad_(False)
        student.train()
        labelled = _labelled(lesson.storms) if recipe.soft + recipe.feature == 0 else None

        def loss(step: int) -> dict[str, Tensor]:
            temperature = geometric_annealing(step, recipe.steps, recipe.first_temperature, recipe.last_temperature)
            terms: dict[str, Tensor] = {}
            for batch, word, size, pool in (
                (lesson.storms, lesson.teacher_on_storms, recipe.samples, labelled),
                (lesson.windows, lesson.teacher_on_windows, recipe.windows, None),
            ):
                if size == 0:
                    continue
                index = _draw(len(batch), size, pool, generator)
                seen = modality_dropout(batch[index], recipe.dropout_rate, generator)
                said = student(seen)
                parts: dict[str, Tensor] = {}
                if recipe.task > 0:
                    parts |= task_terms(said, seen, recipe.task)
                if recipe.soft > 0 and word is not None:
                    parts |= soft_terms(said, word[index], seen, recipe.soft, temperature)
                if align is not None and word is not None and batch.terrain is not None:
                    distance = align(said.features, word[index].features)
                    parts["feature"] = recipe.feature * distance.mean()
                _add(terms, parts)
            for keeper in consolidation:
                _add(terms, keeper.terms(student, generator))
            return terms

        report = train(parameters, loss, recipe.steps, recipe.learning_rate, progress=progress)
    for weight in frozen:
        weight.requires_grad_(True)
    student.eval()
    return report


def _add(terms: dict[str, Tensor], more: dict[str, Tensor]) -> None:
    for name, term in more.items():
        terms[name] = terms[name] + term if name in terms else term


def _alignment(name: AlignmentName, student: Student, lesson: DistillationData) -> CosineAlignment | KernelAlignment:
    word = lesson.teacher_on_storms
    assert word is not None
    assert word.flood_logits is not None
    return build_alignment(name, student.feature_width, word.features, patch_probabilities(word.flood_logits))


def _mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of the chosen samples (B,), 0 when there is none."""
    weight = chosen.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1.0)


def _labelled(storms: Batch) -> Tensor | None:
    """Indices of storms with a flood survey; without a teacher the others teach nothing about floods."""
    if storms.flood_valid is None:
        return None
    return storms.flood_valid.flatten(1).any(dim=1).nonzero()[:, 0].cpu()


def _draw(population: int, size: int, pool: Tensor | None, generator: torch.Generator) -> Tensor:
    if pool is None or not len(pool):
        return torch.randint(0, population, (size,), generator=generator)
    return pool[torch.randint(0, len(pool), (size,), generator=generator)]


def geometric_annealing(step: int, steps: int, start: float = 5.0, end: float = 1.0) -> float:
    """Temperature at a step: start · (end/start)^(step/(steps − 1)), from smooth targets to the teacher's own.

    A single step is taken at the last temperature. ``start`` = ``end`` is a constant; a temperature may rise, too.

    Raises:
        InputError: a temperature that is not above 0, or a step outside 0…steps − 1.
    """
    check_temperature(start)
    check_temperature(end)
    if not 0 <= step < steps:
        raise InputError("annealing", f"step {step} is not one of {steps}", f"count from 0 to {steps - 1}")
    if steps == 1:
        return end
    return float(start * (end / start) ** (step / (steps - 1)))
