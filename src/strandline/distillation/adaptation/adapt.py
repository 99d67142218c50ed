"""Adaptation of the shipped students to one study area, by a recipe."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import torch

from strandline.distillation.adaptation.data import AdaptationData, drop_archive
from strandline.distillation.adaptation.distil_student import DistillationConfig, DistillationData
from strandline.distillation.adaptation.recipe import Recipe
from strandline.distillation.adaptation.train_members import MemberTraining, train_members
from strandline.distillation.continual.replay import load_exemplars
from strandline.distillation.ensemble import EnsembleDistillationConfig, distil_members
from strandline.distillation.training.loop import Progress
from strandline.models.inference import student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.weight_draws import draw_weights


@dataclass(frozen=True, eq=False)
class Adapted:
    """What a recipe made of the shipped students.

    Attributes:
        students: that predict together: single members, the heads of one network, or draws of the weights of either.
        terms: name → weighted loss over the last tenth of the steps, mean over the members.
        trained: whether they were trained on the place.
    """

    students: tuple[Student | MultiHeadStudent, ...]
    terms: Mapping[str, float]
    trained: bool


def data_for(recipe: Recipe, data: AdaptationData) -> AdaptationData:
    """The data that the recipe learns from: without the flood archive if that is no part of it."""
    return data if recipe.archive or data.archive is None else drop_archive(data)


def adapt(
    data: AdaptationData,
    students: Sequence[Student],
    config: DistillationConfig,
    seed: int,
    progress: Progress | None = None,
) -> Adapted:
    """Distil the teacher into each member of the ensemble, in place, each with its own draws.

    Students that use the flood archive were pre-trained to read it and stay as they are, unless the recipe trains every
    weight. Without an archive their site memory is trained. Everything that comes from the teacher counts by its weight
    at this place.

    Args:
        data: of `data_for`.
    """
    weight, recipe = data.teacher_weight.weight, config.recipe
    if data.archive is not None and not recipe.all_weights:
        return Adapted(tuple(students), {}, trained=False)
    recipe = replace(
        recipe, soft=weight * recipe.soft, feature=weight * recipe.feature, temporal=weight * recipe.temporal
    )
    config = replace(config, recipe=recipe)
    inputs = DistillationData(student_inputs(data.training), data.teacher_predictions.training)
    reached = train_members(MemberTraining(students, inputs, config, seed, load_exemplars()), progress)
    return Adapted(tuple(students), _means(reached), trained=True)


def gather(
    data: AdaptationData, adapted: Adapted, recipe: Recipe, seed: int, progress: Progress | None = None
) -> Adapted:
    """The students that predict together: by the recipe one network learns all members, and its weights are drawn.

    Without ensemble distillation and Monte-Carlo dropout these are the members themselves.

    Source: `distillation.ensemble`, `models.weights.weight_draws`.
    """
    students, terms = adapted.students, dict(adapted.terms)
    if recipe.ensemble_steps > 0:
        members = [student for student in students if isinstance(student, Student)]
        network = MultiHeadStudent(deepcopy(members[0]), len(members))
        config = EnsembleDistillationConfig(steps=recipe.ensemble_steps)
        terms |= distil_members(network, members, [student_inputs(data.training)], config, seed, progress)
        students = (network,)
    if recipe.dropout_draws > 0:
        generator = torch.Generator().manual_seed(seed)
        students = tuple(draw_weights(each, generator) for each in students for _ in range(recipe.dropout_draws))
    return Adapted(students, terms, adapted.trained)


def _means(reached: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for terms in reached for name in terms)
    return {name: sum(terms[name] for terms in reached) / len(reached) for name in names}
