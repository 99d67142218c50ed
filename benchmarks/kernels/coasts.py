"""Alignment on simulated coasts: a place learns its map by distillation, and features are aligned on the way."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

from benchmarks.delta_coasts import SimulatedCoast
from benchmarks.delta_learning import Case, course_of, mean_word, part, score, threshold_of, with_labels
from benchmarks.kernels.contest import CONTROL, Row, bandwidth_of, entries
from strandline.adaptation import Course, adapt, forget
from strandline.distillation.distil import Recipe, students_view
from strandline.distillation.kernel_alignment import words_on_patches
from strandline.models.student import Student
from strandline.pretraining import load_students, load_teacher

LABELS = 0.05
"""Share of the training storms' cells that is surveyed."""


def rows_of(
    coast: SimulatedCoast, seed: int, tests: tuple[str, ...], weights: Mapping[str, float] | None, recipe: Recipe
) -> Iterator[Row]:
    """One row a test and kernel, on one coast under one seed; memory is switched off, so that there is a map to learn.

    Args:
        tests: as in ``benchmarks.delta``.
        weights: of each kernel's term; ``None``: every weight that is tried.
        recipe: soft targets and labels, steps and samples; its feature term is set here.
    """
    case = part(coast, seed)
    storms = case.storms(LABELS)
    course = forget(with_labels(course_of(case, load_teacher()), storms))
    for kernel, weight in entries(weights):
        student, head = _learned(course, case, kernel, weight, recipe)
        threshold = threshold_of(case, lambda batch, of=student: mean_word([of], students_view(batch)), storms)
        for test in tests:
            index = case.tests[test]
            if len(index):
                probability = mean_word([student], students_view(coast.storms[torch.from_numpy(index)]))
                iou = score(case, index, probability, threshold).iou
                yield {**head, "test": test, "score": iou, "n": len(index)}


def _learned(course: Course, case: Case, kernel: str, weight: float, recipe: Recipe) -> tuple[Student, Row]:
    """The student after distillation, and what its row begins with; seconds are those of the processor."""
    assert course.training.terrain is not None
    rows, columns = course.training.terrain.shape[-2:]
    student = load_students(place_shape=(rows, columns))[0]
    if kernel != CONTROL:
        recipe = replace(recipe, feature=weight, alignment=kernel)
    began = time.process_time()
    adapt(course, [student], recipe, case.seed)
    return student, {
        "task": "delta",
        "kernel": kernel,
        "seed": case.seed,
        "place": case.coast.seed,
        "seconds": time.process_time() - began,
        "weight": weight,
        "bandwidth": None if kernel == CONTROL else _bandwidth(course, student, kernel),
    }


def _bandwidth(course: Course, student: Student, kernel: str) -> float | None:
    word = course.word["training"]
    assert word.flood_logits is not None
    return bandwidth_of(kernel, student.feature_width, word.features, words_on_patches(word.flood_logits))
