"""The compared methods: the distilled student, its baselines, and its controls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.delta.cases import Case
from benchmarks.delta.scoring import Predictor
from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.baselines import train_supervised, untrained_students
from strandline.distillation.adaptation.data import (
    ARCHIVE_STREAMS,
    AdaptationData,
    build_adaptation_data,
    weight_teacher_by_labels,
)
from strandline.distillation.adaptation.distil_student import DistillationConfig
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.objective import Consolidation, soft_terms, task_terms
from strandline.distillation.training.loop import train
from strandline.distillation.waterlines import attach_archive, attach_whole_archive, build_archive
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.surge_encoder import peak_of
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students
from strandline.observations.arrays import Mask, SingleFloats

ANALOGS = 3
"""Past storms whose maps are averaged."""


@dataclass(frozen=True)
class Budget:
    """Training budget, equal for all methods.

    Attributes:
        steps, samples: optimiser steps, and storms per step; ``scratch_steps``: of a student with random weights.
        learning_rate: of a student whose weights all learn; ``dropout_rate``: share of streams hidden in training.
        members: students per method.
    """

    steps: int = 30
    scratch_steps: int = 80
    samples: int = 8
    learning_rate: float = 1e-4
    dropout_rate: float = 0.3
    members: int = 1


def mean_probability(networks: Sequence[Teacher | Student], batch: Batch) -> SingleFloats:
    """(n, K, H, W) mean class probability of some networks."""
    logits = [predict(network, batch).require_flood_logits() for network in networks]
    return torch.stack([one.softmax(dim=1) for one in logits]).mean(0).numpy()


def adaptation_data(case: Case, teacher: Teacher) -> AdaptationData:
    """Adaptation data of the case without labels; no storm is set apart for calibration."""
    storms = case.storms(0.0)
    return build_adaptation_data(storms, storms[:1], case.coast.windows, (), teacher)


def with_labels(data: AdaptationData, storms: Batch) -> AdaptationData:
    """The same data with the labels of these training storms."""
    return replace(
        data, training=replace(data.training, flood_class=storms.flood_class, flood_valid=storms.flood_valid)
    )


def teacher_probability(data: AdaptationData, teacher: Teacher, batch: Batch) -> SingleFloats:
    """(n, K, H, W) two-pass prediction of the teacher, its first pass on the training storms as archive."""
    storms = attach_whole_archive(batch.without(*ARCHIVE_STREAMS), data.first_pass)
    return predict_with_tta(teacher, storms).require_flood_logits().softmax(dim=1).numpy()


def with_foreign_teacher(data: AdaptationData, other: AdaptationData) -> AdaptationData:
    """Control, a shuffled teacher: each teacher prediction belongs to a storm of another coast."""
    prediction = other.teacher_predictions.training
    index = torch.arange(len(data.training)) % len(prediction.surge_mean)
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
        data = weight_teacher_by_labels(data, load_students()[: budget.members])
    students = load_students(site_shape=_site_shape(data))[: budget.members]
    archive = data.archive
    if archive is None:  # with an archive only the surge is trained, which is not scored here
        adapt(data, students, _distillation_config(budget, budget.steps), seed)

    def predictor(batch: Batch) -> SingleFloats:
        view = student_inputs(batch)
        if archive is not None and view.archive is None:
            view = attach_whole_archive(view, archive)
        return mean_probability(students, view.without(*without))

    return predictor


def without_archive(students: Sequence[Student]) -> Predictor:
    """Students without a teacher, and so without a flood archive."""
    return lambda batch: mean_probability(students, student_inputs(batch.without(*ARCHIVE_STREAMS)))


def labels_only(data: AdaptationData, budget: Budget, seed: int) -> list[Student]:
    """Students with random initial weights, trained on the local labels."""
    students = untrained_students(budget.members, _site_shape(data), seed)
    return train_supervised(data, students, _distillation_config(budget, budget.scratch_steps), seed, all_weights=True)


def fine_tune(
    student: Student,
    storms: Batch,
    consolidation: Sequence[Consolidation],
    budget: Budget,
    seed: int,
    pseudo: Prediction | None = None,
) -> Student:
    """Train all weights of the map on the labels, and on pseudo-labels if given; changes the student in place.

    Args:
        storms: of the coast, with the labels that may be used.
        consolidation: terms against forgetting other coasts; none = free fine-tuning.
        pseudo: the student's own earlier prediction on ``storms``.
    """
    own = student_inputs(storms.without(*ARCHIVE_STREAMS))
    labelled = own.require("flood_valid").flatten(1).any(dim=1).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)

    def draw(pool: Tensor) -> Tensor:
        return pool[torch.randint(0, len(pool), (budget.samples // 2,), generator=generator)]

    def predict_with_dropout(batch: Batch) -> tuple[Prediction, Batch]:
        seen = modality_dropout(batch, budget.dropout_rate, generator)
        return student(seen), seen

    def loss(_: int) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        if len(labelled):
            terms["labels"] = task_terms(*predict_with_dropout(own[draw(labelled)]), 1.0)["flood_task"]
        for term in consolidation:
            terms |= term.terms(student, generator)
        if pseudo is not None:
            index = draw(torch.arange(len(own)))
            prediction, seen = predict_with_dropout(own[index])
            terms["pseudo"] = soft_terms(prediction, pseudo[index], seen, 1.0, 1.0)["flood_soft"]
        return terms

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student.train()
        trained = [weight for name, weight in student.named_parameters() if name.startswith(("map.", "site_memory"))]
        train(trained, loss, budget.steps, budget.learning_rate)
        student.eval()
    return student


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
    probability = np.zeros((len(flooded), FLOOD_CLASSES, *flooded.shape[1:]), dtype=np.float32)
    probability[:, 0], probability[:, 1] = ~flooded, flooded
    return probability


def weights_of(networks: Sequence[nn.Module]) -> bytes:
    """All weights of some networks, as a key of what depends on them."""
    return b"".join(tensor.numpy().tobytes() for network in networks for tensor in network.state_dict().values())


def digest(*parts: object) -> str:
    """Twelve digits that identify weights (bytes) and settings (anything that prints in full)."""
    content = b" ".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    return hashlib.sha256(content).hexdigest()[:12]


def _distillation_config(budget: Budget, steps: int) -> DistillationConfig:
    return DistillationConfig(steps=steps, samples=budget.samples, windows=0, dropout_rate=budget.dropout_rate)


def _site_shape(data: AdaptationData) -> tuple[int, int]:
    rows, columns = data.training.land.shape[-2:]
    return rows, columns


def _with_teacher_prediction(data: AdaptationData, prediction: Prediction) -> AdaptationData:
    archive = build_archive(data.training.without(*ARCHIVE_STREAMS), prediction)
    training = attach_archive(data.training, archive, ~torch.eye(len(archive), dtype=torch.bool))
    predictions = replace(data.teacher_predictions, training=prediction)
    return replace(data, training=training, archive=archive, teacher_predictions=predictions)
