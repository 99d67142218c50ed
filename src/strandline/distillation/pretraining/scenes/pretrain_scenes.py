"""Pre-training of the committee and its student on labelled scenes of any data set, and on simulated ones."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import torch

from strandline.distillation.adaptation.scene_student import FloodPairs, SceneDistillation, distil_scene_student
from strandline.distillation.pretraining.scenes.augmentation import Augmentation
from strandline.distillation.pretraining.scenes.finished import FinishedParts
from strandline.distillation.pretraining.scenes.samples import Samples, samples_of, trained_cells
from strandline.distillation.pretraining.scenes.sparse_views import COARSE, draw_clear, draw_points, sparse_view
from strandline.distillation.pretraining.scenes.train import Source, TrainingConfig, train_network
from strandline.distillation.pretraining.scenes.train_committee import CommitteeConfig, CommitteeTraining
from strandline.distillation.training.loop import Announce
from strandline.errors import InputError
from strandline.models.flood.dense_cnn import DenseCNN
from strandline.models.flood.scenes.committee import HIDDEN, Committee
from strandline.models.flood.scenes.images.working_size import WORKING_SIZE, coarse_label, coarsened, factor_of
from strandline.models.flood.scenes.members import TILE, NetworkMember, ThresholdMember
from strandline.models.flood.scenes.networks import new_student
from strandline.models.flood.scenes.stacking import Recalibration, Stacking
from strandline.models.flood.scenes.streams import SCENE_STREAMS
from strandline.observations.flood_scenes.scene import LabelledScene
from strandline.simulator.flood_chips.scenes import SceneConfig, simulate_flood_scenes

LEAST_KNOWN = 0.1
"""Share of a chip's cells with a label below which it teaches nothing."""
SIMULATED_FLOODS = 70
TEACHER_WEIGHT = 0.5
"""Of the committee against the labels, which both hold everywhere on these scenes."""
CLOUDS = (0.3, 0.6)
"""Shares of cloud in the two views of each chip that the student learns from."""


@dataclass(frozen=True)
class ScenePretraining:
    """Size and length of the pre-training.

    Attributes:
        committee: of the teachers.
        student_steps: of the student on labels; ``distillation_steps``: on the committee's probabilities.
        dropout_rate: share of instruments that the student loses in training.
    """

    committee: CommitteeConfig = field(default_factory=CommitteeConfig)
    student_steps: int = 2400
    distillation_steps: int = 1000
    learning_rate: float = 3e-3
    batch: int = 6
    dropout_rate: float = 0.5

    def scaled(self, effort: float) -> Self:
        """The same with a factor on all steps."""
        steps = max(2, round(effort * self.committee.steps))
        student, distillation = (max(1, round(effort * s)) for s in (self.student_steps, self.distillation_steps))
        committee = replace(self.committee, steps=steps)
        return replace(self, committee=committee, student_steps=student, distillation_steps=distillation)


def pretrain_committee(
    scenes: Iterable[LabelledScene],
    config: ScenePretraining,
    seed: int,
    parts: FinishedParts,
    announce: Announce,
    start: Committee | None = None,
) -> Committee:
    """The committee of these scenes, with the student as the member that infers what no image shows.

    Args:
        start: committee that is trained further, as in `CommitteeTraining`.

    Raises:
        InputError: no scene is large enough.
    """
    chips = [chip for scene in scenes for chip in chips_of(scene)]
    if not chips:
        raise InputError(
            "labelled scenes", f"none spans {TILE} cells of {WORKING_SIZE:g} m with a label", "give larger scenes"
        )
    of_teachers = config.committee if start is None else config.committee.continued()
    committee = CommitteeTraining(of_teachers, seed, parts, announce, start).train(chips)
    progress = announce("train the student")

    def views(cloud: float) -> Samples:
        return samples_of(list(sparse_views(chips, cloud, seed)))

    def train(blank: DenseCNN) -> DenseCNN:
        training = TrainingConfig(
            config.student_steps, config.learning_rate, Augmentation(dropout_rate=config.dropout_rate)
        )
        sources = [Source(views(cloud), config.batch // 2) for cloud in CLOUDS]
        return train_network(blank, sources, training, seed, progress)

    student = parts.network("student", new_student(seed), train)
    progress = announce("distil the committee into the student")

    def distil(_: DenseCNN) -> DenseCNN:
        labelled, other = (views(cloud) for cloud in CLOUDS)
        probability = np.stack([committee.map(chip.scene).probability for chip in chips])
        known = torch.from_numpy(np.isfinite(probability))
        soft = other.with_target(torch.from_numpy(np.nan_to_num(probability)).half(), known)
        pairs = FloodPairs(soft, labelled, None, labelled)
        distillation = SceneDistillation(
            steps=config.distillation_steps, augmentation=Augmentation(dropout_rate=config.dropout_rate)
        )
        return distil_scene_student(student, pairs, distillation, TEACHER_WEIGHT, seed, progress=progress)

    distilled = parts.network("student-distilled", new_student(seed), distil)
    member = NetworkMember("student", distilled, tuple(SCENE_STREAMS), infers=True)
    stackings = {**committee.stackings, HIDDEN: Stacking({"student": Recalibration()})}
    return Committee((*committee.members, member), stackings)


def with_thresholds(committee: Committee) -> Committee:
    """The committee with thresholds that have half of the weight wherever an image shows a cell.

    For one that has seen simulated scenes alone: what the simulator gets wrong, all its trained members get wrong
    together, and thresholds that are found in the real image do not.
    """
    sensors = {"radar+optical": "all", "radar": "radar", "optical": "optical"}
    thresholds = [ThresholdMember(f"untrained_{name}", name, math.nan) for name in sensors.values()]
    stackings = {
        key: replace(stacking, untrained=f"untrained_{sensors[key]}") if key in sensors else stacking
        for key, stacking in committee.stackings.items()
    }
    return replace(committee, members=(*committee.members, *thresholds), stackings=stackings)


def simulated_scenes(seed: int) -> Iterator[LabelledScene]:
    """Scenes of ``SIMULATED_FLOODS`` simulated floods, each large enough for a chip at any cell size."""
    for number in range(SIMULATED_FLOODS):
        yield from simulate_flood_scenes(1000 * seed + number, SceneConfig(chips=4, cells=2 * TILE))


def chips_of(scene: LabelledScene) -> Iterator[LabelledScene]:
    """Parts of ``TILE`` × ``TILE`` working cells whose label is known somewhere; a smaller scene gives none."""
    factor = factor_of(scene.scene.cell_size)
    seen, label = coarsened(scene.scene, factor), coarse_label(scene.label, factor)
    for row in range(0, seen.shape[0] - TILE + 1, TILE):
        for column in range(0, seen.shape[1] - TILE + 1, TILE):
            rows, columns = slice(row, row + TILE), slice(column, column + TILE)
            name = f"{scene.name}-{row}-{column}" if seen.shape != (TILE, TILE) else scene.name
            chip = replace(scene, name=name, scene=seen.window(rows, columns), label=label[rows, columns])
            if trained_cells(chip).mean() >= LEAST_KNOWN:
                yield chip


def sparse_views(chips: Sequence[LabelledScene], cloud: float, seed: int) -> Iterator[LabelledScene]:
    """Each chip as a place with few sensors has it."""
    rng = np.random.default_rng([seed, round(1000 * cloud)])
    for chip in chips:
        rows, columns = chip.scene.shape
        clear = draw_clear((rows // COARSE, columns // COARSE), cloud, rng)
        yield sparse_view(chip, clear, draw_points(trained_cells(chip), rng))
