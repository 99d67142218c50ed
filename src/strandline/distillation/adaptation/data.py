"""What a study area offers to learn from, with the teacher's predictions on it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from strandline.distillation.teacher_weight import TeacherWeight, estimate_teacher_weight
from strandline.distillation.waterlines import FloodArchive, archive_of, attach_archive, attach_whole_archive
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.batching import build_storm_batch, build_surge_batch, draw_issues, free_hours, hours_of
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.observations.observations import Observations
from strandline.observations.sea_level.model import SeaLevelModel
from strandline.observations.storms import Split

logger = logging.getLogger(__name__)
MEMORY = ("waterlines", "archive")
"""What only a place with a teacher has: what its maps of past storms say of the ground, and those maps."""
PRIOR_TEACHER_WEIGHT = 0.9
"""Weight of the teacher's word, and trust in its archive, where no label speaks; an assumption."""


@dataclass(frozen=True, eq=False)
class AdaptationData:
    """Everything that a place offers to learn from, seen by the teacher and asked for its word once.

    Attributes:
        training, calibration: storms as the teacher sees them; targets are the local surveys and the gauge. Each
            remembers the training storms, never itself.
        windows: surge windows of the training hours.
        calibration_windows: surge windows of each calibration storm.
        word: the teacher's on ``training``, ``calibration`` and ``windows``.
        first: the teacher's maps of the training storms at first look, which it remembers itself.
        archive: its maps at second look, which students remember, and after them those of ``physics_augmented``; ``None`` where
            they are not to be trusted.
        rehearsed: storms higher than all of the record with what physics makes of them, each remembering all others;
            ``None`` where nothing is asked of such storms.
        teacher: what the labels say of the teacher; its weight multiplies that of the soft targets.
    """

    training: Batch
    calibration: Batch
    windows: Batch
    calibration_windows: tuple[Batch, ...]
    word: dict[str, Prediction]
    first: FloodArchive
    archive: FloodArchive | None
    physics_augmented: Batch | None = None
    teacher: TeacherWeight = field(default_factory=lambda: TeacherWeight(PRIOR_TEACHER_WEIGHT, PRIOR_TEACHER_WEIGHT))


def prepare(
    observations: Observations,
    split: Split,
    sea_level: SeaLevelModel,
    teacher: Teacher,
    n_windows: int,
    rng: np.random.Generator,
) -> AdaptationData:
    """Assemble the batches of a place and ask the teacher about them.

    Raises:
        RefusedByTheory: no hour of the record is left to learn the surge from.
    """
    training = build_storm_batch(observations, split.training, sea_level, "survey")
    calibration = build_storm_batch(observations, split.calibration, sea_level, "survey")
    issue = draw_issues(observations, free_hours(observations, split), sea_level, n_windows, rng)
    windows = build_surge_batch(observations, issue, sea_level, "survey")
    by_storm = tuple(
        build_surge_batch(observations, hours_of(observations, storm), sea_level, "survey")
        for storm in split.calibration
    )
    return prepare_adaptation_from_batches(training, calibration, windows, by_storm, teacher)


def prepare_adaptation_from_batches(
    training: Batch, calibration: Batch, windows: Batch, calibration_windows: tuple[Batch, ...], teacher: Teacher
) -> AdaptationData:
    """Ask the teacher, let it look again beside its own first maps, and let every storm remember what it then said."""
    looks = predict_two_pass(training, teacher)
    word = {
        "training": looks.word,
        "calibration": predict_with_tta(teacher, attach_whole_archive(calibration, looks.first)),
        "windows": predict(teacher, windows, chunk=256),
    }
    return AdaptationData(
        training=attach_archive(training, looks.archive, looks.others),
        calibration=attach_whole_archive(calibration, looks.archive),
        windows=windows,
        calibration_windows=calibration_windows,
        word=word,
        first=looks.first,
        archive=looks.archive,
    )


class TwoPassPrediction(NamedTuple):
    """A teacher's two looks at E storms of a place.

    Attributes:
        first: its maps at first look; ``word``: at the second, beside them; ``archive``: the maps of that.
        others: (E, E) bool, which storms each may remember: all but itself.
    """

    first: FloodArchive
    word: Prediction
    archive: FloodArchive
    others: Tensor


def predict_two_pass(storms: Batch, teacher: Teacher) -> TwoPassPrediction:
    """Ask the teacher about storms of one place, and again beside what it then said of the others."""
    first = archive_of(storms, predict_with_tta(teacher, storms))
    others = ~torch.eye(len(first), dtype=torch.bool)
    word = predict_with_tta(teacher, attach_archive(storms, first, others))
    return TwoPassPrediction(first, word, archive_of(storms, word), others)


def judge(course: AdaptationData, students: Sequence[Student]) -> AdaptationData:
    """Weigh the teacher and its archive by the few local labels, which nobody has learned from yet.

    The teacher's word is compared with that of students without memory, and students who remember with the same who
    do not. An archive that misleads is forgotten.
    """
    batch = course.training
    if batch.flood_class is None or batch.flood_valid is None or course.archive is None:
        return course
    labelled = batch.flood_valid.flatten(1).any(dim=1)
    if not bool(labelled.any()):
        return course
    seen = student_inputs(batch)[labelled]
    classes, valid = batch.flood_class[labelled], batch.flood_valid[labelled] & _land(seen)
    said = course.word["training"].flood_logits
    assert said is not None
    blind, remembering = (_mean_logits(students, view) for view in (seen.without(*MEMORY), seen))
    teacher = estimate_teacher_weight(said[labelled], blind, classes, valid, prior=PRIOR_TEACHER_WEIGHT)
    memory = estimate_teacher_weight(remembering, blind, classes, valid, prior=PRIOR_TEACHER_WEIGHT)
    logger.info("%s Its archive: weight %.2f.", teacher.advice, memory.weight)
    course = replace(course, teacher=teacher)
    return course if memory.weight >= 0.5 else forget(course)


def forget(course: AdaptationData) -> AdaptationData:
    """The same course without the archive and what was drawn from it."""
    training, calibration = (batch.without(*MEMORY) for batch in (course.training, course.calibration))
    physics_augmented = None if course.physics_augmented is None else course.physics_augmented.without(*MEMORY)
    return replace(
        course, training=training, calibration=calibration, physics_augmented=physics_augmented, archive=None
    )


def _mean_logits(students: Sequence[Student], batch: Batch) -> Tensor:
    """Logarithm of the members' mean probability, (B, K, H, W)."""
    words = [predict(student, batch).flood_logits for student in students]
    return torch.stack([word.softmax(dim=1) for word in words if word is not None]).mean(0).clamp(min=1e-6).log()


def _land(batch: Batch) -> Tensor:
    """(B, H, W) cells that can be flooded: known ground that is not permanent water."""
    assert batch.terrain is not None
    assert batch.terrain_seen is not None
    return batch.terrain_seen & (batch.terrain[:, 2] < 0.5)


def reference_word(batch: Batch, word: Prediction) -> Tensor:
    """(B, K, H, W) probabilities to calibrate by: the survey where there is one, 0 or 1, else the teacher's."""
    assert word.flood_logits is not None
    teachers = word.flood_logits.softmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return teachers
    surveyed = functional.one_hot(batch.flood_class, FLOOD_CLASSES).movedim(-1, 1).to(teachers.dtype)
    return torch.where(batch.flood_valid[:, None], surveyed, teachers)


def reference_map(batch: Batch, word: Prediction) -> Tensor:
    """(B, H, W) class map to choose thresholds by: the survey where there is one, else the teacher's map."""
    assert word.flood_logits is not None
    teachers = word.flood_logits.argmax(dim=1)
    if batch.flood_class is None or batch.flood_valid is None:
        return teachers
    return torch.where(batch.flood_valid, batch.flood_class, teachers)
