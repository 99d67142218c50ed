"""The recipes of `strandline run` at a coast: the default, the article's, and the article's without each part."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch

from benchmarks.delta import methods
from benchmarks.delta.trial import SWEEP_AT, Trial
from benchmarks.record import Row
from strandline.distillation.adaptation.adapt import adapt, data_for, gather
from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, weight_teacher_by_labels
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.adaptation.recipe import AMORTISED, ARTICLE, Recipe
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.models.batch import Batch
from strandline.models.inference import predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import SingleFloats

MEMBERS = 2
"""Students of each recipe: the fewest that ensemble distillation can join."""
STEPS = DistillationConfig().steps
"""Optimiser steps of each, as in a run."""


def whole_recipe_rows(trial: Trial) -> Iterator[Row]:
    """``recipe_amortised``, which is `distilled` with as many students as the article's, and ``article``."""
    return _recipe_rows(trial, {"recipe_amortised": AMORTISED, "article": ARTICLE})


def partial_recipe_rows(trial: Trial) -> Iterator[Row]:
    """``article_without_<part>``."""
    return _recipe_rows(trial, {f"article_without_{part}": ARTICLE.without(part) for part in ARTICLE.parts})


def _recipe_rows(trial: Trial, recipes: Mapping[str, Recipe]) -> Iterator[Row]:
    seed = trial.case.seed
    labelled = methods.with_labels(trial.data, trial.case.storms(SWEEP_AT))
    weighted = weight_teacher_by_labels(labelled, load_students(members=MEMBERS))
    for name, recipe in recipes.items():
        own, archive = data_for(recipe, weighted), weighted.archive if recipe.archive else None
        config = DistillationConfig(recipe=recipe, steps=STEPS)
        members = load_students(site_shape=methods.site_shape(own), members=MEMBERS)
        students = gather(own, adapt(own, members, config, seed), recipe, seed).students

        predictor = partial(_predict, students, archive)
        yield from trial.rows(SWEEP_AT, name, predictor, own.training)


def _predict(
    students: Sequence[Student | MultiHeadStudent], archive: FloodArchive | None, batch: Batch
) -> SingleFloats:
    """(n, K, H, W) mean class probability of the members, which read an archive where the recipe keeps one."""
    plain = student_inputs(batch.without(*ARCHIVE_STREAMS))
    view = plain if archive is None else methods.read_archive(batch, archive)
    logits = [one.flood_logits for one in predict_members(students, view)]
    return torch.stack([one.softmax(dim=1) for one in logits]).mean(0).numpy()
