"""Calibration of an ensemble on held-out storms."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from torch import Tensor

from strandline.distillation.adaptation.data import AdaptationData, reference_classes, reference_probability
from strandline.distillation.waterlines.flood_archive import FloodArchive
from strandline.models.batch import Batch
from strandline.models.inference import predict_members, student_inputs
from strandline.models.multi_head_student import MultiHeadStudent
from strandline.models.student import Student
from strandline.uncertainty.forecaster import Forecaster, mean_probability
from strandline.uncertainty.metrics import overlap_counts, pooled_iou
from strandline.uncertainty.risk_control import miss_rate_threshold


def calibrate_on(
    data: AdaptationData, students: Sequence[Student | MultiHeadStudent], miss_rate: float | None = None
) -> Forecaster:
    """Calibrate an adapted ensemble on the calibration storms."""
    teacher = data.teacher_predictions
    return calibrate(
        students,
        (student_inputs(data.calibration), reference_probability(data.calibration, teacher.calibration)),
        (student_inputs(data.training), reference_classes(data.training, teacher.training)),
        data.archive,
        data.physics_augmented,
        miss_rate,
    )


def calibrate(
    students: Sequence[Student | MultiHeadStudent],
    flood: tuple[Batch, Tensor],
    training: tuple[Batch, Tensor],
    archive: FloodArchive | None = None,
    physics_augmented: Batch | None = None,
    miss_rate: float | None = None,
) -> Forecaster:
    """Calibrate an ensemble: temperature and flood thresholds.

    Args:
        students: trained members.
        flood: held-out storms (student inputs) and the reference (B, K, H, W) that they are calibrated against: the
            survey where there is one, 0 or 1, else the teacher's probabilities.
        training: storms and their reference classes (B, H, W), on which the threshold is chosen.
        archive: flood archive of the members; the batches of storms hold it already.
        physics_augmented: simulated storms above all mapped ones, with the simulated maps as targets.
        miss_rate: share of flooded cells that may be predicted dry; the threshold then keeps it on average over storms
            like the held-out ones, against their reference maps, and is never above the one of best overlap.

    Raises:
        RefusedByTheory: fewer held-out storms than the miss rate needs, with the number.
    """
    batch, reference = flood
    logits = [prediction.flood_logits for prediction in predict_members(students, batch)]
    valid = batch.land
    temperature = fit_temperature(logits, reference, valid)

    def best_threshold(storms: Batch, classes: Tensor) -> float:
        members = [prediction.flood_logits for prediction in predict_members(students, storms)]
        flooded = 1 - mean_probability(members, temperature)[:, 0].numpy()
        return choose_threshold(flooded, (classes > 0).numpy(), storms.land.numpy())

    threshold = extrapolation_threshold = best_threshold(*training)
    if physics_augmented is not None:
        extrapolation_threshold = best_threshold(physics_augmented, physics_augmented.require("flood_class"))
    if miss_rate is not None:
        flooded = 1 - mean_probability(logits, temperature)[:, 0]
        highest = miss_rate_threshold(flooded.numpy(), (reference.argmax(1) > 0).numpy(), valid.numpy(), miss_rate)
        threshold, extrapolation_threshold = min(threshold, highest), min(extrapolation_threshold, highest)
    return Forecaster(tuple(students), temperature, threshold, extrapolation_threshold, archive, miss_rate)


def fit_temperature(logits: Sequence[Tensor], reference: Tensor, valid: Tensor) -> float:
    """Temperature with the least cross-entropy of reference and ensemble mean (Guo et al. 2017, section 4.2).

    Args:
        logits: (B, K, H, W) of each member.
        reference: (B, K, H, W) probabilities; 0 or 1 of a survey. The teacher's likeliest classes are no substitute: a
            student agrees with its teacher more than with the truth, and would become overconfident.
        valid: (B, H, W) cells that count.
    """

    def cross_entropy(log_temperature: float) -> float:
        probability = mean_probability(logits, float(np.exp(log_temperature)))
        return float(-(reference * probability.clamp(min=1e-7).log()).sum(dim=1)[valid].mean())

    best = minimize_scalar(cross_entropy, bounds=(np.log(0.3), np.log(5.0)), method="bounded", options={"maxiter": 20})
    return float(np.exp(best.x))


def choose_threshold(
    probability: npt.NDArray[np.float32], flooded: npt.NDArray[np.bool_], valid: npt.NDArray[np.bool_]
) -> float:
    """Probability threshold with the best pooled IoU, in steps of 0.05."""
    candidates = np.arange(0.2, 0.81, 0.05)
    scores = [pooled_iou(overlap_counts(probability >= candidate, flooded, valid)) for candidate in candidates]
    return 0.5 if np.isnan(scores).all() else float(candidates[int(np.nanargmax(scores))])
