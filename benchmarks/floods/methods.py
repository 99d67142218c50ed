"""The compared methods: students of one event with and without its labels, with and without a teacher."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from torch import nn

from benchmarks.accounting import Convergence, train_to_convergence
from benchmarks.floods.baselines.unet import UNet
from benchmarks.floods.scoring import Reference, choose_threshold, pooled
from benchmarks.floods.views import Setting, Views
from strandline.distillation.adaptation.scene_student import (
    FloodPairs,
    SceneDistillation,
    distil_scene_student,
    weigh_teacher,
    with_guide,
)
from strandline.distillation.adaptation.teacher_weight import TeacherWeight
from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.samples import Samples
from strandline.distillation.pretraining.scenes.train import Source, TrainingConfig, predict_probability, train_network
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.models.flood.scenes.networks import new_student
from strandline.observations.arrays import Indices, Mask, SingleFloats

NetworkT = TypeVar("NetworkT", DenseCNN, UNet)
THRESHOLD_CHIPS = 48
"""Chips of other events that choose a threshold."""
BATCH = 6


@dataclass(frozen=True)
class Budget:
    """Optimiser steps, equal for methods with the same initial weights.

    Attributes:
        student_steps: of students on many events; ``adaptation_steps``: to one event; ``round_steps``: between two
            looks at the validation loss of a ceiling, of which ``rounds`` at most.
    """

    student_steps: int = 2000
    adaptation_steps: int = 150
    round_steps: int = 100
    rounds: int = 15


@dataclass(frozen=True, eq=False)
class SourceNetworks:
    """Networks of one setting that are trained on other events.

    Attributes:
        student: trained on the labels of these events; ``train_unet`` gives a U-Net that is trained likewise.
        replay: their chips in the student's streams.
        threshold_chips: some of the chips, to choose thresholds on.
    """

    student: DenseCNN
    train_unet: Callable[[], UNet]
    replay: Samples
    threshold_chips: Views

    @cached_property
    def unet(self) -> UNet:
        """Trained when it is first needed: two of the three benchmarks of chips have no U-Net."""
        return self.train_unet()


@dataclass(frozen=True, eq=False)
class EventTask:
    """One event with few labels.

    Attributes:
        pairs: training chips, of which ``labelled`` (indices) have a mask.
        setting: what the student has; ``seed``: of every draw.
    """

    pairs: Views
    labelled: Indices
    setting: Setting
    seed: int
    budget: Budget

    @property
    def own(self) -> Views:
        """The labelled chips."""
        return self.pairs[self.labelled]


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network, and for each setting the training maps on which its threshold is chosen."""

    network: nn.Module
    references: Callable[[Setting], list[Reference]]

    def threshold(self, setting: Setting) -> float:
        """Probability from which a cell counts as flooded; it depends on the streams."""
        return choose_threshold(self.references(setting))


@dataclass(frozen=True, eq=False)
class TeacherWord:
    """What the teacher says about the training pairs.

    Attributes:
        probability: (N, H, W); ``threshold``: from which it counts as flooded.
        guide: transformer whose features may be aligned with.
    """

    probability: SingleFloats
    threshold: float
    guide: DenseTransformer


def pretrain(network: NetworkT, source: Samples, setting: Setting, steps: int, seed: int) -> NetworkT:
    """Train a student or a U-Net on the labels of many events."""
    steps *= setting.steps_factor
    return train_network(network, [Source(source, BATCH)], TrainingConfig(steps, 3e-3, _augmentation(setting)), seed)


def labels_only(task: EventTask) -> TrainedNetwork:
    """A student with random weights, trained on the few labels of the event alone."""
    own = task.own
    source = Source(own.student_samples(task.setting), BATCH)
    config = TrainingConfig(task.budget.adaptation_steps, 3e-3, _augmentation(task.setting))
    network = train_network(new_student(task.seed), [source], config, task.seed)
    return TrainedNetwork(network, lambda setting: [reference_of(network, own, setting)])


def pretrained(network: nn.Module, networks: SourceNetworks) -> TrainedNetwork:
    """A network of other events, not adapted."""
    return TrainedNetwork(network, lambda setting: [reference_of(network, networks.threshold_chips, setting)])


def fine_tuned(network: NetworkT, networks: SourceNetworks, task: EventTask) -> TrainedNetwork:
    """A network of other events, fine-tuned on the labels of the event with replay: the strong baseline."""
    sources = [Source(task.own.student_samples(task.setting), BATCH // 2), Source(networks.replay, BATCH // 2)]
    config = TrainingConfig(task.budget.adaptation_steps, 1e-3, _augmentation(task.setting), averaging=0.95)
    found = train_network(deepcopy(network), sources, config, task.seed)
    return _with_labelled_references(found, networks, task)


def ceiling(networks: SourceNetworks, task: EventTask) -> tuple[TrainedNetwork, Convergence]:
    """The student fine-tuned on all labels but a fifth, until its loss on that fifth stops falling."""
    order = np.random.default_rng(task.seed).permutation(len(task.pairs))
    apart = max(1, len(order) // 5)
    training = Source(task.pairs[order[apart:]].student_samples(task.setting), BATCH - 2)
    held = task.pairs[order[:apart]].student_samples(task.setting)
    network = deepcopy(networks.student)

    def train_round(number: int) -> None:
        config = TrainingConfig(task.budget.round_steps, 1e-3 * 0.85**number, _augmentation(task.setting), 0.95)
        train_network(network, [training, Source(networks.replay, 2)], config, task.seed + 1000 * number)

    found = train_to_convergence(
        network, train_round, lambda: _loss(network, held),
        steps=task.budget.round_steps, patience=3, rounds=task.budget.rounds,
    )  # fmt: skip
    return TrainedNetwork(network, lambda setting: [reference_of(network, task.pairs, setting)]), found


def self_trained(
    networks: SourceNetworks, task: EventTask, start: TrainedNetwork, config: SceneDistillation, *, clear: bool
) -> TrainedNetwork:
    """As `distilled`, with the fine-tuned student as its own teacher.

    Args:
        clear: it maps the pairs from images at full resolution without the drawn cloud, not from what it is tested on.
    """
    samples = task.pairs.student_samples(task.setting, clear=clear)
    probability = predict_probability(start.network, samples).numpy()
    return _distil(networks, task, probability, start.threshold(task.setting), 1.0, config)


def distilled(
    networks: SourceNetworks, task: EventTask, word: TeacherWord, config: SceneDistillation
) -> tuple[TrainedNetwork, TeacherWeight]:
    """The student of other events, distilled on every pair and trained on the few labels.

    The few labels weigh the teacher against the unadapted student; neither was trained on them.
    """
    own = task.own.student_samples(task.setting)
    pairs = FloodPairs(own, own, torch.from_numpy(word.probability[task.labelled]), networks.replay)
    found = weigh_teacher(predict_probability(networks.student, own), pairs, config.prior)
    weight = found.weight if config.weighted else 1.0
    guide = word.guide if config.feature > 0 else None
    return _distil(networks, task, word.probability, word.threshold, weight, config, guide), found


def _distil(
    networks: SourceNetworks,
    task: EventTask,
    probability: SingleFloats,
    threshold: float,
    weight: float,
    config: SceneDistillation,
    guide: DenseTransformer | None = None,
) -> TrainedNetwork:
    samples = task.pairs.student_samples(task.setting)
    samples = samples.with_target(torch.from_numpy(probability).half(), torch.from_numpy(task.pairs.trained))
    if guide is not None:
        samples = with_guide(samples, task.pairs.teacher_samples())
    pairs = FloodPairs(samples, task.own.student_samples(task.setting), None, networks.replay)
    config = replace(config, steps=task.budget.adaptation_steps, augmentation=_augmentation(task.setting))
    network = distil_scene_student(networks.student, pairs, config, weight, task.seed, guide)
    if weight < 0.5:  # maps of a rejected teacher choose no threshold
        return _with_labelled_references(network, networks, task)
    truth: Mask = probability >= threshold
    truth[task.labelled] = task.own.truth
    known = task.pairs.trained

    def references(setting: Setting) -> list[Reference]:
        return [Reference(_probability(network, task.pairs, setting), truth, known)]

    return TrainedNetwork(network, references)


def _with_labelled_references(network: nn.Module, networks: SourceNetworks, task: EventTask) -> TrainedNetwork:
    """A network whose threshold is chosen on labelled chips of the event and of other events, with equal weight."""
    parts = task.own, networks.threshold_chips
    return TrainedNetwork(network, lambda setting: [reference_of(network, some, setting) for some in parts])


def reference_of(network: nn.Module, views: Views, setting: Setting) -> Reference:
    """Predictions on labelled chips, for the choice of a threshold."""
    return Reference(_probability(network, views, setting), views.truth, views.trained)


def _probability(network: nn.Module, views: Views, setting: Setting) -> SingleFloats:
    found: SingleFloats = predict_probability(network, views.student_samples(setting)).numpy()
    return found


def _augmentation(setting: Setting) -> Augmentation:
    return Augmentation(dropout_rate=setting.dropout_rate)


def _loss(network: nn.Module, samples: Samples) -> float:
    """1 − pooled IoU at a probability of a half."""
    probability = predict_probability(network, samples, symmetries=1).numpy()
    return 1.0 - pooled(probability >= 0.5, (samples.target > 0.5).numpy(), samples.known.numpy())
