"""The distilled student, the same student with an archive of its own maps, and the controls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from benchmarks.delta.cases import Case
from benchmarks.delta.scoring import Predictor
from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.data import (
    ARCHIVE_STREAMS,
    AdaptationData,
    build_adaptation_data,
    reference_probability,
    weight_teacher_by_labels,
)
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.waterlines.archive_streams import attach_archive, attach_whole_archive
from strandline.distillation.waterlines.flood_archive import FloodArchive, build_archive
from strandline.distillation.waterlines.peak_levels import peak_levels
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.encoders.gauges import peak_of
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import Mask, SingleFloats

ANALOGS = 3
"""Past storms whose maps are averaged."""


@dataclass(frozen=True)
class Budget:
    """Training budget, equal for all methods.

    Attributes:
        steps, samples: optimiser steps, and storms per step; ``scratch_steps``: of a student with random weights;
            ``unet_steps``: of the fine-tuned student that has its own archive.
        learning_rate: of a student whose weights all learn; ``dropout_rate``: share of streams hidden in training.
        members: students per method; ``ceiling_rounds``: at most so many rounds of the ceiling;
            ``tree_rounds``: of boosting.
    """

    steps: int = 30
    scratch_steps: int = 80
    unet_steps: int = 80
    ceiling_rounds: int = 60
    tree_rounds: int = 150
    samples: int = 8
    learning_rate: float = 1e-4
    dropout_rate: float = 0.3
    members: int = 1


def mean_probability(networks: Sequence[Teacher | Student], batch: Batch) -> SingleFloats:
    """(n, K, H, W) mean class probability of some networks."""
    logits = [predict(network, batch).flood_logits for network in networks]
    return torch.stack([one.softmax(dim=1) for one in logits]).mean(0).numpy()


def adaptation_data(case: Case, teacher: Teacher) -> AdaptationData:
    """Adaptation data of the case without labels; no storm is set apart for calibration."""
    storms = case.storms(0.0)
    return build_adaptation_data(storms, storms[:1], teacher)


def own_data(case: Case, storms: Batch | None = None) -> AdaptationData:
    """Adaptation data in which the shipped student itself takes the teacher's place: no teacher, no radar, no label.

    Args:
        storms: the training storms as the student's archive is made of them; those of the case where not given.

    Returns:
        The student's first pass over its own inputs, its second pass with the first as archive, and the archive of the
        second: the two passes and eight orientations that the teacher has. The levels of the past storms are those of
        the teacher's archive, since gauges are data that no teacher has to see.
    """
    inputs = student_inputs(case.storms(0.0) if storms is None else storms)
    data = build_adaptation_data(inputs, inputs[:1], load_students(members=1)[0])
    assert data.archive is not None
    level, level_sd = peak_levels(case.storms(0.0))
    return _with_archive(data, replace(data.archive, level=level, level_sd=level_sd))


def with_surveys(data: AdaptationData) -> AdaptationData:
    """The same data with an archive that holds the labels where there are any."""
    assert data.archive is not None
    maps = reference_probability(data.training, data.teacher_predictions.training)
    return _with_archive(data, replace(data.archive, class_probability=maps))


def with_labels(data: AdaptationData, storms: Batch) -> AdaptationData:
    """The same data with the labels of these training storms."""
    return replace(
        data, training=replace(data.training, flood_class=storms.flood_class, flood_valid=storms.flood_valid)
    )


def teacher_probability(data: AdaptationData, teacher: Teacher, batch: Batch) -> SingleFloats:
    """(n, K, H, W) two-pass prediction of the teacher, its first pass on the training storms as archive."""
    storms = attach_whole_archive(batch.without(*ARCHIVE_STREAMS), data.first_pass)
    return predict_with_tta(teacher, storms).flood_logits.softmax(dim=1).numpy()


def with_foreign_teacher(data: AdaptationData, other: AdaptationData) -> AdaptationData:
    """Control, a shuffled teacher: each teacher prediction belongs to a storm of another coast."""
    prediction = other.teacher_predictions.training
    index = torch.arange(len(data.training)) % len(prediction.flood_logits)
    return _with_teacher_prediction(data, prediction[index])


def without_refinement(data: AdaptationData) -> AdaptationData:
    """The same data with the first pass of the teacher alone."""
    logits = data.first_pass.class_probability.clamp(min=1e-6).log()
    return _with_teacher_prediction(data, replace(data.teacher_predictions.training, flood_logits=logits))


def distilled(
    data: AdaptationData, budget: Budget, seed: int, *, weighted: bool = True, without: Sequence[str] = ()
) -> Predictor:
    """The adaptation of the library: weight the teacher by the labels, then attach the archive or train the site map.

    Args:
        weighted: whether the labels may reject the teacher.
        without: archive streams that are switched off.
    """
    if weighted:
        data = weight_teacher_by_labels(data, load_students(members=budget.members))
    students = load_students(site_shape=site_shape(data), members=budget.members)
    archive = data.archive
    if archive is None:  # with an archive nothing is trained
        adapt(data, students, distillation_config(budget, budget.steps), seed)
        return lambda batch: mean_probability(students, student_inputs(batch).without(*without))
    return with_archive(students, archive, without)


def with_archive(students: Sequence[Student], archive: FloodArchive, without: Sequence[str] = ()) -> Predictor:
    """Students that read an archive; storms that bring a part of it along, as training storms do, keep that.

    Args:
        without: archive streams that are switched off.
    """
    return lambda batch: mean_probability(students, read_archive(batch, archive).without(*without))


def read_archive(batch: Batch, archive: FloodArchive) -> Batch:
    """A student's inputs with the archive, unless the storms bring a part of it along."""
    view = student_inputs(batch)
    return attach_whole_archive(view, archive) if view.archive is None else view


def without_archive(students: Sequence[Student]) -> Predictor:
    """Students without a teacher, and so without a flood archive."""
    return lambda batch: mean_probability(students, student_inputs(batch.without(*ARCHIVE_STREAMS)))


def distillation_config(budget: Budget, steps: int) -> DistillationConfig:
    """Configuration of a training on the storms of a coast alone."""
    return DistillationConfig(steps=steps, samples=budget.samples, dropout_rate=budget.dropout_rate)


def site_shape(data: AdaptationData) -> tuple[int, int]:
    """Rows and columns of a coast."""
    rows, columns = data.training.land.shape[-2:]
    return rows, columns


def nearest_analogs(data: AdaptationData) -> Predictor:
    """Mean of the teacher's maps of the past storms with the nearest peak level at the own gauge."""
    assert data.archive is not None
    archive = data.archive

    def predictor(batch: Batch) -> SingleFloats:
        distance = (peak_of(student_inputs(batch))[:, None] - archive.level).abs()
        nearest = distance.topk(min(ANALOGS, len(archive)), largest=False).indices
        return archive.class_probability[nearest].mean(1).numpy()

    return predictor


def as_probability(flooded: Mask) -> SingleFloats:
    """Class probabilities (n, K, H, W) of a binary map without depths: 1 on dry or on the lowest flooded class."""
    return as_probability_of_flood(flooded.astype(np.float32))


def as_probability_of_flood(flooded: SingleFloats) -> SingleFloats:
    """Class probabilities (n, K, H, W) from the probability of any flood (n, H, W): all on the lowest flooded class."""
    probability = np.zeros((len(flooded), FLOOD_CLASSES, *flooded.shape[1:]), dtype=np.float32)
    probability[:, 0], probability[:, 1] = 1 - flooded, flooded
    return probability


def weights_of(networks: Sequence[nn.Module]) -> bytes:
    """All weights of some networks, as a key of what depends on them."""
    return b"".join(tensor.numpy().tobytes() for network in networks for tensor in network.state_dict().values())


def digest(*parts: object) -> str:
    """Twelve digits that identify weights (bytes) and settings (anything that prints in full)."""
    content = b" ".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    return hashlib.sha256(content).hexdigest()[:12]


def _with_teacher_prediction(data: AdaptationData, prediction: Prediction) -> AdaptationData:
    archive = build_archive(data.training.without(*ARCHIVE_STREAMS), prediction)
    predictions = replace(data.teacher_predictions, training=prediction)
    return replace(_with_archive(data, archive), teacher_predictions=predictions)


def _with_archive(data: AdaptationData, archive: FloodArchive) -> AdaptationData:
    """The same data with another archive of the same storms, each of which gets all of it but itself."""
    training = attach_archive(data.training, archive, ~torch.eye(len(archive), dtype=torch.bool))
    return replace(data, training=training, archive=archive)
