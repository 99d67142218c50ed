"""The ways to a student of one event: with and without labels of its own, with and without a teacher."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmarks.floods.learning import Regime, Source, ask, learn
from benchmarks.floods.scoring import Reference, choose_threshold
from benchmarks.floods.teachers import average_words
from benchmarks.floods.views import (
    STUDENT_STREAMS,
    TEACHER_STREAMS,
    Setting,
    Views,
    student_inputs,
    teachers_view,
)
from strandline.distillation.alignment.kernel_alignment import AlignmentName
from strandline.distillation.losses import flood_probability
from strandline.distillation.teacher_weight import TeacherWeight, estimate_teacher_weight
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.dense_io import MapPrediction
from strandline.models.flood.dense_transformer import DenseTransformer
from strandline.observations.arrays import Indices

FEW = 48
"""Chips of other events that a threshold is chosen on."""


@dataclass(frozen=True)
class Budget:
    """Optimiser steps; equal for every method that starts at the same place.

    Attributes:
        teaching: a teacher of many events; ``raising``: a student of many events; ``adapting``: either to one event;
            ``from_scratch``: a student that starts from nothing.
    """

    teaching: int = 2500
    raising: int = 2000
    adapting: int = 60
    from_scratch: int = 150


@dataclass(frozen=True)
class DistillationConfig:
    """What `distilled` sums, with weights chosen on events that no result is read from.

    Attributes:
        soft, task, replay, feature: weights of the teacher's word, of the event's labels, of the labelled chips of
            other events, and of the alignment of patches; ``alignment``: what these are compared by.
        diagnosed: whether the few labels may turn the teacher down.
        adapted: whether a teacher that was fine-tuned on the few labels speaks beside the one that was not.
        prior: weight of a teacher that no label has tested.
    """

    soft: float = 1.0
    task: float = 0.2
    replay: float = 0.2
    feature: float = 0.0
    alignment: AlignmentName = "cosine"
    diagnosed: bool = True
    adapted: bool = True
    prior: float = 0.8


ABLATIONS = {
    "distilled_without_task": DistillationConfig(task=0.0),
    "distilled_without_replay": DistillationConfig(replay=0.0),
    "distilled_without_diagnosis": DistillationConfig(diagnosed=False),
    "distilled_without_adapted_teacher": DistillationConfig(adapted=False),
    "distilled_with_features": DistillationConfig(feature=0.3),
}
"""One term switched off, or on, at a time."""


@dataclass(frozen=True, eq=False)
class School:
    """What was learned on other events, before this one was seen.

    Attributes:
        for_teacher, for_student: labelled chips of other events, as each of the two sees them.
        teacher, student: networks taught on them.
        few: some of these chips, to choose thresholds on.
    """

    for_teacher: Source
    for_student: Source
    teacher: DenseTransformer
    student: DenseCNN
    few: Views

    def replay(self, weight: float, size: int) -> Source:
        """Labelled chips of other events, for a student to learn from beside those of the event."""
        return replace(self.for_student, task=weight, size=size)


@dataclass(frozen=True, eq=False)
class Task:
    """One event, with few labels, before its student.

    Attributes:
        pairs: training chips, of which ``labelled`` (indices) have a mask.
        setting: what is left for the student; ``seed``: of every draw.
    """

    pairs: Views
    labelled: Indices
    setting: Setting
    seed: int
    budget: Budget


@dataclass(frozen=True, eq=False)
class Learned:
    """A network, and the maps of its training that its threshold is chosen on, as it draws them from given streams."""

    network: DenseCNN | DenseTransformer
    references: Callable[[Setting], list[Reference]]

    def threshold(self, setting: Setting) -> float:
        """The chance from which it calls a cell flooded when this is what it sees: with less it is less sure."""
        return choose_threshold(self.references(setting))


def event_chances(sizes: list[int]) -> Tensor:
    """(ΣN,) chances of chips, so that an event counts with the square root of its size."""
    return torch.cat([torch.full((size,), size**-0.5, dtype=torch.float64) for size in sizes])


def new_teacher(seed: int) -> DenseTransformer:
    """A Vision Transformer that was never taught."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return DenseTransformer(TEACHER_STREAMS, 2, width=64, pyramid=True).eval()


def new_student(seed: int) -> DenseCNN:
    """A small convolutional network for whatever streams a setting leaves, that was never taught."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student = DenseCNN(STUDENT_STREAMS, 2, width=16, sparse=("in_situ",), prototypes="in_situ", availability=True)
        return student.eval()


def teach(source: Source, steps: int, seed: int) -> DenseTransformer:
    """Train a teacher on the labels of many events, whole chips at a time."""
    return learn(new_teacher(seed), [source], Regime(steps, 3e-3, piece=source.views.side), seed)


def pretrain_student(source: Source, setting: Setting, steps: int, seed: int) -> DenseCNN:
    """Train a student on the labels of many events."""
    steps *= setting.patience
    return learn(new_student(seed), [source], _regime(setting, steps, 3e-3, source.views.side), seed)


def adapt_teacher(school: School, task: Task) -> Learned:
    """The teacher, fine-tuned on the event's few labels beside those of other events."""
    network = deepcopy(school.teacher)
    own = task.pairs[task.labelled]
    sources = [Source(own, teachers_view(own), 8), school.for_teacher]
    learn(network, sources, Regime(task.budget.adapting, 5e-4), task.seed)
    references = [reference(ask(network, some, teachers_view).logits, some) for some in (own, school.few)]
    return Learned(network, lambda _: references)


def labels_only(task: Task) -> Learned:
    """A new student, the event's few labels and nothing else."""
    network = new_student(task.seed)
    own = task.pairs[task.labelled]
    source = Source(own, student_inputs(own, task.setting), 6)
    learn(network, [source], _regime(task.setting, task.budget.from_scratch, 3e-3, task.pairs.side), task.seed)
    return Learned(network, lambda setting: [reference(say(network, own, setting), own)])


def unadapted_teacher(school: School) -> Learned:
    """The teacher of other events as it is."""
    references = [reference(ask(school.teacher, school.few, teachers_view).logits, school.few)]
    return Learned(school.teacher, lambda _: references)


def pretrained(school: School) -> Learned:
    """The student of other events as it is."""
    student, few = school.student, school.few
    return Learned(student, lambda setting: [reference(say(student, few, setting), few)])


def finetuned(school: School, task: Task) -> Learned:
    """The student of other events, fine-tuned on the event's labels with replay of the others: the strong sceptic."""
    network = _adapted(school, task, [_labels(task, 1.0, 3), school.replay(1.0, 3)])
    return _judged_by_labels(network, school, task)


def self_training(school: School, task: Task, start: Learned) -> Learned:
    """As `distilled`, but the fine-tuned student itself is the teacher."""
    word = say(start.network, task.pairs, task.setting)
    return _distil(school, task, word, 1.0, DistillationConfig())


@dataclass(frozen=True, eq=False)
class Words:
    """What teachers say of the training pairs.

    Attributes:
        unadapted: the teacher of other events; ``adapted``: that one fine-tuned on the few labels, or ``None``.
    """

    unadapted: MapPrediction
    adapted: MapPrediction | None


def shuffled(words: Words, order: Tensor) -> Words:
    """The same words, each about another chip."""
    said = words.unadapted
    features = {name: value[order] for name, value in said.features.items()}
    return Words(MapPrediction(said.logits[order], said.decoded, features), None)


def distilled(school: School, task: Task, words: Words, recipe: DistillationConfig) -> tuple[Learned, TeacherWeight]:
    """The student of other events learns what the teacher says of every pair, and what the few labels say.

    The few labels judge the teacher against the student that was not yet here; both have never seen them.
    """
    at, own = torch.from_numpy(task.labelled), task.pairs[task.labelled]
    diagnosis = estimate_teacher_weight(
        words.unadapted.logits[at],
        say(school.student, own, task.setting),
        own.labels,
        own.taught,
        prior=recipe.prior,
        block=32,
    )
    weight = diagnosis.weight if recipe.diagnosed else 1.0
    word = words.unadapted.logits
    if recipe.adapted and words.adapted is not None:
        word = average_words([word, words.adapted.logits], torch.tensor([1.0, 1.0]))
    return _distil(school, task, word, weight, recipe, words.unadapted.features["patches"]), diagnosis


def _distil(
    school: School, task: Task, word: Tensor, weight: float, recipe: DistillationConfig, patches: Tensor | None = None
) -> Learned:
    """Soft targets on every pair, turned down by ``weight``, with labels and replay turned up instead."""
    pairs = Source(
        task.pairs,
        student_inputs(task.pairs, task.setting),
        4,
        task=0.0,
        word=word,
        soft=recipe.soft * weight,
        patches=patches,
        feature=recipe.feature * weight,
        alignment=recipe.alignment,
    )
    heard = 1 - weight  # what the teacher loses the labels gain: at weight 0 this is `finetuned`
    size = round(1 + 2 * heard)
    sources = [pairs] if weight > 0 else []
    if recipe.task > 0:
        sources.append(_labels(task, recipe.task + (1 - recipe.task) * heard, size))
    if recipe.replay > 0:
        sources.append(school.replay(recipe.replay + (1 - recipe.replay) * heard, size))
    network = _adapted(school, task, sources)
    if weight < 0.5:  # maps of a teacher that was turned down choose no threshold either
        return _judged_by_labels(network, school, task)
    truth = flood_probability(word).numpy() >= 0.5
    truth[task.labelled] = task.pairs.chips.mask[task.labelled]
    known = task.pairs.seen.numpy() & ~task.pairs.water

    def references(setting: Setting) -> list[Reference]:
        return [Reference(flood_probability(say(network, task.pairs, setting)).numpy(), truth, known)]

    return Learned(network, references)


def _regime(setting: Setting, steps: int, learning_rate: float, side: int) -> Regime:
    return Regime(steps, learning_rate, piece=side, outage=setting.outage)


def _adapted(school: School, task: Task, sources: list[Source]) -> DenseCNN:
    return learn(
        deepcopy(school.student), sources, _regime(task.setting, task.budget.adapting, 1e-3, task.pairs.side), task.seed
    )


def _judged_by_labels(network: DenseCNN, school: School, task: Task) -> Learned:
    """Its threshold is chosen on the event's labelled chips and on some of other events, which count the same."""
    parts = task.pairs[task.labelled], school.few
    return Learned(network, lambda setting: [reference(say(network, some, setting), some) for some in parts])


def _labels(task: Task, weight: float, size: int) -> Source:
    own = task.pairs[task.labelled]
    return Source(own, student_inputs(own, task.setting), size, task=weight)


def say(network: DenseCNN | DenseTransformer, views: Views, setting: Setting) -> Tensor:
    """A network's logits (N, 2, H, W) on what a setting leaves of some chips."""
    return ask(network, views, lambda some: student_inputs(some, setting)).logits


def reference(logits: Tensor, views: Views) -> Reference:
    """A network's word on labelled chips, to choose its threshold on."""
    return Reference(flood_probability(logits).numpy(), views.chips.mask, views.taught.numpy())
