"""Calibration of an ensemble on held-out storms."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from strandline.distillation.adaptation.data import AdaptationData, reference_classes, reference_probability
from strandline.distillation.waterlines import FloodArchive
from strandline.models.batch import Batch
from strandline.models.inference import predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.observations.arrays import Floats
from strandline.uncertainty.conformal import conformal_radius
from strandline.uncertainty.forecaster import Forecaster, _soft, surge_moments
from strandline.uncertainty.metrics import overlap_counts, pooled_iou
from strandline.uncertainty.risk_control import miss_rate_threshold

COVERAGES = (0.8, 0.9)
"""Promised for the surge: p10 to p90, and the 90 % interval that is scored."""


def calibrate_on(
    course: AdaptationData, students: Sequence[Student | MultiHeadStudent], miss_rate: float | None = None
) -> Forecaster:
    """Calibrate an adapted ensemble on the calibration storms."""
    return calibrate(
        students,
        (
            student_inputs(course.calibration),
            reference_probability(course.calibration, course.teacher_predictions.calibration),
        ),
        (student_inputs(course.training), reference_classes(course.training, course.teacher_predictions.training)),
        [student_inputs(batch) for batch in course.calibration_windows],
        COVERAGES,
        course.archive,
        course.physics_augmented,
        miss_rate,
    )


def calibrate(
    students: Sequence[Student | MultiHeadStudent],
    flood: tuple[Batch, Tensor],
    training: tuple[Batch, Tensor],
    windows: Sequence[Batch],
    coverages: Sequence[float],
    archive: FloodArchive | None = None,
    physics_augmented: Batch | None = None,
    miss_rate: float | None = None,
) -> Forecaster:
    """Turn an ensemble into a forecaster with a promise.

    Args:
        students: trained members.
        flood: held-out storms (the student's view) and the reference (B, K, H, W) they are calibrated on: the survey
            where there is one, 0 or 1, else the teacher's probabilities.
        training: storms and their reference class map (B, H, W), on which the threshold is chosen.
        windows: one batch of surge windows for each held-out storm.
        coverages: to be promised for the surge interval.
        archive: what the members remember; the batches of storms carry it already.
        rehearsed: storms above all that were mapped, with physics' maps as targets.
        false_dry_rate: share of flooded cells that may be called dry; the threshold then keeps it on average over
            storms like the held-out ones, as their reference maps have it, and is never above the one of best overlap.

    Raises:
        RefusedByTheory: fewer held-out storms than the coverage or the rate needs, with the number.
    """
    radius = _surge_radius(students, windows, coverages)
    batch, reference = flood
    logits = [_logits(word) for word in predict_members(students, batch)]
    valid = _land(batch)
    temperature = best_temperature(logits, reference, valid)

    def best_threshold(seen: Batch, known: Tensor) -> float:
        probability = torch.stack(
            [_soft(word.flood_logits, temperature) for word in predict_members(students, seen)]
        ).mean(0)
        return choose_threshold(1 - probability[:, 0].numpy(), (known > 0).numpy(), _land(seen).numpy())

    threshold = beyond = best_threshold(*training)
    if physics_augmented is not None:
        assert physics_augmented.flood_class is not None
        beyond = best_threshold(physics_augmented, physics_augmented.flood_class)
    if miss_rate is not None:
        chance = 1 - torch.stack([_soft(part, temperature) for part in logits]).mean(0)[:, 0]
        kept = miss_rate_threshold(chance.numpy(), (reference.argmax(1) > 0).numpy(), valid.numpy(), miss_rate)
        threshold, beyond = min(threshold, kept), min(beyond, kept)
    return Forecaster(tuple(students), radius, temperature, threshold, beyond, archive, miss_rate)


def best_temperature(logits: Sequence[Tensor], reference: Tensor, valid: Tensor) -> float:
    """Temperature with the least cross-entropy of reference and ensemble's mean (Guo et al. 2017, section 4.2).

    Args:
        logits: (B, K, H, W) of each member.
        reference: (B, K, H, W) probabilities; of a survey they are 0 and 1. A teacher's likeliest classes would not do:
            a student agrees with its teacher more than with the truth, and would be made too sure.
        valid: (B, H, W) cells that count.
    """

    def entropy(log_temperature: float) -> float:
        probability = torch.stack([_soft(part, float(np.exp(log_temperature))) for part in logits]).mean(0)
        return float(-(reference * probability.clamp(min=1e-7).log()).sum(dim=1)[valid].mean())

    best = minimize_scalar(entropy, bounds=(np.log(0.3), np.log(5.0)), method="bounded", options={"maxiter": 20})
    return float(np.exp(best.x))


def choose_threshold(
    probability: npt.NDArray[np.float32], flooded: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]
) -> float:
    """Probability threshold with the best pooled IoU, in steps of 0.05."""
    candidates = np.arange(0.2, 0.81, 0.05)
    scores = [pooled_iou(overlap_counts(probability >= candidate, flooded, valid)) for candidate in candidates]
    return 0.5 if np.isnan(scores).all() else float(candidates[int(np.nanargmax(scores))])


def _surge_radius(
    students: Sequence[Student | MultiHeadStudent], windows: Sequence[Batch], coverages: Sequence[float]
) -> dict[float, Floats]:
    scores = []
    for batch in windows:
        mean, scale = surge_moments(predict_members(students, batch))
        assert batch.surge is not None
        assert batch.surge_valid is not None
        score = np.abs(batch.surge.numpy() - mean) / scale
        scores.append(np.where(batch.surge_valid.numpy(), score, np.nan))  # (hours, 25)
    leads = scores[0].shape[1]
    by_lead = [[score[:, lead][~np.isnan(score[:, lead])] for score in scores] for lead in range(leads)]
    return {coverage: np.array([conformal_radius(column, coverage) for column in by_lead]) for coverage in coverages}


def _land(batch: Batch) -> Tensor:
    """(B, H, W) cells that can be flooded: known ground that is not permanent water."""
    assert batch.terrain is not None
    assert batch.terrain_seen is not None
    return batch.terrain_seen & (batch.terrain[:, 2] < 0.5)


def _logits(word: Prediction) -> Tensor:
    assert word.flood_logits is not None
    return word.flood_logits
