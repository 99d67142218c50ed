"""What learns in ``benchmarks.delta``: the distilled student, its sceptics, its controls, and how each is scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.delta.coasts import SimulatedCoast
from strandline.distillation.adaptation.adapt import adapt
from strandline.distillation.adaptation.baselines import train_supervised, untrained_students
from strandline.distillation.adaptation.data import (
    ARCHIVE_STREAMS,
    AdaptationData,
    build_adaptation_data,
    weight_teacher_by_labels,
)
from strandline.distillation.distil import Consolidation, DistillationConfig, soft_terms, task_terms
from strandline.distillation.modality_dropout import modality_dropout
from strandline.distillation.training.loop import train
from strandline.distillation.waterlines import attach_archive, attach_whole_archive, build_archive
from strandline.models.batch import FLOOD_CLASSES, Batch
from strandline.models.inference import predict, predict_with_tta, student_inputs
from strandline.models.prediction import Prediction
from strandline.models.student import Student
from strandline.models.surge_encoder import peak_of
from strandline.models.teacher import Teacher
from strandline.models.weights.load_weights import load_students
from strandline.simulator.landscape.random_fields import correlated_noise
from strandline.uncertainty.calibration import choose_threshold
from strandline.uncertainty.metrics import expected_calibration_error, overlap_counts, pooled_iou

TRAINING_SHARE = 0.6
"""Of a coast's normal storms; the others are the normal test, and every extreme storm is the extreme test."""
DEFAULT_THRESHOLD = 0.45
"""Probability from which a cell is called flooded where no local label can choose it; from the tuning coasts."""
FEWEST_STORMS = 5
"""Surveyed storms from which a threshold is chosen on them; cells of one storm are too alike to choose by."""
ANALOGS = 3
Answer = Callable[[Batch], npt.NDArray[np.float32]]
"""From the teacher's view of some storms to class probabilities (n, K, H, W)."""


@dataclass(frozen=True)
class Budget:
    """The same for every learner.

    Attributes:
        steps, samples: optimiser steps and storms a step; scratch_steps: of a student that starts from nothing.
        learning_rate: of a student whose every weight learns; dropout_rate: share of streams hidden while learning.
        members: students a method.
    """

    steps: int = 30
    scratch_steps: int = 80
    samples: int = 8
    learning_rate: float = 1e-4
    dropout_rate: float = 0.3
    members: int = 1


@dataclass(frozen=True, eq=False)
class Case:
    """One coast under one seed: which storms are learned from, and which are the tests.

    Attributes:
        coast: with what the teacher sees; seed: of split, labels and learning.
        training: storms that the archive holds; tests: test → storms.
    """

    coast: SimulatedCoast
    seed: int
    training: npt.NDArray[np.int64]
    tests: Mapping[str, npt.NDArray[np.int64]]

    @cached_property
    def order(self) -> Tensor:
        """(N, H, W) rank of each training cell: labels of a smaller fraction are among those of a larger one.

        Surveys go storm by storm in random order; a storm that is not wholly surveyed is surveyed in patches.
        """
        rng = np.random.default_rng([self.coast.seed, self.seed, 1])
        shape = tuple(self.coast.land.shape)
        rank = np.empty((len(self.training), *shape))
        for turn, storm in enumerate(rng.permutation(len(self.training))):
            patchy = correlated_noise(shape, 5.0, rng).ravel().argsort().argsort()
            rank[storm] = turn * patchy.size + patchy.reshape(shape)
        return torch.from_numpy(rank)

    def storms(self, fraction: float) -> Batch:
        """The training storms with surveys of this fraction of all their cells; no other truth."""
        labelled = self.order < round(fraction * self.order.numel())
        index = torch.from_numpy(self.training)
        seen = self.coast.storms[index]
        return replace(
            seen,
            flood_class=self.coast.survey[index],
            flood_valid=self.coast.surveyed[index] & labelled,
        )


def part(coast: SimulatedCoast, seed: int) -> Case:
    """Split a coast's storms by a seed; the ``high`` test is the part of the normal one above the design level."""
    rng = np.random.default_rng([coast.seed, seed, 0])
    normal = rng.permutation(np.flatnonzero(~coast.extreme))
    count = round(TRAINING_SHARE * len(normal))
    training, test = np.sort(normal[:count]), np.sort(normal[count:])
    high = test[coast.level[test] > coast.design]
    return Case(coast, seed, training, {"normal": test, "high": high, "extreme": np.flatnonzero(coast.extreme)})


@dataclass(frozen=True)
class Score:
    """Pooled over the storms of a test."""

    iou: float
    macro_f1: float
    ece: float


def score(case: Case, index: npt.NDArray[np.int64], probability: npt.NDArray[np.float32], threshold: float) -> Score:
    """Scores on land; the flood mask is cut at ``threshold``, the classes are the likeliest ones."""
    coast = case.coast
    truth = coast.storms.require("flood_class")[torch.from_numpy(index)].numpy()
    land = np.broadcast_to(coast.land.numpy(), truth.shape)
    flooded = 1 - probability[:, 0]
    iou = pooled_iou(overlap_counts(flooded >= threshold, truth > 0, land))
    said, true = probability.argmax(axis=1)[land], truth[land]
    f1 = []
    for k in range(FLOOD_CLASSES):
        of_class = (said == k).sum() + (true == k).sum()
        if (true == k).any():
            f1.append(2 * ((said == k) & (true == k)).sum() / of_class)
    return Score(iou, float(np.mean(f1)), expected_calibration_error(flooded[land].astype(float), true > 0))


def threshold_of(case: Case, answer: Answer, practice: Batch) -> float:
    """Best on the labelled training cells; the usual one where too few storms are surveyed."""
    flood_class, flood_valid = practice.pair("flood_class")
    valid = (flood_valid & case.coast.land).numpy()
    if valid.any(axis=(1, 2)).sum() < FEWEST_STORMS:
        return DEFAULT_THRESHOLD
    return choose_threshold(1 - answer(practice)[:, 0], (flood_class > 0).numpy(), valid)


def mean_word(networks: Sequence[Teacher | Student], batch: Batch) -> npt.NDArray[np.float32]:
    """(n, K, H, W) mean class probability of some networks."""
    words = [predict(network, batch).flood_logits for network in networks]
    return torch.stack([word.softmax(dim=1) for word in words if word is not None]).mean(0).numpy()


def course_of(case: Case, teacher: Teacher) -> AdaptationData:
    """The library's course of a place without a label; nothing is calibrated here."""
    storms = case.storms(0.0)
    return build_adaptation_data(storms, storms[:1], case.coast.windows, (), teacher)


def with_labels(course: AdaptationData, storms: Batch) -> AdaptationData:
    """The same course, with the labels of these training storms."""
    training = replace(course.training, flood_class=storms.flood_class, flood_valid=storms.flood_valid)
    return replace(course, training=training)


def taught(course: AdaptationData, teacher: Teacher, batch: Batch) -> npt.NDArray[np.float32]:
    """(n, K, H, W) the teacher itself, which looks again beside its first look at the training storms."""
    with_archive = attach_whole_archive(batch.without(*ARCHIVE_STREAMS), course.first_pass)
    return predict_with_tta(teacher, with_archive).require_flood_logits().softmax(dim=1).numpy()


def foreign(course: AdaptationData, other: AdaptationData) -> AdaptationData:
    """The control of a shuffled teacher: every word belongs to some storm of another coast."""
    word = other.teacher_predictions.training
    index = torch.arange(len(course.training)) % len(word.surge_mean)
    return _with_word(course, word[index])


def at_first_look(course: AdaptationData) -> AdaptationData:
    """The same course without the teacher's second look."""
    logits = course.first_pass.class_probability.clamp(min=1e-6).log()
    return _with_word(course, replace(course.teacher_predictions.training, flood_logits=logits))


def _with_word(course: AdaptationData, word: Prediction) -> AdaptationData:
    archive = build_archive(course.training.without(*ARCHIVE_STREAMS), word)
    training = attach_archive(course.training, archive, ~torch.eye(len(archive), dtype=torch.bool))
    predictions = replace(course.teacher_predictions, training=word)
    return replace(course, training=training, archive=archive, teacher_predictions=predictions)


def distilled(
    course: AdaptationData, budget: Budget, seed: int, *, judged: bool = True, without: Sequence[str] = ()
) -> Answer:
    """The library's way: judge the teacher by the labels; remember, or else learn the place's map.

    Args:
        without: parts of the memory that are switched off.
    """
    if judged:
        course = weight_teacher_by_labels(course, load_students()[: budget.members])
    rows, columns = course.training.land.shape[-2:]
    students = load_students(site_shape=(rows, columns))[: budget.members]
    archive = course.archive
    if archive is None:  # those who remember learn the surge alone, which is not scored here
        recipe = DistillationConfig(
            steps=budget.steps, samples=budget.samples, windows=0, dropout_rate=budget.dropout_rate
        )
        adapt(course, students, recipe, seed)

    def answer(batch: Batch) -> npt.NDArray[np.float32]:
        view = student_inputs(batch)
        if archive is not None and view.archive is None:
            view = attach_whole_archive(view, archive)
        return mean_word(students, view.without(*without))

    return answer


def without_teacher(students: Sequence[Student]) -> Answer:
    """Students that know no teacher and so remember nothing."""
    return lambda batch: mean_word(students, student_inputs(batch.without(*ARCHIVE_STREAMS)))


def labels_only(course: AdaptationData, budget: Budget, seed: int) -> list[Student]:
    """From scratch on the local labels."""
    rows, columns = course.training.land.shape[-2:]
    recipe = DistillationConfig(
        steps=budget.scratch_steps, samples=budget.samples, windows=0, dropout_rate=budget.dropout_rate
    )
    return train_supervised(
        course, untrained_students(budget.members, (rows, columns), seed), recipe, seed, all_weights=True
    )


def fine_tune(
    student: Student,
    storms: Batch,
    consolidation: Sequence[Consolidation],
    budget: Budget,
    seed: int,
    pseudo: Prediction | None = None,
) -> Student:
    """Every weight of the map learns from the labels, and from pseudo-labels if given.

    Args:
        storms: of the place, with the labels that may be used.
        consolidation: what keeps it from forgetting other coasts; nothing = free fine-tuning.
        pseudo: the student's own earlier word on ``storms``.
    """
    own = student_inputs(storms.without(*ARCHIVE_STREAMS))
    labelled = own.require("flood_valid").flatten(1).any(dim=1).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(seed)

    def draw(pool: Tensor) -> Tensor:
        return pool[torch.randint(0, len(pool), (budget.samples // 2,), generator=generator)]

    def said_on(batch: Batch) -> tuple[Prediction, Batch]:
        seen = modality_dropout(batch, budget.dropout_rate, generator)
        return student(seen), seen

    def loss(_: int) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        if len(labelled):
            terms["labels"] = task_terms(*said_on(own[draw(labelled)]), 1.0)["flood_task"]
        for keeper in consolidation:
            terms |= keeper.terms(student, generator)
        if pseudo is not None:
            index = draw(torch.arange(len(own)))
            said, seen = said_on(own[index])
            terms["pseudo"] = soft_terms(said, pseudo[index], seen, 1.0, 1.0)["flood_soft"]
        return terms

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        student.train()
        learned = [weight for name, weight in student.named_parameters() if name.startswith(("map.", "place"))]
        train(learned, loss, budget.steps, budget.learning_rate)
        student.eval()
    return student


def analog(course: AdaptationData) -> Answer:
    """Mean of the teacher's maps of the past storms that are nearest by the own gauge's peak."""
    assert course.archive is not None
    archive = course.archive

    def answer(batch: Batch) -> npt.NDArray[np.float32]:
        distance = (peak_of(student_inputs(batch))[:, None] - archive.level).abs()
        nearest = distance.topk(min(ANALOGS, len(archive)), largest=False).indices
        return archive.class_probability[nearest].mean(1).numpy()

    return answer


def certain(flooded: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Class probabilities (n, K, H, W) of a yes-or-no map, which knows no depths."""
    probability = np.zeros((len(flooded), FLOOD_CLASSES, *flooded.shape[1:]), dtype=np.float32)
    probability[:, 0], probability[:, 1] = ~flooded, flooded
    return probability


def weights_of(networks: Sequence[nn.Module]) -> bytes:
    """All weights, to tell results of other weights apart."""
    return b"".join(tensor.numpy().tobytes() for network in networks for tensor in network.state_dict().values())
