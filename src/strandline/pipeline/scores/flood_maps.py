"""Flood-map scores of a run on its held-out storms."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strandline.distillation.adaptation.data import ARCHIVE_STREAMS, AdaptationData, reference_classes
from strandline.distillation.waterlines.archive_streams import attach_whole_archive
from strandline.models.batch import Batch
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.arrays import Mask, SingleFloats
from strandline.observations.weather.storms import Split
from strandline.pipeline.study_area import StudyArea
from strandline.pipeline.study_area.flood_scores import kind_of_targets
from strandline.report.findings import LearningScores, Reliability
from strandline.uncertainty.calibration import choose_threshold
from strandline.uncertainty.forecaster import Forecaster
from strandline.uncertainty.metrics import overlap_counts, pooled_iou
from strandline.uncertainty.risk_control import miss_rate

NOISE = 0.03
"""Difference in IoU that ten events cannot resolve; nearer to the teacher the closed gap is undefined."""


@dataclass(frozen=True)
class FloodScores:
    """Flood-map scores on the test storms.

    Attributes:
        iou: method → pooled intersection over union of flooded land [-]; NaN where no test storm has a known flood.
        probability, observed: the forecaster's probability and the outcome on every scored cell, for reliability.
        miss_rate: share of a storm's flooded cells that the forecaster missed, mean over storms; NaN without any.
    """

    iou: dict[str, float]
    probability: npt.NDArray[np.float32]
    observed: Mask
    miss_rate: float


def score_floods(
    test: Batch,
    data: AdaptationData,
    forecaster: Forecaster,
    teacher: Teacher,
    others: Mapping[str, Sequence[Student]],
) -> FloodScores:
    """Score every method on the same test storms; each one's threshold is chosen on the training storms.

    For storms far above all of these the students' thresholds are chosen on the simulated extremes, where there are
    any.

    Args:
        test: all streams; its targets are the truth, or what was surveyed.
        data: its training storms choose the thresholds, and its first-pass maps are the teacher's flood archive.
        forecaster: the calibrated ensemble.
        teacher: sees radar.
        others: method → members.
    """
    land_of_test = test.land
    if test.flood_class is None or test.flood_valid is None:
        truth = valid = np.zeros(land_of_test.shape, dtype=bool)  # nothing was surveyed: every score is undefined
    else:
        truth, valid = (test.flood_class > 0).numpy(), (test.flood_valid & land_of_test).numpy()
    training, extremes = data.training, data.physics_augmented
    known, land = (reference_classes(training, data.teacher_predictions.training) > 0).numpy(), training.land.numpy()
    beyond = np.zeros(len(test), dtype=bool) if data.archive is None else data.archive.is_beyond(test).numpy()

    def iou_of(networks: Sequence[Student]) -> float:
        def flooded(batch: Batch) -> SingleFloats:
            return _flood_probability([predict(network, batch) for network in networks])

        without_archive = student_inputs(training.without(*ARCHIVE_STREAMS))  # the archive is the teacher's
        thresholds = np.full((len(test), 1, 1), choose_threshold(flooded(without_archive), known, land))
        if extremes is not None:
            observed, where = (extremes.require("flood_class") > 0).numpy(), extremes.land.numpy()
            thresholds[beyond] = choose_threshold(flooded(extremes.without(*ARCHIVE_STREAMS)), observed, where)
        return pooled_iou(overlap_counts(flooded(student_inputs(test)) >= thresholds, truth, valid))

    def teacher_iou() -> float:
        threshold = choose_threshold(_flood_probability([data.teacher_predictions.training]), known, land)
        prediction = predict_with_tta(teacher, attach_whole_archive(test, data.first_pass))
        return pooled_iou(overlap_counts(_flood_probability([prediction]) >= threshold, truth, valid))

    probability = forecaster.predict(student_inputs(test)).flood_probability
    extent = probability >= forecaster.thresholds(test)[:, None, None]
    scores = {"distilled": pooled_iou(overlap_counts(extent, truth, valid)), "teacher": teacher_iou()}
    scores |= {method: iou_of(members) for method, members in others.items()}
    missed = miss_rate(extent, truth, valid)[(truth & valid).any(axis=(1, 2))]
    return FloodScores(scores, probability[valid], truth[valid], float(missed.mean()) if missed.size else float("nan"))


def _flood_probability(predictions: Sequence[Prediction]) -> SingleFloats:
    """(B, H, W) mean probability that a cell is flooded."""
    mean: SingleFloats = np.mean([1 - each.flood_logits.softmax(1)[:, 0].numpy() for each in predictions], 0)
    return mean


def learning_scores(
    floods: FloodScores, area: StudyArea, split: Split, target_miss_rate: float | None
) -> LearningScores:
    """The learning table: retention S/T, and the gap (S − B)/(T − B) where T − B is more than noise.

    Without the baselines (``RunConfig.evaluate``) B is unknown, and so is the gap.
    """
    teacher, student, base = (floods.iou.get(name) for name in ("teacher", "distilled", "labels_only"))
    assert teacher is not None
    assert student is not None
    survey = area.storm_observations.flood_survey
    labels = 0
    if survey is not None:
        labels = sum(bool(storm.contains(survey["time"].values).any()) for storm in split.training)
    return LearningScores(
        provenance=kind_of_targets(area.storm_observations, split.test),
        teacher_iou=teacher,
        student_iou=student,
        labels_only_iou=base,
        pretrained_iou=floods.iou["pretrained"],
        retention=student / teacher if teacher > 0 else float("nan"),
        gap_closed=None if base is None or teacher - base <= NOISE else (student - base) / (teacher - base),
        n_labels=labels,
        n_test_storms=len(split.test),
        finetuned_iou=floods.iou.get("pretrained_finetuned"),
        miss_rate=None if math.isnan(floods.miss_rate) else floods.miss_rate,
        target_miss_rate=target_miss_rate,
    )


def reliability(floods: FloodScores, bins: int = 10) -> Reliability | None:
    """Forecast and observed frequency of flooding on the test storms, per bin of probability; ``None`` without any."""
    if not floods.observed.size:
        return None
    index = np.minimum((floods.probability * bins).astype(int), bins - 1)
    kept = [i for i in range(bins) if (index == i).any()]
    return Reliability(
        tuple(float(floods.probability[index == i].mean()) for i in kept),
        tuple(float(floods.observed[index == i].mean()) for i in kept),
        tuple(int((index == i).sum()) for i in kept),
    )
