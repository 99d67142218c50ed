"""The data that a study area offers for adaptation, with the teacher's predictions on it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from strandline.distillation.adaptation.radar_scenes import CompiledScenes
from strandline.distillation.adaptation.teacher_weight import TeacherWeight, estimate_teacher_weight
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive, SceneLevels, build_archive
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.batching import build_storm_batch
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.observations import Observations
from strandline.observations.sea_level.surge.model import SeaLevelModel
from strandline.observations.weather.storms import Split

logger = logging.getLogger(__name__)
ARCHIVE_STREAMS = ("waterlines", "archive")
"""Modalities that are computed from the teacher's maps of past storms."""
PRIOR_TEACHER_WEIGHT = 0.9
"""Weight of the teacher's predictions, and of its archive, without any label; an assumption."""


@dataclass(frozen=True)
class TeacherPredictions:
    """The teacher's predictions on the two batches of `AdaptationData` with the same names."""

    training: Prediction
    calibration: Prediction


@dataclass(frozen=True, eq=False)
class AdaptationData:
    """Everything that a study area offers for adaptation, with the teacher's predictions computed once.

    Attributes:
        training, calibration: storms with the teacher's inputs; targets are the local surveys. Each storm carries
            the archive of the place, without itself.
        teacher_predictions: on ``training`` and ``calibration``.
        first_pass: the teacher's first-pass maps, the archive that the teacher itself uses: of the place's radar scenes
            where it has any, else of the training storms.
        archive: its second-pass maps, the archive that students use, followed by the maps of ``physics_augmented``;
            ``None`` where the labels show that the archive misleads.
        physics_augmented: simulated storms higher than all of the record, each with the archive of all others; ``None``
            where no such storm has to be mapped.
        teacher_weight: estimated from the labels; it multiplies the weight of all that comes from the teacher.
        archive_weight: likewise of the archive that students use; ``None`` = not estimated.
    """

    training: Batch
    calibration: Batch
    teacher_predictions: TeacherPredictions
    first_pass: FloodArchive
    archive: FloodArchive | None
    physics_augmented: Batch | None = None
    teacher_weight: TeacherWeight = field(
        default_factory=lambda: TeacherWeight(PRIOR_TEACHER_WEIGHT, PRIOR_TEACHER_WEIGHT)
    )
    archive_weight: TeacherWeight | None = None


def prepare_adaptation(
    observations: Observations,
    split: Split,
    sea_level: SeaLevelModel,
    teacher: Teacher,
    scenes: CompiledScenes | None = None,
) -> AdaptationData:
    """Build the batches of a study area and compute the teacher's predictions on them.

    Args:
        scenes: the radar scenes of the place; ``None`` = radar saw every storm.
    """
    training = build_storm_batch(observations, split.training, sea_level, "survey")
    calibration = build_storm_batch(observations, split.calibration, sea_level, "survey")
    if scenes is None:
        return build_adaptation_data(training, calibration, teacher)
    usable = torch.from_numpy(scenes.outside(split.training))
    return build_adaptation_data(training, calibration, teacher, (scenes, usable))


def build_adaptation_data(
    training: Batch,
    calibration: Batch,
    teacher: Teacher | Student,
    archived: tuple[CompiledScenes, Tensor] | None = None,
) -> AdaptationData:
    """Compute the teacher's two-pass predictions and attach the archive of its second pass to every storm.

    Args:
        teacher: may be a student on its own inputs, whose archive then holds its own maps: a baseline of its own.
        archived: radar scenes of which the archive is made, and (S, E) bool, which of them each training storm may use;
            ``None`` = it is made of the training storms.
    """
    if archived is None:
        two_pass = predict_two_pass(training, teacher)
        usable, of_training = two_pass.other_storms, two_pass.prediction
    else:
        scenes, usable = archived
        two_pass = predict_two_pass(scenes.floods, teacher, scenes.levels)
        of_training = predict_with_tta(teacher, attach_archive(training, two_pass.first_pass, usable))
    predictions = TeacherPredictions(
        training=of_training,
        calibration=predict_with_tta(teacher, attach_whole_archive(calibration, two_pass.first_pass)),
    )
    return AdaptationData(
        training=attach_archive(training, two_pass.archive, usable),
        calibration=attach_whole_archive(calibration, two_pass.archive),
        teacher_predictions=predictions,
        first_pass=two_pass.first_pass,
        archive=two_pass.archive,
    )


class TwoPassPrediction(NamedTuple):
    """A teacher's two passes over E storms of one study area.

    Attributes:
        first_pass: maps of the first pass; ``prediction``: of the second pass, which takes the first-pass maps of the
            other storms as input; ``archive``: maps of the second pass.
        other_storms: (E, E) bool, the archive storms that each storm may use: all but itself.
    """

    first_pass: FloodArchive
    prediction: Prediction
    archive: FloodArchive
    other_storms: Tensor


def predict_two_pass(storms: Batch, teacher: Teacher | Student, scenes: SceneLevels | None = None) -> TwoPassPrediction:
    """Predict the storms of one study area, then again with the first-pass maps of the other storms as input.

    Args:
        scenes: the sea's levels where the batch holds radar scenes instead of storms.
    """
    first_pass = build_archive(storms, predict_with_tta(teacher, storms), scenes)
    other_storms = ~torch.eye(len(first_pass), dtype=torch.bool)
    prediction = predict_with_tta(teacher, attach_archive(storms, first_pass, other_storms))
    return TwoPassPrediction(first_pass, prediction, build_archive(storms, prediction, scenes), other_storms)


def weight_teacher_by_labels(data: AdaptationData, students: Sequence[Student]) -> AdaptationData:
    """Weight the teacher and its archive by the few local labels, before any student is trained on them.

    The teacher's predictions are compared with those of students without an archive, and students with an archive with
    the same students without. An archive that misleads is dropped. One that holds simulated extremes is dropped only
    where the labels turn the prior around: they come from lower storms, and without it nothing says how the place
    floods at the levels that have to be mapped.
    """
    batch = data.training
    if batch.flood_class is None or batch.flood_valid is None or data.archive is None:
        return data
    labelled = batch.flood_valid.flatten(1).any(dim=1)
    if not bool(labelled.any()):
        return data
    inputs = student_inputs(batch)[labelled]
    classes, valid = batch.flood_class[labelled], batch.flood_valid[labelled] & inputs.land
    of_teacher = data.teacher_predictions.training.flood_logits
    without, with_archive = (_mean_logits(students, view) for view in (inputs.without(*ARCHIVE_STREAMS), inputs))
    teacher = estimate_teacher_weight(of_teacher[labelled], without, classes, valid, prior=PRIOR_TEACHER_WEIGHT)
    archive = estimate_teacher_weight(with_archive, without, classes, valid, prior=PRIOR_TEACHER_WEIGHT)
    logger.info("%s Weight of its archive: %.2f.", teacher.advice, archive.weight)
    data = replace(data, teacher_weight=teacher, archive_weight=archive)
    least = 0.5 if data.physics_augmented is None else 1.0 - PRIOR_TEACHER_WEIGHT
    return data if archive.weight >= least else drop_archive(data)


def drop_archive(data: AdaptationData) -> AdaptationData:
    """The same data without the archive and what was computed from it."""
    training, calibration = (batch.without(*ARCHIVE_STREAMS) for batch in (data.training, data.calibration))
    physics_augmented = None if data.physics_augmented is None else data.physics_augmented.without(*ARCHIVE_STREAMS)
    return replace(data, training=training, calibration=calibration, physics_augmented=physics_augmented, archive=None)


def _mean_logits(students: Sequence[Student], batch: Batch) -> Tensor:
    """Logarithm of the members' mean probability, (B, K, H, W)."""
    members = [predict(student, batch).flood_logits.softmax(dim=1) for student in students]
    return torch.stack(members).mean(0).clamp(min=1e-6).log()


def reference_probability(batch: Batch, prediction: Prediction) -> Tensor:
    """(B, K, H, W) probabilities to calibrate against: 0 or 1 where there is a survey, else the teacher's."""
    of_teacher = prediction.flood_logits.softmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return of_teacher
    surveyed = functional.one_hot(batch.flood_class, FLOOD_CLASSES).movedim(-1, 1).to(of_teacher.dtype)
    return torch.where(batch.flood_valid[:, None], surveyed, of_teacher)


def reference_classes(batch: Batch, prediction: Prediction) -> Tensor:
    """(B, H, W) classes to choose thresholds on: the survey where there is one, else the teacher's likeliest class."""
    of_teacher = prediction.flood_logits.argmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return of_teacher
    return torch.where(batch.flood_valid, batch.flood_class, of_teacher)
