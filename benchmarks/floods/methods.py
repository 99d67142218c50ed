"""The compared methods: students of one event with and without its labels, with and without a teacher."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.floods.networks import PyramidDecoder, prototypes_and_availability
from benchmarks.floods.scoring import Reference, choose_threshold
from benchmarks.floods.teachers import average_probabilities
from benchmarks.floods.training import Source, TrainingConfig, predict, train_network
from benchmarks.floods.views import (
    STUDENT_STREAMS,
    TEACHER_STREAMS,
    Setting,
    Views,
    student_inputs,
    teacher_inputs,
)
from strandline.distillation.alignment.kernel_alignment import AlignmentName
from strandline.distillation.losses import flood_probability
from strandline.distillation.teacher_weight import TeacherWeight, estimate_teacher_weight
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.observations.arrays import Indices

STUDENT_WIDTH = 16
THRESHOLD_CHIPS = 48
"""Chips of other events that choose a threshold."""


@dataclass(frozen=True)
class Budget:
    """Optimiser steps, equal for methods with the same initial weights.

    Attributes:
        teacher_steps, student_steps: pre-training on many events; ``adaptation_steps``: to one event;
            ``scratch_steps``: of a student with random weights.
    """

    teacher_steps: int = 2500
    student_steps: int = 2000
    adaptation_steps: int = 60
    scratch_steps: int = 150


@dataclass(frozen=True)
class DistillationConfig:
    """Terms of the distillation, with weights chosen on events that are not reported.

    Attributes:
        soft, task, replay, feature: weights of the soft targets, of the labels of the event, of the labelled chips of
            other events, and of the alignment of patches; ``alignment``: its kind.
        weighted: whether the few labels may lower the weight of the teacher.
        adapted: whether the teacher is averaged with one that is fine-tuned on the few labels.
        prior: weight of the teacher without labels.
    """

    soft: float = 1.0
    task: float = 0.2
    replay: float = 0.2
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    weighted: bool = True
    adapted: bool = True
    prior: float = 0.8


ABLATIONS = {
    "distilled_without_task": DistillationConfig(task=0.0),
    "distilled_without_replay": DistillationConfig(replay=0.0),
    "distilled_without_diagnosis": DistillationConfig(weighted=False),
    "distilled_without_adapted_teacher": DistillationConfig(adapted=False),
    "distilled_with_features": DistillationConfig(feature=0.3),
}
"""One term switched off, or on, at a time."""


@dataclass(frozen=True, eq=False)
class SourceNetworks:
    """Networks trained on other events.

    Attributes:
        for_teacher, for_student: labelled chips of other events, with the streams of each.
        teacher, student: the networks trained on them.
        threshold_chips: some of these chips, to choose thresholds on.
    """

    for_teacher: Source
    for_student: Source
    teacher: DenseTransformer
    student: DenseCNN
    threshold_chips: Views

    def replay(self, weight: float, size: int) -> Source:
        """Labelled chips of other events as a source of training."""
        return replace(self.for_student, task=weight, size=size)


@dataclass(frozen=True, eq=False)
class EventTask:
    """One event with few labels.

    Attributes:
        pairs: training chips, of which ``labelled`` (indices) have a mask.
        setting: streams of the student; ``seed``: of every draw.
    """

    pairs: Views
    labelled: Indices
    setting: Setting
    seed: int
    budget: Budget


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network, and for each setting the training maps on which its threshold is chosen."""

    network: DenseCNN | DenseTransformer
    references: Callable[[Setting], list[Reference]]

    def threshold(self, setting: Setting) -> float:
        """Probability from which a cell counts as flooded; it depends on the streams."""
        return choose_threshold(self.references(setting))


def sampling_weights(sizes: list[int]) -> Tensor:
    """(ΣN,) weights of chips, so that an event counts with the square root of its size."""
    return torch.cat([torch.full((size,), size**-0.5, dtype=torch.float64) for size in sizes])


def new_teacher(seed: int) -> DenseTransformer:
    """A Vision Transformer with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenseTransformer(TEACHER_STREAMS, 2, width=64, decoder=PyramidDecoder).eval()


def new_student(seed: int) -> DenseCNN:
    """A small convolutional network for any subset of the streams, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student = DenseCNN(
            STUDENT_STREAMS,
            2,
            width=STUDENT_WIDTH,
            context_width=2 * (STUDENT_WIDTH + 1) + len(STUDENT_STREAMS),
            own_context=prototypes_and_availability,
            sparse=("in_situ",),
        )
        return student.eval()


def train_teacher(source: Source, steps: int, seed: int) -> DenseTransformer:
    """Train a teacher on the labels of many events, on whole chips."""
    return train_network(new_teacher(seed), [source], TrainingConfig(steps, 3e-3, piece=source.views.side), seed)


def pretrain_student(source: Source, setting: Setting, steps: int, seed: int) -> DenseCNN:
    """Train a student on the labels of many events."""
    steps *= setting.steps_factor
    return train_network(new_student(seed), [source], _training_config(setting, steps, 3e-3, source.views.side), seed)


def adapt_teacher(networks: SourceNetworks, task: EventTask) -> TrainedNetwork:
    """The teacher, fine-tuned on the few labels of the event with replay of other events."""
    network = deepcopy(networks.teacher)
    own = task.pairs[task.labelled]
    sources = [Source(own, teacher_inputs(own), 8), networks.for_teacher]
    train_network(network, sources, TrainingConfig(task.budget.adaptation_steps, 5e-4), task.seed)
    references = [
        reference_of(predict(network, some, teacher_inputs).logits, some) for some in (own, networks.threshold_chips)
    ]
    return TrainedNetwork(network, lambda _: references)


def labels_only(task: EventTask) -> TrainedNetwork:
    """A student with random weights, trained on the few labels of the event alone."""
    network = new_student(task.seed)
    own = task.pairs[task.labelled]
    source = Source(own, student_inputs(own, task.setting), 6)
    train_network(
        network, [source], _training_config(task.setting, task.budget.scratch_steps, 3e-3, task.pairs.side), task.seed
    )
    return TrainedNetwork(network, lambda setting: [reference_of(logits_of(network, own, setting), own)])


def source_teacher(networks: SourceNetworks) -> TrainedNetwork:
    """The teacher of other events, not adapted."""
    references = [
        reference_of(
            predict(networks.teacher, networks.threshold_chips, teacher_inputs).logits, networks.threshold_chips
        )
    ]
    return TrainedNetwork(networks.teacher, lambda _: references)


def pretrained(networks: SourceNetworks) -> TrainedNetwork:
    """The student of other events, not adapted."""
    student, threshold_chips = networks.student, networks.threshold_chips
    return TrainedNetwork(
        student, lambda setting: [reference_of(logits_of(student, threshold_chips, setting), threshold_chips)]
    )


def fine_tuned(networks: SourceNetworks, task: EventTask) -> TrainedNetwork:
    """The student of other events, fine-tuned on the labels of the event with replay: the strong baseline."""
    network = _adapt_student(networks, task, [_labels(task, 1.0, 3), networks.replay(1.0, 3)])
    return _with_labelled_references(network, networks, task)


def self_training(networks: SourceNetworks, task: EventTask, start: TrainedNetwork) -> TrainedNetwork:
    """As `distilled`, with the fine-tuned student as the teacher."""
    teacher_logits = logits_of(start.network, task.pairs, task.setting)
    return _distil(networks, task, teacher_logits, 1.0, DistillationConfig())


@dataclass(frozen=True, eq=False)
class TeacherPredictions:
    """Predictions of the teachers on the training pairs.

    Attributes:
        unadapted: of the teacher of other events; ``adapted``: of the one fine-tuned on the few labels, or ``None``.
    """

    unadapted: MapPrediction
    adapted: MapPrediction | None


def shuffle(predictions: TeacherPredictions, order: Tensor) -> TeacherPredictions:
    """The same predictions in another order of the chips."""
    prediction = predictions.unadapted
    features = {name: value[order] for name, value in prediction.features.items()}
    return TeacherPredictions(MapPrediction(prediction.logits[order], prediction.decoded, features), None)


def distilled(
    networks: SourceNetworks, task: EventTask, predictions: TeacherPredictions, config: DistillationConfig
) -> tuple[TrainedNetwork, TeacherWeight]:
    """The student of other events, distilled on every pair and trained on the few labels.

    The few labels weight the teacher against the unadapted student; neither was trained on them.
    """
    at, own = torch.from_numpy(task.labelled), task.pairs[task.labelled]
    teacher_weight = estimate_teacher_weight(
        predictions.unadapted.logits[at],
        logits_of(networks.student, own, task.setting),
        own.labels,
        own.label_mask,
        prior=config.prior,
        block=32,
    )
    weight = teacher_weight.weight if config.weighted else 1.0
    teacher_logits = predictions.unadapted.logits
    if config.adapted and predictions.adapted is not None:
        teacher_logits = average_probabilities([teacher_logits, predictions.adapted.logits], torch.tensor([1.0, 1.0]))
    return _distil(
        networks, task, teacher_logits, weight, config, predictions.unadapted.features["patches"]
    ), teacher_weight


def _distil(
    networks: SourceNetworks,
    task: EventTask,
    teacher_logits: Tensor,
    weight: float,
    config: DistillationConfig,
    patches: Tensor | None = None,
) -> TrainedNetwork:
    """Soft targets on every pair, scaled by ``weight``; labels and replay take the rest of the weight."""
    pairs = Source(
        task.pairs,
        student_inputs(task.pairs, task.setting),
        4,
        task=0.0,
        teacher_logits=teacher_logits,
        soft=config.soft * weight,
        patches=patches,
        feature=config.feature * weight,
        alignment=config.alignment,
    )
    label_share = 1 - weight  # at weight 0 this equals `fine_tuned`
    size = round(1 + 2 * label_share)
    sources = [pairs] if weight > 0 else []
    if config.task > 0:
        sources.append(_labels(task, config.task + (1 - config.task) * label_share, size))
    if config.replay > 0:
        sources.append(networks.replay(config.replay + (1 - config.replay) * label_share, size))
    network = _adapt_student(networks, task, sources)
    if weight < 0.5:  # maps of a rejected teacher choose no threshold
        return _with_labelled_references(network, networks, task)
    truth = flood_probability(teacher_logits).numpy() >= 0.5
    truth[task.labelled] = task.pairs.chips.mask[task.labelled]
    known = task.pairs.seen.numpy() & ~task.pairs.water

    def references(setting: Setting) -> list[Reference]:
        return [Reference(flood_probability(logits_of(network, task.pairs, setting)).numpy(), truth, known)]

    return TrainedNetwork(network, references)


def _training_config(setting: Setting, steps: int, learning_rate: float, side: int) -> TrainingConfig:
    return TrainingConfig(steps, learning_rate, piece=side, dropout_rate=setting.dropout_rate)


def _adapt_student(networks: SourceNetworks, task: EventTask, sources: list[Source]) -> DenseCNN:
    return train_network(
        deepcopy(networks.student),
        sources,
        _training_config(task.setting, task.budget.adaptation_steps, 1e-3, task.pairs.side),
        task.seed,
    )


def _with_labelled_references(network: DenseCNN, networks: SourceNetworks, task: EventTask) -> TrainedNetwork:
    """A network whose threshold is chosen on labelled chips of the event and of other events, with equal weight."""
    parts = task.pairs[task.labelled], networks.threshold_chips
    return TrainedNetwork(
        network, lambda setting: [reference_of(logits_of(network, some, setting), some) for some in parts]
    )


def _labels(task: EventTask, weight: float, size: int) -> Source:
    own = task.pairs[task.labelled]
    return Source(own, student_inputs(own, task.setting), size, task=weight)


def logits_of(network: DenseCNN | DenseTransformer, views: Views, setting: Setting) -> Tensor:
    """Logits (N, 2, H, W) of a network on the streams of a setting."""
    return predict(network, views, lambda some: student_inputs(some, setting)).logits


def reference_of(logits: Tensor, views: Views) -> Reference:
    """Predictions on labelled chips, for the choice of a threshold."""
    return Reference(flood_probability(logits).numpy(), views.chips.mask, views.label_mask.numpy())
