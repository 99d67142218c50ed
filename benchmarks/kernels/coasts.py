"""Alignment on simulated coasts: a place learns its map by distillation, and features are aligned on the way."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.learning import course_of, mean_word, part, score, threshold_of, with_labels
from benchmarks.kernels.contest import CONTROL, Row, bandwidths_of, entries
from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.data import AdaptationData, drop_archive
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.distillation.distil import DistillationConfig
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher

LABELS = 0.05
"""Share of the training storms' cells that is surveyed."""


def rows_of(
    coast: SimulatedCoast,
    seed: int,
    tests: tuple[str, ...],
    weights: Mapping[str, float] | None,
    recipe: DistillationConfig,
) -> Iterator[Row]:
    """One row a test and kernel, on one coast under one seed; memory is switched off, so that there is a map to learn.

    Args:
        tests: as in ``benchmarks.delta``.
        weights: of each kernel's term; ``None``: every weight that is tried.
        recipe: soft targets and labels, steps and samples; its feature term is set here.
    """
    case = part(coast, seed)
    storms = case.storms(LABELS)
    course = drop_archive(with_labels(course_of(case, load_teacher()), storms))
    word = course.teacher_predictions.training
    probabilities = patch_probabilities(word.require_flood_logits())
    bandwidths = bandwidths_of(load_students()[0].feature_width, word.features, probabilities)
    for kernel, weight in entries(weights):
        began = time.process_time()
        student = _learned(course, kernel, weight, recipe, seed)
        head: Row = {
            "task": "delta",
            "kernel": kernel,
            "seed": seed,
            "place": coast.seed,
            "seconds": time.process_time() - began,
            "weight": weight,
            "bandwidth": bandwidths.get(kernel),
        }
        threshold = threshold_of(case, partial(_say, student), storms)
        for test in tests:
            index = case.tests[test]
            if len(index):
                probability = _say(student, coast.storms[torch.from_numpy(index)])
                iou = score(case, index, probability, threshold).iou
                yield {**head, "test": test, "score": iou, "n": len(index)}


def _learned(course: AdaptationData, kernel: str, weight: float, recipe: DistillationConfig, seed: int) -> Student:
    """The shipped student with the place's map, after distillation."""
    rows, columns = course.training.land.shape[-2:]
    student = load_students(site_shape=(rows, columns))[0]
    if kernel != CONTROL:
        recipe = replace(recipe, feature=weight, alignment=kernel)
    adapt(course, [student], recipe, seed)
    return student


def _say(student: Student, batch: Batch) -> npt.NDArray[np.float32]:
    return mean_word([student], student_inputs(batch))
