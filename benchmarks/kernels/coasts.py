"""Rows of the ``delta`` task: distillation of the site map on simulated coasts, with each alignment."""

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from benchmarks.delta.cases import split_storms
from benchmarks.delta.coasts import SimulatedCoast
from benchmarks.delta.methods import adaptation_data, mean_probability, with_labels
from benchmarks.delta.scoring import score, threshold_on_labels
from benchmarks.kernels.methods import CONTROL, Weights, bandwidths_of, entries
from benchmarks.record import Row
from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.data import AdaptationData, drop_archive
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.alignment.kernel_alignment import patch_probabilities
from strandline.models.batch import Batch
from strandline.models.inference import student_inputs
from strandline.models.student import Student
from strandline.models.weights.load_weights import load_students, load_teacher
from strandline.observations.arrays import SingleFloats

LABELS = 0.05
"""Share of the cells of the training storms that is surveyed."""


def rows_of(
    coast: SimulatedCoast, seed: int, tests: tuple[str, ...], weights: Weights | None, config: DistillationConfig
) -> Iterator[Row]:
    """One row per test and alignment on one coast under one seed; the archive is off, so that the map is trained.

    Args:
        tests: as in `benchmarks.delta`.
        weights: of the alignment terms; ``None`` = every candidate.
        config: of the distillation; the alignment is set here.
    """
    case = split_storms(coast, seed)
    storms = case.storms(LABELS)
    data = drop_archive(with_labels(adaptation_data(case, load_teacher()), storms))
    teacher = data.teacher_predictions.training
    probabilities = patch_probabilities(teacher.flood_logits)
    bandwidths = bandwidths_of(load_students(members=1)[0].feature_width, teacher.features, probabilities)
    for alignment, weight in entries(weights):
        aligned = config
        if alignment is not None:
            aligned = replace(config, recipe=replace(config.recipe, feature=weight, alignment=alignment))
        began = time.process_time()
        student = _distil(data, aligned, seed)
        head: Row = {
            "task": "delta",
            "kernel": alignment or CONTROL,
            "seed": seed,
            "site": coast.seed,
            "seconds": time.process_time() - began,
            "weight": weight,
            "bandwidth": bandwidths.get(alignment or CONTROL),
        }
        threshold = threshold_on_labels(case, partial(_predict, student), storms)
        for test in tests:
            if len(case.tests[test]):
                iou = score(case, test, _predict(student, case.test_storms(test)), threshold).iou
                yield {**head, "test": test, "score": iou, "n": len(case.tests[test])}


def _distil(data: AdaptationData, config: DistillationConfig, seed: int) -> Student:
    """The shipped student with a site map, after distillation."""
    rows, columns = data.training.land.shape[-2:]
    student = load_students(site_shape=(rows, columns), members=1)[0]
    adapt(data, [student], config, seed)
    return student


def _predict(student: Student, batch: Batch) -> SingleFloats:
    return mean_probability([student], student_inputs(batch))
