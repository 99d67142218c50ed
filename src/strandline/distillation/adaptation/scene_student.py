"""Adaptation of a scene student to one flood: soft targets of the committee, few labels, replay of other floods."""

from copy import deepcopy
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from strandline.distillation.adaptation.teacher_weight import TeacherWeight, estimate_teacher_weight
from strandline.distillation.alignment.kernel_alignment import AlignmentName, build_alignment, patch_probabilities
from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.samples import GUIDE, Samples
from strandline.distillation.pretraining.scenes.train import Guide, Source, TrainingConfig, train_network
from strandline.distillation.training.loop import Progress
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction
from strandline.models.flood.dense_transformer import DenseTransformer

TUNING = 8
"""Scenes on which the kernel of an alignment is tuned."""


@dataclass(frozen=True)
class SceneDistillation:
    """Terms of the distillation, with weights chosen on floods that are not reported.

    Attributes:
        soft, task, replay, feature: weights of the teacher's probabilities, of the labels of the flood, of labelled
            scenes of other floods, and of the alignment of patches; ``alignment``: its kind.
        first_temperature, last_temperature: of the soft targets.
        weighted: whether the few labels may lower the weight of the teacher.
        prior: weight of the teacher without labels.
        steps, learning_rate: of AdamW; ``batch``: pairs per step.
    """

    soft: float = 1.0
    task: float = 0.2
    replay: float = 0.2
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    first_temperature: float = 2.0
    last_temperature: float = 1.0
    weighted: bool = True
    prior: float = 0.8
    steps: int = 150
    learning_rate: float = 1e-3
    batch: int = 6
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, eq=False)
class FloodPairs:
    """Scenes of one flood that the student is adapted on.

    Attributes:
        samples: the student's streams; targets are the teacher's probabilities, known where both see.
        labelled: the few of them with labels as targets; ``None`` = none.
        teacher_on_labelled: (L, H, W) the teacher's probabilities there.
        replay: labelled scenes of other floods in the student's streams.
    """

    samples: Samples
    labelled: Samples | None
    teacher_on_labelled: Tensor | None
    replay: Samples


def weigh_teacher(student_on_labelled: Tensor, pairs: FloodPairs, prior: float) -> TeacherWeight:
    """Compare the teacher with the unadapted student on the labels; neither was trained on them.

    Args:
        student_on_labelled: (L, H, W) its probabilities.
    """
    if pairs.labelled is None or pairs.teacher_on_labelled is None:
        return TeacherWeight(prior, prior)
    return estimate_teacher_weight(
        _logits(pairs.teacher_on_labelled),
        _logits(student_on_labelled),
        (pairs.labelled.target > 0.5).long(),
        pairs.labelled.known,
        prior=prior,
        block=32,
    )


def distil_scene_student(
    student: DenseCNN,
    pairs: FloodPairs,
    config: SceneDistillation,
    weight: float,
    seed: int,
    teacher: DenseTransformer | None = None,
    progress: Progress | None = None,
) -> DenseCNN:
    """A copy of the student, distilled on every pair and trained on the few labels.

    Args:
        weight: of the teacher, from `weigh_teacher`; labels and replay take the rest: at 0 this is plain fine-tuning.
        teacher: whose patches are aligned with, where ``config.feature`` is above 0; the samples then hold its streams
            too, their names beginning with ``GUIDE``.
    """
    rest = 1 - weight
    share = round(1 + (config.batch / 2 - 1) * rest)
    sources = []
    if weight > 0 and config.soft > 0:
        guide = None if teacher is None or config.feature == 0 else _guide(student, teacher, pairs.samples, config)
        sources.append(Source(pairs.samples, max(2, config.batch - 2 * share), config.soft * weight, True, guide))
    if pairs.labelled is not None and config.task > 0:
        sources.append(Source(pairs.labelled, share, config.task + (1 - config.task) * rest))
    if config.replay > 0:
        sources.append(Source(pairs.replay, share, config.replay + (1 - config.replay) * rest))
    training = TrainingConfig(
        config.steps, config.learning_rate, config.augmentation, averaging=0.95,
        first_temperature=config.first_temperature, last_temperature=config.last_temperature,
    )  # fmt: skip
    return train_network(deepcopy(student), sources, training, seed, progress)


def predict_guide(teacher: DenseTransformer, samples: Samples) -> MapPrediction:
    """What a guiding teacher says about the few samples on which the kernel of an alignment is tuned."""
    few = samples[slice(0, TUNING)]
    streams = {name: (value.float(), seen) for name, (value, seen) in few.streams.items()}
    with torch.no_grad():
        prediction: MapPrediction = teacher.eval()(streams)
    return prediction


def _guide(student: DenseCNN, teacher: DenseTransformer, samples: Samples, config: SceneDistillation) -> Guide:
    """The teacher with an alignment whose kernel is tuned on a few of the samples."""
    theirs = {name.removeprefix(GUIDE): pair for name, pair in samples.streams.items() if name.startswith(GUIDE)}
    prediction = predict_guide(teacher, replace(samples, streams=theirs))
    alignment = build_alignment(
        config.alignment, student.feature_width, prediction.features, patch_probabilities(prediction.logits)
    )
    return Guide(teacher, alignment, config.feature)


def with_guide(samples: Samples, teachers: Samples) -> Samples:
    """The samples with the streams of a guiding teacher beside the student's."""
    theirs = {f"{GUIDE}{name}": pair for name, pair in teachers.streams.items()}
    return replace(samples, streams={**samples.streams, **theirs})


def _logits(probability: Tensor) -> Tensor:
    """(N, H, W) → (N, 2, H, W)."""
    wet = probability.float().clamp(1e-4, 1 - 1e-4)
    return torch.stack([(1 - wet).log(), wet.log()], dim=1)
